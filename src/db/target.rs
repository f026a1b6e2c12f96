//! Where a database is: a URL, parsed once.

use std::path::{Path, PathBuf};

use super::dialect::{HistorySql, Snapshot, sqlite};
use super::{Error, Result, Session};

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    Mysql,
    /// MariaDB.
    Mariadb,
}

impl Engine {
    /// The name in summaries and for scripts: `sqlite`, `postgres`, `mysql`, `mariadb`.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
            Engine::Mysql => "mysql",
            Engine::Mariadb => "mariadb",
        }
    }

    /// The engine of this name.
    pub fn from_name(name: &str) -> Option<Engine> {
        [
            Engine::Sqlite,
            Engine::Postgres,
            Engine::Mysql,
            Engine::Mariadb,
        ]
        .into_iter()
        .find(|engine| engine.name() == name)
    }

    /// The statements around sqlx's history table.
    pub fn history_sql(self) -> &'static HistorySql {
        // Only SQLite can be connected to so far.
        &sqlite::history::HISTORY
    }

    /// A name as this engine quotes it.
    pub fn quote(self, name: &str) -> String {
        match self {
            Engine::Sqlite | Engine::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
            Engine::Mysql | Engine::Mariadb => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// A table's name as this engine quotes it, with its schema where it is not the default one.
    pub fn quote_table(self, table: &crate::ident::TableName) -> String {
        match &table.schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(&table.name)),
            None => self.quote(&table.name),
        }
    }
}

/// What a session may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Access {
    /// It may change the database; without it the engine itself refuses every write.
    pub write: bool,
    /// It may create a missing SQLite file.
    pub create: bool,
    /// It runs a script's statements: SQLite's ATTACH and VACUUM INTO are refused.
    pub guarded: bool,
}

/// A database's address. Neither `Debug` nor `Display` shows a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    engine: Engine,
    shown: String,
    name: String,
    path: PathBuf,
}

impl Target {
    /// Reads a URL; a relative file is relative to `project`.
    ///
    /// # Errors
    /// `Error::Url` for an unknown scheme or a malformed URL.
    pub fn parse(url: &str, project: &Path) -> Result<Target> {
        let path = sqlite::url::path(url, project)?;
        Ok(Target::sqlite_file(&path, project))
    }

    /// The SQLite file at this path.
    pub fn sqlite_file(path: &Path, project: &Path) -> Target {
        let shown = path.strip_prefix(project).unwrap_or(path);
        Target {
            engine: Engine::Sqlite,
            shown: format!("sqlite://{}", shown.display()),
            name: path.file_name().map_or_else(
                || path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            ),
            path: path.to_owned(),
        }
    }

    /// The engine.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The URL without its password, the file relative to the project.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The database's name: a file name for SQLite.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file, for an embedded database.
    pub fn file(&self) -> Option<&Path> {
        (self.engine == Engine::Sqlite).then_some(self.path.as_path())
    }

    /// Whether the database is there; a server is asked when it is connected to.
    pub fn exists(&self) -> bool {
        self.engine != Engine::Sqlite || self.path.exists()
    }

    /// Removes a database file that holds nothing at all: what is left when the first migration of a new database failed.
    ///
    /// # Errors
    /// When the empty file cannot be removed.
    pub fn remove_if_empty(&self) -> Result<()> {
        let Some(path) = self.file() else {
            return Ok(());
        };
        match std::fs::metadata(path) {
            Ok(data) if data.len() == 0 => {
                std::fs::remove_file(path).map_err(|source| Error::File {
                    action: "remove the empty database",
                    path: path.display().to_string(),
                    source,
                })
            }
            _ => Ok(()),
        }
    }

    /// Opens a session.
    ///
    /// # Errors
    /// `Missing`, `Connect`, `Corrupt`.
    pub async fn connect(&self, access: Access) -> Result<Session> {
        let connection = sqlite::connect(self, access).await?;
        Ok(Session::new(self.clone(), connection))
    }

    /// Opens up to `readers` readers (at least one) that see the same moment.
    ///
    /// # Errors
    /// As [`Target::connect`], and what the engine refuses while its catalog is read.
    pub async fn snapshot(&self, readers: usize) -> Result<Snapshot> {
        sqlite::snapshot(self, readers.max(1)).await
    }

    /// Makes an empty database for a rehearsal; an embedded one lies in `folder`.
    ///
    /// # Errors
    /// When it cannot be created.
    pub async fn scratch(&self, folder: &Path) -> Result<Scratch> {
        let file = tempfile::Builder::new()
            .prefix(".scratch-")
            .suffix(".db")
            .tempfile_in(folder)
            .map_err(|source| Error::File {
                action: "create a scratch database in",
                path: folder.display().to_string(),
                source,
            })?;
        let mut target = Target::sqlite_file(file.path(), folder);
        target.name = format!("{} (scratch)", self.name);
        Ok(Scratch {
            target,
            file: Some(file),
        })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.shown)
    }
}

/// A throw-away database: removed by [`Scratch::close`], or when it is dropped.
#[derive(Debug)]
pub struct Scratch {
    target: Target,
    file: Option<tempfile::NamedTempFile>,
}

impl Scratch {
    /// Where it is.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Removes it.
    ///
    /// # Errors
    /// When it cannot be removed; its name is in the message.
    pub async fn close(mut self) -> Result<()> {
        self.remove()
    }

    fn remove(&mut self) -> Result<()> {
        let Some(file) = self.file.take() else {
            return Ok(());
        };
        for suffix in ["-wal", "-shm", "-journal"] {
            let mut beside = file.path().as_os_str().to_owned();
            beside.push(suffix);
            // Only there if the engine left it.
            let _ = std::fs::remove_file(&beside);
        }
        let path = file.path().display().to_string();
        file.close().map_err(|source| Error::File {
            action: "remove the scratch database",
            path,
            source,
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody is left to tell; `close` reports.
        let _ = self.remove();
    }
}
