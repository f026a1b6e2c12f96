//! Where a database is: a URL, parsed once.

use std::path::{Path, PathBuf};

use super::dialect::{Snapshot, mysql, postgres, sqlite};
use super::error::FORBIDDEN;
use super::patience::{telling, telling_late};
use super::scratch::Scratch;
use super::server::Server;
use super::url::{self, Address};
use super::{Engine, EngineError, Error, Result, Session};
use crate::event::Sink;

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
    address: Address,
    reads_only: bool,
    opening_limit_s: Option<u64>,
}

impl Target {
    /// Reads a URL; a relative file is relative to `project`.
    ///
    /// # Errors
    /// `Error::Url` for an unknown scheme or a malformed URL.
    pub fn parse(url: &str, project: &Path) -> Result<Target> {
        Ok(match url::parse(url, project)? {
            Address::File(path) => Target {
                reads_only: sqlite::url::reads_only(url::unquoted(url)),
                ..Target::sqlite_file(&path, project)
            },
            Address::Server(engine, server) => Target::server(engine, *server),
        })
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
            address: Address::File(path.to_owned()),
            reads_only: false,
            opening_limit_s: None,
        }
    }

    /// The database on a server.
    pub(super) fn server(engine: Engine, server: Server) -> Target {
        Target {
            engine,
            shown: server.shown(engine),
            name: server.database.clone(),
            address: Address::Server(engine, Box::new(server)),
            reads_only: false,
            opening_limit_s: None,
        }
    }

    /// Whether a pooler stands in between, which lends sessions for a transaction only.
    pub fn is_pooled(&self) -> bool {
        matches!(&self.address, Address::Server(_, server) if server.pooled)
    }

    /// The same database, with the address behind its pooler: what needs a session of its own goes there.
    #[must_use]
    pub fn with_direct(mut self, direct: Target) -> Target {
        if let (Address::Server(_, server), Address::Server(_, direct)) =
            (&mut self.address, direct.address)
        {
            server.direct = Some(direct);
        }
        self
    }

    /// The same address under another name for people.
    pub(super) fn named(mut self, name: String) -> Target {
        self.name = name;
        self
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
        match &self.address {
            Address::File(path) => Some(path),
            Address::Server(..) => None,
        }
    }

    /// The same; where it is a link, the file that it leads to, which may be missing.
    pub fn real_file(&self) -> Option<PathBuf> {
        self.file().map(sqlite::beside::resolved)
    }

    /// The server's host and port (or socket), in one spelling, for a database on a server.
    pub fn host_and_port(&self) -> Option<String> {
        match &self.address {
            Address::File(_) => None,
            Address::Server(engine, server) => Some(server.host_and_port(*engine)),
        }
    }

    /// Whether its URL forbids to write to it (SQLite's `mode=ro`).
    pub fn reads_only(&self) -> bool {
        self.reads_only
    }

    /// The same database; if another program keeps its file from being opened, that is waited for as long as this, in
    /// seconds. A server lets everybody in.
    #[must_use]
    pub fn opened_within(mut self, limit_s: u64) -> Target {
        self.opening_limit_s = Some(limit_s);
        self
    }

    /// What [`Target::opened_within`] was given.
    pub(super) fn opening_limit_s(&self) -> Option<u64> {
        self.opening_limit_s
    }

    /// Whether the database is there; a server is asked when it is connected to.
    pub fn exists(&self) -> bool {
        self.file().is_none_or(Path::exists)
    }

    /// Refuses what would make a new database file where the engine's own files of another one lie.
    ///
    /// # Errors
    /// `LeftBeside`.
    pub fn refuse_left_beside(&self) -> Result<()> {
        self.file().map_or(Ok(()), sqlite::beside::refuse_left)
    }

    /// Refuses to make a database file in a folder that is not there, or where its URL forbids to write.
    ///
    /// # Errors
    /// `NoFolder`, `Connect`.
    pub fn refuse_unmakeable(&self) -> Result<()> {
        if self.reads_only {
            return Err(Error::Connect {
                place: self.shown.clone(),
                source: EngineError {
                    code: FORBIDDEN.to_owned(),
                    message: "it is not there, and its URL forbids to make it".to_owned(),
                },
            });
        }
        self.file()
            .map_or(Ok(()), sqlite::beside::refuse_without_folder)
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

    /// Whether its URL names a schema (PostgreSQL), which may be missing where the database is there.
    pub fn names_schema(&self) -> bool {
        matches!(&self.address, Address::Server(Engine::Postgres, server) if server.schema.is_some())
    }

    /// Removes the schema its URL names if nothing is in it: what is left when the first migration of a new schema failed.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn remove_schema_if_empty(&self) -> Result<()> {
        match &self.address {
            Address::Server(Engine::Postgres, server) => {
                postgres::drop_empty_schema(&self.shown, server).await
            }
            _ => Ok(()),
        }
    }

    /// Opens a session. The server says whether it is MySQL or MariaDB, whatever the URL says.
    ///
    /// # Errors
    /// `Missing`, `Connect`, `Corrupt`.
    pub async fn connect(&self, access: Access) -> Result<Session> {
        self.certificates_are_there()?;
        let mut target = self.clone();
        let connection = match &self.address {
            Address::File(_) => sqlite::connect(self, access).await?,
            Address::Server(Engine::Postgres, server) => {
                postgres::connect(self, server, access).await?
            }
            Address::Server(_, server) => {
                let (engine, connection) = mysql::connect(self, server, access).await?;
                target.engine = engine;
                connection
            }
        };
        Ok(Session::new(target, connection))
    }

    /// The same; if a file is locked for longer than a moment, says that another program is waited for.
    ///
    /// # Errors
    /// As [`Target::connect`]; `Locked`.
    pub async fn connect_telling(&self, access: Access, sink: &dyn Sink) -> Result<Session> {
        self.telling(sink, self.connect(access)).await
    }

    /// As [`Target::connect_telling`], to read.
    ///
    /// # Errors
    /// As there.
    pub async fn read_telling(&self, sink: &dyn Sink) -> Result<Session> {
        self.connect_telling(Access::default(), sink).await
    }

    /// As [`Target::snapshot`], told like [`Target::connect_telling`].
    ///
    /// # Errors
    /// As [`Target::snapshot`].
    pub async fn snapshot_telling(&self, readers: usize, sink: &dyn Sink) -> Result<Snapshot> {
        let opening = self.snapshot(readers);
        match &self.address {
            Address::File(_) => telling(sink, "the database", opening).await,
            Address::Server(..) => telling_late(sink, "the snapshot", opening).await,
        }
    }

    async fn telling<T>(&self, sink: &dyn Sink, opening: impl Future<Output = T>) -> T {
        match &self.address {
            Address::File(_) => telling(sink, "the database", opening).await,
            Address::Server(..) => opening.await,
        }
    }

    /// The drivers name no file that they do not find.
    fn certificates_are_there(&self) -> Result<()> {
        let missing = match &self.address {
            Address::File(_) => None,
            Address::Server(_, server) => server.tls.missing_file(),
        };
        missing.map_or(Ok(()), |file| {
            Err(Error::Connect {
                place: self.shown.clone(),
                source: EngineError {
                    code: "08001".to_owned(),
                    message: format!("the certificate file `{}` is not there", file.display()),
                },
            })
        })
    }

    /// Opens up to `readers` readers (at least one) that see the same moment.
    ///
    /// # Errors
    /// As [`Target::connect`], and what the engine refuses while its catalog is read.
    pub async fn snapshot(&self, readers: usize) -> Result<Snapshot> {
        let readers = readers.max(1);
        self.certificates_are_there()?;
        match &self.address {
            Address::File(_) => sqlite::snapshot(self, readers).await,
            Address::Server(Engine::Postgres, server) => {
                postgres::snapshot(self, server, readers).await
            }
            Address::Server(_, server) => mysql::snapshot(self, server, readers).await,
        }
    }

    /// Makes an empty database for a rehearsal: beside this one on its server; an embedded one lies in `folder`. Those
    /// that rehearsals which were cut off have left of this database are removed first where nobody uses them, which is
    /// told.
    ///
    /// # Errors
    /// When it cannot be created.
    pub async fn scratch(&self, folder: &Path, sink: &dyn Sink) -> Result<Scratch> {
        let name = format!("{} (scratch)", self.name);
        match &self.address {
            Address::File(_) => Scratch::file(folder, name),
            Address::Server(engine, server) => Scratch::beside(*engine, server, name, sink).await,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.shown)
    }
}
