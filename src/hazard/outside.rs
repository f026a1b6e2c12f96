//! Which statement of a migration reaches outside its database, so that no copy beside the real one may run it.

use super::dialect;
use super::lint::place;
use super::split::{Kind, Statement};
use crate::db::Engine;

/// A statement that reaches outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// What of it does, such as `CREATE ROLE`.
    pub what: String,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
}

/// The first statement that reaches outside its database: other databases, users, settings or files of the server.
/// `neighbours` are the databases SQL can name, this one too; empty where it can name none.
pub fn outside(
    engine: Engine,
    statements: &[Statement<'_>],
    neighbours: &[String],
) -> Option<Outside> {
    statements
        .iter()
        .filter(|statement| statement.kind == Kind::Sql)
        .find_map(|statement| {
            let (what, offset) = dialect::outside(engine, statement.text, neighbours)?;
            let (line, column) = place(statement, offset);
            Some(Outside { what, line, column })
        })
}
