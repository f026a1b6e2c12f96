//! PostgreSQL through sqlx: one task a connection, statements that stop on the server when their future is dropped, whole
//! tables through COPY.
//!
//! Statements go over the simple query protocol, which answers in text for every type there is (the extended one, as sqlx
//! speaks it, answers in each type's binary form); parameters stand in them as literals, put there by [`sql`].

mod access;
mod catalog;
mod connection;
mod cursor;
mod ddl;
mod details;
mod fault;
pub(in crate::db) mod history;
pub(in crate::db) mod line;
mod lines;
mod lock;
mod not_included;
mod objects;
mod open;
mod order;
mod quiet;
mod rows;
mod schema;
mod scratch;
mod snapshot;
mod sql;
mod state;
mod tables;
mod values;
mod worker;

use super::{Connection, Snapshot};
use crate::db::server::Server;
use crate::db::{Access, Result, Target};

pub(in crate::db) use scratch::{create as create_scratch, remove as drop_scratch};

/// Opens a connection.
pub(in crate::db) async fn connect(
    target: &Target,
    server: &Server,
    access: Access,
) -> Result<Box<dyn Connection>> {
    let worker = open::worker(target.shown(), server, access, open::Use::Session).await?;
    Ok(Box::new(connection::PostgresConnection { worker }))
}

/// Opens readers that see the same moment.
pub(in crate::db) async fn snapshot(
    target: &Target,
    server: &Server,
    readers: usize,
) -> Result<Snapshot> {
    let most = server.connections.unwrap_or(usize::MAX);
    snapshot::open(target.shown(), server, readers.min(most).max(1)).await
}
