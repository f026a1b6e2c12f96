//! Ctrl-C, SIGTERM and the time limit in each step: the database is as it was, the run ends within three seconds.

use std::time::Duration;

use super::{MIGRATE, with_people};
use crate::harness::{BackupSet, Finished, Project, Running, Signal, timestamps};

/// What a person waits for at most.
const LIMIT: Duration = Duration::from_secs(3);

/// A migration that runs for minutes in one statement.
const ENDLESS: &str = "CREATE TABLE fine (a INTEGER);\n\
     INSERT INTO comments (id, user_id, body) VALUES ('late', 'u1', 'x');\n\
     INSERT INTO fine WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000000)\n\
         SELECT count(*) FROM n;\n";

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

#[test]
fn ctrl_c_before_the_migration_is_applied_leaves_the_database_as_it_was() {
    let project = with_people(10_000);
    project.file("migrations/0004_endless.sql", ENDLESS);
    let before = project.hash();
    for step in ["lint", "back up", "rehearse on a copy"] {
        for signal in [Signal::Interrupt, Signal::Terminate] {
            let run = interrupt(&project, &MIGRATE, step, signal);
            assert_eq!(project.hash(), before, "{step}\n{}", run.told());
            tidy(&project);
        }
    }
}

#[test]
fn ctrl_c_while_the_migration_is_applied_rolls_it_back() {
    let project = with_people(1_000);
    project.file("migrations/0004_endless.sql", ENDLESS);
    let before = project.hash();
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
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

#[test]
fn ctrl_c_while_it_is_verified_says_that_the_migration_is_in() {
    let project = with_people(40_000);
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

#[test]
fn a_backup_and_a_restore_that_are_interrupted_leave_nothing() {
    let project = with_people(15_000);
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

#[test]
fn the_time_limit_stops_a_long_statement() {
    let project = with_people(100);
    project.file("migrations/0004_endless.sql", ENDLESS);
    let before = project.hash();
    let words = [&MIGRATE[..], &["--rehearse", "off", "--timeout", "2"]].concat();
    let run = project.dbscript(&words).status(124).start();
    let finished = run.finish_within(Duration::from_secs(2) + LIMIT);
    assert_eq!(finished.end()["error"]["kind"], "timeout");
    assert_eq!(project.hash(), before);
    tidy(&project);
}

#[test]
fn a_script_that_loops_for_ever_is_stopped() {
    let project = with_people(10);
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
