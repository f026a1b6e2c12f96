//! The contract's [`Connection`] on a MySQL or MariaDB link.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::link::{Link, State};
use super::transaction::{
    begin, commit, committed_by_itself, end, make, noticed, own_writes, savepoint_gone,
};
use super::{
    alone, beside, catalog, definer, journal, lines, outside, rebuild, rows, schema, text, views,
    waiting, without_transactions,
};
use crate::db::catalog::{
    BrokenView, Catalog, Column, DatabaseInfo, Orphans, SchemaSql, Sequence, Table,
};
use crate::db::dialect::{Begin, Beside, Capitals, Chunk, Connection, CursorId, Lookup, Overtaken};
use crate::db::{Error, Result};
use crate::ident::TableName;
use crate::value::{Rows, Value};

/// One connection.
pub(super) struct MysqlConnection {
    pub(super) link: Link,
}

#[async_trait]
impl Connection for MysqlConnection {
    async fn info(&mut self) -> Result<DatabaseInfo> {
        self.link.call(schema::info).await
    }

    async fn query(&mut self, sql: &str, params: &[Value], limit: usize) -> Result<Rows> {
        let (sql, params) = (sql.to_owned(), params.to_vec());
        self.link
            .call(async move |state: &mut State| {
                let done = rows::query(state, &sql, &params, limit).await;
                let done = noticed(state, done);
                waiting::told(state, done).await
            })
            .await
    }

    async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        let (sql, params) = (sql.to_owned(), params.to_vec());
        self.link
            .call(async move |state: &mut State| {
                own_writes(state).await?;
                let done = rows::execute(state, &sql, &params).await;
                let done = without_transactions::noticed(state, &sql, done).await;
                noticed(state, done)
            })
            .await
    }

    async fn open_cursor(
        &mut self,
        sql: &str,
        params: &[Value],
    ) -> Result<(CursorId, Vec<String>)> {
        let (sql, params) = (sql.to_owned(), params.to_vec());
        self.link
            .call(async move |state: &mut State| {
                let done = rows::put_aside(state, &sql, &params).await;
                let (mut spool, columns) = noticed(state, done)?;
                spool.held = state.transaction.is_none();
                state.next_cursor += 1;
                state.cursors.insert(state.next_cursor, spool);
                Ok((CursorId(state.next_cursor), columns))
            })
            .await
    }

    async fn fetch(&mut self, cursor: CursorId, most: usize) -> Result<Vec<Vec<Value>>> {
        self.link
            .call(
                async move |state: &mut State| match state.cursors.get_mut(&cursor.0) {
                    Some(open) => open.next(most),
                    None => Err(Error::CursorClosed),
                },
            )
            .await
    }

    async fn close_cursor(&mut self, cursor: CursorId) -> Result<()> {
        self.link
            .call(async move |state: &mut State| {
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
        let (table, columns) = (table.clone(), columns.to_vec());
        self.link
            .call(async move |state: &mut State| {
                own_writes(state).await?;
                let done = rows::insert_many(state, &table, &columns, &rows).await;
                noticed(state, done)
            })
            .await
    }

    async fn present(&mut self, lookup: &Lookup, values: &[Value]) -> Result<Vec<Value>> {
        let (lookup, values) = (lookup.clone(), values.to_vec());
        self.link
            .call(async move |state: &mut State| {
                let done = rows::present(state, &lookup, &values).await;
                noticed(state, done)
            })
            .await
    }

    async fn begin(&mut self, mode: Begin) -> Result<()> {
        self.link
            .call(async move |state: &mut State| {
                let begun = begin(state, mode).await;
                if begun.is_err() {
                    end(state, "ROLLBACK").await?;
                }
                begun
            })
            .await
    }

    async fn commit(&mut self) -> Result<()> {
        self.link.call_to_the_end(commit).await
    }

    async fn rollback(&mut self) -> Result<()> {
        self.link
            .call_to_the_end(async |state: &mut State| {
                state.counters.clear();
                let ended = end(state, "ROLLBACK").await;
                let abandoned = rebuild::abandon(state).await;
                match state.wreck.take() {
                    None => abandoned.and(ended),
                    Some(message) => Err(Error::Unsupported {
                        message,
                        hint: "`dbscript run restore` ends it first, then restores".to_owned(),
                    }),
                }
            })
            .await
    }

    async fn savepoint(&mut self, depth: usize) -> Result<()> {
        self.savepoint_statements(&[format!("SAVEPOINT dbscript_{depth}")])
            .await
    }

    async fn release(&mut self, depth: usize) -> Result<()> {
        self.savepoint_statements(&[format!("RELEASE SAVEPOINT dbscript_{depth}")])
            .await
    }

    async fn rollback_to(&mut self, depth: usize) -> Result<()> {
        self.savepoint_statements(&[
            format!("ROLLBACK TO SAVEPOINT dbscript_{depth}"),
            format!("RELEASE SAVEPOINT dbscript_{depth}"),
        ])
        .await
    }

    async fn committed_by_itself(&mut self) -> Result<bool> {
        self.link
            .call(async |state: &mut State| committed_by_itself(state).await)
            .await
    }

    async fn kept_by_rollback(&mut self) -> Result<Option<String>> {
        self.link.call(without_transactions::kept).await
    }

    async fn catalog(&mut self) -> Result<Catalog> {
        self.link.call(catalog::read).await
    }

    async fn schema_sql(&mut self) -> Result<SchemaSql> {
        self.link.call(schema::sql).await
    }

    async fn count(&mut self, table: &TableName) -> Result<u64> {
        let table = table.clone();
        self.link
            .call(async move |state: &mut State| schema::count(state, &table).await)
            .await
    }

    async fn keys_from_outside(&mut self) -> Result<Vec<String>> {
        self.link.call(outside::keys).await
    }

    async fn orphans_outside(&mut self, parents: &[TableName]) -> Result<Vec<Orphans>> {
        let parents = parents.to_vec();
        self.link
            .call(async move |state: &mut State| outside::orphans(state, &parents).await)
            .await
    }

    async fn refuse_rows_of(&mut self, tables: &[TableName]) -> Result<()> {
        let tables = tables.to_vec();
        self.link
            .call(async move |state: &mut State| lines::refuse_rows_of(state, &tables).await)
            .await
    }

    async fn orphans(&mut self) -> Result<Vec<Orphans>> {
        self.link.call(schema::orphans).await
    }

    async fn broken_views(&mut self) -> Result<Vec<BrokenView>> {
        self.link.call(views::broken).await
    }

    async fn others_marker(&mut self) -> Result<Option<i64>> {
        Ok(None)
    }

    async fn run(&mut self, statement: &str) -> Result<u64> {
        let statement = statement.to_owned();
        self.link
            .call(async move |state: &mut State| {
                own_writes(state).await?;
                let statement = rebuild::adapted(state, &statement);
                let made = make(state, &statement).await;
                let made = without_transactions::noticed(state, &statement, made).await;
                let made = noticed(state, made);
                waiting::told(state, made).await
            })
            .await
    }

    async fn notes(&mut self) -> Result<Vec<String>> {
        self.link
            .call(async |state: &mut State| Ok(std::mem::take(&mut state.notes)))
            .await
    }

    async fn capitals(&mut self) -> Result<Capitals> {
        self.link.call(schema::capitals).await
    }

    async fn leave_unseen(&mut self, kinds: &[String]) -> Result<()> {
        let kinds = kinds.to_vec();
        self.link
            .call(async move |state: &mut State| {
                state.unseen = kinds;
                Ok(())
            })
            .await
    }

    async fn foretell(&mut self, statements: &[String]) -> Result<Vec<String>> {
        let statements = statements.to_vec();
        self.link
            .call(async move |state: &mut State| definer::foretell(state, &statements).await)
            .await
    }

    async fn refuse_beside(&mut self, what: Beside) -> Result<()> {
        self.link
            .call(async move |state: &mut State| rebuild::refuse_beside(state, what).await)
            .await
    }

    async fn refuse_half_restored(&mut self) -> Result<()> {
        self.link.call(journal::refuse_unfinished).await
    }

    async fn end_half_restored(&mut self) -> Result<()> {
        self.link.call(journal::end).await
    }

    async fn overtaken(&mut self) -> Result<Option<Overtaken>> {
        self.link
            .call(async |state: &mut State| Ok(state.overtaken.take()))
            .await
    }

    async fn leftovers(&mut self) -> Result<Vec<String>> {
        self.link.call(beside::leftovers).await
    }

    async fn write_lines(
        &mut self,
        table: &Table,
        columns: &[Column],
        mut lines: mpsc::Receiver<Chunk>,
    ) -> Result<u64> {
        let (table, columns) = (table.clone(), columns.to_vec());
        self.link
            .call(async move |state: &mut State| {
                own_writes(state).await?;
                lines::write(state, &table, &columns, &mut lines).await
            })
            .await
    }

    async fn clear(&mut self, table: &TableName) -> Result<u64> {
        let table = table.clone();
        self.link
            .call(async move |state: &mut State| lines::clear(state, &table).await)
            .await
    }

    async fn keep(&mut self, objects: &[(String, String)]) -> Result<()> {
        let objects = objects.to_vec();
        self.link
            .call(async move |state: &mut State| {
                state.keeps = objects;
                Ok(())
            })
            .await
    }

    async fn drop_all(&mut self) -> Result<()> {
        self.link
            .call(async |state: &mut State| {
                if state.transaction == Some(Begin::Rebuild) && state.beside.is_none() {
                    rebuild::start(state).await
                } else {
                    schema::drop_all(state).await
                }
            })
            .await
    }

    async fn set_sequences(&mut self, sequences: &[Sequence]) -> Result<()> {
        let sequences = sequences.to_vec();
        self.link
            .call(async move |state: &mut State| {
                if state.transaction.is_some() && state.beside.is_none() {
                    state.counters = sequences;
                    return Ok(());
                }
                schema::set_sequences(state, &sequences).await
            })
            .await
    }

    async fn limit_lock_waits(&mut self, limit_s: Option<u64>) -> Result<()> {
        self.link
            .call(async move |state: &mut State| waiting::limit(state, limit_s).await)
            .await
    }

    async fn keep_others_out(&mut self, tables: &[TableName]) -> Result<bool> {
        let tables = tables.to_vec();
        self.link
            .call(async move |state: &mut State| alone::lock(state, &tables).await)
            .await
    }

    async fn let_others_in(&mut self) -> Result<()> {
        self.link.call_to_the_end(alone::unlock).await
    }

    async fn lock_migrations(&mut self, wait_ms: u64) -> Result<()> {
        self.link
            .call(async move |state: &mut State| waiting::lock_migrations(state, wait_ms).await)
            .await
    }

    async fn unlock_migrations(&mut self) -> Result<()> {
        self.link
            .call_to_the_end(async |state: &mut State| {
                let Some(name) = state.lock.take() else {
                    return Ok(());
                };
                let sql = format!("DO RELEASE_LOCK('{name}')");
                text::surely(&mut state.connection, &sql).await.map(|_| ())
            })
            .await
    }
}

impl MysqlConnection {
    async fn savepoint_statements(&mut self, statements: &[String]) -> Result<()> {
        let statements = statements.to_vec();
        self.link
            .call_to_the_end(async move |state: &mut State| {
                for statement in statements {
                    text::attempt(&mut state.connection, &statement)
                        .await
                        .map_err(|error| savepoint_gone(&error))?;
                    without_transactions::look(state, &statement).await;
                }
                Ok(())
            })
            .await
    }
}
