//! Open cursors: a statement that keeps its place between two fetches while other statements run on the same connection.

use std::rc::Rc;

use rusqlite::{Connection, Statement};
use self_cell::self_cell;

use super::fault;
use super::values::read;
use crate::db::Result;
use crate::value::Value;

self_cell!(
    struct Prepared {
        owner: Rc<Connection>,
        #[not_covariant]
        dependent: Statement,
    }
);

/// A statement with its place among its rows.
pub(super) struct OpenCursor {
    prepared: Prepared,
    done: bool,
    /// Whether it was opened inside a transaction, with which it ends.
    pub(super) in_transaction: bool,
}

impl OpenCursor {
    /// Prepares and binds; returns the columns too.
    pub(super) fn open(
        connection: Rc<Connection>,
        sql: &str,
        params: &[Value],
    ) -> Result<(OpenCursor, Vec<String>)> {
        let mut columns = Vec::new();
        let in_transaction = !connection.is_autocommit();
        let prepared = Prepared::try_new(connection, |connection| {
            let mut statement = connection.prepare(sql).map_err(fault::statement)?;
            super::values::bind(&mut statement, params)?;
            columns = statement
                .column_names()
                .into_iter()
                .map(str::to_owned)
                .collect();
            Ok::<_, crate::db::Error>(statement)
        })?;
        Ok((
            OpenCursor {
                prepared,
                done: false,
                in_transaction,
            },
            columns,
        ))
    }

    /// The next rows, at most `most`.
    pub(super) fn fetch(&mut self, most: usize) -> Result<Vec<Vec<Value>>> {
        let mut batch = Vec::new();
        if self.done {
            return Ok(batch);
        }
        self.done = self.prepared.with_dependent_mut(|_, statement| {
            let mut rows = statement.raw_query();
            while batch.len() < most {
                match rows.next().map_err(fault::statement)? {
                    Some(row) => batch.push(read(row)?),
                    None => return Ok(true),
                }
            }
            // Dropping `Rows` would reset the statement to its first row. It owns nothing, so forgetting it leaks nothing.
            std::mem::forget(rows);
            Ok::<_, crate::db::Error>(false)
        })?;
        Ok(batch)
    }
}
