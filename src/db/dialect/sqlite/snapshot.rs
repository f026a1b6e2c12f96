//! Readers of one moment.
//!
//! Several readers see the same moment if no commit comes between their first reads. In WAL mode a writer's lock, held
//! for that instant and then rolled back, guarantees it and blocks no reader; in the other modes a second reader would
//! gain nothing that is worth holding it, so there is one.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::worker::Worker;
use super::{catalog, lines, open, remake, schema, sound};
use crate::db::catalog::{Column, Table};
use crate::db::dialect::{Chunk, Reader, Snapshot};
use crate::db::{Access, Error, Result, Target};
use crate::ident::TableName;

/// Opens them.
pub(super) async fn open(target: &Target, readers: usize) -> Result<Snapshot> {
    let mut first = reader(target).await?;
    let wal = first
        .call(|state| {
            state.patiently(|connection| {
                connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))
            })
        })
        .await?
        .eq_ignore_ascii_case("wal");
    let mut workers = Vec::new();
    if readers > 1 && wal {
        workers = together(target, readers).await?;
    }
    if workers.is_empty() {
        begin(&mut first).await?;
        workers.push(first);
    }
    let theirs = target.clone();
    let leader = workers.first_mut().ok_or(Error::Closed)?;
    let (info, catalog, schema, trial) = leader
        .call(move |state| {
            let connection = &state.connection;
            let mut catalog = catalog::read(connection)?;
            let mut schema = schema::sql(connection)?;
            let trial = remake::try_out(connection, &mut catalog, &mut schema)?;
            let info = schema::info(connection, &theirs)?;
            Ok((info, catalog, schema, trial))
        })
        .await?;
    Ok(Snapshot {
        info,
        catalog,
        schema,
        readers: workers
            .into_iter()
            .map(|worker| Box::new(SqliteReader { worker }) as Box<dyn Reader>)
            .collect(),
        unmakeable: trial.unmakeable,
        warnings: trial.warnings,
    })
}

async fn reader(target: &Target) -> Result<Worker> {
    open::worker(target, Access::default()).await
}

/// Several readers under a writer's lock; none where that lock cannot be had, by right or in time.
async fn together(target: &Target, readers: usize) -> Result<Vec<Worker>> {
    let Ok(mut gate) = open::worker(
        target,
        Access {
            write: true,
            ..Access::default()
        },
    )
    .await
    else {
        return Ok(Vec::new());
    };
    if gate
        .call(|state| state.patiently(|connection| connection.execute_batch("BEGIN IMMEDIATE")))
        .await
        .is_err()
    {
        return Ok(Vec::new());
    }
    let mut workers = Vec::new();
    for _ in 0..readers {
        let mut worker = reader(target).await?;
        begin(&mut worker).await?;
        workers.push(worker);
    }
    gate.call(|state| state.patiently(|connection| connection.execute_batch("ROLLBACK")))
        .await?;
    Ok(workers)
}

/// Begins a read transaction and reads once: only the first read fixes the moment.
async fn begin(worker: &mut Worker) -> Result<()> {
    worker
        .call(|state| {
            state.patiently(|connection| {
                if connection.is_autocommit() {
                    connection.execute_batch("BEGIN DEFERRED")?;
                }
                connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
            })
        })
        .await
}

struct SqliteReader {
    worker: Worker,
}

#[async_trait]
impl Reader for SqliteReader {
    async fn prove(&mut self, only: Option<&[TableName]>) -> Result<Vec<String>> {
        let only: Option<Vec<String>> =
            only.map(|only| only.iter().map(|table| table.name.clone()).collect());
        self.worker
            .call(move |state| sound::prove(&state.connection, only.as_deref()))
            .await
    }

    async fn read_lines(
        &mut self,
        table: &Table,
        columns: &[Column],
        out: mpsc::Sender<Chunk>,
    ) -> Result<u64> {
        let (table, columns) = (table.clone(), columns.to_vec());
        self.worker
            .call(move |state| lines::read(&state.connection, &table, &columns, &out))
            .await
    }
}
