//! Table rebuilds: whole ones, and what the others lose.

use super::{Options, SCHEMA, all, expect, file, online, shown, silent, with};
use crate::hazard::What;

/// A rebuild of `users` with these columns, filled by this SELECT; what hangs on the table is put back.
fn rebuild(columns: &str, select: &str) -> String {
    format!(
        "DROP VIEW names; DROP TRIGGER count_points;
         CREATE TABLE new_users ({columns});
         INSERT INTO new_users {select};
         DROP TABLE users;
         ALTER TABLE new_users RENAME TO users;
         CREATE UNIQUE INDEX users_email_key ON users (email);
         CREATE INDEX users_name ON users (name);
         CREATE VIEW names AS SELECT id, name FROM users;
         CREATE TRIGGER count_points AFTER INSERT ON points BEGIN SELECT 1; END;"
    )
}

const COLUMNS: &str =
    "id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, fax TEXT, age INTEGER, plan TEXT";

#[tokio::test]
async fn a_whole_rebuild_is_only_noted() {
    for select in [
        "SELECT * FROM users",
        "SELECT id, email, name, fax, age, plan FROM users",
        "(id, email, name, fax, age, plan) SELECT u.id, u.email, u.name, u.fax, u.age, u.plan FROM users AS u WHERE true",
        "SELECT id, email, name, fax, age, coalesce(plan, 'free') AS plan FROM users",
    ] {
        let lint = expect(&rebuild(COLUMNS, select), &["rebuild-cascades note"]).await;
        assert!(lint.findings[0].message.contains("`comments`"));
        assert!(lint.let_go.iter().all(|gone| gone.what == What::Gaps));
    }
}

#[tokio::test]
async fn by_another_tool_the_children_are_emptied() {
    let sql = rebuild(COLUMNS, "SELECT * FROM users");
    let options = Options {
        rehearsal: true,
        ..Options::default()
    };
    let lint = with(SCHEMA, &[file("1_a.sql", &sql)], &options).await;
    assert_eq!(shown(&lint), ["rebuild-cascades block"]);
    let off = format!("PRAGMA foreign_keys=OFF; {sql} PRAGMA foreign_keys=ON;");
    let lint = with(
        SCHEMA,
        &[file("prisma/migrations/1/migration.sql", &off)],
        &options,
    )
    .await;
    assert!(shown(&lint).is_empty(), "{:?}", lint.findings);
    // In a transaction the pragma does nothing.
    let lint = with(SCHEMA, &[file("1_a.sql", &off)], &options).await;
    assert_eq!(shown(&lint), ["rebuild-cascades block"]);
}

#[tokio::test]
async fn columns_that_are_left_out_are_named() {
    let columns = "id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, age INTEGER, plan TEXT";
    let sql = rebuild(columns, "SELECT id, email, name, age, plan FROM users");
    let lint = expect(&sql, &["rebuild-loses block", "rebuild-cascades note"]).await;
    let finding = &lint.findings[0];
    assert_eq!(finding.table.as_deref(), Some("users.fax"));
    assert_eq!(
        finding.message,
        "2 of 3 rows of `users` have a value in `fax`, which the rebuild leaves out; e.g. id 7, 19"
    );
    let allowed = sql.replace(
        "INSERT INTO",
        "-- dbscript: allow rebuild-loses(users.fax)\nINSERT INTO",
    );
    let lint = online(SCHEMA, &allowed).await;
    assert_eq!(lint.blocking().count(), 0);
    assert!(
        lint.let_go
            .iter()
            .any(|gone| gone.what == What::Column && gone.allowed)
    );
}

#[tokio::test]
async fn rows_that_are_left_out_are_counted() {
    let filtered = |select: &str| rebuild(COLUMNS, select);
    let lint = expect(
        &filtered("SELECT * FROM users WHERE age IS NOT NULL"),
        &["rebuild-loses block", "rebuild-cascades note"],
    )
    .await;
    assert_eq!(
        lint.findings[0].message,
        "1 of 3 rows of `users` would be left out by the WHERE of the copy"
    );
    all(&[
        (
            &filtered("SELECT * FROM users WHERE id > 0"),
            &["rebuild-cascades note"],
        ),
        (
            &filtered("SELECT * FROM users LIMIT 2"),
            &["rebuild-loses block", "rebuild-cascades note"],
        ),
        (
            &filtered("SELECT u.* FROM users u JOIN comments c ON c.user_id = u.id"),
            &["rebuild-loses block", "rebuild-cascades note"],
        ),
        (
            &filtered("SELECT * FROM users").replace("INSERT INTO", "INSERT OR IGNORE INTO"),
            &["rebuild-loses warn", "rebuild-cascades note"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn values_that_change_on_the_way_are_counted() {
    let lint = expect(
        &rebuild(
            COLUMNS,
            "SELECT id, upper(email) AS email, name, fax, age, plan FROM users",
        ),
        &["update-rows block", "rebuild-cascades note"],
    )
    .await;
    assert_eq!(lint.findings[0].table.as_deref(), Some("users.email"));
    expect(
        &rebuild(
            COLUMNS,
            "SELECT id, lower(email), name, fax, age, plan FROM users",
        ),
        &["rebuild-cascades note"],
    )
    .await;
    // The values of two columns change places.
    expect(
        &rebuild(COLUMNS, "SELECT id, email, fax, name, age, plan FROM users"),
        &[
            "rebuild-loses block",
            "rebuild-loses block",
            "rebuild-cascades note",
        ],
    )
    .await;
    let typed =
        "id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, fax INTEGER, age TEXT, plan TEXT";
    expect(
        &rebuild(typed, "SELECT * FROM users"),
        &["rebuild-cascades note"],
    )
    .await;
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, zip TEXT); INSERT INTO t VALUES (1, '01234'), (2, '55555'), (3, 'W1A')";
    let sql = "CREATE TABLE n (id INTEGER PRIMARY KEY, zip INTEGER); INSERT INTO n SELECT * FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t";
    let lint = online(schema, sql).await;
    assert_eq!(shown(&lint), ["narrow-type block"]);
    assert!(
        lint.findings[0].message.starts_with("1 of 3 rows"),
        "{}",
        lint.findings[0].message
    );
}

#[tokio::test]
async fn create_table_as_keeps_values_only() {
    let sql = "DROP VIEW names; DROP TRIGGER count_points; CREATE TABLE n AS SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users";
    let lint = online(SCHEMA, sql).await;
    assert!(shown(&lint).contains(&"rebuild-loses block".to_owned()));
    assert!(
        !shown(&lint)
            .iter()
            .any(|rule| rule.starts_with("drop-table"))
    );
}

#[tokio::test]
async fn what_is_not_brought_back_is_named() {
    let sql = "CREATE TABLE n (id INTEGER PRIMARY KEY, label TEXT, user_id INTEGER); INSERT INTO n SELECT * FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t";
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY);
        CREATE TABLE t (id INTEGER PRIMARY KEY, label TEXT UNIQUE, user_id INTEGER REFERENCES users(id));
        CREATE INDEX by_user ON t (user_id);
        CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END;
        INSERT INTO t VALUES (1, 'a', NULL)";
    let lint = online(schema, sql).await;
    assert_eq!(shown(&lint), ["rebuild-forgets warn"]);
    for part in [
        "trigger `x`",
        "index `by_user`",
        "UNIQUE over `label`",
        "foreign key `user_id` to `users`",
    ] {
        assert!(
            lint.findings[0].message.contains(part),
            "{part}: {}",
            lint.findings[0].message
        );
    }
    let back = format!(
        "{sql}; CREATE UNIQUE INDEX l ON t (label); CREATE INDEX other ON t (user_id); CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END"
    );
    let lint = online(schema, &back).await;
    assert!(
        lint.findings[0]
            .message
            .ends_with("back the foreign key `user_id` to `users`"),
        "{}",
        lint.findings[0].message
    );
}

#[tokio::test]
async fn a_key_to_its_own_table_is_taken_along_by_the_rename() {
    let schema =
        "CREATE TABLE c (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES c (id), n TEXT)";
    for (own, expected) in [
        ("n", Vec::new()),
        ("c", Vec::new()),
        ("other", vec!["rebuild-forgets warn"]),
    ] {
        let sql = format!(
            "CREATE TABLE n (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES {own} (id), n TEXT); INSERT INTO n SELECT * FROM c; DROP TABLE c; ALTER TABLE n RENAME TO c"
        );
        assert_eq!(shown(&online(schema, &sql).await), expected, "{own}");
    }
}

#[tokio::test]
async fn a_rename_fails_while_a_view_reads_the_table() {
    let sql = "CREATE TABLE n (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, fax TEXT, age INTEGER, plan TEXT); INSERT INTO n SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users; CREATE UNIQUE INDEX users_email_key ON users (email); CREATE INDEX users_name ON users (name)";
    let lint = expect(sql, &["rebuild-cascades note", "sqlite-refuses block"]).await;
    assert!(lint.findings[1].fails, "to allow it does not help");
    expect(
        &format!("PRAGMA legacy_alter_table = ON; {sql}"),
        &["rebuild-cascades note"],
    )
    .await;
}

#[tokio::test]
async fn the_old_table_renamed_away_takes_its_children_along() {
    let sql = "ALTER TABLE users RENAME TO old; CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, fax TEXT, age INTEGER, plan TEXT); INSERT INTO users SELECT * FROM old; DROP TABLE old; CREATE INDEX users_name ON users (name)";
    let lint = online(SCHEMA, sql).await;
    assert_eq!(shown(&lint)[0], "rebuild-loses block");
    assert!(
        lint.findings[0]
            .message
            .contains("foreign key of `comments`"),
        "{}",
        lint.findings[0].message
    );
    assert!(
        !shown(&lint)
            .iter()
            .any(|rule| rule.starts_with("drop-table"))
    );
}

#[tokio::test]
async fn there_and_back_over_a_temporary_table() {
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO t VALUES (1, 'x', 'y')";
    let whole = "CREATE TEMPORARY TABLE bak (id, a, b); INSERT INTO bak SELECT id, a, b FROM t; DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO t SELECT id, a, b FROM bak; DROP TABLE bak";
    assert!(shown(&online(schema, whole).await).is_empty());
    let lossy = "CREATE TEMPORARY TABLE bak (id, a); INSERT INTO bak SELECT id, a FROM t; DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t SELECT id, a FROM bak; DROP TABLE bak";
    assert_eq!(shown(&online(schema, lossy).await), ["rebuild-loses block"]);
}

#[tokio::test]
async fn what_the_new_table_demands_is_asked() {
    let demands = |columns: &str| rebuild(columns, "SELECT * FROM users");
    for (columns, rule) in [
        (
            COLUMNS.replace("plan TEXT", "plan TEXT NOT NULL"),
            "set-not-null block",
        ),
        (
            COLUMNS.replace("name TEXT", "name TEXT UNIQUE"),
            "add-unique block",
        ),
        (
            COLUMNS.replace("age INTEGER", "age INTEGER CHECK (age < 35)"),
            "add-check block",
        ),
        (
            COLUMNS.replace("age INTEGER", "age INTEGER REFERENCES empty(id)"),
            "add-foreign-key block",
        ),
        (
            COLUMNS.replace("id INTEGER PRIMARY KEY", "id INTEGER") + ", PRIMARY KEY (name)",
            "change-primary-key block",
        ),
    ] {
        let lint = online(SCHEMA, &demands(&columns)).await;
        assert!(
            shown(&lint).contains(&rule.to_owned()),
            "{columns}: {:#?}",
            lint.findings
        );
    }
    let fits = COLUMNS
        .replace("age INTEGER", "age INTEGER CHECK (age < 50)")
        .replace("fax TEXT", "fax TEXT UNIQUE");
    expect(&demands(&fits), &["rebuild-cascades note"]).await;
    let filled = COLUMNS.replace("plan TEXT", "plan TEXT NOT NULL");
    expect(
        &rebuild(
            &filled,
            "SELECT id, email, name, fax, age, coalesce(plan, 'free') FROM users",
        ),
        &["rebuild-cascades note"],
    )
    .await;
    let required = format!("{COLUMNS}, code TEXT NOT NULL");
    let sql = rebuild(
        &required,
        "(id, email, name, fax, age, plan) SELECT * FROM users",
    );
    expect(
        &sql,
        &["add-required-column block", "rebuild-cascades note"],
    )
    .await;
}

#[tokio::test]
async fn rebuilds_of_new_or_empty_tables_are_silent() {
    silent(&[
        "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2); CREATE TABLE n (a); INSERT INTO n SELECT a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t",
        "CREATE TABLE n (id INTEGER PRIMARY KEY); INSERT INTO n SELECT id FROM empty; DROP TABLE empty; ALTER TABLE n RENAME TO empty",
    ])
    .await;
}

#[tokio::test]
async fn after_a_rebuild_the_table_still_counts() {
    let sql = rebuild(COLUMNS, "SELECT * FROM users");
    expect(
        &format!("{sql} DROP TABLE users;"),
        &["rebuild-cascades note", "drop-table block"],
    )
    .await;
    let before = sql.replace(
        "DROP TABLE users;",
        "DELETE FROM new_users WHERE id = 7; DROP TABLE users;",
    );
    expect(&before, &["delete-rows warn", "rebuild-cascades note"]).await;
}
