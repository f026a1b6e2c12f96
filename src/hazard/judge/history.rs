//! What rows were before: system-versioned tables of MariaDB keep it, and no backup holds it
//! (<https://mariadb.com/kb/en/system-versioned-tables/>).

use super::Judge;
use crate::hazard::draft::{Draft, Question, Weight};
use crate::hazard::world::{Seen, Table};
use crate::ident::TableName;

impl Judge<'_> {
    /// What rows were before, which a system-versioned table of MariaDB keeps; the rows of now stay.
    pub(super) fn delete_history(&mut self, name: &TableName) {
        let Some(table) = self.target("delete-history", name, "the history of") else {
            return;
        };
        let Some(live) = &table.live else {
            return;
        };
        let from = self.world.quoted(self.engine, live);
        let verdict = "are history that would be lost";
        let question = Question {
            met: format!(
                "SELECT (SELECT count(*) FROM {from} FOR SYSTEM_TIME ALL) - (SELECT count(*) FROM {from})"
            ),
            of: None,
            sample: None,
            ..self
                .rows_question(&table, None, verdict)
                .unwrap_or_default()
        };
        self.push(
            Draft::new("delete-history", self.at, table.name.to_string())
                .weighs(
                    Weight::Ask(question),
                    format!(
                        "what the rows of `{}` were before would be lost",
                        table.name
                    ),
                )
                .hint("a backup does not hold it: copy it first with FOR SYSTEM_TIME ALL"),
        );
        if let Some(table) = self.world.table_mut(name) {
            table.versioned = false;
        }
    }

    /// A table is dropped, or makes way for another: what its rows were goes even where no row is left, and where all are
    /// copied.
    pub(super) fn history_goes(&mut self, name: &TableName) {
        if let Seen::Known(table) = self.world.see(name)
            && table.versioned
        {
            self.delete_history(name);
        }
    }
}

/// The table as it is to be asked for what its rows hold or have held: what the set deletes or changes stays in there.
pub(super) fn with_history(table: &Table) -> Table {
    let mut table = table.clone();
    if table.versioned {
        table.through_time = true;
        (table.moved, table.emptied) = (false, false);
    }
    table
}
