//! SQLite files that are damaged in places that reading them does not show.

use std::io::Write;

use super::MIGRATE;
use crate::harness::{Project, timestamps};

/// A page of SQLite's, in bytes.
const PAGE: usize = 4096;

/// A leaf of a table's tree begins with this byte (<https://www.sqlite.org/fileformat.html#b_tree_pages>).
const LEAF: u8 = 13;

/// A project with a backup, one page of whose table says of itself since then that it has one row.
fn with_a_short_page() -> Project {
    let project = Project::new();
    project.sql(
        "PRAGMA page_size = 4096;
         CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, pad TEXT);
         INSERT INTO users (name, pad) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
             SELECT concat('n', i), hex(zeroblob(100)) FROM n;",
    );
    project.dbscript(&["run", "backup"]).go();
    let file = project.path().join("dbscript.db");
    let mut bytes = std::fs::read(&file).expect("readable");
    let leaves = (1..bytes.len() / PAGE).filter(|page| bytes[page * PAGE] == LEAF);
    let leaf = leaves.clone().nth(20).expect("2,000 rows take more pages");
    bytes[leaf * PAGE + 3..leaf * PAGE + 5].copy_from_slice(&1_u16.to_be_bytes());
    let mut out = std::fs::File::create(&file).expect("writable");
    out.write_all(&bytes).expect("written");
    drop(out);
    let rows: u64 = project
        .value("SELECT count(*) FROM users")
        .parse()
        .expect("a number");
    assert!(rows < 2000, "SQLite itself says nothing: {rows}");
    project
}

#[test]
fn a_backup_that_would_lack_rows_of_a_damaged_file_is_none_and_costs_no_other() {
    let project = with_a_short_page();
    let sets = timestamps(&project);
    project.file(
        "migrations/1_more.sql",
        "ALTER TABLE users ADD COLUMN more TEXT;",
    );
    let before = project.hash();
    for words in [
        &["run", "backup", "--keep", "1"][..],
        &["run", "backup", "--jobs", "2"],
        &["run", "pre-migration-backup", "--keep", "1"],
        &MIGRATE[..3],
        &["run", "restore", "--yes"],
    ] {
        let run = project.dbscript(words).status(5).go();
        for said in ["the database is damaged", "quick_check", ".recover"] {
            assert!(run.stderr.contains(said), "{}", run.told());
        }
        assert_eq!(timestamps(&project), sets, "{}", run.told());
        assert_eq!(project.hash(), before, "{}", run.told());
    }
    // The way out that is told.
    let path = project.path();
    std::fs::rename(path.join("dbscript.db"), path.join("broken.db")).expect("moved");
    project
        .dbscript(&["run", "safe-migration", "--yes"])
        .status(7)
        .go();
    project.remove("migrations/1_more.sql");
    project.file(
        "migrations/1_users.sql",
        "CREATE TABLE users (id INTEGER PRIMARY KEY);",
    );
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    project.dbscript(&["run", "restore", "--yes"]).go();
    assert_eq!(project.value("SELECT count(*) FROM users"), "2000");
}

/// Runs statements while an index of `users` is not in the schema.
fn without_index(project: &Project, sql: &str) {
    let file = project.path().join("dbscript.db");
    let page = project.value("SELECT rootpage FROM sqlite_schema WHERE name = 'by_name'");
    let make = project.value("SELECT sql FROM sqlite_schema WHERE name = 'by_name'");
    let hide = "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'by_name';";
    let show = format!(
        "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES ('index', 'by_name', 'users', {page}, '{make}');"
    );
    // The schema is read anew by each connection.
    for sql in [hide, sql, &show] {
        let open = rusqlite::Connection::open(&file).expect("it opens");
        open.execute_batch(sql).expect(sql);
    }
}

#[test]
fn an_index_that_is_damaged_alone_is_said_to_be_made_anew() {
    let project = Project::new();
    project.sql(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX by_name ON users (name);
         INSERT INTO users (name) VALUES ('ada'), ('bob')",
    );
    without_index(&project, "INSERT INTO users (name) VALUES ('cy')");
    let run = project.dbscript(&["run", "backup"]).status(5).go();
    for said in ["wrong # of entries in index by_name", "REINDEX"] {
        assert!(run.stderr.contains(said), "{}", run.told());
    }
    assert!(!run.stderr.contains(".recover"), "{}", run.told());
    project.sql("REINDEX");
    project.dbscript(&["run", "backup"]).go();
    // It still knows rows that the table has not any more: they may be lost.
    without_index(&project, "DELETE FROM users WHERE name = 'bob'");
    let run = project.dbscript(&["run", "backup"]).status(5).go();
    assert!(run.stderr.contains(".recover"), "{}", run.told());
    assert!(!run.stderr.contains("REINDEX"), "{}", run.told());
}

#[test]
fn sound_tables_of_a_damaged_file_are_backed_up_where_they_are_named() {
    let project = with_a_short_page();
    project.sql("CREATE TABLE orders (a); INSERT INTO orders VALUES (1)");
    let before = timestamps(&project);
    let run = project
        .dbscript(&["run", "backup", "--tables", "orders"])
        .stderr_has("warning: ")
        .stderr_has("outside the tables that are backed up, the database is damaged")
        .go();
    assert_eq!(
        timestamps(&project).len(),
        before.len() + 1,
        "{}",
        run.told()
    );
    for tables in ["users", "users,orders"] {
        project
            .dbscript(&["run", "backup", "--tables", tables])
            .status(5)
            .stderr_has("the database is damaged")
            .go();
    }
}

#[test]
fn pages_that_nothing_uses_are_told_and_stop_nothing() {
    let project = Project::new();
    project.sql("PRAGMA page_size = 4096; CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    let file = project.path().join("dbscript.db");
    let mut bytes = std::fs::read(&file).expect("readable");
    bytes.resize(bytes.len() + 3 * PAGE, 0);
    // Where the header has the size in pages (<https://www.sqlite.org/fileformat.html#the_database_header>).
    let pages = u32::try_from(bytes.len() / PAGE).expect("few");
    bytes[28..32].copy_from_slice(&pages.to_be_bytes());
    std::fs::write(&file, &bytes).expect("written");
    project.file("migrations/1_u.sql", "CREATE TABLE u (a)");
    for words in [&["run", "backup"][..], &["run", "safe-migration", "--yes"]] {
        project
            .dbscript(words)
            .stderr_has("pages of the file are used by nothing")
            .stderr_has("never used")
            .stderr_has("`VACUUM`")
            .go();
    }
}

#[test]
fn tables_that_cannot_be_checked_are_told() {
    let project = Project::new();
    let open = rusqlite::Connection::open(project.path().join("dbscript.db")).expect("it opens");
    let flags = rusqlite::functions::FunctionFlags::SQLITE_DETERMINISTIC;
    open.create_scalar_function("theirs", 1, flags, |_| Ok(1_i64))
        .expect("it is made");
    open.execute_batch(
        "CREATE TABLE odd (a, b AS (theirs(a)) VIRTUAL NOT NULL); CREATE TABLE fine (a);
         INSERT INTO fine VALUES (1)",
    )
    .expect("they are made");
    drop(open);
    let run = project
        .dbscript(&["run", "backup", "--tables", "fine"])
        .go();
    let unchecked = "`odd` could not be checked for damage";
    assert!(!run.stderr.contains(unchecked), "{}", run.told());
    // What stands before a restore is saved whole.
    project
        .dbscript(&["run", "restore", "--yes", "--tables", "fine"])
        .stderr_has(unchecked)
        .go();
}

#[test]
fn rows_that_break_the_rules_of_their_own_table_are_no_damage() {
    let project = Project::new();
    project.sql(
        "CREATE TABLE t (a INT CHECK (a > 0)); CREATE TABLE n (a); CREATE TABLE c (a);
         PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES (-1), (5);
         INSERT INTO n VALUES (NULL), (NULL); INSERT INTO c VALUES ('12');
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE TABLE n (a INT NOT NULL)' WHERE name = 'n';
         UPDATE sqlite_schema SET sql = 'CREATE TABLE c (a INT)' WHERE name = 'c';",
    );
    project
        .dbscript(&["run", "backup"])
        .stderr_has("(NULL value in n.a): as long as they do")
        .stderr_has("(TEXT value in c.a): a restore stores them")
        .go();
    project.file(
        "migrations/1_mend.sql",
        "UPDATE n SET a = 0 WHERE a IS NULL;",
    );
    project
        .dbscript(&MIGRATE[..3])
        .status(6)
        .stderr_has("NOT NULL constraint failed: n.a")
        .stderr_has("hint: mend that in the database itself")
        .stderr_has("`--rehearse off`")
        .go();
    project
        .dbscript(&["run", "safe-migration", "--yes", "--rehearse", "off"])
        .go();
}
