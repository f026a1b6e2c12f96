//! Columns that change by their own definition when others do: MySQL's `ON UPDATE CURRENT_TIMESTAMP`.

use super::Judge;
use crate::event::Severity;
use crate::hazard::draft::{Draft, What};
use crate::hazard::world::Table;

impl Judge<'_> {
    /// What an UPDATE of these columns changes besides by the table's own definition, which is nobody's loss.
    pub(super) fn retouch(&mut self, table: &Table, set: &[String]) {
        let is_set = |name: &str| set.iter().any(|column| column.eq_ignore_ascii_case(name));
        let columns = table.columns.iter().flatten();
        let own = columns.filter(|column| column.attributes.on_update && !is_set(&column.name));
        let own: Vec<(String, String)> = own
            .filter_map(|column| Some((column.name.clone(), column.live.clone()?)))
            .collect();
        for (name, live) in own {
            let message = format!(
                "`{name}` of the rows that this changes becomes the time of the change, as its ON UPDATE says"
            );
            let object = format!("{}.{name}", table.name);
            self.push(Draft::new("update-rows", self.at, object).is(Severity::Note, message));
            self.let_go_silently(table, live, What::Touched);
        }
    }
}
