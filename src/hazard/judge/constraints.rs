//! What the new table of a rebuild demands of the rows it is filled with: NOT NULL, keys, CHECKs, foreign keys.

use super::Judge;
use super::flows::{Flow, From, flows};
use crate::event::Severity;
use crate::hazard::action::{Action, Copy, Insert, NewColumn, NewTable, References};
use crate::hazard::draft::{Draft, Question};
use crate::hazard::rebuild::Rebuild;
use crate::hazard::world::Table;

/// The rows on their way into the new table, as a table expression.
struct Incoming<'a> {
    original: &'a Table,
    flows: Vec<Flow>,
    /// `WITH "incoming" (…) AS (…) `
    with: String,
    columns: Vec<String>,
}

impl Judge<'_> {
    pub(super) fn judge_new_definition(&mut self, rebuild: &Rebuild, new: &NewTable) {
        let Some(original) = self.original(rebuild).cloned() else {
            return;
        };
        if original.live.is_none() {
            return;
        }
        if new.copy.is_some() {
            let shown = original.name.to_string();
            let message = format!(
                "CREATE TABLE … AS keeps the values of `{shown}` only: its keys, NOT NULL, defaults and foreign keys go"
            );
            self.push(
                Draft::new("rebuild-loses", self.at, shown)
                    .is(Severity::Block, message)
                    .hint("write the CREATE TABLE out, then INSERT … SELECT"),
            );
            return;
        }
        for reference in &new.references {
            let already = original.references.iter().any(|other| {
                self.world.same(&other.parent, &reference.parent)
                    && other.columns == reference.columns
                    && other.on_delete.eq_ignore_ascii_case(&reference.on_delete)
            });
            let unknown = self.world.offline && original.columns.is_none();
            if !already && !unknown {
                self.note_cascade(&original.name, reference);
            }
        }
        // Offline nobody knows what the old table demanded already: all of this would be guessed.
        if self.world.offline {
            return;
        }
        let step = rebuild
            .copies
            .first()
            .and_then(|copy| self.steps.get(self.first + copy));
        let Some(Action::Insert(Insert {
            columns,
            copy: Some(copy),
            ..
        })) = step.map(|placed| &placed.step.action)
        else {
            return;
        };
        let (columns, copy) = (columns.clone(), copy.clone());
        if rebuild.copies.len() != 1 || rebuild.moved_away.is_some() {
            return;
        }
        self.judge_demands(&original, new, columns, &copy);
    }

    fn judge_demands(&mut self, original: &Table, new: &NewTable, named: Vec<String>, copy: &Copy) {
        let stored = new
            .columns
            .iter()
            .filter(|column| column.generated.is_none());
        let columns: Vec<String> = match named.is_empty() {
            true => stored.map(|column| column.name.clone()).collect(),
            false => named,
        };
        let incoming = Incoming {
            original,
            flows: flows(copy, &columns, Some(original)).unwrap_or_default(),
            with: format!(
                "WITH \"incoming\" ({}) AS ({}\n) ",
                self.quote_all(&columns),
                copy.sql
            ),
            columns,
        };
        for column in &new.columns {
            self.demand_value(&incoming, column);
        }
        for key in &new.keys {
            if key.columns.iter().all(|column| incoming.has(column))
                && !incoming.is_key_already(&key.columns)
            {
                let rule = if key.primary {
                    "change-primary-key"
                } else {
                    "add-unique"
                };
                let columns = self.quote_all(&key.columns);
                let shown = key.columns.join(", ");
                let filled: Vec<String> = key
                    .columns
                    .iter()
                    .map(|column| format!("{} IS NOT NULL", self.quote(column)))
                    .collect();
                let condition = format!(
                    "({columns}) IN (SELECT {columns} FROM \"incoming\" WHERE {} GROUP BY {columns} HAVING count(*) > 1)",
                    filled.join(" AND ")
                );
                let verdict = format!("share their `{shown}` with another row");
                self.demand(&incoming, rule, &shown, &condition, &verdict);
            }
        }
        for check in &new.checks {
            let verdict = format!("break CHECK ({check})");
            self.demand(
                &incoming,
                "add-check",
                "",
                &format!("NOT ({check}\n)"),
                &verdict,
            );
        }
        for reference in &new.references {
            self.demand_parent(&incoming, reference);
        }
    }

    fn demand_value(&mut self, incoming: &Incoming<'_>, column: &NewColumn) {
        let rowid = column.primary && column.type_name.eq_ignore_ascii_case("integer");
        if !column.not_null || column.generated.is_some() || rowid {
            return;
        }
        let given = column.default.as_ref().is_some_and(|default| !default.null);
        if incoming.has(&column.name) {
            if !incoming.is_never_null(&column.name) {
                let condition = format!("{} IS NULL", self.quote(&column.name));
                let verdict = format!("have NULL in `{}`, which becomes NOT NULL", column.name);
                self.demand(incoming, "set-not-null", &column.name, &condition, &verdict);
            }
        } else if !given {
            let verdict = format!("have no value for the required column `{}`", column.name);
            self.demand(incoming, "add-required-column", &column.name, "1", &verdict);
        }
    }

    fn demand_parent(&mut self, incoming: &Incoming<'_>, reference: &References) {
        let already = incoming.original.references.iter().any(|other| {
            self.world.same(&other.parent, &reference.parent) && other.columns == reference.columns
        });
        if already || !reference.columns.iter().all(|column| incoming.has(column)) {
            return;
        }
        let parent = match self.world.same(&reference.parent, &incoming.original.name) {
            true => Some(incoming.original),
            false => self.world.table(&reference.parent),
        };
        let shown = reference.columns.join(", ");
        let verdict = format!(
            "would point to no row of `{}` with `{shown}`",
            reference.parent
        );
        let Some((parent, live)) = parent.and_then(|parent| Some((parent, parent.live.clone()?)))
        else {
            return;
        };
        let keys: Vec<String> = match reference.parent_columns.is_empty() {
            true => parent.primary_key().to_vec(),
            false => reference.parent_columns.clone(),
        };
        let moved = parent.moved;
        let matches: Vec<String> = keys
            .iter()
            .zip(&reference.columns)
            .map(|(key, column)| {
                format!(
                    "\"parent\".{} = \"incoming\".{}",
                    self.quote(key),
                    self.quote(column)
                )
            })
            .collect();
        let filled: Vec<String> = reference
            .columns
            .iter()
            .map(|column| format!("{} IS NOT NULL", self.quote(column)))
            .collect();
        if matches.is_empty() {
            return;
        }
        let condition = format!(
            "{} AND NOT EXISTS (SELECT 1 FROM {} AS \"parent\" WHERE {})",
            filled.join(" AND "),
            self.world.quoted(self.engine, &live),
            matches.join(" AND ")
        );
        let before = self.drafts.len();
        let reason = format!("an earlier statement writes `{}`", reference.parent);
        let rehearsed = self.rehearsed(incoming.original, reason);
        self.demand(incoming, "add-foreign-key", &shown, &condition, &verdict);
        if let (true, Some(draft)) = (moved, self.drafts.get_mut(before)) {
            draft.weight = rehearsed;
        }
    }

    /// Asks whether rows on their way break a demand.
    fn demand(
        &mut self,
        incoming: &Incoming<'_>,
        rule: &'static str,
        column: &str,
        condition: &str,
        verdict: &str,
    ) {
        let original = incoming.original;
        let shown = original.name.to_string();
        let key: Vec<String> = original.primary_key().to_vec();
        let sampled = !key.is_empty() && key.iter().all(|column| incoming.has(column));
        let question = self.rows_question(original, Some("1"), verdict).map(|question| Question {
            met: format!("{}SELECT count(*) FROM \"incoming\" WHERE {condition}", incoming.with),
            sample: sampled.then(|| {
                let columns = self.quote_all(&key);
                let (with, name) = (&incoming.with, key.join(", "));
                (name, format!("{with}SELECT {columns} FROM \"incoming\" WHERE {condition} ORDER BY {columns} LIMIT 3"))
            }),
            ..question
        });
        let object = match column {
            "" => shown.clone(),
            column => format!("{shown}.{column}"),
        };
        let weight = self.weigh(original, question);
        let mut draft = Draft::new(rule, self.at, object)
            .fails(weight, &original.name, verdict.trim_start_matches("would "))
            .hint("settle these rows first, or say in the copy what they become");
        draft.aliases = vec![shown];
        self.push(draft);
    }
}

impl Incoming<'_> {
    fn has(&self, column: &str) -> bool {
        self.columns
            .iter()
            .any(|other| other.eq_ignore_ascii_case(column))
    }

    /// The column of the old table whose values a column takes as they are.
    fn taken_from(&self, column: &str) -> Option<&str> {
        let flow = self
            .flows
            .iter()
            .find(|flow| flow.to.eq_ignore_ascii_case(column))?;
        match &flow.from {
            From::Same(from) => Some(from),
            From::Filled(_) | From::Made { .. } => None,
        }
    }

    fn is_never_null(&self, column: &str) -> bool {
        let from = self
            .taken_from(column)
            .and_then(|from| self.original.column(from));
        from.is_some_and(|column| !column.nullable)
    }

    fn is_key_already(&self, columns: &[String]) -> bool {
        let from: Option<Vec<String>> = columns
            .iter()
            .map(|column| self.taken_from(column).map(str::to_owned))
            .collect();
        from.is_some_and(|from| self.original.is_key(&from))
    }
}
