//! Rows that are deleted, changed, replaced.

use super::copies::live_name;
use super::{Judge, let_go_elsewhere};
use crate::event::Severity;
use crate::hazard::action::{Change, Insert, Reach, Update};
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, Question, Weight, What};
use crate::hazard::world::{Seen, Table};
use crate::ident::TableName;

/// Tables in which migration tools keep their own history: they write to them as they please.
const HISTORIES: [&str; 2] = ["_sqlx_migrations", "_prisma_migrations"];

impl Judge<'_> {
    pub(super) fn delete(&mut self, change: &Change) {
        if self.writes_counters(change) {
            return;
        }
        if let Some(table) = self.target("delete-rows", &change.table, "rows of") {
            if table.live.is_some() && change.reach != Reach::Never {
                self.judge_delete(&table, change);
            }
            if change.reach != Reach::Never {
                self.fire(&change.table, "DELETE");
                match change.reach {
                    Reach::Every | Reach::AlwaysTrue => self.mark_emptied(&change.table),
                    _ => self.mark_thinned(&change.table),
                }
            }
        }
    }

    /// The table that is written to, where it is anybody's data; one elsewhere is warned of.
    pub(super) fn target(
        &mut self,
        rule: &'static str,
        name: &TableName,
        what: &str,
    ) -> Option<Table> {
        let is_view = self.world.is_view(name);
        let reason = match self.world.see(name) {
            Seen::Known(table) => return Some(table.clone()),
            Seen::Temporary => return None,
            Seen::Missing if is_view => "it is a view".to_owned(),
            Seen::Missing => return None,
            Seen::Elsewhere => self.world.why_elsewhere(name),
        };
        let mut draft = Draft::new(rule, self.at, name.to_string());
        draft.weight = Weight::Unknown(reason);
        draft.message = format!("{what} `{name}` would be lost or changed");
        self.push(draft);
        None
    }

    /// Rows of a table are gone.
    pub(super) fn mark_thinned(&mut self, name: &TableName) {
        self.mark(name, Write::Thins);
    }

    /// Every row of a table is gone: for certain only where the statement is no part of a body, in which it may not run.
    pub(super) fn mark_emptied(&mut self, name: &TableName) {
        self.mark(name, Write::Thins);
        let certain = self.steps[self.at].step.offset == 0;
        if let Some(table) = self.world.table_mut(name).filter(|_| certain) {
            table.emptied = true;
            table.grown = false;
        }
    }

    pub(super) fn mark(&mut self, name: &TableName, write: Write) {
        if let Some(table) = self.world.table_mut(name) {
            let adds = matches!(write, Write::Adds | Write::AddsReplacing);
            table.moved = true;
            table.thinned |= !matches!(write, Write::Adds | Write::Changes);
            table.refilled |= write != Write::Thins;
            table.grown |= adds;
        }
    }

    fn judge_delete(&mut self, table: &Table, change: &Change) {
        let shown = table.name.to_string();
        let live = table
            .live
            .as_ref()
            .map_or(shown.clone(), ToString::to_string);
        let (words, goes) = self.reach(&table.name);
        let mut draft = Draft::new("delete-rows", self.at, &shown);
        draft.aliases = vec![live.clone()];
        draft.weight = self.weigh_change(table, change, None, "would be deleted");
        draft.message = match change.reach {
            Reach::Every => format!("every row of `{shown}` would be deleted: there is no WHERE"),
            Reach::AlwaysTrue => {
                format!("every row of `{shown}` would be deleted: the WHERE is always true")
            }
            _ => format!("rows of `{shown}` would be deleted"),
        };
        let draft = draft
            .adding(&words)
            .hint(format!(
                "if they may go, allow it: `-- dbscript: allow delete-rows({shown}) why` above the statement"
            ))
            .lets_go(&live, None, What::Rows);
        let mut draft = let_go_elsewhere(draft, goes);
        draft.carried = self.carried(table, change);
        self.push(draft);
    }

    /// How many rows a change meets, asked with its own condition; `also` narrows it down.
    fn weigh_change(
        &self,
        table: &Table,
        change: &Change,
        also: Option<&str>,
        verdict: &str,
    ) -> Weight {
        let condition = match &change.reach {
            Reach::Some(condition) => condition.as_str(),
            Reach::Unknown(reason) => return Weight::Unknown(reason.clone()),
            _ => return self.weigh_loss(table, self.rows_question(table, also, verdict)),
        };
        let question = self.own_question(table, change, condition, (also, verdict));
        let then = |weight: Weight| match weight {
            Weight::Rehearsal { reason, most, .. } => Weight::Rehearsal {
                reason,
                most,
                then: Some(Box::new(question.clone())),
            },
            weight => weight,
        };
        if table.moved && !self.world.offline {
            let every = self.rows_question(table, also, verdict);
            // Where rows have only become fewer, no more meet the condition than do now.
            let tells = !table.refilled && self.world.disturbs(&change.words).is_none();
            return then(self.weigh_loss(
                table,
                match tells {
                    true => Some(question.clone()),
                    false => every,
                },
            ));
        }
        if let Some(weight) = self.other_names() {
            return then(weight);
        }
        if let (Some(name), false) = (self.world.disturbs(&change.words), self.world.offline) {
            return then(self.rehearsed(table, format!("an earlier statement changes `{name}`")));
        }
        Weight::Ask(question)
    }

    /// How many rows meet the statement's own condition.
    fn own_question(
        &self,
        table: &Table,
        change: &Change,
        condition: &str,
        (also, verdict): (Option<&str>, &str),
    ) -> Question {
        let (with, target) = (&change.with, &change.target);
        let also = also.map_or(String::new(), |also| format!(" AND ({also})"));
        let filter = format!(" WHERE ({condition}\n){also}");
        let live = table.live.as_ref().unwrap_or(&table.name);
        Question {
            met: self.counting(with, target, &filter),
            of: Some(self.counting("", &self.world.quoted(self.engine, live), "")),
            sample: self.sample(table, target, with, &filter),
            subject: format!("rows of `{}`", table.name),
            verdict: verdict.to_owned(),
            severity: Severity::Block,
            ..Question::default()
        }
    }

    /// After `SET search_path` or `USE` the statement's own words would be asked where they mean another table.
    pub(super) fn other_names(&self) -> Option<Weight> {
        let schema = self.world.searched().filter(|_| !self.world.offline)?;
        let reason = format!("unqualified names mean those of `{schema}` here");
        Some(Weight::rehearsal(reason))
    }

    pub(super) fn update(&mut self, update: &Update) {
        let change = &update.change;
        if self.writes_counters(change) {
            return;
        }
        let Some(table) = self.target("update-rows", &change.table, "values of") else {
            return;
        };
        let history = HISTORIES
            .iter()
            .any(|name| table.name.name.eq_ignore_ascii_case(name));
        if table.live.is_some() && !history && change.reach != Reach::Never {
            self.judge_update(&table, update);
            self.retouch(&table, &update.columns);
        }
        if change.reach != Reach::Never {
            self.fire(&change.table, "UPDATE");
            self.mark(
                &change.table,
                match update.replace {
                    true => Write::Replaces,
                    false => Write::Changes,
                },
            );
        }
    }

    fn judge_update(&mut self, table: &Table, update: &Update) {
        let change = &update.change;
        let shown = table.name.to_string();
        let live = table
            .live
            .as_ref()
            .map_or(shown.clone(), ToString::to_string);
        if update.replace {
            let verdict = "would be changed, and would delete the rows they conflict with";
            let mut draft = Draft::new("replace-rows", self.at, &shown);
            draft.weight = self.weigh_change(table, change, None, verdict);
            draft.message =
                format!("UPDATE OR REPLACE deletes the rows of `{shown}` it conflicts with");
            let (words, goes) = self.reach(&table.name);
            let draft = draft
                .adding(&words)
                .hint("use UPDATE and settle the conflicts first")
                .lets_go(&live, None, What::Rows)
                .lets_go(&live, None, What::Values);
            let draft = let_go_elsewhere(draft, goes);
            self.push(draft);
        }
        // A column the set added has nothing to lose.
        let old: Vec<(String, String)> = update
            .columns
            .iter()
            .filter_map(|column| Some((column.clone(), table.live_column(column)?)))
            .collect();
        if old.is_empty() {
            return;
        }
        let names: Vec<&str> = old.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join("`, `");
        let filled: Vec<String> = old
            .iter()
            .map(|(name, _)| dialect::has_value(self.engine, &self.quote(name)))
            .collect();
        let verdict = format!("would have `{names}` overwritten");
        let mut draft = Draft::new("update-rows", self.at, &shown);
        draft.aliases = old
            .iter()
            .map(|(name, _)| format!("{shown}.{name}"))
            .collect();
        draft.aliases.push(live.clone());
        draft.weight = self.weigh_change(table, change, Some(&filled.join(" OR ")), &verdict);
        draft.message = match change.reach {
            Reach::Every => format!("every row of `{shown}` {verdict}: there is no WHERE"),
            Reach::AlwaysTrue => {
                format!("every row of `{shown}` {verdict}: the WHERE is always true")
            }
            _ => format!("rows of `{shown}` {verdict}"),
        };
        let mut draft = draft.hint(format!(
            "to fill gaps only, add `WHERE {} IS NULL`; if the old values may go, allow it: `-- dbscript: allow update-rows({shown}) why` above the statement",
            old[0].0
        ));
        for (_, column) in &old {
            draft = draft.lets_go(&live, Some(column), What::Values);
        }
        let draft = let_go_elsewhere(draft, self.follows(table, &update.columns));
        self.push(draft);
    }

    /// Foreign keys elsewhere that change with a key: ON UPDATE CASCADE and its like.
    fn follows(&self, table: &Table, columns: &[String]) -> Vec<(String, Option<String>, What)> {
        let is_set = |key: &String| {
            columns
                .iter()
                .any(|column| column.eq_ignore_ascii_case(key))
        };
        let mut follows = Vec::new();
        for (child, reference) in self.world.children(&table.name) {
            let key: &[String] = match reference.parent_columns.is_empty() {
                true => table.primary_key(),
                false => &reference.parent_columns,
            };
            let action = reference.on_update.to_ascii_uppercase();
            let moves = ["CASCADE", "SET NULL", "SET DEFAULT"].contains(&action.as_str());
            if moves && key.iter().any(is_set) {
                let columns = reference.columns.iter().cloned();
                follows
                    .extend(columns.map(|column| (live_name(child), Some(column), What::Values)));
            }
        }
        follows
    }

    pub(super) fn insert(&mut self, insert: &Insert) {
        if let Some(copy) = &insert.copy {
            let here = self.at - self.first;
            let rebuild = self
                .rebuilds
                .iter()
                .find(|rebuild| rebuild.copies.contains(&here))
                .cloned();
            if let Some(rebuild) = rebuild {
                self.judge_copy(&rebuild, insert, copy);
                self.take_copy(&insert.table, &insert.columns, copy);
                self.take_place(&rebuild, &insert.table);
                return;
            }
        }
        let Some(table) = self.target_of_insert(insert) else {
            return;
        };
        if table.live.is_some() {
            if insert.replace {
                self.judge_replace(&table, insert);
            }
            if let Some(columns) = &insert.upsert {
                self.judge_upsert(&table, insert, columns);
            }
        }
        self.fire(&insert.table, "INSERT");
        self.mark(
            &insert.table,
            match insert.replace {
                true => Write::AddsReplacing,
                false => Write::Adds,
            },
        );
    }

    /// A plain INSERT elsewhere takes nothing away.
    fn target_of_insert(&mut self, insert: &Insert) -> Option<Table> {
        if insert.replace || insert.upsert.is_some() {
            return self.target("replace-rows", &insert.table, "rows of");
        }
        match self.world.see(&insert.table) {
            Seen::Known(table) => Some(table.clone()),
            Seen::Temporary | Seen::Missing | Seen::Elsewhere => None,
        }
    }
}

/// What a statement does to the rows of a table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// DELETE.
    Thins,
    /// UPDATE.
    Changes,
    /// UPDATE OR REPLACE.
    Replaces,
    /// INSERT.
    Adds,
    /// REPLACE INTO.
    AddsReplacing,
}
