//! Who may do what, and what is said of a database that cannot be opened.

use dbscript::db::{Access, Begin, Error, Target};
use dbscript::error::Kind;
use dbscript::ident::TableName;
use dbscript::value::Value;

use super::{number, run};
use crate::harness::Fresh;
use crate::harness::databases::on_every_database;

on_every_database! {
    a_reader_reads_and_the_engine_refuses_every_write,
    a_writer_that_meets_another_is_told_who_is_in_the_way,
    what_is_not_there_is_not_made,
    the_migration_lock_is_held_by_one,
}

async fn a_reader_reads_and_the_engine_refuses_every_write(fresh: Fresh) {
    fresh
        .other_program("CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)")
        .await;
    let mut reader = fresh.reader().await;
    assert_eq!(number(&mut reader, "SELECT count(*) FROM t").await, 1);
    for sql in [
        "INSERT INTO t VALUES (2)",
        "UPDATE t SET a = 3",
        "DELETE FROM t",
        "CREATE TABLE u (a INTEGER)",
        "ALTER TABLE t ADD COLUMN b INTEGER",
        "DROP TABLE t",
    ] {
        for in_transaction in [false, true] {
            if in_transaction {
                reader.begin(Begin::Read).await.expect("reading is allowed");
            }
            let refused = reader.execute(sql, &[]).await.expect_err(sql);
            let kind = dbscript::error::Error::from(refused).kind;
            assert_eq!(kind, Kind::Refused, "{sql}");
            reader.rollback().await.expect("it ends");
        }
    }
    let table = TableName::plain("t");
    let columns = ["a".to_owned()];
    let refused = reader
        .insert_many(&table, &columns, vec![vec![Value::Int(9)]])
        .await;
    assert!(refused.is_err(), "{refused:?}");
    assert!(reader.clear(&table).await.is_err());
    assert_eq!(number(&mut reader, "SELECT sum(a) FROM t").await, 1);
    assert!(reader.catalog().await.is_ok());
    assert!(reader.schema_sql().await.is_ok());
}

async fn a_writer_that_meets_another_is_told_who_is_in_the_way(fresh: Fresh) {
    fresh
        .other_program("CREATE TABLE t (a INTEGER PRIMARY KEY)")
        .await;
    let mut first = fresh.session().await;
    let mut second = fresh.session().await;
    first.begin(Begin::Write).await.expect("it begins");
    run(&mut first, "INSERT INTO t VALUES (1)").await;
    // Where the engine has one lock for all writers, the second waits for it and then says so.
    if fresh.target().file().is_some() {
        let refused = second.begin(Begin::Write).await.expect_err("it is locked");
        assert!(matches!(refused, Error::Locked { .. }), "{refused:?}");
        let error = dbscript::error::Error::from(refused);
        assert_eq!(error.kind, Kind::Database);
        assert_eq!(error.message, "the database is locked by another program");
        assert!(error.hint.is_some(), "the way out is told");
        assert_eq!(second.depth(), 0);
        assert_eq!(number(&mut second, "SELECT count(*) FROM t").await, 0);
    }
    first.commit().await.expect("it commits");
    second.begin(Begin::Write).await.expect("the way is free");
    run(&mut second, "INSERT INTO t VALUES (2)").await;
    second.commit().await.expect("it commits");
    assert_eq!(number(&mut first, "SELECT count(*) FROM t").await, 2);
}

async fn what_is_not_there_is_not_made(fresh: Fresh) {
    let access = Access {
        write: true,
        ..Access::default()
    };
    let files = [
        ("none.db", None, Kind::Connect),
        ("folder.db", None, Kind::Connect),
        (
            "text.db",
            Some("no database, only text, and a lot. ".repeat(100)),
            Kind::Connect,
        ),
        (
            "torn.db",
            Some("SQLite format 3\0 and then nothing that fits".to_owned()),
            Kind::Connect,
        ),
    ];
    std::fs::create_dir(fresh.folder().join("folder.db")).expect("the folder is ours");
    for (name, content, kind) in files {
        let file = fresh.folder().join(name);
        if let Some(content) = &content {
            std::fs::write(&file, content).expect("the folder is ours");
        }
        let target = Target::parse(&format!("sqlite://{name}"), fresh.folder()).expect("good");
        for access in [access, Access::default()] {
            let error = match target.connect(access).await {
                Ok(_) => panic!("{name} was opened"),
                Err(error) => dbscript::error::Error::from(error),
            };
            assert_eq!(error.kind, kind, "{name}: {}", error.chain());
            assert!(error.message.contains(name), "{name}: {}", error.chain());
        }
        assert!(target.snapshot(1).await.is_err(), "{name}");
        assert_eq!(
            std::fs::read(&file).ok(),
            content.map(String::into_bytes),
            "{name}"
        );
    }
}

async fn the_migration_lock_is_held_by_one(fresh: Fresh) {
    let mut first = fresh.session().await;
    first.lock_migrations(1_000).await.expect("it is free");
    first.unlock_migrations().await.expect("it is held");
    first.unlock_migrations().await.expect("twice is no error");
    first
        .lock_migrations(1_000)
        .await
        .expect("it is free again");
    drop(first);
    let mut second = fresh.session().await;
    second
        .lock_migrations(1_000)
        .await
        .expect("it went with its session");
}
