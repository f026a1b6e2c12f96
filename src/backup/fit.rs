//! Whether a set fits where it is to go: its engine, its database, and whether a table, as it is now, can take its rows
//! as they are.

use std::collections::BTreeSet;

use super::error::{Error, Result};
use super::origin::Origin;
use super::progress::say;
use super::set::Set;
use super::store::Store;
use super::summary::TableSummary;
use crate::db::{Column, Engine, Table, Target, refusal};
use crate::error::{self, Kind};
use crate::event::{Level, Sink};
use crate::ident::TableName;

/// What keeps a table from taking the set's rows as they are: other columns, or other types, which would change values.
pub(super) fn differences(table: &Table, part: &TableSummary) -> Option<String> {
    // A rowid carried as a column is there only while something depends on it; the table itself always has one.
    let named = |columns: &[&Column]| -> BTreeSet<(String, String)> {
        let own = columns
            .iter()
            .filter(|column| column.identity.as_deref() != Some("rowid"));
        own.map(|column| (column.name.clone(), column.type_name.clone()))
            .collect()
    };
    let now = named(&table.stored_columns().collect::<Vec<_>>());
    let then = named(&part.columns.iter().collect::<Vec<_>>());
    let list = |columns: BTreeSet<&(String, String)>| {
        let names: Vec<String> = columns
            .into_iter()
            .map(|(name, kind)| format!("`{name}` {kind}").trim_end().to_owned())
            .collect();
        names.join(", ")
    };
    let missing = list(then.difference(&now).collect());
    let added = list(now.difference(&then).collect());
    match (missing.is_empty(), added.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!("it no longer has {missing}")),
        (true, false) => Some(format!("it has {added} as well")),
        (false, false) => Some(format!("it has {added} where the backup has {missing}")),
    }
}

/// Refuses a set of another engine: SQL and values are each engine's own.
///
/// # Errors
/// `OtherEngine`.
pub(super) fn same_engine(
    set: &Set,
    engine: Engine,
    is_same: fn(Engine, Engine) -> bool,
) -> Result<()> {
    match set.summary().engine() {
        Some(from) if is_same(from, engine) => Ok(()),
        _ => Err(Error::OtherEngine {
            timestamp: set.timestamp(),
            from: set.summary().database.engine.clone(),
            into: engine.name(),
        }),
    }
}

/// Says that a set comes from another database: staging filled from production, or a mistake.
pub(super) fn remark_origin(set: &Set, target: &Target, store: &Store, sink: &dyn Sink) {
    let into = store.origin(target);
    if !into.made(&set.summary().database) {
        let from = Origin::said(&set.summary().database);
        let message = format!(
            "the backup {} was made of the database {}, and goes into {}",
            set.timestamp(),
            from.told_from(&into),
            into.told_from(&from)
        );
        say(sink, Level::Warn, message);
    }
}

/// Says of rows that are refused that the table demands more than it did when they were backed up.
pub(super) fn not_taken(table: &TableName, error: error::Error) -> error::Error {
    let code = error.code.as_deref().unwrap_or_default();
    if refusal(code, &error.message).is_none() {
        return error;
    }
    let message = format!("`{table}` does not take the rows that it had when they were backed up");
    error.context(Kind::Refused, message).hint(
        "drop the key or constraint that is in the way, restore, settle the rows and add it again; or restore the whole set, without `--tables`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::TableName;

    fn column(name: &str, type_name: &str, identity: Option<&str>) -> Column {
        Column {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            identity: identity.map(str::to_owned),
            ..Column::default()
        }
    }

    fn compared(now: Vec<Column>, then: Vec<Column>) -> Option<String> {
        let table = Table {
            columns: now,
            ..Table::default()
        };
        let part = TableSummary {
            name: TableName::plain("users"),
            file: String::new(),
            rows: 0,
            bytes: 0,
            sha256: String::new(),
            fingerprint: Default::default(),
            columns: then,
            primary_key: vec![],
        };
        differences(&table, &part)
    }

    #[test]
    fn columns_may_stand_in_another_order_but_not_be_others() {
        let id = || column("id", "INTEGER", None);
        let name = || column("name", "TEXT", None);
        let rowid = || column("rowid", "INTEGER", Some("rowid"));
        assert_eq!(compared(vec![id(), name()], vec![name(), id()]), None);
        assert_eq!(compared(vec![id()], vec![rowid(), id()]), None);
        assert_eq!(
            compared(vec![id()], vec![id(), name()]).as_deref(),
            Some("it no longer has `name` TEXT")
        );
        assert_eq!(
            compared(vec![id(), name()], vec![id()]).as_deref(),
            Some("it has `name` TEXT as well")
        );
        assert_eq!(
            compared(vec![column("id", "TEXT", None)], vec![id()]).as_deref(),
            Some("it has `id` TEXT where the backup has `id` INTEGER")
        );
    }
}
