//! CREATE TABLE, ALTER TABLE and what drops or renames.

use super::{reads, shown, steps};
use crate::db::Engine;
use crate::hazard::action::Action;

#[test]
fn every_action_of_an_alter_is_a_step() {
    for (sql, expected) in [
        (
            "ALTER TABLE `users` DROP COLUMN `fax`, ADD `nick` VARCHAR(20) NOT NULL AFTER `name`, DROP `a`;",
            &[
                "drop column users.fax",
                "add users nick varchar(20) not null",
                "drop column users.a",
            ][..],
        ),
        (
            "ALTER TABLE app.users ADD COLUMN (a INT, b ENUM('x,y',')') DEFAULT 'x,y', UNIQUE KEY u (a), INDEX (b))",
            &[
                "add users a int",
                "add users b enum('x,y',')') = 'x,y'",
                "unique index u on users (`a`)",
                "index b on users (`b`)",
            ],
        ),
        (
            "ALTER TABLE u ADD UNIQUE INDEX `u_email`(`email`), ADD UNIQUE (a, b(10) DESC, (lower(c))), ADD FULLTEXT KEY f (t), ADD PRIMARY KEY USING BTREE (id)",
            &[
                "unique index u_email on u (`email`)",
                "unique index a on u (`a`, LEFT(`b`, 10), (lower(c)))",
                "index f on u (`t`)",
                "constrain u - primary true (id)",
            ],
        ),
        (
            "ALTER TABLE posts ADD CONSTRAINT `fk` FOREIGN KEY (`uid`) REFERENCES `users`(`id`) ON DELETE SET NULL ON UPDATE CASCADE, ADD CONSTRAINT c CHECK (n > 0) NOT ENFORCED, ADD CHECK (n < 9)",
            &[
                "constrain posts fk (uid) -> users (id) SET NULL CASCADE",
                "constrain posts c check n > 0 not valid",
                "constrain posts - check n < 9",
            ],
        ),
        (
            "ALTER TABLE u MODIFY COLUMN a BIGINT(20) UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'x' FIRST, CHANGE b c CHARACTER VARYING(5) CHARACTER SET latin1 COLLATE latin1_bin NULL DEFAULT NULL, MODIFY t TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
            &[
                "alter u.a a bigint(20) unsigned not null identity comment",
                "alter u.b c character varying(5) = NULL",
                "rename column u.b c",
                "alter u.t t timestamp not null = CURRENT_TIMESTAMP on update",
            ],
        ),
        (
            "alter table u change `Name` name varchar(3), modify x text collate utf8mb4_bin",
            &[
                "alter u.Name name varchar(3)",
                "rename column u.Name name",
                "alter u.x x text",
            ],
        ),
    ] {
        reads(sql, expected);
    }
}

#[test]
fn what_alter_takes_back_or_renames_is_a_step() {
    for (sql, expected) in [
        (
            "ALTER TABLE u ALTER COLUMN a SET DEFAULT 5, ALTER b DROP DEFAULT, ALTER COLUMN c SET DEFAULT (uuid()), ALTER INDEX i INVISIBLE, ALTER CHECK k NOT ENFORCED",
            &[
                "alter u.a default 5",
                "alter u.b DropDefault",
                "alter u.c default (uuid())",
                "drop Check u k",
            ][..],
        ),
        (
            "ALTER TABLE u DROP INDEX i, DROP KEY k, DROP PRIMARY KEY, DROP FOREIGN KEY f, DROP CONSTRAINT c, DROP CHECK h",
            &[
                "drop index i on u",
                "drop index k on u",
                "drop Primary u ",
                "drop Foreign u f",
                "drop Unknown u c",
                "drop Check u h",
            ],
        ),
        (
            "ALTER TABLE u RENAME COLUMN a TO b, RENAME INDEX c TO d, RENAME TO v",
            &["rename column u.a b", "rename table u v"],
        ),
        ("ALTER TABLE u RENAME other.v", &["move table u other"]),
        ("ALTER TABLE u RENAME AS app.v", &["rename table u v"]),
    ] {
        reads(sql, expected);
    }
}

#[test]
fn options_and_partitions_are_steps_where_they_matter() {
    for (sql, expected) in [
        (
            "ALTER TABLE u CONVERT TO CHARACTER SET latin1 COLLATE latin1_swedish_ci, ENGINE = MEMORY",
            &["charset u * latin1", "engine u MEMORY keeps Nothing"][..],
        ),
        (
            "ALTER TABLE u ENGINE=InnoDB",
            &["engine u InnoDB keeps All"],
        ),
        (
            "ALTER TABLE u ENGINE=InnoDB ROW_FORMAT=DYNAMIC AUTO_INCREMENT=5, DEFAULT CHARSET=utf8mb4, ALGORITHM=INPLACE, LOCK=NONE, FORCE",
            &["engine u InnoDB keeps All"],
        ),
        ("ALTER TABLE u ORDER BY a, b", &[]),
        ("ALTER TABLE u DISCARD TABLESPACE", &["truncate u"]),
        ("ALTER TABLE u DISABLE KEYS", &[]),
        (
            "ALTER TABLE m DROP PARTITION p0, p1",
            &[r#"partition m Drop(["p0", "p1"])"#],
        ),
        (
            "ALTER TABLE m TRUNCATE PARTITION ALL",
            &["partition m Truncate([])"],
        ),
        (
            "ALTER TABLE m EXCHANGE PARTITION p WITH TABLE t WITHOUT VALIDATION",
            &["partition m exchange p t"],
        ),
        (
            "ALTER TABLE m PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (9))",
            &["partition m Repartition"],
        ),
        (
            "ALTER TABLE m REMOVE PARTITIONING",
            &["partition m Repartition"],
        ),
        (
            "ALTER TABLE m ADD PARTITION (PARTITION p3 VALUES LESS THAN (9))",
            &[],
        ),
        (
            "ALTER TABLE m REORGANIZE PARTITION p INTO (PARTITION q VALUES IN (1))",
            &["partition m Repartition"],
        ),
        (
            "ALTER TABLE m COALESCE PARTITION 2",
            &["partition m Repartition"],
        ),
        ("ALTER TABLE m ANALYZE PARTITION p", &[]),
        (
            "ALTER IGNORE TABLE u ADD UNIQUE (a)",
            &["ignore u", "unique index a on u (`a`)"],
        ),
    ] {
        reads(sql, expected);
    }
}

#[test]
fn what_only_mariadb_has_is_read_as_well() {
    for (sql, expected) in [
        (
            "ALTER ONLINE TABLE IF EXISTS u WAIT 5 DROP COLUMN IF EXISTS a",
            &["drop column u.a"][..],
        ),
        (
            "ALTER TABLE u ADD COLUMN IF NOT EXISTS a INT",
            &["add u a int"],
        ),
        (
            "ALTER TABLE u ADD INDEX IF NOT EXISTS i (a)",
            &["index i on u (`a`)"],
        ),
        ("ALTER TABLE u DROP SYSTEM VERSIONING", &["history u"]),
        ("ALTER TABLE u ADD SYSTEM VERSIONING", &[]),
        ("ALTER TABLE u ADD PERIOD FOR p(a, b)", &[]),
        (
            "ALTER TABLE u CONVERT PARTITION p TO TABLE t",
            &["partition u detach t"],
        ),
        (
            "DELETE HISTORY FROM u BEFORE SYSTEM_TIME '2020-01-01'",
            &["history u"],
        ),
        (
            "CREATE OR REPLACE TABLE t (a INT)",
            &["drop table t", "create table t [a int]"],
        ),
        (
            "CREATE OR REPLACE TEMPORARY TABLE t (a INT)",
            &["drop temporary t", "create table t [a int]"],
        ),
        ("CREATE OR REPLACE DATABASE x", &[r#"DropDatabase("x")"#]),
        (
            "CREATE OR REPLACE INDEX i ON t (a)",
            &["drop index i on t", "index i on t (`a`)"],
        ),
        ("DROP TABLE a NOWAIT", &["drop table a"]),
    ] {
        assert_eq!(shown(Engine::Mariadb, sql), expected, "{sql}");
    }
    let inline = "CREATE TABLE t (a INT REFERENCES p (id), b INT)";
    assert_eq!(
        shown(Engine::Mariadb, inline),
        ["create table t [a int -> p, b int] -> p"]
    );
    assert_eq!(
        shown(Engine::Mysql, inline),
        ["create table t [a int, b int]"]
    );
}

#[test]
fn a_sequence_is_read_with_its_first_number() {
    for (sql, expected) in [
        (
            "CREATE OR REPLACE SEQUENCE s",
            &["drop Sequence s", "create Sequence s 1"][..],
        ),
        (
            "CREATE SEQUENCE s INCREMENT BY 2 MINVALUE = -3 CACHE 10",
            &["create Sequence s -3"],
        ),
        (
            "CREATE SEQUENCE s MINVALUE 2 START 7",
            &["create Sequence s 7"],
        ),
        ("CREATE SEQUENCE s INCREMENT -1", &["create Sequence s"]),
        (
            "ALTER SEQUENCE s RESTART WITH 5",
            &[
                r#"RestartSequence { name: TableName { schema: None, name: "s" }, column: None, next: At(5) }"#,
            ],
        ),
    ] {
        assert_eq!(shown(Engine::Mariadb, sql), expected, "{sql}");
    }
}

#[test]
fn tables_are_created_with_all_they_have() {
    for (sql, expected) in [
        (
            "CREATE TABLE IF NOT EXISTS `t` (\n  `id` bigint unsigned NOT NULL AUTO_INCREMENT,\n  `n` decimal(10,2) DEFAULT '-1.5' COMMENT 'a, b',\n  `s` varchar(9) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin NOT NULL DEFAULT _utf8mb3'x',\n  `g` int GENERATED ALWAYS AS (`id` + 1) STORED,\n  `d` datetime(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),\n  CONSTRAINT `pos` CHECK ((`n` > 0)),\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`s`(5)),\n  UNIQUE `v` (`n`,`s`) USING BTREE COMMENT 'c',\n  KEY `k` (`s`),\n  CONSTRAINT `f` FOREIGN KEY (`n`) REFERENCES `p` (`id`) ON DELETE CASCADE\n) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci",
            &[
                "create table t [id bigint unsigned not null identity, n decimal(10,2) = '-1.5', s varchar(9) not null = _utf8mb3'x', g int generated, d datetime(3) = CURRENT_TIMESTAMP(3)] primary(id) unique(n,s) -> p check((`n` > 0))",
            ][..],
        ),
        (
            "CREATE TABLE t (id SERIAL, a INT UNIQUE, b INT PRIMARY KEY, c BOOL NOT NULL CHECK (c IN (0, 1)))",
            &[
                "create table t [id serial not null unique identity, a int unique, b int primary, c bool not null check(c IN (0, 1))] unique(id) unique(a) primary(b) check(c IN (0, 1))",
            ],
        ),
        ("CREATE TEMPORARY TABLE t LIKE u", &["create table t []"]),
        ("CREATE TABLE t (LIKE u)", &["create table t []"]),
        (
            "CREATE TABLE t AS SELECT * FROM app.u WHERE a = 1",
            &["create table t [] from Some(\"u\")"],
        ),
        (
            "CREATE TABLE t (a INT) ENGINE=InnoDB IGNORE SELECT a FROM u",
            &["create table t [a int] from Some(\"u\")"],
        ),
        (
            "CREATE UNIQUE INDEX i USING BTREE ON t (a, b) ALGORITHM=INPLACE",
            &["unique index i on t (`a`, `b`)"],
        ),
        ("CREATE DATABASE x CHARACTER SET utf8mb4", &[]),
    ] {
        reads(sql, expected);
    }
}

#[test]
fn what_is_dropped_truncated_or_renamed_is_named() {
    for (sql, expected) in [
        (
            "DROP DATABASE IF EXISTS app",
            &[r#"DropDatabase("app")"#][..],
        ),
        ("DROP SCHEMA `a``b`", &[r#"DropDatabase("a`b")"#]),
        (
            "DROP TABLE IF EXISTS a, app.b, other.c CASCADE",
            &["drop table a", "drop table b", "drop table other.c"],
        ),
        ("DROP TEMPORARY TABLE a", &["drop temporary a"]),
        ("DROP VIEW a, b", &["drop view a", "drop view b"]),
        ("DROP TRIGGER IF EXISTS app.t", &["drop trigger t"]),
        ("DROP PROCEDURE p", &["drop Procedure p"]),
        ("DROP FUNCTION IF EXISTS f", &["drop Function f"]),
        ("DROP EVENT e", &["drop Event e"]),
        ("DROP SEQUENCE s", &["drop Sequence s"]),
        ("DROP INDEX i ON t", &["drop index i on t"]),
        (
            "DROP INDEX IF EXISTS `i` ON app.`t` ALGORITHM=INPLACE LOCK=NONE",
            &["drop index i on t"],
        ),
        ("TRUNCATE a", &["truncate a"]),
        ("TRUNCATE TABLE app.a", &["truncate a"]),
        (
            "RENAME TABLE a TO b, c TO d",
            &["rename table a b", "rename table c d"],
        ),
        ("RENAME TABLE a TO archive.a", &["move table a archive"]),
        ("DROP USER 'x'@'%'", &["weaken the user 'x'@'%' is dropped"]),
        (
            "/*!40000 DROP DATABASE IF EXISTS `app`*/",
            &[r#"DropDatabase("app")"#],
        ),
        ("DROP /* TABLE a */ TABLE -- b\n c # d", &["drop table c"]),
        ("DROP TABLE 2fa", &["drop table 2fa"]),
    ] {
        reads(sql, expected);
    }
}

#[test]
fn each_step_stands_where_its_action_does() {
    for (sql, places) in [
        (
            "ALTER TABLE a\n  DROP COLUMN b,\n  ADD c INT",
            &["DROP COLUMN b", "ADD c"][..],
        ),
        (
            "/*!50000 ALTER TABLE a DROP COLUMN b */",
            &["DROP COLUMN b"],
        ),
        (
            "ALTER TABLE a /*!50000 DROP COLUMN b */, DROP c",
            &["DROP COLUMN b", "DROP c"],
        ),
        ("DROP TABLE a, b", &["a, b", "b"]),
        ("RENAME TABLE a TO b, c TO d", &["a TO", "c TO"]),
        (
            "BEGIN NOT ATOMIC DELETE FROM a; DELETE FROM b; END",
            &["DELETE FROM a", "DELETE FROM b"],
        ),
        ("WITH x AS (SELECT 1) DELETE FROM a", &["DELETE"]),
        (
            "DELETE a, b FROM a JOIN b ON a.id = b.id",
            &["a, b", "b FROM"],
        ),
    ] {
        let found = steps(Engine::Mariadb, sql);
        assert_eq!(found.len(), places.len(), "{sql}: {found:?}");
        for (step, place) in found.iter().zip(places) {
            assert!(sql[step.offset..].starts_with(place), "{sql}: {step:?}");
        }
    }
}

#[test]
fn an_action_that_cannot_be_read_hides_none_of_the_others() {
    let found = steps(
        Engine::Mysql,
        "ALTER TABLE a FROBNICATE (x, y), DROP COLUMN b, ADD COLUMN = 5, DROP c",
    );
    let kinds: Vec<bool> = found
        .iter()
        .map(|step| matches!(step.action, Action::Unparsed(_)))
        .collect();
    assert_eq!(kinds, [true, false, true, false], "{found:?}");
}
