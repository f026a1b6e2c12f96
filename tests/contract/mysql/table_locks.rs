//! Tables with one lock for all who use them: those of MyISAM, Aria and MEMORY.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use dbscript::db::{Begin, Engine};
use dbscript::ident::TableName;

use super::client;
use super::swaps::waiting;
use crate::contract::number;
use crate::contract::snapshots::{lines, table};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{PATIENCE, Project};

/// Those of the server; Aria is MariaDB's own.
async fn engines() -> Vec<&'static str> {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return Vec::new();
    };
    engines_of(fresh.session().await.engine() == Engine::Mariadb)
}

fn engines_of(is_mariadb: bool) -> Vec<&'static str> {
    match is_mariadb {
        true => vec!["MyISAM", "Aria", "MEMORY"],
        false => vec!["MyISAM", "MEMORY"],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_lock_of_a_restore_keeps_its_backup_waiting_no_longer() {
    for engine in engines().await {
        let Some(fresh) = Fresh::new(Database::Mysql).await else {
            return;
        };
        client(
            fresh.url(),
            &format!("CREATE TABLE y (a INT) ENGINE = {engine}; INSERT INTO y VALUES (1)"),
        );
        let mut session = fresh.session().await;
        let mut other = fresh.session().await;
        session.begin(Begin::Rebuild).await.expect("it begins");
        let url = fresh.url().to_owned();
        let writing = std::thread::spawn(move || client(&url, "UPDATE y SET a = a + 1"));
        waiting(&mut other, &fresh, "UPDATE y").await;
        let begun = Instant::now();
        for readers in [1, 2] {
            let snapshot = fresh.target().snapshot(readers).await;
            let mut snapshot = snapshot.expect("it waits for nobody");
            let y = table(&snapshot, "y");
            let read = lines(snapshot.readers[0].as_mut(), &y).await;
            assert_eq!(read, ["{\"a\":1}"]);
        }
        let counted = session.count(&TableName::plain("y")).await;
        assert_eq!(counted.expect("it waits for nobody"), 1);
        session.orphans().await.expect("it waits for nobody");
        assert!(begun.elapsed().as_secs() < 25, "{engine}: it waited");
        session.rollback_all().await.expect("it goes away");
        writing.join().expect("the writer goes on");
    }
}

/// An ALTER that waits keeps readers out, on every engine.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_behind_whose_lock_an_alter_waits_gives_up_and_says_why() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    client(fresh.url(), "CREATE TABLE t (a INT)");
    let mut session = fresh.session().await;
    let mut other = fresh.session().await;
    session.begin(Begin::Rebuild).await.expect("it begins");
    let url = fresh.url().to_owned();
    let altering = std::thread::spawn(move || client(&url, "ALTER TABLE t ADD COLUMN b INT"));
    waiting(&mut other, &fresh, "ALTER TABLE t").await;
    let snapshot = tokio::time::timeout(PATIENCE, fresh.target().snapshot(1)).await;
    let refused = snapshot.expect("it gives up").err().expect("it was kept");
    assert!(refused.to_string().contains("30 seconds"), "{refused}");
    session.rollback_all().await.expect("it goes away");
    altering.join().expect("the other goes on");
}

/// So does one that waits for a transaction which is no restore's.
#[tokio::test(flavor = "multi_thread")]
async fn what_looks_at_tables_behind_an_alter_that_waits_gives_up_and_says_why() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    client(
        fresh.url(),
        "CREATE TABLE t (a INT PRIMARY KEY); CREATE TABLE c (a INT, FOREIGN KEY (a) REFERENCES t (a))",
    );
    let mut holder = fresh.session().await;
    holder.begin(Begin::Write).await.expect("it begins");
    number(&mut holder, "SELECT COUNT(*) FROM t").await;
    let url = fresh.url().to_owned();
    let altering = std::thread::spawn(move || client(&url, "ALTER TABLE t ADD COLUMN b INT"));
    let mut other = fresh.session().await;
    waiting(&mut other, &fresh, "ALTER TABLE t").await;
    let mut counting = fresh.reader().await;
    let mut writing = fresh.session().await;
    let was = number(&mut counting, "SELECT @@lock_wait_timeout").await;
    let (t, target) = (TableName::plain("t"), fresh.target());
    let looks = async { tokio::join!(counting.count(&t), writing.orphans(), target.snapshot(2),) };
    let looks = tokio::time::timeout(PATIENCE, looks).await;
    let (counted, orphans, snapshot) = looks.expect("they give up");
    let refused = [counted.err(), orphans.err(), snapshot.err()];
    for refused in refused {
        let refused = refused.expect("it was kept").to_string();
        assert!(
            refused.contains("have kept the tables for 30 seconds"),
            "{refused}"
        );
    }
    // What a session waits for later is no matter of that.
    let is = number(&mut counting, "SELECT @@lock_wait_timeout").await;
    assert_eq!(is, was);
    holder.rollback_all().await.expect("it goes away");
    altering.join().expect("the other goes on");
    assert_eq!(counting.count(&t).await.expect("it is free"), 0);
}

#[test]
fn a_restore_of_tables_that_others_update_all_the_time_comes_to_its_end() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let engines = engines_of(project.value("SELECT VERSION()").contains("MariaDB"));
    for engine in &engines {
        let name = engine.to_lowercase();
        project.sql(&format!(
            "CREATE TABLE {name} (id INT PRIMARY KEY, n INT) ENGINE = {engine}; INSERT INTO {name} VALUES (1, 0)"
        ));
    }
    project.dbscript(&["run", "backup"]).go();
    let stop = Arc::new(AtomicBool::new(false));
    let writers = engines.into_iter().map(|engine| {
        let (stop, mut holder) = (stop.clone(), project.holder());
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let name = engine.to_lowercase();
                holder.sql(&format!("UPDATE {name} SET n = n + 1 WHERE id = 1"));
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let restore = ["--json", "--timeout", "60", "run", "restore", "--yes"];
    let run = project.dbscript(&restore).unchecked();
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.join().expect("the writer goes on");
    }
    // Who waited has written to the old tables, which is no success like any other.
    let end = run.end();
    let written = &end["result"]["written_meanwhile"];
    let Some(database) = written["database"].as_str() else {
        assert_eq!(end["exit_code"], 0, "{}", run.told());
        return;
    };
    assert_eq!(end["exit_code"], 5, "{}", run.told());
    let message = end["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains(database), "{message}");
    for table in written["tables"].as_array().expect("a list") {
        let name = table.as_str().expect("a name");
        let kept = project.value(&format!("SELECT n FROM `{database}`.`{name}`"));
        assert_ne!(kept, "0");
    }
}

/// Where there are no transactions a row that is changed is no other number of rows, and MEMORY has no times.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_writer_who_waited_changed_in_the_old_table_is_noticed_and_kept() {
    for engine in engines().await {
        let Some(fresh) = Fresh::new(Database::Mysql).await else {
            return;
        };
        client(
            fresh.url(),
            &format!(
                "CREATE TABLE y (a INT) ENGINE = {engine}; INSERT INTO y VALUES (1);
                 CREATE TABLE quiet (a INT) ENGINE = {engine}; INSERT INTO quiet VALUES (1)"
            ),
        );
        let mut session = fresh.session().await;
        let mut other = fresh.session().await;
        session.begin(Begin::Rebuild).await.expect("it begins");
        session.drop_all().await.expect("a database beside");
        for table in ["y", "quiet"] {
            let sql = format!("CREATE TABLE {table} (a INT) ENGINE = {engine}");
            session.run(&sql).await.expect("it is made");
        }
        let url = fresh.url().to_owned();
        let writing = std::thread::spawn(move || client(&url, "UPDATE y SET a = a + 1"));
        waiting(&mut other, &fresh, "UPDATE y").await;
        session.commit().await.expect("it is put in place");
        writing.join().expect("the writer goes on");
        let overtaken = session.overtaken().await.expect("it answers");
        let Some(overtaken) = overtaken else {
            let sql = "SELECT count(*) FROM y";
            assert_eq!(
                number(&mut other, sql).await,
                0,
                "{engine}: the write is lost"
            );
            panic!("{engine}: who waits for the lock of such a table goes first");
        };
        assert_eq!(overtaken.tables, ["y"], "{engine}");
        let sql = format!("SELECT a FROM `{}`.y", overtaken.database);
        assert_eq!(number(&mut other, &sql).await, 2, "{engine}");
    }
}
