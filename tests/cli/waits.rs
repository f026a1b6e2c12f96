//! What another program keeps locked keeps nobody waiting in silence or for ever.

use std::time::{Duration, Instant};

use super::filled;
use crate::harness::databases::{Database, Said, in_every_project};
use crate::harness::{Project, sqlx_migrates};

in_every_project!(
    users_wait_for_a_locked_table_and_say_so,
    users_do_not_wait_for_ever,
);

/// A table that others point to, kept by somebody.
fn project_with_keys() -> Option<Project> {
    let project = filled(Project::on(Database::Postgres)?, 3);
    project.dbscript(&["run", "backup"]).go();
    Some(project)
}

#[test]
fn a_status_tells_what_is_locked_by_whom_and_the_rest() {
    let Some(project) = project_with_keys() else {
        return;
    };
    let mut holder = project.holder();
    holder.sql("BEGIN; LOCK TABLE users");
    let begun = Instant::now();
    let run = project.dbscript(&["status", "--json"]).status(1).go();
    assert!(begun.elapsed() < Duration::from_secs(15), "{}", run.told());
    let status = run.result();
    let problem = status["database"]["problem"].to_string();
    assert!(problem.contains("waited 5 s for a lock"), "{status}");
    assert!(problem.contains("held by process "), "{status}");
    assert!(problem.contains("users"), "{status}");
    assert_eq!(status["migrations"]["applied"], 3, "{status}");
    assert_eq!(
        status["backups"].as_array().map(Vec::len),
        Some(1),
        "{status}"
    );
}

#[test]
fn a_status_obeys_the_time_limit_and_tells_the_rest() {
    let Some(project) = project_with_keys() else {
        return;
    };
    let mut holder = project.holder();
    holder.sql("BEGIN; LOCK TABLE users");
    let begun = Instant::now();
    let words = ["status", "--json", "--timeout", "1"];
    let run = project.dbscript(&words).status(124).go();
    assert!(begun.elapsed() < Duration::from_secs(4), "{}", run.told());
    let status = run.result();
    let problem = status["database"]["problem"].to_string();
    assert!(problem.contains("time limit"), "{status}");
    assert_eq!(
        status["backups"].as_array().map(Vec::len),
        Some(1),
        "{status}"
    );
}

const RESTORE_USERS: [&str; 3] = ["--json", "run", "restore-users"];

/// What keeps `users` from whoever reads it too.
fn lock(project: &Project) -> &'static str {
    project.said(Said {
        sqlite: "BEGIN IMMEDIATE",
        postgres: "BEGIN; LOCK TABLE users",
        mysql: "LOCK TABLES users WRITE",
    })
}

fn users_wait_for_a_locked_table_and_say_so(project: Project) {
    let project = project.with_sample();
    sqlx_migrates(&project).expect("the shipped migrations run");
    let mut holder = project.holder();
    holder.sql(lock(&project));
    let mut run = project.dbscript(&RESTORE_USERS).start();
    run.wait_for(&["waiting for another program that holds "]);
    holder.sql(project.said(Said {
        sqlite: "COMMIT",
        postgres: "COMMIT",
        mysql: "UNLOCK TABLES",
    }));
    let run = run.finish();
    assert_eq!(run.result()["restored"], 52, "{}", run.told());
}

fn users_do_not_wait_for_ever(project: Project) {
    let project = project.with_sample();
    sqlx_migrates(&project).expect("the shipped migrations run");
    let mut holder = project.holder();
    holder.sql(project.said(Said {
        sqlite: "BEGIN IMMEDIATE",
        postgres: "BEGIN; LOCK TABLE users IN EXCLUSIVE MODE",
        mysql: "LOCK TABLES users WRITE",
    }));
    let run = project.dbscript(&RESTORE_USERS).status(1).start();
    let run = run.finish_within(Duration::from_secs(100));
    let error = run.end()["error"].clone();
    assert_eq!(error["code"], "locked", "{error}");
    drop(holder);
    assert_eq!(project.value("SELECT count(*) FROM users"), "0");
}

/// A file in whose journal mode a writer keeps readers out.
fn project_with_rollback_journal() -> Project {
    let project = filled(Project::new(), 3);
    project.sql("PRAGMA journal_mode = DELETE");
    project.dbscript(&["run", "backup"]).go();
    project
}

#[test]
fn a_file_that_is_locked_when_it_is_opened_is_waited_for() {
    for words in [
        &["run", "backup"][..],
        &["run", "safe-migration", "--yes"],
        &["run", "restore", "--yes"],
    ] {
        let project = project_with_rollback_journal();
        let mut holder = project.holder();
        holder.sql("BEGIN EXCLUSIVE");
        let mut run = project.dbscript(words).start();
        run.wait_for(&["waiting for another program that holds the database"]);
        holder.sql("COMMIT");
        run.finish();
    }
}

#[test]
fn a_file_that_stays_locked_is_told_as_locked() {
    let project = project_with_rollback_journal();
    let mut holder = project.holder();
    holder.sql("BEGIN EXCLUSIVE");
    let run = project.dbscript(&["run", "backup", "--json"]);
    let run = run.status(1).start().finish_within(Duration::from_secs(40));
    let error = run.end()["error"].clone();
    assert_eq!(error["code"], "locked", "{error}");
    let told = error.to_string();
    assert!(told.contains("locked by another program"), "{told}");
    assert!(told.contains("wait for the other program"), "{told}");
    assert!(!told.contains("URL"), "{told}");
}

#[test]
fn a_reader_that_keeps_a_commit_waiting_is_told() {
    for words in [
        &["run", "safe-migration", "--yes"][..],
        &["run", "restore", "--yes"],
    ] {
        let project = project_with_rollback_journal();
        project.file(
            "migrations/0004_note.sql",
            "ALTER TABLE comments ADD COLUMN note TEXT;\n",
        );
        let mut reader = project.holder();
        reader.sql("BEGIN; SELECT count(*) FROM users");
        let mut run = project.dbscript(words).start();
        run.wait_for(&["waiting for another program that holds the database"]);
        reader.sql("COMMIT");
        run.finish();
    }
}

/// It may be waited for, or slow by itself: nobody looks at a screen that says nothing.
#[test]
fn a_backup_that_waits_for_a_locked_table_says_so() {
    for (database, lock, free) in [
        (Database::Mysql, "LOCK TABLES users WRITE", "UNLOCK TABLES"),
        (Database::Postgres, "BEGIN; LOCK TABLE users", "COMMIT"),
    ] {
        let Some(project) = Project::on(database) else {
            continue;
        };
        let project = filled(project, 3);
        let mut holder = project.holder();
        holder.sql(lock);
        let mut run = project.dbscript(&["run", "backup"]).start();
        run.wait_for(&["it may be waiting for another program that holds a lock"]);
        holder.sql(free);
        run.finish();
    }
}

#[test]
fn a_file_that_others_keep_from_being_opened_is_waited_for_as_long_as_was_said() {
    let project = Project::new();
    project.file("migrations/1_t.sql", "CREATE TABLE t (a);");
    project.sql("CREATE TABLE u (a)");
    let mut holder = project.holder();
    holder.sql("BEGIN EXCLUSIVE");
    let migrate = ["run", "safe-migration", "--yes", "--lock-timeout", "1"];
    for words in [&migrate[..], &["status"]] {
        let begun = Instant::now();
        let run = project.dbscript(words).status(1).go();
        assert!(
            run.told().contains("is locked by another"),
            "{}",
            run.told()
        );
        assert!(begun.elapsed() < Duration::from_secs(8), "{}", run.told());
    }
    holder.sql("COMMIT");
    project.dbscript(&migrate).go();
}
