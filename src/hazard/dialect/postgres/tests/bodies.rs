//! Bodies: DO blocks, functions and procedures, and SQL that EXECUTE runs.

use super::{check, plainly};

#[test]
fn do_blocks_are_looked_into() {
    check(
        plainly,
        &[
            (
                "DO $$\nBEGIN\n  IF EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 'a') THEN\n    DROP TABLE a;\n  END IF;\nEND $$;",
                &["a: drop table a"],
            ),
            (
                "DO $$ BEGIN ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES c(id); EXCEPTION WHEN duplicate_object THEN null; END $$",
                &["ADD: add to a Some(\"f\") references c b->id "],
            ),
            (
                "DO LANGUAGE plpgsql 'BEGIN DELETE FROM a WHERE b = ''x''; END'",
                &["DELETE: delete \"a\" where b = 'x'"],
            ),
            (
                "DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM a LOOP DELETE FROM b WHERE b.id = r.id; END LOOP; END $$",
                &["DELETE: delete \"b\" where ? it depends on the variable `r`"],
            ),
            (
                "DO $$ BEGIN EXECUTE 'DROP TABLE a'; EXECUTE 'DROP ' || 'VIEW v'; END $$",
                &["a: drop table a", "EXECUTE: drop view v"],
            ),
            (
                "DO $$ BEGIN EXECUTE format('ALTER TABLE %I DROP COLUMN %I', 'User', 'fax'); END $$",
                &["EXECUTE: drop column User.fax"],
            ),
            (
                "DO $$ DECLARE t text; BEGIN EXECUTE format('DROP TABLE %I', t); END $$",
                &[
                    "EXECUTE: dynamic: EXECUTE runs SQL that is put together as it runs, beginning with `DROP TABLE %I`",
                ],
            ),
            (
                "DO LANGUAGE plpython3u 'plpy.execute(\"x\")'",
                &["DO: dynamic: DO in another language than PL/pgSQL cannot be seen into"],
            ),
            (
                "DO $$ BEGIN RAISE NOTICE 'DROP TABLE users'; PERFORM 1; END $$",
                &[],
            ),
        ],
    );
}

#[test]
fn offsets_count_within_the_whole_statement() {
    let sql = "DO $body$\nBEGIN\n  DROP TABLE a;\n  EXECUTE 'TRUNCATE ''x'', b';\nEND\n$body$";
    let steps = super::steps(sql);
    assert_eq!(
        &sql[steps[0].offset..steps[0].offset + 2],
        "a;",
        "{steps:?}"
    );
    let sql = "DO 'BEGIN EXECUTE ''DELETE FROM \"é\" WHERE a = ''''b''''; DROP TABLE c''; END'";
    let steps = super::steps(sql);
    assert!(sql[steps[0].offset..].starts_with("DELETE"), "{steps:?}");
    assert!(sql[steps[1].offset..].starts_with("c''"), "{steps:?}");
}

#[test]
fn routines_keep_what_they_do() {
    check(
        plainly,
        &[
            (
                "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM a; END $$",
                &["CREATE: create Function f [\"delete \\\"a\\\" where every\"]"],
            ),
            (
                "CREATE OR REPLACE FUNCTION f(n int) RETURNS void AS 'UPDATE a SET b = 1 WHERE c = n' LANGUAGE sql",
                &[
                    "CREATE: create Function f [\"update \\\"a\\\" b where ? it depends on the variable `n`\"]",
                ],
            ),
            (
                "CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC DELETE FROM a; INSERT INTO b VALUES (1); END",
                &["CREATE: create Procedure p [\"delete \\\"a\\\" where every\", \"insert b ()\"]"],
            ),
            (
                "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM a WHERE id = OLD.id; RETURN OLD; END $$",
                &[
                    "CREATE: create Function t [\"delete \\\"a\\\" where ? it depends on the variable `old`\"]",
                ],
            ),
            (
                "CREATE FUNCTION c() RETURNS int LANGUAGE c AS 'lib', 'sym'",
                &[
                    "CREATE: create Function c [\"dynamic: its body is not SQL or PL/pgSQL and cannot be seen into\"]",
                ],
            ),
            (
                "CREATE FUNCTION one() RETURNS int LANGUAGE sql RETURN 1",
                &["CREATE: create Function one []"],
            ),
        ],
    );
}
