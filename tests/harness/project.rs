//! A temporary project folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::databases::{Database, Said};
use super::servers::{self, Server};
use super::{Holder, Run, repository};

/// A project folder of its own, removed at the end of the test, and its database: `dbscript.db` in it, or a fresh one on
/// a private server that `DATABASE_URL` names.
pub struct Project {
    folder: tempfile::TempDir,
    database: Database,
    /// The server and the URL there.
    place: Option<(&'static Server, String)>,
}

impl Project {
    /// An empty folder.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("dbscript-test-")
            .tempdir()
            .expect("the system's temporary folder is writable");
        Project {
            folder,
            database: Database::Sqlite,
            place: None,
        }
    }

    /// An empty folder with an empty database of this engine; `None` where its server is not installed.
    pub fn on(database: Database) -> Option<Self> {
        let kind = match database {
            Database::Sqlite => return Some(Project::new()),
            Database::Postgres => servers::Kind::Postgres,
            Database::Mysql => servers::Kind::Mysql,
        };
        let server = servers::server(kind)?;
        let url = block_on(server.fresh_database());
        Some(Project {
            database,
            place: Some((server, url)),
            ..Project::new()
        })
    }

    /// Another one of the same engine.
    pub fn another(&self) -> Self {
        Project::on(self.database).expect("the engine gave one before")
    }

    /// Adds what the repository ships to start with: `migrations/` and `users/`.
    pub fn with_sample(self) -> Self {
        for folder in ["migrations", "users"] {
            copy(&repository().join(folder), &self.path().join(folder));
        }
        self
    }

    /// A copy of what the repository ships to start with: `migrations/` and `users/`.
    pub fn sample() -> Self {
        Project::new().with_sample()
    }

    /// The URL of its database on a server, password and all.
    pub fn url(&self) -> Option<&str> {
        self.place.as_ref().map(|(_, url)| url.as_str())
    }

    /// Whether its engine commits DDL by itself, so that a migration cannot be undone.
    pub fn commits_ddl(&self) -> bool {
        self.database == Database::Mysql
    }

    /// What is said differently on each engine.
    pub fn said<T>(&self, said: Said<T>) -> T {
        said.on(self.database)
    }

    /// Its folder, without symbolic links in it.
    pub fn path(&self) -> PathBuf {
        self.folder
            .path()
            .canonicalize()
            .expect("the folder stands until the test ends")
    }

    /// Writes a file, with the folders it needs.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(name);
        let folder = path.parent().expect("a file lies in a folder");
        std::fs::create_dir_all(folder).expect("the project is writable");
        std::fs::write(path, content).expect("the project is writable");
        self
    }

    /// Removes a file.
    #[track_caller]
    pub fn remove(&self, name: &str) -> &Self {
        std::fs::remove_file(self.path().join(name))
            .unwrap_or_else(|error| panic!("cannot remove `{name}`: {error}"));
        self
    }

    /// A file's text.
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name))
            .unwrap_or_else(|error| panic!("cannot read `{name}`: {error}"))
    }

    /// Runs SQL on the project's database as another program would; an SQLite file is made if it is missing.
    #[track_caller]
    pub fn sql(&self, sql: &str) -> &Self {
        match &self.place {
            Some((server, url)) => block_on(server.run(url, sql)),
            None => self
                .sqlite()
                .execute_batch(sql)
                .unwrap_or_else(|error| panic!("{error} in: {sql}")),
        }
        self
    }

    /// A connection to the project's default database.
    pub fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path().join("dbscript.db"))
            .expect("a database can be made in the project")
    }

    /// Another program's connection to the project's database, which stays.
    pub fn holder(&self) -> Holder {
        match self.url() {
            Some(url) => Holder::of_server(url),
            None => Holder::of_file(self.sqlite()),
        }
    }

    /// One value that a query on the project's database gives, as text.
    #[track_caller]
    pub fn value(&self, sql: &str) -> String {
        if let Some((server, url)) = &self.place {
            return block_on(server.value(url, sql));
        }
        let value: rusqlite::types::Value = self
            .sqlite()
            .query_row(sql, [], |row| row.get(0))
            .unwrap_or_else(|error| panic!("{error} in: {sql}"));
        match value {
            rusqlite::types::Value::Null => "NULL".to_owned(),
            rusqlite::types::Value::Integer(value) => value.to_string(),
            rusqlite::types::Value::Real(value) => value.to_string(),
            rusqlite::types::Value::Text(value) => value,
            rusqlite::types::Value::Blob(value) => hex::encode(value),
        }
    }

    /// An expression's values in rows of a table, a line each, in an order.
    #[track_caller]
    pub fn lines(&self, expression: &str, from: &str, order: &str) -> String {
        self.value(&self.said(Said {
            sqlite: format!(
                "SELECT group_concat({expression}, char(10)) FROM (SELECT * FROM {from} ORDER BY {order})"
            ),
            postgres: format!(
                "SELECT string_agg({expression}, chr(10) ORDER BY {order}) FROM (SELECT * FROM {from}) AS r"
            ),
            mysql: format!(
                "SELECT GROUP_CONCAT({expression} ORDER BY {order} SEPARATOR '\n') FROM (SELECT * FROM {from}) AS r"
            ),
        }))
    }

    /// The hash of the database's whole content.
    pub fn hash(&self) -> String {
        match &self.place {
            Some((server, url)) => server.hash(url),
            None => super::database_hash(&self.path().join("dbscript.db")),
        }
    }

    /// Every file with its SHA-256, so that a test can say that nothing changed.
    pub fn files(&self) -> BTreeMap<String, String> {
        let root = self.path();
        let mut files = BTreeMap::new();
        walk(&root, &mut |path| {
            let name = path.strip_prefix(&root).expect("it lies in the root");
            let content = std::fs::read(path).expect("the project is readable");
            files.insert(
                name.to_string_lossy().into_owned(),
                hex::encode(Sha256::digest(content)),
            );
        });
        files
    }

    /// The names in a folder, sorted, folders with a `/`; empty if it is missing.
    pub fn list(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path().join(folder)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .map(|entry| {
                let entry = entry.expect("the folder is readable");
                let slash = if entry.path().is_dir() { "/" } else { "" };
                format!("{}{slash}", entry.file_name().to_string_lossy())
            })
            .collect();
        names.sort();
        names
    }

    /// The binary, to be run in this project.
    pub fn dbscript<'a>(&'a self, arguments: &[&str]) -> Run<'a> {
        Run::new(self, arguments)
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime can be made").block_on(future)
}

fn copy(from: &Path, to: &Path) {
    walk(from, &mut |path| {
        let target = to.join(path.strip_prefix(from).expect("it lies in it"));
        let folder = target.parent().expect("a file lies in a folder");
        std::fs::create_dir_all(folder).expect("the project is writable");
        std::fs::copy(path, target).expect("the repository is readable");
    });
}

/// Visits every file below a folder in name order.
pub fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    let entries = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("cannot list `{}`: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder is readable").path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && !path.is_symlink() {
            walk(&path, visit);
        } else {
            visit(&path);
        }
    }
}
