//! MySQL and MariaDB through sqlx: one thread a connection, statements that are stopped on the server when their future
//! is dropped, lines of backup files read and written over the text protocol.

mod account;
mod alone;
mod attributes;
mod beside;
mod catalog;
mod connection;
mod definer;
mod fault;
mod grants;
mod guard;
pub(in crate::db) mod history;
mod implicit;
mod journal;
mod keys;
mod large;
pub(in crate::db) mod line;
mod lines;
mod link;
mod nowhere;
mod objects;
mod open;
mod outside;
mod owners;
mod rebuild;
mod routine_grants;
mod rows;
mod schema;
mod scratch;
mod snapshot;
mod spool;
mod surroundings;
mod swap;
mod text;
mod transaction;
mod unread;
mod unseen;
mod values;
mod views;
mod waiting;
mod watch;
mod without_transactions;

pub(in crate::db) use alone::holding;
pub(in crate::db) use implicit::commits_by_itself;
pub(in crate::db) use routine_grants::RIGHTS;

use super::{Connection, Snapshot};
use crate::db::server::Server;
use crate::db::{Access, Engine, Result, Target};

pub(in crate::db) use scratch::{create as create_scratch, remove as drop_scratch};

/// Lists the databases of the server that this user may know of: a statement can name each.
pub(in crate::db) const NEIGHBOURS: &str =
    "SELECT CONVERT(SCHEMA_NAME USING utf8mb4) FROM information_schema.SCHEMATA";

/// Opens a connection, and says whether the server is MySQL or MariaDB.
pub(in crate::db) async fn connect(
    target: &Target,
    server: &Server,
    access: Access,
) -> Result<(Engine, Box<dyn Connection>)> {
    let link = link::Link::start(server, target.shown(), access).await?;
    let engine = link.engine();
    Ok((engine, Box::new(connection::MysqlConnection { link })))
}

/// Opens readers that see the same moment.
pub(in crate::db) async fn snapshot(
    target: &Target,
    server: &Server,
    readers: usize,
) -> Result<Snapshot> {
    snapshot::open(server, target.shown(), readers).await
}

/// An object's SQL as the catalog has it: without its definer.
pub(in crate::db) fn unowned(sql: &str) -> String {
    definer::without(sql)
}

/// What kind of object a statement of a schema makes, and its name; `None` for a table and what makes nothing.
pub(in crate::db) fn made_by(sql: &str) -> Option<(String, String)> {
    definer::what(sql)
}

/// A name as both servers quote it.
fn quote(name: &str) -> String {
    Engine::Mysql.quote(name)
}
