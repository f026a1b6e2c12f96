//! Every rule on a real database: what must alarm, and what must not.

mod allowances;
mod columns;
mod copies;
mod counters;
mod keys_off;
mod offline;
mod rebuilds;
mod retouched;
mod rows;
mod servers;
mod tables;
mod truth;

use super::{Lint, Options, SqlFile, lint};
use crate::db::{Access, Begin, Engine, Session, Target};
use crate::event::Severity;

/// The schema most cases run on: a parent with rows, children, an empty table, a view, a trigger, indexes.
const SCHEMA: &str = "
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, fax TEXT, age INTEGER, plan TEXT);
CREATE TABLE comments (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE, body TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id) ON DELETE SET NULL);
CREATE TABLE points (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id), amount INTEGER);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT, hint TEXT);
CREATE TABLE empty (id INTEGER PRIMARY KEY, label TEXT, user_id INTEGER REFERENCES users(id));
CREATE UNIQUE INDEX users_email_key ON users (email);
CREATE INDEX users_name ON users (name);
CREATE VIEW names AS SELECT id, name FROM users;
CREATE TRIGGER count_points AFTER INSERT ON points BEGIN UPDATE users SET age = age + 1 WHERE id = NEW.user_id; END;
INSERT INTO users VALUES (7, 'a@x.org', 'Ada', '1', 30, 'free'), (19, 'b@x.org', 'Bob', '2', NULL, 'free'), (44, 'c@x.org', 'Bob', NULL, 40, NULL);
INSERT INTO comments VALUES (1, 7, 'hi'), (2, 19, 'ho');
INSERT INTO notes VALUES (1, 7);
INSERT INTO settings VALUES ('theme', 'dark', 'look'), ('lang', 'en', NULL);
";

fn sqlite() -> Engine {
    Engine::from_name("sqlite").expect("it is one")
}

/// A database with a schema, and the folder it lies in.
async fn database(schema: &str) -> (tempfile::TempDir, Session) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let target = Target::sqlite_file(&folder.path().join("test.db"), folder.path());
    let access = Access {
        write: true,
        create: true,
        ..Access::default()
    };
    let mut session = target.connect(access).await.expect("it opens");
    session.begin(Begin::Write).await.expect("it begins");
    for statement in super::split(sqlite(), schema) {
        session
            .run(statement.text)
            .await
            .expect("the schema is right");
    }
    session.commit().await.expect("it is kept");
    (folder, session)
}

fn file<'a>(name: &'a str, text: &'a str) -> SqlFile<'a> {
    SqlFile { name, text }
}

/// As a run by dbscript with a rehearsal sees it.
async fn online(schema: &str, sql: &str) -> Lint {
    let options = Options {
        rehearsal: true,
        applied_here: true,
        ..Options::default()
    };
    with(schema, &[file("1_a.sql", sql)], &options).await
}

async fn with(schema: &str, files: &[SqlFile<'_>], options: &Options<'_>) -> Lint {
    let (_folder, mut session) = database(schema).await;
    lint(sqlite(), files, options, Some(&mut session))
        .await
        .expect("the session works")
}

fn offline(files: &[SqlFile<'_>]) -> Lint {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime
        .block_on(lint(sqlite(), files, &Options::default(), None))
        .expect("nothing can fail")
}

/// Rules and severities, such as `drop-table block`.
fn shown(lint: &Lint) -> Vec<String> {
    lint.findings
        .iter()
        .map(|finding| {
            let severity = match finding.severity {
                Severity::Note => "note",
                Severity::Warn => "warn",
                Severity::Probe => "probe",
                Severity::Block => "block",
            };
            format!("{} {severity}", finding.rule)
        })
        .collect()
}

/// Runs `sql` on [`SCHEMA`] and compares rules and severities.
async fn expect(sql: &str, expected: &[&str]) -> Lint {
    let lint = online(SCHEMA, sql).await;
    assert_eq!(shown(&lint), expected, "{sql}\n{:#?}", lint.findings);
    lint
}

/// The only finding's message.
async fn message(sql: &str) -> String {
    let lint = online(SCHEMA, sql).await;
    assert_eq!(lint.findings.len(), 1, "{sql}\n{:#?}", lint.findings);
    lint.findings[0].message.clone()
}

/// Cases that must each give these rules.
async fn all(cases: &[(&str, &[&str])]) {
    for (sql, expected) in cases {
        expect(sql, expected).await;
    }
}

/// Cases that must not alarm.
async fn silent(cases: &[&str]) {
    for sql in cases {
        expect(sql, &[]).await;
    }
}
