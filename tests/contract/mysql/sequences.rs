//! Sequences that are dropped from under the columns that draw from them.

use crate::cli::{MIGRATE, filled};
use crate::harness::databases::Database;
use crate::harness::{BackupSet, Project};

/// MariaDB with a table that draws from a sequence which is gone, beside one whose sequence is there.
fn broken() -> Option<Project> {
    let project = Project::on(Database::Mysql)?;
    let project = filled(project, 3);
    if !project.value("SELECT VERSION()").contains("MariaDB") {
        return None;
    }
    project.sql(
        "CREATE SEQUENCE gone; CREATE SEQUENCE stays;
         CREATE TABLE numbered (id INT NOT NULL DEFAULT NEXTVAL(gone) PRIMARY KEY COMMENT 'a', b INT DEFAULT NEXTVAL(stays),
                                c INT DEFAULT (NEXTVAL(gone) + 100));
         INSERT INTO numbered VALUES (); INSERT INTO numbered VALUES (); DROP SEQUENCE gone",
    );
    Some(project)
}

#[test]
fn a_default_whose_sequence_is_gone_is_left_out_of_a_backup_and_told() {
    let Some(project) = broken() else { return };
    let run = project.dbscript(&["run", "backup"]).go();
    for column in ["id", "c"] {
        let told = format!("the default `numbered.{column}`: it draws from the sequence `gone`");
        assert!(run.stderr.contains(&told), "{}", run.told());
    }
    let set = BackupSet::latest(&project);
    let left_out = set.summary["not_included"].as_array().expect("a list");
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    project.sql("DELETE FROM numbered; DELETE FROM comments");
    project.dbscript(&["run", "restore", "--yes"]).go();
    assert_eq!(project.value("SELECT count(*) FROM numbered"), "2");
    project.sql("INSERT INTO numbered (id, c) VALUES (7, 7)");
    let drawn = "SELECT count(*) FROM numbered WHERE id = 7 AND b > 2";
    assert_eq!(project.value(drawn), "1");
}

#[test]
fn a_database_with_a_default_whose_sequence_is_gone_can_be_migrated() {
    let Some(project) = broken() else { return };
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    project.dbscript(&MIGRATE).go();
    assert_eq!(project.value("SELECT count(*) FROM fine"), "0");
}
