//! A connection with its transactions: nested ones are savepoints. What only restores ask of it stands in [`restoring`].

mod orphans;
mod restoring;

use super::catalog::{
    BrokenView, Catalog, Column, DatabaseInfo, SchemaSql, Sequence, Table, UnusableIndex,
};
use super::dialect::{Begin, Chunk, Connection, CursorId, Lookup};
use super::error::{Error, Result};
use super::{Engine, Target};
use crate::ident::TableName;
use crate::value::{Rows, Value};
use tokio::sync::mpsc;

/// One connection and how deep its transactions are nested.
pub struct Session {
    target: Target,
    connection: Box<dyn Connection>,
    depth: usize,
    lock_limit_s: Option<u64>,
}

impl Session {
    pub(super) fn new(target: Target, connection: Box<dyn Connection>) -> Self {
        Session {
            target,
            connection,
            depth: 0,
            lock_limit_s: None,
        }
    }

    /// Where it is connected to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The engine.
    pub fn engine(&self) -> Engine {
        self.target.engine()
    }

    /// How deep transactions are nested: 0 is none.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// See [`Connection::info`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn info(&mut self) -> Result<DatabaseInfo> {
        self.connection.info().await
    }

    /// See [`Connection::query`].
    ///
    /// # Errors
    /// What the engine refuses, or more rows than `limit`.
    pub async fn query(&mut self, sql: &str, params: &[Value], limit: usize) -> Result<Rows> {
        self.connection.query(sql, params, limit).await
    }

    /// See [`Connection::execute`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        self.connection.execute(sql, params).await
    }

    /// See [`Connection::open_cursor`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn open_cursor(
        &mut self,
        sql: &str,
        params: &[Value],
    ) -> Result<(CursorId, Vec<String>)> {
        self.connection.open_cursor(sql, params).await
    }

    /// See [`Connection::fetch`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn fetch(&mut self, cursor: CursorId, most: usize) -> Result<Vec<Vec<Value>>> {
        self.connection.fetch(cursor, most).await
    }

    /// See [`Connection::close_cursor`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn close_cursor(&mut self, cursor: CursorId) -> Result<()> {
        self.connection.close_cursor(cursor).await
    }

    /// See [`Connection::insert_many`].
    ///
    /// # Errors
    /// What the engine refuses; then no row is in.
    pub async fn insert_many(
        &mut self,
        table: &TableName,
        columns: &[String],
        rows: Vec<Vec<Value>>,
    ) -> Result<u64> {
        self.connection.insert_many(table, columns, rows).await
    }

    /// See [`Connection::present`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn present(&mut self, lookup: &Lookup, values: &[Value]) -> Result<Vec<Value>> {
        self.connection.present(lookup, values).await
    }

    /// Begins a transaction, or a savepoint inside one (then `mode` does not matter).
    ///
    /// # Errors
    /// What the engine refuses, a lock that is not given up among them.
    pub async fn begin(&mut self, mode: Begin) -> Result<()> {
        if self.depth == 0 {
            self.connection.begin(mode).await?;
        } else {
            self.connection.savepoint(self.depth).await?;
        }
        self.depth += 1;
        Ok(())
    }

    /// Ends the innermost transaction and keeps its work.
    ///
    /// # Errors
    /// What the engine refuses; the transaction is then still open.
    pub async fn commit(&mut self) -> Result<()> {
        match self.depth {
            0 => return Ok(()),
            1 => self.connection.commit().await?,
            depth => self.connection.release(depth - 1).await?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// Ends the innermost transaction and undoes its work.
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn rollback(&mut self) -> Result<()> {
        match self.depth {
            0 => return Ok(()),
            1 => self.connection.rollback().await?,
            depth => self.connection.rollback_to(depth - 1).await?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// Undoes everything that is not committed.
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn rollback_all(&mut self) -> Result<()> {
        self.depth = 0;
        self.connection.rollback().await
    }

    /// See [`Connection::committed_by_itself`]. To be asked at depth 1.
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn committed_by_itself(&mut self) -> Result<bool> {
        self.connection.committed_by_itself().await
    }

    /// See [`Connection::kept_by_rollback`].
    ///
    /// # Errors
    /// No connection any more.
    pub async fn kept_by_rollback(&mut self) -> Result<Option<String>> {
        self.connection.kept_by_rollback().await
    }

    /// See [`Connection::catalog`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn catalog(&mut self) -> Result<Catalog> {
        self.connection.catalog().await
    }

    /// See [`Connection::schema_sql`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn schema_sql(&mut self) -> Result<SchemaSql> {
        self.connection.schema_sql().await
    }

    /// See [`Connection::count`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn count(&mut self, table: &TableName) -> Result<u64> {
        self.connection.count(table).await
    }

    /// See [`Connection::broken_views`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn broken_views(&mut self) -> Result<Vec<BrokenView>> {
        self.connection.broken_views().await
    }

    /// See [`Connection::keys_from_outside`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn keys_from_outside(&mut self) -> Result<Vec<String>> {
        self.connection.keys_from_outside().await
    }

    /// See [`Connection::name_by`]; without a schema nothing changes.
    ///
    /// # Errors
    /// The connection is closed.
    pub async fn name_by(&mut self, schema: Option<&str>) -> Result<()> {
        match schema {
            Some(schema) => self.connection.name_by(schema).await,
            None => Ok(()),
        }
    }

    /// See [`Connection::others_marker`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn others_marker(&mut self) -> Result<Option<i64>> {
        self.connection.others_marker().await
    }

    /// See [`Connection::run`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn run(&mut self, statement: &str) -> Result<u64> {
        self.connection.run(statement).await
    }

    /// See [`Connection::table_named`].
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn table_named(&mut self, name: &str) -> Result<TableName> {
        self.connection.table_named(name).await
    }

    /// Keeps everybody from a table until the transaction ends, or only those who write; whether it could be. A table that
    /// has no such name here and now is not locked, nor any by an engine without such a lock.
    ///
    /// # Errors
    /// What the engine refuses, a lock that is waited for too long among it.
    pub async fn lock_table(&mut self, table: &TableName, from_readers: bool) -> Result<bool> {
        let engine = self.engine();
        if engine.lock_sql(table, from_readers).is_none() || !self.catalog().await?.holds(table) {
            return Ok(false);
        }
        // Wherever the session looks for names without a schema.
        let table = TableName {
            schema: table.schema.clone().or(self.info().await?.default_schema),
            name: table.name.clone(),
        };
        let Some(sql) = engine.lock_sql(&table, from_readers) else {
            return Ok(false);
        };
        self.run(&sql).await.map(|_| true)
    }

    /// See [`Connection::notes`].
    ///
    /// # Errors
    /// No connection any more.
    pub async fn notes(&mut self) -> Result<Vec<String>> {
        self.connection.notes().await
    }

    /// See [`Connection::unusable_indexes`].
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn unusable_indexes(&mut self) -> Result<Vec<UnusableIndex>> {
        self.connection.unusable_indexes().await
    }

    /// See [`Connection::write_lines`].
    ///
    /// # Errors
    /// A line that does not fit, or what the engine refuses.
    pub async fn write_lines(
        &mut self,
        table: &Table,
        columns: &[Column],
        lines: mpsc::Receiver<Chunk>,
    ) -> Result<u64> {
        self.connection.write_lines(table, columns, lines).await
    }

    /// See [`Connection::clear`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn clear(&mut self, table: &TableName) -> Result<u64> {
        self.connection.clear(table).await
    }

    /// See [`Connection::rebuild_from`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn rebuild_from(&mut self, tables: &[TableName]) -> Result<()> {
        self.connection.rebuild_from(tables).await
    }

    /// See [`Connection::set_sequences`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn set_sequences(&mut self, sequences: &[Sequence]) -> Result<()> {
        self.connection.set_sequences(sequences).await
    }

    /// What [`Session::limit_lock_waits`] was given last.
    pub(super) fn lock_limit(&self) -> Option<u64> {
        self.lock_limit_s
    }

    /// See [`Connection::who_holds`].
    pub async fn who_holds(&mut self, error: Error) -> Error {
        self.connection.who_holds(error).await
    }

    /// See [`Connection::limit_lock_waits`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn limit_lock_waits(&mut self, limit_s: Option<u64>) -> Result<()> {
        self.connection.limit_lock_waits(limit_s).await?;
        self.lock_limit_s = limit_s;
        Ok(())
    }

    /// See [`Connection::keep_others_out`].
    ///
    /// # Errors
    /// `LockWait`, and a connection that broke.
    pub async fn keep_others_out(&mut self, tables: &[TableName]) -> Result<bool> {
        self.connection.keep_others_out(tables).await
    }

    /// See [`Connection::let_others_in`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn let_others_in(&mut self) -> Result<()> {
        self.connection.let_others_in().await
    }

    /// See [`Connection::lock_migrations`].
    ///
    /// # Errors
    /// `Locked` when another program keeps it.
    pub async fn lock_migrations(&mut self, wait_ms: u64) -> Result<()> {
        self.connection.lock_migrations(wait_ms).await
    }

    /// See [`Connection::unlock_migrations`].
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn unlock_migrations(&mut self) -> Result<()> {
        self.connection.unlock_migrations().await
    }
}
