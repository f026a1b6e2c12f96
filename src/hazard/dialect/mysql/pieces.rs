//! A statement's text as tokens to read from. Comments that run are opened here, whatever version they name: which server
//! runs them is known only then.

use std::borrow::Cow;

use crate::db::Engine;
use crate::hazard::dialect::{Lexer, TokenKind};

/// How often a comment that runs may stand in another one.
const MOST_OPENED: usize = 4;
/// Statements of more tokens than this are data, not schema; taking them apart would take many times their size.
const MOST_PIECES: usize = 1_000_000;

/// One token that is not blank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Of an open bracket: where its partner stands in the list, or the end of the list.
    pub(super) close: usize,
}

impl Piece<'_> {
    /// Whether it is this keyword.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is one of these keywords.
    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Whether it is this character.
    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }
}

/// The text with every `/*!NNNNN … */` and `/*M! … */` opened: blanks stand where its marks stood, so that every place
/// stays what it was.
pub(in crate::hazard::dialect) fn opened(text: &str) -> Cow<'_, str> {
    let mut opened = Cow::Borrowed(text);
    for _ in 0..MOST_OPENED {
        let marks = marks(&opened);
        if marks.is_empty() {
            break;
        }
        let mut bytes = opened.into_owned().into_bytes();
        for (start, end) in marks {
            bytes[start..end].fill(b' ');
        }
        // Only whole ASCII marks were replaced, so it still is UTF-8.
        opened = Cow::Owned(String::from_utf8_lossy(&bytes).into_owned());
    }
    opened
}

/// The text with every name that stands in `"…"` between backticks, as which it is a name in any mode, so that it can be
/// asked about in another session; every place stays what it was.
pub(super) fn backticked(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut bytes = text.clone().into_owned().into_bytes();
    for token in Lexer::with_plain_backslashes(Engine::Mysql, &text) {
        let piece = &text[token.start..token.end];
        let inner = piece
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        if inner.is_some_and(|inner| !inner.is_empty() && !inner.contains(['"', '`'])) {
            bytes[token.start] = b'`';
            bytes[token.end - 1] = b'`';
        }
    }
    // One ASCII character took the place of another.
    String::from_utf8(bytes).map_or(text, Cow::Owned)
}

/// Where the marks of comments that run begin and end.
fn marks(text: &str) -> Vec<(usize, usize)> {
    if memchr::memmem::find(text.as_bytes(), b"/*").is_none() {
        return Vec::new();
    }
    let mut marks = Vec::new();
    for token in Lexer::new(Engine::Mysql, text) {
        if token.kind != TokenKind::Executable {
            continue;
        }
        let inner = &text[token.start..token.end];
        let sign = inner.find('!').map_or(2, |at| at + 1);
        let digits = inner[sign..].bytes().take_while(u8::is_ascii_digit).count();
        // A version has five or six digits; fewer are a number of the statement.
        let version = if (5..=6).contains(&digits) { digits } else { 0 };
        marks.push((token.start, token.start + sign + version));
        if inner.ends_with("*/") && inner.len() >= sign + version + 2 {
            marks.push((token.end - 2, token.end));
        }
    }
    marks
}

/// The tokens of a text, without blanks and comments. Rows behind VALUES are passed over where `rows` says so: they are
/// data, and may be many. `None`: there are too many.
pub(super) fn pieces(text: &str, rows: Rows) -> Option<Vec<Piece<'_>>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    // Brackets within the rows that are passed over.
    let mut in_rows: Option<usize> = None;
    let mut passes = rows == Rows::Skipped;
    for token in Lexer::new(Engine::Mysql, text).filter(|token| !token.kind.is_blank()) {
        let piece = &text[token.start..token.end];
        let symbol = (token.kind == TokenKind::Symbol).then_some(piece);
        if let Some(depth) = &mut in_rows {
            match symbol {
                Some("(") => *depth += 1,
                Some(")") => *depth = depth.saturating_sub(1),
                _ => {}
            }
            let ends = *depth == 0 && (token.kind == TokenKind::Word || symbol == Some(";"));
            if !ends || piece.eq_ignore_ascii_case("row") {
                continue;
            }
            in_rows = None;
        }
        let here = pieces.len();
        if here == MOST_PIECES {
            return None;
        }
        match symbol {
            Some("(") => open.push(here),
            Some(")") => {
                if let Some(at) = open.pop() {
                    pieces[at].close = here;
                }
            }
            _ => {}
        }
        pieces.push(Piece {
            text: piece,
            kind: token.kind,
            start: token.start,
            end: token.end,
            close: usize::MAX,
        });
        let values = passes && open.is_empty() && token.kind == TokenKind::Word;
        if values && (piece.eq_ignore_ascii_case("values") || piece.eq_ignore_ascii_case("value")) {
            in_rows = Some(0);
            // VALUES(a) behind ON DUPLICATE KEY UPDATE is a function.
            passes = false;
        }
    }
    let end = pieces.len();
    for at in open {
        pieces[at].close = end;
    }
    Some(pieces)
}

/// What becomes of rows behind VALUES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    Kept,
    Skipped,
}
