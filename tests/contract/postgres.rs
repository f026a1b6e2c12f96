//! What only PostgreSQL does, and the URLs that lead to it.

use std::time::Duration;

use dbscript::db::{Access, Begin, Chunk, Error, Reader, Session, Table, Target};
use dbscript::error::Kind;
use dbscript::event::Silent;
use dbscript::ident::TableName;
use dbscript::value::Value;
use sqlx::migrate::Migrate;
use sqlx::{Connection, PgConnection};
use tokio::sync::mpsc;

use super::{number, rows, run};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{PASSWORD, Project};

const FAMILY: &str = "CREATE TABLE parent (id INTEGER PRIMARY KEY);
     CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent ON DELETE CASCADE);
     CREATE TABLE log (id INTEGER);
     CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (1); RETURN NULL; END $$;
     CREATE TRIGGER note AFTER INSERT OR DELETE ON parent FOR EACH ROW EXECUTE FUNCTION note();
     INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (10, 1), (11, 2); DELETE FROM log;";

async fn fresh() -> Option<Fresh> {
    Fresh::new(Database::Postgres).await
}

/// The same database as a user of its own who owns its tables and nothing more.
async fn as_owner(fresh: &Fresh, name: &str) -> Target {
    let database = fresh.target().name().to_owned();
    fresh
        .other_program(&format!(
            "CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'; GRANT ALL ON SCHEMA public TO {name};
             GRANT CONNECT ON DATABASE {database} TO {name}"
        ))
        .await;
    let url = fresh.url().replace("tester:", &format!("{name}:"));
    Target::parse(&url, fresh.folder()).expect("the test's own URL is good")
}

async fn open(target: &Target, access: Access) -> Session {
    target.connect(access).await.expect("it opens")
}

const WRITE: Access = Access {
    write: true,
    create: false,
    guarded: false,
};

async fn lines(reader: &mut dyn Reader, table: &Table) -> u64 {
    let (sender, mut receiver) = mpsc::channel::<Chunk>(2);
    let count = async {
        let mut rows = 0;
        while let Some(chunk) = receiver.recv().await {
            rows += chunk.rows;
        }
        rows
    };
    let (read, counted) = tokio::join!(reader.read_lines(table, &table.columns, sender), count);
    assert_eq!(read.expect("the table is readable"), counted);
    counted
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_truncate_and_alter_do_not_disturb_a_snapshot() {
    let Some(fresh) = fresh().await else { return };
    fresh
        .other_program(
            "CREATE TABLE t (a INTEGER); INSERT INTO t SELECT generate_series(1, 5000);
             CREATE TABLE u (a INTEGER); INSERT INTO u VALUES (1)",
        )
        .await;
    let mut snapshot = fresh.target().snapshot(2).await.expect("a snapshot");
    fresh
        .other_program("DELETE FROM t WHERE a % 2 = 0; INSERT INTO u VALUES (2)")
        .await;
    let mut watcher = fresh.session().await;
    let reading = async {
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = \
            (SELECT oid FROM pg_database WHERE datname = current_database())";
        while number(&mut watcher, waiting).await < 2 {}
        let tables = snapshot.catalog.tables.clone();
        for reader in &mut snapshot.readers {
            assert_eq!(lines(reader.as_mut(), &tables[0]).await, 5_000);
            assert_eq!(lines(reader.as_mut(), &tables[1]).await, 1);
        }
        drop(snapshot);
    };
    tokio::join!(
        reading,
        fresh.other_program("TRUNCATE t"),
        fresh.other_program("ALTER TABLE u ADD COLUMN b INTEGER"),
    );
    let mut session = fresh.session().await;
    assert_eq!(number(&mut session, "SELECT count(*) FROM t").await, 0);
    assert_eq!(rows(&mut session, "SELECT a, b FROM u").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_lets_others_read_and_not_write() {
    let Some(fresh) = fresh().await else { return };
    fresh.other_program("CREATE TABLE t (a INTEGER)").await;
    let mut session = fresh.session().await;
    session.begin(Begin::Rebuild).await.expect("it begins");
    let mut other = fresh.session().await;
    assert_eq!(number(&mut other, "SELECT count(*) FROM t").await, 0);
    let insert = other.execute("INSERT INTO t VALUES (1)", &[]);
    let waiting = tokio::time::timeout(Duration::from_millis(200), insert).await;
    assert!(waiting.is_err(), "it wrote");
    let snapshot = fresh.target().snapshot(2).await;
    assert!(snapshot.is_ok(), "the safety backup reads");
    session.rollback().await.expect("it ends");
    run(&mut other, "INSERT INTO t VALUES (1)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_cannot_talk_itself_into_writing() {
    let Some(fresh) = fresh().await else { return };
    fresh.other_program("CREATE TABLE t (a INTEGER)").await;
    let access = Access {
        guarded: true,
        ..Access::default()
    };
    let mut reader = open(&fresh.target(), access).await;
    for attempt in [
        "SELECT set_config('default_transaction_read_only', 'off', false)",
        "SELECT set_config('transaction_read_only', 'off', true)",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "SET default_transaction_read_only = off",
        "SET TRANSACTION READ WRITE",
        "SET LOCAL transaction_read_only = off",
        "COMMIT",
        "BEGIN READ WRITE",
        "COPY t FROM PROGRAM 'echo 1'",
        "DO $$ BEGIN SET LOCAL transaction_read_only = off; INSERT INTO t VALUES (1); END $$",
    ] {
        for in_transaction in [false, true] {
            if in_transaction {
                reader.begin(Begin::Read).await.expect("it begins");
            }
            // Some are refused, some do nothing; none helps.
            let _ = reader.execute(attempt, &[]).await;
            let refused = reader.execute("INSERT INTO t VALUES (1)", &[]).await;
            let refused = refused.map_err(dbscript::error::Error::from);
            assert!(refused.is_err(), "{attempt}");
            reader.rollback_all().await.expect("it ends");
        }
    }
    let mut session = fresh.session().await;
    assert_eq!(number(&mut session, "SELECT count(*) FROM t").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_migration_lock_is_sqlxs() {
    let Some(fresh) = fresh().await else { return };
    // A lock that only waits is idle, which the database may not like.
    let database = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I @', current_database()); END $$";
    let impatient = database.replace('@', "SET idle_session_timeout = ''100ms''");
    fresh.other_program(&impatient).await;
    let mut ours = fresh.session().await;
    ours.lock_migrations(1_000).await.expect("it is free");
    let mut theirs = PgConnection::connect(fresh.url()).await.expect("it opens");
    let waiting = tokio::time::timeout(Duration::from_millis(300), theirs.lock()).await;
    assert!(waiting.is_err(), "sqlx got the lock we hold");
    drop(theirs);
    let patient = database.replace('@', "RESET idle_session_timeout");
    fresh.other_program(&patient).await;
    let mut other = fresh.session().await;
    let refused = other.lock_migrations(100).await;
    assert!(
        matches!(refused, Err(Error::LockWait { .. })),
        "{refused:?}"
    );
    ours.unlock_migrations().await.expect("it is held");
    let mut theirs = PgConnection::connect(fresh.url()).await.expect("it opens");
    theirs.lock().await.expect("it is free again");
    let refused = other.lock_migrations(100).await;
    assert!(
        matches!(refused, Err(Error::LockWait { .. })),
        "{refused:?}"
    );
    theirs.unlock().await.expect("it is held");
    other.lock_migrations(1_000).await.expect("it is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scratch_database_comes_and_goes() {
    let Some(fresh) = fresh().await else { return };
    let mut session = fresh.session().await;
    let exists = |name: &str| format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    for close in [true, false] {
        let scratch = fresh.target().scratch(fresh.folder(), &Silent).await;
        let scratch = scratch.expect("it can be made");
        let shown = scratch.target().shown().to_owned();
        let name = shown.rsplit('/').next().expect("a URL").to_owned();
        assert!(name.starts_with("dbscript_scratch_"), "{shown}");
        assert!(!shown.contains(PASSWORD));
        let mut inside = open(scratch.target(), WRITE).await;
        run(&mut inside, "CREATE TABLE t (a INTEGER)").await;
        assert_eq!(number(&mut session, &exists(&name)).await, 1);
        // Whoever is still connected to it does not keep it.
        if close {
            scratch.close().await.expect("it goes");
        } else {
            tokio::task::spawn_blocking(move || drop(scratch))
                .await
                .expect("it goes");
        }
        assert_eq!(number(&mut session, &exists(&name)).await, 0);
    }
    let owner = as_owner(&fresh, "without_createdb").await;
    let refused = owner
        .scratch(fresh.folder(), &Silent)
        .await
        .expect_err("no right");
    let error = dbscript::error::Error::from(refused);
    assert_eq!(error.kind, Kind::Refused, "{}", error.chain());
    assert!(error.hint.is_some_and(|hint| hint.contains("CREATEDB")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_is_no_superuser_replaces_rows_too() {
    let Some(fresh) = fresh().await else { return };
    let owner = as_owner(&fresh, "plain_owner").await;
    let mut session = open(&owner, WRITE).await;
    for statement in FAMILY.split(";\n") {
        for statement in statement.split("; ").filter(|_| !statement.contains("$$")) {
            run(&mut session, statement).await;
        }
        if statement.contains("$$") {
            run(&mut session, statement).await;
        }
    }
    let parent = TableName::plain("parent");
    let table = session.catalog().await.expect("readable");
    let table = table.table(&parent).expect("it is there").clone();
    session.begin(Begin::Rebuild).await.expect("it begins");
    assert_eq!(session.clear(&parent).await.expect("it clears"), 2);
    let (sender, receiver) = mpsc::channel(1);
    let chunk = Chunk {
        lines: b"{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n".to_vec(),
        rows: 3,
    };
    sender.send(chunk).await.expect("there is room");
    drop(sender);
    let written = session.write_lines(&table, &table.columns, receiver).await;
    assert_eq!(written.expect("they fit"), 3);
    session.commit().await.expect("it commits");
    assert_eq!(number(&mut session, "SELECT count(*) FROM child").await, 2);
    assert_eq!(number(&mut session, "SELECT count(*) FROM log").await, 0);
    let refused = session
        .execute("INSERT INTO child VALUES (12, 99)", &[])
        .await;
    assert!(refused.is_err(), "the key is in force again");
    run(&mut session, "DELETE FROM parent WHERE id = 1").await;
    assert_eq!(number(&mut session, "SELECT count(*) FROM child").await, 1);
    assert_eq!(
        number(&mut session, "SELECT count(*) FROM log").await,
        1,
        "the trigger fires again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_url_leads_there() {
    let Some(fresh) = fresh().await else { return };
    fresh
        .other_program("CREATE SCHEMA app; CREATE TABLE app.t (a INTEGER)")
        .await;
    let url = fresh.url().to_owned();
    let v6_is_refused_as_a_place = url.replace("127.0.0.1", "[::1]");
    for form in [
        url.clone(),
        url.replace("postgres://", "postgresql://"),
        format!("\"{url}\""),
        format!("{url}?sslmode=disable&connect_timeout=5&pool_timeout=3&connection_limit=1"),
        format!("{url}?sslmode=prefer&channel_binding=prefer"),
        format!("{url}?pgbouncer=true&statement_cache_size=0"),
        format!("{url}?schema=app&socket_timeout=30&options=-c%20geqo%3Doff"),
    ] {
        let target = Target::parse(&form, fresh.folder()).expect("a good URL");
        assert!(!format!("{target} {target:?}").contains(PASSWORD));
        let mut session = open(&target, WRITE).await;
        assert_eq!(number(&mut session, "SELECT 1").await, 1, "{target}");
        let name = &session.catalog().await.expect("readable").tables[0].name;
        assert_eq!(name.schema.is_none(), form.contains("schema=app"));
    }
    for (form, code) in [
        (format!("{url}?sslmode=require"), "tls"),
        (
            format!("{url}?sslmode=verify-full&sslcert=none.pem"),
            "08001",
        ),
        (url.replace(PASSWORD, "wrong"), "28P01"),
        (v6_is_refused_as_a_place, "08001"),
    ] {
        let target = Target::parse(&form, fresh.folder()).expect("a good URL");
        let Err(error) = target.connect(WRITE).await else {
            panic!("{target} opened");
        };
        let error = dbscript::error::Error::from(error);
        assert_eq!(error.kind, Kind::Connect, "{}", error.chain());
        assert_eq!(error.code.as_deref(), Some(code), "{}", error.chain());
        assert!(!format!("{error:?}").contains(PASSWORD));
    }
    let pooled = Target::parse(&format!("{url}?pgbouncer=true"), fresh.folder()).expect("good");
    let refused = open(&pooled, WRITE).await.lock_migrations(10).await;
    assert!(
        matches!(refused, Err(Error::Unsupported { .. })),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_every_type_come_as_what_they_are() {
    let Some(fresh) = fresh().await else { return };
    let mut session = fresh.session().await;
    let found = rows(
        &mut session,
        "SELECT true, 1.50::numeric, 'NaN'::numeric, '2025-07-05 21:00:00.5+02'::timestamptz, '2025-01-01'::date, '{1,NULL}'::int[]",
    )
    .await;
    let expected = [
        Value::Bool(true),
        Value::Decimal("1.50".parse().expect("a decimal")),
        Value::from("NaN"),
        Value::Time("2025-07-05T19:00:00.5Z".parse().expect("a moment")),
        Value::from("2025-01-01"),
        Value::from("{1,NULL}"),
    ];
    assert_eq!(found, [expected.to_vec()]);
    let list = Value::List(vec![Value::Int(1), Value::Int(3)]);
    let found = session
        .query(
            "SELECT i FROM generate_series(1, 4) i WHERE i = ANY (?)",
            &[list],
            9,
        )
        .await
        .expect("a list is an array");
    assert_eq!(found.rows, [[Value::Int(1)], [Value::Int(3)]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_runs_on_postgres() {
    let Some(fresh) = fresh().await else { return };
    let url = fresh.url().to_owned();
    let done = tokio::task::spawn_blocking(move || {
        let project = Project::sample();
        let run = |words: &[&str]| {
            let words = [words, &["--json"]].concat();
            let finished = project.dbscript(&words).env("DATABASE_URL", &url).go();
            assert!(!finished.told().contains(PASSWORD));
            finished.result()
        };
        assert_eq!(run(&["run", "safe-migration", "--yes"])["applied"], 3);
        let people = run(&["run", "restore-users"])["restored"].clone();
        project.file(
            "migrations/0004_more.sql",
            "CREATE TYPE mood AS ENUM ('ok'); ALTER TABLE users ADD COLUMN mood mood DEFAULT 'ok';
             CREATE TABLE notes (id SERIAL PRIMARY KEY, a TEXT); INSERT INTO notes (a) VALUES ('x'), ('y');",
        );
        assert_eq!(run(&["run", "safe-migration", "--yes"])["applied"], 1);
        let saved = run(&["run", "backup"]);
        assert_eq!(saved["counts"]["users"], people);
        assert_eq!(run(&["run", "verify"])["timestamp"], saved["timestamp"]);
        let restored = run(&["run", "restore", "--yes"]);
        assert_eq!(restored["counts"]["users"], people);
        let rows = run(&["run", "restore", "--tables", "users", "--yes"]);
        assert_eq!(rows["counts"]["users"], people);
    })
    .await;
    done.expect("it runs");
    let mut session = fresh.session().await;
    let next = rows(
        &mut session,
        "INSERT INTO notes (a) VALUES ('z') RETURNING id",
    )
    .await;
    assert_eq!(next, [[Value::Int(3)]]);
    let left = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(
        number(&mut session, left).await,
        0,
        "the lock is given back"
    );
}
