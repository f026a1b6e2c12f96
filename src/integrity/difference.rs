//! How many rows of one side the other lacks, counting repeated rows, in bounded memory.
//!
//! Rows are compared by hash. A side too large to remember is split by hash into parts that are compared one after the
//! other, each with a pass over both sides.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_128;

use super::baseline::read_lines;
use super::{BaselineRows, TableBaseline};
use crate::db::{Column, Reader, Table, project_line};
use crate::error::Result;

/// Row hashes remembered at a time: some 100 MB would be ten times as many.
pub(super) const HASHES_AT_A_TIME: u64 = 1_000_000;

/// Rows before that are not there now, and rows now that were not there before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) gone: u64,
    pub(super) added: u64,
}

/// What is compared.
pub(super) struct Sides<'a> {
    pub(super) before: &'a TableBaseline,
    pub(super) rows: &'a dyn BaselineRows,
    pub(super) table: &'a Table,
    /// The columns of before that are still there.
    pub(super) then: &'a [Column],
    /// The same columns as they are named now.
    pub(super) now: &'a [Column],
}

/// Compares the two sides row by row.
pub(super) async fn count(reader: &mut dyn Reader, sides: &Sides<'_>) -> Result<Difference> {
    let parts = u128::from(sides.before.rows.div_ceil(HASHES_AT_A_TIME).max(1));
    let pairs = sides.then.iter().zip(sides.now);
    let keep: Vec<(&str, &str)> = pairs
        .map(|(then, now)| (then.name.as_str(), now.name.as_str()))
        .collect();
    let mut difference = Difference::default();
    for part in 0..parts {
        let mut counts: HashMap<u128, i64> = HashMap::new();
        before(sides, &keep, &mut |hash| {
            if hash % parts == part {
                *counts.entry(hash).or_default() += 1;
            }
        })?;
        read_lines(reader, sides.table, sides.now, &mut |line| {
            let hash = xxh3_128(line);
            if hash % parts == part {
                match counts.get_mut(&hash) {
                    Some(left) if *left > 0 => *left -= 1,
                    _ => difference.added += 1,
                }
            }
            Ok(())
        })
        .await?;
        difference.gone += counts.values().map(|left| left.unsigned_abs()).sum::<u64>();
    }
    Ok(difference)
}

fn before(sides: &Sides<'_>, keep: &[(&str, &str)], each: &mut dyn FnMut(u128)) -> Result<()> {
    let name = &sides.before.name;
    let whole =
        keep.len() == sides.before.columns.len() && keep.iter().all(|(then, now)| then == now);
    let mut row = 0;
    let mut projected = Vec::new();
    sides.rows.for_each_line(name, &mut |line| {
        row += 1;
        if whole {
            each(xxh3_128(line));
        } else {
            projected.clear();
            project_line(name, keep, row, line, &mut projected)?;
            each(xxh3_128(&projected));
        }
        Ok(())
    })
}

/// How many values of a column are not NULL in the baseline.
pub(super) fn values_of(
    before: &TableBaseline,
    rows: &dyn BaselineRows,
    column: &str,
) -> Result<u64> {
    let mut row = 0;
    let mut values = 0;
    let mut projected = Vec::new();
    rows.for_each_line(&before.name, &mut |line| {
        row += 1;
        projected.clear();
        project_line(&before.name, &[(column, column)], row, line, &mut projected)?;
        values += u64::from(!projected.ends_with(b":null}"));
        Ok(())
    })?;
    Ok(values)
}
