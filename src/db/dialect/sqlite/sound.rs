//! Whether a file is sound: SQLite reads a page for what it says of itself, so that one which lost its rows gives none and
//! no error.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::catalog::{self, quote};
use super::fault;
use crate::db::{EngineError, Error, Result};

/// What `quick_check` says of values that a NOT NULL or the type of their column forbids, the file being sound
/// (<https://www.sqlite.org/pragma.html#pragma_integrity_check>).
const VALUE: &str = " value in ";

/// Those that would become others if they were stored once more.
const CONVERTED: [&str; 2] = ["TEXT value in ", "NUMERIC value in "];

/// What is told of them.
const BROKEN: &str = "rows are not as their own table would have them";

/// What it says of a full-text index, which a restore makes anew from the rows.
const DERIVED: [&str; 2] = [
    "malformed inverted index for ",
    "unable to validate the inverted index for ",
];

/// Has SQLite look at every page, as far as that needs no comparing of rows with indexes. Returns what to say of rows
/// that break rules of their own tables.
///
/// # Errors
/// `Damaged`.
pub(super) fn prove(connection: &Connection) -> Result<Vec<String>> {
    // A row that breaks a CHECK is no damage and comes back as it is; and such a constraint may call a function of the
    // application's, which is not here.
    set_unchecked(connection, true)?;
    let found = match check(connection, "") {
        Err(error) if is_uncompiled(&error) => table_by_table(connection),
        found => found,
    };
    set_unchecked(connection, false)?;
    judge(found?)
}

/// Switches CHECK constraints off or on again for this connection.
pub(super) fn set_unchecked(connection: &Connection, unchecked: bool) -> Result<()> {
    connection
        .pragma_update(None, "ignore_check_constraints", unchecked)
        .map_err(fault::statement)
}

/// A table with a computed column that cannot be computed here keeps the others from being looked at.
fn table_by_table(connection: &Connection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let entries = catalog::entries(connection)?.into_iter();
    for table in entries.filter(|entry| entry.kind == "table") {
        match check(connection, &format!("({})", quote(&table.name))) {
            Err(error) if is_uncompiled(&error) => {}
            checked => found.extend(checked?),
        }
    }
    Ok(found)
}

fn check(connection: &Connection, of: &str) -> Result<Vec<String>> {
    let sql = format!("PRAGMA main.quick_check{of}");
    let found = catalog::rows(connection, &sql, &[], |row| row.get::<_, String>(0))?;
    Ok(found.into_iter().filter(|line| line != "ok").collect())
}

/// Whether SQLite could not even begin, for want of a function or collation.
fn is_uncompiled(error: &Error) -> bool {
    matches!(error, Error::Statement { source } if source.code == "SQLITE_ERROR")
}

fn judge(found: Vec<String>) -> Result<Vec<String>> {
    let is = |line: &str, what: &[&str]| what.iter().any(|what| line.contains(what));
    // What is said of the pages comes in one piece, under a heading.
    let lines = found.iter().flat_map(|piece| piece.lines());
    let lines = lines.filter(|line| !line.starts_with("***") && !is(line, &DERIVED));
    let (values, damage): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.contains(VALUE));
    if let Some(first) = damage.first() {
        let more = match damage.len() {
            1 => String::new(),
            more => format!(" (and {} more)", more - 1),
        };
        return Err(Error::Damaged {
            source: EngineError {
                code: "SQLITE_CORRUPT".to_owned(),
                message: format!("`PRAGMA quick_check` finds: {first}{more}"),
            },
        });
    }
    let (converted, refused): (Vec<&str>, Vec<&str>) = values
        .into_iter()
        .partition(|line| CONVERTED.iter().any(|what| line.starts_with(what)));
    let refused = listed(refused).map(|what| format!("{BROKEN} ({what}): as long as they do, the backup cannot be restored as a whole; mend them, and back up again"));
    let converted = listed(converted).map(|what| {
        format!("{BROKEN} ({what}): a restore stores them as their column's type would have it")
    });
    Ok(refused.into_iter().chain(converted).collect())
}

/// Each once; `None` where there are none.
fn listed(lines: Vec<&str>) -> Option<String> {
    let lines: BTreeSet<&str> = lines.into_iter().collect();
    let lines: Vec<&str> = lines.into_iter().collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}
