//! Text nobody meant to be SQL, and too much of it.

use std::time::{Duration, Instant};

use proptest::prelude::{any, prop_oneof, proptest};
use proptest::strategy::Strategy;

use super::{shown, steps};
use crate::db::Engine;
use crate::hazard::action::Action;

#[test]
fn what_is_unknown_is_said() {
    for sql in [
        "FROBNICATE a",
        "DROP",
        "DROP FROB a",
        "DROP TABLE",
        "CREATE TABLE",
        "CREATE TABLE t (a INT,",
        "ALTER TABLE",
        "DELETE",
        "DELETE a",
        "UPDATE a",
        "INSERT INTO a",
        "RENAME TABLE a",
        "SET x",
        "BEGIN NOT ATOMIC DELETE",
        "CREATE TRIGGER t",
        "'",
        "(((((((((",
    ] {
        let found = steps(Engine::Mysql, sql);
        assert!(
            found
                .iter()
                .any(|step| matches!(step.action, Action::Unparsed(_))),
            "{sql}: {found:?}"
        );
    }
}

#[test]
fn depth_is_no_way_to_exhaust_the_stack() {
    let many = 20_000;
    for sql in [
        format!(
            "DELETE FROM a WHERE {}1{}",
            "(".repeat(many),
            ")".repeat(many)
        ),
        format!("DELETE FROM a WHERE {}1", "NOT ".repeat(many)),
        format!("DELETE FROM a WHERE {}1", "1 OR a AND ".repeat(many)),
        format!("BEGIN NOT ATOMIC {}", "BEGIN ".repeat(many)),
        format!("BEGIN NOT ATOMIC {}", "IF a THEN ".repeat(many)),
        "SET STATEMENT a=1 FOR ".repeat(many / 2),
        "EXPLAIN ANALYZE ".repeat(many),
        format!("CREATE TABLE a {} SELECT 1", "(".repeat(many)),
        format!("UPDATE {} SET a = 1", "(a JOIN ".repeat(many)),
        "CREATE PROCEDURE p() ".repeat(many),
        "/*! ".repeat(many),
        format!("{}1{}", "/*! SELECT ".repeat(many), " */".repeat(many)),
        "PREPARE s FROM 'PREPARE s FROM ".repeat(many),
    ] {
        let begun = Instant::now();
        steps(Engine::Mariadb, &sql);
        assert!(begun.elapsed() < Duration::from_secs(5), "{}", &sql[..60]);
    }
}

#[test]
fn rows_of_an_insert_are_passed_over() {
    let mut sql = String::from("INSERT INTO a (b, c) VALUES ");
    for number in 0..300_000 {
        if number > 0 {
            sql.push(',');
        }
        sql.push_str(&format!("({number}, 'it''s (\\'); DROP TABLE x')"));
    }
    sql.push_str(" ON DUPLICATE KEY UPDATE c = VALUES(c), b = b");
    let pieces = super::super::pieces::pieces(&sql, super::super::Rows::Skipped);
    assert!(pieces.is_some_and(|pieces| pieces.len() < 40));
    assert_eq!(shown(Engine::Mysql, &sql), ["insert a (b,c) upsert c"]);
}

#[test]
fn too_much_of_anything_else_is_said() {
    let sql = format!("DELETE FROM a WHERE b IN ({}1)", "1,".repeat(600_000));
    assert_eq!(
        shown(Engine::Mysql, &sql),
        ["Unparsed(\"it is 1 MB long\")"]
    );
}

fn sql() -> impl Strategy<Value = String> {
    const WORDS: &str = r#"' ` ( ) , ; . = : @ @@ * /*M! */ -- # 1 'a' é a b ALTER TABLE CREATE OR REPLACE DROP ADD COLUMN
        MODIFY CHANGE INDEX UNIQUE KEY PRIMARY FOREIGN REFERENCES CHECK CONSTRAINT DELETE FROM USING JOIN
        LEFT ON WHERE ORDER BY LIMIT UPDATE SET INSERT INTO VALUES SELECT DUPLICATE AS WITH BEGIN NOT ATOMIC
        END IF THEN ELSE CASE WHEN LOOP WHILE DO REPEAT UNTIL FOR EACH ROW DECLARE CONTINUE HANDLER
        PROCEDURE TRIGGER EVENT FUNCTION RETURNS PREPARE EXECUTE IMMEDIATE EXPLAIN ANALYZE PARTITION RENAME
        TO CONVERT DEFAULT INT ENUM STATEMENT"#;
    let mut pieces: Vec<&str> = WORDS.split_whitespace().collect();
    pieces.extend(["\"", "\n", "/*!50000 "]);
    let piece = proptest::sample::select(pieces);
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn nothing_panics_and_every_step_stands_in_its_statement(text in prop_oneof![any::<String>(), sql()]) {
        for engine in [Engine::Mysql, Engine::Mariadb] {
            for step in steps(engine, &text) {
                assert!(text.is_char_boundary(step.offset), "{text:?} {step:?}");
            }
        }
    }
}
