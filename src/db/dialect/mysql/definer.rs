//! Whose rights an object runs with.
//!
//! A set names each object's definer, as SHOW CREATE does. To make an object in someone else's name needs a right of its
//! own (MariaDB's SET USER, MySQL's SET_ANY_DEFINER): without it whoever restores becomes the definer, which is told. The
//! catalog has the SQL without definers, so that a copy made with fewer rights does not count as another schema.

use super::link::State;
use super::{account, objects, owners, routine_grants, text, views};
use crate::db::{Error, Result};

const WORD: &str = "DEFINER=";

/// The warning for a definer that the server does not know.
const NO_SUCH_USER: &str = "1449";

/// An object that was made without the definer that it was to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) kind: String,
    pub(super) name: String,
    /// As it is printed.
    pub(super) definer: String,
}

/// `DEFINER=…` taken out of a CREATE statement as the server prints it.
pub(super) fn without(sql: &str) -> String {
    match place(sql) {
        None => sql.to_owned(),
        Some((start, end)) => format!("{}{}", &sql[..start], sql[end..].trim_start()),
    }
}

/// The same with another definer.
pub(super) fn with(sql: &str, definer: &str) -> String {
    match place(sql) {
        None => sql.to_owned(),
        Some((start, end)) => format!("{}{WORD}{definer}{}", &sql[..start], &sql[end..]),
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

/// Runs a statement of a schema. In a restore, what becomes of its definer is noted where it is not what the statement says.
pub(super) async fn make(state: &mut State, statement: &str) -> Result<u64> {
    match make_as_owned(state, statement).await {
        Err(error) if state.restores && views::is_made_by(statement) => {
            match views::leads_nowhere(&error) {
                true => {
                    views::leave_out(state, statement, &error);
                    Ok(0)
                }
                false => Err(views::denied(state, statement, error).await),
            }
        }
        made => made,
    }
}

async fn make_as_owned(state: &mut State, statement: &str) -> Result<u64> {
    let definer = match of(statement) {
        Some(definer) if state.restores => definer.to_owned(),
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
            // Where it is not the definer that is refused, this is refused too, and the first word tells; unless it is
            // that a view leads nowhere.
            let told = |plain: Error| match views::leads_nowhere(&plain) {
                true => plain,
                false => error,
            };
            let changed = state.run(&without(statement)).await.map_err(told)?;
            state.lost.extend(what(statement).map(|(kind, name)| Lost {
                kind,
                name,
                definer,
            }));
            Ok(changed)
        }
    }
}

/// What making these statements' objects in a restore would do in another way than they say, as far as it can be told.
pub(super) async fn foretell(state: &mut State, statements: &[String]) -> Result<Vec<String>> {
    owners::refuse_unable_to_end(state).await?;
    views::refuse_closed(state, statements).await?;
    let mut told = foretell_definers(state, statements).await?;
    told.extend(routine_grants::foretell(state, statements).await?);
    Ok(told)
}

/// The definers that go. What is there as it is to be stays; a trigger goes with its table.
async fn foretell_definers(state: &mut State, statements: &[String]) -> Result<Vec<String>> {
    if account::may_name_others(state).await? != Some(false) {
        return Ok(Vec::new());
    }
    let me = account::me(&mut state.connection).await?;
    let there = objects::read(state).await?;
    let stays = |kind: &str, statement: &str| {
        kind != "trigger" && there.iter().any(|made| made.sql == without(statement))
    };
    let gone = statements.iter().filter_map(|statement| {
        let definer = of(statement).filter(|definer| !account::is_same(definer, &me))?;
        let (kind, name) = what(statement)?;
        let told = format!("the {kind} `{name}` with those of {definer}");
        (!stays(&kind, statement)).then_some(told)
    });
    let gone: Vec<String> = gone.collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![format!(
        "what the backup has running with others' rights would run with those of {me} who restores it: {}; to keep them, \
         first {}, or restore as a user with that right",
        gone.join(", "),
        account::grant_definers(state.engine, &me)
    )])
}

/// The objects that were made without their definer since this was asked last, for people.
pub(super) fn lost(state: &mut State) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for Lost {
        kind,
        name,
        definer,
    } in std::mem::take(&mut state.lost)
    {
        let one = format!(
            "the {kind} `{name}` runs with the rights of who restored it and no longer with those of {definer}: to name \
             another takes the right to (MariaDB: SET USER; MySQL: SET_ANY_DEFINER or SET_USER_ID)"
        );
        if !told.contains(&one) {
            told.push(one);
        }
    }
    told
}

/// What a statement makes, for people.
pub(super) fn head(statement: &str) -> String {
    match what(statement) {
        Some((kind, name)) => format!("the {kind} `{name}`"),
        None => "an object".to_owned(),
    }
}

/// What kind of object a CREATE statement as the server prints it makes, and its name; `None` for a table.
pub(super) fn what(statement: &str) -> Option<(String, String)> {
    const KINDS: [&str; 7] = [
        "PACKAGE BODY ",
        "PACKAGE ",
        "VIEW ",
        "TRIGGER ",
        "FUNCTION ",
        "PROCEDURE ",
        "EVENT ",
    ];
    let sql = without(statement);
    let head = sql.strip_prefix("CREATE ")?;
    // Nothing but words in capitals and `ALGORITHM=…` stands before the kind.
    let mut rest = head;
    loop {
        if let Some(kind) = KINDS.iter().find(|kind| rest.starts_with(**kind)) {
            let named = rest[kind.len()..].trim_start();
            let name = named.strip_suffix(after_name(named))?;
            return Some((kind.trim_end().to_lowercase(), unquoted(name)));
        }
        let (word, behind) = rest.split_once(' ')?;
        let is_head = |byte: u8| byte.is_ascii_uppercase() || byte == b'=';
        if word == "TABLE" || !word.bytes().all(is_head) {
            return None;
        }
        rest = behind;
    }
}

/// A name without the quotes that it stands in.
fn unquoted(name: &str) -> String {
    for quote in ["`", "\""] {
        let inner = name.strip_prefix(quote);
        if let Some(inner) = inner.and_then(|inner| inner.strip_suffix(quote)) {
            return inner.replace(&quote.repeat(2), quote);
        }
    }
    name.split('(').next().unwrap_or(name).to_owned()
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
                "the package body `p`",
            ),
            (
                "CREATE DEFINER=`a`@`h` FUNCTION `a ``b`() RETURNS int(11) return 1",
                "the function `a `b`",
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
