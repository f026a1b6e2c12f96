//! Whether a file is sound: SQLite reads a page for what it says of itself, so that one which lost its rows gives none and
//! no error.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::catalog::{self, quote};
use super::fault;
use crate::db::error::CORRUPT_INDEX;
use crate::db::{EngineError, Error, Result};

/// What `quick_check` says of values that a NOT NULL or the type of their column forbids, the file being sound
/// (<https://www.sqlite.org/pragma.html#pragma_integrity_check>).
const VALUE: &str = " value in ";

/// How it ends a line on a page that no table, index or list of free pages leads to.
const UNUSED: &str = ": never used";

/// Those that would become others if they were stored once more.
const CONVERTED: [&str; 2] = ["TEXT value in ", "NUMERIC value in "];

/// How it begins a line on an index that has not one entry for each row of its table.
const ENTRIES: &str = "wrong # of entries in index ";

/// What is told of them.
const BROKEN: &str = "rows are not as their own table would have them";

/// What it says of a full-text index, which a restore makes anew from the rows.
const DERIVED: [&str; 2] = [
    "malformed inverted index for ",
    "unable to validate the inverted index for ",
];

/// What `quick_check` found, sorted by what it means.
#[derive(Default)]
struct Found {
    /// Rows are lost, or may be.
    damage: Vec<String>,
    /// Values that break the rules of their own table.
    values: Vec<String>,
    /// Pages that hold nothing, and are not known to be free.
    unused: Vec<String>,
    /// Tables that SQLite could not look at.
    unchecked: Vec<String>,
}

impl Found {
    fn add(&mut self, found: &[String]) {
        // What is said of the pages comes in one piece, under a heading.
        let lines = found.iter().flat_map(|piece| piece.lines());
        for line in lines.filter(|line| !line.starts_with("***")) {
            let list = match line {
                _ if DERIVED.iter().any(|what| line.contains(what)) => continue,
                _ if line.contains(VALUE) => &mut self.values,
                _ if line.starts_with("Page ") && line.ends_with(UNUSED) => &mut self.unused,
                _ => &mut self.damage,
            };
            list.push(line.to_owned());
        }
    }
}

/// Has SQLite look at every page, as far as that needs no comparing of rows with indexes. Returns what to say of rows
/// that break rules of their own tables, and of what is wrong without costing a row of those that are asked for: `only`
/// these tables, or all.
///
/// # Errors
/// `Damaged`.
pub(super) fn prove(connection: &Connection, only: Option<&[String]>) -> Result<Vec<String>> {
    // A row that breaks a CHECK is no damage and comes back as it is; and such a constraint may call a function of the
    // application's, which is not here.
    set_unchecked(connection, true)?;
    let found = look(connection, only);
    set_unchecked(connection, false)?;
    let (found, elsewhere) = found?;
    if !found.damage.is_empty() {
        let code = match of_indexes(connection, &found.damage)? {
            true => CORRUPT_INDEX,
            false => "SQLITE_CORRUPT",
        };
        return Err(Error::Damaged {
            source: EngineError {
                code: code.to_owned(),
                message: finds(&found.damage),
            },
        });
    }
    let elsewhere = (!elsewhere.is_empty()).then(|| {
        format!(
            "outside the tables that are backed up, the database is damaged: {}",
            finds(&elsewhere)
        )
    });
    Ok(elsewhere.into_iter().chain(tell(found)).collect())
}

/// Whether nothing but indexes is damaged: each lacks entries of rows that are there. One with more entries than its table
/// has rows tells of rows that are lost.
fn of_indexes(connection: &Connection, damage: &[String]) -> Result<bool> {
    let entries = catalog::entries(connection)?;
    for line in damage {
        let index = line.strip_prefix(ENTRIES).and_then(|name| {
            let mut entries = entries.iter();
            entries.find(|entry| entry.kind == "index" && entry.name == name)
        });
        let Some(index) = index else {
            return Ok(false);
        };
        let counted = |how: &str| {
            let sql = format!("SELECT sum(1) FROM main.{} {how}", quote(&index.table));
            connection.query_row(&sql, [], |row| row.get::<_, Option<i64>>(0))
        };
        // A partial index does not take part, nor does one of a table without rowids.
        let rows = counted("NOT INDEXED");
        let known = counted(&format!("INDEXED BY {}", quote(&index.name)));
        if !matches!((rows, known), (Ok(rows), Ok(known)) if rows > known) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is found in the tables asked for, and the damage elsewhere.
fn look(connection: &Connection, only: Option<&[String]>) -> Result<(Found, Vec<String>)> {
    let mut found = Found::default();
    let is_whole = match (check(connection, ""), only) {
        (Ok(lines), _) => {
            found.add(&lines);
            true
        }
        (Err(error), _) if is_uncompiled(&error) => false,
        // The others may still be whole.
        (Err(Error::Damaged { source }), Some(_)) => {
            found.damage.push(source.message);
            true
        }
        (Err(error), _) => return Err(error),
    };
    let elsewhere = match only {
        Some(_) => std::mem::take(&mut found.damage),
        None => Vec::new(),
    };
    // Unused pages come first and alone may be as many as it finds at most.
    let is_told = is_whole && elsewhere.is_empty() && found.unused.is_empty();
    if !is_told && found.damage.is_empty() {
        table_by_table(connection, only, &mut found)?;
    }
    Ok((found, elsewhere))
}

/// Switches CHECK constraints off or on again for this connection.
pub(super) fn set_unchecked(connection: &Connection, unchecked: bool) -> Result<()> {
    connection
        .pragma_update(None, "ignore_check_constraints", unchecked)
        .map_err(fault::statement)
}

/// A table with a computed column that cannot be computed here keeps the others from being looked at.
fn table_by_table(
    connection: &Connection,
    only: Option<&[String]>,
    found: &mut Found,
) -> Result<()> {
    let is_asked = |name: &String| only.is_none_or(|only| only.contains(name));
    let entries = catalog::entries(connection)?.into_iter();
    for table in entries.filter(|entry| entry.kind == "table" && is_asked(&entry.name)) {
        match check(connection, &format!("({})", quote(&table.name))) {
            Err(error) if is_uncompiled(&error) => found.unchecked.push(table.name),
            checked => found.add(&checked?),
        }
    }
    Ok(())
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

/// The first of these, and how many more there are.
fn finds(lines: &[String]) -> String {
    let first = lines.first().map(String::as_str).unwrap_or_default();
    let more = match lines.len() {
        0 | 1 => String::new(),
        more => format!(" (and {} more)", more - 1),
    };
    format!("`PRAGMA quick_check` finds: {first}{more}")
}

/// What is no damage, in words.
fn tell(found: Found) -> Vec<String> {
    let unused = (!found.unused.is_empty()).then(|| {
        format!(
            "pages of the file are used by nothing ({}): that costs no row; `VACUUM` makes the file anew without them",
            finds(&found.unused)
        )
    });
    let unchecked: Vec<String> = found
        .unchecked
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    let unchecked = (!unchecked.is_empty()).then(|| {
        format!(
            "{} could not be checked for damage, for want of a function or collation that only the application has: check there, with `PRAGMA quick_check`",
            unchecked.join(", ")
        )
    });
    let (converted, refused): (Vec<&str>, Vec<&str>) = found
        .values
        .iter()
        .map(String::as_str)
        .partition(|line| CONVERTED.iter().any(|what| line.starts_with(what)));
    let refused = listed(refused).map(|what| format!("{BROKEN} ({what}): as long as they do, the backup cannot be restored as a whole; mend them, and back up again"));
    let converted = listed(converted).map(|what| {
        format!("{BROKEN} ({what}): a restore stores them as their column's type would have it")
    });
    [unused, unchecked, refused, converted]
        .into_iter()
        .flatten()
        .collect()
}

/// Each once; `None` where there are none.
fn listed(lines: Vec<&str>) -> Option<String> {
    let lines: BTreeSet<&str> = lines.into_iter().collect();
    let lines: Vec<&str> = lines.into_iter().collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}
