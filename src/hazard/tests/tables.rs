//! Tables, views, triggers and indexes that are created, dropped and renamed.

use super::{SCHEMA, all, expect, message, online, shown, silent};
use crate::hazard::What;

#[tokio::test]
async fn a_table_with_rows_is_not_dropped_in_silence() {
    let lint = expect("DROP TABLE users", &["drop-table block"]).await;
    let finding = &lint.findings[0];
    assert!(
        finding
            .message
            .starts_with("3 rows of `users` would be lost"),
        "{}",
        finding.message
    );
    for part in [
        "`comments`",
        "ON DELETE CASCADE",
        "`notes.user_id`",
        "left unprotected: `empty.user_id`, `points.user_id`",
        "e.g. id 7, 19, 44",
    ] {
        assert!(
            finding.message.contains(part),
            "{part} in {}",
            finding.message
        );
    }
    assert!(!finding.logged.message.contains("44"));
    assert_eq!(finding.table.as_deref(), Some("users"));
    assert!(
        finding
            .probe
            .as_deref()
            .is_some_and(|probe| probe.contains("count(*)"))
    );
    assert!(lint.let_go.is_empty());
}

#[tokio::test]
async fn what_drops_nothing_is_silent() {
    silent(&[
        "DROP TABLE empty",
        "DROP TABLE IF EXISTS nowhere",
        "CREATE TABLE t (a); INSERT INTO t VALUES (1); DROP TABLE T",
        "CREATE TEMP TABLE users (a); DROP TABLE users",
        "CREATE TABLE temp.users (a); DELETE FROM users; DROP TABLE users",
        "-- DROP TABLE users;\n/* DROP TABLE users; */ SELECT 'DROP TABLE users' AS \"DROP TABLE users\"",
        "CREATE TABLE \"DELETE FROM users\" (\"DROP COLUMN\" TEXT DEFAULT 'TRUNCATE')",
        "INSERT INTO empty (label) VALUES ('; DROP TABLE users; --')",
        "EXPLAIN DELETE FROM users",
        "CREATE TABLE IF NOT EXISTS fresh (a); DROP TABLE fresh",
    ])
    .await;
}

#[tokio::test]
async fn order_case_and_if_not_exists_decide_what_was_created() {
    all(&[
        (
            "DROP TABLE USERS; CREATE TABLE users (id)",
            &["drop-table block"],
        ),
        (
            "CREATE TABLE IF NOT EXISTS users (id); DROP TABLE users",
            &["drop-table block"],
        ),
        (
            "CREATE TEMP TABLE t (a); DROP TABLE main.users",
            &["drop-table block"],
        ),
        (
            "CREATE TEMP TABLE users (a); DROP TABLE users; DROP TABLE users",
            &["drop-table block"],
        ),
        (
            "CREATE TABLE archive AS SELECT * FROM users; DROP TABLE users; DROP TABLE archive",
            &["drop-table block"],
        ),
        (
            "CREATE TABLE n (id); DROP TABLE users; ALTER TABLE n RENAME TO users",
            &["drop-table block"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_delete_before_a_drop_leaves_it_to_the_rehearsal() {
    expect(
        "DELETE FROM settings WHERE hint IS NULL; DROP TABLE settings",
        &["delete-rows block", "drop-table warn"],
    )
    .await;
    expect(
        "DELETE FROM settings; DROP TABLE settings",
        &["delete-rows block"],
    )
    .await;
    expect(
        "INSERT INTO settings VALUES ('x','y','z'); DROP TABLE settings",
        &["drop-table block"],
    )
    .await;
}

#[tokio::test]
async fn renames_warn_unless_the_table_is_new() {
    let lint = expect(
        "ALTER TABLE users\n  RENAME TO people",
        &["rename-table warn"],
    )
    .await;
    assert_eq!((lint.findings[0].line, lint.findings[0].column), (2, 3));
    assert_eq!(
        (lint.renamed[0].table.as_str(), lint.renamed[0].to.as_str()),
        ("users", "people")
    );
    expect(
        "ALTER TABLE users RENAME COLUMN name TO full_name",
        &["rename-column warn"],
    )
    .await;
    silent(&[
        "CREATE TABLE a (b); ALTER TABLE a RENAME TO c; ALTER TABLE c RENAME COLUMN b TO d",
        "ALTER TABLE users ADD COLUMN z TEXT; ALTER TABLE users RENAME COLUMN z TO y",
    ])
    .await;
    expect(
        "ALTER TABLE users RENAME TO people; DROP TABLE people",
        &["rename-table warn", "drop-table block"],
    )
    .await;
}

#[tokio::test]
async fn views_triggers_and_indexes_are_missed_when_they_go() {
    all(&[
        ("DROP VIEW names", &["drop-view warn"]),
        ("DROP TRIGGER count_points", &["drop-trigger warn"]),
        ("DROP INDEX users_email_key", &["drop-unique-index warn"]),
        ("DROP INDEX users_email_key; CREATE UNIQUE INDEX other ON users (email)", &[]),
        ("CREATE UNIQUE INDEX other ON users (email); DROP INDEX users_email_key", &[]),
        ("DROP INDEX users_email_key; CREATE UNIQUE INDEX users_email_key ON users (email)", &[]),
        ("DROP INDEX users_email_key; CREATE INDEX other ON users (email)", &["drop-unique-index warn"]),
        ("DROP INDEX users_email_key; CREATE INDEX users_email_key ON users (email)", &["drop-unique-index warn"]),
        ("DROP INDEX users_email_key; CREATE UNIQUE INDEX other ON users (email, name)", &["drop-unique-index warn"]),
        ("DROP INDEX users_email_key; CREATE UNIQUE INDEX other ON users (email) WHERE age > 1", &["drop-unique-index warn"]),
        ("DROP INDEX users_email_key; CREATE UNIQUE INDEX other ON users (email); DROP INDEX other", &["drop-unique-index warn"]),
    ])
    .await;
    silent(&[
        "DROP INDEX users_name",
        "DROP VIEW IF EXISTS nowhere",
        "DROP VIEW names; CREATE VIEW names AS SELECT id FROM users",
        "DROP TRIGGER count_points; CREATE TRIGGER count_points AFTER INSERT ON points BEGIN SELECT 1; END",
        "DROP INDEX users_email_key; CREATE UNIQUE INDEX users_email_key ON users (email)",
        "CREATE VIEW v AS SELECT 1; DROP VIEW v",
        "CREATE TABLE t (a); CREATE UNIQUE INDEX i ON t (a); DROP INDEX i",
    ])
    .await;
}

#[tokio::test]
async fn a_triggers_body_is_only_noted() {
    let sql = "CREATE TRIGGER t AFTER UPDATE ON settings BEGIN\n  DELETE FROM users WHERE id = 1;\n  REPLACE INTO settings VALUES (1, 2, 3);\nEND";
    let lint = expect(sql, &["delete-rows note", "replace-rows note"]).await;
    assert_eq!((lint.findings[1].line, lint.findings[1].column), (3, 3));
    silent(&["CREATE TABLE t (a); CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t; END"])
        .await;
}

#[tokio::test]
async fn a_trigger_that_the_set_fires_is_left_to_the_rehearsal() {
    let trigger = "CREATE TRIGGER t AFTER INSERT ON settings BEGIN DELETE FROM users; END;";
    let fires = format!("{trigger} INSERT INTO settings VALUES ('a', 'b', 'c')");
    expect(&fires, &["delete-rows note", "delete-rows warn"]).await;
    let other = format!(
        "{trigger} UPDATE settings SET hint = 'x' WHERE hint IS NULL; DROP TRIGGER t; INSERT INTO settings VALUES ('a', 'b', 'c')"
    );
    expect(&other, &["delete-rows note"]).await;
}

#[tokio::test]
async fn duplicates_stand_in_the_way_of_a_unique_index() {
    let text = message("CREATE UNIQUE INDEX u ON users (name)").await;
    assert_eq!(
        text,
        "2 of 3 rows of `users` share their `name` with another row; e.g. id 19, 44"
    );
    all(&[
        ("CREATE UNIQUE INDEX u ON users (lower(name))", &["add-unique block"]),
        ("CREATE UNIQUE INDEX u ON users (name) WHERE age > 35", &[]),
        ("CREATE UNIQUE INDEX u ON users (name, email)", &[]),
        ("CREATE UNIQUE INDEX u ON users (fax)", &[]),
        ("CREATE UNIQUE INDEX u ON empty (label)", &[]),
        ("CREATE INDEX u ON users (name)", &[]),
        ("UPDATE users SET name = name || id WHERE name IS NULL; CREATE UNIQUE INDEX u ON users (name)", &["add-unique warn"]),
        ("ALTER TABLE users ADD COLUMN code TEXT; CREATE UNIQUE INDEX u ON users (code)", &[]),
        ("ALTER TABLE users ADD COLUMN code TEXT DEFAULT 'x'; CREATE UNIQUE INDEX u ON users (code)", &["add-unique block"]),
        ("ALTER TABLE users RENAME COLUMN name TO n; CREATE UNIQUE INDEX u ON users (n)", &["rename-column warn", "add-unique block"]),
    ])
    .await;
}

#[tokio::test]
async fn without_a_rehearsal_what_only_it_could_tell_blocks() {
    use super::{Options, file, with};
    let sql =
        "UPDATE users SET name = 'x' WHERE name IS NULL; CREATE UNIQUE INDEX u ON users (name)";
    let options = Options::default();
    let lint = with(SCHEMA, &[file("1_a.sql", sql)], &options).await;
    assert_eq!(shown(&lint), ["add-unique block"]);
}

#[tokio::test]
async fn cascades_that_are_added_are_named() {
    all(&[
        (
            "CREATE TABLE likes (user_id INTEGER REFERENCES users ON DELETE CASCADE)",
            &["add-cascade note"],
        ),
        (
            "CREATE TABLE a (id PRIMARY KEY); CREATE TABLE b (a_id REFERENCES a ON DELETE CASCADE)",
            &[],
        ),
        ("CREATE TABLE likes (user_id INTEGER REFERENCES users)", &[]),
        (
            "ALTER TABLE settings ADD COLUMN u INTEGER REFERENCES users ON DELETE CASCADE",
            &["add-cascade note"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_cannot_be_seen_or_read_is_said() {
    all(&[
        (
            "ATTACH 'other.db' AS o; DELETE FROM o.users",
            &["dynamic-sql warn", "delete-rows warn"],
        ),
        ("VACUUM INTO 'x.db'", &["dynamic-sql warn"]),
        ("SELECT load_extension('x')", &["dynamic-sql warn"]),
        ("TRUNCATE TABLE users", &["unparsed warn"]),
        ("DELETE users WHERE", &["unparsed warn"]),
        ("PRAGMA writable_schema = ON", &["writable-schema block"]),
        (
            "UPDATE sqlite_master SET sql = 'x'",
            &["writable-schema block"],
        ),
        (
            "PRAGMA writable_schema = OFF; PRAGMA foreign_keys = ON; PRAGMA user_version = 3",
            &[],
        ),
        ("VACUUM", &["cannot-run block"]),
        ("PRAGMA journal_mode = WAL", &["cannot-run warn"]),
        ("PRAGMA journal_mode", &[]),
        ("-- no-transaction\nVACUUM; PRAGMA journal_mode = WAL", &[]),
        (
            "ALTER TABLE users ALTER COLUMN name SET NOT NULL",
            &["sqlite-refuses block"],
        ),
        (
            "ALTER TABLE users ADD CONSTRAINT c FOREIGN KEY (name) REFERENCES empty",
            &["sqlite-refuses block"],
        ),
        (
            "ALTER TABLE users ADD a INT, ADD b INT",
            &["sqlite-refuses block"],
        ),
        ("BEGIN; SELECT 1; COMMIT", &[]),
    ])
    .await;
}

#[tokio::test]
async fn an_allowed_drop_is_let_go_with_what_it_takes_along() {
    let lint = online(
        SCHEMA,
        "-- dbscript: allow drop-table(users) moved to auth\nDROP TABLE users",
    )
    .await;
    assert_eq!(lint.blocking().count(), 0);
    let gone: Vec<(&str, What, bool)> = lint
        .let_go
        .iter()
        .map(|gone| (gone.table.as_str(), gone.what, gone.allowed))
        .collect();
    assert_eq!(
        gone,
        [
            ("comments", What::Rows, true),
            ("notes", What::Values, true),
            ("users", What::Table, true)
        ]
    );
    let lint = online(SCHEMA, "DROP TABLE empty").await;
    assert_eq!(
        (lint.let_go[0].what, lint.let_go[0].allowed),
        (What::Table, false)
    );
}
