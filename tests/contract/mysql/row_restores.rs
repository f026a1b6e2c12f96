//! The rows of some tables, restored into a database that stays as it is.

use dbscript::db::{Begin, Error};
use dbscript::ident::TableName;

use super::name;
use crate::contract::{number, run};
use crate::harness::databases::Database;
use crate::harness::{Project, Signal, wait_until};

fn saved(sql: &str) -> Option<Project> {
    let project = Project::on(Database::Mysql)?;
    project.sql(sql);
    project.dbscript(&["run", "backup"]).go();
    Some(project)
}

/// It was only seen once other tables were empty.
#[test]
fn a_trigger_that_would_fire_is_seen_before_any_table_is_emptied() {
    let tables = "CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1); CREATE TABLE log (m VARCHAR(20));
        CREATE TRIGGER td AFTER DELETE ON p FOR EACH ROW INSERT INTO log VALUES ('del');
        CREATE TABLE flat (id INT PRIMARY KEY) ENGINE = MyISAM; INSERT INTO flat VALUES (1), (2);";
    let Some(project) = saved(tables) else {
        return;
    };
    for last in ["--plan", "--yes"] {
        let words = ["run", "restore", last, "--tables", "flat,p"];
        let run = project.dbscript(&words).status(3);
        run.stderr_has("its trigger `td` would fire").go();
    }
    assert_eq!(project.value("SELECT COUNT(*) FROM flat"), "2");
}

#[test]
fn rows_that_another_database_points_to_do_not_go() {
    let Some(project) = saved("CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1)")
    else {
        return;
    };
    let here = name(project.url().expect("a server")).to_owned();
    let other = format!("{here}_outside");
    project.sql(&format!(
        "INSERT INTO p VALUES (3); CREATE DATABASE {other};
         CREATE TABLE {other}.c (p_id INT, FOREIGN KEY (p_id) REFERENCES {here}.p (id));
         INSERT INTO {other}.c VALUES (3)"
    ));
    let words = ["run", "restore", "--yes", "--tables", "p"];
    let refused = project.dbscript(&words).unchecked();
    assert!(
        refused.told().contains(&format!("{other}.c")),
        "{}",
        refused.told()
    );
    assert_ne!(refused.status, Some(0), "{}", refused.told());
    assert_eq!(project.value("SELECT COUNT(*) FROM p"), "2");
    project.sql(&format!("DELETE FROM {other}.c"));
    project.dbscript(&words).go();
    assert_eq!(project.value("SELECT COUNT(*) FROM p"), "1");
    project.sql(&format!("DROP DATABASE {other}"));
}

/// What it says to type would else replace every table.
#[test]
fn a_killed_restore_of_some_tables_is_told_with_these_tables() {
    let tables = "CREATE TABLE slow (id INT PRIMARY KEY); INSERT INTO slow VALUES (1); CREATE TABLE other (id INT);
        INSERT INTO other VALUES (1)";
    let Some(project) = saved(tables) else {
        return;
    };
    let mut holder = project.holder();
    holder.sql("BEGIN; SELECT * FROM slow LOCK IN SHARE MODE");
    let words = ["run", "restore", "--yes", "--tables", "slow"];
    let run = project.dbscript(&words).killed().start();
    let waits = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'DELETE FROM `slow`%'";
    wait_until("it waits", || project.value(waits) != "0");
    run.signal(Signal::Kill);
    run.finish();
    drop(holder);
    let status = project.dbscript(&["status"]).go().stdout;
    assert!(status.contains(" --tables slow`"), "{status}");
    let told = "of tables without transactions the rows may be gone";
    assert!(status.contains(told), "{status}");
}

/// The driver's handshake would make the names of functions words that no table has.
#[test]
fn a_table_may_be_named_as_a_function_and_routines_keep_their_mode() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.file(
        "migrations/1_names.sql",
        "CREATE TABLE count (id INT);\nINSERT INTO count (id) VALUES (1);\nCREATE PROCEDURE p() SELECT 1;\n",
    );
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    let modes = "SELECT COUNT(*) FROM information_schema.ROUTINES
        WHERE ROUTINE_SCHEMA = DATABASE() AND SQL_MODE LIKE '%IGNORE_SPACE%'";
    assert_eq!(project.value(modes), "0");
}

/// Whoever waited for the lock goes first: the right to it was not what failed.
#[tokio::test(flavor = "multi_thread")]
async fn who_wrote_as_the_lock_was_given_up_is_not_told_as_a_right_that_is_missing() {
    let Some((fresh, mut session)) = super::swaps::fresh().await else {
        return;
    };
    session.begin(Begin::Rebuild).await.expect("it begins");
    let mut other = fresh.session().await;
    let mut writer = fresh.session().await;
    let writing = tokio::spawn(async move {
        run(&mut writer, "INSERT INTO log VALUES (8)").await;
    });
    super::swaps::waiting(&mut other, &fresh, "INSERT INTO log").await;
    let cleared = session.clear(&TableName::plain("log")).await;
    session.rollback_all().await.expect("it goes away");
    writing.await.expect("the writer goes on");
    assert_eq!(number(&mut other, "SELECT COUNT(*) FROM log").await, 1);
    if let Err(error) = cleared {
        let Error::Unsupported { message, hint } = error else {
            panic!("{error}");
        };
        assert!(message.contains("have written to `log`"), "{message}");
        assert!(hint.contains("they were locked"), "{hint}");
    }
}
