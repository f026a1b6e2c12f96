//! On PostgreSQL, a restore over a database that an application uses meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use dbscript::db::{Access, Begin, Session, Target};
use dbscript::ident::TableName;
use sqlx::{Connection, PgConnection};
use tokio::task::JoinHandle;

use super::{number, run};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{PATIENCE, Project};

/// What an application sends at once; the SQLSTATE of its error.
async fn send(app: &mut PgConnection, sql: &str) -> Result<(), String> {
    let text = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
    let done = text.execute(app).await.map(drop);
    done.map_err(|error| match error.as_database_error() {
        Some(error) => error.code().unwrap_or_default().into_owned(),
        None => error.to_string(),
    })
}

async fn app(fresh: &Fresh) -> PgConnection {
    PgConnection::connect(fresh.url())
        .await
        .expect("it connects")
}

/// The same in the background: what it sends waits.
fn sending(
    mut app: PgConnection,
    sql: &'static str,
) -> JoinHandle<(PgConnection, Result<(), String>)> {
    tokio::spawn(async move {
        let done = send(&mut app, sql).await;
        (app, done)
    })
}

/// Waits until somebody waits for a lock of this mode on this table.
async fn wait_until_waited(session: &mut Session, table: &str, mode: &str) {
    wait_for_lock(session, table, mode, "NOT granted").await;
}

async fn wait_for_lock(session: &mut Session, table: &str, mode: &str, granted: &str) {
    let deadline = Instant::now() + PATIENCE;
    let sql = format!(
        "SELECT count(*) FROM pg_locks WHERE {granted} AND relation = to_regclass('{table}') AND mode = '{mode}Lock'"
    );
    while number(session, &sql).await == 0 {
        assert!(Instant::now() < deadline, "no {mode} on {table}");
    }
}

async fn fresh() -> Option<Fresh> {
    let fresh = Fresh::new(Database::Postgres).await?;
    let sql = "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE b (id INTEGER);
               INSERT INTO a VALUES (1, 'ada'); INSERT INTO b VALUES (1)";
    fresh.other_program(sql).await;
    Some(fresh)
}

/// An application that has read a table writes it when the restore has come so far, and its transaction is ended and
/// rolled back with one of these errors, which its program sees: what it writes is nowhere. The restore is in.
async fn beside_an_application(reads: &str, (mode, granted): (&str, &str), codes: &[&str]) {
    let Some(fresh) = fresh().await else { return };
    let project = Project::new();
    let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", fresh.url());
    go(&["run", "backup"]).go();
    let mut session = fresh.session().await;
    run(&mut session, "UPDATE a SET name = 'changed'").await;
    let mut app = app(&fresh).await;
    send(&mut app, reads).await.expect("nobody keeps it");
    let restore = go(&["run", "restore", "--yes"]).start();
    wait_for_lock(&mut session, "a", mode, granted).await;
    let write = "UPDATE a SET name = 'late'; COMMIT";
    let told = send(&mut app, write).await.expect_err("it waits for us");
    assert!(codes.contains(&told.as_str()), "{told}");
    restore.finish();
    let names = "SELECT count(*) FROM a WHERE name = 'ada'";
    assert_eq!(number(&mut session, names).await, 1);
    assert_eq!(number(&mut session, "SELECT count(*) FROM a").await, 1);
    let again = "ROLLBACK; BEGIN; SELECT * FROM a; UPDATE a SET name = 'late'; COMMIT";
    send(&mut app, again).await.expect("it goes on as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_writes_while_what_is_there_is_backed_up_does_not_undo_the_restore() {
    // It looks for a deadlock at once, and not when there is one: as if the backup took longer than a second.
    let reads = "SET deadlock_timeout = '1ms'; BEGIN; SELECT * FROM a";
    beside_an_application(reads, ("ShareRowExclusive", "granted"), &["57014"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_writes_while_the_restore_waits_for_it_does_not_undo_it_either() {
    let reads = "BEGIN; SELECT * FROM a";
    // Whichever of the two looks first: the server in the name of the application, or the restore.
    let codes = ["40P01", "57014"];
    beside_an_application(reads, ("AccessExclusive", "NOT granted"), &codes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_has_waited_since_before_is_ended_and_one_that_has_read_nothing_writes_afterwards()
{
    let Some(fresh) = fresh().await else { return };
    let mut watching = fresh.session().await;
    let mut session = fresh.session().await;
    let mut reading = app(&fresh).await;
    session.begin(Begin::Rebuild).await.expect("nobody writes");
    // It looks for a deadlock at once, before there is one, and never again.
    let read = "SET deadlock_timeout = '1ms'; BEGIN; SELECT * FROM b";
    send(&mut reading, read).await.expect("readers go on");
    let reading = sending(reading, "UPDATE a SET name = 'late'; COMMIT");
    wait_until_waited(&mut watching, "a", "RowExclusive").await;
    let writing = sending(app(&fresh).await, "INSERT INTO b VALUES (7)");
    wait_until_waited(&mut watching, "b", "RowExclusive").await;
    session.drop_all().await.expect("it is not kept waiting");
    let (_, told) = reading.await.expect("it ran");
    assert_eq!(told.expect_err("it had read"), "57014");
    let notes = session.notes().await.expect("it answers");
    assert!(
        notes
            .iter()
            .any(|note| note.contains("1 transaction of other programs")),
        "{notes:?}"
    );
    run(&mut session, "CREATE TABLE b (id INTEGER)").await;
    session.commit().await.expect("nobody is in the way");
    let (_, told) = writing.await.expect("it ran");
    told.expect("it waited, and finds the new table");
    let rows = "SELECT count(*) FROM b WHERE id = 7";
    assert_eq!(number(&mut watching, rows).await, 1);
}

/// Tables of a schema that is the default of `?schema=` alone, with a namesake elsewhere: a restore of one's rows, for
/// which its foreign key has to go, ends the transaction that is in its way and no other.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_the_way_of_a_foreign_key_is_found_by_its_schema() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    let (rest, database) = fresh.url().rsplit_once('/').expect("it names a database");
    let (_, place) = rest.rsplit_once('@').expect("it names its user");
    let user = format!("keys_{database}");
    // Its sessions look for a deadlock at once: the restore is told of it before it has looked around itself.
    let create = format!(
        "CREATE ROLE {user} LOGIN PASSWORD 'its-own'; ALTER ROLE {user} SET deadlock_timeout = '1ms';
         CREATE TABLE b (id INTEGER); GRANT SELECT ON b TO {user}; CREATE SCHEMA app AUTHORIZATION {user};
         SET ROLE {user}; CREATE TABLE app.a (id INTEGER PRIMARY KEY); CREATE TABLE app.b (a INTEGER REFERENCES app.a);
         INSERT INTO app.a VALUES (1)"
    );
    fresh.other_program(&create).await;
    let url = format!("postgres://{user}:its-own@{place}/{database}");
    let target = Target::parse(&format!("{url}?schema=app"), fresh.folder()).expect("a URL");
    let write = Access {
        write: true,
        ..Access::default()
    };
    let mut session = target.connect(write).await.expect("it connects");
    let mut watching = fresh.session().await;
    session.begin(Begin::Rebuild).await.expect("nobody writes");
    let mut apps = Vec::new();
    for (read, waiting) in [("app.b", 1), ("public.b", 2)] {
        let mut app = PgConnection::connect(&url).await.expect("it connects");
        let read = format!("BEGIN; SELECT * FROM {read}");
        send(&mut app, &read).await.expect("readers go on");
        apps.push(sending(app, "UPDATE app.a SET id = id; COMMIT"));
        let deadline = Instant::now() + PATIENCE;
        let waits =
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = to_regclass('app.a')";
        while number(&mut watching, waits).await != waiting {
            assert!(Instant::now() < deadline, "{waiting} wait");
        }
    }
    let cleared = session.clear(&TableName::plain("a")).await;
    cleared.expect("nobody is in the way");
    session.commit().await.expect("it is whole");
    let mut told = Vec::new();
    for app in apps {
        told.push(app.await.expect("it ran").1);
    }
    assert_eq!(told, [Err("57014".to_owned()), Ok(())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_meets_writers_of_another_order_lets_them_end_first() {
    let Some(fresh) = fresh().await else { return };
    let mut watching = fresh.session().await;
    let mut session = fresh.session().await;
    let mut writing = app(&fresh).await;
    // It leaves the deadlock to the other one.
    let write = "SET deadlock_timeout = '60s'; BEGIN; INSERT INTO b VALUES (2)";
    send(&mut writing, write).await.expect("nobody keeps it");
    let beginning = tokio::spawn(async move {
        let begun = session.begin(Begin::Rebuild).await;
        (session, begun)
    });
    wait_until_waited(&mut watching, "b", "ShareRowExclusive").await;
    let sql = "INSERT INTO a VALUES (2, 'bob'); COMMIT";
    send(&mut writing, sql).await.expect("it goes first");
    let (mut session, begun) = beginning.await.expect("it ran");
    begun.expect("it waited");
    assert_eq!(number(&mut session, "SELECT count(*) FROM a").await, 2);
    session.rollback_all().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stays_is_waited_for_and_others_read_meanwhile() {
    let Some(fresh) = fresh().await else { return };
    let mut watching = fresh.session().await;
    let mut session = fresh.session().await;
    let mut reading = app(&fresh).await;
    send(&mut reading, "BEGIN; SELECT * FROM b")
        .await
        .expect("it reads");
    session.begin(Begin::Rebuild).await.expect("nobody writes");
    let dropping = tokio::spawn(async move {
        let dropped = session.drop_all().await;
        (session, dropped)
    });
    wait_until_waited(&mut watching, "b", "AccessExclusive").await;
    // It stands behind the restore for as long as one attempt takes, not for as long as the other one reads.
    let mut other = app(&fresh).await;
    send(&mut other, "SELECT * FROM a, b")
        .await
        .expect("it reads");
    send(&mut reading, "COMMIT").await.expect("nobody ended it");
    let (mut session, dropped) = dropping.await.expect("it ran");
    dropped.expect("the reader is gone");
    session.rollback_all().await.expect("it ends");
}

/// Reads and writes in one transaction again and again, until it is told to stop. Returns the errors it was given.
async fn use_it(mut app: PgConnection, stop: Arc<AtomicBool>) -> Vec<String> {
    let mut errors = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let read = send(
            &mut app,
            "BEGIN; SELECT count(*) FROM b; SELECT count(*) FROM a",
        )
        .await;
        tokio::task::yield_now().await;
        let write = "INSERT INTO b VALUES (2); UPDATE a SET name = name WHERE id = 7; COMMIT";
        let done = match read {
            Ok(()) => send(&mut app, write).await,
            refused => refused,
        };
        if let Err(code) = done {
            errors.push(code);
            send(&mut app, "ROLLBACK")
                .await
                .expect("it is still connected");
        }
    }
    errors
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_beside_a_busy_application_is_done_and_whoever_is_in_its_way_is_told() {
    let Some(fresh) = fresh().await else { return };
    let more = "INSERT INTO a SELECT n, 'more' FROM generate_series(2, 50000) AS n";
    fresh.other_program(more).await;
    let project = Project::new();
    let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", fresh.url());
    go(&["run", "backup"]).go();
    let stop = Arc::new(AtomicBool::new(false));
    let mut apps = Vec::new();
    for _ in 0..6 {
        let app = app(&fresh).await;
        apps.push(tokio::spawn(use_it(app, Arc::clone(&stop))));
    }
    let restore = go(&["run", "restore", "--yes"]).start();
    let restored = tokio::task::spawn_blocking(move || restore.outcome().status);
    let status = restored.await.expect("it ran");
    stop.store(true, Ordering::SeqCst);
    for app in apps {
        let errors = app.await.expect("it ran");
        // Two of its own may meet as well.
        let is_known = |code: &String| ["40P01", "57014"].contains(&code.as_str());
        assert!(errors.iter().all(is_known), "{errors:?}");
    }
    assert_eq!(status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_materialized_view_that_cannot_be_filled_again_is_told_and_undoes_nothing() {
    let Some(fresh) = fresh().await else { return };
    let views = "CREATE MATERIALIZED VIEW broken AS SELECT 1 / id FROM a; CREATE MATERIALIZED VIEW sound AS SELECT id FROM a";
    fresh.other_program(views).await;
    let mut session = fresh.session().await;
    session.begin(Begin::Write).await.expect("it begins");
    run(&mut session, "UPDATE a SET id = 0").await;
    let tables = [TableName::plain("a")];
    let filled = session.rebuild_from(&tables).await;
    filled.expect("what fails is told alone");
    let notes = session.notes().await.expect("it answers");
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("public.broken"), "{notes:?}");
    assert!(notes[0].contains("division by zero"), "{notes:?}");
    session.commit().await.expect("it is whole");
    let sound = "SELECT count(*) FROM sound JOIN a USING (id) WHERE id = 0";
    assert_eq!(number(&mut session, sound).await, 1);
}
