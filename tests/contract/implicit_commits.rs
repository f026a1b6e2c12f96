//! On MySQL, DDL commits by itself: a migration must know what stays, and a restore must still be all or nothing.

use dbscript::db::{Begin, Chunk, Error, Session};
use dbscript::ident::TableName;
use dbscript::value::Value;
use tokio::sync::mpsc;

use super::{number, rows, run};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{Project, sqlx_migrate};

async fn fresh() -> Option<(Fresh, Session)> {
    let fresh = Fresh::new(Database::Mysql).await?;
    fresh
        .other_program(
            "CREATE TABLE t (a INT PRIMARY KEY AUTO_INCREMENT); INSERT INTO t VALUES (1), (2);
             CREATE TABLE log (a INT); CREATE VIEW old_view AS SELECT a FROM t;
             CREATE TRIGGER old_trigger AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.a)",
        )
        .await;
    let session = fresh.session().await;
    Some((fresh, session))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_statement_has_committed_by_itself_is_known_and_stays() {
    let Some((_fresh, mut session)) = fresh().await else {
        return;
    };
    session.begin(Begin::Write).await.expect("it begins");
    run(&mut session, "INSERT INTO log VALUES (1)").await;
    let asked = async |session: &mut Session| session.committed_by_itself().await;
    assert!(!asked(&mut session).await.expect("it can be asked"));
    session
        .run("CREATE TABLE u (a INT)")
        .await
        .expect("it is created");
    assert!(asked(&mut session).await.expect("it can be asked"));
    assert!(!asked(&mut session).await.expect("it can be asked"));
    run(&mut session, "INSERT INTO log VALUES (2)").await;
    let refused = session.run("ALTER TABLE nowhere ADD COLUMN b INT").await;
    assert!(refused.is_err());
    let committed = asked(&mut session).await.expect("it can be asked");
    assert!(committed, "also by one that fails");
    run(&mut session, "INSERT INTO log VALUES (4)").await;
    session.rollback().await.expect("it rolls back");
    assert_eq!(number(&mut session, "SELECT SUM(a) FROM log").await, 3);
    session.begin(Begin::Write).await.expect("it begins");
    session.begin(Begin::Write).await.expect("a savepoint");
    session.run("DROP TABLE u").await.expect("it drops");
    let gone = session.rollback().await.expect_err("it cannot be undone");
    assert!(gone.to_string().contains("has committed it"), "{gone}");
    session.rollback_all().await.expect("the session lives on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_transaction_kept_is_not_told_of_the_next() {
    let Some((_fresh, mut session)) = fresh().await else {
        return;
    };
    run(
        &mut session,
        "CREATE TABLE flat (a INT PRIMARY KEY) ENGINE = MyISAM",
    )
    .await;
    let flat = TableName::plain("flat");
    for commits in [true, false] {
        session.begin(Begin::Write).await.expect("it begins");
        let rows = [1, 2, 1].map(|a| vec![Value::Int(a)]).to_vec();
        let inserted = session.insert_many(&flat, &["a".to_owned()], rows).await;
        inserted.expect_err("one is there");
        match commits {
            true => session.commit().await.expect("it commits"),
            false => session.rollback().await.expect("it rolls back"),
        }
        if !commits {
            session.begin(Begin::Write).await.expect("it begins");
            session.rollback().await.expect("it rolls back");
        }
        assert_eq!(session.kept_by_rollback().await.expect("it answers"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_that_a_read_meets_is_no_commit() {
    let Some((fresh, mut session)) = fresh().await else {
        return;
    };
    let mut other = fresh.session().await;
    for opens in [false, true] {
        for session in [&mut session, &mut other] {
            session.begin(Begin::Write).await.expect("it begins");
        }
        // Who has changed more is not the one that is undone.
        let heavy = "INSERT INTO log WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n";
        run(&mut other, heavy).await;
        let locked = |a: i64| format!("SELECT a FROM t WHERE a = {a} FOR UPDATE");
        number(&mut session, &locked(1)).await;
        number(&mut other, &locked(2)).await;
        let wanted = locked(2);
        let read = async {
            match opens {
                true => session.open_cursor(&wanted, &[]).await.map(|_| ()),
                false => session.query(&wanted, &[], 9).await.map(|_| ()),
            }
        };
        let (read, _) = tokio::join!(read, run(&mut other, "UPDATE t SET a = 1 WHERE a = 1"));
        let read = read.expect_err("it is undone");
        assert!(read.to_string().contains("eadlock"), "{read}");
        let committed = session.committed_by_itself().await;
        assert!(!committed.expect("it can be asked"));
        for session in [&mut session, &mut other] {
            session.rollback_all().await.expect("it rolls back");
        }
    }
}

async fn databases(session: &mut Session) -> i64 {
    let sql = "SELECT COUNT(*) FROM information_schema.SCHEMATA
               WHERE SCHEMA_NAME LIKE CONCAT(DATABASE(), '\\_dbscript\\_%')";
    number(session, sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_database_is_put_in_place_at_once_or_not_at_all() {
    let Some((fresh, mut session)) = fresh().await else {
        return;
    };
    let mut other = fresh.session().await;
    for keep in [false, true] {
        session.begin(Begin::Rebuild).await.expect("it begins");
        session.drop_all().await.expect("a database beside");
        for sql in [
            "CREATE TABLE fresh (a INT PRIMARY KEY)",
            "CREATE TABLE t (a INT PRIMARY KEY, FOREIGN KEY (a) REFERENCES fresh (a))",
            "INSERT INTO fresh VALUES (7)",
            "INSERT INTO t VALUES (7)",
            "CREATE VIEW new_view AS SELECT a FROM fresh",
            "CREATE TRIGGER new_trigger AFTER DELETE ON t FOR EACH ROW DELETE FROM fresh WHERE a = OLD.a",
        ] {
            let done = session.run(sql).await;
            done.unwrap_or_else(|error| panic!("{error} in: {sql}"));
        }
        assert_eq!(number(&mut other, "SELECT SUM(a) FROM t").await, 3);
        assert_eq!(number(&mut other, "SELECT SUM(a) FROM old_view").await, 3);
        if keep {
            session.commit().await.expect("it is put in place");
        } else {
            session.rollback().await.expect("it goes away");
            run(&mut other, "INSERT INTO t VALUES (10)").await;
            assert_eq!(number(&mut other, "SELECT SUM(a) FROM log").await, 10);
            run(&mut other, "DELETE FROM t WHERE a = 10").await;
        }
        assert_eq!(databases(&mut other).await, 0);
    }
    assert_eq!(number(&mut session, "SELECT a FROM new_view").await, 7);
    run(&mut session, "DELETE FROM t").await;
    assert_eq!(number(&mut other, "SELECT COUNT(*) FROM fresh").await, 0);
    let names: Vec<String> = session
        .catalog()
        .await
        .expect("it is readable")
        .tables
        .iter()
        .map(|table| table.name.to_string())
        .collect();
    assert_eq!(names, ["fresh", "t"]);
    assert!(
        session
            .query("SELECT * FROM old_view", &[], 1)
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_is_dropped_leaves_nothing() {
    let Some((fresh, mut session)) = fresh().await else {
        return;
    };
    session.begin(Begin::Rebuild).await.expect("it begins");
    session.drop_all().await.expect("a database beside");
    let mut other = fresh.session().await;
    assert_eq!(databases(&mut other).await, 1);
    drop(session);
    assert_eq!(databases(&mut other).await, 0);
    assert_eq!(number(&mut other, "SELECT SUM(a) FROM t").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_not_replaced_where_a_trigger_would_fire() {
    let Some((_fresh, mut session)) = fresh().await else {
        return;
    };
    let catalog = session.catalog().await.expect("it is readable");
    let table = catalog.table(&TableName::plain("t")).expect("it is there");
    session.begin(Begin::Rebuild).await.expect("it begins");
    let (sender, receiver) = mpsc::channel::<Chunk>(1);
    drop(sender);
    let refused = session.write_lines(table, &table.columns, receiver).await;
    assert!(
        matches!(&refused, Err(Error::Unsupported { message, .. }) if message.contains("`old_trigger`")),
        "{refused:?}"
    );
    session.rollback().await.expect("it rolls back");
    assert_eq!(rows(&mut session, "SELECT a FROM log").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlx_and_dbscript_go_on_where_the_other_stopped() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    let project = Project::sample();
    let folder = project.path().join("migrations");
    let migrate = || {
        project
            .dbscript(&["run", "safe-migration", "--yes"])
            .env("DATABASE_URL", fresh.url())
    };
    migrate().go();
    let theirs = sqlx_migrate::<sqlx::MySqlConnection>(fresh.url(), &folder).await;
    theirs.expect("sqlx finds nothing to do");
    project.file("migrations/0010_a.sql", "CREATE TABLE a (id INT)");
    let theirs = sqlx_migrate::<sqlx::MySqlConnection>(fresh.url(), &folder).await;
    theirs.expect("sqlx goes on");
    project.file(
        "migrations/0011_b.sql",
        "CREATE TABLE b (id INT); INSERT INTO b VALUES (1); ALTER TABLE nowhere ADD COLUMN c INT",
    );
    migrate().status(3).stderr_has("the rehearsal failed").go();
    let mut session = fresh.session().await;
    assert_eq!(databases(&mut session).await, 0, "the copy is gone");
    let run = project
        .dbscript(&["run", "safe-migration", "--yes", "--rehearse", "off"])
        .env("DATABASE_URL", fresh.url());
    run.status(7)
        .stderr_has("statements 1 to 2 are done and stay")
        .go();
    migrate().status(3).stderr_has("is half applied").go();
    let theirs = sqlx_migrate::<sqlx::MySqlConnection>(fresh.url(), &folder).await;
    let refused = theirs.expect_err("sqlx sees it too");
    assert!(
        refused.to_string().contains("partially applied"),
        "{refused}"
    );
    let restore = project
        .dbscript(&["run", "restore", "--yes"])
        .env("DATABASE_URL", fresh.url());
    restore.go();
    let history = "SELECT COUNT(*) FROM _sqlx_migrations WHERE success";
    assert_eq!(number(&mut session, history).await, 4);
    assert!(session.query("SELECT * FROM b", &[], 1).await.is_err());
}
