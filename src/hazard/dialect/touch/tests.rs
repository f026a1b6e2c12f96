//! What triggers set, told by their text.

use super::touches;
use crate::db::{Engine, Object};
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
    let touches = touches(engine, &objects).into_iter();
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
