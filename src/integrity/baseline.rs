//! What the data was.

use tokio::sync::mpsc;

use super::Fingerprint;
use crate::db::{Chunk, Column, Error, Orphans, Reader, Table};
use crate::error::Result;
use crate::ident::TableName;

/// Chunks in flight between the database and who reads them.
const CHUNKS_IN_FLIGHT: usize = 4;

/// One table as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct TableBaseline {
    /// Its name.
    pub name: TableName,
    /// The columns its lines carry, in order.
    pub columns: Vec<Column>,
    /// Rows.
    pub rows: u64,
    /// Of its lines.
    pub fingerprint: Fingerprint,
}

/// The whole database as it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// Every table the baseline knows.
    pub tables: Vec<TableBaseline>,
    /// Foreign-key orphans it already had, where that was asked.
    pub orphans: Vec<Orphans>,
}

/// The rows a baseline was taken of; read only where a fingerprint alone does not tell.
pub trait BaselineRows: Send + Sync {
    /// Calls `each` with every row line of a table, without comma and line end.
    ///
    /// # Errors
    /// When the rows cannot be read, and what `each` returns.
    fn for_each_line(
        &self,
        table: &TableName,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()>;
}

/// Reads a table through a snapshot and calls `each` with every line; returns how many.
///
/// # Errors
/// What the database refuses, and what `each` returns.
pub(super) async fn read_lines(
    reader: &mut dyn Reader,
    table: &Table,
    columns: &[Column],
    each: &mut (dyn FnMut(&[u8]) -> Result<()> + Send),
) -> Result<u64> {
    let (send, mut receive) = mpsc::channel::<Chunk>(CHUNKS_IN_FLIGHT);
    let work = async {
        while let Some(chunk) = receive.recv().await {
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', &chunk.lines) {
                each(&chunk.lines[start..end])?;
                start = end + 1;
            }
        }
        drop(receive);
        Ok::<(), crate::error::Error>(())
    };
    let (rows, worked) = tokio::join!(reader.read_lines(table, columns, send), work);
    worked?;
    rows.map_err(|error: Error| error.into())
}

/// Rows and fingerprint of a table, with these columns in this order.
///
/// # Errors
/// What the database refuses.
pub async fn measure(
    reader: &mut dyn Reader,
    table: &Table,
    columns: &[Column],
) -> Result<(u64, Fingerprint)> {
    let mut fingerprint = Fingerprint::default();
    let rows = read_lines(reader, table, columns, &mut |line| {
        fingerprint.add(line);
        Ok(())
    })
    .await?;
    Ok((rows, fingerprint))
}
