//! Keeping others from the tables that a restore replaces: writers from before the backup of what is there, so that what
//! is replaced is what was saved, and readers only from the moment it is dropped.
//!
//! A transaction that reads a table meanwhile and then wants to write waits for us, as we wait for it when the readers
//! are to go. The server ends one of the two, whichever looks first
//! (<https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-DEADLOCKS>). Nothing is dropped yet: where it
//! is our wait, we let go of what it had got and wait again, so that the other one's look comes. One that began to wait
//! long before we did looks no more, and is told to stop. Either way its program gets an error and none of its
//! transaction stays; had it gone on, it would have written into the restored tables what it had read in the old ones.

use std::time::{Duration, Instant};

use super::state::State;
use super::waiting::BUSY_WAIT_S;
use super::{sql, tables};
use crate::db::{Error, Result};
use crate::event::counted;

/// How long all attempts together may take.
const PATIENCE: Duration = Duration::from_secs(BUSY_WAIT_S);

/// How long one attempt to send readers away may wait for one table, in milliseconds: their later queries wait behind it.
/// Longer than the server's own time to look for a deadlock, a second.
const ATTEMPT_MS: u64 = 2_000;

/// How long those may go on that an attempt has kept waiting.
const PAUSE: Duration = Duration::from_millis(200);

/// What the server calls two transactions that wait for each other.
const DEADLOCK: &str = "40P01";

/// Processes that wait for a table that we hold, while they hold one themselves: `pg_blocking_pids` stops the server's
/// lock manager for a moment, so it is asked for these alone.
const STUCK: &str = "SELECT w.pid::text FROM (SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l \
        WHERE NOT l.granted AND l.locktype = 'relation' AND l.database = \
            (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())) w \
    WHERE pg_catalog.pg_backend_pid() = ANY (pg_catalog.pg_blocking_pids(w.pid)) \
        AND EXISTS (SELECT 1 FROM pg_catalog.pg_locks h WHERE h.pid = w.pid AND h.granted AND h.locktype = 'relation' \
            AND h.relation >= 16384) ORDER BY 1";

/// Keeps others from writing any table until the transaction ends; they still read. What a restore replaces is then what
/// was saved before it. Tables the user could not write are left alone.
pub(super) async fn keep_writers_out(state: &mut State) -> Result<()> {
    let tables = writable(state).await?;
    let begun = Instant::now();
    loop {
        // The tables before the one that is waited for are held already: their writers must not wait for ever.
        match attempt(state, &tables, "SHARE ROW EXCLUSIVE", BUSY_WAIT_S * 1_000).await {
            Ok(()) => return Ok(()),
            Err(error) if is_wait(&error) => return Err(busy()),
            // They wrote in another order than we lock. They go on now that nothing is held any more.
            Err(error) if is_deadlock(&error) && begun.elapsed() < PATIENCE => {}
            Err(error) if is_deadlock(&error) => return Err(busy()),
            Err(error) => return Err(error),
        }
    }
}

/// Keeps readers too from every table, right before they are dropped.
pub(super) async fn keep_everybody_out(state: &mut State) -> Result<()> {
    let tables = writable(state).await?;
    take_over(state, &tables).await
}

/// Keeps everybody from these tables, given as they stand in SQL, until the transaction ends.
pub(super) async fn take_over(state: &mut State, tables: &[String]) -> Result<()> {
    let begun = Instant::now();
    let mut deadlocks = 0;
    let mut ended = 0;
    loop {
        let error = match attempt(state, tables, "ACCESS EXCLUSIVE", ATTEMPT_MS).await {
            Ok(()) => break,
            Err(error) => error,
        };
        if is_deadlock(&error) {
            deadlocks += 1;
            if deadlocks > 1 {
                ended += end_stuck(state).await?;
            }
        } else if is_wait(&error) {
            tokio::time::sleep(PAUSE).await;
        } else {
            return Err(error);
        }
        if begun.elapsed() >= PATIENCE {
            return Err(busy());
        }
    }
    if ended > 0 {
        state.notes.push(format!(
            "{} of other programs had read tables that are replaced and waited to write: they were ended and have \
             written nothing, and their programs were given an error",
            counted(ended, "transaction")
        ));
    }
    Ok(())
}

/// Locks the tables in their order; what it has got when it fails is free again. Afterwards no statement of the
/// transaction waits longer than others' work may take.
async fn attempt(state: &mut State, tables: &[String], mode: &str, wait_ms: u64) -> Result<()> {
    if tables.is_empty() {
        return Ok(());
    }
    let lock = format!(
        "SAVEPOINT dbscript_locks; SET LOCAL lock_timeout = {wait_ms}; LOCK TABLE {} IN {mode} MODE; \
         RELEASE SAVEPOINT dbscript_locks; SET LOCAL lock_timeout = '{BUSY_WAIT_S}s'",
        tables.join(", ")
    );
    let locked = state.run(&lock).await.map(drop);
    if locked.is_err() && !state.broken {
        undo(state, "dbscript_locks").await?;
    }
    locked
}

async fn undo(state: &mut State, savepoint: &str) -> Result<()> {
    let undo = format!("ROLLBACK TO SAVEPOINT {savepoint}; RELEASE SAVEPOINT {savepoint}");
    state.run(&undo).await?;
    state.failed = false;
    Ok(())
}

/// Ends the statements of those that wait for us and are in our way. Returns how many.
async fn end_stuck(state: &mut State) -> Result<u64> {
    let mut ended = 0;
    for process in state.texts(STUCK).await?.into_iter().flatten().flatten() {
        state.run("SAVEPOINT dbscript_stuck").await?;
        let end = format!("SELECT pg_catalog.pg_cancel_backend({process})::text");
        match state.texts(&end).await {
            Ok(told) => {
                let is_told =
                    told.into_iter().flatten().flatten().next().as_deref() == Some("true");
                ended += u64::from(is_told);
                state.run("RELEASE SAVEPOINT dbscript_stuck").await?;
            }
            Err(error) if state.broken => return Err(error),
            Err(error) => {
                // It is another user's: then it is waited for.
                tracing::warn!("process {process} is in the way and may not be ended: {error}");
                undo(state, "dbscript_stuck").await?;
            }
        }
    }
    Ok(ended)
}

/// Every table that this user could write, as it stands in SQL.
async fn writable(state: &mut State) -> Result<Vec<String>> {
    let rows = state.texts(tables::WRITABLE).await?.into_iter();
    let names = rows.filter_map(|row| match &row[..] {
        [Some(schema), Some(name)] => Some(format!("{}.{}", sql::name(schema), sql::name(name))),
        _ => None,
    });
    Ok(names.collect())
}

/// The error of a statement that met a transaction which waits for it, with a way out.
pub(super) fn deadlocked(error: Error) -> Error {
    match error {
        error if is_deadlock(&error) => Error::Unsupported {
            message: "a transaction of another program and this one waited for each other, and the server ended this one"
                .to_owned(),
            hint: "run this again; if it happens again, stop what uses the database meanwhile".to_owned(),
        },
        error => error,
    }
}

fn is_deadlock(error: &Error) -> bool {
    matches!(error, Error::Statement { source } if source.code == DEADLOCK)
}

fn is_wait(error: &Error) -> bool {
    matches!(error, Error::Locked { .. } | Error::LockWait { .. })
}

fn busy() -> Error {
    Error::Unsupported {
        message: format!(
            "other programs' transactions have kept the tables for {BUSY_WAIT_S} seconds, and nothing was changed"
        ),
        hint: "stop what uses the database, or wait until it is done, and run this again"
            .to_owned(),
    }
}
