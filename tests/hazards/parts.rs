//! Tables that become partitions, partitions that leave, and values of an enum that are renamed (PostgreSQL).

use crate::harness::databases::Database;
use crate::harness::{Finished, Project};

fn migrate(project: &Project, sql: &str, status: i32) -> Finished {
    project.file("migrations/1_a.sql", sql);
    let words = ["run", "safe-migration", "--yes", "--json"];
    let run = project.dbscript(&words).status(status).go();
    project.sql("DROP TABLE IF EXISTS _sqlx_migrations");
    run
}

#[test]
fn a_detached_partition_may_be_allowed_by_its_name() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let tables = "DROP TABLE IF EXISTS p, p0; CREATE TABLE p (id int) PARTITION BY RANGE (id);
        CREATE TABLE p0 PARTITION OF p FOR VALUES FROM (0) TO (10); INSERT INTO p VALUES (1), (2);";
    project.sql(tables);
    let detach = "ALTER TABLE p DETACH PARTITION p0;\n";
    migrate(&project, detach, 3);
    for object in ["p0", "p"] {
        let run = migrate(
            &project,
            &format!("-- dbscript: allow detach-partition({object}) archived\n{detach}"),
            0,
        );
        assert!(!run.told().contains("covers nothing"), "{}", run.told());
        project.sql(tables);
    }
}

#[test]
fn a_value_of_an_enum_that_gets_another_name_is_no_loss() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(
        "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE m (id int PRIMARY KEY, v mood);
         INSERT INTO m VALUES (1, 'a'), (2, 'b');",
    );
    let rename = "ALTER TYPE mood RENAME VALUE 'a' TO 'z';\n";
    let run = migrate(
        &project,
        &format!("{rename}UPDATE m SET id = 7 WHERE id = 1;\n"),
        3,
    );
    assert!(run.told().contains("rows of `m`"), "{}", run.told());
    migrate(&project, rename, 0);
    assert_eq!(project.value("SELECT v FROM m WHERE id = 1"), "z");
}
