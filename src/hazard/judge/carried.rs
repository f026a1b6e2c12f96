//! Rows that go with those they point to, and keys that are emptied, as questions: so that what came after the lint is
//! seen there too.

use super::Judge;
use crate::hazard::action::{Change, Reach};
use crate::hazard::draft::{Carried, Question};
use crate::hazard::world::Table;
use crate::ident::TableName;

/// Rows that go: SQL around the columns that are asked for.
struct Gone {
    with: String,
    from: String,
    filter: String,
}

impl Gone {
    fn select(&self, columns: &str) -> String {
        format!("SELECT {columns} FROM {}{}", self.from, self.filter)
    }
}

impl Judge<'_> {
    /// What rows of a table take with them by the keys of others.
    pub(super) fn carried(&self, table: &Table, change: &Change) -> Vec<Carried> {
        let Some(live) = table.live.as_ref().filter(|live| **live == table.name) else {
            return Vec::new();
        };
        let gone = match &change.reach {
            Reach::Every | Reach::AlwaysTrue => Gone {
                with: String::new(),
                from: self.engine.quote_table(live),
                filter: String::new(),
            },
            Reach::Some(condition) => Gone {
                with: change.with.clone(),
                from: change.target.clone(),
                filter: format!(" WHERE ({condition}\n)"),
            },
            _ => return Vec::new(),
        };
        let mut carried = Vec::new();
        let mut path = vec![live.clone()];
        self.carry(&gone, table, &mut path, &mut carried);
        carried
    }

    fn carry(
        &self,
        gone: &Gone,
        parent: &Table,
        path: &mut Vec<TableName>,
        carried: &mut Vec<Carried>,
    ) {
        for (child, reference) in self.world.children(&parent.name) {
            let Some(live) = child.live.as_ref().filter(|live| **live == child.name) else {
                continue;
            };
            let key: &[String] = match reference.parent_columns.is_empty() {
                true => parent.primary_key(),
                false => &reference.parent_columns,
            };
            let emptied = match reference.on_delete.to_ascii_uppercase().as_str() {
                "CASCADE" => None,
                "SET NULL" | "SET DEFAULT" => Some(reference.columns.join("`, `")),
                _ => continue,
            };
            if path.contains(live) {
                continue;
            }
            let (own, key) = (self.quote_all(&reference.columns), self.quote_all(key));
            let lost = Gone {
                with: gone.with.clone(),
                from: self.engine.quote_table(live),
                filter: format!(" WHERE ({own}) IN ({})", gone.select(&key)),
            };
            path.push(live.clone());
            carried.push(Carried {
                tables: path.iter().rev().map(ToString::to_string).collect(),
                question: Question {
                    met: self.counting(&lost.with, &lost.from, &lost.filter),
                    subject: format!("rows of `{}`", child.name),
                    verdict: match &emptied {
                        None => "go with those they point to".to_owned(),
                        Some(columns) => {
                            format!("have `{columns}` emptied as those go they point to")
                        }
                    },
                    ..Question::default()
                },
            });
            if emptied.is_none() {
                self.carry(&lost, child, path, carried);
            }
            path.pop();
        }
    }
}
