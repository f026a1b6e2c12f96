//! Whose rights an object runs with.
//!
//! A set names each object's definer, as SHOW CREATE does. To make an object in someone else's name needs a right of its
//! own (MariaDB's SET USER, MySQL's SET_ANY_DEFINER): without it whoever restores becomes the definer, which is told. The
//! catalog has the SQL without definers, so that a copy made with fewer rights does not count as another schema.

use super::link::State;
use super::text;
use crate::db::dialect::Begin;
use crate::db::{Error, Result};

const WORD: &str = "DEFINER=";

/// The warning for a definer that the server does not know.
const NO_SUCH_USER: &str = "1449";

/// `DEFINER=…` taken out of a CREATE statement as the server prints it.
pub(super) fn without(sql: &str) -> String {
    match place(sql) {
        None => sql.to_owned(),
        Some((start, end)) => format!("{}{}", &sql[..start], sql[end..].trim_start()),
    }
}

/// The definer as it is printed, quotes and all.
pub(super) fn of(sql: &str) -> Option<&str> {
    place(sql).map(|(start, end)| &sql[start + WORD.len()..end])
}

/// From where to where the definer stands in the head of a statement; in a body it would be something else.
fn place(sql: &str) -> Option<(usize, usize)> {
    if !sql.starts_with("CREATE ") {
        return None;
    }
    let start = sql.find(WORD)?;
    let is_head = |byte: u8| byte.is_ascii_uppercase() || matches!(byte, b' ' | b'=');
    if !sql[..start].bytes().all(is_head) {
        return None;
    }
    let mut rest = after_name(&sql[start + WORD.len()..]);
    if let Some(host) = rest.strip_prefix('@') {
        rest = after_name(host);
    }
    Some((start, sql.len() - rest.len()))
}

/// What stands behind a name; under ANSI_QUOTES it stands in double quotes.
fn after_name(text: &str) -> &str {
    let quote = text.bytes().next().unwrap_or_default();
    if !matches!(quote, b'`' | b'"') {
        return text.trim_start_matches(|letter: char| !letter.is_whitespace() && letter != '@');
    }
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return &text[at + 1..];
            }
            at += 1;
        }
        at += 1;
    }
    ""
}

/// Runs a statement of a schema. What becomes of its definer is noted where it is not what the statement says.
pub(super) async fn make(state: &mut State, statement: &str) -> Result<u64> {
    let definer = match of(statement) {
        Some(definer) if state.transaction == Some(Begin::Rebuild) => definer.to_owned(),
        _ => return state.run(statement).await,
    };
    match state.run(statement).await {
        Ok(changed) => {
            let warnings = text::rows(&mut state.connection, "SHOW WARNINGS").await?;
            let code = |row: &text::Texts| row.get(1).cloned().flatten();
            if warnings
                .iter()
                .any(|row| code(row).as_deref() == Some(NO_SUCH_USER))
            {
                let what = head(statement);
                state.note(format!(
                    "{what} belongs to {definer}, a user this server does not have: it cannot be used until that user \
                     is created, or it is made again in another's name"
                ));
            }
            Ok(changed)
        }
        Err(Error::Closed) => Err(Error::Closed),
        Err(error) => {
            // Where it is not the definer that is refused, this is refused too, and the first word tells.
            let changed = state.run(&without(statement)).await.map_err(|_| error)?;
            let what = head(statement);
            state.note(format!(
                "{what} runs with the rights of who restored it and no longer with those of {definer}: to name another \
                 takes the right to (MariaDB: SET USER; MySQL: SET_ANY_DEFINER or SET_USER_ID)"
            ));
            Ok(changed)
        }
    }
}

/// What a statement makes, for people: ``VIEW `v` ``.
fn head(statement: &str) -> String {
    let sql = without(statement);
    let mut words = sql.split_whitespace().skip_while(|word| {
        !matches!(
            *word,
            "VIEW" | "TRIGGER" | "FUNCTION" | "PROCEDURE" | "EVENT" | "PACKAGE"
        )
    });
    let kind = words.next().unwrap_or("object").to_lowercase();
    let name = words.find(|word| *word != "BODY").unwrap_or_default();
    let name = name.split('(').next().unwrap_or(name);
    format!("the {kind} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definer_is_taken_out_of_the_head_only() {
        for (sql, wanted, definer) in [
            (
                "CREATE ALGORITHM=UNDEFINED DEFINER=`a``b`@`%` SQL SECURITY DEFINER VIEW `v` AS select 1",
                "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select 1",
                Some("`a``b`@`%`"),
            ),
            (
                "CREATE DEFINER=`a`@`h` trigger t",
                "CREATE trigger t",
                Some("`a`@`h`"),
            ),
            (
                "CREATE DEFINER=\"a b\"@\"h\" PACKAGE \"p\" AS END",
                "CREATE PACKAGE \"p\" AS END",
                Some("\"a b\"@\"h\""),
            ),
            (
                "CREATE DEFINER=`role` PROCEDURE `p`()",
                "CREATE PROCEDURE `p`()",
                Some("`role`"),
            ),
            (
                "CREATE PROCEDURE `p`() SELECT 'DEFINER=`x`@`y`'",
                "CREATE PROCEDURE `p`() SELECT 'DEFINER=`x`@`y`'",
                None,
            ),
        ] {
            assert_eq!(without(sql), wanted);
            assert_eq!(of(sql), definer);
        }
    }

    #[test]
    fn what_is_made_is_named() {
        for (sql, wanted) in [
            (
                "CREATE DEFINER=`a`@`h` PROCEDURE `p`(IN a INT) SELECT 1",
                "the procedure `p`",
            ),
            (
                "CREATE DEFINER=\"a\"@\"h\" PACKAGE BODY \"p\" AS END",
                "the package \"p\"",
            ),
            (
                "CREATE ALGORITHM=MERGE DEFINER=`a` SQL SECURITY INVOKER VIEW `v` AS select 1",
                "the view `v`",
            ),
        ] {
            assert_eq!(head(sql), wanted);
        }
    }
}
