//! Columns that change by their own definition when others do.

use crate::cli::MIGRATE;
use crate::harness::Project;
use crate::harness::databases::Database;

const TABLE: &str = "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(20), city VARCHAR(20),
        updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP);
    INSERT INTO users VALUES (1, 'ada', NULL, '2001-01-01'), (2, 'bob', 'x', '2002-02-02');";

/// The commonest schema there is: a backfill is no loss for the time of the change that it leaves.
#[test]
fn a_backfill_of_a_table_that_notes_the_time_of_changes_is_not_refused() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(TABLE);
    project.file(
        "migrations/1_fill.sql",
        "UPDATE users SET city = 'unknown' WHERE city IS NULL;\nALTER TABLE users ADD COLUMN role VARCHAR(9);\nUPDATE users SET role = 'member';\n",
    );
    let run = project.dbscript(&MIGRATE).go();
    let told = "`updated_at` of the rows that this changes becomes the time of the change";
    assert!(run.told().contains(told), "{}", run.told());
    let values = "SELECT count(*) FROM users WHERE role = 'member' AND updated_at > '2020-01-01' AND city IS NOT NULL";
    assert_eq!(project.value(values), "2");
}

/// Nothing else is let go by that, and neither is such a column that is written.
#[test]
fn what_else_an_update_takes_from_such_a_table_is_still_refused() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(TABLE);
    project.sql("CREATE PROCEDURE ages() UPDATE users SET updated_at = '2003-03-03'");
    for sql in [
        "UPDATE users SET name = 'x';",
        "UPDATE users SET updated_at = '2003-03-03';",
        "UPDATE users SET city = 'unknown' WHERE city IS NULL;\nUPDATE users SET updated_at = '2003-03-03' WHERE id = 2;",
        "UPDATE users SET city = 'unknown' WHERE id = 99;\nCALL ages();",
    ] {
        project.file("migrations/1_takes.sql", sql);
        project.dbscript(&MIGRATE).status(3).go();
    }
    // A trigger of another table does it.
    project.sql("DROP PROCEDURE ages; CREATE TABLE q (id INT PRIMARY KEY);
        CREATE TRIGGER far AFTER INSERT ON q FOR EACH ROW UPDATE users SET updated_at = '2003-03-03'");
    let far = "UPDATE users SET city = 'unknown' WHERE id = 99;\nINSERT INTO q VALUES (2);";
    project.file("migrations/1_takes.sql", far);
    project.dbscript(&MIGRATE).status(3).go();
    project.sql("DROP TABLE q");
    project.sql("CREATE TRIGGER tr BEFORE UPDATE ON users FOR EACH ROW SET NEW.name = 'gone'");
    project.file(
        "migrations/1_takes.sql",
        "UPDATE users SET city = 'unknown' WHERE city IS NULL;",
    );
    let run = project.dbscript(&MIGRATE).status(3).go();
    assert!(
        run.told()
            .contains("1 of 2 rows of `users` have other values"),
        "{}",
        run.told()
    );
}

/// A function of the database that has nothing to do with the column.
#[test]
fn a_backfill_that_calls_a_function_is_not_refused() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(TABLE);
    project.sql(
        "CREATE FUNCTION slug(s VARCHAR(99)) RETURNS VARCHAR(99) DETERMINISTIC RETURN LOWER(s)",
    );
    project.file(
        "migrations/1_fill.sql",
        "ALTER TABLE users ADD COLUMN slug VARCHAR(99);\nUPDATE users SET slug = slug(name);\n",
    );
    project.dbscript(&MIGRATE).go();
}
