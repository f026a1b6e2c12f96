//! Backup sets as files: names, damage, litter, and what other programs make of them.

use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::process::Command;

use serde_json::json;

use super::{MIGRATE, filled, with_people};
use crate::harness::databases::{Database, in_every_project};
use crate::harness::{BackupSet, Project, timestamps};

in_every_project!(a_restore_across_a_migration_says_what_goes_with_it);

/// A project with one set, and that set.
fn with_set(people: u32) -> (Project, BackupSet) {
    let project = with_people(people);
    project.dbscript(&["run", "backup"]).go();
    let set = BackupSet::latest(&project);
    (project, set)
}

#[test]
fn the_schema_file_runs_in_the_engine_s_own_client() {
    let (project, set) = with_set(5);
    assert!(set.schema.contains("CREATE TABLE users"), "{}", set.schema);
    let name = set.summary["schema"]["file"].as_str().expect("a name");
    let output = Command::new("sqlite3")
        .args(["-bail", "rebuilt.db"])
        .arg(format!(".read backups/{name}"))
        .current_dir(project.path())
        .output()
        .expect("`tests/run` installs sqlite3");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let schema = |file: &str| {
        let database = rusqlite::Connection::open(project.path().join(file)).expect("it is there");
        let sql = "SELECT group_concat(type || name || coalesce(sql, ''), char(10)) FROM
            (SELECT * FROM sqlite_schema ORDER BY type, name)";
        database
            .query_row(sql, [], |row| row.get::<_, String>(0))
            .expect("it has tables")
    };
    assert_eq!(schema("rebuilt.db"), schema("dbscript.db"));
}

#[test]
fn rows_are_values_any_json_reader_understands() {
    let (_, set) = with_set(5);
    let ada = set.rows("users").iter().find(|row| row["id"] == "u3");
    let ada = ada.expect("she is in the set");
    assert_eq!(ada["email"], "mail3@example.org");
    assert_eq!(ada["total_points"], 3);
    assert_eq!(ada["solana_wallet"], json!(null));
    assert_eq!(set.rows("comments").len(), 10);
    assert!(
        set.rows("comments")
            .iter()
            .any(|row| row["body"] == "It's me; again — mail3@example.org")
    );
}

#[test]
fn odd_table_names_make_safe_file_names() {
    let project = Project::new();
    let long = "l".repeat(300);
    let names = [
        "we\"ird; name",
        "a.b",
        "../escape",
        "ümlaut",
        "x y",
        "CON",
        &long,
    ];
    for name in names {
        let quoted = name.replace('"', "\"\"");
        project.sql(&format!(
            "CREATE TABLE \"{quoted}\" (a); INSERT INTO \"{quoted}\" VALUES ('{}')",
            name.len()
        ));
    }
    project.dbscript(&["run", "backup"]).go();
    let set = BackupSet::latest(&project);
    let file = |name: &str| {
        let mut tables = set.summary["tables"].as_array().expect("a list").iter();
        let table = tables
            .find(|table| table["name"] == name)
            .expect("it is in the set");
        table["file"].as_str().expect("a name").to_owned()
    };
    let end = format!("-backup-{}.json", set.timestamp);
    for (name, encoded) in [
        ("we\"ird; name", "we%22ird%3B%20name"),
        ("a.b", "a%2Eb"),
        ("../escape", "%2E%2E%2Fescape"),
        ("ümlaut", "%C3%BCmlaut"),
        ("x y", "x%20y"),
    ] {
        let got = file(name);
        assert!(
            got.eq_ignore_ascii_case(&format!("{encoded}{end}")),
            "{name}: {got}"
        );
    }
    let cut = file(&long);
    let (start, _) = cut.split_once("-backup-").expect("it is a table's file");
    assert!(start.len() <= 200 && start.contains('~'), "{cut}");
    let before = project.hash();
    project.sql("DELETE FROM \"a.b\"; DROP TABLE \"x y\"");
    project.dbscript(&["run", "restore", "--yes"]).go();
    assert_eq!(project.hash(), before);
}

/// Overwrites a byte in the middle of a file.
fn flip(project: &Project, name: &str) {
    let path = project.path().join("backups").join(name);
    let mut file = OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("it is there");
    let middle = file.metadata().expect("it is there").len() / 2;
    file.seek(SeekFrom::Start(middle)).expect("it is a file");
    file.write_all(b"\x01").expect("the project is ours");
}

#[test]
fn damage_is_found_named_and_never_restored() {
    let table = |set: &BackupSet| format!("users-backup-{}.json", set.timestamp);
    let schema = |set: &BackupSet| format!("schema-backup-{}.sql", set.timestamp);
    type Harm = fn(&Project, &str);
    let remove: Harm = |project, name| {
        project.remove(&format!("backups/{name}"));
    };
    let cut: Harm = |project, name| {
        let text = project.read(&format!("backups/{name}"));
        project.file(&format!("backups/{name}"), &text[..text.len() - 20]);
    };
    for (what, harm) in [("flip", flip as Harm), ("remove", remove), ("cut", cut)] {
        for file in [&table as &dyn Fn(&BackupSet) -> String, &schema] {
            let (project, set) = with_set(20);
            let name = file(&set);
            harm(&project, &name);
            let run = project
                .dbscript(&["run", "verify", "--json"])
                .status(5)
                .go();
            assert!(run.stdout.contains(&name), "{what}: {}", run.told());
            project.sql("UPDATE points SET amount = 0");
            let before = project.hash();
            project
                .dbscript(&["run", "restore", "--yes"])
                .status(5)
                .go();
            assert_eq!(project.hash(), before, "{what} {name}");
            if what != "flip" {
                let status = project.dbscript(&["status", "--json"]).go().result();
                assert_eq!(
                    status["damaged"].as_array().map(Vec::len),
                    Some(1),
                    "{status}"
                );
            }
            if name.starts_with("users") {
                let sound = [
                    "run",
                    "restore",
                    "--from",
                    &set.timestamp,
                    "--tables",
                    "points",
                    "--yes",
                ];
                project.dbscript(&sound).go();
                assert_eq!(project.value("SELECT sum(amount) > 0 FROM points"), "1");
            }
        }
    }
}

#[test]
fn a_summary_that_was_touched_is_no_summary() {
    let (project, set) = with_set(5);
    let name = format!("backups/backup-summary-{}.json", set.timestamp);
    let text = project.read(&name);
    for touched in [
        text.replace("\"users\":5", "\"users\":4"),
        text[..text.len() / 2].to_owned(),
        String::new(),
        text.replace("\"complete\":true", "\"complete\":false"),
    ] {
        assert_ne!(touched, text);
        project.file(&name, &touched);
        let run = project
            .dbscript(&["run", "verify", "--from", "all"])
            .status(5)
            .go();
        assert!(run.stderr.contains("backup-summary-"), "{}", run.told());
        project
            .dbscript(&["run", "restore", "--from", &set.timestamp, "--yes"])
            .status(5)
            .go();
    }
    project.file(&name, &text);
    project.dbscript(&["run", "verify", "--from", "all"]).go();
}

#[test]
fn litter_is_never_taken_for_a_backup() {
    let (project, set) = with_set(5);
    project.file(
        "backups/users-backup-2099-01-01T00-00-00-000Z.json",
        "[\n{\"id\":\"x\"}\n]\n",
    );
    project.file(
        "backups/schema-backup-2099-01-01T00-00-00-000Z.sql",
        "CREATE TABLE x (a);\n",
    );
    let verified = project.dbscript(&["run", "verify", "--json"]).go().result();
    assert_eq!(verified["timestamp"], set.timestamp);
    let status = project.dbscript(&["status", "--json"]).go().result();
    assert_eq!(
        status["backups"].as_array().map(Vec::len),
        Some(1),
        "{status}"
    );
    assert_eq!(status["backups"][0]["timestamp"], set.timestamp);
    assert!(
        status["litter"].to_string().contains("2099-01-01"),
        "{status}"
    );
    let missing = [
        "run",
        "restore",
        "--from",
        "2099-01-01T00-00-00-000Z",
        "--yes",
    ];
    project.dbscript(&missing).status(2).go();
}

#[test]
fn damage_in_the_database_is_met_and_no_set_is_made() {
    let project = with_people(3_000);
    project.sql("PRAGMA wal_checkpoint(TRUNCATE); VACUUM");
    let root: u64 = project
        .value("SELECT rootpage FROM sqlite_schema WHERE name = 'comments'")
        .parse()
        .expect("a number");
    let page: u64 = project.value("PRAGMA page_size").parse().expect("a number");
    let path = project.path().join("dbscript.db");
    let mut file = OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("it is there");
    file.seek(SeekFrom::Start((root - 1) * page))
        .expect("it is a file");
    file.write_all(&[0xff; 64]).expect("the project is ours");
    drop(file);
    let run = project
        .dbscript(&["run", "backup", "--json"])
        .status(5)
        .go();
    assert_eq!(run.end()["error"]["kind"], "integrity");
    assert_eq!(timestamps(&project), Vec::<String>::new());
    let left = project.list("backups");
    assert!(left.iter().all(|name| name == "runs/"), "{left:?}");
}

#[test]
fn some_tables_alone_are_a_set_of_their_own() {
    let project = with_people(5);
    let words = [
        "run",
        "backup",
        "--tables",
        "users,points",
        "--label",
        "two of them",
    ];
    project.dbscript(&words).go();
    let set = BackupSet::latest(&project);
    assert_eq!(set.tables(), ["points", "users"]);
    assert_eq!(set.summary["label"], "two of them");
    let run = project
        .dbscript(&["run", "backup", "--tables", "usres", "--json"])
        .status(2)
        .go();
    let error = run.end()["error"].to_string();
    assert!(
        error.contains("usres") && error.contains("users"),
        "{error}"
    );
    assert_eq!(timestamps(&project).len(), 1);
}

#[test]
fn a_backup_is_taken_while_others_write() {
    let project = with_people(5_000);
    project.sql("PRAGMA journal_mode = WAL");
    let writer = project.sqlite();
    writer
        .execute_batch("BEGIN IMMEDIATE; DELETE FROM comments; UPDATE users SET email = 'unseen'")
        .expect("nobody else writes");
    project.dbscript(&["run", "backup"]).go();
    writer
        .execute_batch("COMMIT")
        .expect("a backup is not in the way");
    let set = BackupSet::latest(&project);
    assert_eq!(set.rows("comments").len(), 10_000);
    assert!(set.rows("users").iter().all(|row| row["email"] != "unseen"));
}

fn a_restore_across_a_migration_says_what_goes_with_it(project: Project) {
    let project = filled(project, 3);
    project.file(
        "migrations/0004_fax.sql",
        "ALTER TABLE users ADD COLUMN fax VARCHAR(40);",
    );
    project.dbscript(&MIGRATE).go();
    let before = timestamps(&project)[0].clone();
    project.sql("UPDATE users SET fax = '555'");
    let plan = ["run", "restore", "--from", &before, "--plan"];
    let told = project.dbscript(&plan).go().told();
    assert!(told.contains("column `users.fax`"), "{told}");
    assert!(told.contains("pending again after it: 4 (fax)"), "{told}");
    let restore = ["run", "restore", "--yes", "--from", &before];
    project.dbscript(&restore).go();
    let status = project.dbscript(&["status", "--json"]).go().result();
    assert_eq!(status["migrations"]["pending"], 1, "{status}");
    let told = project.dbscript(&restore).go().told();
    assert!(!told.contains("pending again"), "{told}");
    assert!(!told.contains("users.fax"), "{told}");
}

/// They are what their query gave when they were filled, and would tell of rows that are no longer there.
#[test]
fn materialized_views_follow_tables_whose_rows_are_restored() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let project = filled(project, 3);
    project.sql(
        "CREATE VIEW awarded AS SELECT total_points AS points FROM users;
         CREATE MATERIALIZED VIEW summed AS SELECT sum(points) AS points FROM awarded;
         CREATE MATERIALIZED VIEW doubled AS SELECT 2 * points AS points FROM summed;
         CREATE MATERIALIZED VIEW unfilled AS SELECT * FROM awarded WITH NO DATA",
    );
    let before = project.value("SELECT points FROM doubled");
    project.dbscript(&["run", "backup"]).go();
    project.sql(
        "UPDATE users SET total_points = 0;
         REFRESH MATERIALIZED VIEW summed; REFRESH MATERIALIZED VIEW doubled",
    );
    project
        .dbscript(&["run", "restore", "--yes", "--tables", "users"])
        .go();
    assert_eq!(project.value("SELECT points FROM doubled"), before);
    let filled = "SELECT count(*) FROM pg_matviews WHERE NOT ispopulated";
    assert_eq!(project.value(filled), "1");
}
