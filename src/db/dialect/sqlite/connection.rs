//! The contract's [`Connection`] on an SQLite worker.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::catalog::{self, quote};
use super::cursor::OpenCursor;
use super::worker::{State, Worker};
use super::{fault, lines, orphans, remake, schema, transaction, values};
use crate::db::catalog::{Catalog, Column, DatabaseInfo, Orphans, SchemaSql, Sequence, Table};
use crate::db::dialect::{Begin, Chunk, Connection, CursorId, Lookup};
use crate::db::{BrokenView, Error, Result, Target};
use crate::ident::TableName;
use crate::value::{Rows, Value};

/// Values asked for in one statement; SQLite takes 32,766 parameters.
const LOOKUP_BATCH: usize = 10_000;

/// One SQLite connection.
pub(super) struct SqliteConnection {
    pub(super) worker: Worker,
    pub(super) target: Target,
    /// What was made in another way than it was told to.
    pub(super) notes: Vec<String>,
}

impl SqliteConnection {
    async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut State) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.worker.call(work).await
    }

    /// Runs transaction control, waiting for other programs' locks.
    async fn control(&mut self, sql: String) -> Result<()> {
        self.with(move |state| state.patiently(|connection| connection.execute_batch(&sql)))
            .await
    }
}

#[async_trait]
impl Connection for SqliteConnection {
    async fn info(&mut self) -> Result<DatabaseInfo> {
        let target = self.target.clone();
        self.with(move |state| state.again(|| schema::info(&state.connection, &target)))
            .await
    }

    async fn query(&mut self, sql: &str, params: &[Value], limit: usize) -> Result<Rows> {
        let (sql, params) = (sql.to_owned(), params.to_vec());
        self.with(move |state| state.again(|| query(state, &sql, &params, limit)))
            .await
    }

    async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        let (sql, params) = (sql.to_owned(), params.to_vec());
        self.with(move |state| execute(state, &sql, &params)).await
    }

    async fn open_cursor(
        &mut self,
        sql: &str,
        params: &[Value],
    ) -> Result<(CursorId, Vec<String>)> {
        let (sql, params) = (sql.to_owned(), params.to_vec());
        self.with(move |state| {
            let (cursor, columns) = OpenCursor::open(state.connection.clone(), &sql, &params)?;
            state.next_cursor += 1;
            state.cursors.insert(state.next_cursor, cursor);
            Ok((CursorId(state.next_cursor), columns))
        })
        .await
    }

    async fn fetch(&mut self, cursor: CursorId, most: usize) -> Result<Vec<Vec<Value>>> {
        self.with(move |state| match state.cursors.get_mut(&cursor.0) {
            Some(open) => open.fetch(most),
            None => Err(Error::CursorClosed),
        })
        .await
    }

    async fn close_cursor(&mut self, cursor: CursorId) -> Result<()> {
        self.with(move |state| {
            state.cursors.remove(&cursor.0);
            Ok(())
        })
        .await
    }

    async fn insert_many(
        &mut self,
        table: &TableName,
        columns: &[String],
        rows: Vec<Vec<Value>>,
    ) -> Result<u64> {
        let names: Vec<String> = columns.iter().map(|name| quote(name)).collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!(
            "INSERT INTO main.{} ({}) VALUES ({marks})",
            quote(&table.name),
            names.join(", ")
        );
        self.with(move |state| insert_many(state, &sql, &rows))
            .await
    }

    async fn present(&mut self, lookup: &Lookup, wanted: &[Value]) -> Result<Vec<Value>> {
        let (lookup, wanted) = (lookup.clone(), wanted.to_vec());
        self.with(move |state| present(state, &lookup, &wanted))
            .await
    }

    async fn begin(&mut self, mode: Begin) -> Result<()> {
        self.with(move |state| transaction::begin(state, mode))
            .await
    }

    async fn commit(&mut self) -> Result<()> {
        self.with(transaction::commit).await
    }

    async fn rollback(&mut self) -> Result<()> {
        self.with(transaction::rollback).await
    }

    async fn savepoint(&mut self, depth: usize) -> Result<()> {
        self.control(format!("SAVEPOINT dbscript_{depth}")).await
    }

    async fn release(&mut self, depth: usize) -> Result<()> {
        self.control(format!("RELEASE dbscript_{depth}")).await
    }

    async fn rollback_to(&mut self, depth: usize) -> Result<()> {
        self.with(move |state| {
            // An error such as SQLITE_FULL may have rolled everything back already.
            if state.connection.is_autocommit() {
                return Ok(());
            }
            let sql = format!("ROLLBACK TO dbscript_{depth}; RELEASE dbscript_{depth}");
            state
                .connection
                .execute_batch(&sql)
                .map_err(fault::statement)
        })
        .await
    }

    async fn catalog(&mut self) -> Result<Catalog> {
        self.with(|state| state.again(|| catalog::read(&state.connection)))
            .await
    }

    async fn schema_sql(&mut self) -> Result<SchemaSql> {
        self.with(|state| state.again(|| schema::sql(&state.connection)))
            .await
    }

    async fn count(&mut self, table: &TableName) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM main.{}", quote(&table.name));
        self.with(move |state| {
            let count: i64 =
                state.patiently(|connection| connection.query_row(&sql, [], |row| row.get(0)))?;
            Ok(u64::try_from(count).unwrap_or(0))
        })
        .await
    }

    async fn orphans(&mut self) -> Result<Vec<Orphans>> {
        self.with(|state| state.again(|| orphans::all(&state.connection)))
            .await
    }

    async fn keep_orphans(&mut self) -> Result<Vec<Orphans>> {
        self.with(|state| state.again(|| orphans::keep(&state.connection)))
            .await
    }

    async fn new_orphans(&mut self, _kept: &[Orphans]) -> Result<Vec<Orphans>> {
        self.with(|state| state.again(|| orphans::new(&state.connection)))
            .await
    }

    async fn broken_views(&mut self) -> Result<Vec<BrokenView>> {
        self.with(|state| schema::broken_views(&state.connection))
            .await
    }

    async fn others_marker(&mut self) -> Result<Option<i64>> {
        self.with(|state| {
            let marker = state.patiently(|connection| {
                connection.pragma_query_value(None, "data_version", |row| row.get(0))
            })?;
            Ok(Some(marker))
        })
        .await
    }

    async fn run(&mut self, statement: &str) -> Result<u64> {
        self.execute(statement, &[]).await
    }

    async fn make(&mut self, statement: &str) -> Result<()> {
        let sql = statement.to_owned();
        let note = self
            .with(move |state| remake::make(&state.connection, &sql))
            .await?;
        self.notes.extend(note);
        Ok(())
    }

    async fn notes(&mut self) -> Result<Vec<String>> {
        Ok(std::mem::take(&mut self.notes))
    }

    async fn write_lines(
        &mut self,
        table: &Table,
        columns: &[Column],
        mut lines: mpsc::Receiver<Chunk>,
    ) -> Result<u64> {
        let (table, columns) = (table.clone(), columns.to_vec());
        self.with(move |state| lines::write(&state.connection, &table, &columns, &mut lines))
            .await
    }

    async fn clear(&mut self, table: &TableName) -> Result<u64> {
        let sql = format!("DELETE FROM main.{}", quote(&table.name));
        self.with(move |state| {
            lines::without_triggers(&state.connection, || execute(state, &sql, &[]))
        })
        .await
    }

    async fn rebuild_from(&mut self, tables: &[TableName]) -> Result<()> {
        let tables = tables.to_vec();
        self.with(move |state| schema::rebuild_from(&state.connection, &tables))
            .await
    }

    async fn drop_all(&mut self) -> Result<()> {
        self.with(|state| schema::drop_all(&state.connection)).await
    }

    async fn set_sequences(&mut self, sequences: &[Sequence]) -> Result<()> {
        let sequences = sequences.to_vec();
        self.with(move |state| schema::set_sequences(&state.connection, &sequences))
            .await
    }

    async fn limit_lock_waits(&mut self, limit_s: Option<u64>) -> Result<()> {
        let wait = limit_s.map(std::time::Duration::from_secs);
        self.worker
            .call(move |state| {
                state.lock_wait = wait.unwrap_or(state.usual_wait);
                Ok(())
            })
            .await
    }

    async fn lock_migrations(&mut self, _wait_ms: u64) -> Result<()> {
        // sqlx takes none on SQLite; BEGIN IMMEDIATE, taken for each migration, keeps others out.
        Ok(())
    }

    async fn unlock_migrations(&mut self) -> Result<()> {
        Ok(())
    }
}

fn query(state: &State, sql: &str, params: &[Value], limit: usize) -> Result<Rows> {
    let mut statement = state.connection.prepare(sql).map_err(fault::statement)?;
    values::bind(&mut statement, params)?;
    let columns = statement
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(fault::statement)? {
        if found.len() == limit {
            return Err(Error::TooManyRows { limit });
        }
        found.push(values::read(row)?);
    }
    Ok(Rows {
        columns,
        rows: found,
    })
}

fn execute(state: &State, sql: &str, params: &[Value]) -> Result<u64> {
    let before = state.connection.total_changes();
    state.patiently(|connection| {
        let mut statement = connection.prepare(sql)?;
        if let Err(error) = values::bind(&mut statement, params) {
            return Ok(Err(error));
        }
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        Ok(Ok(()))
    })??;
    // `changes` keeps the last statement's number where this one, such as DDL, has none.
    Ok(if state.connection.total_changes() == before {
        0
    } else {
        state.connection.changes()
    })
}

fn insert_many(state: &State, sql: &str, rows: &[Vec<Value>]) -> Result<u64> {
    let within = !state.connection.is_autocommit();
    state.patiently(|connection| connection.execute_batch("SAVEPOINT dbscript_rows"))?;
    let insert = || {
        let mut statement = state
            .connection
            .prepare_cached(sql)
            .map_err(fault::statement)?;
        for row in rows {
            values::bind(&mut statement, row)?;
            statement.raw_execute().map_err(fault::statement)?;
        }
        Ok(())
    };
    // Releasing the outermost savepoint commits, which may fail as well.
    let inserted: Result<()> = insert().and_then(|()| {
        state.patiently(|connection| connection.execute_batch("RELEASE dbscript_rows"))
    });
    match inserted {
        Ok(()) => Ok(rows.len() as u64),
        // A constraint with ON CONFLICT ROLLBACK, or a trigger's RAISE(ROLLBACK), undoes everything before it too.
        Err(error) if within && state.connection.is_autocommit() => Err(fault::undone(error)),
        Err(error) => {
            if !state.connection.is_autocommit() {
                state
                    .connection
                    .execute_batch("ROLLBACK TO dbscript_rows; RELEASE dbscript_rows")
                    .map_err(fault::statement)?;
            }
            Err(error)
        }
    }
}

fn present(state: &State, lookup: &Lookup, wanted: &[Value]) -> Result<Vec<Value>> {
    let column = quote(&lookup.column);
    let collation = if lookup.ignore_case {
        " COLLATE NOCASE"
    } else {
        ""
    };
    let table = quote(&lookup.table.name);
    let mut found = Vec::new();
    for batch in wanted.chunks(LOOKUP_BATCH) {
        let marks = vec!["?"; batch.len()].join(", ");
        let sql =
            format!("SELECT {column} FROM main.{table} WHERE {column}{collation} IN ({marks})");
        let mut rows = query(state, &sql, batch, usize::MAX)?;
        found.extend(rows.rows.drain(..).filter_map(|mut row| row.pop()));
    }
    Ok(found)
}
