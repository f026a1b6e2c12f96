//! A whole restore. DDL commits by itself, so a database cannot be rebuilt in a transaction: it is rebuilt in one beside
//! it, which is put in its place when everything is in. Until then nothing of the real database has changed.

use super::link::State;
use super::{catalog, definer, journal, quote, text};
use crate::db::{Error, Result};

/// Stands in the name of every database that this program makes for itself.
const MARK: &str = "_dbscript_";

/// Stands behind it in the name of one that keeps what was replaced.
const WAS: &str = "was_";

/// A name for a database of ours beside this one.
pub(super) fn name_beside(database: &str) -> Result<String> {
    let mut random = [0; 6];
    getrandom::fill(&mut random).map_err(|error| Error::File {
        action: "read random bytes from",
        path: "the operating system".to_owned(),
        source: std::io::Error::other(error.to_string()),
    })?;
    Ok(format!("{}{}", beginning(database), hex::encode(random)))
}

/// A name for the database that the tables go to which a restore replaces.
pub(super) fn name_for_old(database: &str) -> Result<String> {
    let name = name_beside(database)?;
    let start = beginning(database);
    Ok(format!("{start}{WAS}{}", &name[start.len()..]))
}

/// How the names of databases of ours beside this one begin. Names have at most 64 characters.
fn beginning(database: &str) -> String {
    let start: String = database.chars().take(38).collect();
    format!("{start}{MARK}")
}

/// The databases of ours beside this one, of this run or another.
pub(super) async fn beside(state: &mut State) -> Result<Vec<String>> {
    let sql = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY 1";
    let start = beginning(&state.server.database);
    let rows = text::rows(&mut state.connection, sql).await?;
    let names = rows.iter().map(|row| catalog::cell(row, 0));
    Ok(names.filter(|name| name.starts_with(&start)).collect())
}

/// What is left beside this database of runs that were cut off, for people.
pub(super) async fn leftovers(state: &mut State) -> Result<Vec<String>> {
    if journal::is_at_work(state).await? {
        return Ok(Vec::new());
    }
    let unfinished = journal::unfinished(state).await?;
    let mut told: Vec<String> = unfinished
        .iter()
        .map(|name| {
            format!(
                "a restore was cut off while it put its tables in place: views, triggers, routines or events may be missing \
                 (the journal is in `{name}`); the next `dbscript run restore` ends it first"
            )
        })
        .collect();
    for name in beside(state).await? {
        if !unfinished.contains(&name) {
            told.push(format!(
                "the database `{name}`: unless a run is going on now, it was left by one that was cut off, or keeps what others \
                 wrote during a restore; look, then DROP DATABASE `{name}`"
            ));
        }
    }
    Ok(told)
}

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
    let name = name_beside(&state.server.database)?;
    state.wanted()?;
    let created = create_like_current(&mut state.connection, &name).await;
    created.map_err(|error| no_scratch(&state.place, error))?;
    state.beside = Some(name.clone());
    state.run(&format!("USE {}", quote(&name))).await?;
    Ok(())
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
pub(super) async fn abandon(state: &mut State) {
    state.events.clear();
    let Some(beside) = state.beside.take() else {
        return;
    };
    for sql in [
        format!("USE {}", quote(&state.server.database)),
        format!("DROP DATABASE IF EXISTS {}", quote(&beside)),
    ] {
        if let Err(error) = text::surely(&mut state.connection, &sql).await {
            tracing::warn!("`{beside}` may be left behind: {error}");
        }
    }
}

/// A statement as it is run in a database of ours: events rest there.
pub(super) fn adapted(state: &mut State, statement: &str) -> String {
    let ours = state.beside.is_some() || state.server.database.contains(MARK);
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
