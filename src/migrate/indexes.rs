//! Indexes that a migration outside a transaction leaves unusable: a statement that builds one beside those who write
//! leaves its beginnings behind where it fails, and another with `IF NOT EXISTS` takes them for the index.

use super::Migration;
use super::apply::Prepared;
use super::way_back::resolve_as_applied;
use crate::db::{Session, UnusableIndex};
use crate::error::{Error, Kind, Result};
use crate::hazard::{self, Statement};

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

    /// What a migration that failed has to do with: those that became unusable since, and those that stood in its way from
    /// before. In words; what cannot be looked at is not told.
    pub(super) async fn left(
        &self,
        session: &mut Session,
        prepared: &Prepared<'_>,
    ) -> Option<String> {
        let now = session.unusable_indexes().await.ok()?;
        let now = now.into_iter().filter(|index| !index.may_be_at_work);
        let (old, new): (Vec<UnusableIndex>, Vec<UnusableIndex>) =
            now.partition(|index| self.unusable.contains(&index.quoted));
        let mut told = Vec::new();
        if !new.is_empty() {
            told.push(format!(
                "it left behind what answers no query and slows writes: {}",
                drop_them(&new)
            ));
        }
        let in_the_way = made_by(&prepared.statements, old);
        if !in_the_way.is_empty() {
            told.push(format!(
                "what an earlier attempt left is in the way and answers no query: {}",
                drop_them(&in_the_way)
            ));
        }
        (!told.is_empty()).then(|| told.join("; "))
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
        let is_new =
            |index: &UnusableIndex| !self.unusable.contains(&index.quoted) && !index.may_be_at_work;
        let (new, old): (Vec<_>, Vec<_>) = now.into_iter().partition(is_new);
        let old = made_by(&prepared.statements, old);
        let Some(index) = new.iter().chain(&old).next() else {
            return Ok(());
        };
        let UnusableIndex { quoted, table, .. } = index;
        let message = format!(
            "migration {} ({}) ran, but the index {quoted} of {table} is invalid: what built it, then or earlier, did not come to its end, and `IF NOT EXISTS` takes it for the index",
            migration.version, migration.description
        );
        let drop = format!("`DROP INDEX CONCURRENTLY {quoted}`");
        let hint = match prepared.mode {
            // All of the migration is rolled back.
            Some(_) => format!("{drop}, then run `dbscript run safe-migration` again"),
            None => format!(
                "{drop}, create it again by hand, then {}",
                resolve_as_applied(migration.version)
            ),
        };
        Err(Error::new(Kind::Migration, message).hint(hint))
    }
}

/// Refuses to take a migration for done by hand while an index that it makes is unusable.
///
/// # Errors
/// `Refused`, with the index; what the database refuses.
pub(super) async fn refuse_unusable(session: &mut Session, migration: &Migration) -> Result<()> {
    let now = session.unusable_indexes().await?;
    let statements = hazard::split(session.engine(), &migration.sql);
    let its = made_by(&statements, now);
    let Some(UnusableIndex { quoted, table, .. }) = its.first() else {
        return Ok(());
    };
    let message = format!(
        "migration {} ({}) makes the index {quoted} of {table}, which is invalid: it answers no query",
        migration.version, migration.description
    );
    Err(Error::new(Kind::Refused, message).hint(format!(
        "{} and create it again by hand, then {}",
        drop_them(&its),
        resolve_as_applied(migration.version)
    )))
}

fn drop_them(indexes: &[UnusableIndex]) -> String {
    let drop = |index: &UnusableIndex| format!("`DROP INDEX CONCURRENTLY {}`", index.quoted);
    let drops: Vec<String> = indexes.iter().map(drop).collect();
    drops.join("; ")
}

/// Those of these indexes that are named, and whose tables are named, as those which the statements make.
fn made_by(statements: &[Statement<'_>], indexes: Vec<UnusableIndex>) -> Vec<UnusableIndex> {
    let made: Vec<(String, &str)> = statements
        .iter()
        .filter_map(|statement| Some((index_made(statement.text)?.to_owned(), statement.text)))
        .collect();
    let is_made = |index: &UnusableIndex| {
        let table = index.table.rsplit('.').next().unwrap_or(&index.table);
        let table = table.trim_matches('"').to_lowercase();
        made.iter().any(|(name, statement)| {
            name.eq_ignore_ascii_case(&index.name) && statement.to_lowercase().contains(&table)
        })
    };
    indexes.into_iter().filter(is_made).collect()
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
