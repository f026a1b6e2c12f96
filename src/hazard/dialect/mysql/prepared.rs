//! Statements in literals: a literal is read, anything else is built while it runs and cannot be.

use super::cursor::{Cursor, Read};
use crate::hazard::action::{Action, Step};

/// PREPARE, behind that word.
pub(super) fn prepare(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    let name = cursor.name()?;
    cursor.expect("from")?;
    Ok(run(cursor, offset, &format!("PREPARE `{name}`")))
}

/// EXECUTE, behind that word: of a prepared statement, which was read when it was prepared, or IMMEDIATE.
pub(super) fn execute(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    match cursor.eat("immediate") {
        true => Ok(run(cursor, offset, "EXECUTE IMMEDIATE")),
        false => Ok(Vec::new()),
    }
}

fn run(cursor: &mut Cursor<'_>, offset: usize, what: &str) -> Vec<Step> {
    let alone = cursor.nth(1).is_none_or(|next| next.is("using"));
    if let Some(sql) = cursor.peek_literal().filter(|_| alone) {
        let here = cursor.offset();
        // A literal has places of its own; what is in it stands where it does.
        return super::nested(cursor.reading, &sql, cursor.depth)
            .into_iter()
            .map(|step| Step {
                action: step.action,
                offset: here,
            })
            .collect();
    }
    let source: String = cursor.rest().chars().take(60).collect();
    let message = format!("{what} runs what `{source}` holds then, which cannot be seen here");
    let action = Action::Dynamic(message);
    vec![Step { action, offset }]
}
