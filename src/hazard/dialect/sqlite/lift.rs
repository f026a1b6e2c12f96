//! Clauses of a statement as they stand in its text. The parser's tree has no positions, and its words must be asked of
//! the database exactly as the migration has them.

use crate::db::Engine;
use crate::hazard::dialect::{Lexer, TokenKind};

/// One token that is not blank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Open brackets around it.
    pub(super) depth: usize,
}

impl Piece<'_> {
    /// Whether it is this keyword.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// The statement's tokens without blanks and comments.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut depth = 0usize;
    let mut pieces = Vec::new();
    for token in Lexer::new(Engine::Sqlite, text).filter(|token| !token.kind.is_blank()) {
        let piece = &text[token.start..token.end];
        if piece == ")" {
            depth = depth.saturating_sub(1);
        }
        pieces.push(Piece {
            text: piece,
            kind: token.kind,
            start: token.start,
            end: token.end,
            depth,
        });
        if piece == "(" {
            depth += 1;
        }
    }
    pieces
}

/// How many operators may nest, so that walking a tree cannot exhaust the stack. SQLite itself stops at 1,000
/// (<https://www.sqlite.org/limits.html#max_expr_depth>).
const MOST_NESTED: usize = 500;

/// Whether an expression in it is nested too deep to be walked.
pub(super) fn is_too_deep(pieces: &[Piece<'_>]) -> bool {
    // Operators since the last comma, for each open bracket.
    let mut levels = vec![0usize];
    let mut sum = 0usize;
    for piece in pieces {
        let level = levels.last_mut();
        if piece.text == "(" || piece.is("case") {
            levels.push(0);
            sum += 1;
        } else if piece.text == ")" || piece.is("end") {
            if levels.len() > 1 {
                sum -= levels.pop().unwrap_or_default() + 1;
            }
        } else if piece.text == "," || piece.text == ";" || resets(piece) {
            sum -= level.map(std::mem::take).unwrap_or_default();
        } else if let Some(level) = level.filter(|_| operates(piece)) {
            *level += 1;
            sum += 1;
        }
        if sum > MOST_NESTED {
            return true;
        }
    }
    false
}

/// What begins another part of a CASE.
fn resets(piece: &Piece<'_>) -> bool {
    ["when", "then", "else"].iter().any(|word| piece.is(word))
}

fn operates(piece: &Piece<'_>) -> bool {
    const WORDS: [&str; 20] = [
        "and",
        "or",
        "not",
        "is",
        "in",
        "like",
        "glob",
        "match",
        "regexp",
        "between",
        "collate",
        "isnull",
        "notnull",
        "escape",
        "union",
        "intersect",
        "except",
        "select",
        "join",
        "exists",
    ];
    match piece.kind {
        TokenKind::Symbol => piece.text != ".",
        TokenKind::Word => WORDS.iter().any(|word| piece.is(word)),
        _ => false,
    }
}

/// The parts of a DELETE, UPDATE or INSERT that are outside brackets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clauses<'a> {
    /// `WITH …` before the verb, with the blank behind it.
    pub(super) with: &'a str,
    /// Where the verb stands, in bytes.
    pub(super) verb: usize,
    /// What stands behind UPDATE's FROM, up to WHERE.
    pub(super) from: Option<&'a str>,
    /// What stands behind WHERE.
    pub(super) condition: Option<&'a str>,
    /// `ORDER BY …` and `LIMIT …`.
    pub(super) tail: &'a str,
}

/// Finds the clauses of a statement whose verb is one of `verbs`.
pub(super) fn clauses<'a>(text: &'a str, pieces: &[Piece<'a>], verbs: &[&str]) -> Clauses<'a> {
    let top = |piece: &&Piece<'a>| piece.depth == 0;
    let verb = pieces
        .iter()
        .filter(top)
        .find(|piece| verbs.iter().any(|verb| piece.is(verb)))
        .map_or(0, |piece| piece.start);
    let mut clauses = Clauses {
        with: &text[..verb],
        verb,
        ..Clauses::default()
    };
    let after: Vec<&Piece<'a>> = pieces
        .iter()
        .filter(top)
        .filter(|piece| piece.start > verb)
        .collect();
    let find = |word: &str| after.iter().position(|piece| piece.is(word));
    let slice = |from: usize, to: Option<usize>| {
        let end = to.map_or(text.len(), |to| after[to].start);
        text[after[from].end.min(end)..end].trim()
    };
    let returning = find("returning");
    let tail = [find("order"), find("limit")].into_iter().flatten().min();
    let condition = find("where");
    let stop = [tail, returning].into_iter().flatten().min();
    if let Some(at) = condition {
        clauses.condition = Some(slice(at, stop));
    }
    if let Some(at) = tail {
        let end = returning.filter(|end| *end > at);
        let end = end.map_or(text.len(), |end| after[end].start);
        clauses.tail = text[after[at].start..end].trim();
    }
    let from = after.iter().enumerate().position(|(index, piece)| {
        // DELETE's own FROM names the table; `a IS DISTINCT FROM b` is an operator.
        index > 0 && piece.is("from") && !after[index - 1].is("distinct")
    });
    if let Some(at) = from {
        clauses.from = Some(slice(at, condition.filter(|end| *end > at).or(stop)));
    }
    clauses
}

/// Names and keywords in lower case, quotes taken off.
pub(super) fn words(pieces: &[Piece<'_>]) -> Vec<String> {
    let mut words: Vec<String> = pieces
        .iter()
        .filter(|piece| matches!(piece.kind, TokenKind::Word | TokenKind::Name))
        .map(|piece| super::unquoted(piece.text).to_lowercase())
        .collect();
    words.sort();
    words.dedup();
    words
}
