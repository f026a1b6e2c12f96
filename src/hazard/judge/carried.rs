//! Rows that go with those they point to, and keys that are emptied, as questions: so that what came after the lint is
//! seen there too.

use std::collections::VecDeque;

use super::Judge;
use crate::hazard::action::{Change, Reach, References};
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

/// A table from which rows go, and the tables through which the keys lead there.
struct Step<'a> {
    table: &'a Table,
    gone: Gone,
    path: Vec<TableName>,
}

impl Judge<'_> {
    /// What rows of a table take with them by the keys of others; nothing where the set itself has changed what decides
    /// which rows those are: what is there before it then says nothing of what the statement meets.
    ///
    /// Each key is followed once, by one of the shortest ways to it.
    pub(super) fn carried(&self, table: &Table, change: &Change) -> Vec<Carried> {
        let Some(live) = table.live.as_ref().filter(|live| **live == table.name) else {
            return Vec::new();
        };
        let gone = match &change.reach {
            Reach::Every | Reach::AlwaysTrue => Gone {
                with: String::new(),
                from: self.world.quoted(self.engine, live),
                filter: String::new(),
            },
            Reach::Some(condition) if !self.is_of_the_set(table, change) => Gone {
                with: change.with.clone(),
                from: change.target.clone(),
                filter: format!(" WHERE ({condition}\n)"),
            },
            _ => return Vec::new(),
        };
        let mut seen = vec![live.clone()];
        let path = seen.clone();
        let mut open = VecDeque::from([Step { table, gone, path }]);
        let mut carried = Vec::new();
        while let Some(step) = open.pop_front() {
            for (child, reference) in self.world.children(&step.table.name) {
                let Some((question, next)) = self.follow(&step, child, reference) else {
                    continue;
                };
                carried.push(Carried {
                    tables: next.path.iter().rev().map(ToString::to_string).collect(),
                    question,
                });
                let goes = reference.on_delete.eq_ignore_ascii_case("CASCADE");
                if goes && !seen.contains(&child.name) {
                    seen.push(child.name.clone());
                    open.push_back(next);
                }
            }
        }
        carried
    }

    /// Whether an earlier statement has to do with which rows a condition means.
    fn is_of_the_set(&self, table: &Table, change: &Change) -> bool {
        table.moved || self.world.disturbs(&change.words).is_some() || self.other_names().is_some()
    }

    /// What a key brings about as rows go that it points to.
    fn follow<'a>(
        &self,
        step: &Step<'_>,
        child: &'a Table,
        reference: &References,
    ) -> Option<(Question, Step<'a>)> {
        let live = child.live.as_ref().filter(|live| **live == child.name)?;
        if step.path.contains(live) {
            return None;
        }
        let verdict = match reference.on_delete.to_ascii_uppercase().as_str() {
            "CASCADE" => "go with those they point to".to_owned(),
            "SET NULL" | "SET DEFAULT" => format!(
                "have `{}` emptied as those go they point to",
                reference.columns.join("`, `")
            ),
            _ => return None,
        };
        let key: &[String] = match reference.parent_columns.is_empty() {
            true => step.table.primary_key(),
            false => &reference.parent_columns,
        };
        let (own, key) = (self.quote_all(&reference.columns), self.quote_all(key));
        let gone = Gone {
            with: step.gone.with.clone(),
            from: self.world.quoted(self.engine, live),
            filter: format!(" WHERE ({own}) IN ({})", step.gone.select(&key)),
        };
        let question = Question {
            met: self.counting(&gone.with, &gone.from, &gone.filter),
            subject: format!("rows of `{}`", child.name),
            verdict,
            ..Question::default()
        };
        let mut path = step.path.clone();
        path.push(live.clone());
        let table = child;
        Some((question, Step { table, gone, path }))
    }
}
