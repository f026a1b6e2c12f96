//! A whole restore beside a database that others use: nothing they write is lost, and what is cut off is ended.

use std::time::Instant;

use dbscript::db::{Begin, Error, Session};
use dbscript::ident::TableName;

use super::{client, for_user, name};
use crate::contract::{number, run};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{PASSWORD, PATIENCE, Project, Signal};

/// A table with a row, a trigger that logs, a view; and a session of the product's.
pub(super) async fn fresh() -> Option<(Fresh, Session)> {
    let fresh = Fresh::new(Database::Mysql).await?;
    client(
        fresh.url(),
        "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE log (a INT);
         CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.a);
         CREATE VIEW v AS SELECT a FROM t;",
    );
    let session = fresh.session().await;
    Some((fresh, session))
}

/// The URL of a user who may do all but this with the database and those of ours beside it.
fn without_right(fresh: &Fresh, right: &str) -> String {
    let database = name(fresh.url());
    let user = format!("few_{}_{right}", &database[5..])
        .replace(' ', "_")
        .to_lowercase();
    let pattern = database.replace('_', "\\_");
    client(
        fresh.url(),
        &format!(
            "CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';
             GRANT ALL ON `{pattern}`.* TO {user}@'127.0.0.1';
             GRANT ALL ON `{pattern}\\_dbscript\\_%`.* TO {user}@'127.0.0.1';
             REVOKE {right} ON `{pattern}`.* FROM {user}@'127.0.0.1';
             /*!80200 GRANT SUPER, SYSTEM_USER, SET_ANY_DEFINER ON *.* TO {user}@'127.0.0.1' */;"
        ),
    );
    for_user(fresh.url(), &user)
}

pub(super) async fn session(fresh: &Fresh, url: &str) -> Session {
    let target = dbscript::db::Target::parse(url, fresh.folder()).expect("a good URL");
    let access = dbscript::db::Access {
        write: true,
        ..dbscript::db::Access::default()
    };
    target.connect(access).await.expect("it opens")
}

pub(super) async fn rebuild(session: &mut Session) {
    session.begin(Begin::Rebuild).await.expect("it begins");
    session.drop_all().await.expect("a database beside");
    for sql in [
        "CREATE TABLE t (a INT PRIMARY KEY)",
        "CREATE TABLE log (a INT)",
        "INSERT INTO t VALUES (7)",
        "CREATE TRIGGER new_tr AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (-NEW.a)",
        "CREATE VIEW v AS SELECT a + 1 AS a FROM t",
    ] {
        session.run(sql).await.expect("it is made");
    }
}

pub(super) async fn beside(session: &mut Session) -> i64 {
    let sql = "SELECT COUNT(*) FROM information_schema.SCHEMATA
               WHERE SCHEMA_NAME LIKE CONCAT(REPLACE(DATABASE(), '_', '\\_'), '\\_dbscript\\_%')";
    number(session, sql).await
}

/// Waits until a statement of the database that begins so waits for a lock; returns its connection's number.
pub(super) async fn waiting(session: &mut Session, fresh: &Fresh, beginning: &str) -> i64 {
    let sql = format!(
        "SELECT MAX(ID) FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting%'
         AND CAST(INFO AS BINARY) LIKE '{beginning}%'
         AND (DB = '{0}' OR CAST(INFO AS BINARY) LIKE '%{0}%')",
        name(fresh.url())
    );
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = super::super::rows(session, &sql).await;
        if let dbscript::value::Value::Int(number) = found[0][0] {
            return number;
        }
        assert!(Instant::now() < deadline, "`{beginning}` never waited");
    }
}

/// Ends a connection, and waits until the server is done with that: until then the restore that it was counts as one at
/// work. It may have ended by itself.
pub(super) async fn kill(session: &mut Session, connection: i64) {
    session.run(&format!("KILL {connection}")).await.ok();
    let sql =
        format!("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = {connection}");
    let deadline = Instant::now() + PATIENCE;
    while number(session, &sql).await != 0 {
        assert!(Instant::now() < deadline, "{connection} never ended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_wait_while_a_database_is_rebuilt_and_write_into_the_new_one() {
    let Some((fresh, mut session)) = fresh().await else {
        return;
    };
    rebuild(&mut session).await;
    let mut other = fresh.session().await;
    let mut writer = fresh.session().await;
    let writing = tokio::spawn(async move {
        run(&mut writer, "INSERT INTO t VALUES (8)").await;
    });
    waiting(&mut other, &fresh, "INSERT INTO t").await;
    assert_eq!(
        number(&mut other, "SELECT SUM(a) FROM t").await,
        1,
        "readers do not wait"
    );
    session.commit().await.expect("it is put in place");
    writing.await.expect("the writer goes on");
    let kept = number(&mut other, "SELECT COUNT(*) FROM t WHERE a IN (7, 8)").await;
    let left = beside(&mut other).await;
    let notes = session.notes().await.expect("it answers");
    // The lock is open for an instant: whoever slips in is told, and kept.
    assert!(
        (kept, left, notes.len()) == (2, 0, 0) || (kept, left, notes.len()) == (1, 1, 1),
        "{kept} {left} {notes:?}"
    );
    if let [note] = &notes[..] {
        let place = note.split('`').find(|part| part.contains("_was_"));
        let place = place.expect("the place is named");
        let sql = format!("SELECT COUNT(*) FROM `{place}`.t WHERE a IN (1, 8)");
        assert_eq!(number(&mut other, &sql).await, 2, "{note}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_where_they_cannot_be_kept_out_stops_the_restore() {
    let Some((fresh, mut other)) = fresh().await else {
        return;
    };
    let url = without_right(&fresh, "LOCK TABLES");
    let mut session = session(&fresh, &url).await;
    rebuild(&mut session).await;
    let notes = session.notes().await.expect("it answers");
    assert!(notes[0].contains("could not be locked"), "{notes:?}");
    run(&mut other, "INSERT INTO t VALUES (8)").await;
    let refused = session.commit().await.expect_err("it would lose a row");
    assert!(
        refused.to_string().contains("have written to `log`, `t`"),
        "{refused}"
    );
    session.rollback_all().await.expect("it goes away");
    assert_eq!(number(&mut other, "SELECT SUM(a) FROM v").await, 9);
    run(&mut other, "INSERT INTO t VALUES (9)").await;
    assert_eq!(
        number(&mut other, "SELECT SUM(a) FROM log").await,
        17,
        "the trigger is there"
    );
    assert_eq!(beside(&mut other).await, 0);
    // Nor is a table emptied that others have written to.
    session.begin(Begin::Rebuild).await.expect("it begins");
    run(&mut other, "INSERT INTO log VALUES (1)").await;
    let refused = session.clear(&TableName::plain("log")).await;
    let refused = refused.expect_err("it would lose a row").to_string();
    assert!(refused.contains("have written to `log`"), "{refused}");
    session.rollback_all().await.expect("it goes away");
    session.begin(Begin::Rebuild).await.expect("it begins");
    let cleared = session.clear(&TableName::plain("log")).await;
    assert_eq!(cleared.expect("nobody wrote"), 3);
    session.rollback_all().await.expect("it goes away");
    rebuild(&mut session).await;
    session.commit().await.expect("nobody wrote");
    assert_eq!(beside(&mut other).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_restore_of_the_same_database_is_refused_while_one_is_at_work() {
    let Some((fresh, mut session)) = fresh().await else {
        return;
    };
    rebuild(&mut session).await;
    let mut second = fresh.session().await;
    let refused = second.begin(Begin::Rebuild).await;
    let refused = refused.expect_err("the first is at work").to_string();
    assert!(refused.contains("another restore is at work"), "{refused}");
    // Another database has nothing to do with it.
    let other = fresh.another().await;
    client(other.url(), "CREATE TABLE t (a INT)");
    let mut elsewhere = other.session().await;
    elsewhere.begin(Begin::Rebuild).await.expect("it begins");
    session.commit().await.expect("it is put in place");
    assert_eq!(number(&mut session, "SELECT SUM(a) FROM t").await, 7);
    second
        .begin(Begin::Rebuild)
        .await
        .expect("the first has ended");
    second.rollback_all().await.expect("it goes away");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_cut_off_before_the_tables_move_is_undone_by_the_next() {
    let Some((fresh, mut session)) = fresh().await else {
        return;
    };
    rebuild(&mut session).await;
    let mut other = fresh.session().await;
    let mut blocker = fresh.session().await;
    let new = super::super::rows(&mut session, "SELECT DATABASE()").await;
    let dbscript::value::Value::Text(new) = &new[0][0] else {
        panic!("it is in a database");
    };
    blocker.begin(Begin::Write).await.expect("it begins");
    number(&mut blocker, &format!("SELECT COUNT(*) FROM `{new}`.log")).await;
    let committing = tokio::spawn(async move {
        let refused = session.commit().await.expect_err("the connection is gone");
        assert!(matches!(refused, Error::InDoubt { .. }), "{refused}");
        (refused.to_string(), session.rollback_all().await)
    });
    let number_of = waiting(&mut other, &fresh, "RENAME TABLE").await;
    kill(&mut other, number_of).await;
    let (refused, _) = committing.await.expect("it ends");
    assert!(!refused.is_empty());
    blocker.rollback().await.expect("it ends");
    let left = other.leftovers().await.expect("it answers");
    assert!(
        left[0].contains("was cut off while it put its tables in place"),
        "{left:?}"
    );
    let triggers =
        "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()";
    assert_eq!(number(&mut other, triggers).await, 0);
    let mut next = fresh.session().await;
    next.begin(Begin::Rebuild).await.expect("it mends first");
    let notes = next.notes().await.expect("it answers");
    assert_eq!(notes, ["a restore that was cut off before was undone"]);
    next.rollback_all().await.expect("it goes away");
    assert_eq!(beside(&mut other).await, 0);
    run(&mut other, "INSERT INTO t VALUES (5)").await;
    assert_eq!(number(&mut other, "SELECT SUM(a) FROM log").await, 5);
    assert_eq!(other.leftovers().await.expect("it answers"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_killed_after_the_tables_moved_is_finished_by_the_next() {
    let Some((fresh, mut other)) = fresh().await else {
        return;
    };
    let project = Project::new();
    let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", fresh.url());
    go(&["run", "backup"]).go();
    let set = crate::harness::timestamps(&project).remove(0);
    client(
        fresh.url(),
        "DROP TRIGGER tr; DELETE FROM t; CREATE TABLE extra (a INT);",
    );
    let mut blocker = fresh.session().await;
    blocker.begin(Begin::Write).await.expect("it begins");
    number(&mut blocker, "SELECT COUNT(*) FROM v").await;
    // What the view reads from must not be held, or the tables could not move: only its own name is.
    client(fresh.url(), "CREATE OR REPLACE VIEW w AS SELECT 1 AS a;");
    blocker.rollback().await.expect("it ends");
    blocker.begin(Begin::Write).await.expect("it begins");
    number(&mut blocker, "SELECT COUNT(*) FROM w").await;
    let restore = go(&["run", "restore", "--yes", "--from", &set])
        .killed()
        .start();
    let number_of = waiting(&mut other, &fresh, "DROP VIEW").await;
    restore.signal(Signal::Kill);
    restore.finish();
    // MySQL notices by itself that nobody waits any more.
    kill(&mut other, number_of).await;
    blocker.rollback().await.expect("it ends");
    let status = go(&["status"])
        .stdout_has("was cut off while it put its tables in place")
        .go()
        .stdout;
    let next = format!("put the backup {set} in place: `dbscript run restore --from {set}`");
    assert!(status.contains(&next), "{status}");
    nothing_goes_on_beside_what_is_half_in(&project, &fresh);
    let restored = go(&["run", "restore", "--yes", "--from", &set])
        .stderr_has("a restore that was cut off before was finished")
        .go();
    // The view that the half that was in still had is gone before it is planned.
    assert!(!restored.stderr.contains("view `w`"), "{}", restored.stderr);
    assert_eq!(beside(&mut other).await, 0);
    run(&mut other, "INSERT INTO t VALUES (5)").await;
    assert_eq!(number(&mut other, "SELECT SUM(a) FROM log").await, 5);
    assert_eq!(number(&mut other, "SELECT SUM(a) FROM v").await, 6);
    let objects = "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()";
    assert_eq!(number(&mut other, objects).await, 3);
}

/// What would take a half-built database for a whole one is refused, and says what to do.
fn nothing_goes_on_beside_what_is_half_in(project: &Project, fresh: &Fresh) {
    project.file("migrations/0001_more.sql", "CREATE TABLE more (id INT)");
    let sets = crate::harness::timestamps(project);
    for (words, code) in [
        (&["run", "backup"][..], 6),
        (&["run", "backup", "--plan"], 6),
        (&["run", "pre-migration-backup"], 6),
        (&["run", "safe-migration", "--yes"], 3),
        (&["run", "safe-migration", "--plan"], 3),
    ] {
        project
            .dbscript(words)
            .env("DATABASE_URL", fresh.url())
            .status(code)
            .stderr_has("a restore was cut off while it put its tables in place")
            .stderr_has("dbscript run restore --from <timestamp>")
            .go();
        assert_eq!(crate::harness::timestamps(project), sets, "{words:?}");
    }
    let restore = |words: &[&str]| {
        project
            .dbscript(&[&["run", "restore"], words].concat())
            .env("DATABASE_URL", fresh.url())
    };
    restore(&["--plan"])
        .stderr_has("a restore ends that first")
        .go();
    restore(&[]).status(3).stderr_has("End that first?").go();
}

/// A project with a backup of the database of [`fresh`], and a view `w` that another session holds.
pub(super) async fn held(fresh: &Fresh) -> (Project, Session) {
    let project = Project::new();
    project
        .dbscript(&["run", "backup"])
        .env("DATABASE_URL", fresh.url())
        .go();
    client(
        fresh.url(),
        "DROP TRIGGER tr; DELETE FROM t; CREATE VIEW w AS SELECT 1 AS a;",
    );
    let mut blocker = fresh.session().await;
    blocker.begin(Begin::Write).await.expect("it begins");
    number(&mut blocker, "SELECT COUNT(*) FROM w").await;
    (project, blocker)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_interrupted_while_it_is_put_in_place_is_in() {
    let Some((fresh, mut other)) = fresh().await else {
        return;
    };
    let (project, mut blocker) = held(&fresh).await;
    let mut restore = project
        .dbscript(&["run", "restore", "--yes", "--json"])
        .env("DATABASE_URL", fresh.url())
        .status(130)
        .start();
    waiting(&mut other, &fresh, "DROP VIEW").await;
    restore.signal(Signal::Interrupt);
    restore.wait_for(&["which is not cut short"]);
    blocker.rollback().await.expect("it ends");
    let run = restore.finish();
    let error = run.end()["error"]["message"].to_string();
    assert!(error.contains("what was done before stays"), "{error}");
    assert!(
        error.contains("is restored (as it was before: `dbscript run restore --from "),
        "{error}"
    );
    assert_eq!(beside(&mut other).await, 0);
    still_works(&mut other).await;
}

/// That the trigger and the view of [`fresh`] do what they do.
async fn still_works(session: &mut Session) {
    run(session, "INSERT INTO t VALUES (5)").await;
    assert_eq!(number(session, "SELECT SUM(a) FROM log").await, 5);
    assert_eq!(number(session, "SELECT SUM(a) FROM v").await, 6);
}
