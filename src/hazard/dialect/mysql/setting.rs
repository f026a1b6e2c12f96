//! SET: what it changes for the statements after it, and what of it reaches outside.

use super::cursor::{Cursor, Read};
use super::statement;
use crate::hazard::action::{Action, Step};
use crate::hazard::dialect::TokenKind;

/// Bits of a numeric sql_mode that refuse bad values: STRICT_TRANS_TABLES, STRICT_ALL_TABLES.
const STRICT_BITS: u64 = 1 << 21 | 1 << 22;

/// SET, behind that word.
pub(super) fn read(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    if cursor.eat("statement") {
        // MariaDB: settings for one statement.
        cursor.until_any(&["for"]);
        cursor.expect("for")?;
        return statement::read(cursor);
    }
    const SILENT: [&str; 8] = [
        "names",
        "charset",
        "character",
        "password",
        "role",
        "default",
        "resource",
        "transaction",
    ];
    let assigned = cursor
        .nth(1)
        .is_some_and(|next| next.is_symbol("=") || next.is_symbol(":"));
    if cursor.is_any(&SILENT) && !assigned {
        return Ok(Vec::new());
    }
    let mut steps = Vec::new();
    let mut wide = false;
    while !cursor.is_done() {
        let here = match steps.is_empty() {
            true => offset,
            false => cursor.offset(),
        };
        if let Some(action) = one(cursor, &mut wide)? {
            steps.push(Step {
                action,
                offset: here,
            });
        }
        cursor.eat_symbol(",");
    }
    Ok(steps)
}

/// One assignment. `wide` says whether GLOBAL or PERSIST was said; it holds for the ones after it too.
fn one(cursor: &mut Cursor<'_>, wide: &mut bool) -> Read<Option<Action>> {
    if cursor.is_any(&["global", "persist", "persist_only", "session", "local"]) {
        *wide = !cursor.is_any(&["session", "local"]);
        cursor.step();
        if cursor.is("transaction") {
            cursor.until(|_| false);
            return Ok(wide.then(|| outside("transaction isolation")));
        }
    }
    let mut user = false;
    let mut here = *wide;
    if cursor.eat_symbol("@") {
        user = !cursor.eat_symbol("@");
        let scoped = !user && cursor.nth(1).is_some_and(|next| next.is_symbol("."));
        if scoped && cursor.is_any(&["global", "persist", "persist_only", "session", "local"]) {
            here = !cursor.is_any(&["session", "local"]);
            cursor.step();
            cursor.step();
        }
    }
    let mut name = match cursor.peek_literal().filter(|_| user) {
        Some(literal) => {
            cursor.step();
            literal
        }
        None => cursor.name()?,
    };
    let mut dotted = false;
    while cursor.eat_symbol(".") {
        // NEW.a of a trigger, or a variable of a key cache.
        dotted = true;
        name = cursor.name()?;
    }
    cursor.eat_symbol(":");
    cursor.expect_symbol("=")?;
    let mut value = *cursor;
    cursor.until(|cursor| cursor.is_symbol(","));
    value.end = cursor.at;
    Ok(match name.to_lowercase().as_str() {
        _ if user || dotted && !here => None,
        _ if here => Some(outside(&name)),
        "sql_mode" => Some(Action::SqlMode {
            mode: value.rest().to_owned(),
            strict: is_strict(&value),
        }),
        "foreign_key_checks" => Some(Action::ForeignKeys(!is_off(&value))),
        "autocommit" => Some(Action::Transaction(is_off(&value))),
        _ => None,
    })
}

fn outside(name: &str) -> Action {
    Action::Dynamic(format!(
        "SET GLOBAL `{name}` reaches the whole server, outside this database"
    ))
}

fn is_off(value: &Cursor<'_>) -> bool {
    let off = value
        .peek()
        .is_some_and(|piece| piece.text == "0" || piece.is_any(&["off", "false"]));
    let literal = value.peek_literal();
    off || literal.is_some_and(|text| text.eq_ignore_ascii_case("off"))
}

/// Whether a mode still refuses bad values. A variable or the server's own is taken for what was there before: strict,
/// as both servers are delivered.
fn is_strict(value: &Cursor<'_>) -> bool {
    let pieces = &value.pieces[value.at..value.end];
    if let [one] = pieces
        && one.kind == TokenKind::Number
    {
        return one
            .text
            .parse::<u64>()
            .is_ok_and(|bits| bits & STRICT_BITS != 0);
    }
    let says = |text: &str| {
        let text = text.to_ascii_uppercase();
        text.contains("STRICT_TRANS_TABLES")
            || text.contains("STRICT_ALL_TABLES")
            || text.contains("TRADITIONAL")
    };
    let named = pieces.iter().any(|piece| says(piece.text));
    // REPLACE(@@sql_mode, 'STRICT_TRANS_TABLES', '') takes it away.
    if pieces
        .iter()
        .any(|piece| piece.is_any(&["replace", "regexp_replace", "trim"]))
    {
        return !named;
    }
    let literal = pieces.iter().all(|piece| piece.kind == TokenKind::Literal)
        || pieces
            .iter()
            .all(|piece| piece.kind == TokenKind::Word && !piece.is("default"));
    named || !literal
}
