//! Rows whose foreign key points to nothing, and which of them are new.

use super::Judge;
use crate::db::Orphans;
use crate::event::counted;
use crate::ident::TableName;
use crate::integrity::report::ChangeKind;
use crate::integrity::{Fingerprint, TableBaseline};

impl Judge<'_> {
    /// What was known of a table, by the names that it and its columns have now.
    fn by_new_names(&self, known: &Orphans) -> Orphans {
        let table = self.rules.now_called(&known.table, None);
        let columns = known.columns.iter().map(|column| {
            let now = self.rules.now_called(&known.table, Some(column));
            now.unwrap_or(column).to_owned()
        });
        Orphans {
            table: table.map_or_else(|| known.table.clone(), TableName::plain),
            columns: columns.collect(),
            parent: known.parent.clone(),
            rows: known.rows,
        }
    }

    pub(super) fn orphans(&mut self, before: &[Orphans], now: &[Orphans]) {
        let before: Vec<Orphans> = before
            .iter()
            .map(|known| self.by_new_names(known))
            .collect();
        for found in Orphans::beyond(&before, now.to_vec()) {
            let owner = TableBaseline {
                name: found.table.clone(),
                columns: Vec::new(),
                rows: 0,
                fingerprint: Fingerprint::default(),
            };
            let message = format!(
                "`{}` has {} whose row of `{}` is not there ({})",
                found.table,
                counted(found.rows, "row"),
                found.parent,
                found.columns.join(", ")
            );
            self.found(ChangeKind::Orphans, &owner, None, message);
        }
    }
}
