//! Tables without transactions: MyISAM, Aria, MEMORY, CSV, ARCHIVE. What is written to them is in at once, and no rollback
//! undoes it; a statement that fails on its way leaves what it has done so far.
//!
//! The server says so when it rolls back: by ER_WARNING_NOT_COMPLETE_ROLLBACK
//! (<https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html>), without naming the tables.

use super::catalog::cell;
use super::link::State;
use super::text::{self, Texts};
use crate::db::Result;

/// The number of that warning.
const NOT_COMPLETE: &str = "1196";

/// Tables that have no transactions; of which database follows.
const TABLES: &str = "SELECT t.TABLE_NAME, t.ENGINE FROM information_schema.TABLES t
    JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
    WHERE t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
    AND COALESCE(e.TRANSACTIONS, 'NO') <> 'YES' AND t.TABLE_SCHEMA = ";

/// How many of them are named.
const NAMED: usize = 3;

/// Looks, right behind a statement that was a rollback, whether it undid everything. Returns whether it did not.
pub(super) async fn look(state: &mut State, statement: &str) -> bool {
    if !statement.starts_with("ROLLBACK") {
        return false;
    }
    // A connection that broke says nothing, and neither does who asks it.
    let warnings = text::rows(&mut state.connection, "SHOW WARNINGS").await;
    let warnings = warnings.unwrap_or_default();
    let kept = warnings.iter().any(|row| cell(row, 1) == NOT_COMPLETE);
    // What is built beside the database goes with the rollback, whatever its tables are.
    state.kept |= kept && state.beside.is_none();
    kept
}

/// Notices that a statement outside a transaction failed that names such a table: it may have been on its way.
pub(super) async fn noticed<T>(state: &mut State, sql: &str, result: Result<T>) -> Result<T> {
    if result.is_err() && state.transaction.is_none() {
        let sql = sql.to_lowercase();
        let tables = tables(state).await;
        let names = |row: &Texts| sql.contains(&cell(row, 0).to_lowercase());
        state.partly |= tables.iter().any(names);
    }
    result
}

/// Another user's rights may hide them; temporary ones stand in no list.
async fn tables(state: &mut State) -> Vec<Texts> {
    let sql = format!("{TABLES}DATABASE() ORDER BY 1");
    let rows = text::rows(&mut state.connection, &sql).await;
    rows.unwrap_or_default()
}

/// What rollbacks could not undo since this was asked last, and statements that failed outside a transaction.
pub(super) async fn kept(state: &mut State) -> Result<Option<String>> {
    let partly = std::mem::take(&mut state.partly);
    let what = match (std::mem::take(&mut state.kept), partly) {
        (true, _) => "what was written",
        (false, true) => "whatever the statement that failed had written by then",
        (false, false) => return Ok(None),
    };
    let rows = tables(state).await;
    let named = rows.iter().take(NAMED);
    let mut named: Vec<String> = named
        .map(|row| format!("`{}`: {}", cell(row, 0), cell(row, 1)))
        .collect();
    if rows.len() > NAMED {
        named.push("…".to_owned());
    }
    let tables = format!("{what} to tables without transactions");
    Ok(Some(match named.is_empty() {
        true => tables,
        false => format!("{tables} ({})", named.join(", ")),
    }))
}

/// Their names in a database.
pub(super) async fn names(state: &mut State, database: &str) -> Result<Vec<String>> {
    let sql = format!("{TABLES}{} ORDER BY 1", text::literal(database));
    let rows = text::rows(&mut state.connection, &sql).await?;
    Ok(rows.iter().map(|row| cell(row, 0)).collect())
}
