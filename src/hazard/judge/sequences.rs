//! Counters: sequences that are dropped, numbering that starts anew.

use super::Judge;
use crate::event::Severity;
use crate::hazard::draft::{Draft, Question, Weight};
use crate::hazard::world::{Column, Table};
use crate::ident::TableName;

impl Judge<'_> {
    /// The columns it numbers are named: with CASCADE they lose their default, without it the statement fails.
    pub(super) fn drop_sequence(&mut self, name: &TableName, cascade: bool) {
        let columns = self.world.columns_numbered_by(name);
        let created = |object: &&crate::hazard::world::Object| object.created;
        let own = self.world.objects_named(&["sequence"], &name.name);
        let own = own.iter().any(created);
        let known = self.world.offline
            || !columns.is_empty()
            || self.world.sequences.contains(&name.to_string())
            || !self
                .world
                .objects_named(&["sequence"], &name.name)
                .is_empty();
        if known && !own && !self.comes_back("sequence", &name.name) {
            let numbered: Vec<String> = columns
                .iter()
                .filter(|(table, _)| table.live.is_some())
                .map(|(table, column)| format!("`{}.{}`", table.name, column.name))
                .collect();
            let message = match (numbered.is_empty(), cascade) {
                (true, _) => {
                    format!("whatever still draws from the sequence `{name}` fails from now on")
                }
                (false, true) => format!(
                    "{} would lose the default that draws from `{name}`: an INSERT without a number fails",
                    numbered.join(", ")
                ),
                (false, false) => format!(
                    "the sequence `{name}` numbers {}, whose default has to go first",
                    numbered.join(", ")
                ),
            };
            self.push(
                Draft::new("drop-sequence", self.at, name.to_string()).is(Severity::Warn, message),
            );
        }
        if cascade {
            for (table, column) in columns {
                let table = self.world.table_mut(&table.name);
                if let Some(column) = table.and_then(|table| table.column_mut(&column.name)) {
                    column.default = None;
                }
            }
        }
        self.world.remove_objects(&["sequence"], &name.name);
    }

    pub(super) fn restart_sequence(
        &mut self,
        name: &TableName,
        column: Option<&str>,
        with: Option<i64>,
    ) {
        // MySQL never sets a table's counter below its highest value.
        let numbered: Vec<(Table, Column)> = match column {
            _ if self.habits.commits_by_itself && self.world.table(name).is_some() => return,
            Some(column) => {
                let table = self.world.table(name).cloned();
                let column = table
                    .as_ref()
                    .and_then(|table| table.column(column).cloned());
                table.zip(column).into_iter().collect()
            }
            None => self.world.columns_numbered_by(name),
        };
        let with = with.unwrap_or(1);
        if self.world.offline && numbered.is_empty() {
            let message = format!(
                "if rows have numbers from {with} on, the next insert that `{name}` numbers collides"
            );
            self.push(
                Draft::new("restart-sequence", self.at, name.to_string())
                    .is(Severity::Warn, message),
            );
            return;
        }
        for (table, column) in numbered {
            let (Some(live), false) = (&column.live, table.moved) else {
                continue;
            };
            let condition = format!("{} >= {with}", self.quote(live));
            let verdict = format!(
                "have a `{}` from {with} on, where `{name}` would start again: the next insert collides",
                column.name
            );
            let Some(question) = self.rows_question(&table, Some(&condition), &verdict) else {
                continue;
            };
            let weight = Weight::Ask(Question {
                severity: Severity::Warn,
                sample: None,
                ..question
            });
            let mut draft = Draft::new("restart-sequence", self.at, table.name.to_string())
                .weighs(weight, format!("rows of `{}` {verdict}", table.name))
                .hint(format!(
                    "start behind the highest: SELECT setval('{name}', (SELECT max({}) FROM {}))",
                    column.name, table.name
                ));
            draft.aliases = vec![name.to_string(), format!("{}.{}", table.name, column.name)];
            self.push(draft);
        }
    }
}
