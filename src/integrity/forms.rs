//! Values of a column that has another type now: whether they still read as they did.
//!
//! The two sides write them in other ways (`5` and `"5"`), so that rows cannot be held against each other. What a value
//! reads as can: the same text is the same value. Texts are compared by hash, in parts, as rows are: first all of them
//! together, then, where a primary key tells the rows apart, each in its row.

use std::collections::HashMap;

use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_128;

use super::baseline::read_lines;
use super::difference::HASHES_AT_A_TIME;
use super::keyed::{self, Key};
use super::reading::Reading;
use super::{BaselineRows, TableBaseline};
use crate::db::{Column, Reader, Table, project_line};
use crate::error::Result;
use crate::event::counted;
use crate::ident::TableName;

/// A column that has another type now.
pub(super) struct Retyped {
    pub(super) then: Column,
    pub(super) now: Column,
    /// Its values were found to stay: another text is another way of writing them.
    pub(super) trusted: bool,
}

/// What is to be said of a column.
pub(super) enum Told {
    /// Its values are not those of before.
    Loss(String),
    /// Whether they are could not be told.
    Note(String),
}

/// How the values of a column read before and now; NULL is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Readings {
    /// Values before.
    pub(super) values: u64,
    /// Values now.
    now: u64,
    /// Values before that nothing now reads as.
    gone: u64,
    /// What of now, NULL among it, reads as nothing before.
    added: u64,
    /// Whether more than one value was told from another before.
    several: bool,
    /// Whether more than one is now.
    several_now: bool,
}

impl Readings {
    /// Values that read differently; those that went with their rows are not among them.
    pub(super) fn changed(&self) -> u64 {
        self.gone.min(self.added)
    }

    /// What no other way of writing explains.
    pub(super) fn loss(&self) -> Option<&'static str> {
        match self {
            Readings { now: 0, .. } => Some("all of them are NULL"),
            Readings {
                several: true,
                several_now: false,
                now: 2..,
                ..
            } => Some("all of them are the same"),
            _ => None,
        }
    }
}

/// Compares the values of a column by what they read as; `None` where all do as before.
pub(super) async fn compare(
    reader: &mut dyn Reader,
    (before, table): (&TableBaseline, &Table),
    rows: Option<&dyn BaselineRows>,
    column: &Retyped,
    key: Option<&Key>,
) -> Result<Option<Told>> {
    let name = format!("`{}.{}`", before.name, column.then.name);
    let now = &column.now.type_name;
    let Some(rows) = rows else {
        let message = format!("values of {name} could not be compared: it is {now} now");
        return Ok(Some(Told::Note(message)));
    };
    let readings = count(reader, before, rows, table, column).await?;
    let changed = readings.changed();
    if changed == 0 {
        let moved = match key {
            Some(key) => keyed::moved(reader, (before, table), rows, column, key).await?,
            None => 0,
        };
        return Ok((moved > 0).then(|| {
            let values = counted(readings.values, "value");
            Told::Loss(format!(
                "{moved} of {values} of {name} stand in rows that held other values before"
            ))
        }));
    }
    let what = format!(
        "{changed} of {} of {name}",
        counted(readings.values, "value")
    );
    Ok(Some(match readings.loss() {
        Some(loss) => Told::Loss(format!(
            "{what} read differently now that it is {now}: {loss}"
        )),
        None if column.trusted && !Reading::is_exact(&column.then.type_name, now) => {
            Told::Note(format!(
                "{what} are written in another way now that it is {now}, so that they could not be compared"
            ))
        }
        None => Told::Loss(format!("{what} read differently now that it is {now}")),
    }))
}

/// Compares the two sides of one column.
async fn count(
    reader: &mut dyn Reader,
    before: &TableBaseline,
    rows: &dyn BaselineRows,
    table: &Table,
    column: &Retyped,
) -> Result<Readings> {
    let parts = u128::from(before.rows.div_ceil(HASHES_AT_A_TIME).max(1));
    let mut readings = Readings::default();
    let reads = Reading::between(&column.then.type_name, &column.now.type_name);
    let (mut first, mut first_now) = (None, None);
    for part in 0..parts {
        let mut counts: HashMap<Option<u128>, i64> = HashMap::new();
        let is_here = |hash: &Option<u128>| hash.unwrap_or_default() % parts == part;
        let mut row = 0;
        rows.for_each_line(&before.name, &mut |line| {
            row += 1;
            let hash = reading(&before.name, &column.then.name, reads, (row, line))?;
            if is_here(&hash) {
                *counts.entry(hash).or_default() += 1;
                readings.values += u64::from(hash.is_some());
            }
            readings.several |= hash.is_some() && *first.get_or_insert(hash) != hash;
            Ok(())
        })?;
        let columns = std::slice::from_ref(&column.now);
        let mut row = 0;
        read_lines(reader, table, columns, &mut |line| {
            row += 1;
            let hash = reading(&table.name, &column.now.name, reads, (row, line))?;
            readings.several_now |= hash.is_some() && *first_now.get_or_insert(hash) != hash;
            if is_here(&hash) {
                readings.now += u64::from(hash.is_some());
                match counts.get_mut(&hash) {
                    Some(left) if *left > 0 => *left -= 1,
                    _ => readings.added += 1,
                }
            }
            Ok(())
        })
        .await?;
        let values = counts.iter().filter(|(hash, _)| hash.is_some());
        readings.gone += values.map(|(_, left)| left.unsigned_abs()).sum::<u64>();
    }
    Ok(readings)
}

/// The hash of what a value of a line reads as; `None` for NULL.
pub(super) fn reading(
    table: &TableName,
    column: &str,
    reads: Reading,
    (row, line): (u64, &[u8]),
) -> Result<Option<u128>> {
    let mut projected = Vec::new();
    project_line(table, &[(column, "")], row, line, &mut projected)?;
    let value = projected
        .strip_prefix(b"{\"\":")
        .and_then(|rest| rest.strip_suffix(b"}"))
        .unwrap_or(b"null");
    Ok((value != b"null").then(|| xxh3_128(reads.of(&text_of(value)).as_bytes())))
}

/// The text of a value, however the line writes it: `5`, `"5"`, `{"$hex":"00ff"}` as `\x00ff`.
fn text_of(value: &[u8]) -> String {
    let tagged = |value: &RawValue| {
        let text = value.get().strip_prefix("{\"$hex\":\"")?;
        Some(format!("\\x{}", text.strip_suffix("\"}")?))
    };
    match serde_json::from_slice::<&RawValue>(value) {
        Ok(raw) => serde_json::from_str::<String>(raw.get())
            .ok()
            .or_else(|| tagged(raw))
            .unwrap_or_else(|| raw.get().to_owned()),
        Err(_) => String::from_utf8_lossy(value).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_reads_the_same_however_it_is_written() {
        assert_eq!(text_of(b"5"), text_of(b"\"5\""));
        assert_eq!(text_of(b"true"), "true");
        assert_eq!(text_of(b"{\"$hex\":\"00ff\"}"), "\\x00ff");
        assert_eq!(text_of(b"[1, 2]"), "[1, 2]");
    }
}
