//! A rehearsal that finds a loss says which allowance lets it go, and that one does: pasted, the run passes.

use crate::harness::Project;
use crate::harness::databases::{Database, Said, in_every_project};

in_every_project!(
    a_type_that_keeps_every_value_is_no_loss,
    what_the_rehearsal_hints_at_lets_its_loss_go,
    a_loss_of_another_sort_is_not_let_go_by_the_hint,
);

const MIGRATE: [&str; 4] = ["run", "safe-migration", "--yes", "--json"];

/// A project with two tables that have rows.
fn prepared(project: &Project) -> Project {
    let project = project.another();
    project.sql(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20), amount DECIMAL(10, 2));
         INSERT INTO t VALUES (1, 'ada', 1.25), (2, 'bob', 2.50), (3, 'eve', 3.75);
         CREATE TABLE old (id INTEGER PRIMARY KEY);
         INSERT INTO old VALUES (1), (2);",
    );
    project
}

/// The allowance that is hinted at, as it is to be pasted behind `--allow`.
fn hinted(error: &serde_json::Value) -> String {
    let hint = error["hint"].as_str().unwrap_or_default();
    let (_, rest) = hint.split_once("--allow '").unwrap_or_default();
    rest.split('\'').next().unwrap_or_default().to_owned()
}

/// The rows of now do not tell of these: an earlier statement writes the table.
fn what_the_rehearsal_hints_at_lets_its_loss_go(project: Project) {
    const ADD: &str = "INSERT INTO t VALUES (9, 'new', 9.25);\n";
    const ADD_OLD: &str = "INSERT INTO old VALUES (9);\n";
    let narrow = project.said(Said {
        sqlite: None,
        postgres: Some("ALTER TABLE t ALTER amount TYPE numeric(10, 0);"),
        mysql: Some("ALTER TABLE t MODIFY amount DECIMAL(10, 0);"),
    });
    let using = project.said(Said {
        sqlite: None,
        postgres: Some("ALTER TABLE t ALTER name TYPE text USING left(name, 1);"),
        mysql: None,
    });
    let truncate = project.said(Said {
        sqlite: None,
        postgres: Some("TRUNCATE old;"),
        mysql: None,
    });
    let replace = project.said(Said {
        sqlite: Some("REPLACE INTO t (id, name) VALUES (1, 'other');"),
        postgres: None,
        mysql: Some("REPLACE INTO t (id, name) VALUES (1, 'other');"),
    });
    let cases = [
        (
            ADD,
            Some("ALTER TABLE t DROP COLUMN name;"),
            "drop-column(t.name)",
        ),
        (ADD_OLD, Some("DROP TABLE old;"), "drop-table(old)"),
        (
            ADD,
            Some("UPDATE t SET name = 'x' WHERE id < 3;"),
            "update-rows(t)",
        ),
        (ADD, Some("DELETE FROM t WHERE id < 3;"), "delete-rows(t)"),
        (ADD, using, "lossy-using(t.name)"),
        (ADD, narrow, "narrow-type(t.amount)"),
        (ADD_OLD, truncate, "truncate(old)"),
        (ADD, replace, "replace-rows(t)"),
        (
            ADD,
            Some(
                "DELETE FROM t WHERE id = 9;\nUPDATE t SET amount = 0;\nALTER TABLE t DROP COLUMN name;",
            ),
            "drop-column(t.name),update-rows(t)",
        ),
    ];
    for (before, sql, allowance) in cases {
        let Some(sql) = sql else { continue };
        let project = prepared(&project);
        project.file("migrations/1_next.sql", format!("{before}{sql}"));
        let error = project.dbscript(&MIGRATE).status(3).go().end()["error"].clone();
        let hash = project.hash();
        assert_eq!(hinted(&error), allowance, "{sql}: {error}");
        let words = [&MIGRATE[..], &["--allow", allowance]].concat();
        project.dbscript(&words).go();
        assert_ne!(project.hash(), hash, "{sql} ran");
    }
}

fn a_loss_of_another_sort_is_not_let_go_by_the_hint(project: Project) {
    let project = prepared(&project);
    let sql = "INSERT INTO t VALUES (9, 'new', 9.25);\nUPDATE t SET amount = 0;\nALTER TABLE t DROP COLUMN name;";
    project.file("migrations/1_next.sql", sql);
    let before = project.hash();
    for (given, hint) in [
        ("drop-column(t.name)", "update-rows(t)"),
        ("update-rows(t)", "drop-column(t.name)"),
    ] {
        let words = [&MIGRATE[..], &["--allow", given]].concat();
        let error = project.dbscript(&words).status(3).go().end()["error"].clone();
        assert_eq!(hinted(&error), hint, "{error}");
        assert_eq!(project.hash(), before);
    }
}

/// The rehearsal decides what the rows of now do not tell, by what the values read as.
fn a_type_that_keeps_every_value_is_no_loss(project: Project) {
    let narrow = project.said(Said {
        sqlite: None,
        postgres: Some("ALTER TABLE t ALTER amount TYPE numeric(10, 0);"),
        mysql: Some("ALTER TABLE t MODIFY amount DECIMAL(10, 0);"),
    });
    let Some(narrow) = narrow else { return };
    let project = prepared(&project);
    project.sql("UPDATE t SET amount = 10 * id");
    let sql = format!("INSERT INTO t VALUES (9, 'new', 9);\n{narrow}");
    project.file("migrations/1_next.sql", sql);
    project.dbscript(&MIGRATE).go();
}

/// A routine may take what nothing in the set names; the hint names what is lost.
#[test]
fn what_a_routine_takes_is_let_go_by_its_name() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let rule = "CREATE RULE r AS ON INSERT TO old DO ALSO DELETE FROM t WHERE id < 3;\n";
    for (sql, allowance) in [
        (
            format!("{rule}INSERT INTO old VALUES (9);"),
            "delete-rows(t)",
        ),
        (
            "DO $$ BEGIN EXECUTE 'UPDATE t SET amount = 0'; END $$;".to_owned(),
            "update-rows(t)",
        ),
        (
            "DO $$ BEGIN EXECUTE 'ALTER TABLE t DROP COLUMN name'; END $$;".to_owned(),
            "drop-column(t.name)",
        ),
        (
            "DO $$ BEGIN EXECUTE 'DROP TABLE old'; END $$;".to_owned(),
            "drop-table(old)",
        ),
    ] {
        let project = prepared(&project);
        project.file("migrations/1_next.sql", &sql);
        let error = project.dbscript(&MIGRATE).status(3).go().end()["error"].clone();
        assert_eq!(hinted(&error), allowance, "{sql}: {error}");
        let words = [&MIGRATE[..], &["--allow", allowance]].concat();
        project.dbscript(&words).go();
    }
}
