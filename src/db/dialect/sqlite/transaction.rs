//! A transaction's beginning and end, and whether foreign keys are enforced in it and after it.

use super::fault;
use super::worker::State;
use crate::db::Result;
use crate::db::dialect::Begin;

/// Begins one.
pub(super) fn begin(state: &mut State, mode: Begin) -> Result<()> {
    let enforced = state
        .connection
        .pragma_query_value(None, "foreign_keys", |row| row.get(0))
        .map_err(fault::statement)?;
    let begin = match mode {
        Begin::Read | Begin::Waiting => "BEGIN DEFERRED",
        Begin::Write => "BEGIN IMMEDIATE",
        Begin::Rebuild => {
            // The pragma does nothing inside a transaction, so it comes first.
            enforce(state, false)?;
            "BEGIN IMMEDIATE"
        }
    };
    let begun = state.patiently(|connection| connection.execute_batch(begin));
    match begun {
        Ok(()) => state.enforced = Some(enforced),
        Err(_) => enforce(state, enforced)?,
    }
    begun
}

/// Keeps its work.
pub(super) fn commit(state: &mut State) -> Result<()> {
    state.cursors.retain(|_, cursor| !cursor.in_transaction);
    state.patiently(|connection| connection.execute_batch("COMMIT"))?;
    enforce_as_before(state)
}

/// Undoes its work.
pub(super) fn rollback(state: &mut State) -> Result<()> {
    state.cursors.retain(|_, cursor| !cursor.in_transaction);
    if !state.connection.is_autocommit() {
        state
            .connection
            .execute_batch("ROLLBACK")
            .map_err(fault::statement)?;
    }
    enforce_as_before(state)
}

/// What is left when a transaction of ours ends is what was so when it began: a file that runs in none may have switched
/// foreign keys off before what is asked between its statements. Where none of ours was open they are enforced again.
fn enforce_as_before(state: &mut State) -> Result<()> {
    let enforced = state.enforced.take().unwrap_or(true);
    enforce(state, enforced)
}

fn enforce(state: &State, enforced: bool) -> Result<()> {
    state
        .connection
        .pragma_update(None, "foreign_keys", enforced)
        .map_err(fault::statement)
}
