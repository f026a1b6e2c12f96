//! Two tables that are written alike: none is taken for the other, and none vanishes from a list.

use crate::harness::Project;
use crate::harness::databases::Database;

/// A table `u` in the schema `s`, and one that is called `s.u`.
fn alike() -> Option<Project> {
    let project = Project::on(Database::Postgres)?;
    project.sql(
        "CREATE SCHEMA s; CREATE TABLE s.u (id INTEGER PRIMARY KEY); INSERT INTO s.u VALUES (1), (2);
         CREATE TABLE \"s.u\" (id INTEGER PRIMARY KEY); INSERT INTO \"s.u\" VALUES (3);
         CREATE TABLE plain (id INTEGER PRIMARY KEY); INSERT INTO plain VALUES (4)",
    );
    Some(project)
}

#[test]
fn no_table_vanishes_from_the_counts_behind_another_of_its_name() {
    let Some(project) = alike() else {
        return;
    };
    let result = project.dbscript(&["run", "backup", "--json"]).go().result();
    let counts = &result["counts"];
    assert_eq!(counts["s.u"], 2, "{result}");
    assert_eq!(counts["\"s.u\""], 1, "{result}");
    assert_eq!(counts["plain"], 1, "{result}");
}

#[test]
fn a_name_that_means_two_tables_is_refused_until_it_is_quoted() {
    let Some(project) = alike() else {
        return;
    };
    project.dbscript(&["run", "backup"]).go();
    project.sql("DELETE FROM s.u; DELETE FROM \"s.u\"; DELETE FROM plain");
    let restore = |table: &str, status: i32| {
        let words = ["run", "restore", "--yes", "--json", "--tables", table];
        project.dbscript(&words).status(status).go()
    };
    let error = restore("s.u", 2).end()["error"].clone();
    let hint = error["hint"].as_str().unwrap_or_default();
    for quoted in ["'\"s\".\"u\"'", "'\"s.u\"'"] {
        assert!(hint.contains(quoted), "{error}");
    }
    restore("s.\"u\"", 0);
    assert_eq!(project.value("SELECT count(*) FROM s.u"), "2");
    assert_eq!(project.value("SELECT count(*) FROM \"s.u\""), "0");
    restore("\"s.u\"", 0);
    assert_eq!(project.value("SELECT count(*) FROM \"s.u\""), "1");
    restore("public.plain", 0);
    assert_eq!(project.value("SELECT count(*) FROM plain"), "1");
}
