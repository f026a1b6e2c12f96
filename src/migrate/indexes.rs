//! Indexes that a migration outside a transaction leaves unusable: a statement that builds one beside those who write
//! leaves its beginnings behind where it fails, and another with `IF NOT EXISTS` takes them for the index.

use super::apply::Prepared;
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
            .filter(|index| !index.may_be_at_work)
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
        prepared: &Prepared<'_>,
    ) -> Result<()> {
        let migration = prepared.migration;
        let now = session.unusable_indexes().await?;
        let made: Vec<&str> = prepared
            .statements
            .iter()
            .filter_map(|statement| index_made(statement.text))
            .collect();
        let is_its = |index: &&UnusableIndex| {
            let is_new = !self.unusable.contains(&index.quoted) && !index.may_be_at_work;
            is_new
                || made
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(&index.name))
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

/// The plain name of the index that a statement makes, where it names one.
fn index_made(statement: &str) -> Option<&str> {
    let mut words = statement.split_whitespace();
    let mut next = || words.next().unwrap_or_default();
    if !next().eq_ignore_ascii_case("CREATE") {
        return None;
    }
    let mut word = next();
    if word.eq_ignore_ascii_case("UNIQUE") {
        word = next();
    }
    if !word.eq_ignore_ascii_case("INDEX") {
        return None;
    }
    let before = ["CONCURRENTLY", "IF", "NOT", "EXISTS"];
    let mut name = next();
    while before.iter().any(|word| word.eq_ignore_ascii_case(name)) {
        name = next();
    }
    let name = name.rsplit('.').next().unwrap_or(name).trim_matches('"');
    (!name.eq_ignore_ascii_case("ON")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::index_made;

    #[test]
    fn the_name_of_an_index_is_found_and_no_other() {
        for (sql, name) in [
            ("CREATE INDEX a ON t (b)", Some("a")),
            (
                "create unique index concurrently if not exists s.\"My\" on t (b)",
                Some("My"),
            ),
            ("CREATE INDEX ON t (b)", None),
            ("CREATE TABLE a (b INT)", None),
            ("", None),
        ] {
            assert_eq!(index_made(sql), name, "{sql}");
        }
    }
}
