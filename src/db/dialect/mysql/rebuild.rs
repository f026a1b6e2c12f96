//! A whole restore. DDL commits by itself, so a database cannot be rebuilt in a transaction: it is rebuilt in one beside
//! it, which is put in its place when everything is in. Until then nothing of the real database has changed.

use super::link::State;
use super::{account, beside, catalog, definer, quote, text, views};
use crate::db::dialect::Beside;
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
    if let Err(error) = created {
        let grant = account::grant(&mut state.connection, &state.server.database).await;
        return Err(no_room(&state.place, error, &grant));
    }
    state.beside = Some(name.clone());
    state.run(&format!("USE {}", quote(&name))).await?;
    Ok(())
}

/// The error of a restore that cannot build beside the real database: it knows no way round that.
fn no_room(place: &str, error: Error, grant: &str) -> Error {
    let (source, hint) = match error {
        Error::ReadOnly { source } => (
            source,
            "the server takes no writes (`read_only`): name the one that does, or restore once it takes them".to_owned(),
        ),
        Error::Denied { source } | Error::NotGranted { source } => (
            source,
            give(grant),
        ),
        other => return other,
    };
    Error::Unsupported {
        message: format!("cannot build the restored database beside `{place}`: {source}"),
        hint,
    }
}

fn give(grant: &str) -> String {
    format!("let the user make databases beside this one: {grant}")
}

/// Refuses what would be built beside this database, where its user has no right at all to what would be made, or to what
/// views of a copy would read. To ask for
/// what is not there makes nothing, and rights are looked at first.
pub(super) async fn refuse_beside(state: &mut State, what: Beside) -> Result<()> {
    let database = &state.server.database;
    let name = match what {
        Beside::Restore => beside::new_name(database)?,
        Beside::Scratch => beside::scratch_name(database)?,
    };
    let show = format!("SHOW CREATE DATABASE {}", quote(&name));
    match text::row(&mut state.connection, &show).await {
        Err(error @ (Error::Denied { .. } | Error::NotGranted { .. })) => {
            let grant = account::grant(&mut state.connection, &state.server.database).await;
            Err(match what {
                Beside::Restore => no_room(&state.place, error, &grant),
                Beside::Scratch => no_scratch(&state.place, error, grant),
            })
        }
        _ if what == Beside::Scratch => views::refuse_closed_here(state).await,
        _ => Ok(()),
    }
}

/// The same error, saying what for the right is needed.
pub(super) fn no_scratch(place: &str, error: Error, grant: String) -> Error {
    match error {
        Error::Denied { source }
        | Error::NotGranted { source }
        | Error::Statement { source }
        | Error::ReadOnly { source } => Error::NoScratch {
            place: place.to_owned(),
            source,
            hint: give(&grant),
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
    state.keeps.clear();
    state.left_out.clear();
    state.views.clear();
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

/// Whether the session works in a database of ours.
pub(super) fn is_in_ours(state: &State) -> bool {
    state.beside.is_some() || beside::is_ours(&state.server.database)
}

/// A statement as it is run in a database of ours: events rest there.
pub(super) fn adapted(state: &mut State, statement: &str) -> String {
    if !is_in_ours(state) || !definer::without(statement).starts_with("CREATE EVENT ") {
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
