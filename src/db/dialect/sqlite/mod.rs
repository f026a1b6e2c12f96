//! SQLite through rusqlite: one thread a connection, statements that stop when their future is dropped, lines of backup
//! files read and written where the rows are.

pub(in crate::db) mod beside;
mod catalog;
mod connection;
mod cursor;
pub(in crate::db) mod fault;
mod full_text;
pub(in crate::db) mod history;
pub(in crate::db) mod line;
mod lines;
mod math;
mod open;
mod orphans;
mod read_only;
mod remake;
mod schema;
mod snapshot;
mod sound;
#[cfg(test)]
mod tests;
mod transaction;
pub(in crate::db) mod url;
mod values;
mod virtual_table;
mod worker;

pub(in crate::db) use read_only::why_read_only;

use super::{Connection, Snapshot};
use crate::db::{Access, Result, Target};

/// Opens a connection.
pub(in crate::db) async fn connect(target: &Target, access: Access) -> Result<Box<dyn Connection>> {
    let worker = open::worker(target, access).await?;
    Ok(Box::new(connection::SqliteConnection {
        worker,
        target: target.clone(),
        notes: Vec::new(),
    }))
}

/// Opens readers that see the same moment.
pub(in crate::db) async fn snapshot(target: &Target, readers: usize) -> Result<Snapshot> {
    snapshot::open(target, readers).await
}
