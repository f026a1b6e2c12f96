//! MySQL's sql_mode decides where strings end. Under NO_BACKSLASH_ESCAPES a backslash is a character like any other, so
//! that `'a\'` is whole; a text that is cut in another way then than it is read here cannot be judged.

use super::dialect::{Lexer, TokenKind};
use super::draft::Draft;
use super::judge::Placed;
use super::lint::SqlFile;
use super::split::Statement;
use crate::db::{Engine, Session};
use crate::error::Result;
use crate::event::Severity;
use crate::value::Value;

/// The mode that makes backslashes plain.
const PLAIN: &str = "NO_BACKSLASH_ESCAPES";

/// The mode in which the server reads what this session sends; empty where there is none, and where nobody is asked.
///
/// # Errors
/// What the server refuses.
pub(super) async fn of(engine: Engine, session: Option<&mut Session>) -> Result<String> {
    let (Some(sql), Some(session)) = (super::dialect::mode_sql(engine), session) else {
        return Ok(String::new());
    };
    let rows = session.query(sql, &[], 1).await?.rows;
    Ok(match rows.first().and_then(|row| row.first()) {
        Some(Value::Text(mode)) => mode.to_ascii_uppercase(),
        _ => String::new(),
    })
}

/// The files that the mode, or one that a file sets, reads in another way: one hazard each, where it first does.
pub(super) fn misread(
    engine: Engine,
    mode: &str,
    files: &[SqlFile<'_>],
    split: &[Vec<Statement<'_>>],
    steps: &[Placed],
) -> Vec<Draft> {
    let sets_it = |file: &SqlFile<'_>| file.text.to_ascii_uppercase().contains(PLAIN);
    let may_be_plain = mode.contains(PLAIN) || files.iter().any(sets_it);
    if super::dialect::mode_sql(engine).is_none() || !may_be_plain {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let Some(offset) = differs(engine, file.text) else {
            continue;
        };
        let begins = |statement: &Statement<'_>| statement.offset <= offset;
        let statement = split[index].iter().rposition(begins).unwrap_or(0);
        let reached = |placed: &Placed| (placed.file, placed.statement) <= (index, statement);
        let at = steps.iter().rposition(reached).unwrap_or(0);
        let Some(placed) = steps.get(at) else {
            continue;
        };
        let message = format!(
            "a backslash is a plain character under {PLAIN}, so that a string ends elsewhere than it is read here: what follows cannot be analysed"
        );
        let mut draft = Draft::new("unparsed", at, "").is(Severity::Block, message);
        draft.table = None;
        if (placed.file, placed.statement) == (index, statement) {
            draft.offset = offset - split[index][statement].offset.min(offset);
        }
        found.push(draft.hint("write the backslash as CHAR(92), and quotes doubled"));
    }
    found
}

/// Where a text is first cut in another way if backslashes are plain.
fn differs(engine: Engine, text: &str) -> Option<usize> {
    memchr::memchr(b'\\', text.as_bytes())?;
    let cut = |token: super::dialect::Token| (token.kind, token.start, token.end);
    let blank = |kind: TokenKind| kind.is_blank();
    let escaped = Lexer::new(engine, text)
        .filter(|token| !blank(token.kind))
        .map(cut);
    let plain = Lexer::with_plain_backslashes(engine, text)
        .filter(|token| !blank(token.kind))
        .map(cut);
    let mut pairs = escaped.zip(plain);
    pairs
        .find(|(one, other)| one != other)
        .map(|(one, _)| one.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_backslash_that_moves_the_end_of_a_string_makes_a_difference() {
        for (text, at) in [
            (
                r"INSERT INTO t VALUES ('a\'); DELETE FROM s; -- '",
                Some(22),
            ),
            (r"INSERT INTO t VALUES ('C:\dir', 'a\\b');", None),
            (r"SELECT 'it''s'; -- \'", None),
            (r#"SELECT "a\", 1"#, Some(7)),
        ] {
            assert_eq!(differs(Engine::Mysql, text), at, "{text}");
        }
    }
}
