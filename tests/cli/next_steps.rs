//! `status` says what to type next, and a plan claims nothing that it did not do.

use super::{MIGRATE, endless, filled, wait_until_it_sleeps, with_people};
use crate::harness::databases::{Database, in_every_project};
use crate::harness::{BackupSet, Project, Signal, wait_until};

in_every_project!(
    a_migration_killed_outside_a_transaction_is_told_as_half_applied,
    a_killed_migration_whose_file_is_gone_is_not_to_be_run_again,
    a_restore_of_everything_settles_older_killed_runs,
);

/// The lines of `next`, joined.
#[track_caller]
fn next(project: &Project) -> String {
    let status = project.dbscript(&["status", "--json"]).go().result();
    status["next"].to_string()
}

#[test]
fn a_migration_half_applied_outside_a_transaction_is_told_until_a_restore() {
    let project = with_people(3);
    assert_eq!(next(&project), "[]");
    let sql =
        "-- no-transaction\nCREATE TABLE fine (a INTEGER);\nINSERT INTO nowhere VALUES (1);\n";
    project.file("migrations/0004_half.sql", sql);
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    project.dbscript(&words).status(7).go();
    let told = next(&project);
    assert!(told.contains("migration 4 is half applied"), "{told}");
    assert!(told.contains("0004_half.sql up to line 2"), "{told}");
    let before = BackupSet::latest(&project).timestamp;
    project.dbscript(&["run", "backup"]).go();
    let way = format!("dbscript run restore --from {before}`");
    assert!(next(&project).contains(&way), "{told}");
    project.dbscript(&["status"]).stdout_has("failed").go();
    let restore = ["run", "restore", "--yes", "--from", &before];
    project.dbscript(&restore).go();
    assert_eq!(next(&project), "[]");
}

fn a_migration_killed_outside_a_transaction_is_told_as_half_applied(project: Project) {
    let project = killed_half_way(project);
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let told = next(&project);
    assert!(told.contains("migration 4 is half applied"), "{told}");
    assert!(told.contains("0004_endless.sql up to line 3"), "{told}");
    assert!(told.contains("that of line 4 did not end"), "{told}");
    assert!(told.contains("dbscript run restore"), "{told}");
    assert!(!told.contains("run it again"), "{told}");
    project.dbscript(&words).status(3).go();
    let status = project.dbscript(&["status", "--json"]).go().result();
    let first = &status["migrations"]["not_applied"][0];
    assert_eq!(first["state"], "failed", "{status}");
}

/// A project in which a migration was killed in the middle, outside a transaction.
fn killed_half_way(project: Project) -> Project {
    let project = filled(project, 3);
    endless(&project);
    let file = "migrations/0004_endless.sql";
    let sql = project.read(file);
    project.file(file, format!("-- no-transaction\n{sql}"));
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let mut run = project.dbscript(&words).killed().start();
    run.wait_for(&["\"event\":\"step\"", "\"name\":\"apply", "\"started\""]);
    wait_until_it_sleeps(&project);
    if project.url().is_none() {
        // The third statement begins once the second one is in.
        let late = "SELECT count(*) FROM comments WHERE id = 'late'";
        wait_until("the second statement is in", || project.value(late) != "0");
    }
    wait_for_the_journal(&project, "INSERT INTO fine");
    run.signal(Signal::Kill);
    run.finish();
    project
}

fn a_killed_migration_whose_file_is_gone_is_not_to_be_run_again(project: Project) {
    let project = killed_half_way(project);
    let file = "migrations/0004_endless.sql";
    let sql = project.read(file);
    project.remove(file);
    for renamed in [None, Some("migrations/0004_renamed.sql")] {
        if let Some(renamed) = renamed {
            project.file(renamed, &sql);
        }
        let told = next(&project);
        assert!(told.contains("dbscript run restore --from"), "{told}");
        assert!(!told.contains("run it again"), "{told}");
        assert!(!told.contains("see with `dbscript status`"), "{told}");
        assert!(told.contains("up to line 3"), "{told}");
    }
}

fn a_restore_of_everything_settles_older_killed_runs(project: Project) {
    let project = killed_half_way(project);
    let set = BackupSet::latest(&project).timestamp;
    project.remove("migrations/0004_endless.sql");
    let restore = ["run", "restore", "--yes", "--from", &set];
    let part = [&restore[..], &["--tables", "points"]].concat();
    project.dbscript(&part).go();
    assert!(next(&project).contains("safe-migration"));
    project.dbscript(&restore).go();
    assert_eq!(next(&project), "[]");
    project.dbscript(&["run", "backup"]).go();
    assert_eq!(next(&project), "[]");
}

#[test]
fn a_schema_that_is_not_there_has_no_tables() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql("CREATE TABLE t (a INTEGER)");
    let url = format!("{}?schema=nope", project.url().expect("a server's"));
    let words = ["status", "--json", "--database-url", &url];
    let run = project.dbscript(&words).status(4).go();
    let status = run.result();
    let problem = status["database"]["problem"].to_string();
    assert!(problem.contains("nope"), "{status}");
    assert!(status["database"]["tables"].is_null(), "{status}");
}

#[test]
fn a_backup_at_work_has_left_nothing_behind() {
    let project = with_people(3);
    let name = "users-backup-2099-01-01T00-00-00-000Z.json";
    project.file(&format!("backups/{name}"), "[");
    assert!(next(&project).contains("1 file left behind"));
    let script = "const API = 1; const NEEDS = [\"backups\"];
        fn main(args) { step(\"save\", || { backup::create(#{}); while true { } }); }";
    project.file("scripts/slow.rhai", script);
    let mut run = project
        .dbscript(&["run", "slow", "--json"])
        .killed()
        .start();
    run.wait_for(&["\"name\":\"save\"", "\"started\""]);
    wait_until("it is at work", || next(&project).contains("is at work"));
    let told = next(&project);
    assert!(!told.contains("left behind"), "{told}");
    run.signal(Signal::Kill);
    run.finish();
    assert!(next(&project).contains("left behind"));
}

#[test]
fn a_set_without_a_summary_promises_no_tables() {
    let project = with_people(3);
    project.dbscript(&["run", "backup"]).go();
    let set = BackupSet::latest(&project).timestamp;
    project.file(&format!("backups/backup-summary-{set}.json"), "");
    let told = next(&project);
    assert!(told.contains("1 backup is damaged"), "{told}");
    assert!(!told.contains("--tables"), "{told}");
    assert!(told.contains("dbscript run backup"), "{told}");
}

/// Waits until the run at work has announced this statement.
fn wait_for_the_journal(project: &Project, statement: &str) {
    let is_there = |name: &String| {
        let log = project.read(&format!("backups/runs/{name}"));
        log.contains(statement)
    };
    wait_until("it is announced", || {
        project.list("backups/runs").iter().any(is_there)
    });
}

#[test]
fn a_damaged_set_is_no_backup_in_either_form_of_the_status() {
    let project = with_people(3);
    project.dbscript(&["run", "backup"]).go();
    let sound = BackupSet::latest(&project).timestamp;
    project.dbscript(&["run", "backup"]).go();
    let damaged = BackupSet::latest(&project).timestamp;
    let file = format!("backups/users-backup-{damaged}.json");
    let longer = format!("{} ", project.read(&file));
    project.file(&file, longer);
    let status = project.dbscript(&["status", "--json"]).go().result();
    assert_eq!(status["backups"][0]["timestamp"], sound, "{status}");
    assert_eq!(status["backups"].as_array().map(Vec::len), Some(1));
    assert_eq!(status["damaged"][0]["timestamp"], damaged, "{status}");
    let why = status["damaged"][0]["problems"].to_string();
    assert!(why.contains("users-backup-"), "{why}");
    let said = project.dbscript(&["status"]).go().stdout;
    let (backups, rest) = said.split_once("damaged:").expect("it is told");
    assert!(backups.contains(&sound), "{said}");
    assert!(!backups.contains(&damaged), "{said}");
    assert!(rest.contains(&damaged), "{said}");
}

#[test]
fn drift_damage_and_litter_have_their_next_step() {
    let project = with_people(3);
    project.dbscript(&["run", "backup"]).go();
    project.file("migrations/0002_comments.sql", "SELECT 1;");
    project.file("backups/users-backup-2099-01-01T00-00-00-000Z.json", "[");
    let schema = project.list("backups");
    let schema = schema.iter().find(|name| name.starts_with("schema-backup"));
    project.remove(&format!("backups/{}", schema.expect("the set has one")));
    let told = next(&project);
    for words in [
        "migration 2 (comments) was edited",
        "1 backup is damaged",
        "1 file left behind",
        "rm backups/*2099-01-01T00-00-00-000Z*",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn a_plan_has_applied_nothing() {
    let project = with_people(3);
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    let words = ["run", "safe-migration", "--plan", "--json"];
    assert_eq!(project.dbscript(&words).go().result()["applied"], 0);
}

#[test]
fn what_sqlite_does_in_no_transaction_is_told_with_the_line_that_takes_it_out_of_one() {
    for statement in ["VACUUM;", "PRAGMA synchronous = NORMAL;"] {
        let project = Project::new();
        project.sql("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
        project.file("migrations/1_alone.sql", statement);
        let run = project.dbscript(&MIGRATE[..3]).status(3).go();
        let told = [&*run.stdout, &run.stderr].concat();
        assert!(told.contains("`-- no-transaction`"), "{}", run.told());
        project.file(
            "migrations/1_alone.sql",
            format!("-- no-transaction\n{statement}"),
        );
        project.dbscript(&MIGRATE[..3]).go();
    }
    // What is passed over in silence is told.
    let project = Project::new();
    project.sql("CREATE TABLE t (a)");
    project.file("migrations/1_wal.sql", "PRAGMA journal_mode = WAL;");
    let run = project.dbscript(&MIGRATE[..3]).go();
    let told = [&*run.stdout, &run.stderr].concat();
    let said = "SQLite does not change `journal_mode` in a transaction";
    assert!(told.contains(said), "{}", run.told());
}

#[test]
fn prismas_migrations_do_not_keep_the_status_from_the_rest() {
    let project = Project::new();
    project.file(
        "prisma/migrations/1_init/migration.sql",
        "CREATE TABLE t (a);",
    );
    project.sql("CREATE TABLE t (a)");
    project.dbscript(&["run", "backup"]).go();
    let status = project.dbscript(&["status", "--json"]).go().result();
    assert_eq!(status["migrations"]["folder"], "prisma/migrations");
    let why = status["migrations"]["not_read"].as_str();
    assert!(
        why.is_some_and(|why| why.contains("npx prisma migrate status")),
        "{status}"
    );
    assert_eq!(status["database"]["tables"], 1);
    assert_eq!(status["backups"].as_array().map(Vec::len), Some(1));
}
