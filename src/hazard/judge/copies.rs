//! Rows copied from table to table: which column's values go where, and what does not arrive.

use super::Judge;
use crate::event::Severity;
use crate::hazard::action::{Copy, Insert, Output};
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, LetGo, Question, Weight, What};
use crate::hazard::rebuild::Rebuild;
use crate::hazard::world::{Column, Table};
use crate::ident::TableName;

/// How a column of the new table is filled.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// The column that is filled.
    pub(super) to: String,
    pub(super) from: From,
}

/// What a column is filled with.
#[derive(Clone, Debug)]
pub(super) enum From {
    /// A column of the source as it is.
    Same(String),
    /// A column of the source, its NULLs replaced.
    Filled(String),
    /// An expression.
    Made { sql: String, words: Vec<String> },
}

/// The flows of a copy into these columns. `None`: the source's columns are not known and more than `*` is taken.
pub(super) fn flows(copy: &Copy, targets: &[String], source: Option<&Table>) -> Option<Vec<Flow>> {
    let known = source.and_then(|source| source.columns.as_ref());
    let mut filled = Vec::new();
    for output in &copy.outputs {
        match output {
            Output::Star => match known {
                Some(columns) => filled.extend(
                    columns
                        .iter()
                        .map(|column| (column.name.clone(), From::Same(column.name.clone()))),
                ),
                // Nobody knows them: taken for the same columns.
                None => filled.extend(
                    targets
                        .iter()
                        .map(|name| (name.clone(), From::Same(name.clone()))),
                ),
            },
            Output::Column(name) => filled.push((name.clone(), From::Same(name.clone()))),
            Output::Expression {
                sql,
                keeps,
                words,
                alias,
            } => {
                let name = alias
                    .clone()
                    .or(keeps.clone())
                    .unwrap_or_else(|| sql.clone());
                let from = match keeps {
                    Some(column) => From::Filled(column.clone()),
                    None => From::Made {
                        sql: sql.clone(),
                        words: words.clone(),
                    },
                };
                filled.push((name, from));
            }
        }
    }
    if targets.is_empty() {
        return Some(
            filled
                .into_iter()
                .map(|(to, from)| Flow { to, from })
                .collect(),
        );
    }
    let pairs = targets.iter().zip(filled);
    Some(
        pairs
            .map(|(to, (_, from))| Flow {
                to: to.clone(),
                from,
            })
            .collect(),
    )
}

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
        table.moved |= source.moved || !copy.filters.is_empty() || table.holds.is_some();
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
        self.judge_filters(&original, source.as_ref(), copy);
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
            let weight = Weight::Rehearsal(format!(
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

    fn judge_filters(&mut self, original: &Table, source: Option<&Table>, copy: &Copy) {
        if copy.filters.is_empty() {
            return;
        }
        let shown = original.name.to_string();
        let filters = copy.filters.join(", ");
        let verdict = format!("would be left out by the {filters} of the copy");
        let weight = match source {
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
                        Weight::Rehearsal(format!("an earlier statement changes `{name}`"))
                    }
                    None => self.weigh(source, question),
                }
            }
            _ => Weight::Rehearsal("the rows went elsewhere before".to_owned()),
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
            let condition = format!("{} IS NOT NULL", self.quote(live));
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

    /// What happens to the values of one column on their way.
    fn judge_flow(
        &mut self,
        original: &Table,
        source: &Table,
        new: &Table,
        flow: &Flow,
        copy: &Copy,
    ) {
        match &flow.from {
            From::Same(from) => {
                let other = !from.eq_ignore_ascii_case(&flow.to);
                if other && source.column(&flow.to).is_some() {
                    let object = format!("{}.{}", original.name, flow.to);
                    let message = format!("`{}` would get the values of `{from}`", flow.to);
                    self.push(
                        Draft::new("rebuild-loses", self.at, object)
                            .is(Severity::Block, message)
                            .hint("name the columns on both sides, in the same order"),
                    );
                } else if other && new.column(from).is_none() && source.column(from).is_some() {
                    let object = format!("{}.{from}", original.name);
                    let message = format!(
                        "whatever still asks for `{object}` fails from now on: it becomes `{}`",
                        flow.to
                    );
                    self.push(
                        Draft::new("rename-column", self.at, object).is(Severity::Warn, message),
                    );
                }
                self.judge_type(original, source, new, flow, from);
            }
            From::Filled(from) => {
                if let Some(live) = source.live_column(from) {
                    self.let_go_silently(original, live);
                }
            }
            From::Made { sql, words } => {
                self.judge_made(original, source, flow, (sql, words), copy)
            }
        }
    }

    fn let_go_silently(&mut self, table: &Table, live_column: String) {
        self.silent.push(LetGo {
            table: live_name(table),
            column: Some(live_column),
            what: What::Values,
            allowed: false,
        });
    }

    fn judge_type(
        &mut self,
        original: &Table,
        source: &Table,
        new: &Table,
        flow: &Flow,
        from: &str,
    ) {
        let (Some(old), Some(new)) = (source.column(from), new.column(&flow.to)) else {
            return;
        };
        let Some(live) = old.live.clone() else {
            return;
        };
        let quoted = self.quote(&live);
        let Some(change) =
            dialect::type_change(self.engine, &old.type_name, &new.type_name, &quoted)
        else {
            return;
        };
        self.let_go_silently(original, live.clone());
        let Some(condition) = change.loses else {
            return;
        };
        let verdict = format!(
            "have a value in `{from}` that {} `{}`",
            change.verdict, new.type_name
        );
        let weight = self.weigh(
            source,
            self.rows_question(source, Some(&condition), &verdict),
        );
        let object = format!("{}.{from}", original.name);
        self.push(
            Draft::new("narrow-type", self.at, &object)
                .weighs(weight, format!("rows of `{}` {verdict}", original.name))
                .hint("keep the type, or write the conversion out so that it can be seen")
                .lets_go(&live_name(original), Some(&live), What::Values),
        );
    }

    fn judge_made(
        &mut self,
        original: &Table,
        source: &Table,
        flow: &Flow,
        made: (&str, &[String]),
        copy: &Copy,
    ) {
        let (sql, words) = made;
        let Some(live) = source.live_column(&flow.to) else {
            return;
        };
        let known = source.column(&flow.to).is_some() || words.contains(&flow.to.to_lowercase());
        if !known {
            return;
        }
        let column = self.quote(&live);
        let verdict = format!("would have `{}` changed to {sql} by the copy", flow.to);
        let condition = format!("{column} IS NOT NULL AND ({sql}\n) IS NOT {column}");
        let joined = copy.filters.contains(&"JOIN");
        let weight =
            match joined || source.live.as_ref() != Some(&source.name) && !self.world.offline {
                true => Weight::Rehearsal("the copy reads more than this table".to_owned()),
                false => self.weigh(
                    source,
                    self.rows_question(source, Some(&condition), &verdict),
                ),
            };
        let object = format!("{}.{}", original.name, flow.to);
        let mut draft = Draft::new("update-rows", self.at, &object)
            .weighs(weight, format!("rows of `{}` {verdict}", original.name))
            .hint("copy it as it is; change values in a migration of their own")
            .lets_go(&live_name(original), Some(&live), What::Values);
        draft.aliases = vec![original.name.to_string()];
        self.push(draft);
    }
}

/// The name a table has in the live database.
pub(super) fn live_name(table: &Table) -> String {
    table.live.as_ref().unwrap_or(&table.name).to_string()
}
