//! What an SQLite schema asks of the application's own functions and collations, and rows that break its rules: what of it
//! comes back, and that a backup says what does not.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::MIGRATE;
use crate::harness::{Finished, Project, timestamps};

/// An application's connection to the project's database.
fn application(project: &Project) -> Connection {
    let file = project.path().join("dbscript.db");
    let open = Connection::open(file).expect("it opens");
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    open.create_scalar_function("regexp", 2, flags, |_| Ok(1))
        .expect("made");
    open.create_scalar_function("unaccent", 1, flags, |given| given.get::<String>(0))
        .expect("made");
    open.create_collation("by_app", |left, right| left.cmp(right))
        .expect("made");
    open
}

/// A project with a table of its own and what else an application made.
fn made(sql: &str) -> Project {
    let project = Project::new();
    let open = application(&project);
    open.execute_batch("CREATE TABLE other (a); INSERT INTO other VALUES (1), (2)")
        .expect("made");
    open.execute_batch(sql).expect("made");
    project
}

/// Backs up, loses rows, restores, and migrates with a rehearsal. What the backup and the restore said.
#[track_caller]
fn comes_back(project: &Project, table: &str) -> (Finished, Finished) {
    let rows = project.value(&format!("SELECT count(*) FROM {table}"));
    let saved = project.dbscript(&["run", "backup"]).go();
    project.dbscript(&["run", "verify"]).go();
    project.sql("DELETE FROM other");
    let restored = project.dbscript(&["run", "restore", "--yes"]).go();
    assert_eq!(project.value("SELECT count(*) FROM other"), "2");
    assert_eq!(
        project.value(&format!("SELECT count(*) FROM {table}")),
        rows
    );
    project.file(
        "migrations/1_more.sql",
        "ALTER TABLE other ADD COLUMN z INT;",
    );
    project.dbscript(&MIGRATE).go();
    (saved, restored)
}

#[test]
fn rows_that_break_a_check_come_back_as_they_are() {
    let project = made(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT CHECK (a > 0)); PRAGMA ignore_check_constraints = ON;
         INSERT INTO t (a) VALUES (-1), (5);",
    );
    comes_back(&project, "t");
    assert_eq!(project.value("SELECT group_concat(a) FROM t"), "-1,5");
    project
        .dbscript(&["run", "restore", "--yes", "--tables", "t"])
        .go();
    assert_eq!(project.value("SELECT group_concat(a) FROM t"), "-1,5");
    // It is a rule again.
    let broken = application(&project).execute_batch("INSERT INTO t (a) VALUES (-2)");
    assert!(broken.is_err());
}

#[test]
fn a_check_that_calls_the_applications_function_comes_back() {
    let project = made(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT CHECK (s REGEXP '^a')); INSERT INTO t (s) VALUES ('a');
         CREATE TABLE c (s TEXT COLLATE by_app); INSERT INTO c VALUES ('b');",
    );
    let sql = "SELECT group_concat(sql) FROM sqlite_schema WHERE name IN ('t', 'c')";
    let before = project.value(sql);
    let (saved, restored) = comes_back(&project, "t");
    for run in [saved, restored] {
        assert!(!run.stderr.contains("warning: the"), "{}", run.told());
    }
    assert_eq!(project.value(sql), before);
    assert_eq!(project.value("SELECT s FROM c"), "b");
    application(&project)
        .execute_batch("INSERT INTO t (s) VALUES ('c')")
        .expect("the application has its function");
}

#[test]
fn an_index_on_the_applications_function_is_named_as_left_out() {
    let project = made(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT); INSERT INTO t (s) VALUES ('a');
         CREATE INDEX by_s ON t (unaccent(s)); CREATE UNIQUE INDEX by_it ON t (s COLLATE by_app);",
    );
    let (saved, restored) = comes_back(&project, "t");
    for said in [
        "does not hold the index `by_s`: it needs the function `unaccent`, which only the application has",
        "does not hold the index `by_it`: it needs the collation `by_app`",
    ] {
        assert!(saved.stderr.contains(said), "{}", saved.told());
    }
    let said = "the index `by_s` is not there any more: it needs";
    assert!(restored.stderr.contains(said), "{}", restored.told());
    assert_eq!(
        project
            .value("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name LIKE 'by_%'"),
        "0"
    );
}

#[test]
fn a_table_that_no_restore_could_fill_is_refused_by_name() {
    for (table, missing) in [
        ("t (s TEXT COLLATE by_app UNIQUE)", "collation `by_app`"),
        (
            "t (s TEXT, g TEXT AS (unaccent(s)) STORED)",
            "function `unaccent`",
        ),
    ] {
        let project = made(&format!(
            "CREATE TABLE {table}; INSERT INTO t (s) VALUES ('a');"
        ));
        project
            .dbscript(&["run", "backup"])
            .status(6)
            .stderr_has("would hold `t`")
            .stderr_has(missing)
            .stderr_has("--tables")
            .go();
        assert_eq!(timestamps(&project).len(), 0);
        // Other tables can be migrated all the same.
        project.file(
            "migrations/1_more.sql",
            "ALTER TABLE other ADD COLUMN more INT;",
        );
        project
            .dbscript(&MIGRATE[..3])
            .status(6)
            .stderr_has("`backup::create(#{ tables: [\"…\"] })`, then `migrate::up(pending)`")
            .go();
        project.file(
            "scripts/narrow.rhai",
            "const NEEDS = [\"db:write\", \"backups\"];
             fn main(args) {
                 let pending = migrate::pending();
                 migrate::lint(pending).refuse_unless_allowed();
                 backup::create(#{ tables: [\"other\"] });
                 migrate::up(pending);
             }",
        );
        project.dbscript(&["run", "narrow"]).go();
        assert_eq!(project.value("SELECT count(more) FROM other"), "0");
        project
            .dbscript(&["run", "backup", "--tables", "other"])
            .go();
        project.sql("DELETE FROM other");
        project
            .dbscript(&["run", "restore", "--yes", "--tables", "other"])
            .stderr_has("no restore of the whole takes this backup, for `t`")
            .go();
        assert_eq!(project.value("SELECT count(*) FROM other"), "2");
    }
}

#[test]
fn a_search_table_whose_tokenizer_only_the_application_has_stays_where_it_is() {
    let project = made(
        "CREATE VIRTUAL TABLE words USING fts5(body); INSERT INTO words VALUES ('kept'); PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL TABLE words USING fts5(body, tokenize = ''icu'')' WHERE name = 'words'",
    );
    let (saved, _) = comes_back(&project, "words_content");
    let said = "does not hold the virtual table `words`: only the application can write to it (no such tokenizer: icu)";
    assert!(saved.stderr.contains(said), "{}", saved.told());
}

#[test]
fn keys_to_what_comes_later_or_to_nothing_stand_in_no_way() {
    let project = made(
        "PRAGMA foreign_keys = OFF; CREATE TABLE t (p INT REFERENCES later, n INT REFERENCES nowhere (id));
         CREATE TABLE later (id INT); INSERT INTO t VALUES (1, 2);",
    );
    let saved = project.dbscript(&["run", "backup"]).go();
    assert!(!saved.stderr.contains("warning"), "{}", saved.told());
    project.sql("DELETE FROM other");
    project.dbscript(&["run", "restore", "--yes"]).go();
    assert_eq!(project.value("SELECT count(*) FROM t"), "1");
}
