//! The schema file rebuilds the schema: in the client people have, and in a restore.

use super::{client, finished, name, program};
use crate::contract::{number, rows};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{BackupSet, Project};
use dbscript::value::Value;

pub(super) const RICH: &str = include_str!("rich.sql");
const AFTER: &str = "-- dbscript: after the rows";

/// A database with one of everything; `None` where there is no MariaDB.
async fn rich() -> Option<Fresh> {
    let fresh = Fresh::new(Database::Mysql).await?;
    let mut session = fresh.session().await;
    if session.info().await.expect("it answers").engine != "mariadb" {
        return None;
    }
    client(
        fresh.url(),
        &RICH.replace("THIS_DATABASE", name(fresh.url())),
    );
    Some(fresh)
}

fn backup(fresh: &Fresh) -> Project {
    let project = Project::new();
    project
        .dbscript(&["run", "backup"])
        .env("DATABASE_URL", fresh.url())
        .go();
    project
}

/// What the server's own dump says of the schema, with the database's name taken out.
pub(super) fn dump(fresh: &Fresh) -> String {
    let arguments = [
        "--no-data",
        "--routines",
        "--triggers",
        "--events",
        "--skip-comments",
        "--skip-lock-tables",
        "--skip-dump-date",
    ];
    let mut command = program("mariadb-dump", fresh.url(), &arguments);
    let text = finished(command.output().expect("it is installed with the client"));
    let text = text.replace(name(fresh.url()), "here");
    // The server keeps the head of a trigger as it was typed.
    let lines = text.lines().map(|line| match line.contains(" TRIGGER ") {
        true => line.replace('`', "").replace("here.", ""),
        false => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn without_counters(dump: &str) -> String {
    let lines = dump
        .lines()
        .map(|line| match line.split_once(" AUTO_INCREMENT=") {
            Some((before, after)) if line.starts_with(") ENGINE") => {
                format!(
                    "{before}{}",
                    after.trim_start_matches(|c: char| c.is_ascii_digit())
                )
            }
            _ => line.to_owned(),
        });
    // The sequence stands where the summary has it.
    let kept = lines.filter(|line| !line.starts_with("SELECT SETVAL("));
    kept.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_rebuilds_a_rich_schema_from_the_file() {
    let Some(fresh) = rich().await else { return };
    let project = backup(&fresh);
    let schema = BackupSet::latest(&project).schema;
    let (before, after) = schema.split_once(AFTER).expect("two parts");
    let copy = fresh.another().await;
    client(copy.url(), before);
    let from = name(fresh.url());
    client(
        copy.url(),
        &format!(
            "SET foreign_key_checks = 0;
             INSERT INTO child SELECT * FROM {from}.child;
             INSERT INTO `order.items` (id, total, e, s, j) SELECT id, total, e, s, j FROM {from}.`order.items`;"
        ),
    );
    client(copy.url(), after);
    let (was, is) = (
        without_counters(&dump(&fresh)),
        without_counters(&dump(&copy)),
    );
    assert_same(&was, &is);
    // The client's session is as it was found.
    let settings = "SELECT @@sql_mode, @@time_zone, @@character_set_client, @@collation_connection, @@foreign_key_checks;";
    let untouched = client(copy.url(), settings);
    let empty = fresh.another().await;
    assert_eq!(
        client(empty.url(), &format!("{schema}\n{settings}")),
        untouched
    );
}

#[track_caller]
pub(super) fn assert_same(was: &str, is: &str) {
    let diff = similar::TextDiff::from_lines(was, is);
    assert_eq!(was, is, "{}", diff.unified_diff());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_rebuilds_a_rich_schema_in_an_empty_database_and_over_itself() {
    let Some(fresh) = rich().await else { return };
    let project = backup(&fresh);
    let restore = |url: &str| {
        project
            .dbscript(&[
                "run",
                "restore",
                "--yes",
                "--from",
                &BackupSet::latest(&project).timestamp,
            ])
            .env("DATABASE_URL", url)
            .stderr_has("`ghostproc` belongs to `nobody here`@`localhost`")
            .go();
    };
    let was = dump(&fresh);
    let copy = fresh.another().await;
    restore(copy.url());
    assert_same(&was, &dump(&copy));
    let timestamp = BackupSet::latest(&project).timestamp;
    client(
        fresh.url(),
        "DROP VIEW a_top; DROP TRIGGER before_b; SET sql_mode = ORACLE; DROP PACKAGE BODY pkg;",
    );
    project
        .dbscript(&["run", "restore", "--yes", "--from", &timestamp])
        .env("DATABASE_URL", fresh.url())
        .go();
    assert_same(&was, &dump(&fresh));
    let mut session = copy.session().await;
    assert_eq!(
        rows(&mut session, "SELECT greets()").await,
        [[Value::Text("Grüße; latin1_german1_ci".to_owned())]]
    );
    assert_eq!(number(&mut session, "SELECT COUNT(*) FROM z_base").await, 2);
    client(copy.url(), "INSERT INTO child VALUES (2, 50, 'x');");
    let note = "SELECT note FROM child WHERE id = 2";
    assert_eq!(
        rows(&mut session, note).await,
        [[Value::Text("x;a;b".to_owned())]]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_only_a_writer_may_read_is_named_and_stops_no_backup() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    if fresh
        .session()
        .await
        .info()
        .await
        .expect("it answers")
        .engine
        != "mariadb"
    {
        return;
    }
    client(
        fresh.url(),
        "CREATE SEQUENCE s; CREATE TABLE t (a INT); CREATE VIEW draws AS SELECT NEXTVAL(s) AS n FROM t;",
    );
    let project = backup(&fresh);
    let summary = BackupSet::latest(&project).summary;
    let left_out = summary["not_included"].to_string();
    assert!(left_out.contains("\"draws\""), "{left_out}");
}

/// Its rows would be stored twice, and written to the tables below it a second time.
#[test]
fn a_merge_table_is_named_as_not_included_and_stays() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(
        "CREATE TABLE m1 (a INT) ENGINE = MyISAM; INSERT INTO m1 VALUES (1);
         CREATE TABLE m2 (a INT) ENGINE = MyISAM; INSERT INTO m2 VALUES (2);
         CREATE TABLE mm (a INT) ENGINE = MERGE UNION = (m1, m2) INSERT_METHOD = LAST",
    );
    let run = project.dbscript(&["run", "backup"]).go();
    assert!(
        run.stderr.contains("`mm`") || run.stderr.contains("mm:"),
        "{}",
        run.stderr
    );
    project.dbscript(&["run", "verify"]).go();
    project.sql("INSERT INTO mm VALUES (3)");
    project.dbscript(&["run", "restore", "--yes"]).go();
    assert_eq!(project.value("SELECT count(*) FROM mm"), "2");
    assert_eq!(project.value("SELECT count(*) FROM m2"), "1");
}
