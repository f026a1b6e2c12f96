//! Keeping others from the tables that a restore replaces: writers from before the backup of what is there, so that what
//! is replaced is what was saved, and readers only from the moment it is dropped.
//!
//! A transaction that reads a table meanwhile and then wants to write waits for us, as we wait for it when the readers
//! are to go: a deadlock, of which the server ends one side, whichever looks first after it began to wait
//! (<https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-DEADLOCKS>). One that began before we did has
//! looked already, so it would always be us. Such transactions are told to stop while our own wait keeps new ones from
//! taking their place: their programs get an error, and have written nothing. Had they gone on, they would have written
//! into the restored tables what they had read in the old ones.

use std::time::{Duration, Instant};

use super::state::State;
use super::waiting::InTheWay;
use super::watch::Watch;
use super::{sql, tables};
use crate::db::patience::{self, BUSY_WAIT_S};
use crate::db::{Error, Result};
use crate::event::counted;

/// How long all attempts together may take.
const PATIENCE: Duration = Duration::from_secs(BUSY_WAIT_S);

/// How long attempts to keep writers out yield to them: those who wait for us and for whom we wait have gone on before the
/// server sees a deadlock, which it does after a second. Who never pauses for so long is waited for after that.
const YIELDING: Duration = Duration::from_secs(10);

/// How long such an attempt waits for one table, in milliseconds.
const YIELD_MS: u64 = 500;

/// How long one attempt to send readers away may wait for one table, in milliseconds: their later queries wait behind it.
const ATTEMPT_MS: u64 = 2_000;

/// How long those may go on that an attempt has kept waiting.
const PAUSE: Duration = Duration::from_millis(200);

/// What the server calls two transactions that wait for each other.
const DEADLOCK: &str = "40P01";

/// Keeps others from writing any table until the transaction ends; they still read. What a restore replaces is then what
/// was saved before it. Tables the user could not write are left alone.
pub(super) async fn keep_writers_out(state: &mut State) -> Result<()> {
    let mut tables = writable(state).await?;
    let begun = Instant::now();
    let mut watch = Watch::of(state, false);
    loop {
        let is_short = begun.elapsed() < YIELDING;
        let wait_ms = match is_short {
            true => YIELD_MS,
            false => {
                BUSY_WAIT_S * 1_000 - milliseconds(begun.elapsed()).min(BUSY_WAIT_S * 1_000 - 1)
            }
        };
        // The tables before the one that is waited for are held already: their writers must not wait for ever.
        let mode = "SHARE ROW EXCLUSIVE";
        match watch.over(attempt(state, &tables, mode, wait_ms)).await {
            Ok(()) => return Ok(()),
            Err(error) if is_wait(&error) && is_short => tokio::time::sleep(PAUSE).await,
            Err(error) if is_deadlock(&error) && begun.elapsed() < PATIENCE => {}
            Err(error) if is_wait(&error) || is_deadlock(&error) => return Err(busy(watch.seen)),
            Err(error) => return Err(error),
        }
        // They may write in another order than we lock. Those who are there go on now that nothing is held any more, and
        // others are met in their own order.
        tables.reverse();
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Keeps readers too from every table, right before they are dropped.
pub(super) async fn keep_everybody_out(state: &mut State) -> Result<()> {
    let tables = writable(state).await?;
    take_over(state, &tables).await
}

/// Keeps everybody from these tables, given with their schemas as they stand in SQL, until the transaction ends.
pub(super) async fn take_over(state: &mut State, tables: &[String]) -> Result<()> {
    if tables.is_empty() {
        return Ok(());
    }
    let begun = Instant::now();
    let mut watch = Watch::of(state, true);
    loop {
        let mode = "ACCESS EXCLUSIVE";
        match watch.over(attempt(state, tables, mode, ATTEMPT_MS)).await {
            Ok(()) => break,
            // At once where it is one that waits for this very table, which then is ended without a pause for others.
            Err(error) if is_deadlock(&error) => {
                if !watch.end_stuck(tables).await {
                    tokio::time::sleep(PAUSE).await;
                }
            }
            Err(error) if is_wait(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error),
        }
        if begun.elapsed() >= PATIENCE {
            return Err(busy(watch.seen));
        }
    }
    if !watch.ended.is_empty() {
        state.notes.push(format!(
            "{} of other programs had read tables that are replaced, and waited for this restore, which waited for them: \
             ended with an error, they have written nothing",
            counted(watch.ended.len(), "transaction")
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
        let undo = "ROLLBACK TO SAVEPOINT dbscript_locks; RELEASE SAVEPOINT dbscript_locks";
        state.run(undo).await?;
        state.failed = false;
    }
    locked
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

/// The error of a restore that has waited long enough, with those it saw last in its way.
fn busy(seen: Option<InTheWay>) -> Error {
    let last = seen.map_or(String::new(), |InTheWay { what, holder }| {
        let what = what.unwrap_or("them".to_owned());
        format!("; last in the way of {what}: {holder}")
    });
    patience::busy(
        &last,
        "; those of other roles who read, then wait to write, a restore ends only with `GRANT pg_signal_backend TO` its own",
    )
}
