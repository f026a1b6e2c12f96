//! What the splitter must keep together and take apart.

use proptest::prelude::{any, prop_oneof, proptest};
use proptest::strategy::Strategy;

use super::*;

fn texts(engine: Engine, text: &str) -> Vec<String> {
    split(engine, text)
        .into_iter()
        .map(|statement| statement.text.to_owned())
        .collect()
}

#[test]
fn separators_inside_literals_comments_and_bodies_do_not_separate() {
    use Engine::{Mariadb, Mysql, Postgres, Sqlite};
    for (engine, text) in [
        (Sqlite, "SELECT ';' /* ; */ -- ;\n FROM [a;b]"),
        (
            Sqlite,
            "CREATE TRIGGER t AFTER DELETE ON a BEGIN DELETE FROM b; SELECT CASE WHEN 1 THEN 2 END; END",
        ),
        (
            Sqlite,
            "create temp trigger if not exists t after delete on a when old.begin begin select 1;end",
        ),
        (Postgres, "SELECT 'a\\', E'\\';', $$;$$, $x$;$$;$x$"),
        (
            Postgres,
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
        ),
        (
            Postgres,
            "CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; DELETE FROM c)",
        ),
        (Postgres, "DO $$ BEGIN DELETE FROM a; END $$"),
        (Mysql, "SELECT '\\';', \"a;\", `b;` # ;\n , 1"),
        (
            Mysql,
            "CREATE DEFINER=`a`@`b` TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN IF 1 THEN SET @a=1; END IF; CASE x WHEN 1 THEN SET @b=1; END CASE; SELECT CASE 1 WHEN 1 THEN 2 END; END",
        ),
        (
            Mysql,
            "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW IF NEW.a THEN SET @a=1; IF 1 THEN SET @b=2; END IF; END IF",
        ),
        (
            Mysql,
            "CREATE PROCEDURE p() BEGIN DECLARE x INT; l: LOOP LEAVE l; END LOOP l; SELECT IF(1,2,3); END",
        ),
        (Mariadb, "BEGIN NOT ATOMIC SELECT 1; SELECT 2; END"),
        (Mysql, "/*!50003 DROP TABLE a; */"),
    ] {
        assert_eq!(texts(engine, text), [text], "{engine:?}");
        let two = format!("{text};\nSELECT 1");
        assert_eq!(texts(engine, &two), [text, "SELECT 1"], "{engine:?}");
    }
}

#[test]
fn a_routine_without_a_block_ends_at_its_semicolon() {
    assert_eq!(
        texts(
            Engine::Mysql,
            "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET NEW.a = 1; SELECT IF(1,2,3)"
        ),
        [
            "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET NEW.a = 1",
            "SELECT IF(1,2,3)"
        ]
    );
    assert_eq!(
        texts(Engine::Mysql, "BEGIN; SELECT 1; COMMIT;"),
        ["BEGIN", "SELECT 1", "COMMIT"]
    );
    assert_eq!(
        texts(Engine::Postgres, "BEGIN; SELECT 1; END;"),
        ["BEGIN", "SELECT 1", "END"]
    );
}

#[test]
fn delimiter_lines_set_the_separator() {
    let text = "DELIMITER $$\nCREATE PROCEDURE p() BEGIN SELECT 1; END$$\ndelimiter ;\nSELECT 2; DELIMITER //\nSELECT 3; SELECT 4//";
    assert_eq!(
        texts(Engine::Mysql, text),
        [
            "CREATE PROCEDURE p() BEGIN SELECT 1; END",
            "SELECT 2",
            "SELECT 3; SELECT 4"
        ]
    );
}

#[test]
fn lines_for_psql_and_rows_of_copy_stand_alone() {
    let text =
        "\\set x 1\nCOPY a (b) FROM stdin;\n1;\tDROP TABLE b;\n\\.\n\nSELECT 1 \\gexec\nSELECT 2;";
    let found: Vec<(Kind, String, usize)> = split(Engine::Postgres, text)
        .into_iter()
        .map(|statement| (statement.kind, statement.text.to_owned(), statement.line))
        .collect();
    assert_eq!(
        found,
        [
            (Kind::Client, "\\set x 1".to_owned(), 1),
            (Kind::Sql, "COPY a (b) FROM stdin".to_owned(), 2),
            (Kind::CopyData, "1;\tDROP TABLE b;\n\\.".to_owned(), 3),
            (Kind::Sql, "SELECT 1".to_owned(), 6),
            (Kind::Client, "\\gexec".to_owned(), 6),
            (Kind::Sql, "SELECT 2".to_owned(), 7),
        ]
    );
}

#[test]
fn breakpoints_separate_and_positions_count_characters() {
    let text = "\u{feff}SELECT 'é'\r\n--> statement-breakpoint\r\n/* ü */ SELECT 2;;";
    let found = split(Engine::Sqlite, text);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].line, found[0].column), (1, 1));
    assert_eq!((found[1].line, found[1].column), (3, 9));
    assert!(found[1].lead.contains("/* ü */"));
}

#[test]
fn what_is_not_closed_reaches_to_the_end() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
        assert_eq!(
            texts(engine, "SELECT 1; SELECT 'a; b").len(),
            2,
            "{engine:?}"
        );
        assert_eq!(texts(engine, "SELECT 1; /* a; b").len(), 1, "{engine:?}");
    }
    assert_eq!(texts(Engine::Mysql, r"SELECT '\").len(), 1);
}

fn engines() -> impl Strategy<Value = Engine> {
    prop_oneof![
        proptest::strategy::Just(Engine::Sqlite),
        proptest::strategy::Just(Engine::Postgres),
        proptest::strategy::Just(Engine::Mysql),
        proptest::strategy::Just(Engine::Mariadb),
    ]
}

fn sql() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "'",
        "\"",
        "`",
        "[",
        "]",
        "$$",
        "$a$",
        "$1",
        "--",
        "/*",
        "*/",
        "/*!",
        "#",
        "\\",
        "\\.",
        "\n",
        "\r\n",
        " ",
        ";",
        "(",
        ")",
        "BEGIN",
        "END",
        "CASE",
        "IF",
        "CREATE",
        "TRIGGER",
        "PROCEDURE",
        "ATOMIC",
        "DELIMITER",
        "COPY",
        "FROM",
        "stdin",
        "E'",
        "x'",
        "é",
        "\u{feff}",
        "1e-",
        "a",
        "--> statement-breakpoint",
    ]);
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_panics(engine in engines(), text in prop_oneof![any::<String>(), sql()]) {
        let mut at = 0;
        for token in Lexer::new(engine, &text) {
            assert_eq!(token.start, at);
            assert!(token.end > at);
            at = token.end;
        }
        assert_eq!(at, text.len());
        let mut end = 0;
        for statement in split(engine, &text) {
            assert_eq!(&text[end..statement.offset], statement.lead);
            end = statement.offset + statement.text.len();
            assert_eq!(&text[statement.offset..end], statement.text);
            assert!(!statement.text.is_empty());
        }
    }
}
