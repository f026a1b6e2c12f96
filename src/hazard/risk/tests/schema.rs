//! The schema the cases run on.

use crate::db::{Catalog, Engine, ForeignKey, Index, Object, Table};
use crate::ident::TableName;

/// Users with orders that go with them, lines that go with orders, notes that only lose their user, and tables whose
/// names are parts of everything.
pub(super) fn catalog(engine: Engine) -> Catalog {
    let key = |parent: &str, on_delete: &str| ForeignKey {
        columns: vec!["parent".to_owned()],
        parent: TableName::plain(parent),
        parent_columns: vec!["id".to_owned()],
        on_delete: on_delete.to_owned(),
        ..ForeignKey::default()
    };
    let table = |name: &str, keys: Vec<ForeignKey>| Table {
        name: TableName::plain(name),
        primary_key: vec!["id".to_owned()],
        foreign_keys: keys,
        indexes: vec![Index {
            name: format!("{name}_code"),
            columns: vec!["code".to_owned()],
            unique: true,
            ..Index::default()
        }],
        ..Table::default()
    };
    Catalog {
        tables: vec![
            table("a", Vec::new()),
            table("id", Vec::new()),
            table("user", Vec::new()),
            table("users", Vec::new()),
            table("orders", vec![key("users", "CASCADE")]),
            table("lines", vec![key("orders", "CASCADE")]),
            table("notes", vec![key("users", "SET NULL")]),
            table("bills", vec![key("users", "RESTRICT")]),
            table("stock", Vec::new()),
            table("log", Vec::new()),
        ],
        objects: match engine.name() {
            "sqlite" => sqlite(),
            "postgres" => postgres(),
            _ => mysql(),
        },
        ..Catalog::default()
    }
}

fn object(kind: &str, name: &str, on: Option<&str>, sql: &str) -> Object {
    Object {
        kind: kind.to_owned(),
        name: TableName::plain(name),
        table: on.map(TableName::plain),
        sql: sql.to_owned(),
    }
}

fn sqlite() -> Vec<Object> {
    vec![object(
        "trigger",
        "sweep",
        Some("stock"),
        "CREATE TRIGGER sweep AFTER UPDATE ON stock BEGIN DELETE FROM log WHERE id < 9; END",
    )]
}

fn postgres() -> Vec<Object> {
    vec![
        object(
            "partition",
            "log_2024",
            Some("log"),
            "CREATE TABLE public.log_2024 PARTITION OF public.log DEFAULT",
        ),
        object(
            "view",
            "people",
            None,
            "CREATE VIEW public.people AS SELECT mail FROM public.users",
        ),
        object(
            "function",
            "sweep()",
            None,
            "CREATE FUNCTION public.sweep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM log WHERE id < 9; RETURN NEW; END $$",
        ),
        object(
            "function",
            "touch()",
            None,
            "CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := now(); RETURN NEW; END $$",
        ),
        object(
            "function",
            "purge(text)",
            None,
            "CREATE FUNCTION public.purge(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('DELETE FROM %I', t); END $$",
        ),
        object(
            "trigger",
            "sweep",
            Some("stock"),
            "CREATE TRIGGER sweep AFTER UPDATE ON public.stock FOR EACH ROW EXECUTE FUNCTION public.sweep()",
        ),
        object(
            "trigger",
            "touch",
            Some("users"),
            "CREATE TRIGGER touch BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.touch()",
        ),
    ]
}

fn mysql() -> Vec<Object> {
    vec![
        object(
            "procedure",
            "purge",
            None,
            "CREATE PROCEDURE `purge`() BEGIN DELETE FROM log; END",
        ),
        object(
            "function",
            "purged",
            None,
            "CREATE FUNCTION `purged`() RETURNS int BEGIN DELETE FROM log; RETURN 1; END",
        ),
        object(
            "trigger",
            "sweep",
            Some("stock"),
            "CREATE TRIGGER sweep AFTER UPDATE ON stock FOR EACH ROW DELETE FROM log WHERE id < 9",
        ),
    ]
}
