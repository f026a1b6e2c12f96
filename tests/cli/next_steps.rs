//! `status` says what to type next, and a plan claims nothing that it did not do.

use super::{MIGRATE, with_people};
use crate::harness::Project;

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
    assert!(told.contains("dbscript run restore"), "{told}");
    project
        .dbscript(&["status"])
        .stdout_has("half-applied")
        .go();
    project.dbscript(&["run", "restore", "--yes"]).go();
    assert_eq!(next(&project), "[]");
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
