//! Whether the values of a column still stand in the rows they stood in. As a whole they may be the same, and yet have
//! changed places; rows are told from one another by the primary key.
//!
//! A side too large to remember is split by the hash of its keys into parts, as for all comparisons of rows.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_128;

use super::baseline::read_lines;
use super::difference::HASHES_AT_A_TIME;
use super::forms::{Retyped, reading};
use super::reading::Reading;
use super::{BaselineRows, TableBaseline};
use crate::db::{Column, Reader, Table, project_line};
use crate::error::Result;
use crate::ident::TableName;

/// The columns of a primary key, as they are named before and now, in the order of before.
pub(super) struct Key {
    pub(super) then: Vec<String>,
    pub(super) now: Vec<Column>,
}

impl Key {
    /// The key of a table, as far as its columns are still what they were.
    pub(super) fn of(table: &Table, then: &[Column], now: &[Column]) -> Option<Key> {
        let is_key = |column: &Column| table.primary_key.contains(&column.name);
        let pairs = then.iter().zip(now).filter(|(_, now)| is_key(now));
        let (then, now): (Vec<String>, Vec<Column>) = pairs
            .map(|(then, now)| (then.name.clone(), now.clone()))
            .unzip();
        let whole = !now.is_empty() && now.len() == table.primary_key.len();
        whole.then_some(Key { then, now })
    }
}

/// What a row before held; `None` where several rows had the same key, so that it tells none of them.
type Held = Option<Option<u128>>;

/// How many values stand in rows that held others before. What a row that is gone or new holds is not counted.
pub(super) async fn moved(
    reader: &mut dyn Reader,
    (before, table): (&TableBaseline, &Table),
    rows: &dyn BaselineRows,
    column: &Retyped,
    key: &Key,
) -> Result<u64> {
    let reads = Reading::between(&column.then.type_name, &column.now.type_name);
    let parts = u128::from(before.rows.div_ceil(HASHES_AT_A_TIME).max(1));
    let keep = |names: &[String]| -> Vec<(String, String)> {
        let numbered = names.iter().enumerate();
        numbered
            .map(|(at, name)| (name.clone(), at.to_string()))
            .collect()
    };
    let now: Vec<String> = key.now.iter().map(|column| column.name.clone()).collect();
    let (then, now) = (keep(&key.then), keep(&now));
    let mut columns = key.now.clone();
    columns.push(column.now.clone());
    let mut moved = 0;
    for part in 0..parts {
        let mut held: HashMap<u128, Held> = HashMap::new();
        let mut row = 0;
        rows.for_each_line(&before.name, &mut |line| {
            row += 1;
            let hash = hash_of(&before.name, &then, row, line)?;
            if hash % parts == part {
                let value = reading(&before.name, &column.then.name, reads, (row, line))?;
                held.entry(hash)
                    .and_modify(|held| *held = None)
                    .or_insert(Some(value));
            }
            Ok(())
        })?;
        let mut row = 0;
        read_lines(reader, table, &columns, &mut |line| {
            row += 1;
            let hash = hash_of(&table.name, &now, row, line)?;
            if let Some(Some(Some(was))) = held.get(&hash) {
                let value = reading(&table.name, &column.now.name, reads, (row, line))?;
                moved += u64::from(value != Some(*was));
            }
            Ok(())
        })
        .await?;
    }
    Ok(moved)
}

/// The hash of a line's key.
fn hash_of(table: &TableName, keep: &[(String, String)], row: u64, line: &[u8]) -> Result<u128> {
    let keep: Vec<(&str, &str)> = keep
        .iter()
        .map(|(from, to)| (from.as_str(), to.as_str()))
        .collect();
    let mut projected = Vec::new();
    project_line(table, &keep, row, line, &mut projected)?;
    Ok(xxh3_128(&projected))
}
