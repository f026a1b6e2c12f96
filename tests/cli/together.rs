//! Several runs at once on one project: each does its whole work, or says why it did not.

use super::{MIGRATE, filled, with_people};
use crate::harness::databases::in_every_project;
use crate::harness::{BackupSet, Finished, Project, Running, timestamps};

in_every_project!(
    backups_at_the_same_moment_are_sets_of_their_own,
    a_migration_is_applied_once_however_many_start_it,
);

fn backups_at_the_same_moment_are_sets_of_their_own(project: Project) {
    let project = filled(project, 500);
    let backup = ["run", "backup", "--json"];
    let runs: Vec<Running> = (0..5).map(|_| project.dbscript(&backup).start()).collect();
    let runs: Vec<Finished> = runs.into_iter().map(Running::finish).collect();
    let mut told: Vec<String> = runs
        .iter()
        .map(|run| {
            run.result()["timestamp"]
                .as_str()
                .expect("a timestamp")
                .to_owned()
        })
        .collect();
    told.sort();
    assert_eq!(told, timestamps(&project));
    for timestamp in told {
        assert_eq!(
            BackupSet::read(&project, &timestamp).rows("users").len(),
            500
        );
    }
    assert_eq!(project.list("backups/runs").len(), 5);
}

fn a_migration_is_applied_once_however_many_start_it(first: Project) {
    let second = first.another();
    for (project, rehearse) in [(first, "full"), (second, "off")] {
        let project = filled(project, 500);
        project.file(
            "migrations/0004_once.sql",
            "CREATE TABLE once (a INTEGER); INSERT INTO once VALUES (1);",
        );
        let words = [&MIGRATE[..], &["--rehearse", rehearse]].concat();
        // Who comes late finds nothing to do, or a database that is no longer what it looked at: both are said.
        let late = "case $? in 0|3|7) ;; *) exit 99;; esac";
        let runs: Vec<Running> = (0..4)
            .map(|_| {
                let script = format!("\"$@\"; {late}");
                project
                    .dbscript(&words)
                    .through("sh", &["-c", &script, "sh"])
                    .start()
            })
            .collect();
        let runs: Vec<Finished> = runs.into_iter().map(Running::finish).collect();
        let applied = runs.iter().filter(|run| {
            let ends = run.events_of("end");
            ends[0]["result"]["applied"] == 1 && ends[0]["exit_code"] == 0
        });
        let told: Vec<String> = runs.iter().map(Finished::told).collect();
        assert_eq!(applied.count(), 1, "{}", told.join("\n\n"));
        assert_eq!(project.value("SELECT count(*) FROM once"), "1");
        assert_eq!(
            project.value("SELECT max(version) FROM _sqlx_migrations"),
            "4"
        );
    }
}

#[test]
fn a_restore_and_a_writer_do_not_mix() {
    let project = with_people(2_000);
    project.dbscript(&["run", "backup"]).go();
    let before = project.hash();
    let writer = project.sqlite();
    writer
        .execute_batch(
            "BEGIN IMMEDIATE; INSERT INTO comments (id, user_id, body) VALUES ('new', 'u1', 'x')",
        )
        .expect("nobody else writes");
    let restore = ["run", "restore", "--yes", "--json"];
    let run = project.dbscript(&restore).status(1).go();
    let error = run.end()["error"].clone();
    assert!(error["message"].to_string().contains("locked"), "{error}");
    assert!(!error["hint"].is_null(), "{error}");
    writer
        .execute_batch("COMMIT")
        .expect("it still has the lock");
    assert_eq!(
        project.value("SELECT count(*) FROM comments WHERE id = 'new'"),
        "1"
    );
    project
        .dbscript(&[
            "run",
            "restore",
            "--yes",
            "--from",
            &timestamps(&project)[0],
        ])
        .go();
    assert_eq!(project.hash(), before);
}
