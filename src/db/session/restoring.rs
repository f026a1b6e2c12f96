//! What restores ask of a session.

use super::Session;
use crate::db::catalog::{Drawn, Orphans, Withheld};
use crate::db::dialect::{Beside, Capitals, Overtaken};
use crate::db::error::Result;
use crate::ident::TableName;

impl Session {
    /// See [`Connection::make`](crate::db::dialect::Connection::make).
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn make(&mut self, statement: &str) -> Result<()> {
        self.connection.make(statement).await
    }

    /// See [`Connection::foretell`](crate::db::dialect::Connection::foretell).
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn foretell(&mut self, statements: &[String]) -> Result<Vec<String>> {
        self.connection.foretell(statements).await
    }

    /// See [`Connection::refuse_beside`](crate::db::dialect::Connection::refuse_beside).
    ///
    /// # Errors
    /// `NoScratch`, `Unsupported`, with the statement that gives the right.
    pub async fn refuse_beside(&mut self, what: Beside) -> Result<()> {
        self.connection.refuse_beside(what).await
    }

    /// See [`Connection::orphans_outside`](crate::db::dialect::Connection::orphans_outside).
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn orphans_outside(&mut self, parents: &[TableName]) -> Result<Vec<Orphans>> {
        self.connection.orphans_outside(parents).await
    }

    /// See [`Connection::refuse_rows_of`](crate::db::dialect::Connection::refuse_rows_of).
    ///
    /// # Errors
    /// `Unsupported`, with what it would do.
    pub async fn refuse_rows_of(&mut self, tables: &[TableName]) -> Result<()> {
        self.connection.refuse_rows_of(tables).await
    }

    /// See [`Connection::overtaken`](crate::db::dialect::Connection::overtaken).
    ///
    /// # Errors
    /// No connection any more.
    pub async fn overtaken(&mut self) -> Result<Option<Overtaken>> {
        self.connection.overtaken().await
    }

    /// See [`Connection::refuse_half_restored`](crate::db::dialect::Connection::refuse_half_restored).
    ///
    /// # Errors
    /// `Unsupported` if it is so.
    pub async fn refuse_half_restored(&mut self) -> Result<()> {
        self.connection.refuse_half_restored().await
    }

    /// See [`Connection::end_half_restored`](crate::db::dialect::Connection::end_half_restored).
    ///
    /// # Errors
    /// `Locked` while another restore is at work; what the database refuses.
    pub async fn end_half_restored(&mut self) -> Result<()> {
        self.connection.end_half_restored().await
    }

    /// See [`Connection::leftovers`](crate::db::dialect::Connection::leftovers).
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn leftovers(&mut self) -> Result<Vec<String>> {
        self.connection.leftovers().await
    }

    /// See [`Connection::capitals`](crate::db::dialect::Connection::capitals).
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn capitals(&mut self) -> Result<Capitals> {
        self.connection.capitals().await
    }

    /// See [`Connection::leave_unseen`](crate::db::dialect::Connection::leave_unseen).
    ///
    /// # Errors
    /// No connection any more.
    pub async fn leave_unseen(&mut self, kinds: &[String]) -> Result<()> {
        self.connection.leave_unseen(kinds).await
    }

    /// See [`Connection::keep`](crate::db::dialect::Connection::keep).
    ///
    /// # Errors
    /// No connection any more.
    pub async fn keep(&mut self, objects: &[(String, String)]) -> Result<()> {
        self.connection.keep(objects).await
    }

    /// See [`Connection::drop_all`](crate::db::dialect::Connection::drop_all).
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn drop_all(&mut self) -> Result<()> {
        self.connection.drop_all().await
    }

    /// See [`Connection::drawn_from`](crate::db::dialect::Connection::drawn_from).
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn drawn_from(&mut self, tables: &[TableName]) -> Result<Option<Vec<Drawn>>> {
        self.connection.drawn_from(tables).await
    }

    /// See [`Connection::withheld`](crate::db::dialect::Connection::withheld).
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn withheld(&mut self) -> Result<Vec<Withheld>> {
        self.connection.withheld().await
    }
}
