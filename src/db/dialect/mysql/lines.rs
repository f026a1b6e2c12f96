//! Whole tables as lines, and back: the only loops over rows in MySQL's dialect. Rows come over the text protocol and go
//! back as INSERTs of many rows: LOAD DATA LOCAL is often switched off and cannot carry every value.

use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;
use tokio::sync::mpsc;

use super::large::{Large, RAISE};
use super::line::{Form, Literal, push, push_literal};
use super::link::State;
use super::text::READ;
use super::{fault, quote, text, transaction, watch};
use crate::db::catalog::{Column, Table};
use crate::db::dialect::Chunk;
use crate::db::row::{Members, parse, push_string};
use crate::db::{Engine, EngineError, Error, Result};
use crate::ident::TableName;

/// Bytes after which a piece of a table is handed on.
const CHUNK_BYTES: usize = 128 * 1024;

/// Bytes after which an INSERT is sent: larger ones gain nothing.
const INSERT_BYTES: usize = 512 * 1024;

/// Under which rows go back as they were: zero dates, impossible dates and a zero in an AUTO_INCREMENT column are data.
const LOADING_MODE: &str =
    "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION";

/// The same, but ENUM's error value is taken.
const LENIENT_MODE: &str = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION";

/// Sends a table's rows as lines. A receiver that is gone ends it early.
pub(super) async fn read(
    state: &mut State,
    table: &Table,
    columns: &[Column],
    out: &mpsc::Sender<Chunk>,
) -> Result<u64> {
    let forms: Vec<Form> = columns
        .iter()
        .map(|column| Form::of(&column.type_name))
        .collect();
    let selected: Vec<String> = columns
        .iter()
        .zip(&forms)
        .map(|(column, form)| form.selected(&quote(&column.name)))
        .collect();
    let selected = match selected.is_empty() {
        true => "NULL".to_owned(),
        false => selected.join(", "),
    };
    // A CHAR is what was stored and not what fills it up.
    let unpadded =
        "SET SESSION sql_mode = REPLACE(@@SESSION.sql_mode, 'PAD_CHAR_TO_FULL_LENGTH', '')";
    text::run(&mut state.connection, unpadded).await?;
    let sql = format!("{READ} {selected} FROM {}", quote(&table.name.name));
    let keys = keys(columns);
    let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(&mut state.connection);
    let (mut total, mut chunk) = (0, Chunk::default());
    while let Some(row) = rows.try_next().await.map_err(|error| gone(table, &error))? {
        for (index, (key, form)) in keys.iter().zip(&forms).enumerate() {
            chunk.lines.extend_from_slice(key);
            push(&mut chunk.lines, *form, text::bytes(&row, index)).map_err(|message| {
                Error::Row {
                    table: table.name.to_string(),
                    row: total + chunk.rows + 1,
                    message,
                }
            })?;
        }
        let end: &[u8] = if keys.is_empty() { b"{}\n" } else { b"}\n" };
        chunk.lines.extend_from_slice(end);
        chunk.rows += 1;
        if chunk.lines.len() >= CHUNK_BYTES {
            total += chunk.rows;
            if out.send(std::mem::take(&mut chunk)).await.is_err() {
                // The rest of the rows is on its way: a connection cannot do anything else until they are in.
                drop(rows);
                return Ok(total);
            }
        }
    }
    total += chunk.rows;
    if chunk.rows > 0 {
        // The receiver may be gone; then nobody counts either.
        let _ = out.send(chunk).await;
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

fn gone(table: &Table, error: &sqlx::Error) -> Error {
    match fault::number(error) {
        Some(1146) => Error::NoTable {
            table: table.name.to_string(),
        },
        Some(fault::TABLE_CHANGED) => Error::Statement {
            source: EngineError {
                code: "HY000".to_owned(),
                message: format!(
                    "`{}` was altered or emptied while it was read; nothing of it was kept",
                    table.name
                ),
            },
        },
        _ => fault::statement(error),
    }
}

/// Fills a table from lines, in one transaction where none is open.
pub(super) async fn write(
    state: &mut State,
    table: &Table,
    columns: &[Column],
    lines: &mut mpsc::Receiver<Chunk>,
) -> Result<u64> {
    refuse_triggers(state, &table.name, "INSERT").await?;
    let mode = text::value(&mut state.connection, "SELECT @@SESSION.sql_mode").await?;
    state
        .run(&format!("SET SESSION sql_mode = '{LOADING_MODE}'"))
        .await?;
    let own = state.transaction.is_none();
    if own {
        state.run("START TRANSACTION").await?;
    }
    let apart = is_to_be_apart(state, &table.name).await?;
    let mut writer = Writer::new(state, table, columns);
    writer.apart = apart;
    let written = writer.all(lines).await;
    if own {
        let end = if written.is_ok() {
            "COMMIT"
        } else {
            "ROLLBACK"
        };
        text::surely(&mut state.connection, end).await?;
    }
    let mode = text::literal(&mode.unwrap_or_default());
    let back = format!("SET SESSION sql_mode = {mode}");
    text::surely(&mut state.connection, &back).await?;
    written
}

/// The error of a sound row that this server does not take.
fn too_long(table: &Table, row: u64, column: &str, message: String) -> Error {
    Error::Statement {
        source: EngineError {
            code: "HY000".to_owned(),
            message: format!(
                "row {row} of `{}`: column `{column}`: {message}",
                table.name
            ),
        },
    }
}

/// Empties a table, unless others have written to it since the restore began.
pub(super) async fn clear(state: &mut State, table: &TableName) -> Result<u64> {
    refuse_triggers(state, table, "DELETE").await?;
    watch::let_go(state).await?;
    // Where there are no transactions, emptying is itself a write that cannot be told from others'.
    watch::refuse_others_on(state, &table.name).await?;
    let sql = format!(
        "SELECT ENGINE = 'InnoDB' FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {}",
        text::literal(&table.name)
    );
    let transactional = text::value(&mut state.connection, &sql).await?;
    let rows = state
        .run(&format!("DELETE FROM {}", quote(&table.name)))
        .await?;
    if transactional.as_deref() == Some("1") {
        // Whoever came in between has committed; from here on every row and gap is ours.
        watch::refuse_others_on(state, &table.name).await?;
    }
    Ok(rows)
}

/// Refuses to replace the rows of tables whose triggers would fire.
pub(super) async fn refuse_rows_of(state: &mut State, tables: &[TableName]) -> Result<()> {
    for table in tables {
        refuse_triggers(state, table, "DELETE").await?;
        refuse_triggers(state, table, "INSERT").await?;
    }
    Ok(())
}

/// MySQL cannot switch triggers off: rows that come from a backup would have their effects a second time.
async fn refuse_triggers(state: &mut State, table: &TableName, event: &str) -> Result<()> {
    let sql = format!(
        "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE()
         AND EVENT_OBJECT_TABLE = {} AND EVENT_MANIPULATION = '{event}' LIMIT 1",
        text::literal(&table.name)
    );
    match text::value(&mut state.connection, &sql).await? {
        None => Ok(()),
        Some(trigger) => Err(Error::Unsupported {
            message: format!(
                "the rows of `{}` cannot be replaced: its trigger `{trigger}` would fire, and MySQL cannot switch it off",
                table
            ),
            hint: format!(
                "drop `{trigger}` before and create it again afterwards, or restore the whole set"
            ),
        }),
    }
}

/// Whether each INSERT into the table must be a transaction of its own: a MySQL server that keeps GTIDs refuses tables
/// without transactions inside one
/// (<https://dev.mysql.com/doc/refman/8.4/en/replication-gtids-restrictions.html>). Only where nothing is left that
/// could be rolled back: in a database that is built beside, or behind statements that have committed by themselves.
async fn is_to_be_apart(state: &mut State, table: &TableName) -> Result<bool> {
    if state.engine == Engine::Mariadb || state.transaction.is_none() {
        return Ok(false);
    }
    let sql = format!(
        "SELECT COUNT(*) FROM information_schema.TABLES t JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
         WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_NAME = {} AND COALESCE(e.TRANSACTIONS, 'NO') <> 'YES'",
        text::literal(&table.name)
    );
    let found = text::value(&mut state.connection, &sql).await?;
    if found.as_deref() != Some("1") {
        return Ok(false);
    }
    Ok(state.beside.is_some() || transaction::committed_by_itself(state).await?)
}

/// An INSERT that grows.
struct Writer<'a> {
    state: &'a mut State,
    table: &'a Table,
    columns: &'a [Column],
    forms: Vec<Form>,
    head: String,
    statement: Vec<u8>,
    /// How many ENUM error values the statement holds.
    enum_errors: u64,
    large: Large,
    full: usize,
    row: u64,
    /// Whether each is committed by itself.
    apart: bool,
}

impl<'a> Writer<'a> {
    fn new(state: &'a mut State, table: &'a Table, columns: &'a [Column]) -> Writer<'a> {
        let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        Writer {
            full: INSERT_BYTES.min(state.largest / 2),
            large: Large::new(state.largest),
            state,
            table,
            columns,
            forms: columns
                .iter()
                .map(|column| Form::of(&column.type_name))
                .collect(),
            head: format!(
                "INSERT INTO {} ({}) VALUES ",
                quote(&table.name.name),
                names.join(", ")
            ),
            statement: Vec::new(),
            enum_errors: 0,
            row: 0,
            apart: false,
        }
    }

    async fn all(mut self, lines: &mut mpsc::Receiver<Chunk>) -> Result<u64> {
        while let Some(chunk) = lines.recv().await {
            self.state.wanted()?;
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', &chunk.lines) {
                self.row += 1;
                self.add(&chunk.lines[start..end])?;
                if self.statement.len() >= self.full || !self.large.is_empty() {
                    self.send().await?;
                }
                start = end + 1;
            }
        }
        self.send().await?;
        Ok(self.row)
    }

    fn add(&mut self, line: &[u8]) -> Result<()> {
        let (table, row) = (self.table, self.row);
        let wrong = |message: String| Error::Row {
            table: table.name.to_string(),
            row,
            message,
        };
        let Members(members) = parse(line).map_err(wrong)?;
        if members.len() != self.columns.len() {
            return Err(wrong("its columns are not those of the table".to_owned()));
        }
        let between = if self.statement.is_empty() {
            self.head.as_str()
        } else {
            ", "
        };
        self.statement.extend_from_slice(between.as_bytes());
        for (index, ((name, value), column)) in members.iter().zip(self.columns).enumerate() {
            if *name != column.name {
                let message = format!("`{name}` stands where `{}` belongs", column.name);
                return Err(wrong(message));
            }
            self.statement.push(if index == 0 { b'(' } else { b',' });
            let form = self.forms[index];
            let misfit = |message: String| wrong(format!("column `{name}`: {message}"));
            let ahead = self.large.take(line.len(), form, value.get());
            let ahead = ahead.map_err(|message| match message.contains(RAISE) {
                true => too_long(table, row, name, message),
                false => misfit(message),
            });
            if let Some(variable) = ahead? {
                self.statement.extend_from_slice(variable.as_bytes());
                continue;
            }
            let literal = push_literal(&mut self.statement, form, value.get()).map_err(misfit)?;
            if literal == Literal::EnumError {
                self.enum_errors += 1;
            }
        }
        let end: &[u8] = if members.is_empty() { b"()" } else { b")" };
        self.statement.extend_from_slice(end);
        Ok(())
    }

    async fn send(&mut self) -> Result<()> {
        if self.statement.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.statement);
        // Literals are made of JSON strings and digits; a line that is not UTF-8 was refused.
        let sql = String::from_utf8(bytes).map_err(|_| Error::Closed)?;
        self.large.send(self.state).await?;
        if self.apart {
            self.state.run("COMMIT").await?;
        }
        match std::mem::take(&mut self.enum_errors) {
            0 => {
                self.state.run(&sql).await?;
            }
            expected => self.send_leniently(&sql, expected).await?,
        }
        if self.apart {
            self.state.run("COMMIT").await?;
        }
        self.large.forget(self.state).await
    }

    /// Strict sessions refuse ENUM's error value. Each gives one warning, and any warning more is a value that was bent.
    async fn send_leniently(&mut self, sql: &str, expected: u64) -> Result<()> {
        self.state
            .run(&format!("SET SESSION sql_mode = '{LENIENT_MODE}'"))
            .await?;
        self.state.run(sql).await?;
        let warnings = text::value(&mut self.state.connection, "SELECT @@warning_count").await?;
        self.state
            .run(&format!("SET SESSION sql_mode = '{LOADING_MODE}'"))
            .await?;
        if warnings.as_deref() == Some(expected.to_string().as_str()) {
            return Ok(());
        }
        Err(Error::Row {
            table: self.table.name.to_string(),
            row: self.row,
            message: "it or a row before it does not fit its table".to_owned(),
        })
    }
}
