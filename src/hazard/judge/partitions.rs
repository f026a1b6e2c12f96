//! Partitions that are dropped, emptied, exchanged, detached; tables that are divided anew.

use super::Judge;
use super::copies::live_name;
use super::rows::Write;
use crate::event::Severity;
use crate::hazard::action::PartitionChange;
use crate::hazard::draft::{Draft, Question, What};
use crate::hazard::world::{Seen, Table};
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn change_partitions(&mut self, name: &TableName, change: &PartitionChange) {
        let Some(table) = self.target("drop-partition", name, "rows of") else {
            return;
        };
        match change {
            PartitionChange::Drop(names) => self.lose_partitions(&table, "drop-partition", names),
            PartitionChange::Truncate(names) => {
                self.lose_partitions(&table, "truncate-partition", names)
            }
            PartitionChange::Exchange { partition, with } => self.exchange(&table, partition, with),
            PartitionChange::Detach(partition) => self.detach(&table, partition),
            PartitionChange::Attach { partition, bounds } => self.attach(&table, partition, bounds),
            PartitionChange::Repartition => {
                if table.live.is_some() {
                    let weight = self.where_rows(&table, Severity::Warn);
                    let message = format!(
                        "every row of `{}` moves to another partition, while others wait",
                        table.name
                    );
                    let draft = Draft::new("repartition", self.at, table.name.to_string());
                    self.push(draft.weighs(weight, message).offline(Severity::Warn));
                }
            }
        }
    }

    /// A question about the rows of some partitions of MySQL; of the whole table where none is named.
    fn partition_question(
        &self,
        table: &Table,
        names: &[String],
        verdict: &str,
    ) -> Option<Question> {
        let question = self.rows_question(table, None, verdict)?;
        if names.is_empty() {
            return Some(question);
        }
        let live = self.world.quoted(self.engine, table.live.as_ref()?);
        let from = format!("{live} PARTITION ({})", self.quote_all(names));
        Some(Question {
            of: Some(question.met),
            met: self.counting("", &from, ""),
            sample: self.sample(table, &from, "", ""),
            ..question
        })
    }

    fn lose_partitions(&mut self, table: &Table, rule: &'static str, names: &[String]) {
        if table.live.is_some() {
            let shown = match names.is_empty() {
                true => "all partitions".to_owned(),
                false => format!("`{}`", names.join("`, `")),
            };
            let verdict = format!("are in {shown} and would be lost");
            let question = self.partition_question(table, names, &verdict);
            let weight = self.weigh(table, question);
            let mut draft = Draft::new(rule, self.at, table.name.to_string())
                .weighs(weight, format!("rows of `{}` {verdict}", table.name))
                .hint(format!(
                    "copy them first, or allow it: `-- dbscript: allow {rule}({}) why` above the statement",
                    table.name
                ))
                .lets_go(&live_name(table), None, What::Rows);
            draft.aliases = names
                .iter()
                .map(|name| format!("{}.{name}", table.name))
                .collect();
            self.push(draft);
        }
        self.mark_thinned(&table.name);
    }

    fn exchange(&mut self, table: &Table, partition: &str, with: &TableName) {
        let names = [partition.to_owned()];
        let other = match self.world.see(with) {
            Seen::Known(other) => Some(other.clone()),
            _ => None,
        };
        if table.live.is_some() {
            let verdict = format!("are in `{partition}` and would leave it for `{with}`");
            let question = self.partition_question(table, &names, &verdict);
            let weight = self.weigh(table, question);
            self.tell_exchange(table, weight, &verdict);
        }
        if let Some(other) = other.filter(|other| other.live.is_some()) {
            let verdict = format!(
                "would leave it for the partition `{partition}` of `{}`",
                table.name
            );
            let question = self.rows_question(&other, None, &verdict);
            let weight = self.weigh(&other, question);
            self.tell_exchange(&other, weight, &verdict);
        }
        self.mark(&table.name, Write::AddsReplacing);
        self.mark(with, Write::AddsReplacing);
    }

    fn tell_exchange(
        &mut self,
        table: &Table,
        weight: crate::hazard::draft::Weight,
        verdict: &str,
    ) {
        self.push(
            Draft::new("exchange-partition", self.at, table.name.to_string())
                .weighs(weight, format!("rows of `{}` {verdict}", table.name))
                .hint("look at both sides first: they change places whole")
                .lets_go(&live_name(table), None, What::Rows),
        );
    }

    fn detach(&mut self, table: &Table, partition: &TableName) {
        if table.live.is_some() {
            let known = match self.world.see(partition) {
                Seen::Known(known) => Some(known.clone()),
                _ => None,
            };
            let weight = self.where_rows(known.as_ref().unwrap_or(table), Severity::Warn);
            let message = format!("the rows of `{partition}` leave `{}`", table.name);
            let mut draft = Draft::new("detach-partition", self.at, table.name.to_string())
                .weighs(weight, message)
                .offline(Severity::Warn)
                .lets_go(&live_name(table), None, What::Rows);
            draft.aliases = vec![
                partition.to_string(),
                format!("{}.{}", table.name, partition.name),
            ];
            self.push(draft);
        }
        if let Some(known) = self.world.table_mut(partition) {
            known.partition_of = None;
        }
        self.mark_thinned(&table.name);
    }
}
