//! As much of SQL as must be read before a statement is sent: where it ends, where parameters stand, what it is.
//! (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html>; `standard_conforming_strings` is pinned.)

use super::{fault, values};
use crate::db::Result;
use crate::event::counted;
use crate::value::Value;

/// A name as PostgreSQL quotes it.
pub(super) fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A string literal, safe whatever `standard_conforming_strings` says.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// A piece of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// White space and comments.
    Blank,
    /// `;`.
    End,
    /// `?`.
    Mark,
    /// `??`, which stands for the operator `?`.
    Escaped,
    /// `$1`.
    Number(usize),
    /// A word that is not quoted.
    Word,
    /// Anything else.
    Other,
}

/// Puts the values where the statement has `$1`, `$2` … or, if it has none of them, `?`. With marks, `??` is the
/// operator `?`. A statement without values is left as it is.
///
/// # Errors
/// Too many or too few values, and a value there is no literal for.
pub(super) fn filled(text: &str, params: &[Value]) -> Result<String> {
    let found = pieces(text);
    let highest = found
        .iter()
        .filter_map(|(piece, _)| match piece {
            Piece::Number(number) => Some(*number),
            _ => None,
        })
        .max();
    let marks = found
        .iter()
        .filter(|(piece, _)| *piece == Piece::Mark)
        .count();
    let wanted = match highest {
        Some(highest) => highest,
        None if params.is_empty() => return Ok(text.to_owned()),
        None => marks,
    };
    if wanted != params.len() {
        let message = format!(
            "the statement takes {}, not {}",
            counted(wanted, "parameter"),
            params.len()
        );
        return Err(fault::refused("08P01", message));
    }
    let mut out = String::with_capacity(text.len() + params.len() * 16);
    let mut next = params.iter();
    for (piece, part) in found {
        match piece {
            Piece::Number(number) => values::push(&mut out, &params[number - 1])?,
            Piece::Mark if highest.is_none() => {
                if let Some(value) = next.next() {
                    values::push(&mut out, value)?;
                }
            }
            Piece::Escaped if highest.is_none() => out.push('?'),
            _ => out.push_str(part),
        }
    }
    Ok(out)
}

/// The first word of a statement, in capitals.
pub(super) fn verb(text: &str) -> String {
    pieces(text)
        .into_iter()
        .find(|(piece, _)| *piece != Piece::Blank)
        .map(|(_, part)| part.to_ascii_uppercase())
        .unwrap_or_default()
}

/// The pieces, which together are all of the text.
pub(super) fn pieces(text: &str) -> Vec<(Piece, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (piece, length) = next(&text[at..]);
        found.push((piece, &text[at..at + length]));
        at += length;
    }
    found
}

/// What stands at the start of `rest`, and its length in bytes.
fn next(rest: &str) -> (Piece, usize) {
    let bytes = rest.as_bytes();
    let second = bytes.get(1).copied();
    match bytes[0] {
        b'-' if second == Some(b'-') => {
            (Piece::Blank, rest.find(['\n', '\r']).unwrap_or(rest.len()))
        }
        b'/' if second == Some(b'*') => (Piece::Blank, comment(bytes)),
        byte if byte.is_ascii_whitespace() || byte == 0x0b => (Piece::Blank, 1),
        b';' => (Piece::End, 1),
        b'?' if second == Some(b'?') => (Piece::Escaped, 2),
        b'?' => (Piece::Mark, 1),
        b'\'' => (Piece::Other, quoted(bytes, 0, false)),
        b'"' => (Piece::Other, quoted(bytes, 0, false)),
        b'e' | b'E' if second == Some(b'\'') => (Piece::Other, quoted(bytes, 1, true)),
        b'$' => dollar(rest),
        byte if is_word_start(byte) => (Piece::Word, word(bytes)),
        byte if byte.is_ascii_digit() => (Piece::Other, word(bytes)),
        _ => (Piece::Other, 1),
    }
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// The length of a word: `$` may stand inside it, and then quotes nothing.
fn word(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| !(is_word_start(*byte) || byte.is_ascii_digit() || *byte == b'$'))
        .unwrap_or(bytes.len())
}

/// The length of a quoted text whose quote stands at `start`, a doubled quote being part of it; all that is left if it is
/// never closed.
fn quoted(bytes: &[u8], start: usize, escapes: bool) -> usize {
    let quote = bytes[start];
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The length of a comment, with those inside it.
fn comment(bytes: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `$1`, or `$tag$ … $tag$`.
fn dollar(rest: &str) -> (Piece, usize) {
    let bytes = rest.as_bytes();
    let digits = bytes[1..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if digits > 0 {
        let number = rest[1..=digits].parse().unwrap_or(0);
        let piece = if number > 0 {
            Piece::Number(number)
        } else {
            Piece::Other
        };
        return (piece, 1 + digits);
    }
    let tag = bytes[1..]
        .iter()
        .take_while(|byte| is_word_start(**byte) || byte.is_ascii_digit())
        .count();
    if bytes.get(1 + tag) != Some(&b'$') {
        return (Piece::Other, 1);
    }
    let open = &rest[..tag + 2];
    let length = rest[open.len()..]
        .find(open)
        .map_or(rest.len(), |at| at + 2 * open.len());
    (Piece::Other, length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fill(text: &str, params: &[Value]) -> String {
        filled(text, params).expect(text)
    }

    #[test]
    fn marks_are_filled_only_where_they_are_marks() {
        let values = [Value::from("x"), Value::Int(7)];
        assert_eq!(
            fill(
                "SELECT '?', \"?\", $$?$$, E'\\'?' /* ? /* ? */ ? */ -- ?\n, ?, ?",
                &values
            ),
            "SELECT '?', \"?\", $$?$$, E'\\'?' /* ? /* ? */ ? */ -- ?\n, 'x', 7"
        );
        assert_eq!(
            fill("SELECT $2, $1, $2, a ? b", &values),
            "SELECT 7, 'x', 7, a ? b"
        );
        assert_eq!(fill("SELECT a ?? ?, ?", &values), "SELECT a ? 'x', 7");
        assert_eq!(fill("SELECT a ? 'b'", &[]), "SELECT a ? 'b'");
        assert_eq!(fill("SELECT a$1, ?", &[Value::Int(1)]), "SELECT a$1, 1");
        assert!(filled("SELECT ?", &values).is_err());
        assert!(filled("SELECT $3", &values).is_err());
        assert!(filled("SELECT $1", &[]).is_err());
    }

    #[test]
    fn a_literal_is_safe_however_strings_are_read() {
        assert_eq!(literal("a'b"), "'a''b'");
        assert_eq!(literal("\\'; DROP"), " E'\\\\''; DROP'");
    }

    #[test]
    fn the_verb_stands_behind_comments() {
        assert_eq!(verb(" -- x\n /* y */ select 1"), "SELECT");
    }

    proptest! {
        #[test]
        fn no_text_is_lost_and_nothing_panics(text: String, sql in "[a-z$'\"?;E\\\\/*0-9\n-]{0,40}") {
            for text in [text, sql] {
                let joined: String = pieces(&text).into_iter().map(|(_, part)| part).collect();
                prop_assert_eq!(joined, text);
            }
        }
    }
}
