//! A future that is dropped stops its statement on the database, and the session lives on.

use std::time::{Duration, Instant};

use dbscript::db::{Begin, Error, Session};

use super::{number, run};
use crate::harness::databases::{Said, on_every_database};
use crate::harness::{Fresh, PATIENCE};

on_every_database! {
    a_statement_that_never_ends_is_stopped,
    a_write_that_is_stopped_leaves_its_transaction_to_be_rolled_back,
    an_open_cursor_does_not_keep_the_session_from_living_on,
    a_wait_for_a_lock_is_stopped,
    a_query_beyond_its_limit_is_not_read_to_the_end,
}

/// What a person waits for at most after Ctrl-C.
const LIMIT: Duration = Duration::from_secs(3);

/// A condition that is evaluated for ever.
fn endless(fresh: &Fresh) -> &'static str {
    fresh.said(Said {
        sqlite: "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                  SELECT count(*) FROM n) > 0",
        postgres: "(SELECT count(*) FROM generate_series(1, 1000000000000)) > 0",
        // MariaDB ends a recursion by itself after a thousand rounds.
        mysql: "BENCHMARK(1000000000000, SHA2('a', 256)) >= 0",
    })
}

/// Runs a statement until it surely runs on the database, then drops it.
async fn stop(session: &mut Session, sql: &str) {
    let stopped = tokio::time::timeout(Duration::from_millis(200), session.execute(sql, &[])).await;
    assert!(stopped.is_err(), "it ended by itself: {stopped:?}");
}

async fn table(fresh: &Fresh) {
    fresh
        .other_program("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2), (3)")
        .await;
}

async fn a_statement_that_never_ends_is_stopped(fresh: Fresh) {
    table(&fresh).await;
    let mut session = fresh.session().await;
    let begun = Instant::now();
    for _ in 0..3 {
        stop(
            &mut session,
            &format!("SELECT a FROM t WHERE {}", endless(&fresh)),
        )
        .await;
        assert_eq!(number(&mut session, "SELECT sum(a) FROM t").await, 6);
    }
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
}

/// A million million rows, which no server makes before the first is asked for.
async fn a_query_beyond_its_limit_is_not_read_to_the_end(fresh: Fresh) {
    let values: Vec<String> = (1..=1_000).map(|n| format!("({n})")).collect();
    fresh
        .other_program(&format!(
            "CREATE TABLE many (a INTEGER); INSERT INTO many VALUES {}",
            values.join(", ")
        ))
        .await;
    let mut session = fresh.session().await;
    let all = "SELECT x.a FROM many x, many y, many z, many w";
    for in_transaction in [false, true] {
        if in_transaction {
            session.begin(Begin::Write).await.expect("it begins");
            run(&mut session, "DELETE FROM many WHERE a = 1").await;
        }
        let begun = Instant::now();
        let refused = tokio::time::timeout(PATIENCE, session.query(all, &[], 2_000)).await;
        let refused = refused.expect("it ends at its limit");
        assert!(
            matches!(refused, Err(Error::TooManyRows { limit: 2_000 })),
            "{refused:?}"
        );
        // The connection answers at once, and a transaction is as it was.
        let left =
            tokio::time::timeout(PATIENCE, number(&mut session, "SELECT count(*) FROM many"));
        let wanted = if in_transaction { 999 } else { 1_000 };
        assert_eq!(left.await.expect("it answers"), wanted);
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    }
    session.commit().await.expect("it is whole");
    assert_eq!(number(&mut session, "SELECT count(*) FROM many").await, 999);
}

async fn a_write_that_is_stopped_leaves_its_transaction_to_be_rolled_back(fresh: Fresh) {
    table(&fresh).await;
    let mut session = fresh.session().await;
    let begun = Instant::now();
    session.begin(Begin::Write).await.expect("it begins");
    run(&mut session, "INSERT INTO t VALUES (10)").await;
    session.begin(Begin::Write).await.expect("a savepoint");
    stop(
        &mut session,
        &format!("UPDATE t SET a = 0 WHERE {}", endless(&fresh)),
    )
    .await;
    session.rollback_all().await.expect("it rolls back");
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
    assert_eq!(number(&mut session, "SELECT sum(a) FROM t").await, 6);
    session.begin(Begin::Write).await.expect("it begins again");
    run(&mut session, "INSERT INTO t VALUES (4)").await;
    session.commit().await.expect("it commits");
    assert_eq!(number(&mut session, "SELECT sum(a) FROM t").await, 10);
}

async fn an_open_cursor_does_not_keep_the_session_from_living_on(fresh: Fresh) {
    table(&fresh).await;
    let mut session = fresh.session().await;
    session.begin(Begin::Write).await.expect("it begins");
    let (cursor, _) = session
        .open_cursor("SELECT a FROM t ORDER BY a", &[])
        .await
        .expect("it opens");
    session.fetch(cursor, 1).await.expect("a row");
    stop(
        &mut session,
        &format!("DELETE FROM t WHERE {}", endless(&fresh)),
    )
    .await;
    session.rollback_all().await.expect("it rolls back");
    assert_eq!(number(&mut session, "SELECT sum(a) FROM t").await, 6);
    session.begin(Begin::Write).await.expect("it begins again");
    run(&mut session, "DELETE FROM t WHERE a = 3").await;
    session.commit().await.expect("it commits");
}

async fn a_wait_for_a_lock_is_stopped(fresh: Fresh) {
    table(&fresh).await;
    let mut first = fresh.session().await;
    first.begin(Begin::Write).await.expect("it begins");
    run(&mut first, "UPDATE t SET a = 9 WHERE a = 1").await;
    let mut second = fresh.session().await;
    let begun = Instant::now();
    let update = "UPDATE t SET a = 8 WHERE a = 1";
    stop(&mut second, update).await;
    second.rollback_all().await.expect("nothing is open");
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
    first.rollback().await.expect("it rolls back");
    assert_eq!(run(&mut second, update).await, 1);
}
