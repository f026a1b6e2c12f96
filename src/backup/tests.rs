//! Whole sets on embedded SQLite: made, damaged in every way, proven, restored. What every engine must do as well is in
//! `tests/contract/`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::*;
use crate::clock::Timestamp;
use crate::db::{Access, Session, Target};
use crate::error::Kind;
use crate::event::{Event, Sink};
use crate::storage::RunLog;

const OWNER: Access = Access {
    write: true,
    create: true,
    guarded: false,
};

const SAMPLE: [&str; 12] = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, volume REAL, avatar BLOB)",
    "CREATE TABLE comments (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE, text)",
    "CREATE TABLE Empty (a)",
    "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT, installed_on TEXT, success BOOLEAN, checksum BLOB, execution_time BIGINT)",
    "CREATE VIEW named AS SELECT name FROM users",
    "CREATE INDEX by_name ON users (name)",
    "CREATE TRIGGER gone AFTER DELETE ON users BEGIN INSERT INTO Empty VALUES ('a; -- dbscript: after the rows\n;\nb'); END",
    "INSERT INTO users (name, volume, avatar) VALUES ('ada', 0.1, x'00ff'), ('linus\n\"', 1e300, NULL), ('größe', -0.0, x'')",
    "INSERT INTO users (name) SELECT 'user ' || value FROM generate(2000)",
    "INSERT INTO comments (user_id, text) SELECT id, CASE id % 3 WHEN 0 THEN 9007199254740993 WHEN 1 THEN 'x' ELSE NULL END FROM users",
    "INSERT INTO _sqlx_migrations VALUES (1, 'init', 'now', 1, x'abcd', 5)",
    "PRAGMA user_version = 7",
];

/// Remembers events.
#[derive(Default)]
struct Heard(Mutex<Vec<Event>>);

impl Sink for Heard {
    fn send(&self, event: &Event) {
        self.0.lock().expect("nobody panics").push(event.clone());
    }
}

impl Heard {
    fn lines(&self) -> String {
        let events = self.0.lock().expect("nobody panics");
        let lines = events.iter().filter_map(|event| match event {
            Event::Log { message, .. } => Some(message.clone()),
            _ => None,
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// A project folder with a database and a store.
struct House {
    folder: tempfile::TempDir,
    heard: Arc<Heard>,
    sink: Arc<dyn Sink>,
}

impl House {
    fn empty() -> House {
        let heard = Arc::new(Heard::default());
        House {
            folder: tempfile::tempdir().expect("a folder"),
            sink: heard.clone(),
            heard,
        }
    }

    async fn with_sample() -> House {
        let house = House::empty();
        let mut session = house.session().await;
        for statement in SAMPLE {
            let statement = statement.replace(
                "FROM generate(2000)",
                "FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 2000) SELECT value FROM n)",
            );
            session.run(&statement).await.expect(&statement);
        }
        house
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn target(&self) -> Target {
        self.target_named("app.db")
    }

    fn target_named(&self, name: &str) -> Target {
        Target::sqlite_file(&self.path().join(name), self.path())
    }

    async fn session(&self) -> Session {
        self.target().connect(OWNER).await.expect("opened")
    }

    async fn run(&self, statement: &str) {
        self.session().await.run(statement).await.expect(statement);
    }

    fn store(&self) -> Store {
        Store::open(&self.path().join("backups"))
    }

    fn log(&self) -> RunLog {
        RunLog::new(&self.path().join("backups/runs"), "restore")
    }

    async fn backup(&self) -> Set {
        self.backup_with(&CreateOptions::default()).await
    }

    async fn backup_with(&self, options: &CreateOptions) -> Set {
        create(&self.target(), &self.store(), options, &self.sink)
            .await
            .expect("a backup")
            .set
    }

    async fn try_backup(&self, options: &CreateOptions) -> crate::error::Error {
        create(&self.target(), &self.store(), options, &self.sink)
            .await
            .expect_err("no backup")
    }

    async fn check(&self, set: &Set) -> Report {
        verify(set, None, Depth::Rows, &self.sink)
            .await
            .expect("looked at")
    }

    fn files(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.store().folder()) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .map(|entry| {
                let entry = entry.expect("an entry");
                entry.file_name().to_string_lossy().into_owned()
            })
            .filter(|name| name != "runs")
            .collect();
        names.sort();
        names
    }

    async fn plan(
        &self,
        which: &str,
        options: &RestoreOptions,
    ) -> crate::error::Result<RestorePlan> {
        restore::plan(&self.store(), which, &self.target(), options, &self.sink).await
    }

    async fn restore(&self, options: &RestoreOptions) -> crate::error::Result<Restored> {
        let plan = self.plan("latest", options).await?;
        restore(&plan, &self.log(), &self.sink).await
    }

    /// Everything the database holds, as a set says it: fingerprints, counts, columns, counters; and its schema.
    async fn contents(&self, target: &Target) -> (Vec<(String, u64, String)>, String) {
        let store = Store::open(&self.path().join("contents"));
        let created = create(target, &store, &CreateOptions::default(), &self.sink)
            .await
            .expect("a backup");
        let summary = created.set.summary();
        let tables = summary.tables.iter().map(|table| {
            (
                table.name.to_string(),
                table.rows,
                table.fingerprint.to_string(),
            )
        });
        let schema = created.set.schema().expect("a schema");
        let rest = format!("{schema:?} {:?}", summary.sequences);
        (tables.collect(), rest)
    }

    fn hash(&self) -> Vec<u8> {
        std::fs::read(self.path().join("app.db")).expect("the database")
    }
}

fn tables(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

mod creating;
mod new_files;
mod pruning;
mod restoring;
mod shapes;
