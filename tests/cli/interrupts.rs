//! Ctrl-C, SIGTERM and the time limit in each step, on every database: it is as it was, or it is said how far the
//! migration came where the engine commits by itself; the run ends within three seconds.

use std::time::{Duration, Instant};

use super::together::migration_lock;
use super::{MIGRATE, endless, filled, wait_until_it_sleeps};
use crate::harness::databases::{Said, in_every_project};
use crate::harness::{BackupSet, Finished, Project, Running, Signal, timestamps};

in_every_project!(
    ctrl_c_before_the_migration_is_applied_leaves_the_database_as_it_was,
    ctrl_c_while_the_migration_is_applied_rolls_it_back_or_says_how_far_it_came,
    ctrl_c_while_it_is_verified_says_that_the_migration_is_in,
    a_backup_and_a_restore_that_are_interrupted_leave_nothing,
    a_wait_for_the_migration_lock_ends_with_the_run,
    the_time_limit_stops_a_long_statement,
    a_script_that_loops_for_ever_is_stopped,
);

/// What a person waits for at most.
const LIMIT: Duration = Duration::from_secs(3);

fn started(step: &str) -> [String; 3] {
    [
        "\"event\":\"step\"".to_owned(),
        format!("\"name\":\"{step}"),
        "\"state\":\"started\"".to_owned(),
    ]
}

/// Waits until a step has begun.
#[track_caller]
fn wait_for_step(run: &mut Running, step: &str) {
    let texts = started(step);
    run.wait_for(&[&texts[0], &texts[1], &texts[2]]);
}

/// Interrupts a run when a step begins; it must end in time with what is said for 130.
#[track_caller]
fn interrupt(project: &Project, words: &[&str], step: &str, signal: Signal) -> Finished {
    let mut run = project.dbscript(words).status(130).start();
    wait_for_step(&mut run, step);
    run.signal(signal);
    let finished = run.finish_within(LIMIT);
    let end = finished.end();
    assert_eq!(end["error"]["kind"], "interrupted", "{}", finished.told());
    finished
}

/// That nothing but sound sets lies in the backups folder, and no scratch database anywhere.
#[track_caller]
fn tidy(project: &Project) {
    for timestamp in timestamps(project) {
        BackupSet::read(project, &timestamp);
    }
    let sets = timestamps(project);
    for name in project.list("backups").into_iter().chain(project.list("")) {
        let of_a_set = sets.iter().any(|timestamp| name.contains(timestamp));
        let known =
            ["runs/", "backups/", "migrations/", "users/", "dbscript.db"].contains(&name.as_str());
        assert!(of_a_set || known, "`{name}` was left behind");
    }
}

fn ctrl_c_before_the_migration_is_applied_leaves_the_database_as_it_was(project: Project) {
    let project = filled(project, 10_000);
    endless(&project);
    let before = project.hash();
    for step in ["lint", "back up", "rehearse on a copy"] {
        for signal in [Signal::Interrupt, Signal::Terminate] {
            let run = interrupt(&project, &MIGRATE, step, signal);
            assert_eq!(project.hash(), before, "{step}\n{}", run.told());
            tidy(&project);
        }
    }
}

fn ctrl_c_while_the_migration_is_applied_rolls_it_back_or_says_how_far_it_came(project: Project) {
    let project = filled(project, 1_000);
    endless(&project);
    let before = project.hash();
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    if project.commits_ddl() {
        let mut run = project.dbscript(&words).status(130).start();
        wait_for_step(&mut run, "apply");
        wait_until_it_sleeps(&project);
        run.signal(Signal::Interrupt);
        let error = run.finish_within(LIMIT).end()["error"].to_string();
        let state = "of the 3 statements of migration 4 (endless), statement 1 is done and stays";
        for said in [state, "dbscript run restore"] {
            assert!(error.contains(said), "{error}");
        }
        project
            .dbscript(&MIGRATE)
            .status(3)
            .stdout_has("migration 4 (endless)")
            .go();
        project.dbscript(&["run", "restore", "--yes"]).go();
        assert_eq!(project.hash(), before);
        return;
    }
    for signal in [Signal::Interrupt, Signal::Terminate] {
        let run = interrupt(&project, &words, "apply", signal);
        assert_eq!(project.hash(), before, "{}", run.told());
        let message = run.end()["error"]["message"].to_string();
        assert!(message.contains("as it was found"), "{message}");
        tidy(&project);
    }
    project.file(
        "migrations/0004_endless.sql",
        "CREATE TABLE fine (a INTEGER);",
    );
    project.dbscript(&MIGRATE).go();
}

fn ctrl_c_while_it_is_verified_says_that_the_migration_is_in(project: Project) {
    let project = filled(project, 40_000);
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let run = interrupt(&project, &words, "verify", Signal::Interrupt);
    assert_eq!(
        project.value("SELECT max(version) FROM _sqlx_migrations WHERE success"),
        "4"
    );
    assert_eq!(project.value("SELECT count(*) FROM fine"), "0");
    let error = run.end()["error"].to_string();
    assert!(
        error.contains("applied"),
        "it says what state the database is in: {error}"
    );
    project.dbscript(&MIGRATE).go();
}

fn a_backup_and_a_restore_that_are_interrupted_leave_nothing(project: Project) {
    let project = filled(project, 15_000);
    let before = project.hash();
    interrupt(
        &project,
        &["run", "backup", "--json"],
        "back up",
        Signal::Interrupt,
    );
    assert_eq!(timestamps(&project).len(), 0);
    tidy(&project);
    project.dbscript(&["run", "backup"]).go();
    project.sql("UPDATE users SET email = 'changed'");
    let changed = project.hash();
    let restore = ["run", "restore", "--yes", "--json"];
    let run = interrupt(&project, &restore, "restore", Signal::Interrupt);
    assert_eq!(project.hash(), changed);
    let message = run.end()["error"]["message"].to_string();
    assert!(message.contains("as it was found"), "{message}");
    tidy(&project);
    project.dbscript(&restore).go();
    assert_eq!(project.hash(), before);
}

/// Another program migrates and does not end: a migration and a restore that wait for it are stopped at once.
fn a_wait_for_the_migration_lock_ends_with_the_run(project: Project) {
    if project.url().is_none() {
        // SQLite has no such lock.
        return;
    }
    let project = filled(project, 20);
    project.dbscript(&["run", "backup"]).go();
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    let mut migration = project.holder();
    migration.sql(&migration_lock(&project));
    let before = project.hash();
    let migrate = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let restore = ["run", "restore", "--yes", "--json"];
    let waiting = project.said(Said {
        sqlite: "",
        postgres: "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                   AND query LIKE 'SELECT pg_catalog.pg_try_advisory_lock%'",
        mysql: "SELECT count(*) FROM information_schema.processlist
                WHERE db = DATABASE() AND info LIKE 'SELECT GET_LOCK%'",
    });
    let at_once = Duration::from_millis(1_500);
    for words in [&migrate[..], &restore] {
        let limited = [words, &["--timeout", "5"]].concat();
        for (words, status, kind) in [(words, 130, "interrupted"), (&limited, 124, "timeout")] {
            let mut run = project.dbscript(words).status(status).start();
            run.wait_for(&["waiting for another program that holds the migration lock"]);
            let limit = match status {
                130 => {
                    run.signal(Signal::Interrupt);
                    at_once
                }
                // Something of the five seconds is over.
                _ => Duration::from_secs(4) + at_once,
            };
            let finished = run.finish_within(limit);
            let error = finished.end()["error"].clone();
            assert_eq!(error["kind"], kind, "{}", finished.told());
            let message = error["message"].to_string();
            assert!(message.contains("as it was found"), "{error}");
            let deadline = Instant::now() + Duration::from_secs(1);
            while project.value(waiting) != "0" {
                assert!(Instant::now() < deadline, "{}", finished.told());
            }
            assert_eq!(project.hash(), before, "{}", finished.told());
        }
    }
}

fn the_time_limit_stops_a_long_statement(project: Project) {
    let project = filled(project, 100);
    endless(&project);
    let before = project.hash();
    // Long enough to come to the statement on a machine that does other things too.
    let words = [&MIGRATE[..], &["--rehearse", "off", "--timeout", "10"]].concat();
    let run = project.dbscript(&words).status(124).start();
    let finished = run.finish_within(Duration::from_secs(10) + LIMIT);
    let error = finished.end()["error"].clone();
    assert_eq!(error["kind"], "timeout");
    match project.commits_ddl() {
        true => assert!(error.to_string().contains("statement 1 is done"), "{error}"),
        false => assert_eq!(project.hash(), before),
    }
    tidy(&project);
}

fn a_script_that_loops_for_ever_is_stopped(project: Project) {
    let project = filled(project, 10);
    for (name, body) in [
        ("spin", "loop { let x = 1; }"),
        (
            "caught",
            "loop { try { db::value(\"SELECT 1\"); } catch { } }",
        ),
        (
            "rows",
            "for row in db::rows(\"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n\") { }",
        ),
        (
            "writes",
            "db::transaction(|| { loop { db::execute(\"UPDATE users SET total_points = total_points + 1\"); } });",
        ),
    ] {
        let source = format!(
            "//! Never ends.\nconst NEEDS = [\"db:write\"];\nfn main() {{\n    step(\"work\", || {{ {body} }});\n}}\n"
        );
        project.file(&format!("scripts/{name}.rhai"), source);
        let before = project.hash();
        interrupt(
            &project,
            &["run", name, "--json"],
            "work",
            Signal::Interrupt,
        );
        assert_eq!(project.hash(), before, "{name}");
    }
}
