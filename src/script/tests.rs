//! Whole runs of small scripts on a real SQLite database.

mod database;
mod errors;
mod imports;
mod limits;
mod sandbox;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::{Answer, Asker, Context, DatabaseState, Library, Outcome, Stop, arguments, run};
use crate::db::{Access, Target};
use crate::event::{Event, Sink};
use crate::storage::RunLog;
use crate::value::Value;

/// Keeps the events of a run.
#[derive(Default)]
struct Recorder(Mutex<Vec<Event>>);

impl Sink for Recorder {
    fn send(&self, event: &Event) {
        self.0
            .lock()
            .expect("no test panics here")
            .push(event.clone());
    }
}

/// Answers every question alike.
struct Says(Answer);

impl Asker for Says {
    fn confirm(&self, _: &str) -> Answer {
        self.0
    }
}

/// A project in a temporary folder, with a database of one table.
struct Project {
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    plan: bool,
    answer: Answer,
    rights: Vec<&'static str>,
    environment: BTreeMap<String, String>,
    stop: Stop,
    events: Arc<Recorder>,
}

impl Project {
    fn new() -> Self {
        let project = Project {
            folder: tempfile::tempdir().expect("a temporary folder"),
            runtime: tokio::runtime::Runtime::new().expect("a runtime"),
            plan: false,
            answer: Answer::Yes,
            rights: vec!["db:write", "backups", "scratch", "files"],
            environment: BTreeMap::new(),
            stop: Stop::default(),
            events: Arc::default(),
        };
        std::fs::create_dir_all(project.path().join("scripts")).expect("a folder");
        project.sql(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
             INSERT INTO users (name) VALUES ('ada'), ('bob'), ('cyd');",
        );
        project
    }

    fn path(&self) -> PathBuf {
        let path = self.folder.path();
        path.canonicalize().expect("the folder is there")
    }

    fn target(&self) -> Target {
        Target::sqlite_file(&self.path().join("app.db"), &self.path())
    }

    fn sql(&self, sql: &str) {
        let target = self.target();
        self.runtime
            .block_on(async {
                let access = Access {
                    write: true,
                    create: true,
                    guarded: false,
                };
                let mut session = target.connect(access).await?;
                for statement in sql.split_inclusive(';') {
                    session.run(statement).await?;
                }
                Ok::<_, crate::db::Error>(())
            })
            .expect("good SQL");
    }

    fn count(&self, table: &str) -> i64 {
        let target = self.target();
        let sql = format!("SELECT count(*) FROM {table}");
        let rows = self.runtime.block_on(async {
            let mut session = target.connect(Access::default()).await?;
            session.query(&sql, &[], 1).await
        });
        match rows.expect("a good query").rows[0][0] {
            Value::Int(count) => count,
            ref other => panic!("{other:?}"),
        }
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    fn run(&self, text: &str) -> Outcome {
        self.run_with(text, &[])
    }

    fn run_with(&self, text: &str, given: &[(&str, &str)]) -> Outcome {
        self.file("scripts/test.rhai", text);
        let procedure = match Library::open(&self.path()).find("test") {
            Ok(procedure) => procedure,
            Err(error) => {
                return Outcome {
                    result: Value::Null,
                    error: Some(error),
                    state: DatabaseState::AsFound,
                };
            }
        };
        let given: Vec<_> = given
            .iter()
            .map(|(name, value)| (name.to_string(), Some(value.to_string())))
            .collect();
        let arguments =
            arguments(&procedure, &given, &[], &self.environment).expect("good arguments");
        let log = RunLog::new(&self.path().join("backups/runs"), "test");
        let context = Context {
            project: self.path(),
            target: self.target(),
            backups: self.path().join("backups"),
            plan: self.plan,
            asker: Arc::new(Says(self.answer)),
            sink: self.events.clone(),
            log: Arc::new(log),
            keep_last: None,
            rights: self
                .rights
                .iter()
                .map(|right| right.to_string())
                .collect::<BTreeSet<_>>(),
            environment: self.environment.clone(),
            stop: self.stop.clone(),
        };
        self.runtime.block_on(run(&procedure, arguments, context))
    }

    /// The result of a `main` with this body and every right.
    fn eval(&self, body: &str) -> Value {
        let outcome = self.run(&main(body));
        if let Some(error) = outcome.error {
            panic!(
                "{} {:?}\n{}",
                error.chain(),
                error.position,
                error.trace.join("\n")
            );
        }
        outcome.result
    }

    fn events(&self) -> Vec<Event> {
        self.events.0.lock().expect("no test panics here").clone()
    }
}

fn main(body: &str) -> String {
    format!("const NEEDS = [\"db:write\", \"files\", \"scratch\"]; fn main() {{ {body} }}")
}
