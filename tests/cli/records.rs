//! What the history says of a migration that failed, and what may be typed then.

use super::{MIGRATE, filled};
use crate::harness::databases::Database;
use crate::harness::{Project, timestamps};

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
    // What only the session knew is nothing that stays.
    let set = "SET @@SESSION.sql_mode = '';\n";
    project.file(
        file,
        format!("{set}{child}, FOREIGN KEY (parent) REFERENCES nowhere (id));"),
    );
    let words = [&MIGRATE[..], &["--allow", "relax-sql-mode(sql_mode)"]].concat();
    let run = project.dbscript(&words).status(7).go();
    let message = run.end()["error"]["message"].to_string();
    assert!(message.contains("everything was rolled back"), "{message}");
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
        hint.contains("no backup made before it") && !hint.contains("run restore"),
        "{error}"
    );
}

/// The refusal of a migration that was begun and did not finish, and what `status` says of it.
fn refused(project: &Project) -> [String; 2] {
    let run = project.dbscript(&MIGRATE).status(3).go();
    let status = project.dbscript(&["status", "--json"]).go().result();
    [run.end()["error"].to_string(), status["next"].to_string()]
}

/// The newest set may be one of what the migration has left: the one from before is named.
#[test]
fn a_half_applied_migration_on_mysql_names_the_backup_from_before_it() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let project = filled(project, 3);
    project.file(
        "migrations/4_half.sql",
        "CREATE TABLE half (a INTEGER);\nINSERT INTO nowhere VALUES (1);\n",
    );
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let run = project.dbscript(&words).status(7).go();
    let before = timestamps(&project)[0].clone();
    let way = format!("`dbscript run restore --from {before}`");
    let hint = run.end()["error"]["hint"].to_string();
    assert!(hint.contains(&way), "{hint}");
    project.dbscript(&["run", "backup"]).go();
    for told in refused(&project) {
        assert!(told.contains(&way), "{told}");
    }
    // Where no log says which set it was, the sets themselves do.
    let runs = project.path().join("backups/runs");
    std::fs::remove_dir_all(runs).expect("it is ours");
    for told in refused(&project) {
        assert!(told.contains(&way), "{told}");
    }
    for name in project.list("backups") {
        if name.contains(&before) {
            project.remove(&format!("backups/{name}"));
        }
    }
    for told in refused(&project) {
        let none = "no backup made before it was found";
        assert!(told.contains(none), "{told}");
        assert!(!told.contains("run restore"), "{told}");
        assert!(told.contains("run resolve --migration 4"), "{told}");
    }
}
