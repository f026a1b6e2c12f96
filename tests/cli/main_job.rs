//! The main job on every database, from a fresh copy with nothing configured but where the database is.

use serde_json::json;

use super::filled;
use crate::harness::databases::{Said, in_every_project};
use crate::harness::{BackupSet, Project, timestamps};

in_every_project!(
    a_fresh_copy_migrates_imports_backs_up_verifies_and_restores,
    the_same_job_tells_people_what_it_did,
    a_restore_brings_back_what_was_lost_and_takes_away_what_came,
    only_the_named_tables_are_restored,
    rows_that_a_new_key_does_not_take_are_told_with_the_way_out,
    a_second_run_of_anything_is_harmless,
    the_gate_before_another_tool_makes_a_labelled_set,
);

const TABLES: [&str; 5] = [
    "_sqlx_migrations",
    "achievements",
    "comments",
    "points",
    "users",
];

fn a_fresh_copy_migrates_imports_backs_up_verifies_and_restores(project: Project) {
    let project = project.with_sample();
    let run = |words: &[&str]| {
        let words = [words, &["--json"]].concat();
        project.dbscript(&words).go().result()
    };
    let migrated = run(&["run", "safe-migration", "--yes"]);
    assert_eq!(migrated["applied"], 3);
    assert_eq!(
        migrated["backup"],
        json!(null),
        "there was nothing to back up"
    );
    let imported = run(&["run", "restore-users"]);
    let people = imported["restored"].as_u64().expect("a number");
    assert!(people >= 50, "{imported}");
    assert_eq!(imported["rejected"], 0);
    assert_eq!(
        project.value("SELECT count(*) FROM users"),
        people.to_string()
    );

    let saved = run(&["run", "backup"]);
    assert_eq!(saved["counts"]["users"], people);
    let set = BackupSet::latest(&project);
    assert_eq!(saved["timestamp"], set.timestamp);
    assert_eq!(set.tables(), TABLES);
    assert_eq!(set.rows("users").len() as u64, people);
    for table in TABLES {
        assert!(set.file(&project, table).exists(), "{table}");
    }
    let names = project.list("backups");
    for name in ["schema-backup", "backup-summary"] {
        assert!(names.iter().any(|file| file.starts_with(name)), "{names:?}");
    }
    let verified = run(&["run", "verify"]);
    assert_eq!(verified["timestamp"], set.timestamp);
    assert_eq!(verified["problems"], json!([]));

    let before = project.hash();
    let restored = run(&["run", "restore", "--yes"]);
    assert_eq!(restored["timestamp"], set.timestamp);
    assert_eq!(restored["counts"]["users"], people);
    assert_eq!(
        project.hash(),
        before,
        "a restore of what is there changes nothing"
    );
    let safety = restored["safety_backup"].as_str().expect("a timestamp");
    assert_ne!(safety, set.timestamp);
    assert_eq!(BackupSet::read(&project, safety).tables(), TABLES);
}

fn the_same_job_tells_people_what_it_did(project: Project) {
    let project = project.with_sample();
    let place = project.said(Said {
        sqlite: "sqlite://dbscript.db",
        postgres: "postgres://",
        mysql: "mysql://",
    });
    for (words, stdout, stderr) in [
        (&["run", "safe-migration", "--yes"][..], "3", "apply"),
        (&["run", "restore-users"], "restored", "users/"),
        (&["run", "backup"], "users", "back up: done"),
        (&["run", "verify"], "problems", "verify: done"),
        (&["run", "restore", "--yes"], "users", "restore: done"),
        (&["status"], place, ""),
    ] {
        let run = project.dbscript(words).go();
        assert!(run.stdout.contains(stdout), "{}", run.told());
        assert!(run.stderr.contains(stderr), "{}", run.told());
        assert!(
            !run.stderr.contains('\x1b'),
            "no colours in a pipe\n{}",
            run.told()
        );
    }
}

fn a_restore_brings_back_what_was_lost_and_takes_away_what_came(project: Project) {
    let project = filled(project, 200);
    project.dbscript(&["run", "backup"]).go();
    let before = project.hash();
    project.sql(project.said(Said {
        sqlite: "PRAGMA foreign_keys = ON",
        postgres: "SELECT 1",
        mysql: "SELECT 1",
    }));
    project.sql(
        "DELETE FROM users WHERE id LIKE 'u1%'; UPDATE comments SET body = '?';
         DROP TABLE achievements; CREATE TABLE later (a INTEGER); CREATE INDEX more ON users (username)",
    );
    assert_ne!(project.hash(), before);
    let run = project
        .dbscript(&["run", "restore", "--yes", "--json"])
        .go();
    assert_eq!(project.hash(), before);
    let safety = run.result()["safety_backup"]
        .as_str()
        .expect("a timestamp")
        .to_owned();
    project
        .dbscript(&["run", "restore", "--from", &safety, "--yes"])
        .go();
    assert_eq!(project.value("SELECT count(*) FROM later"), "0");
    assert_eq!(project.value("SELECT DISTINCT body FROM comments"), "?");
}

fn only_the_named_tables_are_restored(project: Project) {
    let project = filled(project, 50);
    project.dbscript(&["run", "backup"]).go();
    project.sql("UPDATE points SET amount = 0; UPDATE comments SET body = 'changed'");
    project
        .dbscript(&["run", "restore", "--tables", "points", "--yes"])
        .go();
    assert_eq!(
        project.value("SELECT count(*) FROM points WHERE amount > 0"),
        "43"
    );
    assert_eq!(
        project.value("SELECT DISTINCT body FROM comments"),
        "changed"
    );
}

fn rows_that_a_new_key_does_not_take_are_told_with_the_way_out(project: Project) {
    project.sql("CREATE TABLE kinds (id INTEGER PRIMARY KEY, name VARCHAR(9))");
    project.sql("INSERT INTO kinds VALUES (1, 'a'), (2, 'a')");
    project.dbscript(&["run", "backup"]).go();
    project.sql("DELETE FROM kinds WHERE id = 2; CREATE UNIQUE INDEX one_each ON kinds (name)");
    let words = ["run", "restore", "--tables", "kinds", "--yes", "--json"];
    let run = project.dbscript(&words).status(3).go();
    let error = run.end()["error"].clone();
    let message = error["message"].to_string();
    assert!(message.contains("as it was"), "{error}");
    assert!(message.contains("`kinds` does not take"), "{error}");
    let hint = error["hint"].to_string();
    assert!(hint.contains("without `--tables`"), "{error}");
    assert_eq!(project.value("SELECT count(*) FROM kinds"), "1");
}

fn a_second_run_of_anything_is_harmless(project: Project) {
    let project = project.with_sample();
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    project.dbscript(&["run", "restore-users"]).go();
    let before = project.hash();
    let again = project
        .dbscript(&["run", "safe-migration", "--yes", "--json"])
        .go();
    assert_eq!(again.result()["applied"], 0);
    let again = project.dbscript(&["run", "restore-users", "--json"]).go();
    assert_eq!(again.result()["restored"], 0);
    assert_eq!(again.result()["skipped"], again.result()["read"]);
    assert_eq!(project.hash(), before);
    for _ in 0..3 {
        project.dbscript(&["run", "backup"]).go();
    }
    assert_eq!(
        timestamps(&project).len(),
        3,
        "two sets never share a timestamp"
    );
}

fn the_gate_before_another_tool_makes_a_labelled_set(project: Project) {
    let project = filled(project, 10);
    let run = project
        .dbscript(&["run", "pre-migration-backup", "--json"])
        .go();
    let set = BackupSet::latest(&project);
    assert_eq!(run.result()["timestamp"], set.timestamp);
    assert_eq!(set.summary["label"], "pre-migration");
    assert_eq!(
        set.summary["migrations"]["applied"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
}
