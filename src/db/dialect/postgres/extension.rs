//! Extensions that cannot be made where a set is restored: those that are not trusted only a superuser makes
//! (<https://www.postgresql.org/docs/current/sql-createextension.html>), and another server may not have them. A provider's
//! `pg_stat_statements` is no reason to have no rehearsal and no restore: what needs such a one fails by itself.

use super::state::State;
use crate::db::{Error, Result};

/// How a schema file makes one.
const CREATES: &str = "CREATE EXTENSION IF NOT EXISTS ";

/// The SQLSTATEs of one that this user may not make, that the server does not have (two), and whose requirements are not
/// there.
const CANNOT: [&str; 4] = ["42501", "0A000", "58P01", "42704"];

/// Runs a statement of a schema file. An extension that cannot be made is left out and noted.
pub(super) async fn make(state: &mut State, statement: &str) -> Result<()> {
    let Some(named) = statement.strip_prefix(CREATES) else {
        return state.run(statement).await.map(|_| ());
    };
    if !state.in_transaction {
        return state.run(statement).await.map(|_| ());
    }
    state.run("SAVEPOINT dbscript_extension").await?;
    match state.run(statement).await {
        Ok(_) => state.run("RELEASE SAVEPOINT dbscript_extension").await?,
        Err(
            Error::Statement { source } | Error::NotGranted { source } | Error::Denied { source },
        ) if CANNOT.contains(&source.code.as_str()) => {
            state
                .run("ROLLBACK TO SAVEPOINT dbscript_extension")
                .await?;
            state.failed = false;
            let name = named.split(" WITH SCHEMA ").next().unwrap_or(named);
            state.notes.push(format!(
                "the extension {name} could not be made here, and what needs it fails: {}",
                source.message
            ));
            0
        }
        Err(error) => return Err(error),
    };
    Ok(())
}
