//! The procedures there are: the embedded ones, and the project's `scripts/`, where a file shadows the embedded script of
//! the same name. `scripts/lib/` holds modules, which are imported but not run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::check::{self, Fault};
use super::embedded;
use super::nearest::nearest;
use super::procedure::{Origin, Procedure, description, read_header};
use crate::error::{Error, Kind, Result};

/// The ending of a script's file name.
const ENDING: &str = ".rhai";

/// How the label of an embedded script begins, in positions.
pub const BUILT_IN: &str = "built-in:";

/// The scripts of a project and those of the program.
pub struct Library {
    scripts: PathBuf,
}

/// The text of one script and where it comes from.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its name, without the ending.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The file as positions name it.
    pub label: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl Library {
    /// The library of this project; nothing is read yet.
    pub fn open(project: &Path) -> Library {
        Library {
            scripts: project.join("scripts"),
        }
    }

    /// Every procedure in name order, also those whose header cannot be read (`broken`).
    pub fn list(&self) -> Vec<Procedure> {
        let runnable = self.names().into_iter().filter(|name| !is_module(name));
        runnable
            .filter_map(|name| match load(&self.scripts, &name) {
                Ok(script) => script.map(|script| self.procedure(script)),
                Err(error) => Some(self.unreadable(name, error)),
            })
            .collect()
    }

    /// The procedure of this name.
    ///
    /// # Errors
    /// `Usage` if there is none, `Io` if it cannot be read, `Script` if its header is wrong.
    pub fn find(&self, name: &str) -> Result<Procedure> {
        let name = name.strip_suffix(ENDING).unwrap_or(name);
        let found = if is_module(name) || !is_plain(name) {
            None
        } else {
            load(&self.scripts, name)?
        };
        let Some(script) = found else {
            return Err(self.unknown(name));
        };
        let header = read_header(&script.text, &script.label, false)?;
        let mut procedure = bare(&self.scripts, script);
        procedure.parameters = header.parameters;
        procedure.needs = header.needs;
        procedure.api = header.api;
        Ok(procedure)
    }

    /// Checks the named scripts, or all of them with the modules, without running any.
    pub fn check(&self, names: &[String]) -> Vec<Fault> {
        let all = self.names();
        let mut faults = Vec::new();
        let chosen: Vec<String> = if names.is_empty() {
            all
        } else {
            names
                .iter()
                .map(|name| name.strip_suffix(ENDING).unwrap_or(name).to_owned())
                .collect()
        };
        for name in chosen {
            match load(&self.scripts, &name) {
                Ok(Some(script)) => {
                    faults.extend(check::script(&script, is_module(&name), &self.scripts))
                }
                Ok(None) => faults.push(Fault::whole(&name, &self.unknown(&name))),
                Err(error) => faults.push(Fault::whole(&format!("scripts/{name}{ENDING}"), &error)),
            }
        }
        faults
    }

    /// The names of every script, modules too, in order.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = files(&self.scripts)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        names.extend(embedded::SCRIPTS.iter().map(|(name, _)| (*name).to_owned()));
        names.sort();
        names.dedup();
        names
    }

    fn procedure(&self, script: Script) -> Procedure {
        let header = read_header(&script.text, &script.label, false);
        let mut procedure = bare(&self.scripts, script);
        match header {
            Ok(header) => {
                procedure.parameters = header.parameters;
                procedure.needs = header.needs;
                procedure.api = header.api;
            }
            Err(error) => procedure.broken = Some(std::sync::Arc::new(error)),
        }
        procedure
    }

    fn unreadable(&self, name: String, error: Error) -> Procedure {
        let script = Script {
            label: format!("scripts/{name}{ENDING}"),
            name,
            text: String::new(),
            origin: Origin::Project,
        };
        let mut procedure = bare(&self.scripts, script);
        procedure.broken = Some(std::sync::Arc::new(error));
        procedure
    }

    fn unknown(&self, name: &str) -> Error {
        let mut error = Error::new(Kind::Usage, format!("no procedure `{name}`"));
        if is_module(name) {
            error.hint =
                Some("`scripts/lib/` holds modules to import; they cannot be run".to_owned());
            return error;
        }
        let names: Vec<String> = self.names();
        let runnable = names
            .iter()
            .map(String::as_str)
            .filter(|name| !is_module(name));
        error.hint = nearest(name, runnable)
            .map(|near| format!("did you mean `{near}`?"))
            .or_else(|| Some("`dbscript list` shows them".to_owned()));
        error
    }
}

fn bare(scripts: &Path, script: Script) -> Procedure {
    Procedure {
        description: description(&script.text),
        name: script.name,
        parameters: Vec::new(),
        needs: Vec::new(),
        api: super::procedure::API,
        origin: script.origin,
        source: script.text,
        file: script.label,
        scripts: scripts.to_owned(),
        broken: None,
    }
}

/// Whether the name is that of a module, which is not run.
fn is_module(name: &str) -> bool {
    name.starts_with("lib/")
}

/// Whether a name stays inside the folder: no absolute path, no `..`, nothing hidden.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(['\\', ':', '\0'])
        && name
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.'))
}

/// The script of this name: the project's, else the embedded one.
///
/// # Errors
/// `Refused` for a name or a link that leads out of `scripts/`, `Io` if the file cannot be read, `Script` if it is not
/// UTF-8.
pub fn load(scripts: &Path, name: &str) -> Result<Option<Script>> {
    if !is_plain(name) {
        return Err(Error::new(
            Kind::Refused,
            format!("`{name}` does not name a script of this project"),
        )
        .hint("scripts are named by their path below `scripts/`, such as `lib/checks`"));
    }
    let built_in = embedded::text(name);
    let path = scripts.join(format!("{name}{ENDING}"));
    let script = |text: String, label: String, origin| Script {
        name: name.to_owned(),
        text,
        label,
        origin,
    };
    let from_program = |text: &str| {
        let label = format!("{BUILT_IN}{name}{ENDING}");
        Ok(Some(script(text.to_owned(), label, Origin::BuiltIn)))
    };
    if path.symlink_metadata().is_err() {
        return built_in.map_or(Ok(None), from_program);
    }
    let label = format!("scripts/{name}{ENDING}");
    let text = read_inside(scripts, &path, &label)?;
    // `show backup --source > scripts/backup.rhai`: the shell has made the file before the text is asked for.
    if let (true, Some(built_in)) = (text.is_empty(), built_in) {
        return from_program(built_in);
    }
    let origin = match built_in {
        Some(embedded) if embedded == text => Origin::BuiltIn,
        Some(_) => Origin::ProjectEdited,
        None => Origin::Project,
    };
    Ok(Some(script(text, label, origin)))
}

fn read_inside(scripts: &Path, path: &Path, label: &str) -> Result<String> {
    let unreadable =
        |source: std::io::Error| Error::new(Kind::Io, format!("cannot read `{label}`: {source}"));
    let root = scripts.canonicalize().map_err(unreadable)?;
    let real = path.canonicalize().map_err(unreadable)?;
    if !real.starts_with(&root) {
        return Err(Error::new(
            Kind::Refused,
            format!("`{label}` is a link out of `scripts/`"),
        )
        .hint("copy the file into `scripts/`"));
    }
    let bytes = std::fs::read(&real).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|_| {
        Error::new(Kind::Script, format!("`{label}` is not UTF-8 text")).hint("save it as UTF-8")
    })
}

/// Every script file below a folder: its name and path. Hidden files and folders and links to folders are left out.
pub fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![(String::new(), folder.to_owned())];
    while let Some((prefix, folder)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                folders.push((format!("{prefix}{name}/"), entry.path()));
            } else if let Some(stem) = name.strip_suffix(ENDING) {
                found.insert(format!("{prefix}{stem}"), entry.path());
            }
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Library) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            let path = folder.path().join("scripts").join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let library = Library::open(folder.path());
        (folder, library)
    }

    #[test]
    fn procedures_are_named_by_their_path_and_modules_are_not_listed() {
        let (_folder, library) = project(&[
            ("examples/nightly.rhai", "//! Every night.\nfn main() {}"),
            ("lib/checks.rhai", "fn check() {}"),
            ("broken.rhai", "fn main( {"),
        ]);
        let own: Vec<Procedure> = library
            .list()
            .into_iter()
            .filter(|one| one.origin == Origin::Project)
            .collect();
        assert_eq!(own[0].name, "broken");
        assert!(own[0].broken.is_some());
        assert_eq!(own[1].name, "examples/nightly");
        assert_eq!(own[1].summary(), "Every night.");
        assert_eq!(own.len(), 2);
        assert_eq!(
            library.find("examples/nightly").expect("found").file,
            "scripts/examples/nightly.rhai"
        );
    }

    #[test]
    fn an_unknown_name_is_a_usage_error_with_the_nearest() {
        let (_folder, library) = project(&[("nightly.rhai", "fn main() {}")]);
        let error = library.find("nigthly").expect_err("unknown");
        assert_eq!(error.kind, Kind::Usage);
        assert_eq!(error.hint.as_deref(), Some("did you mean `nightly`?"));
        assert_eq!(library.find("../x").expect_err("no").kind, Kind::Usage);
        assert_eq!(library.find("lib/x").expect_err("no").kind, Kind::Usage);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_refused() {
        let (folder, library) = project(&[("a.rhai", "fn main() {}")]);
        let outside = folder.path().join("outside.rhai");
        std::fs::write(&outside, "fn main() {}").expect("a file");
        std::os::unix::fs::symlink(&outside, folder.path().join("scripts/b.rhai")).expect("a link");
        assert_eq!(library.find("b").expect_err("a link").kind, Kind::Refused);
    }
}
