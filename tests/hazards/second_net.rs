//! What the lint leaves to the rehearsal is seen there: values of a column that has another type, and what a rule does.

use crate::harness::Project;
use crate::harness::databases::Database;

const MIGRATE: [&str; 4] = ["run", "safe-migration", "--yes", "--json"];

fn project() -> Option<Project> {
    let project = Project::on(Database::Postgres)?;
    project.file(
        "migrations/1_first.sql",
        "CREATE EXTENSION citext;
         CREATE TYPE address AS (street text, city text);
         CREATE TABLE people (id int PRIMARY KEY, name citext, tags text[], age int, seen timestamp,
             doc text, host text, home address);
         CREATE TABLE reviews (id int PRIMARY KEY);
         CREATE TABLE tenants (id int PRIMARY KEY);",
    );
    project.dbscript(&MIGRATE).go();
    project.sql(
        "INSERT INTO people VALUES (1, 'Ada', '{a,b}', 30, '2026-01-02 03:04:05'), (2, 'Bob', '{c}', 40, NULL);
         UPDATE people SET home = ROW('S' || id, 'Cologne'), doc = '{\"b\":' || id || ',  \"a\":[1,2]}', host = '10.0.0.' || id;
         INSERT INTO reviews VALUES (1), (2), (9);",
    );
    Some(project)
}

/// An earlier statement writes the table, so that the rows of now do not tell.
const WRITTEN: &str = "INSERT INTO people VALUES (3, 'Eve', '{d}', 50, NULL);\n";

#[test]
fn values_of_another_type_are_compared_in_the_rehearsal() {
    let Some(project) = project() else { return };
    for (sql, told) in [
        (
            "ALTER TABLE people ALTER name TYPE text USING left(name, 1);",
            "2 of 2 values of `people.name` read differently",
        ),
        (
            "ALTER TABLE people ALTER tags TYPE text USING tags[1];",
            "values of `people.tags` read differently",
        ),
        (
            "ALTER TABLE people ALTER age TYPE text;\nUPDATE people SET age = CASE id WHEN 1 THEN '40' WHEN 2 THEN '30' ELSE age END;",
            "2 of 2 values of `people.age` stand in rows that held other values before",
        ),
        (
            "ALTER TABLE people ALTER doc TYPE jsonb USING doc::jsonb - 'a';",
            "2 of 2 values of `people.doc` read differently",
        ),
        (
            "ALTER TABLE people ALTER host TYPE inet USING set_masklen(host::inet, 24);",
            "2 of 2 values of `people.host` read differently",
        ),
        (
            "ALTER TYPE address ADD ATTRIBUTE zip text CASCADE;\nUPDATE people SET age = 1;",
            "2 of 2 rows of `people` have other values",
        ),
        (
            "ALTER TYPE address ADD ATTRIBUTE zip text CASCADE;\nUPDATE people SET home = NULL;",
            "all of them are NULL",
        ),
        (
            "ALTER TABLE people ALTER age TYPE text USING NULL;",
            "all of them are NULL",
        ),
    ] {
        project.file("migrations/2_next.sql", format!("{WRITTEN}{sql}"));
        let error = project.dbscript(&MIGRATE).status(3).go().end()["error"].clone();
        assert!(
            error["message"].to_string().contains(told),
            "{sql}: {error}"
        );
        assert!(
            error["hint"].to_string().contains("a loss that is meant"),
            "{error}"
        );
    }
    for sql in [
        "ALTER TABLE people ALTER name TYPE text USING trim(name);",
        "ALTER TABLE people ALTER age TYPE text;\nUPDATE people SET age = '60' WHERE id = 3;",
        "ALTER TABLE people ALTER doc TYPE jsonb USING doc::jsonb;",
        "ALTER TABLE people ALTER host TYPE inet USING host::inet;",
        "ALTER TYPE address ADD ATTRIBUTE zip text CASCADE;",
        "ALTER TABLE people ALTER seen TYPE timestamptz USING seen AT TIME ZONE 'Europe/Berlin';",
        "-- dbscript: allow lossy-using(people.tags) only the first counts\nALTER TABLE people ALTER tags TYPE text USING tags[1];",
    ] {
        project.file("migrations/2_next.sql", format!("{WRITTEN}{sql}"));
        project.dbscript(&MIGRATE).go();
        project
            .sql("DELETE FROM people WHERE id = 3; DELETE FROM _sqlx_migrations WHERE version = 2");
    }
    assert_eq!(project.lines("tags", "people", "id"), "a\nc");
}

#[test]
fn a_loss_that_only_the_rehearsal_sees_can_be_allowed() {
    let Some(project) = project() else { return };
    let rule = "CREATE RULE r AS ON INSERT TO tenants DO ALSO DELETE FROM reviews WHERE id < 5;\n";
    let insert = "INSERT INTO tenants VALUES (77);\n";
    project.file("migrations/2_next.sql", format!("{rule}{insert}"));
    project.dbscript(&MIGRATE).status(3).go();
    let allowed = format!("{rule}-- dbscript: allow delete-rows(reviews) meant\n{insert}");
    project.file("migrations/2_next.sql", allowed);
    project.dbscript(&MIGRATE).go();
    assert_eq!(project.lines("id::text", "reviews", "id"), "9");
    project.file(
        "migrations/3_next.sql",
        "UPDATE people SET age = 1 / 0 WHERE age IS NULL OR 1 / (age - 30) > 0;",
    );
    let words = [&MIGRATE[..], &["--allow", "update-rows(people)"]].concat();
    let error = project.dbscript(&words).status(3).go().end()["error"].clone();
    assert!(
        !error["hint"].to_string().contains("a loss that is meant"),
        "{error}"
    );
}
