//! Allowances: what they cover, and what is said of those that cover nothing.

use super::{Options, SCHEMA, file, online, shown, with};
use crate::db::Engine;
use crate::hazard::{SqlFile, What, lint};

async fn flagged(sql: &str, flags: &[&str]) -> super::Lint {
    let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let options = Options {
        allow: &flags,
        rehearsal: true,
        applied_here: true,
    };
    with(SCHEMA, &[file("1_a.sql", sql)], &options).await
}

#[tokio::test]
async fn a_comment_covers_the_statement_right_below() {
    let lint = online(
        SCHEMA,
        "-- dbscript: allow delete-rows\nDELETE FROM settings;\nDELETE FROM users;",
    )
    .await;
    assert_eq!(shown(&lint), ["delete-rows block", "delete-rows block"]);
    assert!(lint.findings[0].allowed.is_some());
    assert!(lint.findings[1].allowed.is_none());
    assert_eq!(lint.blocking().count(), 1);
}

#[tokio::test]
async fn an_object_narrows_it_down() {
    let lint = online(
        SCHEMA,
        "-- dbscript: allow drop-column(users.name)\nALTER TABLE users DROP COLUMN fax",
    )
    .await;
    assert_eq!(shown(&lint), ["unused-allowance warn", "drop-column block"]);
    assert_eq!(lint.findings[0].line, 1);
    let lint = flagged(
        "DELETE FROM settings; DELETE FROM users",
        &["delete-rows(settings)"],
    )
    .await;
    assert_eq!(lint.blocking().count(), 1);
    let lint = flagged(
        "DELETE FROM settings; DROP TABLE users",
        &["delete-rows,drop-table(\"Users\")"],
    )
    .await;
    assert_eq!(lint.blocking().count(), 0);
    assert_eq!(
        lint.findings[0].allowed.as_deref(),
        Some("--allow delete-rows")
    );
}

#[tokio::test]
async fn what_covers_nothing_is_reported() {
    for (sql, line, words) in [
        (
            "DROP TABLE empty; -- dbscript: allow drop-table\nSELECT 1",
            1,
            "beside SQL",
        ),
        (
            "SELECT\n-- dbscript: allow drop-table\n1",
            2,
            "inside a statement",
        ),
        (
            "SELECT 1;\n\n-- dbscript: allow drop-table",
            3,
            "no statement follows",
        ),
        (
            "-- dbscript: allow drop-tabel\nSELECT 1",
            1,
            "no rule is named `drop-tabel`",
        ),
        (
            "-- dbscript: allow drop-table\nSELECT 1",
            1,
            "nothing here needs it",
        ),
    ] {
        let lint = online(SCHEMA, sql).await;
        assert_eq!(shown(&lint), ["unused-allowance warn"], "{sql}");
        assert_eq!(lint.findings[0].line, line, "{sql}");
        assert!(
            lint.findings[0].message.contains(words),
            "{}",
            lint.findings[0].message
        );
    }
    let lint = flagged("SELECT 1", &["drop-table(users)"]).await;
    assert_eq!(shown(&lint), ["unused-allowance warn"]);
    assert_eq!(lint.findings[0].file, "--allow");
}

#[tokio::test]
async fn an_allowance_for_what_meets_no_row_here_is_not_unused() {
    let lint = online(
        SCHEMA,
        "-- dbscript: allow drop-table(empty)\nDROP TABLE empty",
    )
    .await;
    assert!(lint.findings.is_empty());
    assert!(lint.allowances[0].used);
    assert!(lint.let_go[0].allowed);
}

#[tokio::test]
async fn what_a_routine_takes_may_be_allowed_above_its_call() {
    for (engine, sql) in [
        (Engine::Postgres, "SELECT purge();"),
        (Engine::Mariadb, "CALL purge();"),
    ] {
        let text = format!("-- dbscript: allow delete-rows(posts) meant\n{sql}\n");
        let files = [SqlFile {
            name: "1.sql",
            text: &text,
        }];
        let lint = lint(engine, &files, &Options::default(), None).await;
        let lint = lint.expect("no database is asked");
        let rules: Vec<&str> = lint
            .findings
            .iter()
            .map(|found| found.rule.as_str())
            .collect();
        assert!(!rules.contains(&"unused-allowance"), "{sql}: {rules:?}");
        let gone = lint.let_go.iter().find(|gone| gone.table == "posts");
        assert!(
            gone.is_some_and(|gone| gone.allowed && gone.what == What::Rows),
            "{sql}"
        );
    }
}

/// A table that is called as its schema is: `shop.title` of the database `shop` on MySQL.
#[tokio::test]
async fn a_column_of_a_table_named_as_its_schema_is_allowed_by_its_name_and_nothing_else_is() {
    const SCHEMA: &str = "CREATE TABLE main (id INTEGER PRIMARY KEY, title TEXT);
        CREATE TABLE title (id INTEGER PRIMARY KEY, word TEXT);
        CREATE TABLE other (id INTEGER PRIMARY KEY, word TEXT);
        INSERT INTO main VALUES (1, 'a'); INSERT INTO title VALUES (1, 'b'); INSERT INTO other VALUES (1, 'c');";
    let lint = async |sql: &str, flag: &str| {
        let options = Options {
            allow: &[flag.to_owned()],
            rehearsal: true,
            applied_here: true,
        };
        with(SCHEMA, &[file("1_a.sql", sql)], &options).await
    };
    let found = lint("SELECT 1", "update-rows(main.title)").await;
    let gone: Vec<(&str, Option<&str>)> = found
        .let_go
        .iter()
        .map(|gone| (gone.table.as_str(), gone.column.as_deref()))
        .collect();
    assert_eq!(gone, [("main", Some("title"))]);
    for (sql, flag, blocks) in [
        (
            "ALTER TABLE main DROP COLUMN title",
            "drop-column(main.title)",
            0,
        ),
        (
            "ALTER TABLE main DROP COLUMN title",
            "drop-column(title)",
            1,
        ),
        ("DELETE FROM title", "delete-rows(main.title)", 1),
        ("DELETE FROM title", "delete-rows(title)", 0),
        ("DELETE FROM main.other", "delete-rows(main.other)", 0),
        ("DELETE FROM other", "delete-rows(main.other)", 0),
    ] {
        let found = lint(sql, flag).await;
        assert_eq!(found.blocking().count(), blocks, "{sql}: {flag}");
    }
}
