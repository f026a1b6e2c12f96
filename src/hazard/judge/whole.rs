//! Databases and schemas that are dropped whole.

use super::Judge;
use super::copies::live_name;
use crate::event::Severity;
use crate::hazard::draft::{Draft, What};
use crate::hazard::world::Table;

impl Judge<'_> {
    pub(super) fn drop_database(&mut self, name: &str) {
        let here = self.world.default_schema() == Some(name) && self.habits.commits_by_itself;
        let message = format!("the database `{name}` would be lost whole");
        let mut draft = Draft::new("drop-database", self.at, name)
            .is(Severity::Block, message)
            .hint("a migration has no business dropping a database; do it by hand");
        if here {
            let tables: Vec<Table> = self.world.tables().into_iter().cloned().collect();
            for table in tables.iter().filter(|table| table.live.is_some()) {
                draft = draft.lets_go(&live_name(table), None, What::Table);
                self.world.drop(&table.name);
            }
        }
        self.push(draft);
    }

    /// Without CASCADE a schema that holds anything stays: the statement fails.
    pub(super) fn drop_schema(&mut self, name: &str, cascade: bool) {
        // A database of MySQL is a schema too.
        if self.habits.commits_by_itself {
            return self.drop_database(name);
        }
        let default = self.world.default_schema() == Some(name);
        let within = |table: &&Table| match &table.name.schema {
            Some(schema) => schema == name,
            None => default,
        };
        let tables: Vec<Table> = self
            .world
            .tables()
            .into_iter()
            .filter(within)
            .cloned()
            .collect();
        let held: Vec<&Table> = tables
            .iter()
            .filter(|table| table.live.is_some() && table.partition_of.is_none())
            .collect();
        let others = match default {
            true => self
                .world
                .objects
                .iter()
                .filter(|object| !object.created)
                .count(),
            false => 0,
        };
        if held.is_empty() && others == 0 && !self.world.offline {
            for table in &tables {
                self.world.drop(&table.name);
            }
            return;
        }
        let names: Vec<String> = held
            .iter()
            .map(|table| format!("`{}`", table.name))
            .collect();
        let holds = match names.is_empty() {
            true => String::new(),
            false => format!(" with {}", names.join(", ")),
        };
        let message = match cascade || self.world.offline {
            true => format!("the schema `{name}`{holds} would be lost whole"),
            false => format!(
                "the schema `{name}` is not empty, so that it is not dropped without CASCADE{holds}"
            ),
        };
        let mut draft = Draft::new("drop-schema", self.at, name)
            .is(Severity::Block, message)
            .hint("drop or move its tables one by one, so that each is seen");
        draft.fails = !cascade && !self.world.offline;
        for table in &held {
            draft = draft.lets_go(&live_name(table), None, What::Table);
        }
        self.push(draft);
        for table in &tables {
            self.world.drop(&table.name);
        }
    }

    pub(super) fn drop_owned(&mut self, role: &str) {
        let message = format!("everything that belongs to `{role}` in this database would be lost");
        let mut draft = Draft::new("drop-owned", self.at, role)
            .is(Severity::Block, message)
            .hint(format!("REASSIGN OWNED BY {role} TO … keeps it"));
        // Which tables are whose is not known: all may go.
        for table in self.world.tables() {
            if table.live.is_some() {
                draft = draft.lets_go(&live_name(table), None, What::Table);
            }
        }
        self.push(draft);
    }
}
