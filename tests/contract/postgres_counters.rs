//! Counters of PostgreSQL after the rows of some tables were restored: a column draws from its sequence whatever that is
//! called.

use dbscript::value::Value;

use super::{rows, run};
use crate::harness::Project;
use crate::harness::databases::{Database, Fresh};

/// Makes a database, backs it up, changes it, and restores the rows of these tables.
async fn restored(before: &str, change: &str, tables: &str) -> Option<Fresh> {
    let fresh = Fresh::new(Database::Postgres).await?;
    fresh.other_program(before).await;
    let project = Project::new();
    let dbscript = |words: &[&str]| {
        let running = project.dbscript(words).env("DATABASE_URL", fresh.url());
        running.go();
    };
    dbscript(&["run", "backup"]);
    fresh.other_program(change).await;
    dbscript(&["run", "restore", "--tables", tables, "--yes"]);
    Some(fresh)
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_go_on_being_numbered_after_a_restore_of_some_tables() {
    let made = restored(
        "CREATE TABLE customers (id serial PRIMARY KEY, n text);
         ALTER TABLE customers RENAME TO clients;
         CREATE TABLE \"Order Items\" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n text);
         ALTER TABLE \"Order Items\" RENAME TO items;
         CREATE SEQUENCE \"Numbers\";
         CREATE TABLE one (id int PRIMARY KEY DEFAULT nextval('\"Numbers\"'), n text);
         CREATE SEQUENCE down INCREMENT BY -1;
         CREATE TABLE below (id bigint PRIMARY KEY DEFAULT nextval('down'), n text);
         CREATE TABLE moved (id serial PRIMARY KEY, n text);
         CREATE TABLE parts (id serial, n text) PARTITION BY LIST (n);
         CREATE TABLE part PARTITION OF parts DEFAULT;
         CREATE SEQUENCE own;
         ALTER TABLE part ALTER id SET DEFAULT nextval('own');
         CREATE TABLE one_else (id serial PRIMARY KEY, n text);
         INSERT INTO clients (n) SELECT 'x' FROM generate_series(1, 10);
         INSERT INTO items (n) SELECT 'x' FROM generate_series(1, 10);
         INSERT INTO one (n) VALUES ('x');
         INSERT INTO below (n) SELECT 'x' FROM generate_series(1, 10);
         INSERT INTO moved (n) SELECT 'x' FROM generate_series(1, 10);
         INSERT INTO parts (n) SELECT 'x' FROM generate_series(1, 10);
         INSERT INTO part (n) SELECT 'x' FROM generate_series(1, 20);
         INSERT INTO one_else (n) SELECT 'x' FROM generate_series(1, 10);
         INSERT INTO clients VALUES (2147483647, 'a sentinel')",
        "TRUNCATE clients, items, moved, parts, one_else RESTART IDENTITY; ALTER SEQUENCE own RESTART;
         TRUNCATE one, below; ALTER SEQUENCE \"Numbers\" RESTART; ALTER SEQUENCE down RESTART;
         ALTER SEQUENCE moved_id_seq RENAME TO elsewhere",
        "clients,items,one,below,moved,parts",
    );
    let Some(fresh) = made.await else { return };
    let mut session = fresh.session().await;
    for (table, next) in [
        ("clients", 11),
        ("items", 11),
        ("one", 2),
        ("below", -11),
        ("moved", 11),
        ("parts", 11),
        ("part", 21),
        ("one_else", 1),
    ] {
        let sql = format!("INSERT INTO {table} (n) VALUES ('z') RETURNING id");
        assert_eq!(
            rows(&mut session, &sql).await,
            [[Value::Int(next)]],
            "{table}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_of_some_tables_moves_no_counter_back() {
    let made = restored(
        "CREATE TABLE customers (id serial PRIMARY KEY, n text);
         ALTER TABLE customers RENAME TO clients;
         INSERT INTO clients (n) SELECT 'x' FROM generate_series(1, 10)",
        "INSERT INTO clients (n) SELECT 'y' FROM generate_series(1, 10)",
        "clients",
    );
    let Some(fresh) = made.await else { return };
    let mut session = fresh.session().await;
    run(&mut session, "INSERT INTO clients (n) VALUES ('z')").await;
    let last = rows(&mut session, "SELECT max(id) FROM clients").await;
    assert_eq!(last, [[Value::Int(21)]]);
}
