//! The rules against SQLite itself: what is said to fail fails, what is silent runs, and the grammar is read.

use super::{SCHEMA, database, offline, online, sqlite};
use crate::event::Severity;
use crate::hazard::split;

/// Whether every statement runs.
async fn runs(sql: &str) -> Result<(), String> {
    let (_folder, mut session) = database(SCHEMA).await;
    for statement in split(sqlite(), sql) {
        let ran = session.run(statement.text).await;
        ran.map_err(|error| format!("{}: {error}", statement.text))?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_said_to_fail_fails_and_what_is_silent_runs() {
    for sql in [
        "ALTER TABLE users ADD COLUMN c TEXT NOT NULL",
        "ALTER TABLE empty ADD COLUMN c TEXT NOT NULL",
        "ALTER TABLE empty ADD COLUMN c TEXT UNIQUE",
        "ALTER TABLE empty ADD COLUMN c INTEGER PRIMARY KEY",
        "ALTER TABLE users ADD COLUMN c TEXT DEFAULT CURRENT_TIMESTAMP",
        "ALTER TABLE empty ADD COLUMN c TEXT DEFAULT CURRENT_TIMESTAMP",
        "ALTER TABLE users ADD COLUMN c TEXT DEFAULT (lower('X'))",
        "ALTER TABLE users ADD COLUMN c TEXT DEFAULT ('x')",
        "ALTER TABLE users ADD COLUMN c INT DEFAULT (-1)",
        "ALTER TABLE users ADD COLUMN c INT AS (age + 1) STORED",
        "ALTER TABLE users ADD COLUMN c INT AS (age + 1) VIRTUAL",
        "ALTER TABLE users ADD COLUMN c INT DEFAULT 1 REFERENCES empty",
        "ALTER TABLE users ADD COLUMN c INT REFERENCES empty",
        "ALTER TABLE users ADD COLUMN c INT DEFAULT 1 CHECK (c > 1)",
        "ALTER TABLE users ADD COLUMN c INT DEFAULT 2 CHECK (c > 1)",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS c INT",
        "ALTER TABLE users ADD a INT, ADD b INT",
        "ALTER TABLE users ALTER COLUMN name TYPE INTEGER",
        "ALTER TABLE users ADD CONSTRAINT c FOREIGN KEY (name) REFERENCES empty",
        "ALTER TABLE empty DROP COLUMN label",
        "ALTER TABLE empty DROP COLUMN id",
        "CREATE UNIQUE INDEX u ON users (name)",
        "CREATE UNIQUE INDEX u ON users (fax)",
        "CREATE UNIQUE INDEX u ON users (lower(name))",
        "CREATE UNIQUE INDEX u ON users (name COLLATE NOCASE) WHERE age > 35",
        "CREATE TABLE n (id INTEGER PRIMARY KEY, label TEXT NOT NULL); INSERT INTO n SELECT id, label FROM empty; DROP TABLE empty; ALTER TABLE n RENAME TO empty",
        "CREATE TABLE n (key TEXT PRIMARY KEY, value TEXT, hint TEXT NOT NULL); INSERT INTO n SELECT * FROM settings",
    ] {
        let lint = online(SCHEMA, sql).await;
        let fails = lint
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::Block);
        let outcome = runs(sql).await;
        let rebuild = sql.starts_with("CREATE TABLE n (key");
        assert_eq!(
            fails,
            outcome.is_err() && !rebuild,
            "{sql}: {outcome:?}\n{:#?}",
            lint.findings
        );
    }
}

#[tokio::test]
async fn a_rename_under_a_view_fails_as_said() {
    let columns = "id INTEGER PRIMARY KEY, email TEXT, name TEXT, fax TEXT, age INTEGER, plan TEXT";
    let rebuild = format!(
        "CREATE TABLE n ({columns}); INSERT INTO n SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users"
    );
    let off = "PRAGMA foreign_keys = OFF;";
    assert!(
        runs(&format!("{off} {rebuild}"))
            .await
            .is_err_and(|error| error.contains("names"))
    );
    assert!(
        runs(&format!("{off} PRAGMA legacy_alter_table = ON; {rebuild}"))
            .await
            .is_ok()
    );
    assert!(
        runs(&format!(
            "{off} DROP VIEW names; DROP TRIGGER count_points; {rebuild}"
        ))
        .await
        .is_ok()
    );
}

#[test]
fn the_grammar_of_the_built_in_sqlite_is_read() {
    for sql in [
        "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, b BLOB DEFAULT X'00', c TEXT COLLATE NOCASE, d AS (b || c) STORED) STRICT",
        "CREATE TABLE a (x TEXT, y DECIMAL(10, 2), PRIMARY KEY (x, y DESC)) WITHOUT ROWID, STRICT",
        "CREATE TABLE a (id INT CONSTRAINT k UNIQUE ON CONFLICT IGNORE, p INT REFERENCES users (id) ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED, CHECK (id > 0))",
        "CREATE VIRTUAL TABLE f USING fts5(title, body, tokenize = 'porter')",
        "CREATE INDEX i ON users (lower(name) COLLATE NOCASE DESC) WHERE age IS NOT NULL",
        "CREATE VIEW v (a, b) AS SELECT id, row_number() OVER (PARTITION BY plan ORDER BY id) FROM users",
        "CREATE TRIGGER t INSTEAD OF UPDATE OF name ON names WHEN NEW.id > 1 BEGIN SELECT raise(ABORT, 'no'); END",
        "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 3) INSERT INTO empty (id) SELECT n FROM c WHERE true ON CONFLICT (id) DO NOTHING RETURNING id, label AS l",
        "WITH c AS MATERIALIZED (SELECT 1) SELECT * FROM c LEFT JOIN users u USING (id) NATURAL JOIN empty",
        "SELECT json('{}') -> '$.a' ->> 'b', iif(1, 2, 3), 1_000, 0xFF, x'ab'",
        "SELECT count(*) FILTER (WHERE id > 1), group_concat(name, ',' ORDER BY name) FROM users",
        "SELECT * FROM users WHERE (id, name) IN (VALUES (1, 'a')) AND name NOT LIKE 'x\\_%' ESCAPE '\\' AND id IS NOT DISTINCT FROM 1",
        "UPDATE empty SET (label, user_id) = (SELECT 'a', 1) WHERE id = 1 RETURNING *",
        "INSERT INTO settings AS s (key, value) VALUES ('a', 'b') ON CONFLICT (key) WHERE true DO UPDATE SET value = excluded.value WHERE s.value <> 'x'",
        "PRAGMA journal_mode = WAL",
        "PRAGMA foreign_key_check",
        "ANALYZE; REINDEX; SAVEPOINT a; RELEASE a",
    ] {
        let unread: Vec<String> = offline(&[super::file("a", sql)])
            .findings
            .into_iter()
            .filter(|finding| finding.rule == "unparsed")
            .map(|finding| finding.message)
            .collect();
        assert!(unread.is_empty(), "{sql}: {unread:?}");
    }
}
