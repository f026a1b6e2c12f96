//! The servers' SQL without a database: what depends on one is unproven, never silent; what does not, is as serious.

use super::{file, shown};
use crate::db::Engine;
use crate::event::Severity;
use crate::hazard::{Lint, Options, lint};

fn offline(engine: &str, sql: &str) -> Lint {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let engine = Engine::from_name(engine).expect("it is one");
    runtime
        .block_on(lint(
            engine,
            &[file("1_a.sql", sql)],
            &Options::default(),
            None,
        ))
        .expect("nothing can fail")
}

#[track_caller]
fn expect(engine: &str, cases: &[(&str, &[&str])]) {
    for (sql, expected) in cases {
        let mut lint = offline(engine, sql);
        lint.findings
            .retain(|finding| !finding.rule.starts_with("lock-"));
        assert_eq!(shown(&lint), *expected, "{sql}\n{:#?}", lint.findings);
    }
}

#[test]
fn postgres_without_a_database() {
    expect(
        "postgres",
        &[
            ("DROP TABLE users CASCADE", &["drop-table probe"]),
            (
                "TRUNCATE users, posts",
                &["truncate probe", "truncate probe"],
            ),
            ("DROP SCHEMA app CASCADE", &["drop-schema block"]),
            ("DROP DATABASE app", &["drop-database block"]),
            ("DROP OWNED BY app", &["drop-owned block"]),
            (
                "ALTER TABLE users ALTER COLUMN a SET NOT NULL",
                &["set-not-null probe"],
            ),
            (
                "ALTER TABLE users ALTER COLUMN a TYPE varchar(10)",
                &["narrow-type probe"],
            ),
            (
                "ALTER TABLE users ALTER COLUMN a TYPE int USING a::int",
                &["lossy-using probe"],
            ),
            (
                "ALTER TABLE users ADD CONSTRAINT c CHECK (a > 1)",
                &["add-check probe"],
            ),
            (
                "ALTER TABLE users ADD CONSTRAINT c CHECK (a > 1) NOT VALID",
                &[],
            ),
            (
                "ALTER TABLE users VALIDATE CONSTRAINT c",
                &["add-check probe"],
            ),
            (
                "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c (d) ON DELETE CASCADE",
                &["add-cascade note", "add-foreign-key probe"],
            ),
            (
                "ALTER TABLE users ADD PRIMARY KEY (a)",
                &["change-primary-key probe", "change-primary-key probe"],
            ),
        ],
    );
}

#[test]
fn postgres_objects_and_names_without_a_database() {
    expect(
        "postgres",
        &[
            (
                "ALTER TABLE users DROP CONSTRAINT c",
                &["drop-constraint warn"],
            ),
            (
                "ALTER TABLE users ALTER COLUMN a DROP DEFAULT",
                &["drop-default warn"],
            ),
            ("ALTER TABLE users SET UNLOGGED", &["set-unlogged warn"]),
            (
                "ALTER TABLE p ATTACH PARTITION q FOR VALUES FROM (1) TO (2)",
                &["attach-partition probe"],
            ),
            (
                "ALTER TABLE p DETACH PARTITION q",
                &["detach-partition warn"],
            ),
            ("DROP TYPE mood", &["drop-type warn"]),
            ("DROP FUNCTION f(int)", &["drop-function warn"]),
            ("DROP SEQUENCE s", &["drop-sequence warn"]),
            ("ALTER SEQUENCE s RESTART", &["restart-sequence warn"]),
            ("SELECT setval('s', 10)", &["restart-sequence warn"]),
            (
                "SELECT setval(n, 10) FROM names",
                &["restart-sequence warn"],
            ),
            ("SELECT setval('s', (SELECT max(id) FROM t))", &[]),
            ("CREATE SEQUENCE s; SELECT setval('s', 10)", &[]),
            (
                "CREATE TABLE t (id serial); SELECT setval('t_id_seq', 10)",
                &[],
            ),
            (
                "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY); SELECT setval('t_id_seq', 10)",
                &[],
            ),
            ("SELECT app.setval('s', 10)", &[]),
            ("REVOKE SELECT ON users FROM app", &["weaken-access warn"]),
            (
                "DO $$ BEGIN EXECUTE 'DROP TABLE ' || t; END $$",
                &["dynamic-sql warn"],
            ),
            (
                "CREATE TABLE t (a int); ALTER TABLE t ADD COLUMN b int NOT NULL; DROP TABLE t",
                &[],
            ),
            (
                "CREATE TABLE \"T\" (a int); DROP TABLE t",
                &["drop-table probe"],
            ),
            (
                "CREATE TABLE app.t (a int); DROP TABLE t",
                &["drop-table probe"],
            ),
            ("CREATE TABLE t (a int); DROP TABLE public.t", &[]),
            ("CREATE TYPE m AS ENUM ('a'); DROP TYPE m", &[]),
        ],
    );
}

#[test]
fn mysql_without_a_database() {
    expect(
        "mysql",
        &[
            ("DROP TABLE users", &["drop-table probe"]),
            ("TRUNCATE users", &["truncate probe"]),
            ("DROP DATABASE app", &["drop-database block"]),
            (
                "ALTER TABLE users MODIFY a VARCHAR(10)",
                &["modify-drops-attributes probe", "narrow-type probe"],
            ),
            (
                "ALTER IGNORE TABLE users ADD UNIQUE KEY k (a)",
                &["alter-ignore block", "add-unique probe"],
            ),
            (
                "ALTER TABLE users ENGINE=MEMORY",
                &["volatile-engine block"],
            ),
            (
                "ALTER TABLE users DROP PARTITION p",
                &["drop-partition probe"],
            ),
            (
                "ALTER TABLE users EXCHANGE PARTITION p WITH TABLE q",
                &["exchange-partition probe", "exchange-partition probe"],
            ),
            (
                "ALTER TABLE users PARTITION BY HASH (a)",
                &["repartition warn"],
            ),
            ("ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4", &[]),
            (
                "ALTER TABLE users DROP FOREIGN KEY k",
                &["drop-constraint warn"],
            ),
            (
                "ALTER TABLE users DROP SYSTEM VERSIONING",
                &["delete-history probe"],
            ),
            (
                "SET sql_mode = ''; ALTER TABLE users MODIFY a INT NOT NULL",
                &[
                    "relax-sql-mode block",
                    "modify-drops-attributes probe",
                    "narrow-type probe",
                    "set-not-null probe",
                ],
            ),
            ("PREPARE s FROM @sql; EXECUTE s", &["dynamic-sql warn"]),
            (
                "CREATE TABLE t (a INT); ALTER TABLE t MODIFY a INT NOT NULL; DROP TABLE t",
                &[],
            ),
        ],
    );
}

#[test]
fn an_engine_is_told_by_what_it_keeps() {
    expect(
        "mysql",
        &[
            ("ALTER TABLE users ENGINE=InnoDB", &[]),
            ("ALTER TABLE users ENGINE = 'innodb', ADD COLUMN a INT", &[]),
            ("ALTER TABLE users ROW_FORMAT=DYNAMIC ENGINE InnoDB", &[]),
            ("ALTER TABLE users ENGINE=ROCKSDB", &[]),
            ("ALTER TABLE users ENGINE=MyISAM", &["weaker-engine warn"]),
            ("ALTER TABLE users ENGINE=Aria", &["weaker-engine warn"]),
            ("ALTER TABLE users ENGINE=fancy", &["weaker-engine warn"]),
            (
                "ALTER TABLE users ENGINE=BLACKHOLE",
                &["volatile-engine block"],
            ),
            ("CREATE TABLE t (a INT) ENGINE=InnoDB", &[]),
            ("CREATE TABLE t (a INT) ENGINE=MyISAM", &[]),
            (
                "CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES users (id)) COMMENT 'x' ENGINE=MyISAM",
                &["weaker-engine warn"],
            ),
            (
                "CREATE TABLE t (a INT) DEFAULT CHARSET=utf8mb4 ENGINE=MEMORY",
                &["volatile-engine note"],
            ),
            ("CREATE TEMPORARY TABLE t (a INT) ENGINE=MEMORY", &[]),
            (
                "CREATE TABLE t (a INT) ENGINE=MyISAM; ALTER TABLE t ENGINE=InnoDB; ALTER TABLE t ENGINE=MEMORY",
                &[],
            ),
        ],
    );
}

#[test]
fn the_way_round_a_replace_is_told_in_the_words_of_the_engine() {
    for (engine, words) in [
        ("mysql", "ON DUPLICATE KEY UPDATE"),
        ("mariadb", "ON DUPLICATE KEY UPDATE"),
        ("sqlite", "ON CONFLICT (…) DO UPDATE"),
    ] {
        let lint = offline(engine, "REPLACE INTO users (id) VALUES (1)");
        let hint = lint.findings[0].hint.clone().unwrap_or_default();
        assert!(hint.contains(words), "{engine}: {hint}");
    }
}

#[test]
fn what_is_called_for_its_own_sake_is_told() {
    expect(
        "postgres",
        &[
            ("CALL tidy_up()", &["dynamic-sql warn"]),
            ("SELECT app.tidy_up(1)", &["dynamic-sql warn"]),
            ("SELECT tidy_up()::text", &["dynamic-sql warn"]),
            (
                "DO $$ BEGIN PERFORM tidy_up(); END $$",
                &["dynamic-sql warn"],
            ),
            ("SELECT now(), lower('A'), gen_random_uuid()", &[]),
            (
                "SELECT pg_catalog.set_config('search_path', '', false)",
                &[],
            ),
            ("SELECT pg_advisory_lock(1)", &[]),
            ("SELECT uuid_generate_v4()", &[]),
            ("SELECT slug(name) FROM users", &[]),
            (
                "INSERT INTO t (a) VALUES (slug('x')) RETURNING slug(a)",
                &[],
            ),
            ("INSERT INTO t (a) SELECT (SELECT slug('x'))", &[]),
            ("CREATE TABLE t (a text DEFAULT slug('x'))", &[]),
            (
                "CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()",
                &[],
            ),
            (
                "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT 1'; SELECT f()",
                &[],
            ),
            (
                "CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DROP TABLE ' || t; END $$; SELECT f('users')",
                &["dynamic-sql warn"],
            ),
            (
                "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM f(); DELETE FROM users; END $$; SELECT f()",
                &["delete-rows note", "delete-rows probe"],
            ),
        ],
    );
    expect(
        "mysql",
        &[
            ("CALL tidy_up()", &["dynamic-sql warn"]),
            ("SELECT slug('x'), NOW(), UUID()", &[]),
            (
                "CREATE FUNCTION f() RETURNS INT BEGIN DELETE FROM users; RETURN 1; END; SELECT f()",
                &["delete-rows note", "delete-rows probe"],
            ),
        ],
    );
}

/// Without a database nobody knows of any row, so that nothing is said as a fact.
#[test]
fn what_rows_may_break_is_said_as_a_condition() {
    for (engine, sql) in [
        ("postgres", "ALTER TABLE users ALTER COLUMN a SET NOT NULL"),
        ("postgres", "ALTER TABLE users ADD CONSTRAINT u UNIQUE (a)"),
        (
            "postgres",
            "ALTER TABLE users ADD CONSTRAINT c CHECK (a > 1)",
        ),
        (
            "postgres",
            "ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES b (c)",
        ),
        ("postgres", "ALTER TABLE users ADD PRIMARY KEY (a)"),
        (
            "postgres",
            "ALTER TABLE users ADD EXCLUDE USING gist (a WITH &&)",
        ),
        ("postgres", "ALTER TABLE users ADD COLUMN a int NOT NULL"),
        ("postgres", "CREATE UNIQUE INDEX i ON users (a)"),
        ("mysql", "ALTER TABLE users ADD COLUMN a INT NOT NULL"),
        ("mysql", "ALTER TABLE users ADD UNIQUE KEY k (a)"),
        ("mysql", "ALTER TABLE users ADD CONSTRAINT c CHECK (a > 1)"),
        ("mysql", "ALTER TABLE users CONVERT TO CHARACTER SET latin1"),
        ("sqlite", "ALTER TABLE users ADD COLUMN a TEXT NOT NULL"),
        (
            "sqlite",
            "ALTER TABLE users ADD COLUMN a TEXT DEFAULT CURRENT_TIMESTAMP",
        ),
        ("sqlite", "CREATE UNIQUE INDEX i ON users (a)"),
    ] {
        let mut lint = offline(engine, sql);
        lint.findings
            .retain(|finding| !finding.rule.starts_with("lock-"));
        for finding in &lint.findings {
            let conditional = ["would fail if ", "would change values if ", "if it has any"];
            let told = conditional
                .iter()
                .any(|words| finding.message.contains(words));
            assert!(told, "{sql}: {}", finding.message);
        }
    }
}

#[test]
fn what_a_cascade_of_a_schema_takes_is_blocked_whatever_is_known() {
    let lint = offline("postgres", "DROP SCHEMA app CASCADE");
    assert_eq!(lint.findings[0].severity, Severity::Block);
    assert_eq!(lint.blocking().count(), 1);
}
