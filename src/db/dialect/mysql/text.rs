//! Statements over the text protocol: everything comes as text, as the server itself writes it.

use futures_util::TryStreamExt;
use sqlx::mysql::{MySql, MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Decode, Row};

use super::fault;
use crate::db::{Error, Result};

/// How our reads of others' tables begin. Where a table has one lock for all (MyISAM, Aria, MEMORY), a plain SELECT queues
/// behind a writer that waits, and a writer may wait for the very lock under which this reads; this one goes first
/// (<https://dev.mysql.com/doc/refman/8.4/en/select.html>).
pub(super) const READ: &str = "SELECT HIGH_PRIORITY";

/// A row of texts; `None` is NULL.
pub(super) type Texts = Vec<Option<String>>;

/// Runs a statement; returns how many rows it changed.
pub(super) async fn run(connection: &mut MySqlConnection, sql: &str) -> Result<u64> {
    attempt(connection, sql)
        .await
        .map_err(|error| fault::statement(&error))
}

/// Runs a statement whose error is to be looked at.
pub(super) async fn attempt(connection: &mut MySqlConnection, sql: &str) -> sqlx::Result<u64> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
}

/// Runs a statement that must be run even where the one before it was stopped: a word to stop that came late is ignored.
pub(super) async fn surely(connection: &mut MySqlConnection, sql: &str) -> Result<u64> {
    match attempt(connection, sql).await {
        Err(error) if fault::number(&error) == Some(fault::INTERRUPTED) => {
            run(connection, sql).await
        }
        done => done.map_err(|error| fault::statement(&error)),
    }
}

/// How often a statement that others' locks made a circle with is run in all.
const ATTEMPTS: usize = 5;

/// The SQLSTATE of a deadlock.
pub(super) const DEADLOCK: &str = "40001";

/// Runs a statement that takes the locks of several tables, and does all or nothing. One that met others who have some of
/// these and wait for the rest is chosen to give way; that lets them go on, and so it is run again.
pub(super) async fn giving_way(connection: &mut MySqlConnection, sql: &str) -> Result<u64> {
    for _ in 1..ATTEMPTS {
        match surely(connection, sql).await {
            Err(Error::Statement { source }) if source.code == DEADLOCK => {}
            done => return done,
        }
    }
    surely(connection, sql).await
}

/// The rows of a small query of ours.
pub(super) async fn rows(connection: &mut MySqlConnection, sql: &str) -> Result<Vec<Texts>> {
    let mut stream = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch(connection);
    let mut found = Vec::new();
    while let Some(row) = stream
        .try_next()
        .await
        .map_err(|error| fault::statement(&error))?
    {
        let texts = (0..row.len())
            .map(|index| {
                bytes(&row, index).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            })
            .collect();
        found.push(texts);
    }
    Ok(found)
}

/// The one row of a small query of ours; empty where there is none.
pub(super) async fn row(connection: &mut MySqlConnection, sql: &str) -> Result<Texts> {
    Ok(rows(connection, sql)
        .await?
        .into_iter()
        .next()
        .unwrap_or_default())
}

/// The one value of a small query of ours.
pub(super) async fn value(connection: &mut MySqlConnection, sql: &str) -> Result<Option<String>> {
    Ok(row(connection, sql).await?.into_iter().next().flatten())
}

/// The bytes of a value as they came; `None` is NULL.
pub(super) fn bytes(row: &MySqlRow, index: usize) -> Option<&[u8]> {
    let value = row.try_get_raw(index).ok()?;
    // The driver takes zero dates for NULL when it is asked whether a value is NULL, but not when it is asked for bytes.
    <&[u8] as Decode<MySql>>::decode(value).ok()
}

/// A text as a literal that means the same in every `sql_mode`.
pub(super) fn literal(text: &str) -> String {
    format!("_utf8mb4 x'{}'", hex::encode(text))
}
