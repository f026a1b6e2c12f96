//! EXCLUDE constraints: every row is compared with every other.

use super::Judge;
use crate::hazard::draft::{Draft, Question};
use crate::hazard::world::Table;

/// With more rows than this, comparing each with each is left to the rehearsal, where an index helps.
const MOST_COMPARED: u64 = 5_000;

impl Judge<'_> {
    pub(super) fn demand_exclusion(
        &mut self,
        table: &Table,
        elements: &[(String, String)],
        condition: Option<&str>,
        name: Option<&str>,
    ) {
        let Some(live) = &table.live else {
            return;
        };
        let from = self.world.quoted(self.engine, live);
        let filter = condition.map_or(String::new(), |condition| format!(" WHERE {condition}\n"));
        let outputs: Vec<String> = elements
            .iter()
            .enumerate()
            .map(|(index, (expression, _))| format!("({expression}) AS \"k{index}\""))
            .collect();
        let side = format!(
            "(SELECT ctid AS \"row\", {} FROM {from}{filter})",
            outputs.join(", ")
        );
        let conflicts: Vec<String> = elements
            .iter()
            .enumerate()
            .map(|(index, (_, operator))| {
                format!("\"one\".\"k{index}\" {operator} \"other\".\"k{index}\"")
            })
            .collect();
        let shown: Vec<&str> = elements
            .iter()
            .map(|(expression, _)| expression.as_str())
            .collect();
        let shown = shown.join(", ");
        let verdict = format!("conflict with another row in `{shown}`");
        let met = self.counting(
            "",
            &format!("{side} AS \"one\""),
            &format!(
                " WHERE EXISTS (SELECT 1 FROM {side} AS \"other\" WHERE \"other\".\"row\" <> \"one\".\"row\" AND {})",
                conflicts.join(" AND ")
            ),
        );
        let equality = elements.iter().any(|(_, operator)| operator == "=");
        let question = self
            .rows_question(table, None, &verdict)
            .map(|question| Question {
                of: Some(question.met),
                met,
                sample: None,
                most_rows: (!equality).then_some(MOST_COMPARED),
                ..question
            });
        let weight = self.weigh(table, question);
        let mut draft = Draft::new("add-exclusion", self.at, table.name.to_string())
            .fails(weight, &table.name, &verdict)
            .hint("settle these rows first, in a migration of their own");
        draft.aliases.extend(name.map(str::to_owned));
        self.push(draft);
    }
}
