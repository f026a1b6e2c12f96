//! PostgreSQL through sqlx.

pub(in crate::db) mod history;

use super::{Connection, Snapshot};
use crate::db::server::Server;
use crate::db::{Access, Error, Result, Target};

/// Opens a connection.
pub(in crate::db) async fn connect(
    target: &Target,
    _server: &Server,
    _access: Access,
) -> Result<Box<dyn Connection>> {
    Err(not_yet(target.shown()))
}

/// Opens readers that see the same moment.
pub(in crate::db) async fn snapshot(
    target: &Target,
    _server: &Server,
    _readers: usize,
) -> Result<Snapshot> {
    Err(not_yet(target.shown()))
}

/// Creates an empty database beside this one, with a recognisable name. Returns where it is.
pub(in crate::db) async fn create_scratch(server: &Server) -> Result<Server> {
    Err(not_yet(&server.database))
}

/// Drops a database that [`create_scratch`] made, whoever is connected to it.
pub(in crate::db) async fn drop_scratch(server: &Server) -> Result<()> {
    Err(not_yet(&server.database))
}

fn not_yet(place: &str) -> Error {
    Error::Unsupported {
        message: format!(
            "`{place}` is a PostgreSQL database, which this version does not open yet"
        ),
        hint: "use an SQLite database: `sqlite://app.db`".to_owned(),
    }
}
