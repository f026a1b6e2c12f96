//! What is asked of rows whose foreign key points to nothing.

use super::Session;
use crate::db::catalog::Orphans;
use crate::db::error::Result;

impl Session {
    /// See [`Connection::orphans`](crate::db::dialect::Connection::orphans).
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn orphans(&mut self) -> Result<Vec<Orphans>> {
        self.connection.orphans().await
    }

    /// See [`Connection::keep_orphans`](crate::db::dialect::Connection::keep_orphans).
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn keep_orphans(&mut self) -> Result<Vec<Orphans>> {
        self.connection.keep_orphans().await
    }

    /// See [`Connection::new_orphans`](crate::db::dialect::Connection::new_orphans).
    ///
    /// # Errors
    /// What the engine refuses.
    pub async fn new_orphans(&mut self, kept: &[Orphans]) -> Result<Vec<Orphans>> {
        self.connection.new_orphans(kept).await
    }
}
