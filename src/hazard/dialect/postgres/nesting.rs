//! How deep a statement nests, told before it is parsed: walking a tree must not exhaust the stack.

use crate::db::Engine;
use crate::hazard::dialect::{Lexer, TokenKind};

/// How deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nesting {
    /// Any stack will do.
    Shallow,
    /// It wants a large stack.
    Deep,
    /// No stack is large enough.
    Bottomless,
}

const SHALLOW: usize = 60;
const DEEP: usize = 10_000;
/// Brackets cost a parser far more than operators in a row.
const MOST_BRACKETS: usize = 1_000;
/// Literals in literals that may be SQL.
const MOST_LITERALS: usize = 4;

/// Measures a statement and the SQL that may be in its literals.
pub(super) fn measure(text: &str) -> Nesting {
    within(text, 0)
}

fn within(text: &str, literals: usize) -> Nesting {
    // Operators since the last comma, for each open bracket or block.
    let mut levels = vec![0usize];
    let mut sum = 0usize;
    let mut deepest = Nesting::Shallow;
    for token in Lexer::new(Engine::Postgres, text) {
        let piece = &text[token.start..token.end];
        match token.kind {
            TokenKind::Space | TokenKind::Comment => continue,
            TokenKind::Literal if piece.len() > SHALLOW && literals < MOST_LITERALS => {
                deepest = deepest.max(within(inner(piece), literals + 1));
            }
            TokenKind::Literal => {}
            _ if opens(piece) => {
                levels.push(0);
                sum += 1;
            }
            _ if closes(piece) && levels.len() > 1 => {
                sum -= levels.pop().unwrap_or_default() + 1;
            }
            _ if resets(piece) => {
                sum -= levels.last_mut().map(std::mem::take).unwrap_or_default();
            }
            _ if operates(token.kind, piece) => {
                if let Some(level) = levels.last_mut() {
                    *level += 1;
                    sum += 1;
                }
            }
            _ => {}
        }
        deepest = deepest.max(match sum {
            _ if levels.len() > MOST_BRACKETS => Nesting::Bottomless,
            0..=SHALLOW => Nesting::Shallow,
            _ if sum <= DEEP => Nesting::Deep,
            _ => Nesting::Bottomless,
        });
    }
    deepest
}

/// What stands in a literal.
fn inner(literal: &str) -> &str {
    let open = match literal.as_bytes() {
        [b'$', rest @ ..] => rest
            .iter()
            .position(|byte| *byte == b'$')
            .map_or(1, |at| at + 2),
        _ => literal.find('\'').map_or(0, |at| at + 1),
    };
    let close = match literal.starts_with('$') && literal.len() >= 2 * open {
        true => literal.len() - open,
        false => literal.len() - usize::from(literal.ends_with('\'') && literal.len() > open),
    };
    literal.get(open..close).unwrap_or_default()
}

fn is_any(piece: &str, words: &[&str]) -> bool {
    words.iter().any(|word| piece.eq_ignore_ascii_case(word))
}

fn opens(piece: &str) -> bool {
    matches!(piece, "(" | "[") || is_any(piece, &["case", "begin", "loop", "if"])
}

fn closes(piece: &str) -> bool {
    matches!(piece, ")" | "]") || is_any(piece, &["end"])
}

fn resets(piece: &str) -> bool {
    matches!(piece, "," | ";") || is_any(piece, &["when", "then", "else"])
}

fn operates(kind: TokenKind, piece: &str) -> bool {
    const WORDS: [&str; 18] = [
        "and",
        "or",
        "not",
        "is",
        "in",
        "like",
        "ilike",
        "similar",
        "between",
        "collate",
        "isnull",
        "notnull",
        "union",
        "intersect",
        "except",
        "select",
        "join",
        "at",
    ];
    match kind {
        TokenKind::Symbol => piece != ".",
        TokenKind::Word => is_any(piece, &WORDS),
        _ => false,
    }
}
