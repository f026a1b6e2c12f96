//! Views, triggers, routines, settings, transactions, and what reaches outside.

use super::{reads, shown, steps};
use crate::db::Engine;
use crate::hazard::action::Action;

#[test]
fn bodies_are_read_statement_by_statement() {
    for (sql, expected) in [
        (
            "CREATE DEFINER=`root`@`localhost` PROCEDURE `p`(IN a INT, OUT b VARCHAR(9))\n  SQL SECURITY INVOKER\n  COMMENT 'x'\nBEGIN\n  DECLARE done INT DEFAULT FALSE;\n  DECLARE c CURSOR FOR SELECT id FROM t;\n  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE;\n  DECLARE EXIT HANDLER FOR SQLSTATE '23000', 1062 BEGIN DELETE FROM h; END;\n  OPEN c;\n  l: LOOP\n    FETCH c INTO x;\n    IF done THEN LEAVE l; ELSEIF CASE WHEN 1 THEN 2 END THEN DELETE FROM a; ELSE TRUNCATE b; END IF;\n  END LOOP l;\n  WHILE x > 0 DO UPDATE w SET n = IF(n, 1, 2); END WHILE;\n  REPEAT DROP TABLE r; UNTIL x END REPEAT;\n  CASE x WHEN 1 THEN INSERT INTO i VALUES (1); ELSE BEGIN END; END CASE;\n  RETURN;\nEND",
            &[
                "routine p {delete h: every; delete a: every; truncate b; update w: every set n; drop table r; insert i ()}",
            ][..],
        ),
        (
            "CREATE FUNCTION f(a INT) RETURNS VARCHAR(20) CHARSET utf8mb4 DETERMINISTIC RETURN CONCAT(a, 'x')",
            &["routine f {}"],
        ),
        (
            "CREATE PROCEDURE p() DELETE FROM a WHERE id = 1",
            &["routine p {delete a: FROM a WHERE id = 1}"],
        ),
        (
            "CREATE TRIGGER t BEFORE DELETE ON a FOR EACH ROW FOLLOWS s BEGIN DELETE FROM b WHERE id = OLD.id; SET NEW.x = 1; END",
            &["trigger t DELETE a {delete b: every}"],
        ),
        (
            "CREATE TRIGGER t AFTER UPDATE ON a FOR EACH ROW IF NEW.x <> OLD.x THEN INSERT INTO log VALUES (1); END IF",
            &["trigger t UPDATE a {insert log ()}"],
        ),
        (
            "CREATE EVENT IF NOT EXISTS e ON SCHEDULE EVERY 1 DAY STARTS '2020-01-01' ON COMPLETION PRESERVE DO DELETE FROM s",
            &["routine e {delete s: every}"],
        ),
        ("ALTER EVENT e DISABLE", &[]),
        (
            "CREATE OR REPLACE ALGORITHM=MERGE DEFINER=root@127.0.0.1 SQL SECURITY DEFINER VIEW v AS SELECT 1",
            &["view v"],
        ),
        (
            "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`%`*/ /*!50003 TRIGGER `t` AFTER INSERT ON `x` FOR EACH ROW BEGIN\n DELETE FROM y; /* c */ END */",
            &["trigger t INSERT x {delete y: every}"],
        ),
        ("CALL p(1)", &["call p"]),
        ("CALL app.p", &["call p"]),
    ] {
        reads(sql, expected);
    }
    assert_eq!(
        shown(
            Engine::Mariadb,
            "BEGIN NOT ATOMIC IF EXISTS (SELECT 1) THEN DROP TABLE a; END IF; END"
        ),
        ["drop table a"]
    );
    assert_eq!(
        shown(
            Engine::Mariadb,
            "FOR r IN (SELECT 1) DO DELETE FROM a; END FOR"
        ),
        ["delete a: every"]
    );
}

#[test]
fn settings_that_matter_are_told() {
    let mode = |sql: &str| match &steps(Engine::Mysql, sql)[..] {
        [step] => match &step.action {
            Action::SqlMode { strict, .. } => *strict,
            other => panic!("{sql}: {other:?}"),
        },
        other => panic!("{sql}: {other:?}"),
    };
    for (sql, strict) in [
        ("SET sql_mode = ''", false),
        ("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'", false),
        ("SET @@sql_mode := 'TRADITIONAL'", true),
        (
            "SET @@SESSION.sql_mode='ansi_quotes,STRICT_ALL_TABLES'",
            true,
        ),
        (
            "SET sql_mode = (SELECT REPLACE(@@sql_mode, 'STRICT_TRANS_TABLES', ''))",
            false,
        ),
        ("SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')", true),
        (
            "SET sql_mode = REPLACE(@@sql_mode, 'NO_ZERO_DATE', '')",
            true,
        ),
        ("SET SQL_MODE=@OLD_SQL_MODE", true),
        ("SET sql_mode = DEFAULT", true),
        ("SET sql_mode = 0", false),
        ("SET sql_mode = ANSI", false),
        (
            "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
            false,
        ),
    ] {
        assert_eq!(mode(sql), strict, "{sql}");
    }
    for (sql, expected) in [
        ("SET FOREIGN_KEY_CHECKS=0", &["ForeignKeys(false)"][..]),
        (
            "SET foreign_key_checks = OFF, unique_checks = 0",
            &["ForeignKeys(false)"],
        ),
        (
            "SET @@session.foreign_key_checks = 1",
            &["ForeignKeys(true)"],
        ),
        (
            "/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */",
            &["ForeignKeys(true)"],
        ),
        ("SET autocommit = 0", &["Transaction(true)"]),
        ("START TRANSACTION READ WRITE", &["Transaction(true)"]),
        ("BEGIN WORK", &["Transaction(true)"]),
        ("COMMIT", &["Transaction(false)"]),
        ("ROLLBACK", &["Transaction(false)"]),
        ("ROLLBACK TO SAVEPOINT s", &[]),
        ("LOCK TABLES a WRITE", &["Transaction(false)"]),
        ("USE `other`", &[r#"DefaultSchema(Some("other"))"#]),
    ] {
        reads(sql, expected);
    }
    assert_eq!(
        shown(
            Engine::Mariadb,
            "SET STATEMENT max_statement_time=1 FOR DELETE FROM a"
        ),
        ["delete a: every"]
    );
}

#[test]
fn what_reaches_outside_or_cannot_be_seen_is_said() {
    for sql in [
        "SET GLOBAL max_connections = 5",
        "SET PERSIST sql_mode = ''",
        "SET @@GLOBAL.foreign_key_checks = 0",
        "SET @a = 1, GLOBAL b = 2",
        "PREPARE s FROM @sql",
        "EXECUTE IMMEDIATE CONCAT('DROP TABLE ', 'a')",
        "SELECT * FROM a INTO OUTFILE '/tmp/x'",
        "SELECT a INTO DUMPFILE 'x' FROM b",
        "SOURCE other.sql",
        "INSTALL PLUGIN x SONAME 'y'",
        "CREATE FUNCTION f RETURNS STRING SONAME 'x.so'",
        "SHUTDOWN",
        "RENAME USER a TO b",
        "DROP SERVER s",
        "PURGE BINARY LOGS TO 'x'",
    ] {
        let found = steps(Engine::Mysql, sql);
        assert!(
            matches!(&found[..], [step] if matches!(step.action, Action::Dynamic(_))),
            "{sql}: {found:?}"
        );
    }
    for (sql, expected) in [
        ("PREPARE s FROM 'DROP TABLE a'", "drop table a"),
        (
            "PREPARE s FROM \"DELETE FROM a WHERE b = 'c'\"",
            "delete a: FROM a WHERE b = 'c'",
        ),
        ("EXECUTE IMMEDIATE 'TRUNCATE a'", "truncate a"),
        ("ANALYZE FORMAT=JSON DELETE FROM a", "delete a: every"),
        ("EXPLAIN ANALYZE DELETE FROM a", "delete a: every"),
        (
            "REVOKE ALL ON app.* FROM x",
            "weaken REVOKE ALL ON app.* FROM x",
        ),
    ] {
        reads(sql, &[expected]);
    }
}

#[test]
fn several_statements_under_one_delimiter_are_all_read() {
    reads(
        "INSERT INTO a VALUES (1); DELETE FROM b; CREATE PROCEDURE p() BEGIN DELETE FROM c; END; DROP TABLE d;",
        &[
            "insert a ()",
            "delete b: every",
            "routine p {delete c: every}",
            "drop table d",
        ],
    );
}
