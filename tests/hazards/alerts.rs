//! Someone is told of what a migration takes away, also where it was allowed and wherever in the set it stands.

use crate::harness::Project;
use crate::harness::databases::in_every_project;

in_every_project!(
    what_was_allowed_is_told_wherever_it_stands,
    what_the_set_fills_and_takes_again_is_nobodys,
);

const MIGRATE: [&str; 4] = ["run", "safe-migration", "--yes", "--json"];

fn prepared(project: &Project) -> Project {
    let project = project.another();
    project.sql(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20), note VARCHAR(20), spare VARCHAR(20));
         INSERT INTO t VALUES (1, 'ada', 'x', NULL), (2, 'bob', 'y', NULL);",
    );
    project
}

fn what_was_allowed_is_told_wherever_it_stands(project: Project) {
    for (before, given) in [
        ("UPDATE t SET spare = note;", "drop-column(t.note)"),
        (
            "DELETE FROM t WHERE id = 2;",
            "delete-rows(t),drop-column(t.note)",
        ),
    ] {
        let project = prepared(&project);
        project.file(
            "migrations/1_next.sql",
            format!("{before}\nALTER TABLE t DROP COLUMN note;"),
        );
        project.dbscript(&MIGRATE).status(3).go();
        let words = [&MIGRATE[..], &["--allow", given]].concat();
        let run = project.dbscript(&words).go();
        let alerts = run.events_of("alert");
        assert_eq!(alerts.len(), 1, "{}", run.told());
        assert_eq!(alerts[0]["name"], "destructive operation");
        let message = alerts[0]["message"].to_string();
        for allowance in given.split(',') {
            assert!(message.contains(allowance), "{message}");
        }
    }
}

fn what_the_set_fills_and_takes_again_is_nobodys(project: Project) {
    let project = prepared(&project);
    project.file(
        "migrations/1_next.sql",
        "UPDATE t SET spare = note;\nALTER TABLE t DROP COLUMN spare;",
    );
    let run = project.dbscript(&MIGRATE).go();
    assert!(run.events_of("alert").is_empty(), "{}", run.told());
    let found = run.events_of("finding");
    let mut found = found.iter().map(|finding| finding["rule"].to_string());
    assert!(
        !found.any(|rule| rule.contains("drop-column")),
        "{}",
        run.told()
    );
}
