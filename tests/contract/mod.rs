//! What every database fulfils, written once and held on each: adding a database is adding a column to
//! `on_every_database!`. Each contract gets an empty database of its own.

mod access;
mod cancelling;
mod catalog;
mod connections;
mod cursors;
mod histories;
mod implicit_commits;
mod lines;
mod mysql;
mod postgres;
mod postgres_broken;
mod postgres_copies;
mod postgres_counters;
mod postgres_locks;
mod postgres_naming;
mod postgres_pooler;
mod postgres_restores;
mod postgres_schema;
mod postgres_urls;
mod snapshots;
mod statements;
mod transactions;

use dbscript::db::Session;
use dbscript::value::Value;

/// Every row of a query.
async fn rows(session: &mut Session, sql: &str) -> Vec<Vec<Value>> {
    session
        .query(sql, &[], 100_000)
        .await
        .unwrap_or_else(|error| panic!("{error} in: {sql}"))
        .rows
}

/// The one number a query gives.
async fn number(session: &mut Session, sql: &str) -> i64 {
    match rows(session, sql).await.as_slice() {
        [row] if row.len() == 1 => match row[0] {
            Value::Int(number) => number,
            ref other => panic!("{other:?} from: {sql}"),
        },
        other => panic!("{other:?} from: {sql}"),
    }
}

/// Runs a statement that must succeed and returns how many rows it changed.
async fn run(session: &mut Session, sql: &str) -> u64 {
    session
        .execute(sql, &[])
        .await
        .unwrap_or_else(|error| panic!("{error} in: {sql}"))
}
