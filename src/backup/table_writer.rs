//! One table from a snapshot's reader into its file: the engine reads on its thread, hashing and writing happen on
//! another, and a bounded channel between them keeps memory flat.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::error::Error;
use super::history::{self, Applied, Migrations};
use super::progress::Progress;
use super::summary::TableSummary;
use crate::db::{Chunk, Column, Reader, Table};
use crate::error;
use crate::event::Sink;
use crate::integrity::Fingerprint;
use crate::storage::publish::{self, Draft, Writer};

/// Chunks between reader and writer: some hundred kilobytes, so that neither waits for every single one of the other.
pub(super) const CHUNKS_IN_FLIGHT: usize = 4;

/// A table to read.
pub(super) struct Job {
    /// The table.
    pub(super) table: Table,
    /// Whether its rows go into the set; a history table that was not asked for is only read.
    pub(super) stored: bool,
}

/// A table that was read.
pub(super) struct Copied {
    /// Its file, still without its name, and what the summary says of it.
    pub(super) stored: Option<(Draft, TableSummary)>,
    /// What it says as a history table.
    pub(super) migrations: Option<Migrations>,
}

/// Copies one table.
///
/// # Errors
/// What the engine or the disk refuses.
pub(super) async fn copy(
    reader: &mut dyn Reader,
    job: Job,
    folder: &Path,
    sink: &Arc<dyn Sink>,
) -> error::Result<Copied> {
    let keeper = history::keeper(&job.table.name);
    let columns: Vec<Column> = job.table.stored_columns().cloned().collect();
    let (draft, writer) = match job.stored {
        true => Draft::begin(folder).map(|(draft, writer)| (Some(draft), Some(writer)))?,
        false => (None, None),
    };
    let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
    let progress = Progress::new(sink, job.table.name.to_string(), "rows");
    let writing = spawn_blocking(move || pump(receiver, writer, keeper, progress));
    let read = reader.read_lines(&job.table, &columns, sender).await;
    let broken = |_| Error::Worker {
        action: "write a table",
    };
    // A disk that refuses also ends the reading early: its error is the cause.
    let pumped = writing.await.map_err(broken)?.map_err(|error| {
        let error = error::Error::from(error);
        let kind = error.kind;
        error.context(kind, format!("cannot copy `{}`", job.table.name))
    })?;
    let rows = read?;
    if rows != pumped.rows {
        return Err(error::Error::new(
            error::Kind::Database,
            format!(
                "`{}` gave {} rows of the {rows} it has",
                job.table.name, pumped.rows
            ),
        ));
    }
    let migrations = keeper.map(|keeper| Migrations {
        engine: keeper.to_owned(),
        applied: pumped.applied,
    });
    let stored = match (draft, pumped.writer) {
        (Some(draft), Some(writer)) => {
            let written = spawn_blocking(move || writer.finish())
                .await
                .map_err(broken)??;
            let summary = TableSummary {
                name: job.table.name,
                file: String::new(),
                rows,
                bytes: written.bytes,
                sha256: written.sha256,
                fingerprint: pumped.fingerprint,
                columns,
                primary_key: job.table.primary_key,
            };
            Some((draft, summary))
        }
        _ => None,
    };
    Ok(Copied { stored, migrations })
}

/// What went through.
struct Pumped {
    writer: Option<Writer>,
    rows: u64,
    fingerprint: Fingerprint,
    applied: Vec<Applied>,
}

/// Takes chunks until there are no more, and writes them as a JSON array with one row a line.
fn pump(
    mut chunks: mpsc::Receiver<Chunk>,
    mut writer: Option<Writer>,
    keeper: Option<&str>,
    mut progress: Progress,
) -> publish::Result<Pumped> {
    let mut rows = 0;
    let mut fingerprint = Fingerprint::default();
    let mut applied = Vec::new();
    let mut piece = b"[".to_vec();
    while let Some(chunk) = chunks.blocking_recv() {
        let mut start = 0;
        for (index, end) in memchr::memchr_iter(b'\n', &chunk.lines).enumerate() {
            let line = &chunk.lines[start..end];
            start = end + 1;
            fingerprint.add(line);
            let first = rows == 0 && index == 0;
            piece.extend_from_slice(if first { b"\n" } else { b",\n" });
            piece.extend_from_slice(line);
            if let Some(keeper) = keeper {
                applied.extend(history::applied(keeper, line));
            }
        }
        rows += chunk.rows;
        if let Some(writer) = &mut writer {
            writer.write(&piece)?;
        }
        piece.clear();
        progress.at(rows);
    }
    if let Some(writer) = &mut writer {
        piece.extend_from_slice(b"\n]\n");
        writer.write(&piece)?;
        progress.end(rows);
    }
    Ok(Pumped {
        writer,
        rows,
        fingerprint,
        applied,
    })
}

/// Runs futures at once within this one, so that they are dropped with it; ends with the first error.
///
/// # Errors
/// The first.
pub(super) async fn join_all<F: Future<Output = error::Result<()>>>(
    futures: Vec<F>,
) -> error::Result<()> {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        let mut index = 0;
        while index < running.len() {
            match running[index].as_mut().poll(context) {
                Poll::Ready(Ok(())) => drop(running.swap_remove(index)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => index += 1,
            }
        }
        match running.is_empty() {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    })
    .await
}
