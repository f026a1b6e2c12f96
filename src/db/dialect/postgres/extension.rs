//! Extensions that cannot be made where a set is restored: those that are not trusted only a superuser makes
//! (<https://www.postgresql.org/docs/current/sql-createextension.html>), and another server may not have them. A provider's
//! `pg_stat_statements` is no reason to have no rehearsal and no restore: what needs such a one fails by itself.

use super::state::State;
use super::triggers;
use crate::db::{Error, Result};

/// How a schema file makes one.
const CREATES: &str = "CREATE EXTENSION IF NOT EXISTS ";

/// The SQLSTATEs of one that this user may not make, that the server does not have (two), and whose requirements are not
/// there.
const CANNOT: [&str; 4] = ["42501", "0A000", "58P01", "42704"];

/// Runs a statement of a schema file. An extension that cannot be made is left out and noted, and so is a trigger that a set
/// should not have had.
pub(super) async fn make(state: &mut State, statement: &str) -> Result<()> {
    let extension = statement.strip_prefix(CREATES);
    let is_trigger = statement.starts_with(triggers::REFUSED.1);
    if !state.in_transaction || (extension.is_none() && !is_trigger) {
        return state.run(statement).await.map(|_| ());
    }
    state.run("SAVEPOINT dbscript_left_out").await?;
    let may_be_left_out = |code: &str| match extension {
        Some(_) => CANNOT.contains(&code),
        None => code == triggers::REFUSED.0,
    };
    match state.run(statement).await {
        Ok(_) => state.run("RELEASE SAVEPOINT dbscript_left_out").await?,
        Err(
            Error::Statement { source } | Error::NotGranted { source } | Error::Denied { source },
        ) if may_be_left_out(&source.code) => {
            state.run("ROLLBACK TO SAVEPOINT dbscript_left_out").await?;
            state.failed = false;
            let what = match extension {
                Some(named) => format!(
                    "the extension {} could not be made here, and what needs it fails",
                    named.split(" WITH SCHEMA ").next().unwrap_or(named)
                ),
                None => format!("a trigger could not be made and is left out (`{statement}`)"),
            };
            state.notes.push(format!("{what}: {}", source.message));
            0
        }
        Err(error) => return Err(error),
    };
    Ok(())
}
