//! INSERTs of literal rows, as dumps and seeds have them by the thousand: read from their tokens, since a tree of them
//! would take many times their size and tell nothing more.

use crate::db::Engine;
use crate::hazard::action::{Action, Insert, Step};
use crate::hazard::dialect::{Lexer, Reading, Token, TokenKind, unquoted};

/// The tokens of a text that mean something.
struct Tokens<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        Tokens {
            text,
            lexer: Lexer::new(Engine::Postgres, text),
        }
    }

    fn next(&mut self) -> Option<(Token, &'a str)> {
        let token = self.lexer.find(|token| !token.kind.is_blank())?;
        Some((token, &self.text[token.start..token.end]))
    }

    fn word(&mut self, expected: &str) -> Option<()> {
        let (_, piece) = self.next()?;
        piece.eq_ignore_ascii_case(expected).then_some(())
    }
}

fn name(token: Token, piece: &str) -> Option<String> {
    match token.kind {
        TokenKind::Word => Some(piece.to_ascii_lowercase()),
        TokenKind::Name if piece.starts_with('"') => Some(unquoted(piece)),
        _ => None,
    }
}

/// An INSERT of nothing but literals; `None` where it is anything else.
pub(super) fn rows(reading: &Reading, text: &str) -> Option<Insert> {
    let mut tokens = Tokens::new(text);
    tokens.word("insert")?;
    tokens.word("into")?;
    let (first, piece) = tokens.next()?;
    let mut schema = None;
    let mut table = name(first, piece)?;
    let (mut token, mut piece) = tokens.next()?;
    if piece == "." {
        let (second, spelt) = tokens.next()?;
        schema = Some(std::mem::replace(&mut table, name(second, spelt)?));
        (token, piece) = tokens.next()?;
    }
    let mut columns = Vec::new();
    if piece == "(" {
        loop {
            let (column, spelt) = tokens.next()?;
            columns.push(name(column, spelt)?);
            let (_, separator) = tokens.next()?;
            match separator {
                "," => {}
                ")" => break,
                _ => return None,
            }
        }
        (token, piece) = tokens.next()?;
    }
    if token.kind != TokenKind::Word || !piece.eq_ignore_ascii_case("values") {
        return None;
    }
    only_literals(&mut tokens)?;
    Some(Insert {
        table: reading.name(schema, table),
        columns,
        ..Insert::default()
    })
}

/// Whether nothing but brackets, literals and their casts follows.
fn only_literals(tokens: &mut Tokens<'_>) -> Option<()> {
    const CONSTANTS: [&str; 8] = [
        "null",
        "true",
        "false",
        "default",
        "array",
        "date",
        "timestamp",
        "interval",
    ];
    let mut before = "";
    let mut depth = 0usize;
    while let Some((token, piece)) = tokens.next() {
        let known = match token.kind {
            TokenKind::Literal | TokenKind::Number => depth > 0,
            TokenKind::Word | TokenKind::Name => {
                depth > 0
                    && (matches!(before, ":" | ".")
                        || CONSTANTS
                            .iter()
                            .any(|word| piece.eq_ignore_ascii_case(word)))
            }
            TokenKind::Symbol => match piece {
                "(" if matches!(before, "" | "," | "(") => {
                    depth += 1;
                    true
                }
                ")" => {
                    depth = depth.checked_sub(1)?;
                    true
                }
                "," | ":" | "-" | "+" | "[" | "]" | "." => true,
                _ => false,
            },
            _ => false,
        };
        if !known {
            return None;
        }
        before = piece;
    }
    (depth == 0 && before == ")").then_some(())
}

/// An INSERT without its further rows of literals; `None` where it is none, or has no such rows.
pub(super) fn shortened(text: &str) -> Option<String> {
    let mut tokens = Tokens::new(text);
    let mut depth = 0usize;
    let (_, first) = tokens.next()?;
    if !first.eq_ignore_ascii_case("insert") {
        return None;
    }
    loop {
        let (token, piece) = tokens.next()?;
        match piece {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth == 0 && token.kind == TokenKind::Word => {
                if piece.eq_ignore_ascii_case("select") || piece.eq_ignore_ascii_case("with") {
                    return None;
                }
                if piece.eq_ignore_ascii_case("values") {
                    return Some(kept(text, token.end, &mut tokens));
                }
            }
            _ => {}
        }
    }
}

/// The head, the first row, those that call something, and the tail.
fn kept(text: &str, head: usize, tokens: &mut Tokens<'_>) -> String {
    let mut short = text[..head].to_owned();
    let mut depth = 0usize;
    let mut row = head;
    let mut rows = 0usize;
    let mut calls = false;
    let mut before = TokenKind::Symbol;
    let mut end = head;
    while let Some((token, piece)) = tokens.next() {
        match piece {
            "(" => {
                if depth == 0 {
                    row = token.start;
                    calls = false;
                } else {
                    // A name before a bracket is a call, a bracket within a row may be a query.
                    calls |= before != TokenKind::Literal;
                }
                depth += 1;
            }
            ")" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    if rows == 0 || calls {
                        short.push_str(if rows == 0 { " " } else { ", " });
                        short.push_str(&text[row..token.end]);
                        rows += 1;
                    }
                    end = token.end;
                }
            }
            "," if depth == 0 => {}
            _ if depth == 0 => break,
            _ => {}
        }
        before = token.kind;
    }
    short.push(' ');
    short.push_str(&text[end..]);
    short
}

/// A step of a shortened INSERT: what it inserts is not all there, so it cannot be asked.
pub(super) fn without_source(mut step: Step, length: usize) -> Step {
    if let Action::Insert(insert) = &mut step.action {
        insert.source = None;
        insert.copy = None;
    }
    step.offset = step.offset.min(length);
    step
}

/// The bodies of a DO, from and to which byte: what stands between `$$`.
pub(in crate::hazard::dialect) fn blocks(statement: &str) -> Vec<(usize, usize)> {
    let mut tokens = Lexer::new(Engine::Postgres, statement).filter(|token| !token.kind.is_blank());
    let first = tokens
        .next()
        .map(|token| &statement[token.start..token.end]);
    if !first.is_some_and(|word| word.eq_ignore_ascii_case("do")) {
        return Vec::new();
    }
    tokens
        .filter_map(|token| {
            let literal = statement[token.start..token.end].strip_prefix('$')?;
            let tag = literal.find('$')? + 2;
            (token.end - token.start >= 2 * tag).then(|| (token.start + tag, token.end - tag))
        })
        .collect()
}
