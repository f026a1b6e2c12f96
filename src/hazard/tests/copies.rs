//! Copies of a rebuild that are not one plain SELECT: understood where that is sure, else left to the rehearsal or told.

use super::{SCHEMA, all, expect, online, shown};

const COLUMNS: &str =
    "id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, fax TEXT, age INTEGER, plan TEXT";

fn rebuild(copies: &str) -> String {
    format!(
        "DROP VIEW names; DROP TRIGGER count_points; CREATE TABLE n ({COLUMNS}); {copies};
         DROP TABLE users; ALTER TABLE n RENAME TO users;
         CREATE UNIQUE INDEX users_email_key ON users (email); CREATE INDEX users_name ON users (name);
         CREATE VIEW names AS SELECT id, name FROM users;
         CREATE TRIGGER count_points AFTER INSERT ON points BEGIN SELECT 1; END;"
    )
}

#[tokio::test]
async fn a_copy_through_a_subquery_is_one() {
    let all_columns = "SELECT id, email, name, fax, age, plan FROM users";
    let part = "SELECT * FROM users WHERE age IS NOT NULL";
    all(&[
        (
            &rebuild(&format!("INSERT INTO n SELECT * FROM ({all_columns})")),
            &["rebuild-cascades note"],
        ),
        (
            &rebuild(&format!(
                "INSERT INTO n SELECT * FROM (SELECT * FROM ({all_columns}) AS a)"
            )),
            &["rebuild-cascades note"],
        ),
        (
            &rebuild(&format!("INSERT INTO n SELECT * FROM ({part})")),
            &["rebuild-loses block", "rebuild-cascades note"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_copy_in_parts_is_for_the_rehearsal() {
    let parts = "INSERT INTO n SELECT * FROM users WHERE id <= 7; INSERT INTO n SELECT * FROM users WHERE id > 7";
    let lint = expect(
        &rebuild(parts),
        &[
            "rebuild-loses warn",
            "rebuild-cascades note",
            "add-unique warn",
        ],
    )
    .await;
    let message = &lint.findings[0].message;
    assert!(message.contains("the rehearsal decides"), "{message}");
}

#[tokio::test]
async fn a_drop_after_a_copy_that_is_not_understood_says_so() {
    let copy = "WITH s AS (SELECT * FROM users) INSERT INTO n SELECT * FROM s";
    let lint = online(SCHEMA, &rebuild(copy)).await;
    let dropped = lint
        .findings
        .iter()
        .find(|found| found.rule == "drop-table");
    let message = &dropped.expect("it is refused").message;
    assert!(message.contains("is not known here"), "{message}");
    let plain = online(SCHEMA, "DROP TABLE settings").await;
    let message = &plain.findings[0].message;
    assert!(!message.contains("known here"), "{message}");
}

#[tokio::test]
async fn a_column_that_only_the_first_table_has_is_copied_as_it_is_beside_a_join() {
    let copy = "INSERT INTO n SELECT u.id, email, name, fax, age, plan FROM users u LEFT JOIN settings s ON s.key = u.plan";
    let lint = online(SCHEMA, &rebuild(copy)).await;
    assert!(
        !shown(&lint).iter().any(|rule| rule.starts_with("update")),
        "{:?}",
        lint.findings
    );
    let other = copy.replace("email,", "value,");
    let lint = online(SCHEMA, &rebuild(&other)).await;
    let changed = lint
        .findings
        .iter()
        .find(|found| found.rule == "update-rows");
    let message = &changed.expect("it is another column").message;
    assert!(!message.contains("if rows of"), "{message}");
    assert!(message.contains("`users.email`"), "{message}");
}

#[tokio::test]
async fn what_is_computed_over_several_rows_is_not_asked_of_each() {
    let copy = "INSERT INTO n SELECT id, max(email), name, fax, age, plan FROM users GROUP BY id";
    let lint = online(SCHEMA, &rebuild(copy)).await;
    for finding in &lint.findings {
        assert!(!finding.message.contains("misuse"), "{}", finding.message);
    }
}
