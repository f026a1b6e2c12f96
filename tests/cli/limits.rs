//! How long a statement of a migration may run: what was stopped, and what state that leaves, is told.

use super::{MIGRATE, endless, filled};
use crate::harness::databases::in_every_project;
use crate::harness::{Finished, Project};

in_every_project!(
    a_statement_that_takes_too_long_is_found_in_the_rehearsal,
    a_statement_that_takes_too_long_is_stopped_and_told,
    a_limit_of_statements_is_not_negative,
);

/// The migration with a limit of a second.
fn limited(project: &Project, words: &[&str], status: i32) -> Finished {
    let words = [&MIGRATE[..], &["--statement-timeout", "1"], words].concat();
    project.dbscript(&words).status(status).go()
}

/// That the run named the statement, the limit and the way out.
#[track_caller]
fn told(run: &Finished) {
    let error = run.end()["error"].to_string();
    for said in ["INSERT INTO fine", "ran longer than 1 s and was stopped"] {
        assert!(error.contains(said), "{said}: {error}");
    }
}

fn a_statement_that_takes_too_long_is_found_in_the_rehearsal(project: Project) {
    let project = filled(project, 30);
    endless(&project);
    let before = project.hash();
    let run = limited(&project, &[], 3);
    told(&run);
    assert_eq!(project.hash(), before, "{}", run.told());
}

fn a_statement_that_takes_too_long_is_stopped_and_told(project: Project) {
    let project = filled(project, 30);
    endless(&project);
    let before = project.hash();
    let run = limited(&project, &["--rehearse", "off"], 7);
    told(&run);
    let error = run.end()["error"].clone();
    let (state, way) = match project.commits_ddl() {
        true => ("statement 1 is done and stays", "dbscript run restore"),
        false => ("the database is as it was", "--statement-timeout"),
    };
    assert!(error["message"].to_string().contains(state), "{error}");
    assert!(error["hint"].to_string().contains(way), "{error}");
    if !project.commits_ddl() {
        assert_eq!(project.hash(), before, "{}", run.told());
        return;
    }
    // Of a statement that commits by itself it is not known.
    project.dbscript(&["run", "restore", "--yes"]).go();
    assert_eq!(project.hash(), before);
    project.file(
        "migrations/0004_endless.sql",
        "CREATE TABLE fine AS SELECT SLEEP(600) AS a;",
    );
    let run = limited(&project, &["--rehearse", "off"], 7);
    let error = run.end()["error"].to_string();
    for said in ["ran longer than 1 s", "cannot be known", "dbscript status"] {
        assert!(error.contains(said), "{said}: {error}");
    }
}

fn a_limit_of_statements_is_not_negative(project: Project) {
    for limit in ["-1", "soon"] {
        let words = [&MIGRATE[..], &["--statement-timeout", limit]].concat();
        project.dbscript(&words).status(2).go();
    }
}
