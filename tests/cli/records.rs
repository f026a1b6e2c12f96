//! What the history says of a migration that failed, and what may be typed then.

use super::MIGRATE;
use crate::harness::Project;
use crate::harness::databases::Database;

/// A first DDL statement that fails has committed the record of the migration all the same: it is taken back, or the
/// corrected migration would be refused as one that was begun.
#[test]
fn a_first_statement_that_fails_on_mysql_leaves_no_record() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let file = "migrations/1_child.sql";
    let child = "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER";
    project.file(
        file,
        format!("{child}, FOREIGN KEY (parent) REFERENCES nowhere (id));"),
    );
    let run = project.dbscript(&MIGRATE).status(7).go();
    let error = run.end()["error"].clone();
    let message = error["message"].to_string();
    assert!(message.contains("everything was rolled back"), "{error}");
    assert_eq!(project.value("SELECT count(*) FROM _sqlx_migrations"), "0");
    project.file(file, format!("{child});"));
    project.dbscript(&MIGRATE).go();
    // Where something stays, there is no backup of the empty database to go back to: none is named.
    project.file(
        "migrations/2_half.sql",
        format!("CREATE TABLE half (a INTEGER);\n{child});"),
    );
    project.sql("DROP TABLE child");
    project.sql("DROP TABLE _sqlx_migrations");
    project.file(file, "CREATE TABLE child (a INTEGER);");
    let run = project.dbscript(&MIGRATE).status(7).go();
    let error = run.end()["error"].clone();
    let message = error["message"].to_string();
    assert!(message.contains("statement 1 is done and stays"), "{error}");
    let hint = error["hint"].to_string();
    assert!(
        hint.contains("made no backup") && !hint.contains("run restore"),
        "{error}"
    );
}
