//! The lock under which sqlx migrates a database: an advisory lock of the session, held by a connection of its own, so
//! that it goes with that connection, however the run ends.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection, Row};

use super::fault;
use super::open::Beside;
use super::state::State;
use super::worker::Worker;
use crate::db::{Error, Result};

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Takes it, waiting `wait_ms` at most. The wait is no order of the worker: who drops it ends it at once, with the
/// connection that waits, and finds the worker free.
pub(super) async fn take(worker: &Worker, wait_ms: u64) -> Result<()> {
    let asked = worker.call(|state| Box::pin(async move { needed(state) }));
    let Some(beside) = asked.await? else {
        return Ok(());
    };
    let mut connection = beside.open().await?;
    wait(&mut connection, wait_ms).await?;
    worker
        .call(move |state| {
            Box::pin(async move {
                state.lock = Some(connection);
                Ok(())
            })
        })
        .await
}

/// Where to open the connection that is to hold it, unless it is held already.
fn needed(state: &State) -> Result<Option<Beside>> {
    if state.lock.is_some() {
        return Ok(None);
    }
    if state.pins.is_some() {
        return Err(Error::Unsupported {
            message: "the migration lock belongs to a session, and a pooler gives none".to_owned(),
            hint: "give the database's own URL as DIRECT_URL where DATABASE_URL is set, or with `--database-url`".to_owned(),
        });
    }
    Ok(Some(Beside::of(state)))
}

/// Asks for it until this connection has it.
async fn wait(connection: &mut PgConnection, wait_ms: u64) -> Result<()> {
    let name: String = sqlx::raw_sql("SELECT pg_catalog.current_database()::text")
        .fetch_one(&mut *connection)
        .await
        .and_then(|row| row.try_get(0))
        .map_err(fault::statement)?;
    let sql = format!("SELECT pg_catalog.pg_try_advisory_lock({})", number(&name));
    let start = Instant::now();
    loop {
        let taken: bool = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone()))
            .fetch_one(&mut *connection)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(fault::statement)?;
        if taken {
            return Ok(());
        }
        if start.elapsed() >= Duration::from_millis(wait_ms) {
            let holder = holder(connection, number(&name)).await;
            return Err(Error::LockWait {
                limit_s: wait_ms.div_ceil(1_000),
                what: format!("the migration lock of `{name}`"),
                holder: format!("a migration or a restore that is at work{holder}"),
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Who holds the lock of this number, as far as it can be told.
async fn holder(connection: &mut PgConnection, number: i64) -> String {
    let sql = format!(
        "SELECT concat_ws(', ', 'process ' || l.pid, 'user ' || a.usename, nullif(a.application_name, ''))
         FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
           AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
           AND (l.classid::bigint << 32 | l.objid::bigint) = {number}"
    );
    let found = sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .fetch_optional(connection)
        .await;
    let row = found
        .inspect_err(|error| tracing::debug!("{}", fault::engine(error).message))
        .unwrap_or_default();
    let told = row.and_then(|row| row.try_get::<String, _>(0).ok());
    told.map_or_else(String::new, |told| format!(" ({told})"))
}

/// Gives it back by ending its connection.
pub(super) async fn give_back(state: &mut State) -> Result<()> {
    match state.lock.take() {
        Some(connection) => connection.close().await.map_err(fault::statement),
        None => Ok(()),
    }
}

/// sqlx's number for a database (`sqlx-postgres/src/migrate.rs`): `0x3d32ad9e * crc32_iso_hdlc(name)`.
fn number(database: &str) -> i64 {
    0x3d32_ad9e * i64::from(crc32(database.as_bytes()))
}

/// CRC-32/ISO-HDLC, bit by bit: names are short.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_sqlxs() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(number("123456789"), 0x3d32_ad9e * 0xcbf4_3926);
    }
}
