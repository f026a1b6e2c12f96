//! Columns that are added and dropped.

use super::{SCHEMA, all, expect, message, online, silent};
use crate::hazard::What;

#[tokio::test]
async fn values_are_not_dropped_in_silence() {
    let text = message("ALTER TABLE users DROP COLUMN fax").await;
    assert_eq!(
        text,
        "2 of 3 rows of `users` have a value in `fax`, which would be lost; e.g. id 7, 19"
    );
    let lint = online(
        SCHEMA,
        "-- dbscript: allow drop-column(users.fax) copied\nALTER TABLE users DROP COLUMN fax",
    )
    .await;
    assert_eq!(lint.blocking().count(), 0);
    assert!(
        lint.findings[0]
            .allowed
            .as_deref()
            .is_some_and(|text| text.contains("copied"))
    );
    assert_eq!(
        (lint.let_go[0].what, lint.let_go[0].allowed),
        (What::Column, true)
    );
    assert_eq!(lint.let_go[0].column.as_deref(), Some("fax"));
    silent(&[
        "ALTER TABLE settings ADD COLUMN z TEXT; ALTER TABLE settings DROP COLUMN z",
        "ALTER TABLE empty DROP COLUMN label",
        "CREATE TABLE t (a, b); ALTER TABLE t DROP COLUMN b",
    ])
    .await;
}

#[tokio::test]
async fn a_drop_and_an_addition_look_like_a_rename() {
    let lint = expect(
        "ALTER TABLE users ADD COLUMN phone TEXT; ALTER TABLE users DROP COLUMN fax",
        &["drop-column block"],
    )
    .await;
    let hint = lint.findings[0].hint.as_deref().expect("there is one");
    assert!(hint.contains("RENAME COLUMN fax TO phone"), "{hint}");
    let lint = expect(
        "ALTER TABLE users ADD COLUMN phone INTEGER; ALTER TABLE users DROP COLUMN fax",
        &["drop-column block"],
    )
    .await;
    assert!(
        !lint.findings[0]
            .hint
            .as_deref()
            .unwrap_or_default()
            .contains("RENAME")
    );
}

#[tokio::test]
async fn a_required_column_wants_a_default_where_rows_are() {
    let lint = expect(
        "ALTER TABLE users ADD COLUMN \"referralCode\" TEXT NOT NULL;\nCREATE UNIQUE INDEX r ON users (\"referralCode\")",
        &["add-required-column block"],
    )
    .await;
    let finding = &lint.findings[0];
    assert_eq!(
        finding.message,
        "3 rows of `users` have no value for the required column `referralCode`; e.g. id 7, 19, 44"
    );
    assert!(
        finding
            .hint
            .as_deref()
            .is_some_and(|hint| hint.contains("nullable"))
    );
    assert_eq!((finding.line, finding.column), (1, 19));
    expect(
        "ALTER TABLE users ADD COLUMN c TEXT NOT NULL DEFAULT NULL",
        &["add-required-column block"],
    )
    .await;
    silent(&[
        "ALTER TABLE empty ADD COLUMN c TEXT NOT NULL",
        "ALTER TABLE users ADD COLUMN c TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE users ADD COLUMN c TEXT",
        "CREATE TABLE t (a); ALTER TABLE t ADD COLUMN b TEXT NOT NULL",
    ])
    .await;
}

#[tokio::test]
async fn what_alter_table_refuses_is_known_before() {
    all(&[
        (
            "ALTER TABLE empty ADD COLUMN c TEXT UNIQUE",
            &["sqlite-refuses block"],
        ),
        (
            "ALTER TABLE empty ADD COLUMN c INTEGER PRIMARY KEY",
            &["sqlite-refuses block"],
        ),
        (
            "ALTER TABLE users ADD COLUMN c TEXT DEFAULT CURRENT_TIMESTAMP",
            &["sqlite-refuses block"],
        ),
        (
            "ALTER TABLE users ADD COLUMN c TEXT DEFAULT (lower('X'))",
            &["sqlite-refuses block"],
        ),
        (
            "ALTER TABLE users ADD COLUMN c INT AS (age + 1) STORED",
            &["sqlite-refuses block"],
        ),
        (
            "ALTER TABLE users ADD COLUMN c INT DEFAULT 1 REFERENCES empty",
            &["sqlite-refuses block"],
        ),
        (
            "ALTER TABLE users ADD COLUMN c INT DEFAULT 1 CHECK (c > 1)",
            &["add-check block"],
        ),
        (
            "ALTER TABLE users DROP COLUMN email",
            &["sqlite-refuses block", "drop-column block"],
        ),
        (
            "ALTER TABLE users DROP COLUMN age",
            &["sqlite-refuses block", "drop-column block"],
        ),
        (
            "ALTER TABLE settings DROP COLUMN key",
            &["sqlite-refuses block", "drop-column block"],
        ),
        (
            "DROP INDEX users_name; DROP VIEW names; ALTER TABLE users DROP COLUMN name",
            &["drop-view warn", "drop-column block"],
        ),
    ])
    .await;
    silent(&[
        "ALTER TABLE empty ADD COLUMN c TEXT DEFAULT CURRENT_TIMESTAMP",
        "ALTER TABLE users ADD COLUMN c INT AS (age + 1) VIRTUAL",
        "ALTER TABLE users ADD COLUMN c INT DEFAULT -1",
        "ALTER TABLE users ADD COLUMN c INT DEFAULT 2 CHECK (c > 1)",
        "ALTER TABLE users ADD COLUMN c BOOLEAN NOT NULL DEFAULT true",
    ])
    .await;
}

#[tokio::test]
async fn a_table_without_rows_meets_nothing_whatever_was_written() {
    silent(&[
        "UPDATE empty SET label = 'x'; ALTER TABLE empty ADD COLUMN c TEXT NOT NULL",
        "UPDATE empty SET label = 'x'; CREATE UNIQUE INDEX u ON empty (label)",
        "UPDATE empty SET label = 'x'; ALTER TABLE empty ADD COLUMN c TEXT DEFAULT CURRENT_TIMESTAMP",
        "DELETE FROM empty; ALTER TABLE empty ADD COLUMN c TEXT NOT NULL",
        "INSERT INTO users (id, email) VALUES (1, 'x'); CREATE TABLE n (id INTEGER PRIMARY KEY, label TEXT NOT NULL, user_id INTEGER REFERENCES users (id), more INTEGER REFERENCES users (id)); INSERT INTO n (id, label, user_id, more) SELECT id, label, user_id, user_id FROM empty; DROP TABLE empty; ALTER TABLE n RENAME TO empty",
    ])
    .await;
    all(&[
        (
            "INSERT INTO empty (id) VALUES (1); CREATE UNIQUE INDEX u ON empty (label)",
            &["add-unique warn"],
        ),
        (
            "DELETE FROM notes; ALTER TABLE notes ADD COLUMN c TEXT NOT NULL",
            &["delete-rows block"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_the_set_itself_fills_may_go_again() {
    const FILLED: &str = "
        CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
        CREATE TABLE e (id INTEGER PRIMARY KEY);
        INSERT INTO t VALUES (1, 'x', NULL), (2, 'y', NULL);";
    for (sql, expected) in [
        ("UPDATE t SET b = a; ALTER TABLE t DROP COLUMN b", &[][..]),
        (
            "UPDATE t SET b = a; UPDATE t SET b = upper(b); ALTER TABLE t DROP COLUMN b",
            &[],
        ),
        ("INSERT INTO e VALUES (1); DELETE FROM e WHERE id = 1", &[]),
        // What was there before may not.
        (
            "UPDATE t SET b = a; ALTER TABLE t DROP COLUMN a",
            &["drop-column block"],
        ),
        (
            "UPDATE t SET b = a; UPDATE t SET a = b",
            &["update-rows warn"],
        ),
        (
            "DELETE FROM t WHERE id = 1; ALTER TABLE t DROP COLUMN a",
            &["delete-rows block", "drop-column warn"],
        ),
        (
            "INSERT INTO t VALUES (9, 'z', 'z'); DELETE FROM t WHERE id = 9",
            &["delete-rows warn"],
        ),
    ] {
        let lint = online(FILLED, sql).await;
        assert_eq!(super::shown(&lint), expected, "{sql}\n{:#?}", lint.findings);
    }
}
