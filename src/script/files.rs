//! The files a script may reach: the project folder, and what the person at the command line handed it. Links that lead
//! out of the folder are refused, and what belongs to the program itself is not written.

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// Folders of the project that only their own functions write.
const OWN_FOLDERS: [&str; 3] = ["scripts", "migrations", "backups"];

/// The reach of one run.
#[derive(Clone, Debug)]
pub struct Files {
    /// The project folder, without links.
    project: PathBuf,
    /// Other folders inside the project that the program keeps, such as a `--backups` elsewhere in it; without links.
    kept: Vec<PathBuf>,
    /// Files and folders that were named on the command line, without links.
    handed: Vec<PathBuf>,
}

impl Files {
    /// The reach of a run in this project. `backups` is the backups folder, `handed` what was named on the command line.
    pub fn new(project: &Path, backups: &Path, handed: &[PathBuf]) -> Self {
        // What cannot be looked at stays as it was named; reaching for it fails later, with its reason.
        let plain = |path: &Path| real_or_new(path).unwrap_or_else(|_| path.to_owned());
        Files {
            project: plain(project),
            kept: vec![plain(backups)],
            handed: handed.iter().map(|path| plain(path)).collect(),
        }
    }

    /// The real path of a file that may be read; `path` is relative to the project.
    ///
    /// # Errors
    /// `Io` if it is not there, `Refused` if it is out of reach.
    pub fn readable(&self, path: &str) -> Result<PathBuf> {
        let real = self.absolute(path)?.canonicalize().map_err(|source| {
            let wrapped = Error::new(Kind::Io, format!("cannot read `{path}`: {source}"));
            match source.kind() {
                std::io::ErrorKind::NotFound => wrapped.code("not-found"),
                _ => wrapped,
            }
        })?;
        let within = |root: &PathBuf| real.starts_with(root);
        if within(&self.project) || self.handed.iter().any(within) {
            return Ok(real);
        }
        Err(
            Error::new(Kind::Refused, format!("`{path}` lies outside the project")).hint(
                "a script reaches the project folder and the files named on its command line",
            ),
        )
    }

    /// The real path of a file that may be written; the file need not exist, its folder may be new.
    ///
    /// # Errors
    /// `Refused` outside the project and for what belongs to the program, `Io` for a folder that cannot be looked at.
    pub fn writable(&self, path: &str) -> Result<PathBuf> {
        let wanted = self.absolute(path)?;
        let real = real_or_new(&wanted)
            .map_err(|source| Error::new(Kind::Io, format!("cannot look at `{path}`: {source}")))?;
        let Ok(inside) = real.strip_prefix(&self.project) else {
            return Err(
                Error::new(Kind::Refused, format!("`{path}` lies outside the project"))
                    .hint("a script writes inside the project folder only"),
            );
        };
        let mut names = inside
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        let first = names.clone().next().unwrap_or_default();
        let own = OWN_FOLDERS.contains(&&*first)
            || first == "dbscript.toml"
            || self.kept.iter().any(|kept| real.starts_with(kept));
        if own || inside.as_os_str().is_empty() || names.any(|name| name.starts_with('.')) {
            return Err(Error::new(
                Kind::Refused,
                format!("`{path}` is not for scripts to write"),
            )
            .hint(
                "dot-files, `dbscript.toml`, `scripts/`, `migrations/` and `backups/` are kept from scripts",
            ));
        }
        Ok(real)
    }

    fn absolute(&self, path: &str) -> Result<PathBuf> {
        if path.is_empty() || path.contains('\0') {
            return Err(Error::new(Kind::Script, "this is not a path").hint("name a file"));
        }
        Ok(self.project.join(path))
    }
}

/// The path without links and `..`, as far as it exists; the rest must not climb.
fn real_or_new(path: &Path) -> std::io::Result<PathBuf> {
    if path.symlink_metadata().is_ok() {
        return path.canonicalize();
    }
    let climbs = || std::io::Error::other("it climbs out of a folder that does not exist");
    let (Some(parent), Some(Component::Normal(name))) =
        (path.parent(), path.components().next_back())
    else {
        return Err(climbs());
    };
    Ok(real_or_new(parent)?.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> (tempfile::TempDir, Files) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("project");
        std::fs::create_dir_all(root.join("scripts")).expect("a folder");
        std::fs::write(root.join("a.txt"), "a").expect("a file");
        std::fs::write(folder.path().join("outside.txt"), "o").expect("a file");
        let files = Files::new(&root, &root.join("sets"), &[]);
        (folder, files)
    }

    #[test]
    fn a_script_reads_the_project_only() {
        let (folder, files) = project();
        assert!(files.readable("a.txt").is_ok());
        assert!(files.readable("./scripts/../a.txt").is_ok());
        for path in ["../outside.txt", "/etc/passwd"] {
            let error = files.readable(path).expect_err("out of reach");
            assert_eq!(error.kind, Kind::Refused, "{path}");
        }
        let missing = files.readable("b.txt").expect_err("not there");
        assert_eq!(
            (missing.kind, missing.code.as_deref()),
            (Kind::Io, Some("not-found"))
        );
        let handed = Files::new(
            &folder.path().join("project"),
            &folder.path().join("project/sets"),
            &[folder.path().join("outside.txt")],
        );
        assert!(handed.readable("../outside.txt").is_ok());
        assert!(handed.writable("../outside.txt").is_err());
    }

    #[test]
    fn what_belongs_to_the_program_is_not_written() {
        let (_folder, files) = project();
        for path in [
            "dbscript.toml",
            ".env",
            "notes/.hidden",
            "scripts/x.rhai",
            "migrations/1_a.sql",
            "backups/x.json",
            "sets/x.json",
            "../outside.txt",
            "new/../../outside.txt",
            "new/../scripts/x.rhai",
            ".",
        ] {
            assert!(files.writable(path).is_err(), "{path}");
        }
        assert!(files.writable("reports/today.txt").is_ok());
        assert!(files.writable("a.txt").is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_project_leads_nowhere() {
        let (folder, files) = project();
        let root = folder.path().join("project");
        std::os::unix::fs::symlink(folder.path(), root.join("way-out")).expect("a link");
        std::os::unix::fs::symlink(root.join("scripts"), root.join("inside")).expect("a link");
        std::os::unix::fs::symlink(folder.path().join("new.txt"), root.join("dangling"))
            .expect("a link");
        assert!(files.readable("way-out/outside.txt").is_err());
        assert!(files.writable("way-out/new.txt").is_err());
        assert!(files.writable("inside/x.rhai").is_err());
        assert!(files.writable("dangling").is_err());
    }
}
