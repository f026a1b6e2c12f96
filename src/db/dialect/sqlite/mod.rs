//! SQLite through rusqlite.

pub mod line;
pub mod url;

use super::{Connection, Snapshot};
use crate::db::{Access, Error, Result, Target};

/// Opens a connection.
pub(in crate::db) async fn connect(_: &Target, _: Access) -> Result<Box<dyn Connection>> {
    Err(Error::Closed)
}

/// Opens readers of one moment.
pub(in crate::db) async fn snapshot(_: &Target, _: usize) -> Result<Snapshot> {
    Err(Error::Closed)
}
