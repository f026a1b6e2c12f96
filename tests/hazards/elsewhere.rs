//! An allowance is for the statement right below it: what another statement takes of the same table is still refused.

use crate::harness::databases::{Database, in_every_project};
use crate::harness::{Finished, Project};

in_every_project!(
    an_allowance_is_no_leave_for_another_statement,
    an_allowance_leaves_other_statements_alone_that_take_nothing,
);

const TABLES: &str = "CREATE TABLE o (id INTEGER PRIMARY KEY, name VARCHAR(20), email VARCHAR(20));
    CREATE TABLE other (id INTEGER PRIMARY KEY);
    INSERT INTO o VALUES (1, 'a', 'a@x'), (2, 'b', 'b@x'), (3, NULL, 'c@x'); INSERT INTO other VALUES (1);";

const DELETE: &str =
    "-- dbscript: allow delete-rows(o) row 1 is a test row\nDELETE FROM o WHERE id = 1;\n";
const UPDATE: &str =
    "-- dbscript: allow update-rows(o) a wrong name\nUPDATE o SET name = 'y' WHERE id = 1;\n";

fn migrate(project: &Project, status: i32) -> Finished {
    let words = ["run", "safe-migration", "--yes", "--json"];
    project.dbscript(&words).status(status).go()
}

const STATE: &str =
    "SELECT (SELECT count(*) FROM o WHERE email LIKE '%@x') * 10 + (SELECT count(*) FROM other)";

fn refused(project: &Project, files: &[&str], told: &str) {
    for (at, sql) in files.iter().enumerate() {
        project.file(&format!("migrations/{}_a.sql", at + 1), sql);
    }
    let run = migrate(project, 3);
    assert!(run.told().contains(told), "{files:?}: {}", run.told());
    assert_eq!(project.value(STATE), "31", "{files:?}");
    for at in 0..files.len() {
        project.remove(&format!("migrations/{}_a.sql", at + 1));
    }
}

fn an_allowance_is_no_leave_for_another_statement(project: Project) {
    project.sql(TABLES);
    let not_for = "which the allowance above another statement is not for";
    for (files, told) in [
        (
            &[DELETE, "DELETE FROM o;\n"][..],
            "2 rows of `o` would be deleted",
        ),
        (
            &[UPDATE, "UPDATE o SET email = 'gone';\n"],
            "3 rows of `o` would have `email` overwritten",
        ),
        (
            &[DELETE, "UPDATE o SET email = 'gone' WHERE id > 1;\n"],
            not_for,
        ),
        (
            &[UPDATE, "UPDATE o SET email = 'gone' WHERE name = 'y';\n"],
            not_for,
        ),
        (
            &[
                "INSERT INTO o VALUES (9, 'n', 'n');\n",
                "DELETE FROM o WHERE id = 2;\n",
                DELETE,
            ],
            not_for,
        ),
    ] {
        refused(&project, files, told);
    }
    refused(&project, &[&format!("{DELETE}DELETE FROM o;\n")], not_for);
}

/// What the other statement meets has gone before, or was allowed as well.
fn an_allowance_leaves_other_statements_alone_that_take_nothing(project: Project) {
    project.sql(TABLES);
    let allowed = "-- dbscript: allow delete-rows(o) all of them\nDELETE FROM o WHERE id = 2;\n";
    let files = [
        DELETE,
        "INSERT INTO o VALUES (4, 'n', 'n@x');\nDELETE FROM o WHERE id = 1;\n",
        allowed,
        "UPDATE o SET name = 'filled' WHERE name IS NULL;\nUPDATE o SET email = 'gone' WHERE id = 2;\n",
    ];
    for (at, sql) in files.iter().enumerate() {
        project.file(&format!("migrations/{}_a.sql", at + 1), sql);
    }
    migrate(&project, 0);
    assert_eq!(project.value(STATE), "21");
}

#[test]
fn what_runs_behind_a_call_is_not_allowed_by_another_statement() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(TABLES);
    project.sql("CREATE PROCEDURE wipe() DELETE FROM o; CREATE PROCEDURE count_them() SELECT count(*) FROM o");
    let why = "cannot tell it from what another statement is allowed to take from `o`";
    for last in [
        "CALL wipe();\n",
        "EXECUTE IMMEDIATE 'DELETE FROM o';\n",
        "EXECUTE IMMEDIATE CONCAT('DELETE ', 'FROM o');\n",
        "SET @wiped = 'DELETE FROM o';\nPREPARE p FROM @wiped;\nEXECUTE p;\n",
    ] {
        refused(&project, &[DELETE, last], why);
        refused(&project, &[last, DELETE], "nothing was changed");
    }
    project.file("migrations/1_a.sql", DELETE);
    project.file(
        "migrations/2_a.sql",
        "EXECUTE IMMEDIATE CONCAT('ALTER TABLE other ', 'ADD b INT');\n",
    );
    migrate(&project, 0);
    assert_eq!(project.value(STATE), "21");
}

#[test]
fn what_runs_in_a_block_is_not_allowed_by_another_statement() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(TABLES);
    project.sql("CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM o'");
    let why = "cannot tell it from what another statement is allowed to take from `o`";
    for last in [
        "SELECT wipe();\n",
        "DO $$ BEGIN DELETE FROM o; END $$;\n",
        "DO $$ BEGIN EXECUTE 'DELETE ' || 'FROM o'; END $$;\n",
    ] {
        refused(&project, &[DELETE, last], why);
    }
    project.file("migrations/1_a.sql", DELETE);
    project.file(
        "migrations/2_a.sql",
        "DO $$ BEGIN EXECUTE 'ALTER TABLE other ' || 'ADD b INT'; END $$;\n",
    );
    migrate(&project, 0);
    assert_eq!(project.value(STATE), "21");
}

#[test]
fn an_allowance_in_a_block_is_for_what_stands_right_below_it() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(TABLES);
    let block = |body: &str| format!("DO $$\nBEGIN\n{body}END $$;\n");
    let allowed =
        "  -- dbscript: allow delete-rows(o) row 1 is a test row\n  DELETE FROM o WHERE id = 1;\n";
    let more = block(&format!("{allowed}  DELETE FROM o;\n"));
    refused(&project, &[&more], "nothing was changed");
    let before = block(&format!("  DELETE FROM o WHERE id = 2;\n{allowed}"));
    refused(&project, &[&before], "1 of 3 rows of `o` would be deleted");
    let unused =
        block("  -- dbscript: allow delete-rows(other) nothing\n  DELETE FROM o WHERE id = 1;\n");
    refused(&project, &[&unused], "unused-allowance");
    project.file("migrations/1_a.sql", block(allowed));
    let run = migrate(&project, 0);
    assert!(!run.told().contains("unused-allowance"), "{}", run.told());
    assert_eq!(project.value(STATE), "21");
}
