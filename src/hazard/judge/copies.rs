//! Rows copied from table to table: which column's values go where, and what does not arrive.

use super::Judge;
use super::flows::{Flow, From, flows};
use crate::event::Severity;
use crate::hazard::action::{Action, Copy, Insert, Output};
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, Question, Weight, What};
use crate::hazard::rebuild::Rebuild;
use crate::hazard::world::{Column, Table};
use crate::ident::TableName;

impl Judge<'_> {
    /// The columns an INSERT fills: those it names, or all the table stores.
    pub(super) fn filled_columns(&self, table: &TableName, named: &[String]) -> Vec<String> {
        if !named.is_empty() {
            return named.to_vec();
        }
        let table = self.world.holder(table);
        let columns = table.and_then(|table| table.columns.as_ref());
        columns
            .iter()
            .flat_map(|columns| columns.iter())
            .filter(|column| !column.generated)
            .map(|column| column.name.clone())
            .collect()
    }

    /// Notes whose rows a table holds after a copy.
    pub(super) fn take_copy(&mut self, target: &TableName, named: &[String], copy: &Copy) {
        let source = copy
            .from
            .as_ref()
            .and_then(|from| self.world.holder(from))
            .cloned();
        let targets = self.filled_columns(target, named);
        let flows = flows(copy, &targets, source.as_ref()).unwrap_or_default();
        let Some(source) = source else {
            return;
        };
        let Some(table) = self.world.holder_mut(target) else {
            return;
        };
        if table.columns.is_none() && table.created.is_some() {
            // CREATE TABLE … AS: it has the columns the SELECT gives.
            let columns = flows.iter().map(|flow| Column {
                name: flow.to.clone(),
                nullable: true,
                ..Column::default()
            });
            table.columns = Some(columns.collect());
        }
        let held = source.live.clone().or(source.holds.clone());
        let again = table.holds.is_some();
        table.moved |= source.moved || !copy.filters.is_empty() || again;
        table.refilled |= source.refilled || again;
        let others = ["JOIN", "UNION"]
            .iter()
            .any(|word| copy.filters.contains(word));
        table.grown |= source.grown || again || others;
        table.emptied |= source.emptied;
        table.holds = held;
        for flow in &flows {
            let From::Same(from) = &flow.from else {
                continue;
            };
            let (live, type_name) = match source.column(from) {
                Some(column) => (column.live.clone(), column.type_name.clone()),
                None => (source.live_column(from), String::new()),
            };
            let columns = table.columns.iter_mut().flatten();
            for column in columns.filter(|column| column.name.eq_ignore_ascii_case(&flow.to)) {
                column.live = live.clone();
                if column.type_name.is_empty() {
                    column.type_name.clone_from(&type_name);
                }
            }
        }
    }

    /// After the last copy the new table stands for the old one.
    pub(super) fn take_place(&mut self, rebuild: &Rebuild, target: &TableName) {
        if rebuild.copies.last() != Some(&(self.at - self.first)) {
            return;
        }
        let created_before = self.original(rebuild).and_then(|table| table.created);
        if let Some(table) = self.world.table_mut(target) {
            table.live.clone_from(&table.holds);
            if table.live.is_some() {
                table.created = created_before;
            }
        }
    }

    /// The old table of a rebuild as it was when the file began.
    pub(super) fn original(&self, rebuild: &Rebuild) -> Option<&Table> {
        self.originals.get(&rebuild.table)
    }

    /// What a copy of a rebuild leaves behind.
    pub(super) fn judge_copy(&mut self, rebuild: &Rebuild, insert: &Insert, copy: &Copy) {
        let Some(original) = self.original(rebuild).cloned() else {
            return;
        };
        if original.live.is_none() {
            return;
        }
        let source = copy
            .from
            .as_ref()
            .and_then(|from| self.world.holder(from))
            .cloned();
        let in_parts = self.is_in_parts(insert, copy);
        self.judge_filters(&original, source.as_ref(), copy, in_parts);
        if insert.ignore || insert.replace {
            let what = if insert.ignore {
                "INSERT OR IGNORE"
            } else {
                "INSERT OR REPLACE"
            };
            let message = format!(
                "{what} drops in silence the rows of `{}` that the new table refuses",
                original.name
            );
            let weight = Weight::rehearsal(format!(
                "what `{}` refuses shows when it is filled",
                insert.table
            ));
            self.push(
                Draft::new("rebuild-loses", self.at, original.name.to_string())
                    .weighs(weight, message)
                    .offline(Severity::Block)
                    .hint("use a plain INSERT, which fails instead")
                    .lets_go(&live_name(&original), None, What::Rows),
            );
        }
        if rebuild.copies.last() != Some(&(self.at - self.first)) {
            return;
        }
        let targets = self.filled_columns(&insert.table, &insert.columns);
        let Some(source) = source else {
            return;
        };
        let flows = flows(copy, &targets, Some(&source)).unwrap_or_default();
        self.judge_left_out(&original, &source, copy, &flows);
        let new = self
            .world
            .holder(&insert.table)
            .cloned()
            .unwrap_or_default();
        for flow in &flows {
            self.judge_flow(&original, &source, &new, flow, copy);
        }
    }

    /// Whether several statements of the file copy rows of this table to the same one.
    fn is_in_parts(&self, insert: &Insert, copy: &Copy) -> bool {
        let copies = self.file_actions().filter(|action| match action {
            Action::Insert(other) => {
                let from = other.copy.as_ref().and_then(|copy| copy.from.as_ref());
                let source = copy.from.as_ref().zip(from);
                self.world.same(&other.table, &insert.table)
                    && source.is_some_and(|(one, other)| self.world.same(one, other))
            }
            _ => false,
        });
        copies.count() > 1
    }

    fn judge_filters(
        &mut self,
        original: &Table,
        source: Option<&Table>,
        copy: &Copy,
        in_parts: bool,
    ) {
        if copy.filters.is_empty() {
            return;
        }
        let shown = original.name.to_string();
        let filters = copy.filters.join(", ");
        let verdict = format!("would be left out by the {filters} of the copy");
        let weight = match source {
            _ if in_parts && !self.world.offline => {
                Weight::rehearsal("several statements copy its rows")
            }
            Some(source) if source.live.as_ref() == Some(&source.name) || self.world.offline => {
                let question = self
                    .rows_question(source, Some("1"), &verdict)
                    .map(|question| {
                        let all = question.of.clone().unwrap_or_default();
                        Question {
                            met: format!(
                                "SELECT max(0, ({all}) - (SELECT count(*) FROM ({}\n)))",
                                copy.sql
                            ),
                            sample: None,
                            ..question
                        }
                    });
                match self
                    .world
                    .disturbs(&copy.words)
                    .filter(|_| !self.world.offline)
                {
                    Some(name) => {
                        Weight::rehearsal(format!("an earlier statement changes `{name}`"))
                    }
                    None => self.weigh(source, question),
                }
            }
            _ => Weight::rehearsal("the rows went elsewhere before".to_owned()),
        };
        self.push(
            Draft::new("rebuild-loses", self.at, &shown)
                .weighs(weight, format!("rows of `{shown}` {verdict}"))
                .offline(Severity::Block)
                .hint("copy every row; delete in a migration of its own what may go")
                .lets_go(&live_name(original), None, What::Rows),
        );
    }

    fn judge_left_out(&mut self, original: &Table, source: &Table, copy: &Copy, flows: &[Flow]) {
        let shown = original.name.to_string();
        let Some(columns) = &original.columns else {
            let whole = copy.outputs.iter().all(|output| *output == Output::Star);
            if !whole {
                let message = format!(
                    "whether this copy leaves out a column of `{shown}`, or breaks what the new table demands, depends on the database"
                );
                let weight = Weight::Unknown("the columns are not known".to_owned());
                self.push(Draft::new("rebuild-loses", self.at, &shown).weighs(weight, message));
            }
            return;
        };
        let arrives = |live: &str| {
            flows.iter().any(|flow| match &flow.from {
                From::Same(from) | From::Filled(from) => {
                    source.live_column(from).as_deref() == Some(live)
                }
                // Made anew from itself: that it changes is another hazard.
                From::Made { words, .. } => {
                    flow.to.eq_ignore_ascii_case(live) && words.contains(&live.to_lowercase())
                }
            })
        };
        for column in columns.iter().filter(|column| !column.generated) {
            let Some(live) = column.live.as_deref().filter(|live| !arrives(live)) else {
                continue;
            };
            let verdict = format!(
                "have a value in `{}`, which the rebuild leaves out",
                column.name
            );
            let condition = dialect::has_value(self.engine, &self.quote(live));
            let weight = self.weigh(
                original,
                self.rows_question(original, Some(&condition), &verdict),
            );
            let object = format!("{shown}.{}", column.name);
            self.push(
                Draft::new("rebuild-loses", self.at, &object)
                    .weighs(weight, format!("values of `{object}` would be lost: the rebuild leaves it out"))
                    .offline(Severity::Block)
                    .hint(format!(
                        "copy it too; if it may go, allow it: `-- dbscript: allow rebuild-loses({object}) why` above the statement"
                    ))
                    .lets_go(&live_name(original), Some(live), What::Column),
            );
        }
    }
}

/// The name a table has in the live database.
pub(super) fn live_name(table: &Table) -> String {
    table.live.as_ref().unwrap_or(&table.name).to_string()
}
