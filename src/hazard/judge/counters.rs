//! Counters that an engine keeps in a table of its own, where they can be written to and go with their tables
//! (<https://www.sqlite.org/autoinc.html>).

use super::Judge;
use super::copies::live_name;
use crate::event::Severity;
use crate::hazard::action::{Action, Change, Reach};
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, Question, Weight};
use crate::hazard::rebuild::Rebuild;
use crate::hazard::world::Table;
use crate::ident::TableName;

impl Judge<'_> {
    /// A write to the table of the counters; `false`: it is another table.
    pub(super) fn writes_counters(&mut self, change: &Change) -> bool {
        let is_it = |table: &str| change.table.name.eq_ignore_ascii_case(table);
        let Some(kept_in) = self.habits.counters.filter(|table| is_it(table)) else {
            return false;
        };
        let named = match &change.reach {
            Reach::Never => return true,
            Reach::Some(condition) => dialect::strings(self.engine, condition),
            _ => Vec::new(),
        };
        let counted: Vec<String> = self
            .world
            .sequences
            .iter()
            .filter(|name| named.is_empty() || named.iter().any(|it| it.eq_ignore_ascii_case(name)))
            .cloned()
            .collect();
        // The counter of a table that is new is nobody's.
        if counted.is_empty() && !(self.world.offline && named.is_empty()) {
            return true;
        }
        let message = format!(
            "the counter of {} is written to: where it is set back or taken away, numbers of rows that are gone are given out again",
            match counted.is_empty() {
                true => "every table".to_owned(),
                false => shown(&counted),
            }
        );
        let object = counted.first().map_or(kept_in, String::as_str).to_owned();
        let mut draft = Draft::new("restart-sequence", self.at, object);
        draft.aliases = counted.into_iter().skip(1).collect();
        draft.aliases.push(kept_in.to_owned());
        self.push(draft.is(Severity::Warn, message));
        true
    }

    /// A rebuild counts on from the highest number that is left, or no longer counts.
    pub(super) fn judge_counter(&mut self, rebuild: &Rebuild, original: &Table) {
        let Some(kept_in) = self.habits.counters else {
            return;
        };
        let live = live_name(original);
        let Some(new) = self.new_definition(rebuild).cloned() else {
            return;
        };
        if new.copy.is_some() || !self.world.sequences.contains(&live) || self.sees_to_it(kept_in) {
            return;
        }
        let draft = Draft::new("rebuild-forgets", self.at, &live);
        if !new.counts {
            let message = format!(
                "the rebuild of `{}` does not bring back AUTOINCREMENT: numbers of rows that are gone are given out again",
                original.name
            );
            return self.push(
                draft
                    .is(Severity::Warn, message)
                    .hint("write AUTOINCREMENT behind the PRIMARY KEY of the new table"),
            );
        }
        let [key] = original.primary_key() else {
            return;
        };
        let Some(key) = original.live_column(key) else {
            return;
        };
        let counter = format!(
            "(SELECT seq FROM {kept_in} WHERE name = {})",
            dialect::literal(self.engine, &live)
        );
        let highest = format!(
            "(SELECT coalesce(max({}), 0) FROM {})",
            self.quote(&key),
            self.engine.quote_table(&TableName::plain(&live))
        );
        let question = Question {
            met: format!("SELECT {counter} > {highest}"),
            severity: Severity::Warn,
            ..Question::default()
        };
        let message = format!(
            "the rebuild of `{}` sets its counter back to the highest `{key}` there is: numbers of rows that are gone are given out again",
            original.name
        );
        let hint = match rebuild.rename.is_some() && rebuild.copies.len() == 1 {
            true => format!(
                "keep it, between the copy and the DROP: `UPDATE {kept_in} SET seq = {counter} WHERE name = {};`",
                dialect::literal(self.engine, &new.name.name)
            ),
            false => format!(
                "set it at the end of the rebuild, to what `SELECT seq FROM {kept_in} WHERE name = {}` tells now",
                dialect::literal(self.engine, &live)
            ),
        };
        self.push(draft.weighs(Weight::Where(question), message).hint(hint));
    }

    /// Whether the file itself writes to the table of the counters.
    fn sees_to_it(&self, kept_in: &str) -> bool {
        self.file_actions().any(|action| {
            let table = match action {
                Action::Update(update) => &update.change.table,
                Action::Delete(change) => &change.table,
                Action::Insert(insert) => &insert.table,
                _ => return false,
            };
            table.name.eq_ignore_ascii_case(kept_in)
        })
    }
}

fn shown(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
