//! PostgreSQL through sqlx: one task a connection, statements that stop on the server when their future is dropped, whole
//! tables through COPY.
//!
//! Statements go over the simple query protocol, which answers in text for every type there is (the extended one, as sqlx
//! speaks it, answers in each type's binary form); parameters stand in them as literals, put there by [`sql`].

mod access;
mod allowed;
mod beside;
mod catalog;
mod connection;
mod counters;
mod cursor;
mod ddl;
mod details;
mod exclusive;
mod extension;
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
mod refresh;
mod rows;
mod schema;
mod scratch;
mod snapshot;
mod sql;
mod state;
mod statement;
mod tables;
mod transaction;
mod triggers;
mod unusable;
mod values;
mod waiting;
mod watch;
mod worker;

use super::{Connection, Snapshot};
use crate::db::server::Server;
use crate::db::{Access, Result, Target};

pub(in crate::db) use access::RIGHTS;
pub(in crate::db) use scratch::{create as create_scratch, remove as drop_scratch};

/// Opens a connection.
pub(in crate::db) async fn connect(
    target: &Target,
    server: &Server,
    access: Access,
) -> Result<Box<dyn Connection>> {
    // What writes needs a session of its own: for the lock, for what it sets, for statements outside a transaction.
    let (place, server) = match &server.direct {
        Some(direct) if access.write => (direct.shown(target.engine()), &**direct),
        _ => (target.shown().to_owned(), server),
    };
    let worker = open::worker(&place, server, access, open::Use::Session).await?;
    Ok(Box::new(connection::PostgresConnection { worker }))
}

/// Drops the schema that the URL names, unless something is in it or it is another's.
pub(in crate::db) async fn drop_empty_schema(place: &str, server: &Server) -> Result<()> {
    let Some(schema) = &server.schema else {
        return Ok(());
    };
    let server = server.direct.as_deref().unwrap_or(server);
    let mut connection = open::plain(place, server).await?;
    let drop = format!("DROP SCHEMA IF EXISTS {}", sql::name(schema));
    // Refused where it is not empty: then it stays.
    let _ = sqlx::raw_sql(sqlx::AssertSqlSafe(drop))
        .execute(&mut connection)
        .await;
    sqlx::Connection::close(connection)
        .await
        .map_err(fault::statement)
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

/// What runs that were cut off have left on the server, with the way out.
async fn leftovers(state: &mut state::State) -> Vec<String> {
    let mut left = scratch::leftovers(state).await;
    left.extend(unusable::leftovers(state).await);
    left
}
