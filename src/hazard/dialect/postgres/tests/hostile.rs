//! Text that is too deep, too long, or none at all.

use proptest::prelude::*;

use super::{plainly, steps};
use crate::hazard::action::Action;

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    for depth in [100, 900, 50_000] {
        let brackets = format!("SELECT {}1{}", "(".repeat(depth), ")".repeat(depth));
        steps(&brackets);
        let operators = format!("DELETE FROM a WHERE b = 0{}", " OR b = 1".repeat(depth));
        steps(&operators);
        steps(&format!("SELECT {}1", "NOT ".repeat(depth)));
        steps(&format!("SELECT {}1", "-".repeat(depth)));
        steps(&format!(
            "SELECT {}1{}",
            "CASE WHEN ".repeat(depth),
            " THEN 1 END".repeat(depth)
        ));
        steps(&format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(depth)));
        steps(&format!(
            "DO $$ BEGIN {} NULL; {} END $$",
            "IF true THEN ".repeat(depth),
            "END IF;".repeat(depth)
        ));
        steps(&format!("DO $$ {} END $$", "BEGIN ".repeat(depth)));
        steps(&"(".repeat(depth));
        steps(&format!("SELECT a{}", "[1".repeat(depth)));
        steps(&format!(
            "SELECT * FROM a{}",
            " JOIN b ON true".repeat(depth)
        ));
    }
}

#[test]
fn many_conditions_in_a_row_are_read() {
    let sql = format!("DELETE FROM a WHERE b = 0{}", " OR b = 1".repeat(1_000));
    assert_eq!(plainly(&sql).len(), 1);
    assert!(
        plainly(&sql)[0].starts_with("DELETE: delete"),
        "{:?}",
        &plainly(&sql)[0][..40]
    );
}

#[test]
fn a_long_insert_is_read_without_its_rows() {
    let row = ", (1, 'some text; and more', now())";
    let sql = format!(
        "INSERT INTO a (b, c, d) VALUES (0, 'x', NULL){} ON CONFLICT (b) DO UPDATE SET c = 1",
        ", (1, 'it''s', -2.5)".repeat(200_000)
    );
    assert_eq!(plainly(&sql), ["INSERT: insert a (b,c,d) upsert c"]);
    let called = format!("INSERT INTO a VALUES (0){}{row}", ", (1)".repeat(100_000));
    assert_eq!(plainly(&called), ["INSERT: insert a ()"]);
    assert!(
        steps(&called)
            .iter()
            .any(|step| matches!(step.action, Action::Call { .. }))
    );
}

#[test]
fn what_is_too_long_is_said() {
    let sql = format!("SELECT '{}'", "x".repeat(5 << 20));
    assert_eq!(plainly(&sql), ["SELECT: unparsed: it is 5 MB long"]);
}

fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "DROP",
        "TABLE",
        "ALTER",
        "ADD",
        "COLUMN",
        "DELETE",
        "FROM",
        "WHERE",
        "UPDATE",
        "SET",
        "a",
        "\"b\"",
        "(",
        ")",
        ",",
        ";",
        "=",
        "1",
        "'x'",
        "$$",
        "$$ BEGIN",
        "END $$",
        "DO",
        "WITH",
        "AS",
        "SELECT",
        "INSERT",
        "INTO",
        "VALUES",
        "CREATE",
        "FUNCTION",
        "EXECUTE",
        "::",
        "CASE",
        "WHEN",
        "NOT",
        "NULL",
        "USING",
        "MERGE",
        "ON",
        "TYPE",
        "-",
        "--",
        "/*",
        "*/",
        "\n",
        "[",
        "]",
        ".",
        "é",
        "U&\"",
        "E'\\",
        "IF",
        "THEN",
        "LOOP",
        "CONSTRAINT",
        "INDEX",
        "DEFAULT",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_text_does_not_panic(sql in "\\PC{0,80}") {
        for step in steps(&sql) {
            prop_assert!(sql.get(step.offset..).is_some(), "{step:?}");
        }
    }

    #[test]
    fn arbitrary_statements_do_not_panic(sql in words()) {
        for step in steps(&sql) {
            prop_assert!(sql.get(step.offset..).is_some(), "{step:?}");
            prop_assert!(!matches!(&step.action, Action::Unparsed(message) if message == "the parser gave up"), "{sql}");
        }
    }
}
