//! What a new constraint demands of the rows that are there: keys, CHECKs, foreign keys.

use super::Judge;
use crate::hazard::action::{Key, NewIndex, References};
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, Question, Weight};
use crate::hazard::world::{Seen, Table};
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn demand_key(&mut self, table: &Table, key: &Key, name: Option<&str>) {
        if table.live.is_none() || key.columns.is_empty() {
            return;
        }
        if key.primary && !table.primary_key().is_empty() {
            let object = table.name.to_string();
            let message = format!(
                "`{object}` has a primary key already, over `{}`",
                table.primary_key().join("`, `")
            );
            self.push(
                Draft::new("change-primary-key", self.at, object)
                    .refused(message)
                    .hint("drop the old one first, in the same statement"),
            );
            return;
        }
        let known = table.is_key(&key.columns) && !table.refilled;
        if !known {
            let index = NewIndex {
                name: TableName::plain(name.unwrap_or_default()),
                table: table.name.clone(),
                unique: true,
                terms: key
                    .columns
                    .iter()
                    .map(|column| (self.quote(column), Some(column.clone())))
                    .collect(),
                condition: None,
                nulls_equal: key.nulls_equal,
            };
            let rule = if key.primary {
                "change-primary-key"
            } else {
                "add-unique"
            };
            self.judge_unique(table, &index, rule);
        }
        if key.primary {
            self.demand_filled_key(table, &key.columns, name);
        }
    }

    /// NULLs in what becomes a primary key.
    pub(super) fn demand_filled_key(
        &mut self,
        table: &Table,
        columns: &[String],
        name: Option<&str>,
    ) {
        let may_be_null = |column: &&String| {
            table
                .column(column)
                .is_none_or(|known| known.nullable && !known.identity)
        };
        let nullable: Vec<String> = columns
            .iter()
            .filter(may_be_null)
            .map(|column| self.quote(&self.now_or_live(table, column)))
            .map(|value| dialect::has_none(self.engine, &value))
            .collect();
        if nullable.is_empty() || table.live.is_none() {
            return;
        }
        let shown = columns.join(", ");
        let verdict = format!("have NULL in `{shown}`, which becomes the primary key");
        let question = self.rows_question(table, Some(&nullable.join(" OR ")), &verdict);
        let weight = self.weigh(table, question);
        let mut draft = Draft::new(
            "change-primary-key",
            self.at,
            format!("{}.{shown}", table.name),
        )
        .fails(weight, &table.name, &verdict)
        .hint("fill them first, in a migration of their own");
        draft.aliases = vec![table.name.to_string()];
        draft.aliases.extend(name.map(str::to_owned));
        self.push(draft);
    }

    pub(super) fn demand_check(&mut self, table: &Table, check: &str, name: Option<&str>) {
        if table.live.is_none() {
            return;
        }
        let shown = check.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown = shown
            .strip_prefix('(')
            .and_then(|inner| inner.strip_suffix(')'))
            .unwrap_or(&shown);
        let verdict = format!("break CHECK ({shown})");
        let condition = format!("NOT ({check}\n)");
        let question = self.rows_question(table, Some(&condition), &verdict);
        let weight = self.weigh(table, question);
        let mut draft = Draft::new("add-check", self.at, table.name.to_string())
            .fails(weight, &table.name, &verdict)
            .hint("settle these rows first, in a migration of their own");
        draft.aliases.extend(name.map(str::to_owned));
        self.push(draft);
    }

    /// Rows that would point to nothing. One NULL in a key of several columns is enough for it to point nowhere
    /// (MATCH SIMPLE).
    pub(super) fn demand_reference(
        &mut self,
        child: &Table,
        reference: &References,
        name: Option<&str>,
    ) {
        let parent = match self.world.see(&reference.parent) {
            Seen::Known(parent) => parent.clone(),
            Seen::Temporary | Seen::Missing | Seen::Elsewhere => return,
        };
        let null_for_sure = |column: &String| {
            child.column(column).is_some_and(|known| {
                known.live.is_none()
                    && known.default.is_none()
                    && !known.generated
                    && !known.identity
            })
        };
        if child.live.is_none() || !child.moved && reference.columns.iter().any(null_for_sure) {
            return;
        }
        let shown = reference.columns.join(", ");
        let verdict = format!(
            "would point to no row of `{}` with `{shown}`",
            reference.parent
        );
        let weight = if parent.moved && !self.world.offline {
            let reason = format!("an earlier statement writes `{}`", parent.name);
            match self.pointing(child, reference) {
                Some(pointing) if !child.moved => Weight::Rehearsal {
                    then: None,
                    reason,
                    most: Some(pointing),
                },
                _ => self.rehearsed(child, reason),
            }
        } else {
            let question = self.orphans_question(child, &parent, reference, &verdict);
            self.weigh(child, question)
        };
        let mut draft = Draft::new(
            "add-foreign-key",
            self.at,
            format!("{}.{shown}", child.name),
        )
        .fails(weight, &child.name, verdict.trim_start_matches("would "))
        .hint("delete or mend these rows first, in a migration of their own");
        // MySQL takes them then.
        if self.connection.foreign_keys_off && self.habits.fills_in {
            draft.fails = false;
            draft.message = format!("rows of `{}`, if any, {verdict}", child.name);
        }
        draft.aliases = vec![child.name.to_string()];
        draft.aliases.extend(name.map(str::to_owned));
        self.push(draft);
    }

    /// SQL that counts the rows that point anywhere.
    fn pointing(&self, child: &Table, reference: &References) -> Option<String> {
        let columns = reference.columns.iter();
        let filled: Vec<String> = columns
            .map(|column| {
                dialect::has_value(self.engine, &self.quote(&self.now_or_live(child, column)))
            })
            .collect();
        let question = self.rows_question(child, Some(&filled.join(" AND ")), "")?;
        Some(question.met)
    }

    fn orphans_question(
        &self,
        child: &Table,
        parent: &Table,
        reference: &References,
        verdict: &str,
    ) -> Option<Question> {
        let keys: Vec<String> = match reference.parent_columns.is_empty() {
            true => parent.primary_key().to_vec(),
            false => reference.parent_columns.clone(),
        };
        let (one, other) = (self.quote("child"), self.quote("parent"));
        let columns: Vec<String> = reference
            .columns
            .iter()
            .map(|column| format!("{one}.{}", self.quote(&self.now_or_live(child, column))))
            .collect();
        if keys.len() != columns.len() {
            return None;
        }
        let filled: Vec<String> = columns
            .iter()
            .map(|column| dialect::has_value(self.engine, column))
            .collect();
        let mut condition = filled.join(" AND ");
        if let Some(live) = &parent.live {
            let matches: Vec<String> = keys
                .iter()
                .zip(&columns)
                .map(|(key, column)| {
                    let key = self.quote(&self.now_or_live(parent, key));
                    format!("{other}.{key} = {column}")
                })
                .collect();
            condition.push_str(&format!(
                " AND NOT EXISTS (SELECT 1 FROM {} AS {other} WHERE {})",
                self.world.quoted(self.engine, live),
                matches.join(" AND ")
            ));
        }
        let words = dialect::words(self.engine, &columns.join(" "));
        let from = self.rows_of(child, &words)?;
        let from = match from.strip_prefix('(') {
            Some(_) => format!("(SELECT * FROM {from}) AS {one}"),
            None => format!("{from} AS {one}"),
        };
        let filter = format!(" WHERE {condition}");
        let question = self.rows_question(child, None, verdict)?;
        Some(Question {
            of: Some(question.met),
            met: self.counting("", &from, &filter),
            sample: self.sample(child, &from, "", &filter),
            ..question
        })
    }
}
