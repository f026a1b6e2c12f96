//! Rows of a set back into tables, inside a transaction that the caller began and will end.
//!
//! The rows are counted and fingerprinted once more on their way: a file that changes under our hands is noticed before
//! the commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::error::Error;
use super::progress::{Progress, say};
use super::set::Set;
use super::summary::TableSummary;
use super::table_reader::ReadError;
use super::table_writer::CHUNKS_IN_FLIGHT;
use super::verify::StopOnDrop;
use crate::db::{Chunk, Session, Table};
use crate::error::Result;
use crate::event::{Level, Sink, counted};
use crate::integrity::Fingerprint;

/// Makes an empty database the set: schema, rows, schema that the rows could be in the way of, counters; and checks that
/// every table holds as many rows as the summary says.
///
/// # Errors
/// Damage, or what the engine refuses; the transaction must then be rolled back.
pub(super) async fn load_all(
    session: &mut Session,
    set: &Set,
    sink: &Arc<dyn Sink>,
) -> Result<Vec<(String, u64)>> {
    let summary = set.summary();
    let schema = set.schema()?;
    for statement in &schema.before {
        session.make(statement).await?;
        // Told at once: what was left out may be why the next one fails.
        for note in session.notes().await? {
            say(sink.as_ref(), Level::Warn, note);
        }
    }
    let catalog = session.catalog().await?;
    let mut loaded = Vec::new();
    for part in &summary.tables {
        let table = catalog
            .table(&part.name)
            .ok_or_else(|| Error::NotAsTheSet {
                table: part.name.to_string(),
                why: "the schema file does not create it".to_owned(),
            })?;
        let rows = load_table(session, set, part, table, sink).await?;
        loaded.push((set.label(&part.name), rows));
    }
    for statement in &schema.after {
        session.make(statement).await?;
    }
    for note in session.notes().await? {
        say(sink.as_ref(), Level::Warn, note);
    }
    session.set_sequences(&summary.sequences).await?;
    check_counts(session, &summary.tables).await?;
    let encoding = session.info().await?.encoding;
    if encoding != summary.database.encoding {
        let message = format!(
            "the text encoding stays {encoding}, where the backup has {}: no value differs",
            summary.database.encoding
        );
        say(sink.as_ref(), Level::Warn, message);
    }
    Ok(loaded)
}

/// Writes a table's rows; the table must be empty.
///
/// # Errors
/// Damage, or what the engine refuses.
pub(super) async fn load_table(
    session: &mut Session,
    set: &Set,
    part: &TableSummary,
    table: &Table,
    sink: &Arc<dyn Sink>,
) -> Result<u64> {
    let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
    let stop = Arc::new(AtomicBool::new(false));
    let _guard = StopOnDrop(stop.clone());
    let progress = Progress::new(sink, part.name.to_string(), "rows").of(part.rows);
    let feed = Feed {
        set: set.clone(),
        part: part.clone(),
        stop,
        progress,
    };
    let feeding = spawn_blocking(move || feed.run(&sender));
    let written = session.write_lines(table, &part.columns, receiver).await;
    let fed = feeding.await.map_err(|_| Error::Worker {
        action: "read a backup",
    })?;
    // What the engine refuses also stops the feeding; damage that stops the feeding looks to the engine like the end.
    let rows = written?;
    fed?;
    if rows != part.rows {
        return Err(Error::NotAsTheSet {
            table: part.name.to_string(),
            why: format!("{rows} rows of {} were written", part.rows),
        }
        .into());
    }
    Ok(rows)
}

/// Compares counts as the database has them with the summary's.
///
/// # Errors
/// `NotAsTheSet`.
pub(super) async fn check_counts(session: &mut Session, parts: &[TableSummary]) -> Result<()> {
    for part in parts {
        let rows = session.count(&part.name).await?;
        if rows != part.rows {
            return Err(Error::NotAsTheSet {
                table: part.name.to_string(),
                why: format!(
                    "it has {}, and the backup {}",
                    counted(rows, "row"),
                    part.rows
                ),
            }
            .into());
        }
    }
    Ok(())
}

/// Reads a table's file for a writer.
struct Feed {
    set: Set,
    part: TableSummary,
    stop: Arc<AtomicBool>,
    progress: Progress,
}

impl Feed {
    fn run(mut self, out: &mpsc::Sender<Chunk>) -> super::error::Result<()> {
        let mut reader = self.set.rows(&self.part)?;
        let mut fingerprint = Fingerprint::default();
        loop {
            match reader.next_chunk() {
                Ok(Some(chunk)) => {
                    fingerprint.add_lines(&chunk.lines);
                    if self.stop.load(Ordering::Relaxed) || out.blocking_send(chunk).is_err() {
                        return Ok(());
                    }
                    self.progress.at(reader.rows());
                }
                Ok(None) => break,
                Err(ReadError::File(error)) => return Err(error),
                Err(ReadError::Form { row, message }) => {
                    return Err(damaged(
                        &self.set,
                        &self.part,
                        &format!("row {row}: {message}"),
                    ));
                }
            }
        }
        if reader.rows() != self.part.rows || fingerprint != self.part.fingerprint {
            let why = "its rows are not those the summary counts";
            return Err(damaged(&self.set, &self.part, why));
        }
        self.progress.end(self.part.rows);
        Ok(())
    }
}

fn damaged(set: &Set, part: &TableSummary, why: &str) -> Error {
    Error::Damaged {
        timestamp: set.timestamp(),
        why: format!("`{}`: {why}", part.file),
        older: None,
    }
}
