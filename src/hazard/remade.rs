//! Tables that a file copies and takes from, and that an earlier file of the set has made.

use super::action::Action;
use super::copied::Set;
use super::dialect;
use super::draft::{LetGo, What};
use crate::ident::TableName;

impl Set<'_> {
    /// Tables that an earlier file has made, and that a file copies before it takes from them: no table of the database that
    /// the lint knows, but others write to it as soon as that file is committed.
    pub(super) fn remade(&self) -> Vec<(&str, &TableName)> {
        let habits = dialect::habits(self.engine);
        if habits.one_writer || habits.commits_by_itself {
            return Vec::new();
        }
        let takes = self.steps.iter().filter_map(|placed| {
            let (table, column) = match &placed.step.action {
                Action::DropColumn { table, column, .. } => (table, Some(column)),
                Action::DropTable { table, .. } => (table, None),
                _ => return None,
            };
            let in_transaction = self.running[placed.file].in_transaction;
            (in_transaction && self.is_made_before(placed.file, table))
                .then_some((placed, table, column))
        });
        let copied = takes.filter(|(placed, table, column)| {
            let gone = LetGo {
                table: table.to_string(),
                column: column.cloned(),
                what: What::Table,
                allowed: true,
            };
            let known = self.names_of(&gone.table);
            let mut before = self.split[placed.file][..placed.statement].iter();
            before.any(|statement| self.copies(statement, &gone, &known))
        });
        copied
            .map(|(placed, table, _)| (self.files[placed.file].name, table))
            .collect()
    }

    /// Whether a file before this one makes a table of this name, or gives it to one that it made.
    fn is_made_before(&self, file: usize, name: &TableName) -> bool {
        let mut earlier = self.steps.iter().filter(|placed| placed.file < file);
        earlier.any(|placed| match &placed.step.action {
            Action::CreateTable(new) => !new.temporary && new.name == *name,
            Action::RenameTable { table, to } => *to == name.name && table.schema == name.schema,
            _ => false,
        })
    }
}
