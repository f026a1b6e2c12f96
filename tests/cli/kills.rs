//! SIGKILL, which nothing can answer: what is left behind is never taken for a backup, and the next run works.

use super::{MIGRATE, endless, filled, wait_until_it_sleeps};
use crate::harness::databases::in_every_project;
use crate::harness::{BackupSet, Project, Signal, timestamps};

in_every_project!(
    a_killed_backup_leaves_no_set_and_the_next_one_works,
    a_killed_migration_is_rolled_back_by_the_database_or_told,
    a_killed_restore_leaves_the_database_as_it_was,
);

fn a_killed_backup_leaves_no_set_and_the_next_one_works(project: Project) {
    let project = filled(project, 12_000);
    let before = project.hash();
    for moment in ["back up", "comments", "users"] {
        let sets = timestamps(&project).len();
        let mut run = project
            .dbscript(&["run", "backup", "--json"])
            .killed()
            .start();
        run.wait_for(&["\"event\":\"step\"", "\"started\""]);
        if moment != "back up" {
            run.wait_for(&["\"event\":\"progress\"", moment]);
        }
        run.signal(Signal::Kill);
        run.finish();
        assert_eq!(project.hash(), before);
        assert_eq!(timestamps(&project).len(), sets, "killed at `{moment}`");
        let status = project.dbscript(&["status", "--json"]).go().result();
        assert_eq!(status["backups"].as_array().map(Vec::len), Some(sets));
        assert_eq!(status["damaged"], serde_json::json!([]));
        project.dbscript(&["run", "backup"]).go();
        BackupSet::latest(&project);
        project.dbscript(&["run", "verify"]).go();
        assert_eq!(timestamps(&project).len(), sets + 1);
    }
}

fn a_killed_migration_is_rolled_back_by_the_database_or_told(project: Project) {
    let project = filled(project, 1_000);
    endless(&project);
    let before = project.hash();
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let mut run = project.dbscript(&words).killed().start();
    run.wait_for(&["\"event\":\"step\"", "\"name\":\"apply", "\"started\""]);
    wait_until_it_sleeps(&project);
    run.signal(Signal::Kill);
    run.finish();
    let status = project.dbscript(&["status", "--json"]).go().result();
    assert!(!status["interrupted"].is_null(), "{status}");
    if project.commits_ddl() {
        let refused = project.dbscript(&MIGRATE).status(3).go();
        assert!(
            refused.told().contains("migration 4 (endless)"),
            "{}",
            refused.told()
        );
        project.dbscript(&["run", "restore", "--yes"]).go();
    }
    assert_eq!(project.hash(), before);
    project.file(
        "migrations/0004_endless.sql",
        "CREATE TABLE fine (a INTEGER);",
    );
    project.dbscript(&MIGRATE).go();
}

fn a_killed_restore_leaves_the_database_as_it_was(project: Project) {
    let project = filled(project, 12_000);
    project.dbscript(&["run", "backup"]).go();
    project.sql("UPDATE users SET email = 'changed'");
    let before = project.hash();
    for _ in 0..2 {
        let mut run = project
            .dbscript(&["run", "restore", "--yes", "--json"])
            .killed()
            .start();
        run.wait_for(&["\"event\":\"step\"", "\"name\":\"restore", "\"started\""]);
        run.signal(Signal::Kill);
        run.finish();
        assert_eq!(project.hash(), before);
    }
    project
        .dbscript(&[
            "run",
            "restore",
            "--yes",
            "--from",
            &timestamps(&project)[0],
        ])
        .go();
    assert_eq!(
        project.value("SELECT count(*) FROM users WHERE email = 'changed'"),
        "0"
    );
}
