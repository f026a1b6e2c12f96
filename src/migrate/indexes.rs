//! Indexes that a migration outside a transaction leaves unusable: a statement that builds one beside those who write
//! leaves its beginnings behind where it fails, and another with `IF NOT EXISTS` takes them for the index.

use super::Migration;
use super::way_back::resolve_as_applied;
use crate::db::{Session, UnusableIndex};
use crate::error::{Error, Kind, Result};

/// How the indexes stood before a migration.
pub(super) struct Indexes {
    unusable: Vec<String>,
}

impl Indexes {
    /// Looks at them.
    ///
    /// # Errors
    /// What the database refuses.
    pub(super) async fn before(session: &mut Session) -> Result<Indexes> {
        let unusable = session.unusable_indexes().await?;
        Ok(Indexes {
            unusable: unusable.into_iter().map(|index| index.quoted).collect(),
        })
    }

    /// Those that became unusable since, in words; what cannot be looked at is not told.
    pub(super) async fn left(&self, session: &mut Session) -> Option<String> {
        let now = session.unusable_indexes().await.ok()?;
        let new: Vec<String> = now
            .into_iter()
            .map(|index| index.quoted)
            .filter(|quoted| !self.unusable.contains(quoted))
            .collect();
        (!new.is_empty()).then(|| {
            let names = new.join(", ");
            format!("it left behind what answers no query and slows writes: `DROP INDEX CONCURRENTLY {names}`")
        })
    }

    /// Refuses to record a migration as applied that names an index, or made one, that is unusable.
    ///
    /// # Errors
    /// `Migration`, with the index.
    pub(super) async fn refuse_unusable(
        &self,
        session: &mut Session,
        migration: &Migration,
    ) -> Result<()> {
        let now = session.unusable_indexes().await?;
        let is_its = |index: &&UnusableIndex| {
            !self.unusable.contains(&index.quoted) || names(&migration.sql, &index.name)
        };
        let Some(index) = now.iter().find(is_its) else {
            return Ok(());
        };
        let UnusableIndex { quoted, table, .. } = index;
        let message = format!(
            "migration {} ({}) ran, but the index {quoted} of {table} is invalid: what built it, then or earlier, did not come to its end, and `IF NOT EXISTS` takes it for the index",
            migration.version, migration.description
        );
        Err(Error::new(Kind::Migration, message).hint(format!(
            "`DROP INDEX CONCURRENTLY {quoted}`, create it again by hand, then {}",
            resolve_as_applied(migration.version)
        )))
    }
}

/// Whether a text holds this name as a word, in whatever case.
fn names(text: &str, name: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$')
        .any(|word| word.eq_ignore_ascii_case(name))
}
