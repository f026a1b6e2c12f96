//! Walks over a statement's tokens.

use super::pieces::Piece;
use crate::hazard::action::{Action, Step};
use crate::hazard::dialect::{Reading, TokenKind, unquoted};
use crate::ident::TableName;

/// Why a statement could not be read on.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    /// What is wrong, as `Action::Unparsed` says it.
    pub(super) message: String,
    /// Where.
    pub(super) offset: usize,
}

impl Stop {
    /// As a step.
    pub(super) fn step(self) -> Step {
        Step {
            action: Action::Unparsed(self.message),
            offset: self.offset,
        }
    }
}

/// What reading gives.
pub(super) type Read<T> = Result<T, Stop>;

/// A place among a statement's tokens. `end` is where it must stop.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) reading: &'a Reading,
    /// The whole text the tokens are of.
    pub(super) text: &'a str,
    pub(super) pieces: &'a [Piece<'a>],
    pub(super) at: usize,
    pub(super) end: usize,
    /// Blocks and statements around this one.
    pub(super) depth: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(reading: &'a Reading, text: &'a str, pieces: &'a [Piece<'a>]) -> Self {
        Cursor {
            reading,
            text,
            pieces,
            at: 0,
            end: pieces.len(),
            depth: 0,
        }
    }

    /// The token at hand.
    pub(super) fn peek(&self) -> Option<&'a Piece<'a>> {
        self.nth(0)
    }

    /// The token `ahead` of the one at hand.
    pub(super) fn nth(&self, ahead: usize) -> Option<&'a Piece<'a>> {
        let at = self.at + ahead;
        (at < self.end).then(|| &self.pieces[at])
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.end
    }

    /// Where the token at hand begins, in bytes.
    pub(super) fn offset(&self) -> usize {
        match self.peek() {
            Some(piece) => piece.start,
            None => self.last_end(),
        }
    }

    /// Where the token before ended, in bytes.
    pub(super) fn last_end(&self) -> usize {
        let before = self.at.min(self.end).checked_sub(1);
        before.map_or(0, |at| self.pieces[at].end)
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|piece| piece.is(word))
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        self.peek().is_some_and(|piece| piece.is_any(words))
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.peek().is_some_and(|piece| piece.is_symbol(symbol))
    }

    /// Whether these keywords come next.
    pub(super) fn are(&self, words: &[&str]) -> bool {
        words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.nth(ahead).is_some_and(|piece| piece.is(word)))
    }

    /// Passes the token at hand.
    pub(super) fn step(&mut self) {
        self.at = (self.at + 1).min(self.end);
    }

    /// Passes this keyword, if it is at hand.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let is = self.is(word);
        if is {
            self.step();
        }
        is
    }

    /// Passes one of these keywords, if it is at hand.
    pub(super) fn eat_any(&mut self, words: &[&str]) -> bool {
        let is = self.is_any(words);
        if is {
            self.step();
        }
        is
    }

    /// Passes these keywords, if all come next.
    pub(super) fn eat_all(&mut self, words: &[&str]) -> bool {
        let are = self.are(words);
        if are {
            self.at += words.len();
        }
        are
    }

    pub(super) fn eat_symbol(&mut self, symbol: &str) -> bool {
        let is = self.is_symbol(symbol);
        if is {
            self.step();
        }
        is
    }

    /// `IF EXISTS` or `IF NOT EXISTS`.
    pub(super) fn eat_if_exists(&mut self) -> bool {
        self.eat_all(&["if", "exists"]) || self.eat_all(&["if", "not", "exists"])
    }

    pub(super) fn expect(&mut self, word: &str) -> Read<()> {
        match self.eat(word) {
            true => Ok(()),
            false => Err(self.stop()),
        }
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str) -> Read<()> {
        match self.eat_symbol(symbol) {
            true => Ok(()),
            false => Err(self.stop()),
        }
    }

    /// Reading cannot go on here.
    pub(super) fn stop(&self) -> Stop {
        let message = match self.peek() {
            Some(piece) => {
                let shown: String = piece.text.chars().take(40).collect();
                format!("`{shown}` was not expected here")
            }
            None => "it ends too early".to_owned(),
        };
        Stop {
            message,
            offset: self.offset(),
        }
    }

    /// The token at hand as a name, without passing it.
    pub(super) fn peek_name(&self) -> Option<String> {
        let piece = self.peek()?;
        match piece.kind {
            TokenKind::Word | TokenKind::Name => Some(unquoted(piece.text)),
            TokenKind::Literal if self.reading.ansi_quotes && piece.text.starts_with('"') => {
                Some(unquoted(piece.text))
            }
            // A name may begin with a digit: `2fa_codes`.
            TokenKind::Number if !piece.text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(piece.text.to_owned())
            }
            _ => None,
        }
    }

    /// A name, quoted or not.
    pub(super) fn name(&mut self) -> Read<String> {
        let name = self.peek_name().ok_or_else(|| self.stop())?;
        self.step();
        Ok(name)
    }

    /// A table's (or another object's) name; the database that is meant anyway goes without.
    pub(super) fn table(&mut self) -> Read<TableName> {
        let first = self.name()?;
        // `a.*` is all of `a`.
        let star = self.nth(1).is_some_and(|next| next.is_symbol("*"));
        if !self.is_symbol(".") || star {
            return Ok(TableName::plain(first));
        }
        self.step();
        let name = self.name()?;
        let default = self.reading.default_schema.as_deref();
        Ok(TableName {
            schema: (default != Some(first.as_str())).then_some(first),
            name,
        })
    }

    /// The last part of a column's name, however it is qualified.
    pub(super) fn column(&mut self) -> Read<String> {
        let mut name = self.name()?;
        while self.eat_symbol(".") {
            name = self.name()?;
        }
        Ok(name)
    }

    /// Names in brackets: `(a, b)`. A prefix or direction behind one is passed.
    pub(super) fn names_in_brackets(&mut self) -> Read<Vec<String>> {
        let mut inner = self.brackets()?;
        let mut names = Vec::new();
        while !inner.is_done() {
            names.push(inner.column()?);
            inner.next_comma();
        }
        Ok(names)
    }

    /// What stands in the brackets at hand, which are passed.
    pub(super) fn brackets(&mut self) -> Read<Cursor<'a>> {
        let Some(open) = self.peek().filter(|piece| piece.is_symbol("(")) else {
            return Err(self.stop());
        };
        let close = open.close.min(self.end);
        let inner = Cursor {
            at: self.at + 1,
            end: close.max(self.at + 1),
            ..*self
        };
        self.at = (close + 1).min(self.end);
        Ok(inner)
    }

    /// Passes one token, or brackets with all that is in them.
    pub(super) fn skip(&mut self) {
        match self.peek() {
            Some(piece) if piece.is_symbol("(") => {
                self.at = piece.close.saturating_add(1).min(self.end);
            }
            _ => self.step(),
        }
    }

    /// Passes everything up to the next comma outside brackets, and that comma.
    pub(super) fn next_comma(&mut self) {
        while !self.is_done() && !self.is_symbol(",") {
            self.skip();
        }
        self.eat_symbol(",");
    }

    /// Goes on until `stops` says so about a token outside brackets, and gives what was passed as it is written.
    pub(super) fn until(&mut self, stops: impl Fn(&Cursor<'a>) -> bool) -> &'a str {
        let from = self.offset();
        while !self.is_done() && !stops(self) {
            self.skip();
        }
        self.text
            .get(from..self.last_end())
            .unwrap_or_default()
            .trim()
    }

    /// Everything up to one of these keywords outside brackets.
    pub(super) fn until_any(&mut self, words: &[&str]) -> &'a str {
        self.until(|cursor| cursor.is_any(words))
    }

    /// What is left, as it is written.
    pub(super) fn rest(&self) -> &'a str {
        let end = self.end.checked_sub(1).map_or(0, |at| self.pieces[at].end);
        self.text.get(self.offset()..end).unwrap_or_default().trim()
    }

    /// What stands between two places in the text.
    pub(super) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default().trim()
    }

    /// Only the tokens from here up to that place.
    pub(super) fn up_to(&self, end: usize) -> Cursor<'a> {
        Cursor { end, ..*self }
    }

    /// A literal of text at hand, without its quotes and escapes.
    pub(super) fn peek_literal(&self) -> Option<String> {
        let piece = self.peek()?;
        let quoted = piece.kind == TokenKind::Literal;
        (quoted && piece.text.starts_with(['\'', '"'])).then(|| unescaped(piece.text))
    }
}

/// A literal's value (<https://dev.mysql.com/doc/refman/8.4/en/string-literals.html>).
pub(super) fn unescaped(literal: &str) -> String {
    let Some(quote) = literal.chars().next() else {
        return String::new();
    };
    let inner = &literal[quote.len_utf8()..];
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    let mut value = String::with_capacity(inner.len());
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        if character == quote && characters.peek() == Some(&quote) {
            characters.next();
        } else if character == '\\' {
            match characters.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some('0') => value.push('\0'),
                Some('b') => value.push('\u{8}'),
                Some('Z') => value.push('\u{1a}'),
                Some(other) => value.push(other),
                None => {}
            }
            continue;
        }
        value.push(character);
    }
    value
}
