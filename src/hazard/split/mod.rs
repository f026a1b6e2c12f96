//! Cuts SQL text into statements, for every engine, without a parser: it must work on text no parser understands, since
//! what cannot be cut cannot be reported either.
//!
//! Lossless: each statement is a slice of the text, and between statements stand only blanks, comments, separators and
//! DELIMITER lines.

use crate::db::Engine;
use crate::hazard::dialect::{BREAKPOINT, Lexer, Shape, Token, TokenKind, has_delimiter_lines};

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
pub struct Statement<'a> {
    /// What it is for.
    pub kind: Kind,
    /// The statement, without blanks and comments around it and without its separator.
    pub text: &'a str,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// What stands between the statement before (or the beginning) and this one: separator, blanks and comments.
    pub lead: &'a str,
}

impl Statement<'_> {
    /// The word it begins with, in capitals.
    pub fn first_word(&self) -> String {
        let word = self.text.chars().take_while(char::is_ascii_alphabetic);
        word.collect::<String>().to_ascii_uppercase()
    }

    /// Whether it begins a transaction.
    pub fn begins_transaction(&self) -> bool {
        ["BEGIN", "START"].contains(&&*self.first_word())
    }

    /// Whether it ends the transaction that is open: `ROLLBACK TO` a savepoint does not.
    pub fn ends_transaction(&self) -> bool {
        let mut words = self.text.split_whitespace();
        ["COMMIT", "END", "ROLLBACK", "ABORT"].contains(&&*self.first_word())
            && !words.any(|word| word.eq_ignore_ascii_case("TO"))
    }
}

/// Cuts `text` into statements. Never fails: what is not closed reaches to the end.
pub fn split(engine: Engine, text: &str) -> Vec<Statement<'_>> {
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
    statements: Vec<Statement<'a>>,
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
        let copies = self.shape.copies_from_stdin();
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
            text: &self.text[start..end],
            offset: start,
            line,
            column,
            lead: &self.text[self.closed..start],
        });
        self.closed = end;
    }

    fn starts_delimiter(&self, word: &str) -> bool {
        has_delimiter_lines(self.engine)
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

#[cfg(test)]
mod tests;
