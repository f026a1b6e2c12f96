//! Table files bit for bit: every class of value FORMAT.md names is written as it says there, goes back, and is then what
//! it was, schema and counters with it.

mod mysql_classes;
mod postgres_classes;
mod sqlite_classes;

use std::collections::BTreeMap;

use dbscript::db::{Begin, Chunk, Engine, Error, Session, Snapshot, Table, check_line};
use dbscript::ident::TableName;
use tokio::sync::mpsc;

use crate::harness::Fresh;
use crate::harness::database_hash;
use crate::harness::databases::{Database, Said, on_every_database};

on_every_database! {
    every_class_of_value_survives,
    a_line_that_does_not_fit_is_refused_with_its_row,
    triggers_do_not_fire_for_restored_rows,
    rows_larger_than_a_piece_survive,
}

/// A sort of value, or of table, and what its lines are.
pub struct Class {
    /// What it shows.
    pub name: &'static str,
    /// SQL that makes it.
    pub sql: &'static str,
    /// The lines of each table whose lines matter, in the order of the table.
    pub lines: &'static [(&'static str, &'static [&'static str])],
    /// Queries that must give the same in the copy; besides them the whole content must be the same, unless
    /// `only_queries` says that the engine is free in how it keeps it.
    pub queries: &'static [&'static str],
    pub only_queries: bool,
    /// Names that cannot be carried and must be said to be left out.
    pub not_included: &'static [&'static str],
}

/// A class with nothing but lines.
pub const PLAIN: Class = Class {
    name: "",
    sql: "",
    lines: &[],
    queries: &[],
    only_queries: false,
    not_included: &[],
};

async fn every_class_of_value_survives(fresh: Fresh) {
    let classes = fresh.said(Said {
        sqlite: sqlite_classes::CLASSES,
        mysql: mysql_classes::CLASSES,
        postgres: postgres_classes::CLASSES,
    });
    assert!(
        !classes.is_empty(),
        "no classes for {}",
        fresh.engine().name()
    );
    let engine = fresh.session().await.engine();
    for class in classes {
        if class.name.starts_with("mariadb") && engine != Engine::Mariadb {
            continue;
        }
        let original = fresh.another().await;
        original.other_program(class.sql).await;
        let copy = fresh.another().await;
        let mut snapshot = snapshot(&original, class.name).await;
        let left_out: Vec<&str> = snapshot
            .catalog
            .not_included
            .iter()
            .map(|left_out| left_out.name.as_str())
            .collect();
        assert_eq!(left_out, class.not_included, "{}", class.name);
        let written = all_lines(&mut snapshot).await;
        for (table, expected) in class.lines {
            assert_eq!(written[*table], *expected, "{}: {table}", class.name);
        }
        rebuild(&copy, &snapshot, &written, class.name).await;
        same(&original, &copy, class, &written).await;
    }
}

/// That the copy is what the original was.
async fn same(original: &Fresh, copy: &Fresh, class: &Class, written: &Lines) {
    let mut again = snapshot(copy, class.name).await;
    assert_eq!(all_lines(&mut again).await, *written, "{}", class.name);
    drop(again);
    let (mut left, mut right) = (original.session().await, copy.session().await);
    let mut wanted = catalog(&mut left).await;
    // What cannot be carried is not in the copy, and so not left out of it.
    wanted.not_included.clear();
    wanted
        .objects
        .retain(|object| !class.not_included.contains(&object.name.name.as_str()));
    let mut got = catalog(&mut right).await;
    got.not_included.clear();
    got.objects
        .retain(|object| !class.not_included.contains(&object.name.name.as_str()));
    assert_eq!(got, wanted, "{}", class.name);
    for query in class.queries {
        let wanted = super::rows(&mut left, query).await;
        assert_eq!(
            super::rows(&mut right, query).await,
            wanted,
            "{}: {query}",
            class.name
        );
    }
    drop((left, right));
    if let (Some(left), Some(right)) = (original.target().file(), copy.target().file())
        && !class.only_queries
    {
        assert_eq!(database_hash(left), database_hash(right), "{}", class.name);
    }
}

async fn catalog(session: &mut Session) -> dbscript::db::Catalog {
    session.catalog().await.expect("the catalog is readable")
}

async fn snapshot(fresh: &Fresh, class: &str) -> Snapshot {
    let made = fresh.target().snapshot(1).await;
    made.unwrap_or_else(|error| panic!("{class}: {error}"))
}

type Lines = BTreeMap<String, Vec<String>>;

/// Every table's lines; each must be what `check_line` takes for a row of that table.
async fn all_lines(snapshot: &mut Snapshot) -> Lines {
    let mut all = BTreeMap::new();
    for table in snapshot.catalog.tables.clone() {
        let columns: Vec<_> = table.stored_columns().cloned().collect();
        let (sender, mut receiver) = mpsc::channel::<Chunk>(4);
        let collect = async {
            let mut text = Vec::new();
            while let Some(chunk) = receiver.recv().await {
                text.extend_from_slice(&chunk.lines);
            }
            text
        };
        let reader = &mut snapshot.readers[0];
        let (read, text) = tokio::join!(reader.read_lines(&table, &columns, sender), collect);
        let text = String::from_utf8(text).expect("JSON is UTF-8");
        let lines: Vec<String> = text.split_terminator('\n').map(str::to_owned).collect();
        assert_eq!(read.expect("it is readable"), lines.len() as u64);
        let engine = Engine::from_name(&snapshot.info.engine).expect("it is known");
        for (row, line) in (1..).zip(&lines) {
            check_line(engine, &table.name, &columns, row, line.as_bytes())
                .unwrap_or_else(|error| panic!("{error} in {line}"));
        }
        all.insert(table.name.to_string(), lines);
    }
    all
}

/// Makes the copy as a restore does: tables, rows, the rest, counters, in one transaction.
async fn rebuild(copy: &Fresh, snapshot: &Snapshot, lines: &Lines, class: &str) {
    let mut session = copy.session().await;
    session.begin(Begin::Rebuild).await.expect("it begins");
    for statement in &snapshot.schema.before {
        let done = session.run(statement).await;
        done.unwrap_or_else(|error| panic!("{class}: {error} in: {statement}"));
    }
    for table in &snapshot.catalog.tables {
        let lines = &lines[&table.name.to_string()];
        let written = write(&mut session, table, lines).await;
        let rows = written.unwrap_or_else(|error| panic!("{class}: {error}"));
        assert_eq!(rows, lines.len() as u64, "{class}");
    }
    for statement in &snapshot.schema.after {
        let done = session.run(statement).await;
        done.unwrap_or_else(|error| panic!("{class}: {error} in: {statement}"));
    }
    let counters = session.set_sequences(&snapshot.catalog.sequences).await;
    counters.unwrap_or_else(|error| panic!("{class}: {error}"));
    session.commit().await.expect("it commits");
}

/// Writes lines in pieces of a few.
async fn write(session: &mut Session, table: &Table, lines: &[String]) -> Result<u64, Error> {
    let columns: Vec<_> = table.stored_columns().cloned().collect();
    let (sender, receiver) = mpsc::channel(2);
    let send = async move {
        for piece in lines.chunks(3) {
            let chunk = Chunk {
                lines: (piece.join("\n") + "\n").into_bytes(),
                rows: piece.len() as u64,
            };
            // A writer that has met an error listens no more.
            if sender.send(chunk).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(session.write_lines(table, &columns, receiver), send).0
}

async fn named_table(session: &mut Session, name: &str) -> Table {
    let catalog = catalog(session).await;
    let table = catalog.table(&TableName::plain(name));
    table.expect("it was just made").clone()
}

/// A function under a CHECK says what it met, in an error of the class of values that do not fit.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_a_function_refuses_is_told_without_its_words() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    fresh
        .other_program(
            "CREATE FUNCTION good(v TEXT) RETURNS BOOLEAN LANGUAGE plpgsql AS
                $$ BEGIN IF v = 'a' THEN RETURN true; END IF; RAISE EXCEPTION 'not %', v USING ERRCODE = '22023'; END $$;
             CREATE TABLE t (name TEXT CHECK (good(name)))",
        )
        .await;
    let mut session = fresh.session().await;
    let table = named_table(&mut session, "t").await;
    session.begin(Begin::Write).await.expect("it begins");
    let lines = ["a", "ada"].map(|name| format!("{{\"name\":\"{name}\"}}"));
    let refused = write(&mut session, &table, &lines).await;
    let error = refused.expect_err("the function refuses it");
    assert!(matches!(error, Error::Row { row: 2, .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("ada"), "{error:?}");
    session.rollback().await.expect("it rolls back");
}

async fn a_line_that_does_not_fit_is_refused_with_its_row(fresh: Fresh) {
    fresh
        .other_program("CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20))")
        .await;
    let mut session = fresh.session().await;
    let table = named_table(&mut session, "t").await;
    let good = "{\"id\":1,\"name\":\"a\"}";
    for bad in [
        "",
        "null",
        "[2,\"b\"]",
        "{\"id\":2}",
        "{\"name\":\"b\",\"id\":2}",
        "{\"id\":2,\"name\":\"b\",\"more\":1}",
        "{\"id\":2,\"name\":\"b\"",
        "{\"id\":2,\"name\":\"b\"},",
        "{\"id\":2,\"name\":\"b\"}{\"id\":3,\"name\":\"c\"}",
        "{\"id\":2,\"name\":{\"$hex\":\"0\"}}",
        "{\"id\":2,\"name\":{\"$unknown\":\"00\"}}",
        "{\"id\":99999999999999999999,\"name\":\"b\"}",
        "{\"id\":2,\"name\":\"\u{1}\"}",
    ] {
        session.begin(Begin::Write).await.expect("it begins");
        let lines = [good.to_owned(), bad.to_owned()];
        match write(&mut session, &table, &lines).await {
            Err(Error::Row { row: 2, table, .. }) => assert_eq!(table, "t", "{bad}"),
            other => panic!("{other:?} for: {bad}"),
        }
        session.rollback().await.expect("it rolls back");
        let columns: Vec<_> = table.stored_columns().cloned().collect();
        let checked = check_line(fresh.engine(), &table.name, &columns, 2, bad.as_bytes());
        assert!(
            matches!(checked, Err(Error::Row { row: 2, .. })),
            "{bad}: {checked:?}"
        );
    }
    let twice = [good.to_owned(), good.to_owned()];
    session.begin(Begin::Write).await.expect("it begins");
    assert!(
        write(&mut session, &table, &twice).await.is_err(),
        "the key is there"
    );
    session.rollback().await.expect("it rolls back");
    assert_eq!(session.count(&table.name).await.expect("it counts"), 0);
}

async fn triggers_do_not_fire_for_restored_rows(fresh: Fresh) {
    let trigger = fresh.said(Said {
        sqlite: "CREATE TRIGGER notes AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.id); END",
        postgres: "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
                   $$ BEGIN INSERT INTO log VALUES (new.id); RETURN NULL; END $$;
                   CREATE TRIGGER notes AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION note()",
        mysql: "CREATE TRIGGER notes AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (new.id)",
    });
    // MySQL cannot switch triggers off: there they are made after the rows, as the schema file says.
    if fresh.engine().name() == "mysql" || fresh.engine().name() == "mariadb" {
        return;
    }
    let tables = "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE log (id INTEGER);";
    fresh.other_program(&format!("{tables} {trigger}")).await;
    let mut session = fresh.session().await;
    let table = named_table(&mut session, "t").await;
    let lines = ["{\"id\":1}".to_owned(), "{\"id\":2}".to_owned()];
    session.begin(Begin::Write).await.expect("it begins");
    assert_eq!(
        write(&mut session, &table, &lines).await.expect("they fit"),
        2
    );
    session.commit().await.expect("it commits");
    let log = TableName::plain("log");
    assert_eq!(session.count(&log).await.expect("it counts"), 0);
    super::run(&mut session, "INSERT INTO t VALUES (3)").await;
    assert_eq!(
        session.count(&log).await.expect("it counts"),
        1,
        "they fire again"
    );
}

async fn rows_larger_than_a_piece_survive(fresh: Fresh) {
    let create = fresh.said(Said {
        sqlite: "CREATE TABLE t (id INTEGER PRIMARY KEY, big TEXT)",
        postgres: "CREATE TABLE t (id INTEGER PRIMARY KEY, big TEXT)",
        mysql: "CREATE TABLE t (id INTEGER PRIMARY KEY, big LONGTEXT)",
    });
    fresh.other_program(create).await;
    let mut session = fresh.session().await;
    let table = named_table(&mut session, "t").await;
    let lines: Vec<String> = (0..7)
        .map(|id| format!("{{\"id\":{id},\"big\":\"{}\"}}", "é".repeat(id * 30_000)))
        .collect();
    session.begin(Begin::Write).await.expect("it begins");
    assert_eq!(
        write(&mut session, &table, &lines).await.expect("they fit"),
        7
    );
    session.commit().await.expect("it commits");
    drop(session);
    let mut snapshot = snapshot(&fresh, "large rows").await;
    assert!(all_lines(&mut snapshot).await["t"] == lines, "they differ");
}
