//! Cuts SQL text into statements, for every engine, without a parser: it must work on text no parser understands, since
//! what cannot be cut cannot be reported either.
//!
//! Lossless: each statement is a slice of the text, and between statements stand only blanks, comments, separators and
//! DELIMITER lines.

use super::lexer::{BREAKPOINT, Kind as TokenKind, Lexer, Token};
use crate::db::Engine;

/// What a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SQL for the database.
    Sql,
    /// A line for psql, such as `\i other.sql`.
    Client,
    /// The rows of the `COPY … FROM stdin` before it.
    CopyData,
}

/// One statement of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it is for.
    pub kind: Kind,
    /// The statement, without blanks and comments around it and without its separator.
    pub text: String,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// What stands between the statement before (or the beginning) and this one: separator, blanks and comments.
    pub lead: String,
}

/// Cuts `text` into statements. Never fails: what is not closed reaches to the end.
pub fn split(engine: Engine, text: &str) -> Vec<Statement> {
    let mut splitter = Splitter::new(engine, text);
    splitter.run();
    splitter.statements
}

struct Splitter<'a> {
    engine: Engine,
    text: &'a str,
    lexer: Lexer<'a>,
    /// A separator set by MySQL's DELIMITER.
    delimiter: Option<&'a str>,
    statements: Vec<Statement>,
    /// Where the statement at hand begins and ends, if there is one.
    open: Option<(usize, usize)>,
    /// Where the last statement ended.
    closed: usize,
    shape: Shape,
    place: Place,
}

impl<'a> Splitter<'a> {
    fn new(engine: Engine, text: &'a str) -> Self {
        Splitter {
            engine,
            text,
            lexer: Lexer::new(engine, text),
            delimiter: None,
            statements: Vec::new(),
            open: None,
            closed: 0,
            shape: Shape::default(),
            place: Place::default(),
        }
    }

    fn run(&mut self) {
        while let Some(token) = self.lexer.next() {
            let piece = &self.text[token.start..token.end];
            match token.kind {
                TokenKind::Comment if piece.starts_with(BREAKPOINT) => self.close(Kind::Sql),
                TokenKind::Space | TokenKind::Comment => {}
                TokenKind::Client => {
                    self.close(Kind::Sql);
                    self.open = Some((token.start, token.start + piece.trim_end().len()));
                    self.close(Kind::Client);
                }
                _ if self.separates(piece) => self.end(token.end),
                TokenKind::Word if self.starts_delimiter(piece) => self.set_delimiter(token.end),
                _ => self.take(token, piece),
            }
        }
        self.close(Kind::Sql);
    }

    fn separates(&self, piece: &str) -> bool {
        match self.delimiter {
            Some(delimiter) => piece == delimiter,
            None => piece == ";" && !self.shape.holds(self.engine),
        }
    }

    fn take(&mut self, token: Token, piece: &str) {
        let start = self.open.map_or(token.start, |(start, _)| start);
        self.open = Some((start, token.end));
        let word = (token.kind == TokenKind::Word).then(|| piece.to_ascii_uppercase());
        self.shape
            .take(self.engine, word.as_deref().unwrap_or(piece));
    }

    /// A separator was met; rows of a COPY follow it, if any.
    fn end(&mut self, after: usize) {
        let copies = self.engine == Engine::Postgres && self.shape.copies_from_stdin();
        self.close(Kind::Sql);
        if !copies {
            return;
        }
        let line_end = memchr::memchr(b'\n', &self.text.as_bytes()[after..]);
        let start = line_end.map_or(self.text.len(), |at| after + at + 1);
        let mut end = start;
        for line in self.text[start..].split_inclusive('\n') {
            if line.trim_end() == r"\." {
                end += line.trim_end().len();
                break;
            }
            end += line.len();
        }
        if end > start {
            self.open = Some((start, end));
            self.close(Kind::CopyData);
        }
        self.lexer.jump(end);
    }

    fn close(&mut self, kind: Kind) {
        self.shape = Shape::default();
        let Some((start, end)) = self.open.take() else {
            return;
        };
        let (line, column) = self.place.of(self.text, start);
        self.statements.push(Statement {
            kind,
            text: self.text[start..end].to_owned(),
            offset: start,
            line,
            column,
            lead: self.text[self.closed..start].to_owned(),
        });
        self.closed = end;
    }

    fn starts_delimiter(&self, word: &str) -> bool {
        matches!(self.engine, Engine::Mysql | Engine::Mariadb)
            && self.open.is_none()
            && word.eq_ignore_ascii_case("delimiter")
    }

    fn set_delimiter(&mut self, after: usize) {
        let rest = &self.text[after..];
        let line = rest.lines().next().unwrap_or_default();
        let named = line.split_whitespace().next().unwrap_or_default();
        let named = named.trim_matches(|character| matches!(character, '\'' | '"' | '`'));
        if !named.is_empty() {
            self.delimiter = (named != ";").then_some(named);
            self.lexer.set_delimiter(self.delimiter);
        }
        self.lexer.jump(after + line.len());
    }
}

/// Lines and columns of places that are asked for in their order.
#[derive(Debug)]
pub(super) struct Place {
    line: usize,
    /// Characters of the line before the place.
    before: usize,
    seen: usize,
}

impl Default for Place {
    fn default() -> Self {
        Place {
            line: 1,
            before: 0,
            seen: 0,
        }
    }
}

impl Place {
    /// Line and column (in characters) of a byte, both from 1.
    pub(super) fn of(&mut self, text: &str, offset: usize) -> (usize, usize) {
        let mut passed = &text[self.seen..offset];
        if self.seen == 0 {
            passed = passed.trim_start_matches('\u{feff}');
        }
        if let Some(last) = memchr::memrchr(b'\n', passed.as_bytes()) {
            self.line += memchr::memchr_iter(b'\n', passed.as_bytes()).count();
            self.before = 0;
            passed = &passed[last + 1..];
        }
        self.before += passed.chars().count();
        self.seen = offset;
        (self.line, self.before + 1)
    }
}

/// What the statement at hand looks like so far: enough to know which `;` belong to it.
#[derive(Debug, Default)]
struct Shape {
    /// Its first words, upper case; symbols stand for themselves.
    head: Vec<String>,
    /// The token before.
    last: String,
    /// Open brackets.
    brackets: usize,
    /// Open BEGIN and CASE of a PostgreSQL routine.
    depth: usize,
    /// Open blocks of a MySQL routine.
    blocks: Vec<Block>,
    /// The token before was an END whose next word tells what it ends.
    ending: bool,
    /// An SQLite trigger whose body has begun.
    in_trigger: bool,
    /// `COPY … FROM STDIN` was met.
    from_stdin: bool,
}

/// A block of a MySQL routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// BEGIN or CASE, ended by END (or END CASE).
    Begin,
    /// IF, LOOP …, ended by END IF, END LOOP …
    Inner,
}

const INNER_BLOCKS: [&str; 5] = ["IF", "LOOP", "WHILE", "REPEAT", "FOR"];

/// How many words are enough to tell what a statement creates, a DEFINER among them.
const HEAD: usize = 12;

impl Shape {
    fn take(&mut self, engine: Engine, token: &str) {
        if self.head.len() < HEAD {
            self.head.push(token.to_owned());
        }
        match token {
            "(" => self.brackets += 1,
            ")" => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        match engine {
            Engine::Sqlite => self.take_sqlite(token),
            Engine::Postgres => self.take_postgres(token),
            Engine::Mysql | Engine::Mariadb => self.take_mysql(token),
        }
        token.clone_into(&mut self.last);
    }

    /// Whether a `;` now is part of the statement.
    fn holds(&self, engine: Engine) -> bool {
        match engine {
            Engine::Sqlite => self.in_trigger,
            // As psql does: `CREATE RULE … DO (a; b)`.
            Engine::Postgres => self.depth > 0 || self.brackets > 0,
            Engine::Mysql | Engine::Mariadb => self.blocks.len() > usize::from(self.ending),
        }
    }

    fn copies_from_stdin(&self) -> bool {
        self.from_stdin
    }

    /// As `sqlite3_complete` does: a trigger ends with `; END`.
    fn take_sqlite(&mut self, token: &str) {
        let ended = matches!(self.last.as_str(), ";" | "BEGIN");
        if self.in_trigger {
            self.in_trigger = !(token == "END" && ended);
        } else if token == "BEGIN" && self.last != "." {
            let head: Vec<&str> = self.head.iter().map(String::as_str).collect();
            self.in_trigger = matches!(
                head.as_slice(),
                ["CREATE", "TRIGGER", ..]
                    | ["CREATE", "TEMP" | "TEMPORARY", "TRIGGER", ..]
                    | ["EXPLAIN", "CREATE", ..]
            );
        }
    }

    fn take_postgres(&mut self, token: &str) {
        let routine = self.creates(&["FUNCTION", "PROCEDURE"]);
        match token {
            "ATOMIC" if routine && self.last == "BEGIN" => self.depth = 1,
            "CASE" | "BEGIN" if self.depth > 0 => self.depth += 1,
            "END" => self.depth = self.depth.saturating_sub(1),
            "STDIN" if self.last == "FROM" && self.head.first().is_some_and(|w| w == "COPY") => {
                self.from_stdin = true;
            }
            _ => {}
        }
    }

    fn take_mysql(&mut self, token: &str) {
        // MariaDB runs compound statements outside routines too: `BEGIN NOT ATOMIC`.
        let compound = self.head.first().is_some_and(|word| word == "BEGIN");
        if compound && self.blocks.is_empty() {
            if token == "ATOMIC" && self.last == "NOT" {
                self.blocks.push(Block::Begin);
            }
            return;
        }
        if !compound && !self.creates(&["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"]) {
            return;
        }
        if std::mem::take(&mut self.ending) {
            let inner = INNER_BLOCKS.contains(&token);
            if !inner || self.counts_inner() {
                self.blocks.pop();
            }
            if inner || token == "CASE" {
                return;
            }
        }
        match token {
            "BEGIN" | "CASE" => self.blocks.push(Block::Begin),
            "END" => self.ending = true,
            _ if INNER_BLOCKS.contains(&token) && self.counts_inner() && self.at_start() => {
                self.blocks.push(Block::Inner);
            }
            _ => {}
        }
    }

    /// Inside BEGIN … END a `;` is held anyway, so blocks within it need no counting; without one they do.
    fn counts_inner(&self) -> bool {
        self.blocks.first() != Some(&Block::Begin)
    }

    /// Whether the token before lets a statement of a routine begin, so that IF is not the function.
    fn at_start(&self) -> bool {
        const BEFORE: [&str; 12] = [
            ";",
            ")",
            ":",
            "ROW",
            "DO",
            "THEN",
            "ELSE",
            "LOOP",
            "REPEAT",
            "DETERMINISTIC",
            "SQL",
            "DATA",
        ];
        BEFORE.contains(&self.last.as_str())
    }

    fn creates(&self, what: &[&str]) -> bool {
        self.head
            .first()
            .is_some_and(|word| word == "CREATE" || word == "ALTER")
            && self.head.iter().any(|word| what.contains(&word.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_oneof, proptest};
    use proptest::strategy::Strategy;

    use super::*;

    fn texts(engine: Engine, text: &str) -> Vec<String> {
        split(engine, text)
            .into_iter()
            .map(|statement| statement.text)
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
        let text = "\\set x 1\nCOPY a (b) FROM stdin;\n1;\tDROP TABLE b;\n\\.\n\nSELECT 1 \\gexec\nSELECT 2;";
        let found: Vec<(Kind, String, usize)> = split(Engine::Postgres, text)
            .into_iter()
            .map(|statement| (statement.kind, statement.text, statement.line))
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
}
