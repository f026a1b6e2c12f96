//! Tables with one lock for all who use them: those of MyISAM, Aria and MEMORY.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use dbscript::db::Begin;
use dbscript::ident::TableName;

use super::client;
use super::swaps::waiting;
use crate::contract::snapshots::{lines, table};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{PATIENCE, Project};

const ENGINES: [&str; 3] = ["MyISAM", "Aria", "MEMORY"];

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_lock_of_a_restore_keeps_its_backup_waiting_no_longer() {
    for engine in ENGINES {
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

#[test]
fn a_restore_of_tables_that_others_update_all_the_time_comes_to_its_end() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    for engine in ENGINES {
        let name = engine.to_lowercase();
        project.sql(&format!(
            "CREATE TABLE {name} (id INT PRIMARY KEY, n INT) ENGINE = {engine}; INSERT INTO {name} VALUES (1, 0)"
        ));
    }
    project.dbscript(&["run", "backup"]).go();
    let stop = Arc::new(AtomicBool::new(false));
    let writers = ENGINES.map(|engine| {
        let (stop, mut holder) = (stop.clone(), project.holder());
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let name = engine.to_lowercase();
                holder.sql(&format!("UPDATE {name} SET n = n + 1 WHERE id = 1"));
            }
        })
    });
    let restore = ["--timeout", "60", "run", "restore", "--yes"];
    project.dbscript(&restore).go();
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.join().expect("the writer goes on");
    }
}
