//! Keeping others from the tables that a restore replaces: writers from before the backup of what is there, so that what
//! is replaced is what was saved, and readers only from the moment it is dropped.
//!
//! A transaction that reads a table meanwhile and then wants to write waits for us, as we wait for it when the readers
//! are to go: a deadlock, of which the server ends one side, whichever looks first after it began to wait
//! (<https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-DEADLOCKS>). One that began before we did has
//! looked already, so it would always be us. Such transactions are told to stop while our own wait keeps new ones from
//! taking their place: their programs get an error, and have written nothing. Had they gone on, they would have written
//! into the restored tables what they had read in the old ones.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::open::Beside;
use super::state::State;
use super::waiting::BUSY_WAIT_S;
use super::{fault, sql, tables};
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

/// Between two looks at who is in the way. The server looks at us after a second.
const LOOK: Duration = Duration::from_millis(250);

/// What the server calls two transactions that wait for each other.
const DEADLOCK: &str = "40P01";

/// Keeps others from writing any table until the transaction ends; they still read. What a restore replaces is then what
/// was saved before it. Tables the user could not write are left alone.
pub(super) async fn keep_writers_out(state: &mut State) -> Result<()> {
    let mut tables = writable(state).await?;
    let begun = Instant::now();
    loop {
        let is_short = begun.elapsed() < YIELDING;
        let wait_ms = match is_short {
            true => YIELD_MS,
            false => {
                BUSY_WAIT_S * 1_000 - milliseconds(begun.elapsed()).min(BUSY_WAIT_S * 1_000 - 1)
            }
        };
        // The tables before the one that is waited for are held already: their writers must not wait for ever.
        match attempt(state, &tables, "SHARE ROW EXCLUSIVE", wait_ms).await {
            Ok(()) => return Ok(()),
            Err(error) if is_wait(&error) && is_short => tokio::time::sleep(PAUSE).await,
            Err(error) if is_deadlock(&error) && begun.elapsed() < PATIENCE => {}
            Err(error) if is_wait(&error) || is_deadlock(&error) => return Err(busy()),
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
    let mut beside = Beside::of(state).open().await.ok();
    let us = state.backend.load(Ordering::SeqCst);
    let mut ended = BTreeSet::new();
    loop {
        let taken = {
            let attempt = attempt(state, tables, "ACCESS EXCLUSIVE", ATTEMPT_MS);
            tokio::pin!(attempt);
            loop {
                tokio::select! {
                    biased;
                    taken = &mut attempt => break taken,
                    () = tokio::time::sleep(LOOK) => {
                        ended.extend(end(beside.as_mut(), &in_the_way(us)).await);
                    }
                }
            }
        };
        match taken {
            Ok(()) => break,
            // At once where it is one that waits for this very table, which then is ended without a pause for others.
            Err(error) if is_deadlock(&error) => {
                let told = end(beside.as_mut(), &stuck(us, tables)).await;
                if told.is_empty() {
                    tokio::time::sleep(PAUSE).await;
                }
                ended.extend(told);
            }
            Err(error) if is_wait(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error),
        }
        if begun.elapsed() >= PATIENCE {
            return Err(busy());
        }
    }
    if !ended.is_empty() {
        state.notes.push(format!(
            "{} of other programs had read tables that are replaced, and waited for this restore, which waited for them: \
             ended with an error, they have written nothing",
            counted(ended.len(), "transaction")
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

/// Asks for those for whom a process waits while they wait for it. `pg_blocking_pids` stops the server's lock manager for
/// a moment, so it is asked of few.
fn in_the_way(us: i32) -> String {
    format!(
        "SELECT b.pid FROM (SELECT DISTINCT pg_catalog.unnest(pg_catalog.pg_blocking_pids({us})) AS pid) b \
         WHERE {us} = ANY (pg_catalog.pg_blocking_pids(b.pid))"
    )
}

/// Asks for those that wait for a process which waits for nobody, and hold what it wants: one of these tables.
fn stuck(us: i32, tables: &[String]) -> String {
    let tables: Vec<String> = tables
        .iter()
        .map(|table| format!("pg_catalog.to_regclass({})", sql::literal(table)))
        .collect();
    format!(
        "SELECT w.pid FROM (SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l WHERE NOT l.granted) w \
         WHERE {us} = ANY (pg_catalog.pg_blocking_pids(w.pid)) AND EXISTS (SELECT 1 FROM pg_catalog.pg_locks h \
            WHERE h.pid = w.pid AND h.granted AND h.relation IN ({}) AND h.database = \
                (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))",
        tables.join(", ")
    )
}

/// Ends the statements of those that are found, at the moment they are: one that has gone on must not be met at its next.
/// Those are told apart that this user may not end, of which a single one would be an error for all
/// (<https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL>).
fn ending(found: &str) -> String {
    format!(
        "SELECT f.pid, CASE WHEN u.rolsuper OR NOT r.rolsuper AND (pg_catalog.pg_has_role(r.oid, 'USAGE') \
                OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')) \
            THEN pg_catalog.pg_cancel_backend(f.pid) END \
         FROM ({found}) f CROSS JOIN LATERAL pg_catalog.pg_stat_get_activity(f.pid) a \
         LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid \
         JOIN pg_catalog.pg_roles u ON u.rolname = current_user"
    )
}

/// Ends the statements of those that are asked for, over another connection. Returns which it has told.
async fn end(beside: Option<&mut PgConnection>, asked: &str) -> Vec<i32> {
    let Some(beside) = beside else {
        return Vec::new();
    };
    let ending = AssertSqlSafe(ending(asked));
    let met = match sqlx::raw_sql(ending).fetch_all(&mut *beside).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::debug!("{}", fault::engine(&error).message);
            return Vec::new();
        }
    };
    let mut told = Vec::new();
    for row in met {
        match (row.try_get::<i32, _>(0), row.try_get::<Option<bool>, _>(1)) {
            (Ok(process), Ok(Some(true))) => told.push(process),
            // It is another user's: then it is waited for.
            (Ok(process), Ok(None)) => {
                tracing::warn!("process {process} is in the way and may not be ended");
            }
            _ => {}
        }
    }
    told
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
        hint: "stop what uses the database, or wait until it is done, and run this again; those of other roles who read, then wait to write, a restore ends only with `GRANT pg_signal_backend TO` its own"
            .to_owned(),
    }
}
