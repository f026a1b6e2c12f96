//! Readers of one moment.
//!
//! The tables are locked ACCESS SHARE before the moment is fixed: without that a TRUNCATE in between lets the old snapshot
//! read no rows. Workers take their locks NOWAIT: behind a queued ALTER they would wait for ever, unseen by the server,
//! for a lock that their own leader keeps from being given.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::state::State;
use super::waiting;
use super::worker::Worker;
use super::{catalog, lines, open, schema, sql, tables};
use crate::db::catalog::{Catalog, Column, DatabaseInfo, SchemaSql, Table};
use crate::db::dialect::{Chunk, Reader, Snapshot};
use crate::db::patience::BUSY_WAIT_S;
use crate::db::server::Server;
use crate::db::{Access, Error, Result};

/// How often the moment is sought again when tables come or go while they are being locked.
const ATTEMPTS: usize = 5;

/// How long a worker may wait: a pooler without a session to lend lets it wait for ever.
const FOLLOW_WAIT: Duration = Duration::from_secs(15);

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// What the leader saw.
struct Seen {
    info: DatabaseInfo,
    catalog: Catalog,
    schema: SchemaSql,
    /// The snapshot's name, for workers.
    exported: Option<String>,
    /// The statement that locks what it locked.
    locks: Option<String>,
}

/// Opens them.
pub(super) async fn open(place: &str, server: &Server, readers: usize) -> Result<Snapshot> {
    let leader = reader(place, server).await?;
    let export = readers > 1;
    let Seen {
        info,
        catalog,
        schema,
        exported,
        locks,
    } = leader
        .call(move |state| Box::pin(async move { lead(state, export).await }))
        .await?;
    let mut workers = vec![leader];
    if let Some(exported) = exported {
        for _ in 1..readers.min(catalog.tables.len().max(1)) {
            // A place on the server, or a lock, that cannot be had makes it slower, not wrong.
            let following = follow(place, server, &exported, locks.clone());
            let Ok(followed) = tokio::time::timeout(FOLLOW_WAIT, following).await else {
                break;
            };
            match followed {
                Ok(worker) => workers.push(worker),
                Err(Error::Connect { .. } | Error::Locked { .. } | Error::Statement { .. }) => {
                    break;
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(Snapshot {
        info,
        catalog,
        schema,
        readers: workers
            .into_iter()
            .map(|worker| Box::new(PostgresReader { worker }) as Box<dyn Reader>)
            .collect(),
        unmakeable: Vec::new(),
        warnings: Vec::new(),
    })
}

async fn reader(place: &str, server: &Server) -> Result<Worker> {
    open::worker(place, server, Access::default(), open::Use::Reader).await
}

/// Locks the tables, fixes the moment, and reads what the database consists of.
async fn lead(state: &mut State, export: bool) -> Result<Seen> {
    let mut attempt = 1;
    let locks = loop {
        match fix(state).await {
            Ok(Some(locks)) => break locks,
            // Tables came or went between the question and the locks.
            Ok(None) if attempt < ATTEMPTS => {}
            Ok(None) => {
                return Err(Error::Locked {
                    what: "the schema of the database".to_owned(),
                });
            }
            Err(Error::Statement { source }) if source.code == "42P01" && attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
        attempt += 1;
        state.run("ROLLBACK").await?;
        state.in_transaction = false;
        state.failed = false;
    };
    let exported = match export {
        true => {
            let rows = state
                .texts("SELECT pg_catalog.pg_export_snapshot()")
                .await?;
            rows.into_iter().flatten().flatten().next()
        }
        false => None,
    };
    Ok(Seen {
        info: catalog::info(state).await?,
        catalog: catalog::read(state).await?,
        schema: schema::sql(state).await?,
        exported,
        locks: (!locks.is_empty()).then(|| statement(&locks)),
    })
}

/// Begins, locks every table and takes the snapshot; `None` where it shows other tables than were locked.
async fn fix(state: &mut State) -> Result<Option<Vec<String>>> {
    let wanted = names(state).await?;
    state.begin(BEGIN).await?;
    state.in_transaction = true;
    if !wanted.is_empty() {
        // An ALTER that waits lets nobody pass; what is held already must not keep others out for ever either.
        match state.run(&waiting::limited(&statement(&wanted))).await {
            Err(Error::Locked { .. }) => {
                return Err(Error::LockWait {
                    limit_s: BUSY_WAIT_S,
                    what: "the tables that are to be read".to_owned(),
                    holder: "another program that alters or locks one".to_owned(),
                });
            }
            locked => locked?,
        };
    }
    state.know_backend().await?;
    let seen = names(state).await?;
    Ok((seen == wanted).then_some(wanted))
}

fn statement(tables: &[String]) -> String {
    format!("LOCK TABLE {} IN ACCESS SHARE MODE", tables.join(", "))
}

/// Every table that holds rows, quoted.
async fn names(state: &mut State) -> Result<Vec<String>> {
    let rows = state.texts(tables::LOCKABLE).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| match &row[..] {
            [Some(schema), Some(name)] => {
                Some(format!("{}.{}", sql::name(schema), sql::name(name)))
            }
            _ => None,
        })
        .collect())
}

/// A worker at the leader's moment.
async fn follow(
    place: &str,
    server: &Server,
    exported: &str,
    locks: Option<String>,
) -> Result<Worker> {
    let worker = reader(place, server).await?;
    let begin = format!(
        "{BEGIN}; SET TRANSACTION SNAPSHOT {}",
        sql::literal(exported)
    );
    worker
        .call(move |state| {
            Box::pin(async move {
                state.begin(&begin).await?;
                state.in_transaction = true;
                state.know_backend().await?;
                if let Some(locks) = locks {
                    state.run(&format!("{locks} NOWAIT")).await?;
                }
                Ok(())
            })
        })
        .await?;
    Ok(worker)
}

struct PostgresReader {
    worker: Worker,
}

#[async_trait]
impl Reader for PostgresReader {
    async fn read_lines(
        &mut self,
        table: &Table,
        columns: &[Column],
        out: mpsc::Sender<Chunk>,
    ) -> Result<u64> {
        let (table, columns) = (table.clone(), columns.to_vec());
        self.worker
            .call(move |state| {
                Box::pin(async move { lines::read(state, &table, &columns, out).await })
            })
            .await
    }
}
