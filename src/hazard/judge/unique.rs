//! Uniqueness that stays when one of its indexes or constraints goes: another demands it, or the set brings it back.

use super::Judge;
use crate::hazard::action::{Action, Constraint};
use crate::hazard::world::{Index, lower};
use crate::ident::TableName;

impl Judge<'_> {
    /// Whether rows of a table cannot share these columns (in lower case) without the index or constraint of this name.
    pub(super) fn stays_unique(&self, table: &TableName, columns: &[String], name: &str) -> bool {
        // An expression is no column; of some columns more rows are alike than of all.
        let covers = |others: &[String]| {
            !others.is_empty()
                && others
                    .iter()
                    .all(|other| !other.is_empty() && columns.contains(other))
        };
        let whole = |index: &Index| !index.words.iter().any(|word| word == "where");
        let now = self.world.indexes.iter().any(|index| {
            index.unique
                && whole(index)
                && !index.name.eq_ignore_ascii_case(name)
                && self.world.same(&index.table, table)
                && covers(&index.columns)
        });
        let primary = self
            .world
            .table(table)
            .is_some_and(|table| covers(table.primary_key()));
        now || primary || self.comes_unique(table, &covers)
    }

    /// Whether a later step makes columns unique, and none takes that away again.
    fn comes_unique(&self, table: &TableName, covers: &dyn Fn(&[String]) -> bool) -> bool {
        self.ahead().enumerate().any(|(at, action)| {
            let (name, columns) = match action {
                Action::CreateIndex(new)
                    if new.unique
                        && new.condition.is_none()
                        && self.world.same(&new.table, table) =>
                {
                    let columns = new.terms.iter().map(|(_, column)| column.clone());
                    let columns: Vec<String> = columns.map(Option::unwrap_or_default).collect();
                    (Some(new.name.name.as_str()), columns)
                }
                Action::AddConstraint {
                    table: other,
                    constraint,
                } if self.world.same(other, table) => match &constraint.rule {
                    Constraint::Key(key) => (constraint.name.as_deref(), key.columns.clone()),
                    _ => return false,
                },
                _ => return false,
            };
            covers(&lower(&columns)) && !self.goes_later(at + 1, table, name)
        })
    }

    /// Whether an index or constraint of this name is dropped after so many of the steps ahead.
    fn goes_later(&self, after: usize, table: &TableName, name: Option<&str>) -> bool {
        let is = |other: &str| name.is_some_and(|name| name.eq_ignore_ascii_case(other));
        self.ahead().skip(after).any(|action| match action {
            Action::DropIndex {
                index,
                table: other,
            } => {
                let here = other
                    .as_ref()
                    .is_none_or(|other| self.world.same(other, table));
                here && is(&index.name)
            }
            Action::DropConstraint {
                table: other, name, ..
            } => self.world.same(other, table) && is(name),
            _ => false,
        })
    }
}
