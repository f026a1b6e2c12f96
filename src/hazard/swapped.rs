//! A table that takes the place of one whose policies decide who sees which rows: a `CREATE TABLE … LIKE` copies neither
//! the policies nor that they are in force, so that from then on everybody sees every row (PostgreSQL).

use super::action::Action;
use super::copied::Set;
use super::dialect::words;
use super::draft::Draft;
use super::judge::Placed;
use crate::db::ROW_SECURITY;
use crate::event::Severity;
use crate::ident::TableName;

impl Set<'_> {
    /// Warns of tables of the database whose name another one has at the end, and whose row level security nothing of the
    /// set puts in force again.
    pub(super) fn unguarded(&self, replaced: &[TableName]) -> Vec<Draft> {
        let guarded = replaced.iter().filter(|name| self.is_guarded(name));
        guarded.filter_map(|name| self.unguards(name)).collect()
    }

    fn is_guarded(&self, name: &TableName) -> bool {
        let table = self.catalog.and_then(|catalog| catalog.table(name));
        table.is_some_and(|table| table.extras.iter().any(|extra| extra == ROW_SECURITY))
    }

    /// At the step after which the name means the other table.
    fn unguards(&self, name: &TableName) -> Option<Draft> {
        let takes_place = |placed: &Placed| match &placed.step.action {
            Action::RenameTable { to, .. } => *to == name.name,
            Action::CreateTable(new) => new.name == *name,
            _ => false,
        };
        let at = self.steps.iter().rposition(takes_place)?;
        // Under whichever name: the copy may be guarded before it takes the place.
        let enables = self.split.iter().flatten().any(|statement| {
            let words = words(self.engine, statement.text);
            let has = |word: &&str| words.binary_search(&(*word).to_owned()).is_ok();
            ["enable", "row", "level", "security"].iter().all(has)
        });
        let message = format!(
            "`{name}` is another table from here on, without the row level security of the old one: whoever may read it sees every row"
        );
        (!enables).then(|| {
            Draft::new("weaken-access", at, name.to_string())
                .is(Severity::Warn, message)
                .hint(format!(
                    "ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, and CREATE POLICY anew"
                ))
        })
    }
}
