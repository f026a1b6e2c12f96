//! The databases a contract is held on. A contract is written once, for a [`Fresh`] database; the `on_every_database!`
//! macro at the end of this file runs it on each, and is where another one is added.

use std::path::Path;

use dbscript::db::{Access, Engine, Session, Target};

use super::servers::{self, Server};

/// A database engine the tests know how to give a fresh database of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file in a temporary folder.
    Sqlite,
    /// On the private PostgreSQL server.
    Postgres,
    /// On the private MariaDB server, or the one `DBSCRIPT_TEST_MYSQL_URL` names.
    Mysql,
}

/// A way of saying the same in each engine's SQL.
#[derive(Clone, Copy)]
pub struct Said<T> {
    pub sqlite: T,
    pub postgres: T,
    pub mysql: T,
}

impl<T> Said<T> {
    /// As it is said on this engine.
    pub fn on(self, database: Database) -> T {
        match database {
            Database::Sqlite => self.sqlite,
            Database::Postgres => self.postgres,
            Database::Mysql => self.mysql,
        }
    }
}

/// An empty database of its own.
pub struct Fresh {
    database: Database,
    url: String,
    folder: tempfile::TempDir,
    server: Option<&'static Server>,
}

impl Fresh {
    /// An empty database; `None` where its server is not installed.
    pub async fn new(database: Database) -> Option<Fresh> {
        Fresh::on(database, servers::server).await
    }

    /// An empty database on a server that offers TLS.
    pub async fn with_tls(database: Database) -> Option<Fresh> {
        Fresh::on(database, servers::server_with_tls).await
    }

    /// An empty database on a server that writes the names of tables in small letters, where the engine has such.
    pub async fn with_small_letters(database: Database) -> Option<Fresh> {
        Fresh::on(database, servers::server_with_small_letters).await
    }

    async fn on(
        database: Database,
        server: fn(servers::Kind) -> Option<&'static Server>,
    ) -> Option<Fresh> {
        let folder = tempfile::Builder::new()
            .prefix("dbscript-test-")
            .tempdir()
            .expect("the system's temporary folder is writable");
        let server = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(server(servers::Kind::Postgres)?),
            Database::Mysql => Some(server(servers::Kind::Mysql)?),
        };
        let url = match server {
            None => {
                // A file of no bytes is an empty database: every session may then open it without making one.
                let file = folder.path().join("test.db");
                std::fs::write(&file, "").expect("the folder was just made");
                format!("sqlite://{}", file.display())
            }
            Some(server) => server.fresh_database().await,
        };
        Some(Fresh {
            database,
            url,
            folder,
            server,
        })
    }

    /// Another empty one on the same engine.
    pub async fn another(&self) -> Fresh {
        Fresh::new(self.database)
            .await
            .expect("the engine gave one before")
    }

    /// A temporary folder, for files beside the database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its URL, password and all.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's Unix socket: PostgreSQL's folder, MariaDB's file. `None` for a server that is not the tests' own.
    pub fn socket(&self) -> Option<&Path> {
        self.server?.socket.as_deref()
    }

    /// Where it is.
    pub fn target(&self) -> Target {
        Target::parse(&self.url, self.folder.path()).expect("the test's own URL is good")
    }

    /// The engine.
    pub fn engine(&self) -> Engine {
        self.target().engine()
    }

    /// A session that may read and write.
    pub async fn session(&self) -> Session {
        let access = Access {
            write: true,
            ..Access::default()
        };
        self.target().connect(access).await.expect("it opens")
    }

    /// A session that may only read.
    pub async fn reader(&self) -> Session {
        let access = Access::default();
        self.target().connect(access).await.expect("it opens")
    }

    /// Runs statements as another program would, over a connection that is not the product's.
    pub async fn other_program(&self, sql: &str) {
        match self.server {
            Some(server) => server.run(&self.url, sql).await,
            None => rusqlite::Connection::open(self.folder.path().join("test.db"))
                .and_then(|connection| connection.execute_batch(sql))
                .unwrap_or_else(|error| panic!("{error} in: {sql}")),
        }
    }

    /// What is said differently on each engine.
    pub fn said<T>(&self, said: Said<T>) -> T {
        said.on(self.database)
    }

    /// Marks for bound parameters: `?, ?` or `$1, $2`.
    pub fn marks(&self, count: usize) -> String {
        let mark = |number: usize| match self.database {
            Database::Postgres => format!("${number}"),
            _ => "?".to_owned(),
        };
        let marks: Vec<String> = (1..=count).map(mark).collect();
        marks.join(", ")
    }
}

/// Runs contracts (`async fn(Fresh)`) on every database: one test each, in a module named after the database.
macro_rules! on_every_database {
    ($($contract:ident),+ $(,)?) => {
        $crate::harness::databases::on_every_database! { @ sqlite Sqlite $($contract)+ }
        $crate::harness::databases::on_every_database! { @ mysql Mysql $($contract)+ }
        $crate::harness::databases::on_every_database! { @ postgres Postgres $($contract)+ }
    };
    (@ $module:ident $database:ident $($contract:ident)+) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $contract() {
                    use $crate::harness::databases::{Database, Fresh};
                    if let Some(fresh) = Fresh::new(Database::$database).await {
                        super::$contract(fresh).await;
                    }
                }
            )+
        }
    };
}
pub(crate) use on_every_database;

/// Runs what a person does (`fn(Project)`) on every database: one test each, in a module named after the database.
macro_rules! in_every_project {
    ($($test:ident),+ $(,)?) => {
        $crate::harness::databases::in_every_project! { @ sqlite Sqlite $($test)+ }
        $crate::harness::databases::in_every_project! { @ mysql Mysql $($test)+ }
        $crate::harness::databases::in_every_project! { @ postgres Postgres $($test)+ }
    };
    (@ $module:ident $database:ident $($test:ident)+) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    use $crate::harness::{Project, databases::Database};
                    if let Some(project) = Project::on(Database::$database) {
                        super::$test(project);
                    }
                }
            )+
        }
    };
}
pub(crate) use in_every_project;

#[tokio::test]
async fn every_engine_gives_an_empty_database_each_time() {
    for database in [Database::Sqlite, Database::Postgres, Database::Mysql] {
        let Some(fresh) = Fresh::new(database).await else {
            continue;
        };
        let create = "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)";
        fresh.other_program(create).await;
        fresh.another().await.other_program(create).await;
    }
}
