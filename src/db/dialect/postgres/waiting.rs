//! Waiting for what others have locked, with a limit, and telling whom was waited for.
//!
//! An ALTER TABLE that waits behind one long query makes every later query of that table wait behind it. So waits have a
//! limit where production is at work. Once a wait is over the server no longer knows who was in the way: it is asked
//! meanwhile, over the connection that holds the migration lock.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::{PgConnection, Row};

use super::fault;
use super::state::State;
use crate::db::patience::BUSY_WAIT_S;
use crate::db::{Error, Result};

/// The longest that is set, in seconds: the server counts milliseconds in 32 bits.
const LONGEST_S: u64 = 2_000_000;

/// How much of the limit passes between two looks at who is in the way: two of them fall into each wait.
const LOOKS_PER_LIMIT: f64 = 2.5;
/// The longest time between two looks, in seconds.
const LOOK_AT_LEAST_S: f64 = 4.0;

/// What a process waits for, and who is in its way. `pg_blocking_pids` is only asked when it waits: it stops the server's
/// lock manager for a moment. What others do is hidden from users without the right to see it; their process is not.
const LOOK: &str = "SELECT \
    (SELECT string_agg(DISTINCT format('`%s`', l.relation::pg_catalog.regclass), ', ') FROM pg_catalog.pg_locks l \
        WHERE l.pid = a.pid AND l.relation IS NOT NULL AND (NOT l.granted OR l.locktype = 'tuple')), \
    (SELECT string_agg(concat_ws(', ', 'process ' || b.pid, 'user ' || b.usename, nullif(b.application_name, ''), \
            b.state, 'its transaction is open for ' \
                || round(extract(epoch FROM clock_timestamp() - b.xact_start)) || ' s'), '; ' ORDER BY b.xact_start) \
        FROM pg_catalog.pg_stat_activity b WHERE b.pid = ANY (pg_catalog.pg_blocking_pids(a.pid))) \
    FROM pg_catalog.pg_stat_activity a WHERE a.wait_event_type = 'Lock' AND a.pid = ";

/// Who keeps tables of this database from everybody, and which.
const KEEPERS: &str = "SELECT string_agg(DISTINCT format('`%s`', l.relation::pg_catalog.regclass), ', '), \
    string_agg(DISTINCT concat_ws(', ', 'process ' || a.pid, 'user ' || a.usename, nullif(a.application_name, ''), \
        a.state, 'its transaction is open for ' || round(extract(epoch FROM clock_timestamp() - a.xact_start)) || ' s'), '; ') \
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'm', 'v') \
    JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
    WHERE l.granted AND l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_catalog.pg_backend_pid() \
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";

/// Sets the limit of the session.
pub(super) async fn limit(state: &mut State, limit_s: Option<u64>) -> Result<()> {
    let limit_s = limit_s.map(|seconds| seconds.clamp(1, LONGEST_S));
    if state.pins.is_none() {
        let milliseconds = limit_s.unwrap_or(0) * 1_000;
        state
            .run(&format!("SET lock_timeout = {milliseconds}"))
            .await?;
        state.lock_limit_s = limit_s;
    }
    Ok(())
}

/// Limits the waits of the open transaction to what others' work on the tables may take.
pub(super) fn limited(statement: &str) -> String {
    format!("SET LOCAL lock_timeout = '{BUSY_WAIT_S}s'; {statement}")
}

/// What became of a wait, where it was limited.
pub(super) fn told(error: Error, limit_s: Option<u64>) -> Error {
    match (error, limit_s) {
        (Error::Locked { .. }, Some(limit_s)) => Error::LockWait {
            limit_s,
            what: "a lock".to_owned(),
            holder: "another program".to_owned(),
        },
        (error, _) => error,
    }
}

/// Runs a statement; where its waits are limited, who is in its way is looked for meanwhile.
pub(super) async fn run(state: &mut State, text: &str) -> Result<u64> {
    let backend = state.backend.load(Ordering::SeqCst);
    let (Some(limit_s), Some(mut other)) = (state.lock_limit_s, state.lock.take()) else {
        return state.run(text).await;
    };
    let pause = (limit_s as f64 / LOOKS_PER_LIMIT).min(LOOK_AT_LEAST_S);
    let mut seen = None;
    let done = {
        let running = state.run(text);
        tokio::pin!(running);
        loop {
            tokio::select! {
                biased;
                done = &mut running => break done,
                () = tokio::time::sleep(Duration::from_secs_f64(pause)) => {
                    if let Some(now) = look(&mut other, backend).await {
                        seen = Some(now);
                    }
                }
            }
        }
    };
    state.lock = Some(other);
    done.map_err(|error| match (error, seen) {
        (Error::LockWait { limit_s, .. }, Some(seen)) => named(limit_s, Some(seen)),
        (error, _) => error,
    })
}

/// The error of a wait, with who was in the way.
pub(super) fn named(limit_s: u64, seen: Option<InTheWay>) -> Error {
    let (what, holder) = match seen {
        Some(InTheWay { what, holder }) => (what, holder),
        None => (None, "another program".to_owned()),
    };
    Error::LockWait {
        limit_s,
        what: match what {
            Some(table) => format!("a lock on {table}"),
            None => "a lock".to_owned(),
        },
        holder,
    }
}

/// Who keeps tables from everybody, once a wait is over: whoever waited has most likely waited for them.
pub(super) async fn keepers(state: &mut State) -> Result<Option<InTheWay>> {
    let row = state.texts(KEEPERS).await?.into_iter().next();
    Ok(row.and_then(|row| match <[_; 2]>::try_from(row) {
        Ok([what, Some(holder)]) => Some(InTheWay { what, holder }),
        _ => None,
    }))
}

/// Why a process waits.
pub(super) struct InTheWay {
    /// The tables that it waits for, in words.
    pub(super) what: Option<String>,
    /// Those it waits for, in words.
    pub(super) holder: String,
}

/// Who is in the way of a process; `None` where it waits for nobody, or it cannot be told.
pub(super) async fn look(connection: &mut PgConnection, backend: i32) -> Option<InTheWay> {
    let sql = sqlx::AssertSqlSafe(format!("{LOOK}{backend}"));
    let found = sqlx::raw_sql(sql).fetch_optional(connection).await;
    let row = found
        .inspect_err(|error| tracing::debug!("{}", fault::engine(error).message))
        .ok()??;
    Some(InTheWay {
        what: row.try_get::<Option<String>, _>(0).ok()?,
        holder: row.try_get::<Option<String>, _>(1).ok()??,
    })
}
