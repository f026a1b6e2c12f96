//! What a script may ask: what writes is announced in the run log before it runs, and a query is not.

use crate::harness::Project;
use crate::harness::databases::Database;

/// Each writes, and begins with another word than INSERT, UPDATE, DELETE.
const WRITERS: [&str; 9] = [
    "RENAME TABLE t TO u",
    "IF 1 THEN DELETE FROM t; END IF",
    "CALL p()",
    "OPTIMIZE TABLE t",
    "FOR i IN 1..2 DO DELETE FROM t; END FOR",
    "WHILE (SELECT COUNT(*) FROM t) > 0 DO DELETE FROM t; END WHILE",
    "CASE 1 WHEN 1 THEN DELETE FROM t; END CASE",
    "ANALYZE UPDATE t SET a = 2",
    "SET STATEMENT max_statement_time = 1 FOR DELETE FROM t",
];

#[test]
fn a_query_that_may_write_is_refused_and_goes_through_the_run_log_as_a_statement() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    if !project.value("SELECT VERSION()").contains("MariaDB") {
        return;
    }
    project.sql("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)");
    project.sql("CREATE PROCEDURE p() DELETE FROM t");
    let script = |rights: &str, call: &str, sql: &str| {
        let text = format!("const NEEDS = [{rights}];\nfn main() {{ db::{call}(`{sql}`); }}\n");
        project.file("scripts/mine.rhai", text);
    };
    for sql in WRITERS {
        for call in ["query", "value", "rows"] {
            script("\"db:write\"", call, sql);
            for words in [&["run", "mine"][..], &["run", "mine", "--plan"]] {
                project
                    .dbscript(words)
                    .status(8)
                    .stderr_has("a query does not write")
                    .stderr_has("db::execute")
                    .go();
            }
            assert_eq!(project.value("SELECT SUM(a) FROM t"), "1", "{sql}");
        }
        script("\"db:write\"", "execute", sql);
        let plan = project.dbscript(&["run", "mine", "--plan"]).go();
        let first = sql.split(' ').next().unwrap_or_default();
        assert!(plan.told().contains(first), "{}", plan.told());
        assert_eq!(project.value("SELECT SUM(a) FROM t"), "1", "{sql}");
    }
    // A procedure that is called without the right to write is kept from it by the database.
    script("", "query", "CALL p()");
    project
        .dbscript(&["run", "mine"])
        .status(3)
        .stderr_lacks("a query does not write")
        .go();
    assert_eq!(project.value("SELECT SUM(a) FROM t"), "1");
    for sql in [
        "ANALYZE FORMAT=JSON SELECT * FROM t",
        "SHOW TABLES",
        "CHECKSUM TABLE t",
    ] {
        script("\"db:write\"", "query", sql);
        project.dbscript(&["run", "mine"]).go();
    }
}
