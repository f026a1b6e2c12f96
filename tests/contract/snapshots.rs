//! A snapshot shows one moment, whatever others write meanwhile.

use dbscript::db::{Begin, Chunk, Reader, Snapshot, Table};
use dbscript::ident::TableName;
use dbscript::value::Value;
use tokio::sync::mpsc;

use super::{number, run};
use crate::harness::Fresh;
use crate::harness::databases::{Said, on_every_database};

on_every_database! {
    tables_emptied_altered_and_dropped_meanwhile_are_read_whole,
    what_others_write_later_is_not_seen,
    all_readers_see_the_same_moment_under_steady_writing,
    a_snapshot_that_is_dropped_lets_the_others_go_on,
    a_reader_whose_listener_is_gone_stops,
}

/// Every engine's snapshots must let writers write; SQLite's do in WAL mode.
async fn let_writers_write(fresh: &Fresh) {
    if fresh.target().file().is_some() {
        fresh.other_program("PRAGMA journal_mode = WAL").await;
    }
}

async fn snapshot(fresh: &Fresh, readers: usize) -> Snapshot {
    fresh
        .target()
        .snapshot(readers)
        .await
        .expect("a snapshot can be made")
}

pub(super) fn table(snapshot: &Snapshot, name: &str) -> Table {
    let table = snapshot.catalog.table(&TableName::plain(name));
    table.unwrap_or_else(|| panic!("no `{name}`")).clone()
}

/// A table's lines, and that the counts agree.
pub(super) async fn lines(reader: &mut dyn Reader, table: &Table) -> Vec<String> {
    let columns: Vec<_> = table.stored_columns().cloned().collect();
    let (sender, mut receiver) = mpsc::channel::<Chunk>(2);
    let collect = async {
        let (mut text, mut rows) = (Vec::new(), 0);
        while let Some(chunk) = receiver.recv().await {
            text.extend_from_slice(&chunk.lines);
            rows += chunk.rows;
        }
        (text, rows)
    };
    let (read, (text, rows)) = tokio::join!(reader.read_lines(table, &columns, sender), collect);
    assert_eq!(read.expect("the table is readable"), rows);
    let text = String::from_utf8(text).expect("JSON is UTF-8");
    let lines: Vec<String> = text.split_terminator('\n').map(str::to_owned).collect();
    assert_eq!(lines.len() as u64, rows);
    lines
}

async fn what_others_write_later_is_not_seen(fresh: Fresh) {
    let_writers_write(&fresh).await;
    fresh
        .other_program(
            "CREATE TABLE t (a INTEGER); CREATE TABLE gone (a INTEGER);
             INSERT INTO t VALUES (1), (2); INSERT INTO gone VALUES (7)",
        )
        .await;
    let mut before = snapshot(&fresh, 2).await;
    fresh
        .other_program("DELETE FROM t WHERE a = 1; INSERT INTO t VALUES (3)")
        .await;
    if fresh.target().file().is_some() {
        // On servers a snapshot keeps what it reads from being altered: the others wait.
        fresh
            .other_program(
                "ALTER TABLE t ADD COLUMN b INTEGER; UPDATE t SET b = 1;
                 DROP TABLE gone; CREATE TABLE late (a INTEGER)",
            )
            .await;
    }
    let (t, gone) = (table(&before, "t"), table(&before, "gone"));
    for reader in &mut before.readers {
        assert_eq!(lines(reader.as_mut(), &t).await, ["{\"a\":1}", "{\"a\":2}"]);
        assert_eq!(lines(reader.as_mut(), &gone).await, ["{\"a\":7}"]);
    }
    drop(before);
    let mut after = snapshot(&fresh, 1).await;
    let t = table(&after, "t");
    assert_eq!(lines(after.readers[0].as_mut(), &t).await.len(), 2);
    assert!(lines(after.readers[0].as_mut(), &t).await[1].starts_with("{\"a\":3"));
}

async fn tables_emptied_altered_and_dropped_meanwhile_are_read_whole(fresh: Fresh) {
    if fresh.target().file().is_some() {
        // Here the others do not wait: `what_others_write_later_is_not_seen`.
        return;
    }
    fresh
        .other_program(
            "CREATE TABLE emptied (a INTEGER); INSERT INTO emptied VALUES (1), (2);
             CREATE TABLE altered (a INTEGER); INSERT INTO altered VALUES (3);
             CREATE TABLE dropped (a INTEGER); INSERT INTO dropped VALUES (4)",
        )
        .await;
    let mut before = snapshot(&fresh, 3).await;
    assert!(before.readers.len() > 1, "over several connections");
    let mut watcher = fresh.session().await;
    let waiting = fresh.said(Said {
        sqlite: "",
        postgres: "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = \
            (SELECT oid FROM pg_database WHERE datname = current_database())",
        mysql: "SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = database() AND STATE LIKE 'Waiting for table%'",
    });
    let reading = async {
        while number(&mut watcher, waiting).await < 3 {}
        let expected = [("emptied", 2), ("altered", 1), ("dropped", 1)];
        for reader in &mut before.readers {
            for (name, rows) in expected {
                let table = before
                    .catalog
                    .tables
                    .iter()
                    .find(|table| table.name.name == name)
                    .expect("it is in the catalog");
                assert_eq!(lines(reader.as_mut(), table).await.len(), rows, "{name}");
            }
        }
        drop(before);
    };
    tokio::join!(
        reading,
        fresh.other_program("TRUNCATE TABLE emptied"),
        fresh.other_program("ALTER TABLE altered ADD COLUMN b INTEGER"),
        fresh.other_program("DROP TABLE dropped"),
    );
    let mut session = fresh.session().await;
    assert_eq!(
        number(&mut session, "SELECT count(*) FROM emptied").await,
        0
    );
    assert_eq!(session.catalog().await.expect("readable").tables.len(), 2);
}

async fn all_readers_see_the_same_moment_under_steady_writing(fresh: Fresh) {
    let_writers_write(&fresh).await;
    fresh
        .other_program(
            "CREATE TABLE giver (a INTEGER); CREATE TABLE taker (a INTEGER);
             INSERT INTO giver VALUES (1000000); INSERT INTO taker VALUES (0)",
        )
        .await;
    let mut writer = fresh.session().await;
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let writing = tokio::spawn(async move {
        let mut moved = 0;
        while stopped.try_recv().is_err() {
            writer.begin(Begin::Write).await.expect("it begins");
            run(&mut writer, "UPDATE giver SET a = a - 1").await;
            run(&mut writer, "UPDATE taker SET a = a + 1").await;
            writer.commit().await.expect("it commits");
            moved += 1;
        }
        moved
    });
    let value = |line: &str| -> i64 {
        let row: serde_json::Value = serde_json::from_str(line).expect("a row object");
        row["a"].as_i64().expect("a number")
    };
    for _ in 0..20 {
        let mut snapshot = snapshot(&fresh, 3).await;
        let (giver, taker) = (table(&snapshot, "giver"), table(&snapshot, "taker"));
        let mut seen = Vec::new();
        for reader in &mut snapshot.readers {
            let given = value(&lines(reader.as_mut(), &giver).await[0]);
            let taken = value(&lines(reader.as_mut(), &taker).await[0]);
            assert_eq!(given + taken, 1_000_000);
            seen.push(taken);
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "the readers see different moments");
    }
    stop.send(()).expect("the writer still writes");
    assert!(writing.await.expect("the writer ends well") > 0);
}

async fn a_snapshot_that_is_dropped_lets_the_others_go_on(fresh: Fresh) {
    fresh
        .other_program("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)")
        .await;
    let held = snapshot(&fresh, 2).await;
    drop(held);
    let mut session = fresh.session().await;
    session.begin(Begin::Write).await.expect("no lock is left");
    run(&mut session, "DROP TABLE t").await;
    session.commit().await.expect("nobody reads any more");
    assert!(
        session
            .catalog()
            .await
            .expect("it is readable")
            .tables
            .is_empty()
    );
}

async fn a_reader_whose_listener_is_gone_stops(fresh: Fresh) {
    fresh.other_program("CREATE TABLE t (a INTEGER)").await;
    let mut session = fresh.session().await;
    let rows = (0..100_000).map(|n| vec![Value::Int(n)]).collect();
    session
        .insert_many(&TableName::plain("t"), &["a".to_owned()], rows)
        .await
        .expect("they fit");
    let mut snapshot = snapshot(&fresh, 1).await;
    let t = table(&snapshot, "t");
    let (sender, mut receiver) = mpsc::channel::<Chunk>(1);
    let listen = async move { receiver.recv().await.expect("a first piece").rows };
    let reader = &mut snapshot.readers[0];
    let (read, heard) = tokio::join!(reader.read_lines(&t, &t.columns, sender), listen);
    assert!(heard > 0);
    assert!(
        read.map_or(true, |rows| rows < 100_000),
        "it read on for nobody"
    );
    assert_eq!(lines(reader.as_mut(), &t).await.len(), 100_000);
    drop(snapshot);
    assert_eq!(
        number(&mut session, "SELECT count(*) FROM t").await,
        100_000
    );
}
