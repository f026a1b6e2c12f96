//! Which database a set was made of: names alone do not tell production's `app` from staging's.

use std::path::{Path, PathBuf};

use crate::db::{DatabaseInfo, Target};

/// A database as sets know it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Its name.
    pub name: String,
    /// Where it is; `None` in sets that do not say so: they are taken for those of any database of their name.
    pub place: Option<String>,
}

impl Origin {
    /// The database at this address, for sets in this folder: a file is known by the way to it from there, so that a
    /// project keeps its sets when it moves.
    pub fn of(target: &Target, folder: &Path) -> Origin {
        let place = match target.real_file() {
            Some(file) => Some(way(folder, &file)),
            None => target.host_and_port(),
        };
        Origin {
            name: target.name().to_owned(),
            place,
        }
    }

    /// What a set says of itself.
    pub fn said(info: &DatabaseInfo) -> Origin {
        Origin {
            name: info.name.clone(),
            place: info.place.clone(),
        }
    }

    /// Whether a set that says this was made of the same database.
    pub fn made(&self, info: &DatabaseInfo) -> bool {
        let here = match (&self.place, &info.place) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        self.name == info.name && here
    }

    /// Its name in words, with its place where the other one has the same name.
    pub fn told_from(&self, other: &Origin) -> String {
        match &self.place {
            Some(place) if self.name == other.name => format!("`{}` ({place})", self.name),
            _ => format!("`{}`", self.name),
        }
    }
}

/// The way from a folder to a file, with `/` between its parts.
fn way(folder: &Path, file: &Path) -> String {
    let (folder, file) = (real(folder), real(file));
    let mut from = folder.components().peekable();
    let mut to = file.components().peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let mut parts: Vec<String> = from.map(|_| "..".to_owned()).collect();
    parts.extend(to.map(|part| part.as_os_str().to_string_lossy().into_owned()));
    parts.join("/")
}

/// The path without links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut missing = Vec::new();
    let mut there = whole.as_path();
    loop {
        if let Ok(found) = there.canonicalize() {
            return missing
                .into_iter()
                .rev()
                .fold(found, |path, name| path.join(name));
        }
        let (Some(parent), Some(name)) = (there.parent(), there.file_name()) else {
            return whole;
        };
        missing.push(name.to_owned());
        there = parent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_the_way_to_it_from_the_backups() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let at = |path: &str| folder.path().join(path);
        for (backups, file, expected) in [
            ("p/backups", "p/app.db", "../app.db"),
            ("p/backups", "p/prod/app.db", "../prod/app.db"),
            ("shared", "q/app.db", "../q/app.db"),
            ("p", "p/app.db", "app.db"),
        ] {
            assert_eq!(way(&at(backups), &at(file)), expected, "{backups} {file}");
        }
        std::fs::create_dir_all(at("p/data")).expect("a folder can be made");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("p"), at("link")).expect("a link can be made");
            assert_eq!(
                way(&at("link/backups"), &at("p/data/app.db")),
                "../data/app.db"
            );
        }
    }
}
