//! Whole tables as lines, and back, through COPY: it calls each type's own output and input functions.

use futures_util::TryStreamExt;
use tokio::sync::mpsc;

use super::line::{self, Class};
use super::state::State;
use super::{fault, quiet, sql};
use crate::db::catalog::{Column, Table};
use crate::db::dialect::Chunk;
use crate::db::row::{Members, parse, push_string};
use crate::db::{Error, Result};

/// Bytes after which a piece of a table is handed on, as for SQLite.
const CHUNK_BYTES: usize = 128 * 1024;

/// Sends a table's rows as lines. A receiver that is gone ends it early.
pub(super) async fn read(
    state: &mut State,
    table: &Table,
    columns: &[Column],
    out: mpsc::Sender<Chunk>,
) -> Result<u64> {
    let copy = statement(state, table, columns).await?;
    let keys = Keys::of(columns);
    let classes: Vec<Class> = columns
        .iter()
        .map(|column| Class::of(&column.type_name))
        .collect();
    let mut total = 0;
    let mut chunk = Chunk::default();
    let mut listening = true;
    let mut stream = match state.connection.copy_out_raw(&copy).await {
        Ok(stream) => stream,
        Err(error) => {
            // The driver leaves the end of the answer unread.
            state.broken = true;
            return Err(fault::statement(error));
        }
    };
    let result = loop {
        let row = match stream.try_next().await {
            Ok(Some(row)) => row,
            Ok(None) => break Ok(()),
            Err(error) => break Err(fault::statement(error)),
        };
        if !listening {
            // Read to the end, so that the connection and its snapshot stay usable.
            continue;
        }
        if let Err(message) = push_row(&mut chunk.lines, &keys, &classes, &row) {
            break Err(Error::Row {
                table: table.name.to_string(),
                row: total + chunk.rows + 1,
                message,
            });
        }
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
            listening = out.send(full).await.is_ok();
        }
    };
    drop(stream);
    if let Err(error) = result {
        state.broken = true;
        return Err(error);
    }
    if listening && chunk.rows > 0 {
        total += chunk.rows;
        // The receiver may be gone; then nobody counts either.
        let _ = out.send(chunk).await;
    }
    Ok(total)
}

/// What gives the rows. A query is planned, for which the server takes functions in the expressions of the table's indexes
/// apart: where no schema is searched, one that names another function without its schema would fail. So a plain table is
/// copied without a query, which cannot give what is generated, nor the rows of partitions
/// (<https://www.postgresql.org/docs/current/sql-copy.html>).
async fn statement(state: &mut State, table: &Table, columns: &[Column]) -> Result<String> {
    let names: Vec<String> = columns
        .iter()
        .map(|column| sql::name(&column.name))
        .collect();
    let (names, named) = (names.join(", "), state.table(&table.name));
    let stored = !columns.is_empty() && columns.iter().all(|column| !column.generated);
    if stored && kind(state, &named).await?.starts_with('r') {
        return Ok(format!("COPY {named} ({names}) TO STDOUT"));
    }
    let from = only(state, table).await?;
    Ok(format!("COPY (SELECT {names} FROM {from}) TO STDOUT"))
}

/// The letter of a relation's kind, and `+` where others may inherit from it.
async fn kind(state: &mut State, named: &str) -> Result<String> {
    let asked = format!(
        "SELECT relkind::text || CASE WHEN relhassubclass THEN '+' ELSE '' END FROM pg_catalog.pg_class WHERE oid = {}::regclass",
        sql::literal(named)
    );
    let rows = state.texts(&asked).await?;
    let kind = rows.into_iter().flatten().flatten().next();
    Ok(kind.unwrap_or_default())
}

/// The table, without those that inherit from it: they are tables of their own. A partitioned one with its partitions.
pub(super) async fn only(state: &mut State, table: &Table) -> Result<String> {
    let named = state.table(&table.name);
    Ok(match kind(state, &named).await?.as_str() {
        "r+" => format!("ONLY {named}"),
        _ => named,
    })
}

/// What stands before each value: `{"id":`, then `,"name":` …
struct Keys(Vec<Vec<u8>>);

impl Keys {
    fn of(columns: &[Column]) -> Keys {
        let key = |(index, column): (usize, &Column)| {
            let mut key = vec![if index == 0 { b'{' } else { b',' }];
            push_string(&mut key, &column.name);
            key.push(b':');
            key
        };
        Keys(columns.iter().enumerate().map(key).collect())
    }
}

fn push_row(
    out: &mut Vec<u8>,
    Keys(keys): &Keys,
    classes: &[Class],
    row: &[u8],
) -> std::result::Result<(), String> {
    if keys.is_empty() {
        out.extend_from_slice(b"{}\n");
        return Ok(());
    }
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    let mut start = 0;
    for (index, (key, class)) in keys.iter().zip(classes).enumerate() {
        let end = match memchr::memchr(b'\t', &row[start..]) {
            Some(length) if index + 1 < keys.len() => start + length,
            None if index + 1 == keys.len() => row.len(),
            _ => return Err("the server sent another number of columns".to_owned()),
        };
        out.extend_from_slice(key);
        line::push(out, *class, &row[start..end])?;
        start = end + 1;
    }
    out.extend_from_slice(b"}\n");
    Ok(())
}

/// As [`write()`], in a transaction of its own where none is open.
pub(super) async fn write_all(
    state: &mut State,
    table: Table,
    columns: Vec<Column>,
    lines: mpsc::Receiver<Chunk>,
) -> Result<u64> {
    let begin = state.single();
    state
        .in_transaction(begin, move |state| {
            Box::pin(async move { write(state, &table, &columns, lines).await })
        })
        .await
}

/// Fills a table from lines. Triggers do not fire: the rows come as they were, their effects with them.
async fn write(
    state: &mut State,
    table: &Table,
    columns: &[Column],
    lines: mpsc::Receiver<Chunk>,
) -> Result<u64> {
    let (name, table, columns) = (table.name.clone(), table.clone(), columns.to_vec());
    quiet::with(state, &name, false, move |state| {
        Box::pin(async move {
            if columns.is_empty() {
                write_empty(state, &table, lines).await
            } else {
                copy_in(state, &table, &columns, lines).await
            }
        })
    })
    .await
}

/// Rows without a column that is stored.
async fn write_empty(
    state: &mut State,
    table: &Table,
    mut lines: mpsc::Receiver<Chunk>,
) -> Result<u64> {
    let mut rows = 0;
    while let Some(chunk) = lines.recv().await {
        for line in chunk.lines.split_inclusive(|byte| *byte == b'\n') {
            rows += 1;
            field_row(
                table,
                &[],
                rows,
                line.strip_suffix(b"\n").unwrap_or(line),
                &mut Vec::new(),
            )?;
        }
    }
    let named = state.table(&table.name);
    let insert = format!(
        "INSERT INTO {named} SELECT FROM pg_catalog.generate_series(1::int8, {rows}::int8)"
    );
    state.run(&insert).await
}

async fn copy_in(
    state: &mut State,
    table: &Table,
    columns: &[Column],
    mut lines: mpsc::Receiver<Chunk>,
) -> Result<u64> {
    let names: Vec<String> = columns
        .iter()
        .map(|column| sql::name(&column.name))
        .collect();
    let copy = format!(
        "COPY {} ({}) FROM STDIN",
        state.table(&table.name),
        names.join(", ")
    );
    let begun = state.connection.copy_in_raw(&copy).await;
    let mut copying = match begun {
        Ok(copying) => copying,
        Err(error) => {
            state.failed = true;
            return Err(fault::statement(error));
        }
    };
    let mut row = 0;
    let mut buffer = Vec::with_capacity(CHUNK_BYTES + 4096);
    while let Some(chunk) = lines.recv().await {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &chunk.lines) {
            row += 1;
            let line = &chunk.lines[start..end];
            if let Err(error) = field_row(table, columns, row, line, &mut buffer) {
                state.failed = true;
                // Where the server had refused an earlier row by itself, the driver leaves its answer half read.
                state.broken = copying.abort("a row does not fit").await.is_err();
                return Err(error);
            }
            start = end + 1;
        }
        if let Err(error) = copying.send(&buffer[..]).await {
            state.broken = true;
            return Err(fault::statement(error));
        }
        buffer.clear();
    }
    let done = copying.finish().await;
    done.map_err(|error| {
        state.failed = true;
        state.broken |= !matches!(error, sqlx::Error::Database(_));
        fault::copying(&table.name.to_string(), error)
    })
}

/// Writes a line as a row of COPY.
fn field_row(
    table: &Table,
    columns: &[Column],
    row: u64,
    text: &[u8],
    out: &mut Vec<u8>,
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
            let message = format!("`{name}` stands where `{}` belongs", column.name);
            return Err(wrong(message));
        }
        if index > 0 {
            out.push(b'\t');
        }
        line::field(out, Class::of(&column.type_name), value.get()).map_err(|message| {
            wrong(format!("column `{name}` ({}): {message}", column.type_name))
        })?;
    }
    out.push(b'\n');
    Ok(())
}
