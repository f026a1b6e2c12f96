//! SQLite behind the contract: what only this engine does. What all engines do is in `tests/contract/`.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::db::{Access, Begin, Error, Session, Target};
use crate::ident::TableName;
use crate::value::Value;

const OWNER: Access = Access {
    write: true,
    create: true,
    guarded: false,
};

async fn session(folder: &Path, access: Access) -> Session {
    Target::sqlite_file(&folder.join("t.db"), folder)
        .connect(access)
        .await
        .expect("the database opens")
}

async fn reopened(folder: &Path) -> Session {
    session(folder, Access::default()).await
}

async fn all(session: &mut Session, sql: &str) -> Vec<Vec<Value>> {
    session.query(sql, &[], 1000).await.expect(sql).rows
}

#[tokio::test]
async fn a_dropped_future_stops_its_statement_and_the_session_lives_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = session(folder.path(), OWNER).await;
    session
        .execute("CREATE TABLE t (a)", &[])
        .await
        .expect("created");
    session.begin(Begin::Write).await.expect("begun");
    session
        .execute("INSERT INTO t VALUES (1)", &[])
        .await
        .expect("inserted");
    let start = Instant::now();
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let stopped =
        tokio::time::timeout(Duration::from_millis(100), session.query(endless, &[], 1)).await;
    assert!(stopped.is_err(), "the query never ends by itself");
    session.rollback().await.expect("rolled back");
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "took {:?}",
        start.elapsed()
    );
    assert_eq!(
        all(&mut session, "SELECT count(*) FROM t").await,
        [[Value::Int(0)]]
    );
}

#[tokio::test]
async fn a_cursor_keeps_its_place_while_other_statements_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = session(folder.path(), OWNER).await;
    session
        .execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b)", &[])
        .await
        .expect("created");
    let rows = (0..10).map(|n| vec![Value::Int(n), Value::Null]).collect();
    let columns = ["a".to_owned(), "b".to_owned()];
    session
        .insert_many(&TableName::plain("t"), &columns, rows)
        .await
        .expect("inserted");
    let (cursor, names) = session
        .open_cursor("SELECT a FROM t ORDER BY a", &[])
        .await
        .expect("opened");
    assert_eq!(names, ["a"]);
    let mut seen = Vec::new();
    loop {
        let batch = session.fetch(cursor, 3).await.expect("fetched");
        if batch.is_empty() {
            break;
        }
        for row in batch {
            session
                .execute("UPDATE t SET b = a * 2 WHERE a = ?", &row)
                .await
                .expect("updated");
            seen.extend(row);
        }
    }
    assert_eq!(seen, (0..10).map(Value::Int).collect::<Vec<_>>());
    assert!(
        session.fetch(cursor, 3).await.expect("fetched").is_empty(),
        "a finished cursor stays finished"
    );
    assert_eq!(
        all(&mut session, "SELECT sum(b) FROM t").await,
        [[Value::Int(90)]]
    );
}

#[tokio::test]
async fn without_the_right_nothing_is_written_and_nothing_is_attached() {
    let folder = tempfile::tempdir().expect("a folder");
    session(folder.path(), OWNER)
        .await
        .execute("CREATE TABLE t (a)", &[])
        .await
        .expect("created");
    let outside = folder.path().join("outside.db");
    let mut reader = session(folder.path(), Access::default()).await;
    for sql in [
        "INSERT INTO t VALUES (1)",
        "PRAGMA user_version = 3",
        "PRAGMA query_only = 0",
        "CREATE TEMP TABLE x (a)",
    ] {
        let error = reader.execute(sql, &[]).await.expect_err(sql);
        assert!(
            matches!(error, Error::Denied { .. } | Error::ReadOnly { .. }),
            "{sql}: {error:?}"
        );
    }
    let mut script = session(
        folder.path(),
        Access {
            write: true,
            create: false,
            guarded: true,
        },
    )
    .await;
    script
        .execute("INSERT INTO t VALUES (1)", &[])
        .await
        .expect("a script may write with the right");
    for sql in [
        format!("ATTACH '{}' AS x", outside.display()),
        format!("VACUUM INTO '{}'", outside.display()),
    ] {
        let error = script.execute(&sql, &[]).await.expect_err(&sql);
        assert!(matches!(error, Error::Denied { .. }), "{sql}: {error:?}");
    }
    script
        .execute("VACUUM", &[])
        .await
        .expect("a plain VACUUM reaches nothing outside");
    assert!(!outside.exists());
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |name: &str| Target::sqlite_file(&folder.path().join(name), folder.path());
    assert!(matches!(
        open("none.db").connect(Access::default()).await,
        Err(Error::Missing { .. })
    ));
    assert!(
        !folder.path().join("none.db").exists(),
        "looking must not create"
    );
    std::fs::write(
        folder.path().join("text.db"),
        "hello, I am not a database, and quite long at that ".repeat(40),
    )
    .expect("written");
    assert!(matches!(
        open("text.db").connect(Access::default()).await,
        Err(Error::Corrupt { .. })
    ));
    std::fs::create_dir(folder.path().join("dir.db")).expect("made");
    assert!(matches!(
        open("dir.db").connect(Access::default()).await,
        Err(Error::Connect { .. })
    ));
}

#[tokio::test]
async fn a_snapshot_does_not_see_later_commits() {
    for (mode, expected) in [("wal", 2), ("delete", 1)] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = session(folder.path(), OWNER).await;
        all(&mut writer, &format!("PRAGMA journal_mode = {mode}")).await;
        writer
            .execute("CREATE TABLE t (a)", &[])
            .await
            .expect("created");
        writer
            .execute("INSERT INTO t VALUES ('kept')", &[])
            .await
            .expect("inserted");
        let mut snapshot = writer.target().snapshot(2).await.expect("a snapshot");
        assert_eq!(snapshot.readers.len(), expected, "{mode}");
        if mode == "wal" {
            writer.execute("DELETE FROM t", &[]).await.expect("deleted");
        }
        let table = snapshot.catalog.tables[0].clone();
        for reader in &mut snapshot.readers {
            let (send, mut receive) = tokio::sync::mpsc::channel(4);
            let rows = reader
                .read_lines(&table, &table.columns, send)
                .await
                .expect("read");
            assert_eq!(rows, 1);
            assert_eq!(
                receive.recv().await.expect("a chunk").lines,
                b"{\"a\":\"kept\"}\n"
            );
        }
    }
}

#[tokio::test]
async fn rows_that_fail_at_their_commit_leave_no_transaction_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = session(folder.path(), OWNER).await;
    for sql in [
        "CREATE TABLE p (id INTEGER PRIMARY KEY)",
        "CREATE TABLE c (p INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO p VALUES (1)",
    ] {
        session.execute(sql, &[]).await.expect(sql);
    }
    let table = TableName::plain("c");
    let columns = ["p".to_owned()];
    let orphan = session
        .insert_many(&table, &columns, vec![vec![Value::Int(9)]])
        .await;
    assert!(orphan.is_err());
    let sound = session
        .insert_many(&table, &columns, vec![vec![Value::Int(1)]])
        .await;
    assert_eq!(sound.expect("inserted"), 1);
    drop(session);
    let mut again = reopened(folder.path()).await;
    assert_eq!(all(&mut again, "SELECT p FROM c").await, [[Value::Int(1)]]);
}

#[tokio::test]
async fn a_key_to_columns_that_are_no_longer_unique_is_broken_and_its_neighbours_are_still_counted()
{
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = session(folder.path(), OWNER).await;
    for statement in [
        "PRAGMA foreign_keys = OFF",
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT)",
        "CREATE UNIQUE INDEX by_code ON parent (code)",
        "CREATE TABLE child (p INT REFERENCES parent, c TEXT REFERENCES parent(code))",
        "INSERT INTO parent VALUES (1, 'a')",
        "INSERT INTO child VALUES (1, 'a'), (7, NULL), (NULL, 'a')",
    ] {
        session.run(statement).await.expect(statement);
    }
    let counted = |found: Vec<crate::db::Orphans>| {
        let mut counted: Vec<_> = found
            .into_iter()
            .map(|orphans| (orphans.columns.join(","), orphans.rows))
            .collect();
        counted.sort();
        counted
    };
    let before = counted(session.orphans().await.expect("asked"));
    assert_eq!(before, [("p".to_owned(), 1)]);
    session.run("DROP INDEX by_code").await.expect("dropped");
    let after = counted(session.orphans().await.expect("asked"));
    assert_eq!(after, [("c".to_owned(), 2), ("p".to_owned(), 1)]);
}
