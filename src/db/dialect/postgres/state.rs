//! A connection with what is known of its transaction, on its task.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use futures_util::TryStreamExt;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{Column, Either, Executor, PgConnection, Row, Statement};

use super::cursor::{self, OpenCursor};
use super::quiet::Quiet;
use super::{fault, sql, values, waiting, worker};
use crate::db::{Access, Error, Result};
use crate::ident::TableName;
use crate::value::{Rows, Value};

/// Names the savepoint around a query whose rows have a limit.
const KEPT: &str = "dbscript_query";

/// The connection's side of things.
pub(super) struct State {
    pub(super) connection: PgConnection,
    /// For further connections: to cancel, to hold a lock.
    pub(super) options: PgConnectOptions,
    /// The server's process of this connection; 0 while it is not known, which is so between the transactions that a
    /// pooler lends a session for.
    pub(super) backend: Arc<AtomicI32>,
    pub(super) access: Access,
    /// Where a pooler stands in between: what is set at the start of each transaction.
    pub(super) pins: Option<String>,
    /// Where it is, for messages.
    pub(super) place: String,
    /// How long a further connection may take, in seconds, where the URL says it.
    pub(super) connect_timeout_s: Option<u64>,
    /// The schema that goes unsaid in names: the URL's, or `public`, whatever is searched. A set is the same for all.
    pub(super) schema: String,
    pub(super) in_transaction: bool,
    /// A statement of the transaction failed: the server takes only ROLLBACK now.
    pub(super) failed: bool,
    /// Savepoints that are open.
    pub(super) level: usize,
    pub(super) cursors: Vec<OpenCursor>,
    pub(super) next_cursor: u64,
    /// Constraints and triggers that are out of force until the transaction ends.
    pub(super) quiet: Quiet,
    /// How long a statement may wait for a lock, in seconds, where that is limited.
    pub(super) lock_limit_s: Option<u64>,
    /// The connection that holds the migration lock.
    pub(super) lock: Option<PgConnection>,
    /// What people are to be told that is no error.
    pub(super) notes: Vec<String>,
    /// The protocol was left in the middle of an answer.
    pub(super) broken: bool,
}

impl State {
    /// Names tables relative to this schema from here on.
    pub(super) fn name_by(&mut self, schema: String) -> Result<()> {
        self.schema = schema;
        Ok(())
    }

    /// A table's name with its schema.
    pub(super) fn table(&self, table: &TableName) -> String {
        let schema = table.schema.as_deref().unwrap_or(&self.schema);
        format!("{}.{}", sql::name(schema), sql::name(&table.name))
    }

    /// A name as the rest of the program knows it: without the default schema.
    pub(super) fn known(&self, schema: &str, name: &str) -> TableName {
        TableName {
            schema: (schema != self.schema).then(|| schema.to_owned()),
            name: name.to_owned(),
        }
    }

    /// Runs trusted text of one or more statements. Returns how many rows the last changed.
    pub(super) async fn run(&mut self, text: &str) -> Result<u64> {
        let text = sqlx::AssertSqlSafe(text.to_owned());
        let done = sqlx::raw_sql(text).execute(&mut self.connection).await;
        self.note(done).map(|done| done.rows_affected())
    }

    /// The rows of one statement, at most `limit`, and its columns.
    pub(super) async fn rows(&mut self, text: &str, limit: usize) -> Result<Rows> {
        let mut found = self.fetched(text, limit).await?;
        if found.rows.is_empty() {
            found.columns = self.described(text).await?;
        }
        Ok(found)
    }

    /// As [`State::rows`], without the columns where there is no row.
    pub(super) async fn fetched(&mut self, text: &str, limit: usize) -> Result<Rows> {
        // Beyond its limit a query is stopped, which only a savepoint keeps from spoiling the open transaction. What
        // begins with a writing verb runs to its end.
        let stops = limit < usize::MAX && cursor::is_query(text);
        let kept = stops && self.in_transaction;
        let asked = match kept {
            true => format!("SAVEPOINT {KEPT}; {text}\n; RELEASE SAVEPOINT {KEPT}"),
            false => text.to_owned(),
        };
        let mut found: Vec<Result<Vec<Value>>> = Vec::new();
        let mut names = Vec::new();
        let mut too_many = false;
        let fetched = {
            let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(asked));
            let mut results = statement.fetch_many(&mut self.connection);
            let reading = async {
                while let Some(item) = results.try_next().await? {
                    let Either::Right(row) = item else { continue };
                    if names.is_empty() {
                        names = columns(&row);
                    }
                    if found.len() == limit {
                        too_many = true;
                        break;
                    }
                    found.push(values::row(&row));
                }
                Ok(())
            };
            let read = reading.await;
            if too_many {
                if stops {
                    let backend = self.backend.load(Ordering::SeqCst);
                    worker::stop_once(&self.options, backend).await;
                }
                // What has come is read and dropped, so that the connection stays usable.
                let rest = async {
                    while results.try_next().await?.is_some() {}
                    Ok(())
                };
                rest.await
            } else {
                read
            }
        };
        if too_many {
            self.stopped(fetched, kept).await?;
            return Err(Error::TooManyRows { limit });
        }
        self.note(fetched)?;
        Ok(Rows {
            columns: names,
            rows: found.into_iter().collect::<Result<_>>()?,
        })
    }

    /// What a query leaves that was stopped at its limit; it may have come to its end all the same.
    async fn stopped(&mut self, ended: sqlx::Result<()>, kept: bool) -> Result<()> {
        match ended {
            Err(sqlx::Error::Database(_)) if kept => {
                let undo = format!("ROLLBACK TO SAVEPOINT {KEPT}; RELEASE SAVEPOINT {KEPT}");
                self.run(&undo).await.map(drop)
            }
            Err(sqlx::Error::Database(_)) => Ok(()),
            ended => self.note(ended),
        }
    }

    /// The columns a statement would give: an answer without rows says nothing of them.
    pub(super) async fn described(&mut self, text: &str) -> Result<Vec<String>> {
        if self.pins.is_some() {
            return self.described_by_a_row(text).await;
        }
        let text = sqlx::AssertSqlSafe(text.to_owned());
        let prepared = (&mut self.connection)
            .prepare(sqlx::SqlSafeStr::into_sql_str(text))
            .await;
        let prepared = self.note(prepared)?;
        Ok(prepared
            .columns()
            .iter()
            .map(|column| column.name().to_owned())
            .collect())
    }

    /// The same without a prepared statement, which a pooler may leave in another's session: a row that is made where
    /// there is none shows the columns. What cannot stand inside a query shows none.
    async fn described_by_a_row(&mut self, text: &str) -> Result<Vec<String>> {
        let verb = sql::verb(text);
        if !["SELECT", "WITH", "VALUES", "TABLE", "("].contains(&verb.as_str()) {
            return Ok(Vec::new());
        }
        let text = text.trim_end().trim_end_matches(';');
        let asked = format!(
            "SELECT q.* FROM (SELECT 1) one LEFT JOIN (SELECT * FROM (\n{text}\n) q LIMIT 0) q ON true"
        );
        let asked = sqlx::AssertSqlSafe(asked);
        let row = sqlx::raw_sql(asked)
            .fetch_optional(&mut self.connection)
            .await;
        Ok(self.note(row)?.as_ref().map(columns).unwrap_or_default())
    }

    /// The rows of a trusted query as text, NULL as `None`.
    pub(super) async fn texts(&mut self, text: &str) -> Result<Vec<Vec<Option<String>>>> {
        let text = sqlx::AssertSqlSafe(text.to_owned());
        let rows = sqlx::raw_sql(text).fetch_all(&mut self.connection).await;
        let rows = self.note(rows)?;
        rows.iter().map(values::texts).collect()
    }

    /// Keeps in mind that the transaction is spoiled, and that a connection is gone.
    pub(super) fn note<T>(&mut self, result: sqlx::Result<T>) -> Result<T> {
        result.map_err(|error| {
            self.failed |= self.in_transaction;
            if !matches!(error, sqlx::Error::Database(_)) {
                self.broken = true;
            }
            waiting::told(fault::statement(error), self.lock_limit_s)
        })
    }

    /// Runs something of our own inside a transaction: the one that is open, or one made for it.
    pub(super) async fn in_transaction<T: Send>(
        &mut self,
        begin: &str,
        work: impl for<'a> FnOnce(&'a mut State) -> worker::Work<'a, Result<T>> + Send,
    ) -> Result<T> {
        if self.in_transaction {
            return work(self).await;
        }
        self.begin(begin).await?;
        let known = self.know_backend().await;
        let result = match known {
            Ok(()) => work(self).await,
            Err(error) => Err(error),
        };
        let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = self.run(end).await;
        self.forget_backend();
        let value = result?;
        ended.map(|_| value)
    }

    /// Begins a transaction. Nothing is asked in it yet, so that it still sees no moment.
    pub(super) async fn begin(&mut self, begin: &str) -> Result<()> {
        let text = match &self.pins {
            Some(pins) => format!("{begin}; {pins}"),
            None => begin.to_owned(),
        };
        self.run(&text).await.map(drop)
    }

    /// Asks which process a pooler has lent, in a transaction: only while it is ours may it be told to stop.
    pub(super) async fn know_backend(&mut self) -> Result<()> {
        if self.pins.is_some() {
            let rows = self.texts("SELECT pg_catalog.pg_backend_pid()").await?;
            let number = rows.into_iter().flatten().flatten().next();
            let number = number.and_then(|text| text.parse().ok()).unwrap_or(0);
            self.backend.store(number, Ordering::SeqCst);
        }
        Ok(())
    }

    /// The transaction has ended.
    pub(super) fn forget_backend(&self) {
        if self.pins.is_some() {
            self.backend.store(0, Ordering::SeqCst);
        }
    }

    /// Whether a statement by itself must stand in a transaction: to be read only, or to be pinned.
    pub(super) fn needs_transaction(&self) -> bool {
        !self.access.write || self.pins.is_some()
    }

    /// The transaction that a single statement needs: none where the session may write.
    pub(super) fn single(&self) -> &'static str {
        if self.access.write {
            "BEGIN"
        } else {
            "BEGIN READ ONLY"
        }
    }
}

fn columns(row: &PgRow) -> Vec<String> {
    row.columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect()
}

/// A statement with its values put in, after a look at what it is.
pub(super) fn prepared(state: &State, text: &str, params: &[Value]) -> Result<String> {
    super::allowed::allowed(text, state.access)?;
    sql::filled(text, params)
}
