//! Tables that another one has taken the place of: what the old one had and the new one has not, such as keys that a
//! `CREATE TABLE … LIKE` or `… AS` leaves behind.

use crate::db::{Catalog, Index, Table};
use crate::event::counted;
use crate::ident::TableName;

/// A table as it was before another one took its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replaced {
    /// The table.
    pub table: Table,
    /// Triggers on it that nothing drops by name.
    pub triggers: Vec<String>,
    /// Policies on it that decide who sees which rows (PostgreSQL).
    pub policies: Vec<String>,
    /// Tables and columns of theirs whose foreign keys pointed to it.
    pub children: Vec<(TableName, Vec<String>)>,
}

impl Replaced {
    /// What the table of that name no longer has, in words; `None` where it has all of it, or is gone.
    pub fn forgotten(&self, now: &Catalog) -> Option<String> {
        let table = now.table(&self.table.name)?;
        let mut lost = self.keys(table);
        let extras = self.table.extras.iter();
        let extras = extras.filter(|extra| !table.extras.contains(extra));
        lost.extend(extras.cloned());
        let hanging = [("policy", &self.policies), ("trigger", &self.triggers)];
        for (kind, before) in hanging {
            let now = now
                .objects
                .iter()
                .filter(|object| object.kind == kind && object.table.as_ref() == Some(&table.name));
            if now.count() < before.len() {
                let many = match (kind, before.len()) {
                    ("policy", 2..) => format!("{} policies", before.len()),
                    (_, number) => counted(number as u64, kind),
                };
                lost.push(format!("{many} ({})", before.join(", ")));
            }
        }
        lost.extend(self.columns(table));
        let points = |child: &TableName, columns: &[String]| {
            let mut children = now.children_of(&table.name);
            children.any(|(known, key)| known.name == *child && key.columns == columns)
        };
        for (child, columns) in &self.children {
            let is_there = now.table(child).is_some();
            if *child != table.name && is_there && !points(child, columns) {
                lost.push(format!(
                    "the foreign key of `{child}` ({}) to it",
                    columns.join(", ")
                ));
            }
        }
        (!lost.is_empty()).then(|| {
            format!(
                "`{}` is another table now, which no longer has what the old one had: {}",
                table.name,
                lost.join("; ")
            )
        })
    }

    /// Keys that are gone.
    fn keys(&self, now: &Table) -> Vec<String> {
        let before = &self.table;
        let mut lost = Vec::new();
        let has_key = |columns: &[String]| {
            now.primary_key == columns || unique(now).any(|index| index.columns == columns)
        };
        if !before.primary_key.is_empty() && now.primary_key != before.primary_key {
            lost.push(format!(
                "its primary key ({})",
                before.primary_key.join(", ")
            ));
        }
        let is_primary = |index: &&Index| index.columns == before.primary_key;
        for index in unique(before).filter(|index| !is_primary(index)) {
            if !has_key(&index.columns) {
                lost.push(format!("its unique key ({})", index.columns.join(", ")));
            }
        }
        let plain = before.indexes.iter();
        let plain = plain.filter(|index| !index.unique && !index.columns.is_empty());
        for index in plain {
            let mut known = now.indexes.iter();
            if !known.any(|known| known.columns == index.columns) {
                lost.push(format!("its index `{}`", index.name));
            }
        }
        for key in &before.foreign_keys {
            let mut keys = now.foreign_keys.iter();
            if !keys.any(|known| known.columns == key.columns) {
                lost.push(format!(
                    "its foreign key ({}) to `{}`",
                    key.columns.join(", "),
                    key.parent
                ));
            }
        }
        if now.checks.len() < before.checks.len() {
            let gone = before.checks.len() - now.checks.len();
            lost.push(counted(gone as u64, "CHECK"));
        }
        lost
    }

    /// What its columns said that they say no more.
    fn columns(&self, now: &Table) -> Vec<String> {
        let mut lost = Vec::new();
        for column in &self.table.columns {
            let Some(known) = now.column(&column.name) else {
                continue;
            };
            let name = &column.name;
            let says = |default: &Option<String>| {
                let default = default.as_deref();
                default.is_some_and(|default| !default.eq_ignore_ascii_case("null"))
            };
            if column.identity.is_some() && known.identity.is_none() {
                lost.push(format!("the counter of `{name}`"));
            } else if says(&column.default) && !says(&known.default) {
                lost.push(format!("the default of `{name}`"));
            }
            if !column.nullable && known.nullable {
                lost.push(format!("NOT NULL of `{name}`"));
            }
        }
        lost
    }
}

/// The unique indexes on columns.
fn unique(table: &Table) -> impl Iterator<Item = &Index> {
    let indexes = table.indexes.iter();
    indexes.filter(|index| {
        index.unique && !index.partial && !index.columns.iter().any(String::is_empty)
    })
}
