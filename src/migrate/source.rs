//! The files: a folder in sqlx's layout.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha384};

use super::Error;
use crate::value::Value;

/// One migration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its version, which is its place.
    pub version: i64,
    /// The rest of the name, `_` as space.
    pub description: String,
    /// The file as people see it: relative to the project where it lies in it.
    pub file: String,
    /// Its text.
    pub sql: Arc<str>,
    /// SHA-384 of the file's bytes, as sqlx keeps it.
    pub checksum: Vec<u8>,
    /// Starts with `-- no-transaction`.
    pub no_transaction: bool,
}

impl Migration {
    /// The values of its row in the history: version, description, checksum, execution time in nanoseconds.
    pub fn row(&self, execution_time_ns: i64) -> [Value; 4] {
        [
            Value::Int(self.version),
            Value::Text(self.description.clone()),
            Value::Blob(self.checksum.clone()),
            Value::Int(execution_time_ns),
        ]
    }
}

/// A folder of migrations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The folder as people see it.
    pub folder: String,
    /// What moves forward (`.sql`, `.up.sql`), by version.
    pub migrations: Vec<Migration>,
    /// Files that look like migrations and are ignored, each with the reason.
    pub ignored: Vec<String>,
}

impl Source {
    /// Finds the folder: the one named, else `migrations/` of the project.
    ///
    /// # Errors
    /// As [`Source::read`]; `Prisma` where only Prisma's folder exists.
    pub fn find(project: &Path, named: Option<&Path>) -> Result<Source, Error> {
        let folder = match named {
            Some(named) => project.join(named),
            None => project.join("migrations"),
        };
        let prisma = project.join("prisma/migrations");
        if named.is_none() && !folder.exists() && prisma.is_dir() {
            return Err(Error::Prisma {
                path: shown(&prisma, project),
            });
        }
        let mut source = Source::read(&folder, project)?;
        if named.is_none() && prisma.is_dir() {
            source.ignored.push(format!(
                "`{}`: Prisma's migrations, beside which `{}` counts",
                shown(&prisma, project),
                source.folder
            ));
        }
        Ok(source)
    }

    /// Reads a folder as sqlx does: not its subfolders, by version.
    ///
    /// # Errors
    /// `Folder`, `File`, `NotText`, `Version`, `Duplicate`: nothing can be applied before that is mended.
    pub fn read(folder: &Path, project: &Path) -> Result<Source, Error> {
        let unreadable = |source| Error::Folder {
            path: shown(folder, project),
            source,
        };
        let mut source = Source {
            folder: shown(folder, project),
            ..Source::default()
        };
        let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
            .map_err(unreadable)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(unreadable)?;
        names.sort();
        for path in names.into_iter().filter(|path| path.is_file()) {
            source.take(&path, project)?;
        }
        source.migrations.sort_by_key(|migration| migration.version);
        for pair in source.migrations.windows(2) {
            if pair[0].version == pair[1].version {
                let (first, second) = (pair[0].file.clone(), pair[1].file.clone());
                return Err(Error::Duplicate {
                    version: pair[0].version,
                    first,
                    second,
                });
            }
        }
        Ok(source)
    }

    fn take(&mut self, path: &Path, project: &Path) -> Result<(), Error> {
        let file = shown(path, project);
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            self.ignored
                .push(format!("`{file}`: its name is not UTF-8"));
            return Ok(());
        };
        if name.starts_with('.') {
            return Ok(());
        }
        let Some((version, rest)) = name
            .split_once('_')
            .filter(|(_, rest)| rest.ends_with(".sql"))
        else {
            self.ignored.push(format!(
                "`{file}`: not of the form `<number>_<description>.sql`"
            ));
            return Ok(());
        };
        let version: i64 = version.parse().map_err(|_| Error::Version {
            file: file.clone(),
            version: version.to_owned(),
        })?;
        if rest.ends_with(".down.sql") {
            return Ok(());
        }
        let description = rest
            .strip_suffix(".up.sql")
            .or_else(|| rest.strip_suffix(".sql"))
            .unwrap_or(rest);
        let bytes = std::fs::read(path).map_err(|source| Error::File {
            file: file.clone(),
            source,
        })?;
        let checksum = Sha384::digest(&bytes).to_vec();
        let sql = String::from_utf8(bytes).map_err(|error| Error::NotText {
            file: file.clone(),
            offset: error.utf8_error().valid_up_to(),
        })?;
        self.migrations.push(Migration {
            version,
            description: description.replace('_', " "),
            no_transaction: sql.starts_with("-- no-transaction"),
            file,
            sql: sql.into(),
            checksum,
        });
        Ok(())
    }
}

fn shown(path: &Path, project: &Path) -> String {
    path.strip_prefix(project)
        .unwrap_or(path)
        .display()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).expect("written");
        }
        folder
    }

    #[test]
    fn files_are_read_as_sqlx_reads_them() {
        let folder = folder(&[
            ("10_b.up.sql", b"SELECT 1;"),
            ("10_b.down.sql", b"SELECT 2;"),
            ("2_add_the_users.sql", b"-- no-transaction\nSELECT 1;"),
            ("notes.txt", b"hello"),
            ("readme.sql", b"hello"),
            (".hidden_x.sql", b"hello"),
        ]);
        let source = Source::read(folder.path(), folder.path()).expect("readable");
        let names: Vec<_> = source
            .migrations
            .iter()
            .map(|m| (m.version, m.description.as_str(), m.no_transaction))
            .collect();
        assert_eq!(names, [(2, "add the users", true), (10, "b", false)]);
        assert_eq!(source.ignored.len(), 2, "{:?}", source.ignored);
        assert_eq!(source.migrations[1].checksum.len(), 48);
    }

    #[test]
    fn what_sqlx_would_trip_over_is_an_error() {
        for (files, word) in [
            (&[("x_a.sql", b"".as_slice())][..], "no whole number"),
            (
                &[("1_a.sql", b"".as_slice()), ("1_b.sql", b"".as_slice())][..],
                "both have version 1",
            ),
            (&[("1_a.sql", b"\xff".as_slice())][..], "not UTF-8"),
        ] {
            let folder = folder(files);
            let error = Source::read(folder.path(), folder.path()).expect_err(word);
            assert!(error.to_string().contains(word), "{error}");
        }
        assert!(matches!(
            Source::find(Path::new("/nowhere"), None),
            Err(Error::Folder { .. })
        ));
    }
}
