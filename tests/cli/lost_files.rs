//! A database file that is lost: `restore` makes it again from its set, wherever its migrations come from.

use super::{MIGRATE, filled};
use crate::harness::{Project, Signal, timestamps};

const RESTORE: [&str; 3] = ["run", "restore", "--yes"];

/// A project with a backup, whose file is then lost.
fn lost(files: &[(&str, &str)]) -> Project {
    let project = Project::new();
    for (name, text) in files {
        project.file(name, text);
    }
    project.sql("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)");
    project.dbscript(&["run", "backup"]).go();
    project.remove("dbscript.db");
    project
}

#[test]
fn a_lost_file_comes_back_without_any_migration_of_ours() {
    for files in [
        &[][..],
        &[("migrations/.keep", "")],
        &[(
            "prisma/migrations/1_init/migration.sql",
            "CREATE TABLE t (a);",
        )],
    ] {
        let project = lost(files);
        let status = project.dbscript(&["status"]).go();
        assert!(
            status
                .stdout
                .contains("there is no database, but 1 whole backup of it"),
            "{}",
            status.told()
        );
        project
            .dbscript(&["run", "restore", "--plan"])
            .stderr_has("dbscript.db`: a restore makes a new one")
            .go();
        assert!(!project.path().join("dbscript.db").exists(), "{files:?}");
        project.dbscript(&RESTORE).go();
        assert_eq!(project.value("SELECT count(*) FROM t"), "2", "{files:?}");
    }
}

#[test]
fn a_lost_file_comes_back_with_the_history_of_its_migrations() {
    let project = Project::sample();
    project.dbscript(&MIGRATE).go();
    project.dbscript(&["run", "backup"]).go();
    project.remove("dbscript.db");
    project
        .dbscript(&["run", "backup"])
        .status(4)
        .stderr_has("if it was lost, `dbscript run restore` makes it again")
        .go();
    project.dbscript(&RESTORE).go();
    project
        .dbscript(&["run", "safe-migration"])
        .stderr_has("nothing to migrate")
        .go();
}

#[test]
fn no_file_is_made_that_no_set_is_of() {
    let project = lost(&[("other/.keep", "")]);
    let set = timestamps(&project).remove(0);
    for url in ["sqlite://none.db", "sqlite://other/dbscript.db"] {
        let name = url.trim_start_matches("sqlite://");
        for words in [&RESTORE[..], &[&RESTORE[..], &["--from", &set]].concat()] {
            let run = project
                .dbscript(words)
                .env("DATABASE_URL", url)
                .status(4)
                .stderr_has("no database at")
                .stderr_has("touch '")
                .go();
            assert!(!project.path().join(name).exists(), "{}", run.told());
        }
        // The way out it names.
        project.file(name, "");
        let run = project.dbscript(&RESTORE).env("DATABASE_URL", url);
        run.stderr_has("and goes into").go();
    }
}

#[test]
fn a_folder_that_is_gone_is_told_before_anything_is_done() {
    let project = Project::new();
    project.file("migrations/1_t.sql", "CREATE TABLE t (a);");
    project.file("data/.keep", "");
    let url = "sqlite://data/app.db";
    project.dbscript(&MIGRATE).env("DATABASE_URL", url).go();
    let backup = project.dbscript(&["run", "backup"]);
    backup.env("DATABASE_URL", url).go();
    std::fs::remove_dir_all(project.path().join("data")).expect("removed");
    for words in [&RESTORE[..], &MIGRATE] {
        let run = project.dbscript(words).env("DATABASE_URL", url).status(4);
        let run = run.go();
        assert!(run.told().contains("there is no folder"), "{}", run.told());
        assert!(run.told().contains("mkdir -p '"), "{}", run.told());
    }
    std::fs::create_dir(project.path().join("data")).expect("made");
    project.dbscript(&RESTORE).env("DATABASE_URL", url).go();
    assert!(project.path().join("data/app.db").exists());
}

#[cfg(unix)]
#[test]
fn a_lost_file_behind_a_link_comes_back_where_it_was() {
    let project = Project::new();
    project.file("data/app.db", "");
    std::os::unix::fs::symlink("data/app.db", project.path().join("dbscript.db")).expect("linked");
    project.sql("CREATE TABLE t (a)");
    project.dbscript(&["run", "backup"]).go();
    project.remove("data/app.db");
    project.dbscript(&RESTORE).go();
    assert_eq!(project.value("SELECT count(*) FROM t"), "0");
    assert!(project.path().join("data/app.db").is_file());
    assert!(project.path().join("dbscript.db").is_symlink());
}

#[test]
fn of_a_lost_file_nothing_half_made_stays() {
    let project = filled(Project::sample(), 12_000);
    project.dbscript(&["run", "backup"]).go();
    let rows = project.value("SELECT count(*) FROM comments");
    for signal in [Signal::Interrupt, Signal::Kill] {
        project.remove("dbscript.db");
        let words = [&RESTORE[..], &["--json"]].concat();
        let run = project.dbscript(&words);
        let mut run = match signal {
            Signal::Kill => run.killed(),
            _ => run.status(130),
        }
        .start();
        run.wait_for(&["\"event\":\"progress\""]);
        run.signal(signal);
        let run = run.finish();
        let is_there = project.path().join("dbscript.db").exists();
        assert_eq!(is_there, matches!(signal, Signal::Kill), "{}", run.told());
        if is_there {
            let none = "SELECT count(*) FROM sqlite_schema";
            assert_eq!(project.value(none), "0", "{}", run.told());
            project.dbscript(&["run", "backup"]).status(6).go();
        }
        project.dbscript(&RESTORE).go();
        assert_eq!(project.value("SELECT count(*) FROM comments"), rows);
    }
}
