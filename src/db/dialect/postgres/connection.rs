//! The contract, order by order.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::state::prepared;
use super::transaction::{commit, ended};
use super::worker::Worker;
use super::{
    access, beside, catalog, counters, cursor, exclusive, extension, lines, lock, not_included,
    refresh, rows, schema, statement, tables, unusable, waiting,
};
use crate::db::catalog::{
    Catalog, Column, DatabaseInfo, Drawn, Orphans, SchemaSql, Sequence, Table, UnusableIndex,
    Withheld,
};
use crate::db::dialect::{Begin, Beside, Chunk, Connection, CursorId, Lookup};
use crate::db::{Access, Error, Result};
use crate::ident::TableName;
use crate::value::{Rows, Value};

/// A connection to a PostgreSQL database.
pub(super) struct PostgresConnection {
    pub(super) worker: Worker,
}

#[async_trait]
impl Connection for PostgresConnection {
    async fn info(&mut self) -> Result<DatabaseInfo> {
        self.worker
            .call(|state| Box::pin(async move { catalog::info(state).await }))
            .await
    }

    async fn query(&mut self, sql: &str, params: &[Value], limit: usize) -> Result<Rows> {
        let (text, params) = (sql.to_owned(), params.to_vec());
        self.worker
            .call(move |state| {
                Box::pin(async move { statement::query(state, &text, &params, limit).await })
            })
            .await
    }

    async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        let (text, params) = (sql.to_owned(), params.to_vec());
        self.worker
            .call(move |state| {
                Box::pin(async move { statement::execute(state, &text, &params).await })
            })
            .await
    }

    async fn open_cursor(
        &mut self,
        sql: &str,
        params: &[Value],
    ) -> Result<(CursorId, Vec<String>)> {
        let (text, params) = (sql.to_owned(), params.to_vec());
        self.worker
            .call(move |state| {
                Box::pin(async move {
                    let text = prepared(state, &text, &params)?;
                    cursor::open(state, &text).await
                })
            })
            .await
    }

    async fn fetch(&mut self, cursor: CursorId, most: usize) -> Result<Vec<Vec<Value>>> {
        self.worker
            .call(move |state| Box::pin(async move { cursor::fetch(state, cursor, most).await }))
            .await
    }

    async fn close_cursor(&mut self, cursor: CursorId) -> Result<()> {
        self.worker
            .call(move |state| Box::pin(async move { cursor::close(state, cursor).await }))
            .await
    }

    async fn insert_many(
        &mut self,
        table: &TableName,
        columns: &[String],
        rows: Vec<Vec<Value>>,
    ) -> Result<u64> {
        let (table, columns) = (table.clone(), columns.to_vec());
        self.worker
            .call(move |state| {
                Box::pin(async move { rows::insert(state, &table, &columns, rows).await })
            })
            .await
    }

    async fn table_named(&mut self, name: &str) -> Result<TableName> {
        let name = name.to_owned();
        self.worker
            .call(move |state| Box::pin(async move { tables::searched(state, &name).await }))
            .await
    }

    async fn present(&mut self, lookup: &Lookup, values: &[Value]) -> Result<Vec<Value>> {
        let (lookup, wanted) = (lookup.clone(), values.to_vec());
        self.worker
            .call(move |state| {
                Box::pin(async move { rows::present(state, &lookup, &wanted).await })
            })
            .await
    }

    async fn begin(&mut self, mode: Begin) -> Result<()> {
        self.worker
            .call(move |state| {
                Box::pin(async move {
                    let text = match mode {
                        Begin::Read | Begin::Waiting => {
                            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                        }
                        Begin::Write | Begin::Rebuild => state.single(),
                    };
                    state.begin(text).await?;
                    state.in_transaction = true;
                    state.failed = false;
                    state.level = 0;
                    state.know_backend().await?;
                    if !state.access.write {
                        // Before its first query a transaction may still be told to write.
                        state.run("SELECT 1").await?;
                    }
                    if mode == Begin::Rebuild
                        && state.access.write
                        && let Err(error) = exclusive::keep_writers_out(state).await
                    {
                        // Nobody is to end a transaction that has not begun.
                        state.run("ROLLBACK").await?;
                        ended(state);
                        return Err(error);
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn commit(&mut self) -> Result<()> {
        self.worker
            .call(|state| Box::pin(async move { commit(state).await }))
            .await
    }

    async fn rollback(&mut self) -> Result<()> {
        let done = self
            .worker
            .insist(|state| {
                Box::pin(async move {
                    state.run("ROLLBACK").await?;
                    ended(state);
                    Ok(())
                })
            })
            .await;
        match done {
            // With its connection the transaction is gone as well.
            Err(Error::Closed) => Ok(()),
            done => done,
        }
    }

    async fn savepoint(&mut self, depth: usize) -> Result<()> {
        self.worker
            .call(move |state| {
                Box::pin(async move {
                    state.run(&format!("SAVEPOINT dbscript_{depth}")).await?;
                    state.level = depth;
                    Ok(())
                })
            })
            .await
    }

    async fn release(&mut self, depth: usize) -> Result<()> {
        self.worker
            .call(move |state| {
                Box::pin(async move {
                    state
                        .run(&format!("RELEASE SAVEPOINT dbscript_{depth}"))
                        .await?;
                    state.level = depth - 1;
                    for cursor in &mut state.cursors {
                        cursor.level = cursor.level.min(depth - 1);
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn rollback_to(&mut self, depth: usize) -> Result<()> {
        self.worker
            .insist(move |state| {
                Box::pin(async move {
                    let name = format!("dbscript_{depth}");
                    state
                        .run(&format!(
                            "ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}"
                        ))
                        .await?;
                    state.failed = false;
                    state.level = depth - 1;
                    state.cursors.retain(|cursor| cursor.level < depth);
                    Ok(())
                })
            })
            .await
    }

    async fn catalog(&mut self) -> Result<Catalog> {
        self.worker
            .call(|state| Box::pin(async move { catalog::read(state).await }))
            .await
    }

    async fn schema_sql(&mut self) -> Result<SchemaSql> {
        self.worker
            .call(|state| Box::pin(async move { schema::sql(state).await }))
            .await
    }

    async fn count(&mut self, table: &TableName) -> Result<u64> {
        let table = table.clone();
        self.worker
            .call(move |state| Box::pin(async move { schema::count(state, &table).await }))
            .await
    }

    async fn orphans(&mut self) -> Result<Vec<Orphans>> {
        self.worker
            .call(|state| Box::pin(async move { schema::orphans(state).await }))
            .await
    }

    async fn unusable_indexes(&mut self) -> Result<Vec<UnusableIndex>> {
        self.worker
            .call(|state| Box::pin(async move { unusable::unusable(state).await }))
            .await
    }

    async fn name_by(&mut self, schema: &str) -> Result<()> {
        let schema = schema.to_owned();
        self.worker
            .call(move |state| Box::pin(async move { state.name_by(schema) }))
            .await
    }

    async fn others_marker(&mut self) -> Result<Option<i64>> {
        // A snapshot's numbers also move with what never commits, and with other databases of the server.
        Ok(None)
    }

    async fn run(&mut self, statement: &str) -> Result<u64> {
        let text = statement.to_owned();
        self.worker
            .call(move |state| {
                Box::pin(async move {
                    // Trusted: a migration may begin and end what it likes.
                    let access = Access {
                        guarded: false,
                        ..state.access
                    };
                    super::allowed::allowed(&text, access)?;
                    statement::changed(state, text).await
                })
            })
            .await
    }

    async fn make(&mut self, statement: &str) -> Result<()> {
        let text = statement.to_owned();
        self.worker
            .call(move |state| Box::pin(async move { extension::make(state, &text).await }))
            .await
    }

    async fn notes(&mut self) -> Result<Vec<String>> {
        self.worker
            .call(|state| Box::pin(async move { Ok(std::mem::take(&mut state.notes)) }))
            .await
    }

    async fn foretell(&mut self, _statements: &[String]) -> Result<Vec<String>> {
        self.worker
            .call(|state| Box::pin(async move { not_included::foretell(state).await }))
            .await
    }

    async fn leftovers(&mut self) -> Result<Vec<String>> {
        self.worker
            .call(|state| Box::pin(async move { Ok(super::leftovers(state).await) }))
            .await
    }

    async fn write_lines(
        &mut self,
        table: &Table,
        columns: &[Column],
        lines: mpsc::Receiver<Chunk>,
    ) -> Result<u64> {
        let (table, columns) = (table.clone(), columns.to_vec());
        self.worker
            .call(move |state| {
                Box::pin(async move { lines::write_all(state, table, columns, lines).await })
            })
            .await
    }

    async fn clear(&mut self, table: &TableName) -> Result<u64> {
        let table = table.clone();
        self.worker
            .call(move |state| Box::pin(async move { schema::clear(state, table).await }))
            .await
    }

    async fn rebuild_from(&mut self, tables: &[TableName]) -> Result<()> {
        let tables = tables.to_vec();
        self.worker
            .call(move |state| Box::pin(async move { refresh::refresh(state, &tables).await }))
            .await
    }

    async fn drop_all(&mut self) -> Result<()> {
        self.worker
            .call(|state| Box::pin(async move { schema::drop_all(state).await }))
            .await
    }

    async fn drawn_from(&mut self, tables: &[TableName]) -> Result<Option<Vec<Drawn>>> {
        let tables = tables.to_vec();
        self.worker
            .call(move |state| {
                Box::pin(async move { counters::drawn_from(state, &tables).await.map(Some) })
            })
            .await
    }

    async fn set_sequences(&mut self, sequences: &[Sequence]) -> Result<()> {
        let sequences = sequences.to_vec();
        self.worker
            .call(move |state| {
                Box::pin(async move { schema::set_sequences(state, &sequences).await })
            })
            .await
    }

    async fn withheld(&mut self) -> Result<Vec<Withheld>> {
        self.worker
            .call(|state| Box::pin(async move { access::withheld(state).await }))
            .await
    }

    async fn limit_lock_waits(&mut self, limit_s: Option<u64>) -> Result<()> {
        self.worker
            .call(move |state| Box::pin(async move { waiting::limit(state, limit_s).await }))
            .await
    }

    async fn refuse_beside(&mut self, what: Beside) -> Result<()> {
        self.worker
            .call(move |state| Box::pin(async move { beside::refuse(state, what).await }))
            .await
    }

    async fn who_holds(&mut self, error: Error) -> Error {
        let Error::LockWait { limit_s, .. } = error else {
            return error;
        };
        let found = self
            .worker
            .call(|state| Box::pin(async move { waiting::keepers(state).await }))
            .await;
        waiting::named(limit_s, found.ok().flatten())
    }

    async fn lock_migrations(&mut self, wait_ms: u64) -> Result<()> {
        lock::take(&self.worker, wait_ms).await
    }

    async fn unlock_migrations(&mut self) -> Result<()> {
        self.worker
            .insist(|state| Box::pin(async move { lock::give_back(state).await }))
            .await
    }
}
