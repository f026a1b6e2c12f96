//! TRUNCATE: every row, and with CASCADE those of every table that points there.

use super::Judge;
use super::copies::live_name;
use crate::hazard::draft::{Draft, What};
use crate::hazard::world::Table;
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn truncate(&mut self, tables: &[TableName], cascade: bool) {
        let mut reached: Vec<TableName> = Vec::new();
        for name in tables {
            let Some(table) = self.target("truncate", name, "rows of") else {
                continue;
            };
            if table.live.is_some() {
                self.judge_truncate(&table, None);
            }
            reached.push(table.name);
        }
        if cascade {
            self.follow_truncate(&mut reached);
        }
        for name in &reached {
            self.mark_emptied(name);
        }
    }

    /// CASCADE empties every table with a foreign key to one that is emptied, whatever its ON DELETE says.
    fn follow_truncate(&mut self, reached: &mut Vec<TableName>) {
        let mut next = 0;
        while next < reached.len() {
            let parent = reached[next].clone();
            next += 1;
            let children: Vec<Table> = self
                .world
                .children(&parent)
                .into_iter()
                .map(|(child, _)| child.clone())
                .collect();
            for child in children {
                if reached.contains(&child.name) {
                    continue;
                }
                reached.push(child.name.clone());
                if child.live.is_some() {
                    self.judge_truncate(&child, Some(&parent));
                }
            }
        }
    }

    fn judge_truncate(&mut self, table: &Table, through: Option<&TableName>) {
        let shown = table.name.to_string();
        let verdict = match through {
            None => "would be lost".to_owned(),
            Some(parent) => format!(
                "would be lost: CASCADE reaches them through their foreign key to `{parent}`"
            ),
        };
        let weight = self.weigh_loss(table, self.rows_question(table, None, &verdict));
        let home = table
            .partition_of
            .as_ref()
            .map_or_else(|| live_name(table), ToString::to_string);
        self.push(
            Draft::new("truncate", self.at, &shown)
                .weighs(weight, format!("every row of `{shown}` {verdict}"))
                .hint(format!(
                    "if they may go, allow it: `-- dbscript: allow truncate({shown}) why` above the statement"
                ))
                .lets_go(&home, None, What::Rows),
        );
    }
}
