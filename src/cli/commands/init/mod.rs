//! `dbscript init`: what a project needs to begin, and nothing that is there already is touched.

mod ignored;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use super::Invocation;
use crate::cli::output::Ending;
use crate::error::{Error, Kind};
use crate::event::{Event, Level};
use crate::value::Value;

/// Write the folders and files a project begins with; what is there is kept
///
/// `migrations/`, `users/`, `backups/`, `.env.example`, `.gitignore`, and two GitHub workflows: `database-backup.yml`, a
/// backup every night, verified and kept for 30 days; `database-migration.yml`, the gate before a deploy.
#[derive(Debug, clap::Args)]
pub struct Init {}

/// One file to write.
struct New {
    path: &'static str,
    text: String,
}

impl New {
    /// The folder, where the file only keeps an empty folder in the repository.
    fn shown(&self) -> &'static str {
        match self.path.rsplit_once('/') {
            Some((folder, ".gitkeep" | ".gitignore")) => &self.path[..=folder.len()],
            _ => self.path,
        }
    }
}

impl Init {
    /// Writes what is missing, and says what was written and what was kept.
    pub fn execute(&self, invocation: &Invocation) -> Ending {
        let settings = &invocation.settings;
        let mut written = Vec::new();
        let mut kept = Vec::new();
        for file in files(&settings.project) {
            let path = settings.project.join(file.path);
            if path.symlink_metadata().is_ok() || is_used(&settings.project, file.path) {
                kept.push(Value::from(file.shown()));
                continue;
            }
            if settings.plan {
                let action = format!("write `{}`", file.shown());
                invocation.screen.send(&Event::Planned { action });
                continue;
            }
            match write(&path, &file.text) {
                Ok(true) => written.push(Value::from(file.shown())),
                Ok(false) => kept.push(Value::from(file.shown())),
                Err(source) => {
                    let error = cannot_write(file.path, source);
                    return Ending {
                        error: Some(error),
                        ..ending(written, kept, settings.plan)
                    };
                }
            }
        }
        for message in ignored::missing(&settings.project) {
            invocation.screen.send(&Event::Log {
                level: Level::Warn,
                message,
                data: None,
            });
        }
        ending(written, kept, settings.plan)
    }
}

fn ending(written: Vec<Value>, kept: Vec<Value>, plan: bool) -> Ending {
    let said = |verb: &'static str, paths: &[Value]| {
        let paths = paths.iter().filter_map(|path| match path {
            Value::Text(path) => Some(format!("{verb} {path}")),
            _ => None,
        });
        paths.collect::<Vec<_>>()
    };
    let mut lines = said("wrote", &written);
    lines.extend(said("kept", &kept));
    if !plan {
        lines.push("next: `dbscript run safe-migration`".to_owned());
    }
    let result = Value::Map(vec![
        ("written".to_owned(), Value::List(written)),
        ("kept".to_owned(), Value::List(kept)),
    ]);
    Ending::with(result, lines.join("\n"))
}

fn files(project: &Path) -> Vec<New> {
    let mut files = Vec::new();
    let mut add = |path, text: &str| {
        let text = text.to_owned();
        files.push(New { path, text });
    };
    // A Prisma project has its own folder; an empty second one would only raise the question which counts.
    let is_prisma = project.join("prisma").is_dir() && !project.join("migrations").is_dir();
    if !is_prisma {
        add("migrations/.gitkeep", "");
    }
    // Exports and backups hold people's data, which has no place in a repository.
    add("users/.gitignore", "*\n!.gitignore\n");
    add("backups/.gitignore", "*\n!.gitignore\n");
    add(".env.example", include_str!("env.example"));
    add(".gitignore", include_str!("gitignore"));
    let backup = workflow(include_str!("database-backup.yml"), is_prisma);
    add(".github/workflows/database-backup.yml", &backup);
    let migration = workflow(include_str!("database-migration.yml"), is_prisma);
    add(".github/workflows/database-migration.yml", &migration);
    files
}

/// A workflow, with the steps that several share in their places.
fn workflow(template: &str, is_prisma: bool) -> String {
    let migrate = match is_prisma {
        true => include_str!("migrate-prisma.yml"),
        false => include_str!("migrate.yml"),
    };
    template
        .replace("@PREPARE@\n", &format!("{}\n", include_str!("prepare.yml")))
        .replace("@MIGRATE@\n", &format!("{migrate}\n"))
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
}

/// Whether this file would only mark a folder that is in use already.
fn is_used(project: &Path, path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else {
        return false;
    };
    let is_mark = matches!(name, ".gitkeep" | ".gitignore");
    is_mark
        && std::fs::read_dir(project.join(folder)).is_ok_and(|mut entries| entries.next().is_some())
}

/// Whether the file was written; one that appeared meanwhile is kept.
fn write(path: &Path, text: &str) -> io::Result<bool> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn cannot_write(path: &str, source: io::Error) -> Error {
    let mut error = Error::new(Kind::Io, format!("cannot write `{path}`"));
    error.source = Some(Box::new(source));
    error
}
