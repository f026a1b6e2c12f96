//! A database file that is not there: what is made in its place, and what lies beside it.

use rusqlite::Connection;

use super::MIGRATE;
use crate::harness::{Project, timestamps};

/// A project with a migration, whose database was stopped hard: its newest row is in `-wal`.
fn stopped_hard() -> Project {
    let project = Project::new();
    project.file(
        "migrations/1_people.sql",
        "CREATE TABLE people (name TEXT);",
    );
    project.dbscript(&MIGRATE).go();
    let path = project.path();
    let file = |name: &str| path.join(name);
    let open = Connection::open(file("dbscript.db")).expect("it opens");
    open.execute_batch("PRAGMA journal_mode = WAL; INSERT INTO people VALUES ('the newest')")
        .expect("it is written");
    // As they lie while the application runs; closing the connection would tidy up.
    for name in ["dbscript.db", "dbscript.db-wal"] {
        std::fs::copy(file(name), file(&format!("kept-{name}"))).expect("copied");
    }
    drop(open);
    for name in ["dbscript.db", "dbscript.db-wal"] {
        std::fs::rename(file(&format!("kept-{name}")), file(name)).expect("moved");
    }
    project
}

#[test]
fn a_new_file_does_not_cost_what_another_one_left_beside_it() {
    let project = stopped_hard();
    let path = project.path();
    let moved = |from: &str, to: &str| std::fs::rename(path.join(from), path.join(to));
    moved("dbscript.db", "broken.db").expect("moved");
    let wal = std::fs::read(path.join("dbscript.db-wal")).expect("it is there");
    for words in [
        &["run", "safe-migration", "--yes"][..],
        &["run", "safe-migration", "--plan"],
        &["run", "backup"],
        &["run", "restore", "--yes"],
        &["status"],
    ] {
        let run = project.dbscript(words).status(4).go();
        assert!(run.told().contains("dbscript.db-wal`"), "{}", run.told());
        assert!(!path.join("dbscript.db").exists(), "{}", run.told());
        let left = std::fs::read(path.join("dbscript.db-wal")).expect("it stays");
        assert!(left == wal, "{}", run.told());
    }
    project
        .dbscript(&["run", "safe-migration", "--yes"])
        .status(4)
        .stderr_has("move them to the file they belong to")
        .go();
    // The way out: the newest row is there again.
    moved("dbscript.db-wal", "broken.db-wal").expect("moved");
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    assert_eq!(project.value("SELECT count(*) FROM people"), "0");
    let kept = Connection::open(path.join("broken.db")).expect("it opens");
    let rows: i64 = kept
        .query_row("SELECT count(*) FROM people", [], |row| row.get(0))
        .expect("it is whole");
    assert_eq!(rows, 1);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_that_is_gone_does_not_cost_what_lies_beside_that() {
    let project = stopped_hard();
    let path = project.path();
    std::fs::create_dir(path.join("data")).expect("it is made");
    std::fs::remove_file(path.join("dbscript.db")).expect("removed");
    std::fs::rename(path.join("dbscript.db-wal"), path.join("data/app.db-wal")).expect("moved");
    std::os::unix::fs::symlink("data/app.db", path.join("dbscript.db")).expect("linked");
    let wal = std::fs::read(path.join("data/app.db-wal")).expect("it is there");
    for words in [&["run", "safe-migration", "--yes"][..], &["status"]] {
        let run = project.dbscript(words).status(4).go();
        assert!(run.told().contains("data/app.db-wal`"), "{}", run.told());
        let left = std::fs::read(path.join("data/app.db-wal")).expect("it stays");
        assert!(left == wal, "{}", run.told());
    }
}

#[test]
fn sets_of_another_file_of_that_name_say_nothing_of_a_new_one() {
    let project = Project::new();
    project.file("migrations/1_t.sql", "CREATE TABLE t (a);");
    project.file("staging/.keep", "");
    project.dbscript(&MIGRATE).go();
    project.dbscript(&["run", "backup"]).go();
    project
        .dbscript(&["run", "safe-migration", "--yes"])
        .env("DATABASE_URL", "sqlite://staging/dbscript.db")
        .stderr_has("staging/dbscript.db`: a new one is made")
        .stderr_lacks("is it really gone")
        .go();
}

#[test]
fn the_way_out_of_a_damaged_file_names_those_beside_it() {
    let project = Project::new();
    project.file("dbscript.db", "no database at all".repeat(100));
    project
        .dbscript(&["run", "backup"])
        .status(4)
        .stderr_has("`-wal`, `-shm` and `-journal`")
        .go();
}

#[test]
fn a_migration_says_that_it_makes_a_new_file_and_warns_where_there_was_one() {
    let project = Project::new();
    project.file(
        "migrations/1_t.sql",
        "CREATE TABLE t (a); INSERT INTO t VALUES (1);",
    );
    let migrate = ["run", "safe-migration", "--yes"];
    let plan = ["run", "safe-migration", "--plan"];
    let new = "there is no file at `<project>/dbscript.db`: a new one";
    project
        .dbscript(&plan)
        .stderr_has(&format!("{new} would be made"))
        .stderr_lacks("is it really gone")
        .go();
    project
        .dbscript(&migrate)
        .stderr_has(&format!("{new} is made"))
        .stderr_lacks("is it really gone")
        .go();
    project.dbscript(&migrate).stderr_lacks(new).go();
    project.dbscript(&["run", "backup"]).go();
    let set = timestamps(&project).remove(0);
    let restore = ["run", "restore", "--yes", "--from", &set];
    project.remove("dbscript.db");
    for words in [plan, migrate] {
        let run = project.dbscript(&words).go();
        for said in [
            "warning: the backups folder has 1 whole backup of `dbscript.db`, the one to restore "
                .to_owned(),
            format!("`dbscript {}`", restore.join(" ").replace(" --yes", "")),
        ] {
            assert!(run.stderr.contains(&said), "{}", run.told());
        }
    }
    project.dbscript(&restore).go();
    project.remove("dbscript.db");
    // Whatever opens a file that is gone makes an empty one.
    project.file("dbscript.db", "");
    let told = project.dbscript(&plan).go().stderr;
    assert!(told.contains("dbscript.db` is empty"), "{told}");
    assert!(told.contains("is it really gone?"), "{told}");
    project.remove("dbscript.db");
    // The safety backup of that restore is not the one.
    let told = project.dbscript(&plan).go().stderr;
    assert!(
        told.contains(&format!("the one to restore {set}:")),
        "{told}"
    );
    // Sets of another database say nothing of it.
    project
        .dbscript(&migrate)
        .env("DATABASE_URL", "sqlite://other.db")
        .stderr_lacks("is it really gone")
        .go();
}

#[test]
fn a_damaged_file_keeps_its_wal_whatever_is_run() {
    let project = stopped_hard();
    let path = project.path();
    let mut bytes = std::fs::read(path.join("dbscript.db")).expect("readable");
    bytes[..16].copy_from_slice(b"XXXXXXXXXXXXXXXX");
    project.file("dbscript.db", &bytes);
    let wal = std::fs::read(path.join("dbscript.db-wal")).expect("it is there");
    let other = Project::new();
    other.sql("CREATE TABLE people (name TEXT); INSERT INTO people VALUES ('older')");
    other.dbscript(&["run", "backup"]).go();
    for file in other
        .files()
        .keys()
        .filter(|file| file.contains("-backup-"))
    {
        project.file(file, other.read(file));
    }
    for words in [
        &["run", "restore", "--yes"][..],
        &["run", "safe-migration", "--yes"],
        &["run", "backup"],
        &["status"],
    ] {
        let run = project.dbscript(words).status(4).go();
        assert!(
            run.told().contains("not a usable database"),
            "{}",
            run.told()
        );
        let left = std::fs::read(path.join("dbscript.db-wal")).expect("it stays");
        assert!(left == wal, "{}", run.told());
    }
}
