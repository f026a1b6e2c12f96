//! Connections that break and statements that are stopped: the message tells the state, and no lock stays behind.

use std::time::Instant;

use dbscript::db::{Begin, Session};
use dbscript::value::Value;

use crate::contract::{number, run};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{PATIENCE, Project, Signal};

async fn fresh() -> Option<(Fresh, Project)> {
    let fresh = Fresh::new(Database::Mysql).await?;
    fresh
        .other_program("CREATE TABLE x (a INT PRIMARY KEY); INSERT INTO x VALUES (1)")
        .await;
    let project = Project::new();
    project.file(
        "migrations/0001_a.sql",
        "CREATE TABLE a (id INT);\nINSERT INTO a VALUES (1);\n\
         INSERT INTO a SELECT 2 FROM x WHERE BENCHMARK(1000000000000, SHA2('a', 256)) >= 0;\nCREATE TABLE b (id INT);",
    );
    Some((fresh, project))
}

/// The connection that runs the migration's endless statement, once it does.
async fn endless(session: &mut Session) -> i64 {
    running(session, "INSERT INTO a SELECT").await
}

/// The connection that runs a statement that begins so, once it does.
async fn running(session: &mut Session, beginning: &str) -> i64 {
    let deadline = Instant::now() + PATIENCE;
    let sql = format!(
        "SELECT MAX(ID) FROM information_schema.PROCESSLIST
         WHERE DB = DATABASE() AND CAST(INFO AS BINARY) LIKE '{beginning}%'"
    );
    loop {
        // MySQL cannot list processes while one of them runs a statement with bytes that are no text.
        let found = session.query(&sql, &[], 1).await;
        if let Ok(found) = found
            && let Value::Int(number) = found.rows[0][0]
        {
            return number;
        }
        assert!(Instant::now() < deadline, "it never ran");
    }
}

/// Half of a migration is in; its lock is free, its statement ended, and the state is told.
async fn half_done(fresh: &Fresh, project: &Project) {
    let mut session = fresh.session().await;
    session.lock_migrations(0).await.expect("no lock is left");
    session.unlock_migrations().await.expect("it is given back");
    assert_eq!(
        number(&mut session, "SELECT COUNT(*) FROM a").await,
        0,
        "rolled back"
    );
    assert_eq!(
        number(&mut session, "SELECT SUM(a) FROM x").await,
        1,
        "rolled back"
    );
    let row = "SELECT COUNT(*) FROM _sqlx_migrations WHERE NOT success";
    assert_eq!(number(&mut session, row).await, 1);
    let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", fresh.url());
    go(&["status"]).stdout_has("failed").go();
    go(&["run", "safe-migration", "--yes"])
        .status(3)
        .stderr_has("migration 1 (a) is half applied")
        .stderr_has("dbscript run restore")
        .go();
    go(&["run", "restore", "--yes"]).go();
    let tables = "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()";
    assert_eq!(number(&mut session, tables).await, 1);
}

const MIGRATE: [&str; 5] = ["run", "safe-migration", "--yes", "--rehearse", "off"];

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_killed_during_a_migration_leaves_a_state_that_is_told() {
    let Some((fresh, project)) = fresh().await else {
        return;
    };
    let migrating = project
        .dbscript(&MIGRATE)
        .env("DATABASE_URL", fresh.url())
        .status(7)
        .stderr_has("statement 1 is done and stays")
        .stderr_has("the connection to the server broke")
        .stderr_has("dbscript run restore")
        .start();
    let mut session = fresh.session().await;
    let connection = endless(&mut session).await;
    run(&mut session, &format!("KILL {connection}")).await;
    migrating.finish();
    half_done(&fresh, &project).await;
}

/// A migration whose second statement is DDL that waits for another program, and whose connection then breaks.
async fn killed_while_it_alters(sql: &str, told: &[&str]) {
    let Some((fresh, project)) = fresh().await else {
        return;
    };
    project.file("migrations/0001_a.sql", sql);
    let mut migrating = project
        .dbscript(&MIGRATE)
        .env("DATABASE_URL", fresh.url())
        .status(7)
        .stderr_has("the connection to the server broke")
        .stderr_has("dbscript status")
        .stderr_has("dbscript run restore")
        .stderr_lacks("the database is as it was")
        .stderr_lacks("none is done");
    for told in told {
        migrating = migrating.stderr_has(told);
    }
    let mut blocker = fresh.session().await;
    blocker.begin(Begin::Write).await.expect("it begins");
    number(&mut blocker, "SELECT SUM(a) FROM x").await;
    let migrating = migrating.start();
    let mut session = fresh.session().await;
    let connection = running(&mut session, "ALTER TABLE x").await;
    run(&mut session, &format!("KILL CONNECTION {connection}")).await;
    migrating.finish();
    blocker.rollback().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_at_the_first_ddl_leaves_unknown_whether_it_took_effect() {
    killed_while_it_alters(
        "ALTER TABLE x ADD COLUMN b INT;\nCREATE TABLE b (id INT);",
        &[
            "failed at statement 1 of 2; the connection broke at statement 1 of 2 (migrations/0001_a.sql:1), \
             and it cannot be known whether that statement took effect",
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_at_a_later_ddl_also_says_what_stays() {
    killed_while_it_alters(
        "CREATE TABLE b (id INT);\nALTER TABLE x ADD COLUMN b INT;",
        &[
            "failed at statement 2 of 2; statement 1 is done and stays; the connection broke at statement 2 of 2 \
             (migrations/0001_a.sql:2), and it cannot be known",
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_one_outside_a_transaction() {
    killed_while_it_alters(
        "-- no-transaction\nALTER TABLE x ADD COLUMN b INT;",
        &["the connection broke at statement 1 of 1 (migrations/0001_a.sql:2), and it cannot be known"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_at_rows_before_any_ddl_is_rolled_back() {
    let Some((fresh, project)) = fresh().await else {
        return;
    };
    project.file(
        "migrations/0001_a.sql",
        "INSERT INTO x SELECT 2 FROM x WHERE BENCHMARK(1000000000000, SHA2('a', 256)) >= 0;",
    );
    let migrating = project
        .dbscript(&MIGRATE)
        .env("DATABASE_URL", fresh.url())
        .status(7)
        .stderr_has(
            "failed at statement 1 of 1; everything was rolled back, the database is as it was",
        )
        .stderr_has("migrations/0001_a.sql:1")
        .stderr_has("again once the server answers")
        .start();
    let mut session = fresh.session().await;
    let connection = running(&mut session, "INSERT INTO x SELECT").await;
    run(&mut session, &format!("KILL CONNECTION {connection}")).await;
    migrating.finish();
    assert_eq!(number(&mut session, "SELECT SUM(a) FROM x").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_during_a_migration_stops_its_statement_and_gives_the_lock_back() {
    let Some((fresh, project)) = fresh().await else {
        return;
    };
    let migrating = project
        .dbscript(&MIGRATE)
        .env("DATABASE_URL", fresh.url())
        .status(130)
        .stderr_has("statement 1 is done and stays")
        .start();
    let mut session = fresh.session().await;
    endless(&mut session).await;
    migrating.signal(Signal::Interrupt);
    migrating.finish();
    half_done(&fresh, &project).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_limit_during_a_migration_does_the_same() {
    let Some((fresh, project)) = fresh().await else {
        return;
    };
    let words = [&["--timeout", "5"], &MIGRATE[..]].concat();
    project
        .dbscript(&words)
        .env("DATABASE_URL", fresh.url())
        .status(124)
        .stderr_has("statement 1 is done and stays")
        .go();
    half_done(&fresh, &project).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_migration_leaves_no_lock_once_its_statement_has_ended() {
    let Some((fresh, project)) = fresh().await else {
        return;
    };
    let migrating = project
        .dbscript(&MIGRATE)
        .env("DATABASE_URL", fresh.url())
        .killed()
        .start();
    let mut session = fresh.session().await;
    let connection = endless(&mut session).await;
    migrating.signal(Signal::Kill);
    migrating.finish();
    // The server goes on with what it was told; nobody migrates meanwhile.
    let mut next = fresh.session().await;
    next.lock_migrations(0).await.expect_err("it is held");
    run(&mut session, &format!("KILL QUERY {connection}")).await;
    next.lock_migrations(60_000)
        .await
        .expect("it is given back");
    drop(next);
    half_done(&fresh, &project).await;
}
