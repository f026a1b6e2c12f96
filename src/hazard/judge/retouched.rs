//! Columns that change when others do: by their own definition, as with MySQL's `ON UPDATE CURRENT_TIMESTAMP`, or by a
//! trigger on their table.

use super::Judge;
use crate::event::Severity;
use crate::hazard::dialect::Touch;
use crate::hazard::draft::{Draft, What};
use crate::hazard::world::{Column, Table};

impl Judge<'_> {
    /// What an UPDATE of these columns changes besides: the time of the change is nobody's loss.
    pub(super) fn retouch(&mut self, table: &Table, set: &[String]) {
        let live_set: Vec<String> = set
            .iter()
            .map(|column| table.live_column(column).unwrap_or_else(|| column.clone()))
            .collect();
        let is_set = |name: &str| set.iter().any(|column| column.eq_ignore_ascii_case(name));
        let columns = table.columns.iter().flatten();
        let besides = columns.filter(|column| !is_set(&column.name));
        let besides: Vec<(&Column, String)> = besides
            .filter_map(|column| Some((column, column.live.clone()?)))
            .collect();
        for (column, live) in besides {
            let by_triggers = self.set_by_triggers(table, &live, &live_set);
            let takes = by_triggers
                .iter()
                .find(|touch| !touch.of_time || !self.is_of_time(column));
            let says = by_triggers
                .first()
                .map(|touch| format!("the trigger `{}` says", touch.trigger));
            let own = column
                .attributes
                .on_update
                .then(|| "its ON UPDATE says".to_owned());
            match (takes, own.or(says)) {
                (Some(touch), _) => self.set_besides(table, (column, &live), &touch.trigger),
                (None, Some(says)) => self.note_time(table, (column, live), &says),
                (None, None) => {}
            }
        }
    }

    fn note_time(&mut self, table: &Table, (column, live): (&Column, String), says: &str) {
        let name = &column.name;
        let message = format!(
            "`{name}` of the rows that this changes becomes the time of the change, as {says}"
        );
        let object = format!("{}.{name}", table.name);
        let mut draft = Draft::new("update-rows", self.at, object).is(Severity::Note, message);
        self.let_go_silently(table, live, What::Touched);
        draft.touched = self.silent.last().cloned();
        self.push(draft);
    }

    /// What a trigger makes of the column shows when it runs.
    fn set_besides(&mut self, table: &Table, (column, live): (&Column, &str), trigger: &str) {
        let (name, shown) = (&column.name, &table.name);
        let message =
            format!("the trigger `{trigger}` sets `{name}` of the rows that this changes");
        let known = table.live.as_ref().unwrap_or(shown).to_string();
        let mut draft = Draft::new("update-rows", self.at, format!("{shown}.{name}"));
        draft.aliases = vec![shown.to_string(), known.clone(), format!("{known}.{live}")];
        let draft = draft
            .weighs(self.rehearsed(table, "what it becomes shows when it runs"), message)
            .hint(format!(
                "if it may change, allow it: `-- dbscript: allow update-rows({shown}.{name}) why` above the statement"
            ))
            .lets_go(&known, Some(live), What::Values);
        self.push(draft);
    }

    /// The triggers that set a column where these are set, as far as they are still there.
    fn set_by_triggers(&self, table: &Table, live: &str, set: &[String]) -> Vec<Touch> {
        let is_set = |of: &String| set.iter().any(|column| column.eq_ignore_ascii_case(of));
        let touches = self.world.touches.iter();
        let own = touches.filter(|touch| {
            table.live.as_ref() == Some(&touch.table)
                && touch.column.eq_ignore_ascii_case(live)
                && (touch.of.is_empty() || touch.of.iter().any(is_set))
                && self.world.object("trigger", &touch.trigger).is_some()
        });
        own.cloned().collect()
    }

    /// Whether a column holds times, by its type. SQLite has none for them: what is always set to the time holds nothing else.
    fn is_of_time(&self, column: &Column) -> bool {
        let made_of = self.world.made_of(&column.type_name).to_lowercase();
        self.habits.rebuilds || made_of.contains("time") || made_of.contains("date")
    }
}
