//! Keeping everybody else from tables while a statement that commits by itself is looked forward to: no lock of a
//! transaction outlives that, but those of LOCK TABLES do, and ALTER, DROP and TRUNCATE run under them
//! (<https://dev.mysql.com/doc/refman/8.4/en/lock-tables.html>, <https://mariadb.com/kb/en/lock-tables/>).

use super::link::State;
use super::{quote, text, waiting};
use crate::db::{Error, Result};
use crate::ident::TableName;

/// Takes the tables; `false` where the server does not give them. The open transaction is committed, in either case.
pub(super) async fn lock(state: &mut State, tables: &[TableName]) -> Result<bool> {
    let tables: Vec<String> = tables
        .iter()
        .map(|table| format!("{} WRITE", quote(&table.name)))
        .collect();
    if tables.is_empty() {
        return Ok(false);
    }
    let locked = state
        .run(&format!("LOCK TABLES {}", tables.join(", ")))
        .await;
    match waiting::told(state, locked).await {
        Ok(_) => {
            state.alone = true;
            Ok(true)
        }
        Err(error @ (Error::LockWait { .. } | Error::Locked { .. } | Error::Closed)) => Err(error),
        Err(error) if error.is_broken_connection() => Err(error),
        // The right to, or a table that is none.
        Err(_) => Ok(false),
    }
}

/// Gives them back. Not held is no error.
pub(super) async fn unlock(state: &mut State) -> Result<()> {
    if std::mem::take(&mut state.alone) {
        text::surely(&mut state.connection, "UNLOCK TABLES").await?;
    }
    Ok(())
}

/// A question whose rows nobody changes before the open transaction ends, and that waits for who has changed them:
/// outside of subqueries such a word does not reach into them
/// (<https://dev.mysql.com/doc/refman/8.4/en/innodb-locking-reads.html>).
pub(in crate::db) fn holding(question: &str) -> Option<String> {
    const BOUNDED: &str = ") AS `bounded`";
    let inner = question.strip_suffix(BOUNDED)?;
    Some(format!("{inner} FOR UPDATE{BOUNDED}"))
}
