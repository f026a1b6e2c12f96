//! Without a database: what depends on it is unproven, never silent.

use std::time::{Duration, Instant};

use proptest::prelude::proptest;

use super::{file, offline, shown, sqlite};

#[track_caller]
fn expect(sql: &str, expected: &[&str]) {
    let lint = offline(&[file("1_a.sql", sql)]);
    assert_eq!(shown(&lint), expected, "{sql}\n{:#?}", lint.findings);
}

#[test]
fn what_the_data_decides_is_unproven() {
    for (sql, expected) in [
        ("DROP TABLE users", &["drop-table probe"][..]),
        ("ALTER TABLE users DROP COLUMN fax", &["drop-column probe"]),
        ("DELETE FROM users WHERE id = 1", &["delete-rows probe"]),
        ("UPDATE users SET a = 1", &["update-rows probe"]),
        (
            "REPLACE INTO users (id) VALUES (1)",
            &["replace-rows probe"],
        ),
        (
            "ALTER TABLE users ADD COLUMN a TEXT NOT NULL",
            &["add-required-column probe"],
        ),
        ("CREATE UNIQUE INDEX i ON users (a)", &["add-unique probe"]),
        ("DROP INDEX i", &["drop-unique-index note"]),
        ("DROP VIEW v", &["drop-view warn"]),
        ("ALTER TABLE users RENAME TO people", &["rename-table warn"]),
        (
            "INSERT INTO users VALUES (1) ON CONFLICT DO UPDATE SET a = 1",
            &["upsert warn"],
        ),
        (
            "ALTER TABLE users ADD COLUMN a TEXT UNIQUE",
            &["sqlite-refuses block"],
        ),
        (
            "ALTER TABLE users ADD COLUMN a TEXT DEFAULT CURRENT_DATE",
            &["sqlite-refuses probe"],
        ),
        (
            "DROP TABLE IF EXISTS users; CREATE TABLE users (id)",
            &["drop-table probe"],
        ),
        (
            "CREATE TABLE IF NOT EXISTS users (id); DROP TABLE users",
            &["drop-table probe"],
        ),
    ] {
        expect(sql, expected);
    }
}

#[test]
fn what_the_set_creates_is_its_own() {
    for sql in [
        "CREATE TABLE t (a); ALTER TABLE t ADD COLUMN b TEXT NOT NULL; CREATE UNIQUE INDEX i ON t (b); DROP INDEX i; DELETE FROM T; DROP TABLE T",
        "ALTER TABLE users ADD COLUMN a TEXT; UPDATE users SET a = 'x'; ALTER TABLE users DROP COLUMN a",
        "CREATE TEMP TABLE t (a); DROP TABLE t",
    ] {
        expect(sql, &[]);
    }
}

#[test]
fn rebuilds_are_recognised_without_a_catalog() {
    let whole = "CREATE TABLE n (id); INSERT INTO n SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users";
    expect(whole, &["rebuild-cascades probe"]);
    let listed = whole.replace('*', "id");
    expect(&listed, &["rebuild-loses probe", "rebuild-cascades probe"]);
    let filtered = whole.replace("FROM users", "FROM users WHERE id > 1");
    expect(
        &filtered,
        &["rebuild-loses block", "rebuild-cascades probe"],
    );
    let first = file(
        "1_init.sql",
        "CREATE TABLE users (id UNIQUE, a, b); CREATE TABLE comments (user_id REFERENCES users(id) ON DELETE CASCADE)",
    );
    let lint = offline(&[first, file("2_rebuild.sql", whole)]);
    assert_eq!(
        shown(&lint),
        ["rebuild-cascades block", "rebuild-forgets warn"]
    );
    assert!(lint.findings[0].message.contains("`comments`"));
    assert!(lint.findings[1].message.contains("UNIQUE over `id`"));
    let prisma = "PRAGMA foreign_keys=OFF; ".to_owned() + whole;
    assert!(
        shown(&offline(&[file(
            "prisma/migrations/1_a/migration.sql",
            &prisma
        )]))
        .is_empty()
    );
}

#[test]
fn positions_are_those_of_the_action() {
    let sql = "SELECT 1;\n\n  ALTER TABLE \"users\"\n\té DROP COLUMN fax;".replace('é', "");
    let lint = offline(&[file("dir/1_a.sql", &sql)]);
    let finding = &lint.findings[0];
    assert_eq!(
        (finding.file.as_str(), finding.line, finding.column),
        ("dir/1_a.sql", 4, 3)
    );
    assert_eq!(finding.statement, "ALTER TABLE \"users\" DROP COLUMN fax");
    let lint = offline(&[file("a", "WITH \"ü\" AS (SELECT 1) DELETE FROM users")]);
    assert_eq!((lint.findings[0].line, lint.findings[0].column), (1, 24));
}

#[test]
fn deep_nesting_and_nonsense_are_said_not_followed() {
    for sql in [
        format!(
            "DELETE FROM t WHERE {}1{}",
            "(".repeat(100_000),
            ")".repeat(100_000)
        ),
        format!("DELETE FROM t WHERE 1{}", " AND 1".repeat(100_000)),
        format!("SELECT {}1", "- ".repeat(100_000)),
        format!("SELECT {}1{}", "(1,".repeat(50_000), ")".repeat(50_000)),
        format!(
            "SELECT {}1{}",
            "CASE WHEN 1 THEN ".repeat(50_000),
            " END".repeat(50_000)
        ),
    ] {
        expect(&sql, &["unparsed warn"]);
    }
    expect(
        &format!(
            "DELETE FROM t WHERE {}1{}",
            "(".repeat(200),
            ")".repeat(200)
        ),
        &["delete-rows probe"],
    );
    expect(
        &format!("DELETE FROM t WHERE a{}", " + 1".repeat(400)),
        &["delete-rows probe"],
    );
}

#[test]
fn what_is_just_not_too_deep_fits_the_stack() {
    let nested = |open: &str, close: &str, count: usize| {
        format!("{}1{}", open.repeat(count), close.repeat(count))
    };
    for expression in [
        nested("(", ")", 480),
        nested("(SELECT ", ")", 240),
        nested("NOT ", "", 480),
        nested("CASE WHEN 1 THEN ", " END", 480),
        nested("coalesce(", ", 1)", 480),
        nested("a IN (SELECT b FROM c WHERE ", ")", 160),
    ] {
        let copy = format!(
            "CREATE TABLE n (a); INSERT INTO n SELECT {expression} FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t"
        );
        let sql = format!(
            "CREATE TABLE c (a DEFAULT ({expression}), CHECK ({expression})); {copy}; DELETE FROM t WHERE {expression}"
        );
        let lint = offline(&[file("a", &sql)]);
        assert!(
            !shown(&lint).contains(&"unparsed warn".to_owned()),
            "{expression}"
        );
    }
}

#[test]
fn a_thousand_files_take_no_second() {
    let sql = "CREATE TABLE new_users (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO new_users SELECT id, name FROM users;\nDROP TABLE users;\nALTER TABLE new_users RENAME TO users;\nCREATE UNIQUE INDEX i ON users (name);\nALTER TABLE users ADD COLUMN a TEXT;\nUPDATE users SET a = 'x' WHERE a IS NULL;\n";
    let names: Vec<String> = (0..1_000).map(|number| format!("{number}_a.sql")).collect();
    let files: Vec<_> = names.iter().map(|name| file(name, sql)).collect();
    let start = Instant::now();
    let lint = offline(&files);
    assert!(!lint.findings.is_empty());
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?} without optimisation",
        start.elapsed()
    );
}

proptest! {
    #[test]
    fn nothing_panics(pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..60)) {
        let sql = pieces.join(" ");
        offline(&[file("a", &sql)]);
        crate::hazard::is_rebuild(sqlite(), &crate::hazard::split(sqlite(), &sql));
    }

    #[test]
    fn arbitrary_text_does_not_panic(sql: String) {
        offline(&[file("a", &sql)]);
    }
}

const PIECES: &[&str] = &[
    "ALTER",
    "TABLE",
    "users",
    "\"a\"",
    "[b]",
    "'c'",
    "''",
    "\"\"",
    "[]",
    "DROP",
    "COLUMN",
    "ADD",
    "RENAME",
    "TO",
    "DELETE",
    "FROM",
    "WHERE",
    "UPDATE",
    "SET",
    "=",
    "INSERT",
    "OR",
    "REPLACE",
    "INTO",
    "SELECT",
    "*",
    ",",
    "(",
    ")",
    ";",
    "1",
    "CREATE",
    "UNIQUE",
    "INDEX",
    "ON",
    "VIEW",
    "AS",
    "TRIGGER",
    "AFTER",
    "BEGIN",
    "END",
    "WITH",
    "x",
    ".",
    "main",
    "temp",
    "CONFLICT",
    "DO",
    "NOTHING",
    "RETURNING",
    "LIMIT",
    "IS",
    "NULL",
    "NOT",
    "DEFAULT",
    "VALUES",
    "REFERENCES",
    "CHECK",
    "PRAGMA",
    "foreign_keys",
    "-- x\n",
    "-- dbscript: allow drop-table(users) y\n",
    "?1",
    ":a",
    "1e",
    "0x",
    "CASE",
    "WHEN",
    "THEN",
    "IF",
    "EXISTS",
    "é",
];

#[test]
fn the_shipped_migrations_are_clean() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("it is there")
        .map(|entry| entry.expect("it is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("it is text");
            (path.display().to_string(), text)
        })
        .collect();
    found.sort();
    let files: Vec<_> = found.iter().map(|(name, text)| file(name, text)).collect();
    assert!(files.len() > 1);
    let lint = offline(&files);
    assert!(shown(&lint).is_empty(), "{:#?}", lint.findings);
}
