//! Questions that the database does not answer: one hazard then stays open, and everything else is asked.

use dbscript::db::{Access, Begin, Engine, Target};
use dbscript::event::Severity;
use dbscript::hazard::{self, Lint, SqlFile, What};

use super::{database, judged, judged_with, message, run, said};
use crate::harness::databases::{Database, Said, on_every_database};
use crate::harness::{Fresh, PASSWORD};

on_every_database! {
    a_question_that_fails_leaves_the_transaction_usable,
    a_condition_that_would_write_is_not_run,
    a_condition_that_raises_could_not_be_asked,
    an_allowance_lets_go_of_exactly_that,
    without_a_right_it_is_said_that_it_could_not_be_asked,
}

const SCHEMA: &str = "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(40), fax VARCHAR(40)); \
     INSERT INTO people VALUES (7, 'Ada', '1'), (19, 'Bob', NULL)";

async fn lint_in_transaction(fresh: &Fresh, sql: &str) -> (Lint, usize) {
    let mut session = fresh.session().await;
    session.begin(Begin::Write).await.expect("it begins");
    let file = SqlFile {
        name: "1_a.sql",
        text: sql,
    };
    let options = hazard::Options::default();
    let lint = hazard::lint(session.engine(), &[file], &options, Some(&mut session)).await;
    let lint = lint.expect("a refused question is no failure");
    let rows = session.query("SELECT count(*) FROM people", &[], 1).await;
    (lint, rows.map_or(0, |rows| rows.rows.len()))
}

async fn a_question_that_fails_leaves_the_transaction_usable(fresh: Fresh) {
    let fresh = database(&fresh, SCHEMA).await;
    let sql = "DELETE FROM people WHERE no_such_function(id) = 1; DELETE FROM people WHERE id = 7";
    let (lint, answered) = lint_in_transaction(&fresh, sql).await;
    assert_eq!(answered, 1, "the transaction goes on");
    assert_eq!(said(&lint), ["delete-rows warn", "delete-rows block"]);
    assert!(
        lint.findings[0].message.contains("could not be asked"),
        "{:?}",
        lint.findings[0]
    );
}

async fn a_condition_that_would_write_is_not_run(fresh: Fresh) {
    // SQLite has no functions of its users.
    let Some(function) = fresh.said(Said {
        sqlite: None, postgres: Some("CREATE FUNCTION wipe() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN DELETE FROM people; RETURN true; END'"), mysql: Some("CREATE FUNCTION wipe() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN UPDATE people SET fax = 'gone'; RETURN 1; END") }) else { return };
    let fresh = database(&fresh, SCHEMA).await;
    fresh.other_program(function).await;
    let options = hazard::Options::default();
    let mut session = fresh.session().await;
    let file = SqlFile {
        name: "1_a.sql",
        text: "DELETE FROM people WHERE wipe() = wipe()",
    };
    let lint = hazard::lint(session.engine(), &[file], &options, Some(&mut session)).await;
    let lint = lint.expect("a refused question is no failure");
    assert_eq!(
        lint.findings[0].severity,
        Severity::Warn,
        "{:?}",
        lint.findings
    );
    let left = session
        .query("SELECT count(*) FROM people WHERE fax = '1'", &[], 1)
        .await
        .expect("it answers");
    assert_eq!(
        left.rows[0][0],
        dbscript::value::Value::Int(1),
        "nothing was written"
    );
}

async fn a_condition_that_raises_could_not_be_asked(fresh: Fresh) {
    let Some(function) = fresh.said(Said {
        sqlite: None,
        postgres: Some("CREATE FUNCTION picky(v text) RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN RAISE EXCEPTION 'no %', v; END $$"),
        mysql: Some("CREATE FUNCTION picky(v text) RETURNS INT DETERMINISTIC NO SQL BEGIN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no Ada'; RETURN 1; END"),
    }) else {
        return;
    };
    let fresh = database(&fresh, SCHEMA).await;
    fresh.other_program(function).await;
    let lint = judged(&fresh, "DELETE FROM people WHERE picky(name) = 1").await;
    assert_eq!(said(&lint), ["delete-rows warn"], "{:?}", lint.findings);
    let told = &lint.findings[0].message;
    assert!(told.contains("could not be asked"), "{told}");
    assert!(!told.contains("Ada"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_using_that_raises_fails_and_says_nothing_of_the_row() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    let fresh = database(&fresh, SCHEMA).await;
    fresh
        .other_program(
            "CREATE FUNCTION picky(v text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'no %', v; END $$;
             CREATE FUNCTION is_good(v int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
                $$ BEGIN RAISE EXCEPTION 'no %', v USING ERRCODE = '22023'; END $$;
             CREATE DOMAIN good AS int CHECK (is_good(VALUE))",
        )
        .await;
    for change in [
        "name TYPE int USING picky(name)",
        "id TYPE good",
        "id TYPE good USING id",
    ] {
        let sql = format!("ALTER TABLE people ALTER COLUMN {change}");
        let told = message(&fresh, &sql).await;
        assert!(told.contains("refuses it"), "{sql}: {told}");
        assert!(!told.contains("no Ada") && !told.contains("no 7"), "{told}");
        run(&fresh, &sql).await.expect_err("it raises");
    }
}

async fn an_allowance_lets_go_of_exactly_that(fresh: Fresh) {
    let fresh = database(&fresh, SCHEMA).await;
    let drop = "ALTER TABLE people DROP COLUMN fax";
    for (sql, allow) in [
        (
            format!("-- dbscript: allow drop-column(people.fax) copied\n{drop}"),
            vec![],
        ),
        (drop.to_owned(), vec!["drop-column(people.fax)".to_owned()]),
    ] {
        let options = hazard::Options {
            allow: &allow,
            ..hazard::Options::default()
        };
        let lint = judged_with(&fresh, &sql, &options).await;
        assert_eq!(lint.blocking().count(), 0, "{:?}", lint.findings);
        assert_eq!(lint.let_go.len(), 1);
        let gone = &lint.let_go[0];
        assert_eq!(
            (gone.table.as_str(), gone.column.as_deref(), gone.what),
            ("people", Some("fax"), What::Column)
        );
        assert!(gone.allowed);
    }
    let other = vec!["drop-column(people.name)".to_owned()];
    let options = hazard::Options {
        allow: &other,
        ..hazard::Options::default()
    };
    let lint = judged_with(&fresh, drop, &options).await;
    assert_eq!(lint.blocking().count(), 1);
    assert_eq!(
        lint.findings
            .iter()
            .filter(|finding| finding.rule == "unused-allowance")
            .count(),
        1
    );
}

async fn without_a_right_it_is_said_that_it_could_not_be_asked(fresh: Fresh) {
    let fresh = database(&fresh, SCHEMA).await;
    let database = fresh
        .url()
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let user = format!("limited_{}", database.trim_start_matches("test_"));
    let Some(grant) = fresh.said(Said {
        sqlite: None, postgres: Some(format!("CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'; GRANT UPDATE ON people TO {user}")), mysql: Some(format!("CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'; GRANT ALTER, DROP ON {database}.people TO {user}@'127.0.0.1'")) }) else { return };
    fresh.other_program(&grant).await;
    let url = fresh.url().replace("tester:", &format!("{user}:"));
    let target = Target::parse(&url, fresh.folder()).expect("the URL is good");
    let mut session = target.connect(Access::default()).await.expect("it opens");
    let engine: Engine = session.engine();
    let file = SqlFile {
        name: "1_a.sql",
        text: "DROP TABLE people",
    };
    let lint = hazard::lint(
        engine,
        &[file],
        &hazard::Options::default(),
        Some(&mut session),
    )
    .await;
    let lint = lint.expect("a missing right is no failure of the lint");
    assert_eq!(said(&lint), ["drop-table warn"], "{:?}", lint.findings);
    assert!(
        lint.findings[0].message.contains("could not be asked"),
        "{:?}",
        lint.findings
    );
}
