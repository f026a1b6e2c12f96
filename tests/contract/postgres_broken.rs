//! Connections to PostgreSQL that break during a migration: rolled back where that is certain, and told as unknown where
//! the server had been told to commit.

use std::time::Instant;

use dbscript::value::Value;

use super::{number, rows, run};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{PATIENCE, Project};

const MIGRATE: [&str; 5] = ["run", "safe-migration", "--yes", "--rehearse", "off"];

/// Runs a migration whose connection is ended while it runs a statement that begins so.
async fn ended_while(sql: &str, beginning: &str, told: &[&str], never: &str) {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    // What is written to the table takes for ever, at the commit.
    fresh
        .other_program(
            "CREATE TABLE x (a INT);
             CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM pg_sleep(1000); RETURN NULL; END $$;
             CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON x DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION slow()",
        )
        .await;
    let project = Project::new();
    project.file("migrations/0001_a.sql", sql);
    let mut migrating = project
        .dbscript(&MIGRATE)
        .env("DATABASE_URL", fresh.url())
        .status(7)
        .stderr_has("terminating connection")
        .stderr_lacks(never);
    for told in told {
        migrating = migrating.stderr_has(told);
    }
    let migrating = migrating.start();
    let mut session = fresh.session().await;
    let find = format!(
        "SELECT max(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event = 'PgSleep' AND query LIKE '{beginning}%'"
    );
    let deadline = Instant::now() + PATIENCE;
    let process = loop {
        if let Value::Int(process) = rows(&mut session, &find).await[0][0] {
            break process;
        }
        assert!(Instant::now() < deadline, "it never ran");
    };
    run(
        &mut session,
        &format!("SELECT pg_terminate_backend({process})"),
    )
    .await;
    migrating.finish();
    assert_eq!(number(&mut session, "SELECT count(*) FROM x").await, 0);
}

const ROLLED_BACK: &str = "everything was rolled back, the database is as it was";

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_before_the_commit_is_rolled_back() {
    ended_while(
        "CREATE TABLE a (id INT);\nSELECT pg_sleep(1000);",
        "SELECT pg_sleep",
        &[
            "failed at statement 2 of 2",
            ROLLED_BACK,
            "migrations/0001_a.sql:2",
            "again once the server answers",
        ],
        "cannot be known",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_at_the_commit_leaves_unknown_whether_it_took_effect() {
    ended_while(
        "CREATE TABLE a (id INT);\nINSERT INTO x VALUES (1);",
        "COMMIT",
        &[
            "migration 1 failed; the connection broke at the commit, and it cannot be known whether that took effect",
            "dbscript status",
            "dbscript run restore",
        ],
        "rolled back",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_while_a_migration_is_recorded_leaves_unknown_whether_it_is() {
    ended_while(
        "-- no-transaction\nCREATE TRIGGER slow AFTER UPDATE ON _sqlx_migrations FOR EACH ROW EXECUTE FUNCTION slow();",
        "UPDATE _sqlx_migrations",
        &[
            "statement 1 is done and stays; the connection broke while it was recorded, \
             and it cannot be known whether that took effect",
            "dbscript status",
        ],
        "undo those statements",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_outside_a_transaction_leaves_its_statement_unknown() {
    ended_while(
        "-- no-transaction\nCREATE TABLE a (id INT);\nSELECT pg_sleep(1000);",
        "SELECT pg_sleep",
        &[
            "statement 1 is done and stays; the connection broke at statement 2 of 2 (migrations/0001_a.sql:3), \
             and it cannot be known whether that statement took effect",
            "dbscript status",
        ],
        "rolled back",
    )
    .await;
}
