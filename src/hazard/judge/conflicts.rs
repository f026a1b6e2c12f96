//! Rows that conflict with new ones and are replaced by them.

use super::{Judge, let_go_elsewhere};
use crate::hazard::action::Insert;
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, Question, Weight, What};
use crate::hazard::world::Table;

impl Judge<'_> {
    pub(super) fn judge_replace(&mut self, table: &Table, insert: &Insert) {
        let shown = table.name.to_string();
        let live = table
            .live
            .as_ref()
            .map_or(shown.clone(), ToString::to_string);
        let (words, goes) = self.reach(&table.name);
        let mut draft = Draft::new("replace-rows", self.at, &shown);
        draft.weight = match self.replaced(table, insert) {
            Replaced::None => return,
            Replaced::Asked(weight) => weight,
        };
        draft.message =
            format!("rows of `{shown}` would be deleted where the new ones conflict with them");
        let draft = draft
            .adding(&words)
            .hint(format!(
                "use {}: it keeps the row, its other columns and its children",
                dialect::upsert(self.engine)
            ))
            .lets_go(&live, None, What::Rows)
            .lets_go(&live, None, What::Values);
        let draft = let_go_elsewhere(draft, goes);
        self.push(draft);
    }

    /// Which rows a REPLACE deletes: those whose key is among the new ones'.
    fn replaced(&self, table: &Table, insert: &Insert) -> Replaced {
        let Some(source) = &insert.source else {
            return Replaced::None;
        };
        if table.moved && !self.world.offline {
            return Replaced::Asked(self.weigh(table, None));
        }
        let columns = self.columns_given(table, insert);
        let given = |name: &String| {
            columns
                .iter()
                .any(|column| column.eq_ignore_ascii_case(name))
        };
        let keys: Vec<&[String]> = table
            .keys
            .iter()
            .map(|key| key.columns.as_slice())
            .filter(|key| key.iter().all(given))
            .collect();
        if keys.is_empty() && !self.world.offline {
            return Replaced::None;
        }
        if let Some(weight) = self.other_names() {
            return Replaced::Asked(weight);
        }
        let words = dialect::words(self.engine, source);
        if let (Some(name), false) = (self.world.disturbs(&words), self.world.offline) {
            let reason = format!("an earlier statement changes `{name}`");
            return Replaced::Asked(self.rehearsed(table, reason));
        }
        let incoming = self.quote("incoming");
        let conflicts: Vec<String> = keys
            .iter()
            .map(|key| {
                let stored: Vec<String> = key
                    .iter()
                    .map(|column| self.now_or_live(table, column))
                    .collect();
                let (stored, key) = (self.quote_all(&stored), self.quote_all(key));
                format!("({stored}) IN (SELECT {key} FROM {incoming})")
            })
            .collect();
        let with = format!(
            "WITH {incoming} ({}) AS ({source}\n) ",
            self.quote_all(&columns)
        );
        let filter = format!(" WHERE {}", conflicts.join(" OR "));
        let verdict = "would be deleted by the new ones that replace them";
        let weight = match self.rows_question(table, Some("1"), verdict) {
            Some(question) => {
                let live = table.live.as_ref().unwrap_or(&table.name);
                let from = self.world.quoted(self.engine, live);
                Weight::Ask(Question {
                    met: self.counting(&with, &from, &filter),
                    sample: self.sample(table, &from, &with, &filter),
                    ..question
                })
            }
            None => self.weigh(table, None),
        };
        Replaced::Asked(weight)
    }
}

/// What a REPLACE meets.
enum Replaced {
    /// It has no key to conflict by.
    None,
    Asked(Weight),
}
