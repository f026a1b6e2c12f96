//! Tables that become partitions, partitions that leave, and values of an enum that are renamed (PostgreSQL); partitions that
//! are exchanged (MariaDB).

use crate::harness::databases::Database;
use crate::harness::{Finished, Project};

fn migrate(project: &Project, sql: &str, status: i32) -> Finished {
    project.file("migrations/1_a.sql", sql);
    let words = ["run", "safe-migration", "--yes", "--json"];
    let run = project.dbscript(&words).status(status).go();
    project.sql("DROP TABLE IF EXISTS _sqlx_migrations");
    run
}

const EVENTS: &str = "DROP TABLE IF EXISTS ev, ev24, other CASCADE;
    CREATE TABLE ev (id int, at date NOT NULL); CREATE TABLE other (id int, at date NOT NULL);
    INSERT INTO ev SELECT g, date '2024-01-01' + g FROM generate_series(0, 20) g;";

#[test]
fn a_table_that_becomes_a_partition_of_one_of_its_name_is_not_gone() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let begin = "ALTER TABLE ev RENAME TO ev24;
        CREATE TABLE ev (id int, at date NOT NULL) PARTITION BY range(at);\n";
    let attach =
        "ALTER TABLE ev ATTACH PARTITION ev24 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');\n";
    project.sql(EVENTS);
    let run = migrate(&project, &format!("{begin}{attach}"), 0);
    assert!(
        !run.told().contains("were not understood"),
        "{}",
        run.told()
    );
    assert_eq!(project.value("SELECT count(*) FROM ev"), "21");
    // One that loses rows on its way is told from it.
    project.sql(EVENTS);
    let lossy = format!(
        "INSERT INTO ev VALUES (99, '2024-02-02');\nDELETE FROM ev WHERE id < 3;\n{begin}{attach}"
    );
    let run = migrate(&project, &lossy, 3);
    assert!(
        run.told().contains("`ev` would lose 2 of its 21 rows"),
        "{}",
        run.told()
    );
    let outside = attach.replace("2025-01-01", "2024-01-15");
    project.sql(EVENTS);
    let run = migrate(&project, &format!("{begin}{outside}"), 3);
    assert!(
        run.told().contains("7 of 21 rows of `ev24` do not belong"),
        "{}",
        run.told()
    );
    // One that is attached as it is called lives on in its parent, too.
    project.sql(EVENTS);
    let whole = "CREATE TABLE every (id int, at date NOT NULL) PARTITION BY RANGE (at);
        ALTER TABLE every ATTACH PARTITION ev FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');\n";
    migrate(&project, whole, 0);
    assert_eq!(project.value("SELECT count(*) FROM every"), "21");
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

/// A partition is exchanged in a file like any other: nothing of ours is in its way.
#[test]
fn a_partition_is_exchanged_without_waiting_for_ourselves() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(
        "CREATE TABLE ev (id INT PRIMARY KEY, v VARCHAR(9)) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20));
         INSERT INTO ev VALUES (1, 'a'), (11, 'b'); CREATE TABLE old (id INT PRIMARY KEY, v VARCHAR(9));",
    );
    let exchange = "INSERT INTO ev VALUES (2, 'c');\n-- dbscript: allow exchange-partition(ev) archived\nALTER TABLE ev EXCHANGE PARTITION p0 WITH TABLE old;\nINSERT INTO ev VALUES (3, 'd');\n";
    project.file("migrations/1_exchanges.sql", exchange);
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    assert_eq!(project.value("SELECT count(*) FROM old"), "2");
    assert_eq!(project.value("SELECT count(*) FROM ev"), "2");
}
