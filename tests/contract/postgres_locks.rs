//! On PostgreSQL, what others have locked keeps nobody waiting for ever.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use dbscript::db::{Access, Begin, Error, Target};

use super::run;
use crate::harness::Fresh;
use crate::harness::databases::Database;

/// A port that leads to the server's once, and then takes connections without a word.
fn answering_once(port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let here = listener.local_addr().expect("it has one").port();
    std::thread::spawn(move || {
        let (client, _) = listener.accept().expect("a connection");
        let server = TcpStream::connect(("127.0.0.1", port)).expect("the server answers");
        for (mut from, mut to) in [(&client, &server), (&server, &client)]
            .map(|(from, to)| (from.try_clone(), to.try_clone()))
            .map(|(from, to)| (from.expect("a socket"), to.expect("a socket")))
        {
            // It ends as one of the two ends it.
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        }
        let mut kept = Vec::new();
        while let Ok(connection) = listener.accept() {
            kept.push(connection);
        }
    });
    here
}

#[tokio::test(flavor = "multi_thread")]
async fn the_migration_lock_s_connection_waits_no_longer_than_the_url_says() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    let (before, database) = fresh.url().rsplit_once('/').expect("a database");
    let (host, port) = before.rsplit_once(':').expect("a port");
    let port = answering_once(port.parse().expect("a number"));
    let more = if database.contains('?') { '&' } else { '?' };
    let url = format!("{host}:{port}/{database}{more}connect_timeout=1");
    let target = Target::parse(&url, fresh.folder()).expect("a URL");
    let write = Access {
        write: true,
        ..Access::default()
    };
    let mut session = target.connect(write).await.expect("the first is served");
    let begun = Instant::now();
    let limit = Duration::from_secs(8);
    let locked = tokio::time::timeout(limit, session.lock_migrations(5_000)).await;
    let error = locked.expect("it gives up").expect_err("nobody answers");
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    assert!(begun.elapsed() < limit, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_and_a_backup_do_not_wait_for_ever_for_a_table_that_others_keep() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    fresh
        .other_program("CREATE TABLE a (a INTEGER); CREATE TABLE b (a INTEGER)")
        .await;
    let mut holder = fresh.session().await;
    holder.begin(Begin::Write).await.expect("it begins");
    let lock = "LOCK TABLE b IN ACCESS EXCLUSIVE MODE";
    holder.run(lock).await.expect("nobody else has it");
    let mut session = fresh.session().await;
    let target = fresh.target();
    let (restore, backup) = tokio::join!(session.begin(Begin::Rebuild), target.snapshot(2));
    let restore = restore.expect_err("a table is kept").to_string();
    assert!(
        restore.contains("kept the tables for 30 seconds"),
        "{restore}"
    );
    assert!(
        restore.contains("last in the way of `b`: process "),
        "{restore}"
    );
    let backup = backup.err().expect("a table is kept").to_string();
    assert!(backup.contains("waited 30 s for the tables"), "{backup}");
    run(&mut session, "INSERT INTO a VALUES (1)").await;
    holder.rollback().await.expect("it ends");
    session
        .begin(Begin::Rebuild)
        .await
        .expect("nobody keeps it");
    session.rollback().await.expect("it ends");
    assert!(target.snapshot(2).await.is_ok(), "nobody keeps it");
}
