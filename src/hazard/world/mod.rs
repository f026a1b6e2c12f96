//! The schema as the pending set finds it and leaves it, statement by statement: the catalog of the live database (or
//! nothing, offline) with what the set has done so far on top. It knows for every table and column where its rows and
//! values are now, in the live database, so that the data can be asked.

mod live;
mod names;
mod objects;
mod rename;
mod table;

use std::collections::HashMap;

pub(super) use names::Names;
pub(super) use objects::{bare_type, quoted};
pub(super) use table::{Column, Index, Object, Table, lower, new_column};

use table::lower_key;

use super::action::{NewTable, References};
use super::dialect::Touch;
use crate::ident::TableName;

/// The schema at one point of the set.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    /// No database was asked: what is not created in the set may exist or not.
    pub(super) offline: bool,
    tables: HashMap<String, Table>,
    /// Temporary tables: nobody's data, but rows may pass through them.
    temporary: HashMap<String, Table>,
    pub(super) indexes: Vec<Index>,
    /// Views, triggers, functions, types …
    pub(super) objects: Vec<Object>,
    /// Counters of their own, by name.
    pub(super) sequences: Vec<String>,
    /// Those that were there and that the set has dropped.
    pub(super) gone_sequences: Vec<TableName>,
    /// What triggers that were there set of a row that is changed.
    pub(super) touches: Vec<Touch>,
    /// Enums by their bare name, with their values.
    enums: HashMap<String, Vec<String>>,
    /// Domains by their bare name, with the type each is made of.
    domains: HashMap<String, String>,
    pub(super) names: Names,
    /// The catalog may leave out what this user has no right to.
    hides: bool,
}

/// What a name means at this point.
#[derive(Debug)]
pub(super) enum Seen<'a> {
    /// A temporary table: nobody's data.
    Temporary,
    /// No such table.
    Missing,
    /// Where the catalog does not reach: in another database, or hidden from this user.
    Elsewhere,
    Known(&'a Table),
}

impl World {
    /// What this name means now. Offline, a name nobody created is taken for a table that is there.
    pub(super) fn see(&mut self, name: &TableName) -> Seen<'_> {
        if self.is_temporary(name) {
            return Seen::Temporary;
        }
        let key = self.key(name);
        if self.offline && !self.tables.contains_key(&key) && !self.is_view(name) {
            let guessed = Table {
                name: name.clone(),
                live: Some(name.clone()),
                ..Table::default()
            };
            self.tables.insert(key.clone(), guessed);
        }
        match self.tables.get(&key) {
            Some(table) => Seen::Known(table),
            None if self.hides || self.names.is_elsewhere(name) => Seen::Elsewhere,
            None => Seen::Missing,
        }
    }

    /// Why nobody can be asked about a table that is elsewhere.
    pub(super) fn why_elsewhere(&self, name: &TableName) -> String {
        match self.names.is_elsewhere(name) {
            true => "it is in another database".to_owned(),
            false => "this user may not see it".to_owned(),
        }
    }

    /// The table of this name, if it is known.
    pub(super) fn table(&self, name: &TableName) -> Option<&Table> {
        self.tables.get(&self.key(name))
    }

    /// The same, to be changed.
    pub(super) fn table_mut(&mut self, name: &TableName) -> Option<&mut Table> {
        let key = self.key(name);
        self.tables.get_mut(&key)
    }

    /// Every table, in the order of names.
    pub(super) fn tables(&self) -> Vec<&Table> {
        let mut tables: Vec<&Table> = self.tables.values().collect();
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        tables
    }

    /// Whether two names mean the same table.
    pub(super) fn same(&self, one: &TableName, other: &TableName) -> bool {
        self.names.same(one, other)
    }

    /// Whether a view has this name.
    pub(super) fn is_view(&self, name: &TableName) -> bool {
        self.object("view", &name.name).is_some()
    }

    /// The view or trigger of this name.
    pub(super) fn object(&self, kind: &str, name: &str) -> Option<&Object> {
        self.objects
            .iter()
            .find(|object| object.kind == kind && object.name.eq_ignore_ascii_case(name))
    }

    /// The index of this name; of this table, where names count per table.
    pub(super) fn index(&self, name: &str, table: Option<&TableName>) -> Option<&Index> {
        self.indexes.iter().find(|index| {
            index.name.eq_ignore_ascii_case(name)
                && table.is_none_or(|table| self.same(&index.table, table))
        })
    }

    /// Foreign keys that point to a table, with the table they are in; not those in itself.
    pub(super) fn children(&self, parent: &TableName) -> Vec<(&Table, &References)> {
        let mut children = Vec::new();
        for table in self.tables() {
            for reference in &table.references {
                if self.same(&reference.parent, parent) && !self.same(&table.name, parent) {
                    children.push((table, reference));
                }
            }
        }
        children
    }

    /// The table rows are copied from or to: a temporary one shadows the others.
    pub(super) fn holder(&self, name: &TableName) -> Option<&Table> {
        let temporary = self.temporary.get(&name.name.to_lowercase());
        temporary
            .filter(|_| self.may_be_temporary(name))
            .or_else(|| self.table(name))
    }

    /// The same, to be changed.
    pub(super) fn holder_mut(&mut self, name: &TableName) -> Option<&mut Table> {
        let key = self.key(name);
        let may_be = self.may_be_temporary(name);
        let temporary = self.temporary.get_mut(&name.name.to_lowercase());
        temporary
            .filter(|_| may_be)
            .or_else(|| self.tables.get_mut(&key))
    }

    /// Whether a temporary table has this name.
    pub(super) fn is_temporary(&self, name: &TableName) -> bool {
        let schema = name.schema.as_deref().map(str::to_lowercase);
        matches!(schema.as_deref(), Some("temp" | "pg_temp"))
            || schema.is_none() && self.temporary.contains_key(&name.name.to_lowercase())
    }

    /// Whether a name can mean a temporary table: one that is qualified with another schema cannot.
    fn may_be_temporary(&self, name: &TableName) -> bool {
        name.schema.is_none() || self.is_temporary(name)
    }

    /// Takes away the foreign keys that point to a table.
    pub(super) fn forget_references_to(&mut self, parent: &TableName) {
        let names = &self.names;
        for table in self.tables.values_mut() {
            if !names.same(&table.name, parent) {
                table
                    .references
                    .retain(|reference| !names.same(&reference.parent, parent));
            }
        }
    }

    /// Adds a table the set creates. What exists stays as it is.
    pub(super) fn create(&mut self, new: &NewTable, file: usize) {
        let columns: Vec<Column> = new.columns.iter().map(new_column).collect();
        let table = Table {
            name: self.placed(&new.name),
            columns: (!columns.is_empty()).then_some(columns),
            keys: new.keys.iter().map(lower_key).collect(),
            references: new.references.clone(),
            partition_key: new.partition_key.clone(),
            created: Some(file),
            ..Table::default()
        };
        if new.temporary {
            self.temporary.insert(new.name.name.to_lowercase(), table);
            return;
        }
        // Offline nobody knows whether IF NOT EXISTS creates anything; online what exists cannot be created.
        let key = self.key(&new.name);
        let exists = !self.offline && self.tables.contains_key(&key);
        let may_exist = new.if_not_exists && self.offline;
        if !exists && !may_exist {
            self.tables.insert(key, table);
        }
    }

    /// Takes a temporary table away; the permanent one of that name shows again.
    pub(super) fn drop_temporary(&mut self, name: &TableName) {
        self.temporary.remove(&name.name.to_lowercase());
    }

    /// Takes a table away, with its indexes and triggers.
    pub(super) fn drop(&mut self, name: &TableName) {
        let temporary = name.name.to_lowercase();
        if self.may_be_temporary(name) && self.temporary.remove(&temporary).is_some() {
            return;
        }
        let key = self.key(name);
        let Some(table) = self.tables.remove(&key) else {
            return;
        };
        let (names, name) = (&self.names, &table.name);
        self.indexes.retain(|index| !names.same(&index.table, name));
        self.objects.retain(|object| {
            !object
                .table
                .as_ref()
                .is_some_and(|table| names.same(table, name))
        });
        self.tables.retain(|_, other| {
            !other
                .partition_of
                .as_ref()
                .is_some_and(|parent| names.same(parent, name))
        });
    }

    /// Whether a condition with these words reads what the live database does not (yet) have like that: tables the set
    /// created, renamed or wrote, columns it added or renamed.
    pub(super) fn disturbs(&self, words: &[String]) -> Option<&TableName> {
        let is_named = |name: &str| words.binary_search(&name.to_lowercase()).is_ok();
        self.tables()
            .into_iter()
            .filter(|table| is_named(&table.name.name))
            .find(|table| {
                let renamed = table.live.as_ref() != Some(&table.name);
                let columns = table.columns.iter().flatten().chain(&table.added);
                let mut changed =
                    columns.filter(|column| column.live.as_ref() != Some(&column.name));
                table.moved || renamed || changed.any(|column| is_named(&column.name))
            })
            .map(|table| &table.name)
    }
}
