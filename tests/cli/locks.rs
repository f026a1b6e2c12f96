//! What other programs have locked: a migration waits for it as long as it may, then says for whom it waited.

use super::{MIGRATE, filled};
use crate::harness::databases::{Said, in_every_project};
use crate::harness::{Finished, Project};

in_every_project!(
    a_migration_does_not_wait_long_for_a_table_that_is_in_use,
    a_migration_does_not_wait_long_for_a_row_that_is_being_written,
    what_a_database_has_committed_before_a_lock_is_told,
    a_limit_that_is_none_is_refused,
);

/// The migration with a limit of a second.
fn migrate(project: &Project, status: i32) -> Finished {
    let words = [&MIGRATE[..], &["--lock-timeout", "1"]].concat();
    project.dbscript(&words).status(status).go()
}

/// That the run said what it waited for, how long, and the way out.
#[track_caller]
fn told(project: &Project, run: &Finished, statement: &str, table: &str) {
    let error = run.end()["error"].clone();
    assert_eq!(error["code"], "locked", "{}", run.told());
    let message = error["message"].to_string();
    let holder = project.said(Said {
        sqlite: "locked by another program".to_owned(),
        postgres: format!("waited 1 s for a lock on `{table}`, held by process "),
        mysql: "waited 1 s for a lock on a table or row, held by another program (transactions that are open: connection "
            .to_owned(),
    });
    assert!(message.contains(&holder), "{}", run.told());
    if project.url().is_some() {
        assert!(message.contains(statement), "{}", run.told());
    }
}

fn a_migration_does_not_wait_long_for_a_table_that_is_in_use(project: Project) {
    let project = filled(project, 50);
    let alter = "ALTER TABLE comments ADD COLUMN note TEXT";
    project.file("migrations/0004_note.sql", format!("{alter};\n"));
    let before = project.hash();
    let mut reader = project.holder();
    reader.sql(project.said(Said {
        sqlite: "BEGIN IMMEDIATE",
        postgres: "BEGIN; SELECT count(*) FROM comments",
        mysql: "BEGIN; SELECT count(*) FROM comments",
    }));
    let run = migrate(&project, 7);
    told(&project, &run, alter, "comments");
    let error = run.end()["error"].clone();
    assert!(
        error["message"].to_string().contains("as it was"),
        "{error}"
    );
    assert!(
        error["hint"].to_string().contains("--lock-timeout"),
        "{error}"
    );
    assert_eq!(project.value("SELECT count(*) FROM comments"), "100");
    assert_eq!(project.hash(), before, "{}", run.told());
    reader.sql("COMMIT");
    let run = migrate(&project, 0);
    assert_eq!(run.result()["applied"], 1);
}

fn a_migration_does_not_wait_long_for_a_row_that_is_being_written(project: Project) {
    let project = filled(project, 50);
    let update = "UPDATE comments SET body = body WHERE id = 'au1'";
    let allowed = "-- dbscript: allow update-rows(comments) it writes what is there";
    project.file(
        "migrations/0004_body.sql",
        format!("{allowed}\n{update};\n"),
    );
    let before = project.hash();
    let mut writer = project.holder();
    let begin = project.said(Said {
        sqlite: "BEGIN IMMEDIATE",
        postgres: "BEGIN",
        mysql: "BEGIN",
    });
    writer.sql(&format!("{begin}; {update}"));
    let run = migrate(&project, 7);
    told(
        &project,
        &run,
        "UPDATE comments SET body = body",
        "comments",
    );
    writer.sql("ROLLBACK");
    assert_eq!(project.hash(), before, "{}", run.told());
    migrate(&project, 0);
}

fn what_a_database_has_committed_before_a_lock_is_told(project: Project) {
    if !project.commits_ddl() {
        return;
    }
    let project = filled(project, 50);
    project.file(
        "migrations/0004_two.sql",
        "CREATE TABLE fine (a INTEGER);\nALTER TABLE comments ADD COLUMN note TEXT;\n",
    );
    let mut reader = project.holder();
    reader.sql("BEGIN; SELECT count(*) FROM comments");
    let error = migrate(&project, 7).end()["error"].clone();
    let message = error["message"].to_string();
    assert!(message.contains("statement 1 is done and stays"), "{error}");
    assert!(error["hint"].to_string().contains("undo those"), "{error}");
}

fn a_limit_that_is_none_is_refused(project: Project) {
    for limit in ["0", "-1", "soon"] {
        let words = [&MIGRATE[..], &["--lock-timeout", limit]].concat();
        project.dbscript(&words).status(2).go();
    }
}
