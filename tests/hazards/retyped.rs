//! Values of a column that gets another type: where the old and the new one can be held against each other, another value
//! is a loss, whatever the type is.

use crate::harness::Project;
use crate::harness::databases::Database;

/// Migrates with each of these alone, which is refused with these words or passes, on the same tables.
fn each(project: &Project, tables: &str, cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (sql, told) in cases {
        project.sql(tables);
        project.file("migrations/1_a.sql", sql);
        let words = ["run", "safe-migration", "--yes", "--json"];
        let run = project.dbscript(&words).unchecked();
        let status = if told.is_empty() { 0 } else { 3 };
        if run.status != Some(status) || !run.told().contains(told) {
            wrong.push(format!("{sql}: {}", run.told()));
        }
        project.sql("DROP TABLE IF EXISTS _sqlx_migrations");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn values_that_a_new_type_changes_are_refused_on_postgres() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let tables = "DROP TABLE IF EXISTS t; DROP DOMAIN IF EXISTS dv;
        CREATE DOMAIN dv AS varchar(3);
        CREATE TABLE t (id int PRIMARY KEY, v text, b box, whole box, n numeric[], r float8[], p numeric, i interval, w numeric[], h interval, m numeric, s text);
        INSERT INTO t VALUES (1, 'abcde', '(2,1),(0,0)', '(2,2),(0,0)', '{1.25}', '{1.5}', 12.345, '01:02:03', '{2,1.5}', '01:02:00', 1234.5, 'abc')";
    each(
        &project,
        tables,
        &[
            (
                "ALTER TABLE t ALTER v TYPE dv USING v::dv;",
                "would be cut by",
            ),
            (
                "ALTER TABLE t ALTER v TYPE dv USING CAST(v AS dv);",
                "would be cut by",
            ),
            (
                "ALTER TABLE t ALTER v TYPE public.dv USING v::public.dv;",
                "would be cut by",
            ),
            ("ALTER TABLE t ALTER s TYPE dv USING s::dv;", ""),
            (
                "CREATE DOMAIN fresh AS varchar(3);\nALTER TABLE t ALTER v TYPE fresh USING v::fresh;\n",
                "1 of 1 value of `t.v` read differently",
            ),
            (
                "ALTER TABLE t ALTER b TYPE circle USING circle(b);",
                "1 of 1 rows of `t`",
            ),
            (
                "ALTER TABLE t ALTER n TYPE numeric(10,1)[];",
                "1 of 1 rows of `t`",
            ),
            ("ALTER TABLE t ALTER w TYPE numeric(10,1)[];", ""),
            (
                "UPDATE t SET v = 'b' WHERE v IS NULL;\nALTER TABLE t ALTER w TYPE numeric(10,1)[];",
                "",
            ),
            ("ALTER TABLE t ALTER r TYPE int[];", "1 of 1 rows of `t`"),
            ("ALTER TABLE t ALTER p TYPE money;", "1 of 1 rows of `t`"),
            ("ALTER TABLE t ALTER m TYPE money;", ""),
            (
                "ALTER TABLE t ALTER i TYPE interval hour to minute;",
                "1 of 1 rows of `t`",
            ),
            ("ALTER TABLE t ALTER h TYPE interval hour to minute;", ""),
        ],
    );
}

#[test]
fn values_that_a_new_type_changes_are_refused_on_mysql() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let tables = "DROP TABLE IF EXISTS kid, par, tz;
        SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
        CREATE TABLE par (id INT NOT NULL PRIMARY KEY);
        CREATE TABLE kid (id INT PRIMARY KEY, par INT);
        INSERT INTO par VALUES (0), (5); INSERT INTO kid VALUES (1, 0);
        CREATE TABLE tz (id INT PRIMARY KEY, ts TIMESTAMP NULL, dt DATETIME NULL, d DECIMAL(8,2));
        INSERT INTO tz VALUES (1, '2026-01-02 03:04:05', '2026-01-02 03:04:05', 5)";
    each(
        &project,
        tables,
        &[
            (
                "ALTER TABLE par MODIFY id INT NOT NULL AUTO_INCREMENT;",
                "1 of 2 rows of `par` have 0 in `par.id`, which becomes the next number",
            ),
            (
                "ALTER TABLE par MODIFY id BIGINT NOT NULL AUTO_INCREMENT;",
                "1 of 2 rows of `par` have 0 in `par.id`, which becomes the next number",
            ),
            (
                "DELETE FROM kid WHERE id = 9;\nALTER TABLE par MODIFY id BIGINT NOT NULL;",
                "",
            ),
            (
                "SET time_zone = '+05:00';\nALTER TABLE tz MODIFY ts DATETIME NULL;",
                "1 of 1 value of `tz.ts` read differently",
            ),
            (
                "SET time_zone = '+05:00';\nALTER TABLE tz MODIFY dt TIMESTAMP NULL;",
                "1 of 1 value of `tz.dt` read differently",
            ),
            ("ALTER TABLE tz MODIFY ts DATETIME NULL;", ""),
            ("ALTER TABLE tz MODIFY dt TIMESTAMP NULL;", ""),
            ("ALTER TABLE tz MODIFY d INT;", ""),
        ],
    );
}
