//! A whole restore. DDL commits by itself, so a database cannot be rebuilt in a transaction: it is rebuilt in one beside
//! it, which is put in its place when everything is in, by a single RENAME TABLE over all tables (atomic on both servers).
//! Until then nothing of the real database has changed.
//!
//! Views, triggers, routines and events cannot be renamed into another database; they are made again. What fails is
//! taken back; the old tables are dropped last.

use super::link::State;
use super::objects::{self, Made};
use super::{catalog, definer, quote, schema, surroundings, text};
use crate::db::{EngineError, Error, Result};

/// Stands in the name of every database that this program makes for itself.
const MARK: &str = "_dbscript_";

/// How long applications' open transactions may keep the tables, in seconds.
const BUSY_WAIT_S: u64 = 30;

/// A name for a database of ours beside this one.
pub(super) fn name_beside(database: &str) -> Result<String> {
    let mut random = [0; 6];
    getrandom::fill(&mut random).map_err(|error| Error::File {
        action: "read random bytes from",
        path: "the operating system".to_owned(),
        source: std::io::Error::other(error.to_string()),
    })?;
    // Names have at most 64 characters.
    let start: String = database.chars().take(40).collect();
    Ok(format!("{start}{MARK}{}", hex::encode(random)))
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
        Error::Denied { source } | Error::Statement { source } | Error::ReadOnly { source } => {
            Error::NoScratch {
                place: place.to_owned(),
                source,
            }
        }
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

/// Tables that change places, and what hangs on them.
struct Swap {
    here: String,
    /// Where the new ones are.
    new: String,
    /// Where the old ones go.
    old: String,
    new_tables: Vec<String>,
    old_tables: Vec<String>,
    /// SQL of the objects to be, and of those that were.
    new_objects: Vec<String>,
    old_objects: Vec<String>,
    moved: bool,
}

/// Puts the database beside in the real one's place.
///
/// # Errors
/// Whatever stopped it; then everything was taken back, or `state.wreck` says what was not.
pub(super) async fn finish(state: &mut State) -> Result<()> {
    let Some(new) = state.beside.clone() else {
        return Ok(());
    };
    let mut swap = prepare(state, new).await?;
    let result = swap.put_in_place(state).await;
    if let Err(error) = result {
        if let Err(refused) = swap.take_back(state).await {
            state.wreck = Some(format!(
                "the tables as they were are in the database `{}` on the same server: {refused}",
                swap.old
            ));
        } else {
            drop_database(state, &swap.old).await;
        }
        return Err(error);
    }
    drop_database(state, &swap.old).await;
    drop_database(state, &swap.new).await;
    state.beside = None;
    state.events.clear();
    Ok(())
}

async fn prepare(state: &mut State, new: String) -> Result<Swap> {
    let here = state.server.database.clone();
    let mut new_made = objects::read(state).await?;
    let events = std::mem::take(&mut state.events);
    let made_events = new_made.iter_mut().filter(|made| made.kind == "event");
    for (made, statement) in made_events.zip(events) {
        made.owned = statement;
    }
    let mut new_objects = defaults_from_sequences(state).await?;
    new_objects.extend(surroundings::around(surroundings::statements(&new_made)));
    let new_tables = names(state).await?;
    // A table with triggers cannot be moved.
    drop_triggers(state, &new_made).await?;
    state.run(&format!("USE {}", quote(&here))).await?;
    let old_tables = names(state).await?;
    let old_objects = surroundings::around(surroundings::statements(&objects::read(state).await?));
    let old = name_beside(&here)?;
    create_like_current(&mut state.connection, &old).await?;
    Ok(Swap {
        here,
        new,
        old,
        new_tables,
        old_tables,
        new_objects,
        old_objects,
        moved: false,
    })
}

async fn names(state: &mut State) -> Result<Vec<String>> {
    let listed = catalog::listed(state).await?;
    Ok(listed.into_iter().map(|listed| listed.name).collect())
}

async fn drop_triggers(state: &mut State, made: &[Made]) -> Result<()> {
    for trigger in made.iter().filter(|made| made.kind == "trigger") {
        state
            .run(&format!("DROP TRIGGER {}", quote(&trigger.name)))
            .await?;
    }
    Ok(())
}

/// A default that draws from a sequence keeps the one it was made with, in a database that goes away.
async fn defaults_from_sequences(state: &mut State) -> Result<Vec<String>> {
    let mut statements = Vec::new();
    for table in catalog::read(state).await?.tables {
        for column in table.columns {
            let Some(default) = column.default else {
                continue;
            };
            if default.to_lowercase().starts_with("nextval(") {
                statements.push(format!(
                    "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT ({default})",
                    quote(&table.name.name),
                    quote(&column.name)
                ));
            }
        }
    }
    Ok(statements)
}

impl Swap {
    async fn put_in_place(&mut self, state: &mut State) -> Result<()> {
        schema::drop_objects(state).await?;
        let wait = format!("SET SESSION lock_wait_timeout = {BUSY_WAIT_S}");
        state.run(&wait).await?;
        let mut moves = moves(&self.old_tables, &self.here, &self.old);
        moves.extend(moves_between(&self.new_tables, &self.new, &self.here));
        rename(state, &moves).await?;
        self.moved = true;
        for statement in &self.new_objects {
            definer::make(state, statement).await?;
        }
        Ok(())
    }

    /// Makes everything as it was.
    async fn take_back(&mut self, state: &mut State) -> Result<()> {
        schema::drop_objects(state).await?;
        if self.moved {
            let mut moves = moves(&self.new_tables, &self.here, &self.new);
            moves.extend(moves_between(&self.old_tables, &self.old, &self.here));
            rename(state, &moves).await?;
        }
        for statement in &self.old_objects {
            text::surely(&mut state.connection, statement).await?;
        }
        Ok(())
    }
}

fn moves(tables: &[String], from: &str, to: &str) -> Vec<String> {
    moves_between(tables, from, to).collect()
}

fn moves_between<'a>(
    tables: &'a [String],
    from: &'a str,
    to: &'a str,
) -> impl Iterator<Item = String> + 'a {
    tables.iter().map(move |table| {
        let table = quote(table);
        format!("{}.{table} TO {}.{table}", quote(from), quote(to))
    })
}

async fn rename(state: &mut State, moves: &[String]) -> Result<()> {
    if moves.is_empty() {
        return Ok(());
    }
    let sql = format!("RENAME TABLE {}", moves.join(", "));
    match text::surely(&mut state.connection, &sql).await {
        Ok(_) => Ok(()),
        Err(Error::Locked { .. }) => Err(Error::Statement {
            source: EngineError {
                code: "HY000".to_owned(),
                message: format!(
                    "another program's transactions have kept the tables for {BUSY_WAIT_S} seconds"
                ),
            },
        }),
        Err(error) => Err(error),
    }
}

/// The restore stands whether or not this succeeds.
async fn drop_database(state: &mut State, name: &str) {
    let sql = format!("DROP DATABASE IF EXISTS {}", quote(name));
    if let Err(error) = text::surely(&mut state.connection, &sql).await {
        tracing::warn!("`{name}` is left behind: {error}");
    }
}
