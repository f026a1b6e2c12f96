//! Whole tables as lines, and back: the only loops over rows in SQLite's dialect.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::types::ToSqlOutput;
use tokio::sync::mpsc;

use super::catalog::quote;
use super::{fault, line, sound};
use crate::db::catalog::{Column, Table};
use crate::db::dialect::Chunk;
use crate::db::row::{Members, parse, push_string};
use crate::db::{Error, Result};

/// Bytes after which a piece of a table is handed on: large enough that handing over costs nothing, small enough that
/// a few pieces in flight stay within some megabytes.
const CHUNK_BYTES: usize = 128 * 1024;

/// Sends a table's rows as lines. A receiver that is gone ends it early.
pub(super) fn read(
    connection: &Connection,
    table: &Table,
    columns: &[Column],
    out: &mpsc::Sender<Chunk>,
) -> Result<u64> {
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let selected = if names.is_empty() {
        "NULL".to_owned()
    } else {
        names.join(", ")
    };
    let sql = format!("SELECT {selected} FROM main.{}", quote(&table.name.name));
    let keys = keys(columns);
    let mut statement = connection
        .prepare(&sql)
        .map_err(|error| gone(table, error))?;
    let mut rows = statement.query([]).map_err(fault::statement)?;
    let mut total = 0;
    let mut chunk = Chunk::default();
    while let Some(row) = rows.next().map_err(fault::statement)? {
        for (index, key) in keys.iter().enumerate() {
            chunk.lines.extend_from_slice(key);
            line::push(
                &mut chunk.lines,
                row.get_ref(index).map_err(fault::statement)?,
            );
        }
        chunk
            .lines
            .extend_from_slice(if keys.is_empty() { b"{}\n" } else { b"}\n" });
        chunk.rows += 1;
        if chunk.lines.len() >= CHUNK_BYTES {
            total += chunk.rows;
            let full = std::mem::replace(
                &mut chunk,
                Chunk {
                    lines: Vec::with_capacity(CHUNK_BYTES + 4096),
                    rows: 0,
                },
            );
            if out.blocking_send(full).is_err() {
                return Ok(total);
            }
        }
    }
    total += chunk.rows;
    if chunk.rows > 0 {
        // The receiver may be gone; then nobody counts either.
        let _ = out.blocking_send(chunk);
    }
    Ok(total)
}

/// What stands before each value: `{"id":`, then `,"name":` …
fn keys(columns: &[Column]) -> Vec<Vec<u8>> {
    columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let mut key = vec![if index == 0 { b'{' } else { b',' }];
            push_string(&mut key, &column.name);
            key.push(b':');
            key
        })
        .collect()
}

fn gone(table: &Table, error: rusqlite::Error) -> Error {
    if error.to_string().contains("no such table") {
        Error::NoTable {
            table: table.name.to_string(),
        }
    } else {
        fault::statement(error)
    }
}

/// Whether rows of a table can be written here at all.
///
/// # Errors
/// What the engine lacks for it.
pub(super) fn try_out(connection: &Connection, table: &Table) -> rusqlite::Result<()> {
    let columns: Vec<Column> = table.stored_columns().cloned().collect();
    connection.pragma_update(None, "ignore_check_constraints", true)?;
    let prepared = connection.prepare(&insert_sql(table, &columns)).map(|_| ());
    connection.pragma_update(None, "ignore_check_constraints", false)?;
    prepared
}

/// Fills a table from lines. Triggers do not fire: the rows come as they were, their effects with them. They come as well
/// if they break a CHECK: they did so where they are from.
pub(super) fn write(
    connection: &Connection,
    table: &Table,
    columns: &[Column],
    lines: &mut mpsc::Receiver<Chunk>,
) -> Result<u64> {
    sound::set_unchecked(connection, true)?;
    let written = without_triggers(connection, || {
        let mut statement = connection
            .prepare(&insert_sql(table, columns))
            .map_err(|error| gone(table, error))?;
        let mut row = 0;
        while let Some(chunk) = lines.blocking_recv() {
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', &chunk.lines) {
                row += 1;
                insert(
                    &mut statement,
                    table,
                    columns,
                    row,
                    &chunk.lines[start..end],
                )?;
                start = end + 1;
            }
        }
        Ok(row)
    });
    sound::set_unchecked(connection, false)?;
    written
}

fn insert_sql(table: &Table, columns: &[Column]) -> String {
    let name = quote(&table.name.name);
    if columns.is_empty() {
        return format!("INSERT INTO main.{name} DEFAULT VALUES");
    }
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    format!(
        "INSERT INTO main.{name} ({}) VALUES ({marks})",
        names.join(", ")
    )
}

fn insert(
    statement: &mut rusqlite::Statement<'_>,
    table: &Table,
    columns: &[Column],
    row: u64,
    text: &[u8],
) -> Result<()> {
    let wrong = |message: String| Error::Row {
        table: table.name.to_string(),
        row,
        message,
    };
    let Members(members) = parse(text).map_err(wrong)?;
    if members.len() != columns.len() {
        return Err(wrong("its columns are not those of the table".to_owned()));
    }
    for (index, ((name, value), column)) in members.iter().zip(columns).enumerate() {
        if *name != column.name {
            return Err(wrong(format!(
                "`{name}` stands where `{}` belongs",
                column.name
            )));
        }
        let cell = line::cell(value.get())
            .map_err(|message| wrong(format!("column `{name}`: {message}")))?;
        statement
            .raw_bind_parameter(index + 1, ToSqlOutput::Borrowed(cell.reference()))
            .map_err(fault::statement)?;
    }
    statement
        .raw_execute()
        .map(|_| ())
        .map_err(fault::statement)
}

/// Runs something with triggers switched off on this connection.
pub(super) fn without_triggers<T>(
    connection: &Connection,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
        .map_err(fault::statement)?;
    let result = work();
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true)
        .map_err(fault::statement)?;
    result
}
