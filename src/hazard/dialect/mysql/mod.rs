//! MySQL and MariaDB: statements read over the lexer's tokens, by a reader of our own. No parser there is knows both
//! servers' grammars, and what matters here are the clauses about rows and schema, not every expression. What it cannot
//! read is said, never passed over.

mod alter;
mod column;
mod create;
mod cursor;
mod drop;
mod expression;
mod insert;
mod key;
mod partition;
mod pieces;
mod prepared;
mod routine;
mod rows;
mod select;
mod setting;
mod sources;
mod statement;
mod storage;
mod table;
mod types;

#[cfg(test)]
mod tests;

use self::cursor::{Cursor, Read, Stop};
use self::pieces::Rows;
use self::pieces::backticked;
pub(super) use self::pieces::opened;
pub(super) use self::types::{is_same_type, type_change};
use super::Reading;
use crate::hazard::action::{Action, Step};

/// What a statement does.
pub(super) fn read(reading: &Reading, text: &str) -> Vec<Step> {
    nested(reading, text, 0)
}

/// The same for a statement in a literal of another one; `depth` is how deep it stands.
fn nested(reading: &Reading, text: &str, depth: usize) -> Vec<Step> {
    let mut text = opened(text);
    if reading.ansi_quotes {
        text = backticked(text);
    }
    let text = text.trim_end().trim_end_matches(';');
    let rows = match starts_with_rows(text) {
        true => Rows::Skipped,
        false => Rows::Kept,
    };
    let Some(pieces) = pieces::pieces(text, rows) else {
        let message = format!("it is {} MB long", text.len() >> 20);
        return vec![Stop { message, offset: 0 }.step()];
    };
    let mut cursor = Cursor {
        depth,
        ..Cursor::new(reading, text, &pieces)
    };
    let mut steps = Vec::new();
    // Under a DELIMITER of its own, several statements may come as one.
    loop {
        while cursor.eat_symbol(";") {}
        if cursor.is_done() {
            return steps;
        }
        if let Err(stop) = one(&mut cursor, &mut steps) {
            steps.push(stop.step());
        }
        cursor.until(|cursor| cursor.is_symbol(";"));
    }
}

/// One of them. Only what has a body holds a `;` of its own.
fn one(cursor: &mut Cursor<'_>, steps: &mut Vec<Step>) -> Read<()> {
    if !has_body(cursor) {
        let mut scan = *cursor;
        scan.until(|cursor| cursor.is_symbol(";"));
        let mut limited = cursor.up_to(scan.at);
        cursor.at = scan.at;
        steps.extend(statement::read(&mut limited)?);
        return Ok(());
    }
    steps.extend(statement::read(cursor)?);
    if cursor.is_done() || cursor.is_symbol(";") {
        return Ok(());
    }
    // Where the body ends is not known, so what follows it is not either.
    let stop = cursor.stop();
    cursor.at = cursor.end;
    Err(stop)
}

/// Whether statements may stand in the statement at hand.
fn has_body(cursor: &Cursor<'_>) -> bool {
    // The words of a routine's head, a DEFINER among them.
    const HEAD: usize = 16;
    let routine = cursor.is_any(&["create", "alter"])
        && (0..HEAD)
            .filter_map(|ahead| cursor.nth(ahead))
            .take_while(|piece| !piece.is_symbol(";") && !piece.is_symbol("("))
            .any(|piece| piece.is_any(&["procedure", "function", "trigger", "event"]));
    routine || routine::begins(cursor)
}

/// Whether it is an INSERT or REPLACE, whose rows may be many.
fn starts_with_rows(text: &str) -> bool {
    let first = text.trim_start().get(..7).unwrap_or_default();
    let is = |word: &str| {
        first
            .get(..word.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(word))
    };
    is("insert") || is("replace")
}

/// Whether an action ends the transaction that is open, and commits it
/// (<https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html>).
pub(in crate::hazard) fn commits_implicitly(action: &Action) -> bool {
    match action {
        // Temporary tables come and go without a commit.
        Action::CreateTable(table) => !table.temporary,
        Action::DropTemporary(_)
        | Action::Delete(_)
        | Action::Update(_)
        | Action::Insert(_)
        | Action::Call { .. }
        | Action::SqlMode { .. }
        | Action::ForeignKeys(_)
        | Action::LegacyRename(_)
        | Action::DefaultSchema(_)
        | Action::SearchPath { .. }
        | Action::Transaction(_)
        | Action::Lock(_)
        | Action::Impossible { .. }
        | Action::Dynamic(_)
        | Action::Unparsed(_) => false,
        _ => true,
    }
}
