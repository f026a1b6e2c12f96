//! A stream of rows as a script walks through it: fetched in batches, closed when the loop ends.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{Dynamic, EvalAltResult, Identifier, Position};

use super::convert::{identifiers, row_to_map};
use super::fault::Thrown;
use super::host::Host;
use super::unheard::Given;
use super::workplace::WorkplaceId;
use crate::db::{CursorId, Session};
use crate::error::{Error, Kind, Result};
use crate::value::Value;

/// Rows fetched at a time.
const BATCH: usize = 500;

/// An open stream; clones share it.
#[derive(Clone)]
pub struct RowStream(Rc<RefCell<Option<OpenStream>>>);

impl RowStream {
    /// Opens a stream in the current workplace. `position` is the call's, for errors while it is walked through.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn open(host: &Rc<Host>, sql: &str, params: &[Value], position: Position) -> Result<Self> {
        let (place, cursor, columns) = host.open_cursor(sql, params)?;
        Ok(RowStream(Rc::new(RefCell::new(Some(OpenStream {
            host: Rc::clone(host),
            place,
            cursor,
            columns: identifiers(&columns),
            batch: Vec::new().into_iter(),
            last: false,
            position,
            given: Given::default(),
        })))))
    }
}

impl IntoIterator for RowStream {
    type Item = std::result::Result<Dynamic, Box<EvalAltResult>>;
    type IntoIter = Rows;

    fn into_iter(self) -> Rows {
        Rows(self.0.borrow_mut().take().ok_or(false))
    }
}

/// The rows of a stream. An error for one that was walked through before.
pub struct Rows(std::result::Result<OpenStream, bool>);

impl Iterator for Rows {
    type Item = std::result::Result<Dynamic, Box<EvalAltResult>>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Ok(stream) => stream.next(),
            Err(told) if *told => None,
            Err(told) => {
                *told = true;
                let error = Error::new(Kind::Script, "these rows were walked through already")
                    .hint("call `db::rows` again");
                Some(Err(Thrown::from(error).raise(Position::NONE)))
            }
        }
    }
}

/// A cursor and the rows fetched from it.
pub struct OpenStream {
    host: Rc<Host>,
    place: WorkplaceId,
    cursor: CursorId,
    columns: Vec<Identifier>,
    batch: std::vec::IntoIter<Vec<Value>>,
    last: bool,
    position: Position,
    given: Given,
}

impl OpenStream {
    fn next(&mut self) -> Option<std::result::Result<Dynamic, Box<EvalAltResult>>> {
        let host = Rc::clone(&self.host);
        let mut given = std::mem::take(&mut self.given);
        let item = given.next(host.limits(), || self.row());
        self.given = given;
        item
    }

    fn row(&mut self) -> Option<std::result::Result<Dynamic, Box<EvalAltResult>>> {
        if self.batch.len() == 0 && !self.last {
            match self.fetch() {
                Ok(rows) => {
                    self.last = rows.is_empty();
                    self.batch = rows.into_iter();
                }
                Err(error) => {
                    self.last = true;
                    return Some(Err(Thrown::from(error).raise(self.position)));
                }
            }
        }
        self.host.limits().reset();
        let row = self.batch.next()?;
        Some(Ok(row_to_map(&self.columns, row)))
    }

    fn fetch(&self) -> Result<Vec<Vec<Value>>> {
        let cursor = self.cursor;
        self.host
            .session_of(self.place, async |session: &mut Session| {
                session.fetch(cursor, BATCH).await
            })
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.host.close_cursor(self.place, self.cursor);
    }
}
