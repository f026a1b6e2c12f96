//! Columns that a trigger sets of the rows that are changed.

use std::time::{Duration, Instant};

use super::{Lint, online, shown};
use crate::hazard::draft::{LetGo, What};

const SCHEMA: &str = "
CREATE TABLE users (id INTEGER PRIMARY KEY, team INTEGER, city TEXT, updated_at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE TRIGGER tu AFTER UPDATE ON users BEGIN UPDATE users SET updated_at = datetime('now') WHERE id = NEW.id; END;
INSERT INTO users (id, team) VALUES (1, 1), (2, 1), (3, 2);
";

/// The columns of which only the time of the change is expected.
fn touched(lint: &Lint) -> Vec<String> {
    let touched = |gone: &&LetGo| gone.what == What::Touched;
    let columns = lint.let_go.iter().filter(touched);
    columns.filter_map(|gone| gone.column.clone()).collect()
}

/// Looked at once for each column, not once for each statement: otherwise minutes.
#[tokio::test]
async fn thousands_of_updates_of_a_table_with_such_a_trigger_are_read_in_seconds() {
    let updates =
        (0..5_000).map(|id| format!("UPDATE users SET city = 'x{id}' WHERE id = {id};\n"));
    let sql: String = updates.collect();
    let begun = Instant::now();
    let lint = online(SCHEMA, &sql).await;
    let took = begun.elapsed();
    assert_eq!(touched(&lint), ["updated_at"]);
    assert!(took < Duration::from_secs(60), "{took:?}");
}

/// The time is that of the change only in the row that is changed.
#[tokio::test]
async fn a_trigger_that_sets_the_time_of_rows_that_share_a_value_is_told() {
    let one = "UPDATE users SET city = 'x' WHERE id = 1";
    for (condition, expected) in [
        ("id = NEW.id", true),
        ("rowid = OLD.rowid", true),
        ("users.badge = NEW.badge", true),
        ("team = NEW.team", false),
        ("half = NEW.half", false),
        ("loud = NEW.loud", false),
        ("teams.id = NEW.id", false),
    ] {
        let schema = format!(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, team INTEGER, city TEXT, badge TEXT UNIQUE, half TEXT, loud TEXT COLLATE NOCASE,
                updated_at TEXT DEFAULT CURRENT_TIMESTAMP);
            CREATE UNIQUE INDEX halves ON users (half) WHERE team = 1;
            CREATE UNIQUE INDEX louds ON users (loud COLLATE BINARY);
            CREATE TRIGGER tu AFTER UPDATE ON users BEGIN UPDATE users SET updated_at = datetime('now') WHERE {condition}; END;
            INSERT INTO users (id, team) VALUES (1, 1), (2, 1), (3, 2);"
        );
        let lint = online(&schema, one).await;
        let told = "the trigger `tu` sets `updated_at` of the rows that this changes";
        let is_told = lint
            .findings
            .iter()
            .any(|found| found.message.contains(told));
        assert_eq!(touched(&lint) == ["updated_at"], expected, "{condition}");
        assert_eq!(is_told, !expected, "{condition}: {:?}", shown(&lint));
    }
}

/// `UPDATE OF email` does not run where only the city is set.
#[tokio::test]
async fn a_trigger_of_other_columns_than_those_that_are_set_is_not_told() {
    const SCHEMA: &str = "
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, name TEXT, city TEXT, verified INTEGER);
CREATE TRIGGER tu AFTER UPDATE OF name, Email ON users BEGIN UPDATE users SET verified = 0 WHERE id = NEW.id; END;
INSERT INTO users VALUES (1, 'a', 'b', NULL, 1);
";
    for (sql, expected) in [
        ("UPDATE users SET city = 'x'", false),
        ("UPDATE users SET city = 'x', email = 'c'", true),
        ("UPDATE users SET NAME = 'x'", true),
        (
            "ALTER TABLE users RENAME COLUMN email TO mail; UPDATE users SET mail = 'c'",
            true,
        ),
    ] {
        let lint = online(SCHEMA, sql).await;
        let told = "the trigger `tu` sets `verified` of the rows that this changes";
        let is_told = lint
            .findings
            .iter()
            .any(|found| found.message.contains(told));
        assert_eq!(is_told, expected, "{sql}: {:?}", lint.findings);
    }
}

/// SQLite has no type for times, and many ways to write them.
#[tokio::test]
async fn every_usual_way_to_note_the_time_of_changes_in_sqlite_is_known() {
    let mut wrong = Vec::new();
    for (column, value, expected) in [
        ("integer DEFAULT (unixepoch())", "unixepoch()", true),
        ("datetime", "strftime('%Y-%m-%d %H:%M:%S','now')", true),
        ("text", "datetime('now')", true),
        ("text", "CURRENT_TIMESTAMP", true),
        ("", "datetime()", true),
        ("integer", "cast(strftime('%s','now') as integer)", true),
        (
            "integer NOT NULL DEFAULT (unixepoch() * 1000)",
            "unixepoch() * 1000",
            true,
        ),
        ("integer", "cast(unixepoch('subsec') * 1000 as int)", true),
        (
            "integer",
            "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
            true,
        ),
        ("integer", "unixepoch() * 0", false),
        ("integer", "unixepoch() - 1000", false),
        ("integer", "unixepoch() * n", false),
        ("text", "'2001-01-01'", false),
    ] {
        let schema = format!(
            "CREATE TABLE posts (id INTEGER PRIMARY KEY, slug TEXT, n INTEGER, updated_at {column});
            INSERT INTO posts VALUES (1, NULL, 1, '2020-01-01');
            CREATE TRIGGER tu AFTER UPDATE ON posts BEGIN UPDATE posts SET updated_at = {value} WHERE id = NEW.id; END;"
        );
        let lint = online(&schema, "UPDATE posts SET slug = 'a' WHERE slug IS NULL").await;
        if (touched(&lint) == ["updated_at"]) != expected {
            wrong.push((column, value));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
