//! A whole restore. DDL commits by itself, so a database cannot be rebuilt in a transaction: it is rebuilt in one beside
//! it, which is put in its place when everything is in. Until then nothing of the real database has changed.

use super::link::State;
use super::{beside, catalog, definer, quote, text};
use crate::db::{Error, Result};

/// The SQL that creates it, with the defaults of the current database.
pub(super) async fn create_like_current(
    connection: &mut sqlx::mysql::MySqlConnection,
    name: &str,
) -> Result<()> {
    let sql = "SELECT @@character_set_database, @@collation_database";
    let row = text::row(connection, sql).await?;
    let create = format!(
        "CREATE DATABASE {} CHARACTER SET {} COLLATE {}",
        quote(name),
        catalog::cell(&row, 0),
        catalog::cell(&row, 1)
    );
    text::run(connection, &create).await.map(|_| ())
}

/// From here on the session works in a new, empty database beside the real one.
pub(super) async fn start(state: &mut State) -> Result<()> {
    let name = beside::new_name(&state.server.database)?;
    state.wanted()?;
    let created = create_like_current(&mut state.connection, &name).await;
    created.map_err(|error| no_room(&state.place, error))?;
    state.beside = Some(name.clone());
    state.run(&format!("USE {}", quote(&name))).await?;
    Ok(())
}

/// The error of a restore that cannot build beside the real database: it knows no way round that.
fn no_room(place: &str, error: Error) -> Error {
    let (source, hint) = match error {
        Error::ReadOnly { source } => (
            source,
            "the server takes no writes (`read_only`): name the one that does, or restore once it takes them",
        ),
        Error::Denied { source } | Error::NotGranted { source } => (
            source,
            "give the user the right to create databases: `GRANT ALL ON `app\\_dbscript\\_%`.* TO …`",
        ),
        other => return other,
    };
    Error::Unsupported {
        message: format!("cannot build the restored database beside `{place}`: {source}"),
        hint: hint.to_owned(),
    }
}

/// The same error, saying what for the right is needed.
pub(super) fn no_scratch(place: &str, error: Error) -> Error {
    match error {
        Error::Denied { source }
        | Error::NotGranted { source }
        | Error::Statement { source }
        | Error::ReadOnly { source } => Error::NoScratch {
            place: place.to_owned(),
            source,
        },
        other => other,
    }
}

/// Goes back to the real database and drops the one beside it, if there is one.
///
/// # Errors
/// It may be left behind.
pub(super) async fn abandon(state: &mut State) -> Result<()> {
    state.events.clear();
    let Some(beside) = state.beside.take() else {
        return Ok(());
    };
    let mut left = None;
    for sql in [
        format!("USE {}", quote(&state.server.database)),
        format!("DROP DATABASE IF EXISTS {}", quote(&beside)),
    ] {
        if let Err(error) = text::surely(&mut state.connection, &sql).await {
            left = Some(error);
        }
    }
    let Some(error) = left else {
        return Ok(());
    };
    tracing::warn!("`{beside}` may be left behind: {error}");
    Err(Error::Unsupported {
        message: format!(
            "the database is as it was, but the unfinished copy `{beside}` may still be on the server; the next restore removes it"
        ),
        hint: "see `dbscript status`".to_owned(),
    })
}

/// A statement as it is run in a database of ours: events rest there.
pub(super) fn adapted(state: &mut State, statement: &str) -> String {
    let ours = state.beside.is_some() || beside::is_ours(&state.server.database);
    if !ours || !definer::without(statement).starts_with("CREATE EVENT ") {
        return statement.to_owned();
    }
    state.events.push(statement.to_owned());
    statement.replacen(" ENABLE", " DISABLE", 1)
}

/// The restore stands whether or not this succeeds.
pub(super) async fn drop_database(state: &mut State, name: &str) {
    let sql = format!("DROP DATABASE IF EXISTS {}", quote(name));
    if let Err(error) = text::surely(&mut state.connection, &sql).await {
        tracing::warn!("`{name}` is left behind: {error}");
    }
}
