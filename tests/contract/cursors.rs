//! Cursors: rows streamed while other statements run on the same connection.

use dbscript::db::{Begin, CursorId, Session};
use dbscript::value::Value;

use super::{number, run};
use crate::harness::Fresh;
use crate::harness::databases::on_every_database;

on_every_database! {
    rows_stream_while_others_are_written,
    two_cursors_do_not_disturb_each_other,
    a_cursor_that_is_over_stays_over,
    parameters_are_bound,
    a_nested_rollback_does_not_break_the_outer_cursor,
    a_cursor_outside_a_transaction_outlives_those_made_meanwhile,
}

async fn filled(fresh: &Fresh, rows: i64) -> Session {
    fresh
        .other_program("CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER)")
        .await;
    let mut session = fresh.session().await;
    let values = (1..=rows)
        .map(|n| vec![Value::Int(n), Value::Null])
        .collect();
    let columns = ["a".to_owned(), "b".to_owned()];
    let table = dbscript::ident::TableName::plain("t");
    session
        .insert_many(&table, &columns, values)
        .await
        .expect("they fit");
    session
}

async fn open(session: &mut Session, sql: &str) -> CursorId {
    let (cursor, _) = session
        .open_cursor(sql, &[])
        .await
        .unwrap_or_else(|error| panic!("{error} in: {sql}"));
    cursor
}

async fn fetch(session: &mut Session, cursor: CursorId, most: usize) -> Vec<i64> {
    let rows = session.fetch(cursor, most).await.expect("it is open");
    rows.into_iter()
        .map(|row| match row[0] {
            Value::Int(number) => number,
            ref other => panic!("{other:?} is no number"),
        })
        .collect()
}

async fn rows_stream_while_others_are_written(fresh: Fresh) {
    let mut session = filled(&fresh, 2_500).await;
    session.begin(Begin::Write).await.expect("it begins");
    let cursor = open(&mut session, "SELECT a FROM t ORDER BY a").await;
    let mut seen = Vec::new();
    loop {
        let batch = fetch(&mut session, cursor, 1_000).await;
        if batch.is_empty() {
            break;
        }
        let last = batch[batch.len() - 1];
        seen.extend(batch);
        run(
            &mut session,
            &format!("UPDATE t SET b = a WHERE a <= {last}"),
        )
        .await;
    }
    session.commit().await.expect("it commits");
    assert_eq!(seen, (1..=2_500).collect::<Vec<i64>>());
    assert_eq!(number(&mut session, "SELECT count(b) FROM t").await, 2_500);
}

async fn two_cursors_do_not_disturb_each_other(fresh: Fresh) {
    let mut session = filled(&fresh, 10).await;
    session.begin(Begin::Read).await.expect("it begins");
    let up = open(&mut session, "SELECT a FROM t ORDER BY a").await;
    let down = open(&mut session, "SELECT a FROM t ORDER BY a DESC").await;
    assert_ne!(up, down);
    assert_eq!(fetch(&mut session, up, 2).await, [1, 2]);
    assert_eq!(fetch(&mut session, down, 2).await, [10, 9]);
    session.close_cursor(up).await.expect("it closes");
    session.close_cursor(up).await.expect("twice is no error");
    assert_eq!(fetch(&mut session, down, 2).await, [8, 7]);
    assert!(session.fetch(up, 1).await.is_err(), "it is closed");
    session.rollback().await.expect("it ends");
    assert!(
        session.fetch(down, 1).await.is_err(),
        "it ended with its transaction"
    );
}

async fn a_cursor_that_is_over_stays_over(fresh: Fresh) {
    let mut session = filled(&fresh, 3).await;
    session.begin(Begin::Write).await.expect("it begins");
    let cursor = open(&mut session, "SELECT a FROM t ORDER BY a").await;
    assert_eq!(fetch(&mut session, cursor, 10).await, [1, 2, 3]);
    run(&mut session, "INSERT INTO t (a) VALUES (4)").await;
    assert!(fetch(&mut session, cursor, 10).await.is_empty());
    let empty = open(&mut session, "SELECT a FROM t WHERE a > 99").await;
    assert!(fetch(&mut session, empty, 10).await.is_empty());
    session.rollback().await.expect("it ends");
}

async fn parameters_are_bound(fresh: Fresh) {
    let mut session = filled(&fresh, 10).await;
    session.begin(Begin::Read).await.expect("it begins");
    let sql = format!("SELECT a, b FROM t WHERE a > {} ORDER BY a", fresh.marks(1));
    let (cursor, columns) = session
        .open_cursor(&sql, &[Value::Int(8)])
        .await
        .expect("it opens");
    assert_eq!(columns, ["a", "b"]);
    assert_eq!(fetch(&mut session, cursor, 10).await, [9, 10]);
    assert!(
        session
            .open_cursor("SELECT nothing FROM t", &[])
            .await
            .is_err()
    );
}

async fn a_cursor_outside_a_transaction_outlives_those_made_meanwhile(fresh: Fresh) {
    let mut session = filled(&fresh, 9).await;
    let cursor = open(&mut session, "SELECT a FROM t ORDER BY a").await;
    let mut seen = Vec::new();
    for round in 0.. {
        let batch = fetch(&mut session, cursor, 3).await;
        if batch.is_empty() {
            break;
        }
        let write = format!("UPDATE t SET b = {round} WHERE a = {}", batch[0]);
        seen.extend(batch);
        session.begin(Begin::Write).await.expect("it begins");
        run(&mut session, &write).await;
        match round % 2 {
            0 => session.commit().await.expect("it commits"),
            _ => session.rollback().await.expect("it goes"),
        }
    }
    session.close_cursor(cursor).await.expect("it closes");
    assert_eq!(seen, (1..=9).collect::<Vec<i64>>());
    assert_eq!(number(&mut session, "SELECT count(b) FROM t").await, 2);
}

async fn a_nested_rollback_does_not_break_the_outer_cursor(fresh: Fresh) {
    let mut session = filled(&fresh, 6).await;
    session.begin(Begin::Write).await.expect("it begins");
    let cursor = open(&mut session, "SELECT a FROM t ORDER BY a").await;
    let mut seen = Vec::new();
    loop {
        let batch = fetch(&mut session, cursor, 2).await;
        if batch.is_empty() {
            break;
        }
        seen.extend(batch);
        session.begin(Begin::Write).await.expect("a savepoint");
        run(&mut session, "UPDATE t SET b = 1").await;
        session.rollback().await.expect("it goes");
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6]);
    session.commit().await.expect("it commits");
    assert_eq!(number(&mut session, "SELECT count(b) FROM t").await, 0);
}
