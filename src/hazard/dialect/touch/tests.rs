//! What triggers set, told by their text.

mod conditions;

use super::clock::is_clock;
use super::{leaves_alone, pieces, touches};
use crate::db::{Catalog, Column, Engine, Object, Table};
use crate::ident::TableName;

fn set_by(engine: Engine, objects: &[(&str, &str, &str)]) -> Vec<(String, bool)> {
    let objects: Vec<Object> = objects
        .iter()
        .map(|(kind, name, sql)| Object {
            kind: (*kind).to_owned(),
            name: TableName::plain(*name),
            table: (*kind == "trigger").then(|| TableName::plain("t")),
            sql: (*sql).to_owned(),
        })
        .collect();
    let columns = ["id", "seen", "n"].map(|name| Column {
        name: name.to_owned(),
        ..Column::default()
    });
    let table = Table {
        name: TableName::plain("t"),
        columns: columns.to_vec(),
        primary_key: vec!["id".to_owned()],
        ..Table::default()
    };
    let catalog = Catalog {
        tables: vec![table],
        objects,
        ..Catalog::default()
    };
    let touches = touches(engine, &catalog).into_iter();
    touches.map(|touch| (touch.column, touch.of_time)).collect()
}

#[test]
fn what_a_trigger_sets_is_told_by_its_assignments() {
    let time = |column: &str| vec![(column.to_owned(), true)];
    let other = |column: &str| vec![(column.to_owned(), false)];
    const RUN: &str =
        "CREATE TRIGGER tu BEFORE INSERT OR UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION f()";
    for (body, expected) in [
        ("new.seen = now();", time("seen")),
        (
            "NEW.\"Seen\" := (now() AT TIME ZONE 'utc')::timestamp;",
            time("seen"),
        ),
        (
            "IF NEW.seen = OLD.seen THEN NEW.seen = clock_timestamp(); END IF;",
            time("seen"),
        ),
        ("NEW.seen = now() + x;", other("seen")),
        ("NEW.seen = now(); NEW.seen = OLD.seen;", other("seen")),
        ("NEW.seen = now(); SELECT 1 INTO NEW.seen;", other("seen")),
        ("NEW.seen = now(); UPDATE t SET seen = NULL;", other("seen")),
        ("NEW.seen = now(); NEW = OLD;", other("seen")),
        ("NEW.n = OLD.n + 1;", other("n")),
        ("IF NEW.seen = now() THEN x = 1; END IF;", Vec::new()),
    ] {
        let sql = format!(
            "CREATE FUNCTION public.f()\n RETURNS trigger\n LANGUAGE plpgsql\nAS $function$ BEGIN {body} RETURN NEW; END $function$\n"
        );
        let objects = [("trigger", "tu", RUN), ("function", "f()", &sql)];
        assert_eq!(set_by(Engine::Postgres, &objects), expected, "{body}");
    }
    let moddatetime = "CREATE TRIGGER m BEFORE UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION moddatetime('seen')";
    let objects = [("trigger", "m", moddatetime)];
    assert_eq!(set_by(Engine::Postgres, &objects), time("seen"));
}

#[test]
fn of_sqlite_only_an_update_of_the_same_row_counts() {
    for (update, expected) in [
        (
            "UPDATE t SET seen = CURRENT_TIMESTAMP WHERE id = NEW.id;",
            true,
        ),
        (
            "UPDATE \"t\" SET seen = datetime('now') WHERE t.rowid = old.rowid;",
            true,
        ),
        ("UPDATE t SET seen = datetime('now');", false),
        (
            "UPDATE t SET seen = datetime('now', '-1 day') WHERE id = NEW.id;",
            false,
        ),
        ("UPDATE t SET seen = '2001-01-01' WHERE id = NEW.id;", false),
    ] {
        let sql = format!("CREATE TRIGGER tu AFTER UPDATE ON t BEGIN {update} END");
        let found = set_by(Engine::Sqlite, &[("trigger", "tu", &sql)]);
        assert_eq!(found, [("seen".to_owned(), expected)], "{update}");
    }
}

#[test]
fn of_mysql_several_columns_may_be_set_at_once() {
    let sql = "CREATE TRIGGER tu BEFORE UPDATE ON t FOR EACH ROW SET NEW.seen = NOW(6), NEW.n = OLD.n + 1";
    let found = set_by(Engine::Mysql, &[("trigger", "tu", sql)]);
    assert_eq!(found, [("seen".to_owned(), true), ("n".to_owned(), false)]);
    let inserts = "CREATE TRIGGER tu BEFORE INSERT ON t FOR EACH ROW SET NEW.seen = NOW()";
    assert_eq!(set_by(Engine::Mysql, &[("trigger", "tu", inserts)]), []);
}

/// Literals, columns that are called as functions are, and what is added to a time.
#[test]
fn only_the_known_forms_are_the_time_of_now() {
    let (postgres, mysql, sqlite) = (Engine::Postgres, Engine::Mysql, Engine::Sqlite);
    let mut wrong = Vec::new();
    for (engine, sql, expected) in [
        (sqlite, "datetime('now')", true),
        (sqlite, "(datetime('now', 'localtime'))", true),
        (sqlite, "strftime('%Y-%m-%d %H:%M:%f', 'now')", true),
        (sqlite, "CAST(strftime('%s', 'now') AS INTEGER)", true),
        (sqlite, "unixepoch()", true),
        (sqlite, "CURRENT_TIMESTAMP", true),
        (sqlite, "datetime(date, 'localtime')", false),
        (
            sqlite,
            "datetime(timestamp, 'unixepoch', 'localtime')",
            false,
        ),
        (sqlite, "datetime('2001-01-01', 'localtime')", false),
        (sqlite, "datetime('now', 'unixepoch')", false),
        (sqlite, "strftime('2001-01-01', 'now')", false),
        (sqlite, "strftime('%s', date, 'now')", false),
        (sqlite, "text", false),
        (sqlite, "'now'", false),
        (sqlite, "now", false),
        (sqlite, "localtime", false),
        (sqlite, "datetime(\"current_timestamp\")", false),
        (mysql, "NOW(6)", true),
        (mysql, "CURRENT_TIMESTAMP", true),
        (mysql, "UNIX_TIMESTAMP()", true),
        (mysql, "UNIX_TIMESTAMP(NOW())", true),
        (mysql, "DATE(NOW())", true),
        (mysql, "CAST(NOW() AS DATETIME(6))", true),
        (mysql, "TIMESTAMP(NOW(), '10:00')", false),
        (mysql, "TIMESTAMP(date, NOW())", false),
        (mysql, "UNIX_TIMESTAMP(6)", false),
        (mysql, "`current_timestamp`", false),
        (mysql, "now", false),
        (postgres, "now()", true),
        (postgres, "pg_catalog.now()", true),
        (
            postgres,
            "(CURRENT_TIMESTAMP(3) AT TIME ZONE 'utc'::text)::timestamp(3) without time zone",
            true,
        ),
        (
            postgres,
            "timezone('utc'::text, clock_timestamp())::date",
            true,
        ),
        (
            postgres,
            "date_trunc('second', now())::timestamp with time zone",
            true,
        ),
        (postgres, "extract(epoch FROM now())::bigint", true),
        (postgres, "to_timestamp(extract(epoch from now()))", true),
        (postgres, "timezone(date, now())", false),
        (postgres, "now() AT TIME ZONE text", false),
        (postgres, "now() AT TIME ZONE '-100'", false),
        (postgres, "now.time", false),
        (postgres, "now() now()", false),
    ] {
        if is_clock(engine, &pieces(engine, sql)) != expected {
            wrong.push(sql);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let deep = format!("{}now(){}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(!is_clock(postgres, &pieces(postgres, &deep)));
}

/// A trigger that writes to its own table, or to another one, and not to the column that it names.
#[test]
fn what_only_reads_a_column_leaves_it_alone() {
    let sqlite = "CREATE TRIGGER a AFTER UPDATE ON z BEGIN ";
    let mysql = "CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW ";
    let mut wrong = Vec::new();
    for (engine, head, body, expected) in [
        (
            Engine::Sqlite,
            sqlite,
            "UPDATE z SET seen = 1 WHERE id = NEW.id; END",
            true,
        ),
        (
            Engine::Sqlite,
            sqlite,
            "INSERT OR IGNORE INTO log VALUES (OLD.seen); END",
            true,
        ),
        (Engine::Sqlite, sqlite, "UPDATE t SET seen = 1; END", false),
        (Engine::Sqlite, sqlite, "UPDATE v SET seen = 1; END", false),
        (
            Engine::Mysql,
            mysql,
            "INSERT INTO log VALUES (OLD.seen)",
            true,
        ),
        (Engine::Mysql, mysql, "SET NEW.seen = NOW()", true),
        (Engine::Mysql, mysql, "SET NEW.seen = OLD.seen", false),
        (Engine::Mysql, mysql, "CALL p(NEW.seen)", false),
    ] {
        if leaves_alone(engine, &format!("{head}{body}"), ("t", "seen")) != expected {
            wrong.push(body);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
