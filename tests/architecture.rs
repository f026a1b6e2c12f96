//! The house holds: floors, rooms, lengths. Each rule is tried on a bad snippet first, so that it can fail.

mod rules;
mod source;
mod token;

use crate::harness::{repository, walk};
use source::Source;

/// What may stand at the top of the repository, beside dot-files and what `.gitignore` names.
const TOP: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "backups",
    "migrations",
    "scripts",
    "src",
    "tests",
    "users",
];

fn read(folder: &str) -> Vec<Source> {
    let root = repository().join(folder);
    let mut sources = Vec::new();
    walk(&root, &mut |path| {
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(&root).expect("it lies in the root");
            let text = std::fs::read_to_string(path).expect("the source is readable");
            let source = Source::parse(&name.to_string_lossy(), &text);
            sources.push(source.unwrap_or_else(|error| panic!("{error}")));
        }
    });
    sources
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn the_source_keeps_to_the_house() {
    let sources = read("src");
    assert!(sources.len() > 20, "only {} files found", sources.len());
    assert_none(&sources.iter().flat_map(rules::faults).collect::<Vec<_>>());
}

#[test]
fn the_tests_keep_to_the_house() {
    let sources = read("tests");
    let faults = |source| [rules::shape(source), rules::sleeps(source)].concat();
    assert_none(&sources.iter().flat_map(faults).collect::<Vec<_>>());
}

#[test]
fn the_map_in_lib_lists_every_room() {
    let mut rooms: Vec<String> = read("src")
        .iter()
        .map(|source| source.room().to_owned())
        .filter(|room| room != "lib" && room != "main")
        .collect();
    rooms.dedup();
    let lib = std::fs::read_to_string(repository().join("src/lib.rs")).expect("it is there");
    assert_none(&rules::map(&lib, &rooms));
    let main = std::fs::read_to_string(repository().join("src/main.rs")).expect("it is there");
    assert!(main.lines().count() <= 40, "main.rs has more than 40 lines");
}

#[test]
fn nothing_else_stands_at_the_top() {
    let unknown: Vec<String> = std::fs::read_dir(repository())
        .expect("the repository is readable")
        .map(|entry| entry.expect("it is readable").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && name != "target")
        .filter(|name| !name.starts_with("dbscript.db") && !TOP.contains(&name.as_str()))
        .collect();
    assert_none(&unknown);
}

/// Whether a snippet at this path breaks a rule in words that hold `expected`.
#[track_caller]
fn breaks(path: &str, text: &str, expected: &str) {
    let source = Source::parse(path, &format!("//! What it owns.\n{text}")).expect("it is Rust");
    let faults = [rules::faults(&source), rules::sleeps(&source)].concat();
    let hits = faults.iter().filter(|fault| fault.contains(expected));
    assert_eq!(hits.count(), 1, "{path}: {text}\n{faults:?}");
    assert_eq!(faults.len(), 1, "{path}: {text}\n{faults:?}");
}

/// That a snippet breaks none.
#[track_caller]
fn holds(path: &str, text: &str) {
    let source = Source::parse(path, &format!("//! What it owns.\n{text}")).expect("it is Rust");
    assert_none(&rules::faults(&source));
}

#[test]
fn imports_that_climb_are_found() {
    breaks(
        "db/session.rs",
        "use crate::backup::Store;",
        "`db` uses `backup`",
    );
    breaks(
        "db/mod.rs",
        "fn f() { crate::cli::run(); }",
        "`db` uses `cli`",
    );
    breaks(
        "db/a/b.rs",
        "use super::super::super::storage::RunLog;",
        "`db` uses `storage`",
    );
    breaks(
        "backup/mod.rs",
        "use super::{db::{A, B}, hazard::C};",
        "`backup` uses `hazard`",
    );
    breaks(
        "csv/a.rs",
        "mod inner { use super::super::super::script::X; }",
        "uses `script`",
    );
    breaks(
        "integrity/a.rs",
        "type A = super::super::backup::Set;",
        "uses `backup`",
    );
    breaks("error.rs", "use crate::db::Error;", "`error` uses `db`");
    breaks(
        "main.rs",
        "fn main() { dbscript::db::x(); }",
        "main uses `db`",
    );
    breaks(
        "value.rs",
        "use serde_json::Value;",
        "floor 0 uses `serde_json`",
    );
    holds("clock.rs", "mod date; pub use date::read; use chrono::Utc;");
    holds("csv/tests.rs", "fn f() { std::env::temp_dir(); }");
    holds(
        "migrate/a.rs",
        "use crate::{backup::A, hazard::B, integrity::C, db::D};",
    );
    holds(
        "backup/a.rs",
        "use crate::integrity::Fingerprint; use super::manifest::X;",
    );
    holds(
        "db/a/b.rs",
        "use super::super::session::Session; // crate::cli::x\n",
    );
    holds("cli/a.rs", "fn f() -> &'static str { \"crate::cli::x\" }");
    holds("main.rs", "fn main() { dbscript::cli::run(); }");
}

#[test]
fn what_belongs_to_one_room_is_not_found_in_another() {
    breaks("backup/a.rs", "use rhai::Engine;", "`rhai` outside");
    breaks(
        "script/a.rs",
        "#[derive(clap::Parser)] struct A;",
        "`clap` outside",
    );
    breaks(
        "csv/a.rs",
        "fn f() { rusqlite::Connection::open(); }",
        "`rusqlite` outside",
    );
    breaks(
        "migrate/a.rs",
        "use sqlx::{migrate::Migrator, Row as _};",
        "`sqlx` outside",
    );
    breaks("db/a.rs", "use std::{fmt, env};", "`std::env` outside");
    breaks(
        "db/a.rs",
        "fn f() { std::env::var(\"A\"); }",
        "`std::env` outside",
    );
    breaks(
        "hazard/a.rs",
        "fn f() { println!(\"a\"); }",
        "`println!` outside",
    );
    breaks(
        "script/a.rs",
        "fn f() { eprint!(\"a\"); }",
        "`eprint!` outside",
    );
    breaks(
        "script/a.rs",
        "use std::io::{Read, stdin};",
        "`std::io::stdin` outside",
    );
    breaks(
        "backup/a.rs",
        "fn f(e: Engine) -> bool { e == Engine::Sqlite }",
        "outside db/",
    );
    breaks(
        "backup/a.rs",
        "fn f(e: &str) { match e { \"mysql\" => {} _ => {} } }",
        "outside db/",
    );
    holds("cli/a.rs", "use std::env; fn f() { println!(\"a\"); }");
    holds(
        "db/a.rs",
        "use rusqlite::Connection; fn f() { Engine::Sqlite; }",
    );
    holds("hazard/dialect/mysql.rs", "fn f() { Engine::Mysql; }");
    holds(
        "backup/a.rs",
        "#[cfg(test)] mod tests { fn f() { Engine::Sqlite; } }",
    );
}

#[test]
fn what_is_unfinished_or_careless_is_found() {
    breaks(
        "db/a.rs",
        "fn f() { a().unwrap(); }",
        "`unwrap()` outside tests",
    );
    breaks("db/a.rs", "fn f() { todo!() }", "`todo!`");
    breaks("db/a.rs", "fn f() { dbg!(1); }", "`dbg!`");
    breaks("db/a.rs", "#[ignore = \"slow\"] fn f() {}", "`#[ignore]`");
    breaks("db/a.rs", "use super::session::*;", "imports everything");
    breaks("db/util.rs", "", "`util` says nothing");
    breaks(
        "cli/a.rs",
        "fn f() { std::thread::sleep(d); }",
        "a test sleeps",
    );
    breaks(
        "cli/a.rs",
        "async fn f() { tokio::time::sleep(d).await; }",
        "a test sleeps",
    );
    holds(
        "db/a.rs",
        "#[cfg(test)] mod tests { use super::*; fn f() { a().unwrap(); } }",
    );
    holds(
        "db/a.rs",
        "fn f() { a().unwrap_or_default(); } // .unwrap()\n",
    );
    holds("db/a.rs", "use chrono::prelude::*;");
}

#[test]
fn what_is_too_long_is_found() {
    let lines = |count: usize| "    f();\n".repeat(count);
    let function = |count| format!("fn long(a: [u8; 2])\nwhere A: B,\n{{\n{}}}\n", lines(count));
    holds("db/a.rs", &function(66));
    breaks("db/a.rs", &function(67), "`long` has 71 lines");
    holds("db/a.rs", &"const A: u8 = 1;\n".repeat(399));
    breaks(
        "db/a.rs",
        &"const A: u8 = 1;\n".repeat(400),
        "401 lines, 400 at most",
    );
    let source = Source::parse("db/a.rs", "fn f() {}").expect("it is Rust");
    assert_eq!(
        rules::faults(&source),
        ["db/a.rs:1: does not open with a `//!` paragraph"]
    );
}

#[test]
fn a_room_that_is_not_in_the_map_is_found() {
    let map = "//! cli/ floor 4\n//! error value\n\npub mod csv;";
    assert_none(&rules::map(map, &["cli".to_owned(), "value".to_owned()]));
    assert_eq!(
        rules::map(map, &["csv".to_owned()]),
        ["src/lib.rs: the map lacks `csv`"]
    );
    let unknown = rules::map(map, &["attic".to_owned()]);
    assert!(unknown[1].contains("on no floor"), "{unknown:?}");
}
