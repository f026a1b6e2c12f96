//! Running one statement.

use super::state::{State, prepared};
use super::{sql, waiting};
use crate::db::Result;
use crate::value::{Rows, Value};

/// Asks with these values, for as many rows at most.
pub(super) async fn query(
    state: &mut State,
    text: &str,
    params: &[Value],
    limit: usize,
) -> Result<Rows> {
    let text = prepared(state, text, params)?;
    if !state.needs_transaction() {
        return state.rows(&text, limit).await;
    }
    let begin = state.single();
    state
        .in_transaction(begin, move |state| {
            Box::pin(async move { state.rows(&text, limit).await })
        })
        .await
}

/// Runs a statement with its values, and says how many rows it changed.
pub(super) async fn execute(state: &mut State, text: &str, params: &[Value]) -> Result<u64> {
    let filled = prepared(state, text, params)?;
    changed(state, filled).await
}

/// Runs a statement that may run, and says how many rows it changed.
pub(super) async fn changed(state: &mut State, filled: String) -> Result<u64> {
    let verb = sql::verb(&filled);
    let changed = if !state.needs_transaction() {
        waiting::run(state, &filled).await?
    } else {
        let begin = state.single();
        state
            .in_transaction(begin, move |state| {
                Box::pin(async move { state.run(&filled).await })
            })
            .await?
    };
    // The server counts the rows a query gives as well.
    let reads = ["SELECT", "VALUES", "TABLE", "SHOW", "EXPLAIN", "FETCH", "("];
    Ok(if reads.contains(&verb.as_str()) {
        0
    } else {
        changed
    })
}
