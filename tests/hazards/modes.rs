//! MySQL's sql_mode decides how a migration is read: the server's own, and one that the migration sets.

use dbscript::hazard::{self, SqlFile};

use super::{database, said};
use crate::harness::databases::Database;
use crate::harness::{Fresh, Project};

const HIDDEN: &str = "INSERT INTO t VALUES (9, 'a\\'); DELETE FROM s WHERE id = 1; -- ');\n";

#[test]
fn a_string_that_ends_elsewhere_in_the_mode_of_the_session_is_refused() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(
        "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(99)); CREATE TABLE s (id INT PRIMARY KEY);
         INSERT INTO s VALUES (1), (2);",
    );
    let set = "SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES');\n";
    let ansi = "SET sql_mode = 'ANSI_QUOTES,STRICT_TRANS_TABLES';\n";
    for (sql, status, told) in [
        (format!("{set}{HIDDEN}"), 3, "cannot be analysed"),
        (
            format!("{set}INSERT INTO t VALUES (8, 'C:\\dir');\n"),
            0,
            "",
        ),
        (
            format!("{ansi}DELETE FROM \"s\" WHERE \"id\" = 1;\n"),
            3,
            "1 of 2 rows of `s`",
        ),
        (
            format!("{ansi}DELETE FROM s WHERE \"id\" = 1;\n"),
            3,
            "1 of 2 rows of `s`",
        ),
        (HIDDEN.to_owned(), 0, ""),
    ] {
        project.file("migrations/1_a.sql", &sql);
        let words = [
            "run",
            "safe-migration",
            "--rehearse",
            "off",
            "--yes",
            "--json",
        ];
        let run = project.dbscript(&words).status(status).go();
        assert!(run.told().contains(told), "{sql}: {}", run.told());
        assert_eq!(project.value("SELECT count(*) FROM s"), "2", "{sql}");
        project.sql("DROP TABLE IF EXISTS _sqlx_migrations");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_of_the_server_decides_how_a_migration_is_read() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    let tables =
        "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(99)); CREATE TABLE s (id INT PRIMARY KEY);
        INSERT INTO s VALUES (1), (2);";
    let fresh = database(&fresh, tables).await;
    for (mode, sql, wanted) in [
        ("NO_BACKSLASH_ESCAPES", HIDDEN, &["unparsed block"][..]),
        (
            "NO_BACKSLASH_ESCAPES",
            "INSERT INTO t VALUES (9, 'a\\b');",
            &[],
        ),
        (
            "ANSI_QUOTES",
            "DELETE FROM \"s\" WHERE \"id\" = 1;",
            &["delete-rows block"],
        ),
        ("STRICT_TRANS_TABLES", HIDDEN, &[]),
    ] {
        let mut session = fresh.reader().await;
        let set = format!("SET SESSION sql_mode = '{mode}'");
        session.run(&set).await.expect("the mode is set");
        let file = SqlFile {
            name: "1_a.sql",
            text: sql,
        };
        let options = hazard::Options::default();
        let lint = hazard::lint(session.engine(), &[file], &options, Some(&mut session)).await;
        let lint = lint.expect("it is asked");
        assert_eq!(said(&lint), wanted, "{mode}: {sql}");
    }
}
