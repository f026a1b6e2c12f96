//! Open cursors: the server's own, declared in the open transaction; outside one they are held (`WITH HOLD`), so that
//! other statements neither wait for them nor are undone with them. What is no query, such as INSERT … RETURNING, runs
//! at once and its rows wait here.

use std::collections::VecDeque;

use super::sql;
use super::state::State;
use crate::db::dialect::CursorId;
use crate::db::{Error, Result};
use crate::value::Value;

/// Statements that have a cursor.
const QUERIES: [&str; 5] = ["SELECT", "WITH", "VALUES", "TABLE", "("];

/// A cursor of one connection.
pub(super) struct OpenCursor {
    id: u64,
    /// How many savepoints were open when it was opened; rolling back the last of them ends it.
    pub(super) level: usize,
    /// Whether it outlives the transaction.
    held: bool,
    rows: Rows,
}

enum Rows {
    /// On the server.
    Server,
    /// Here.
    Waiting(VecDeque<Vec<Value>>),
}

fn named(id: u64) -> String {
    format!("dbscript_cursor_{id}")
}

/// Whether a statement is a query by its first word.
pub(super) fn is_query(text: &str) -> bool {
    QUERIES.contains(&sql::verb(text).as_str())
}

/// Opens a cursor for a filled statement.
pub(super) async fn open(state: &mut State, text: &str) -> Result<(CursorId, Vec<String>)> {
    let id = state.next_cursor;
    state.next_cursor += 1;
    let held = !state.in_transaction;
    if held && state.pins.is_some() {
        return Err(Error::Unsupported {
            message: "rows cannot be streamed through a pooler outside a transaction".to_owned(),
            hint: "read them inside `db::transaction`, or give the direct URL: DIRECT_URL beside DATABASE_URL serves what writes".to_owned(),
        });
    }
    let (rows, columns) = if is_query(text) {
        let hold = if held { "WITH HOLD" } else { "WITHOUT HOLD" };
        let declare = format!("DECLARE {} NO SCROLL CURSOR {hold} FOR {text}", named(id));
        let begin = state.single();
        state
            .in_transaction(begin, move |state| {
                Box::pin(async move { state.run(&declare).await })
            })
            .await?;
        let fetch = format!("FETCH 0 FROM {}", named(id));
        (Rows::Server, state.described(&fetch).await?)
    } else {
        let text = text.to_owned();
        let begin = state.single();
        let rows = state
            .in_transaction(begin, move |state| {
                Box::pin(async move { state.rows(&text, usize::MAX).await })
            })
            .await?;
        (Rows::Waiting(rows.rows.into()), rows.columns)
    };
    state.cursors.push(OpenCursor {
        id,
        level: state.level,
        held,
        rows,
    });
    Ok((CursorId(id), columns))
}

/// The next rows.
pub(super) async fn fetch(
    state: &mut State,
    cursor: CursorId,
    most: usize,
) -> Result<Vec<Vec<Value>>> {
    let Some(open) = state.cursors.iter_mut().find(|open| open.id == cursor.0) else {
        return Err(Error::CursorClosed);
    };
    match &mut open.rows {
        Rows::Waiting(rows) => {
            let count = most.min(rows.len());
            Ok(rows.drain(..count).collect())
        }
        Rows::Server => {
            let sql = format!("FETCH FORWARD {most} FROM {}", named(cursor.0));
            state.fetched(&sql, usize::MAX).await.map(|rows| rows.rows)
        }
    }
}

/// Closes a cursor, if it is open.
pub(super) async fn close(state: &mut State, cursor: CursorId) -> Result<()> {
    let Some(at) = state.cursors.iter().position(|open| open.id == cursor.0) else {
        return Ok(());
    };
    let open = state.cursors.swap_remove(at);
    // A spoiled transaction takes no CLOSE, and ends its cursors itself.
    if matches!(open.rows, Rows::Server) && !state.failed {
        state.run(&format!("CLOSE {}", named(open.id))).await?;
    }
    Ok(())
}

/// Forgets the cursors that ended with their transaction.
pub(super) fn forget(state: &mut State) {
    state.cursors.retain(|cursor| cursor.held);
}
