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

/// What is allowed to go may go further in the real database than the rehearsal showed.
#[test]
fn more_rows_that_go_than_in_the_rehearsal_are_told() {
    let project = Project::new();
    project.sql("CREATE TABLE o (id INTEGER PRIMARY KEY); INSERT INTO o VALUES (1), (2), (3)");
    let real = project.path().join("dbscript.db");
    let only_there = format!(
        "-- dbscript: allow delete-rows(o)\nDELETE FROM o WHERE id = 1 OR (SELECT file FROM pragma_database_list) = '{}';\n",
        real.display()
    );
    project.file("migrations/1_takes.sql", only_there);
    let run = project.dbscript(&["run", "safe-migration", "--yes"]).go();
    let told = "3 rows of `o` are gone, in the rehearsal 1";
    assert!(run.told().contains(told), "{}", run.told());
}
