//! Rows that conflict with new ones and are changed in place. Seed rows are written again and again: what counts is
//! whether a row that is there gets another value.

use super::Judge;
use super::copies::live_name;
use crate::event::Severity;
use crate::hazard::action::{Conflict, Insert};
use crate::hazard::dialect;
use crate::hazard::dialect::conflict::{INCOMING, as_stored, differs, incoming};
use crate::hazard::draft::{Draft, Question, Weight, What};
use crate::hazard::world::Table;

impl Judge<'_> {
    pub(super) fn judge_upsert(&mut self, table: &Table, insert: &Insert, changed: &[String]) {
        let shown = table.name.to_string();
        let live = live_name(table);
        let names = changed.join("`, `");
        let verdict =
            format!("would have `{names}` overwritten by the new rows they conflict with");
        let mut draft = Draft::new("upsert", self.at, &shown).offline(Severity::Warn);
        draft.weight = self.overwritten(table, insert, changed, &verdict);
        draft.message = format!("rows of `{shown}` {verdict}");
        draft.aliases = vec![live.clone()];
        let mut draft = draft.hint(format!(
            "to keep what is there, do nothing where they conflict; if the old values may go, allow it: `-- dbscript: allow upsert({shown}) why` above the statement"
        ));
        for column in changed {
            draft.aliases.push(format!("{shown}.{column}"));
            if let Some(column) = table.live_column(column) {
                draft = draft.lets_go(&live, Some(&column), What::Values);
            }
        }
        self.push(draft);
        self.retouch(table, changed);
    }

    /// How many rows get other values.
    fn overwritten(
        &self,
        table: &Table,
        insert: &Insert,
        changed: &[String],
        verdict: &str,
    ) -> Weight {
        let every = self.rows_question(table, None, verdict);
        if self.world.offline {
            return Weight::Is(Severity::Warn);
        }
        if table.moved {
            return self.weigh_loss(table, every);
        }
        if let Some(weight) = self.other_names() {
            return weight;
        }
        let asked = (insert.source.as_ref())
            .zip(insert.conflict.as_ref())
            .and_then(|(source, conflict)| {
                let columns = self.columns_given(table, insert);
                let condition = self.gets_others(table, &columns, conflict, changed)?;
                Some((source, columns, condition))
            });
        let (Some((source, columns, condition)), Some(every)) = (asked, every) else {
            return self.rehearsed(table, "what they get is not known here");
        };
        let words = dialect::words(self.engine, source);
        if let Some(name) = self.world.disturbs(&words) {
            return self.rehearsed(table, format!("an earlier statement changes `{name}`"));
        }
        let mut named: Vec<String> = columns.iter().map(|column| incoming(column)).collect();
        if insert.columns.is_empty() && self.engine.has_schemas() {
            // PostgreSQL takes rows with fewer values than the table has columns: no more are named than are asked about.
            let asked = |name: &String| condition.contains(&self.quote(name));
            named.truncate(named.iter().rposition(asked).map_or(0, |last| last + 1));
        }
        let name = self.quote(INCOMING);
        let with = format!("WITH {name} ({}) AS ({source}\n) ", self.quote_all(&named));
        let from = self
            .world
            .quoted(self.engine, table.live.as_ref().unwrap_or(&table.name));
        // From the new rows to those of the table, which has an index on its keys.
        let both = format!("{name}, {from}");
        let filter = format!(" WHERE {condition}");
        Weight::Ask(Question {
            met: self.counting(&with, &both, &filter),
            of: Some(self.counting("", &from, "")),
            sample: self.sample(table, &both, &with, &filter),
            ..every
        })
    }

    /// The columns an INSERT gives a value.
    pub(super) fn columns_given(&self, table: &Table, insert: &Insert) -> Vec<String> {
        let stored = table.columns.iter().flatten();
        let stored = stored.filter(|column| !column.generated);
        match insert.columns.is_empty() {
            true => stored.map(|column| column.name.clone()).collect(),
            false => insert.columns.clone(),
        }
    }

    /// The condition that a row has a key in common with a new one, and gets another value from it; `None` where no key
    /// is known, or the columns are not those of now.
    fn gets_others(
        &self,
        table: &Table,
        columns: &[String],
        conflict: &Conflict,
        changed: &[String],
    ) -> Option<String> {
        let is = |names: &[String], name: &str| {
            names.iter().any(|other| other.eq_ignore_ascii_case(name))
        };
        let mut keys: Vec<&[String]> = table
            .keys
            .iter()
            .map(|key| key.columns.as_slice())
            .filter(|key| !key.is_empty() && key.iter().all(|column| is(columns, column)))
            .collect();
        if !conflict.target.is_empty() {
            keys = vec![conflict.target.as_slice()];
        }
        keys.sort_unstable();
        keys.dedup();
        let new =
            |column: &str| format!("{}.{}", self.quote(INCOMING), self.quote(&incoming(column)));
        let meets = |column: &String| {
            let known = table.column(column)?;
            let stored = self.quote(known.live.as_deref().filter(|live| *live == known.name)?);
            let value = as_stored(self.engine, &known.type_name, &new(column));
            Some(format!(
                "{}.{stored} = {value}",
                self.quote(&table.name.name)
            ))
        };
        let keys: Option<Vec<String>> = keys
            .into_iter()
            .map(|key| {
                let parts: Option<Vec<String>> = key.iter().map(meets).collect();
                Some(format!("({})", parts?.join(" AND ")))
            })
            .collect();
        let keys = keys.filter(|keys| !keys.is_empty())?;
        let mut others = Vec::new();
        for (column, value) in conflict.sets.iter().filter(|(name, _)| is(changed, name)) {
            let known = table.column(column)?;
            let stored = self.quote(known.live.as_deref().filter(|live| *live == known.name)?);
            let stored = format!("{}.{stored}", self.quote(&table.name.name));
            others.push(differs(self.engine, &known.type_name, &stored, value));
        }
        let filter = conflict.filter.as_ref();
        let filter = filter.map_or(String::new(), |filter| format!(" AND ({filter}\n)"));
        Some(format!(
            "({}) AND ({}){filter}",
            keys.join(" OR "),
            others.join(" OR ")
        ))
    }
}
