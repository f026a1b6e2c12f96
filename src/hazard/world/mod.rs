//! The schema as the pending set finds it and leaves it, statement by statement: the catalog of the live database (or
//! nothing, offline) with what the set has done so far on top. It knows for every table and column where its rows and
//! values are now, in the live database, so that the data can be asked.

use std::collections::HashMap;

pub(super) use table::{Column, Index, Object, Table, new_column};

use table::{live_table, lower, lower_key};

use super::action::{NewTable, References};
use crate::db::Catalog;
use crate::ident::TableName;

mod table;

/// The schema at one point of the set.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    /// No database was asked: what is not created in the set may exist or not.
    pub(super) offline: bool,
    tables: HashMap<String, Table>,
    /// Temporary tables: nobody's data, but rows may pass through them.
    temporary: HashMap<String, Table>,
    pub(super) indexes: Vec<Index>,
    /// Views and triggers.
    pub(super) objects: Vec<Object>,
}

/// What a name means at this point.
#[derive(Debug)]
pub(super) enum Seen<'a> {
    /// A temporary table: nobody's data.
    Temporary,
    /// No such table.
    Missing,
    /// In a database that was attached.
    Elsewhere,
    Known(&'a Table),
}

impl World {
    /// The world before the first statement. `words` takes SQL apart into names in lower case.
    pub(super) fn new(catalog: Option<&Catalog>, words: impl Fn(&str) -> Vec<String>) -> World {
        let mut world = World {
            offline: catalog.is_none(),
            ..World::default()
        };
        let Some(catalog) = catalog else {
            return world;
        };
        for table in &catalog.tables {
            world.tables.insert(key(&table.name), live_table(table));
            for index in table.indexes.iter().filter(|index| index.sql.is_some()) {
                world.indexes.push(Index {
                    name: index.name.clone(),
                    table: table.name.clone(),
                    unique: index.unique,
                    columns: lower(&index.columns),
                    created: false,
                    words: words(index.sql.as_deref().unwrap_or_default()),
                });
            }
        }
        for object in &catalog.objects {
            world.objects.push(Object {
                kind: object.kind.clone(),
                name: object.name.name.clone(),
                table: object.table.clone(),
                created: false,
                words: words(&object.sql),
            });
        }
        world
    }

    /// What this name means now. Offline, a name nobody created is taken for a table that is there.
    pub(super) fn see(&mut self, name: &TableName) -> Seen<'_> {
        let schema = name.schema.as_deref().map(str::to_lowercase);
        if schema.as_deref() == Some("temp")
            || schema.is_none() && self.temporary.contains_key(&name.name.to_lowercase())
        {
            return Seen::Temporary;
        }
        let key = key(name);
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
            None if schema.is_some() => Seen::Elsewhere,
            None => Seen::Missing,
        }
    }

    /// The table of this name, if it is known.
    pub(super) fn table(&self, name: &TableName) -> Option<&Table> {
        self.tables.get(&key(name))
    }

    /// The same, to be changed.
    pub(super) fn table_mut(&mut self, name: &TableName) -> Option<&mut Table> {
        self.tables.get_mut(&key(name))
    }

    /// Every table, in the order of names.
    pub(super) fn tables(&self) -> Vec<&Table> {
        let mut tables: Vec<&Table> = self.tables.values().collect();
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        tables
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

    /// The index of this name.
    pub(super) fn index(&self, name: &str) -> Option<&Index> {
        self.indexes
            .iter()
            .find(|index| index.name.eq_ignore_ascii_case(name))
    }

    /// Foreign keys that point to a table, with the table they are in; not those in itself.
    pub(super) fn children(&self, parent: &TableName) -> Vec<(&Table, &References)> {
        let mut children = Vec::new();
        for table in self.tables() {
            for reference in &table.references {
                if same(&reference.parent, parent) && !same(&table.name, parent) {
                    children.push((table, reference));
                }
            }
        }
        children
    }

    /// The table rows are copied from or to: a temporary one shadows the others.
    pub(super) fn holder(&self, name: &TableName) -> Option<&Table> {
        let temporary = self.temporary.get(&name.name.to_lowercase());
        temporary.or_else(|| self.table(name))
    }

    /// The same, to be changed.
    pub(super) fn holder_mut(&mut self, name: &TableName) -> Option<&mut Table> {
        let temporary = self.temporary.get_mut(&name.name.to_lowercase());
        temporary.or_else(|| self.tables.get_mut(&key(name)))
    }

    /// Adds a table the set creates. What exists stays as it is.
    pub(super) fn create(&mut self, new: &NewTable, file: usize) {
        let columns: Vec<Column> = new.columns.iter().map(new_column).collect();
        let table = Table {
            name: new.name.clone(),
            columns: (!columns.is_empty()).then_some(columns),
            keys: new.keys.iter().map(lower_key).collect(),
            references: new.references.clone(),
            created: Some(file),
            ..Table::default()
        };
        if new.temporary {
            self.temporary.insert(new.name.name.to_lowercase(), table);
            return;
        }
        // Offline nobody knows whether IF NOT EXISTS creates anything; online what exists cannot be created.
        let exists = !self.offline && self.tables.contains_key(&key(&new.name));
        let may_exist = new.if_not_exists && self.offline;
        if !exists && !may_exist {
            self.tables.insert(key(&new.name), table);
        }
    }

    /// Takes a table away, with its indexes and triggers.
    pub(super) fn drop(&mut self, name: &TableName) {
        if self.temporary.remove(&name.name.to_lowercase()).is_some() {
            return;
        }
        self.tables.remove(&key(name));
        self.indexes.retain(|index| !same(&index.table, name));
        self.objects
            .retain(|object| !object.table.as_ref().is_some_and(|table| same(table, name)));
    }

    /// Takes a temporary table away; the permanent one of that name shows again.
    pub(super) fn drop_temporary(&mut self, name: &TableName) {
        self.temporary.remove(&name.name.to_lowercase());
    }

    /// Gives a table another name; what hangs on it follows.
    pub(super) fn rename(&mut self, name: &TableName, to: &str) {
        let renamed = TableName {
            schema: name.schema.clone(),
            name: to.to_owned(),
        };
        let Some(mut table) = self.tables.remove(&key(name)) else {
            return;
        };
        table.name = renamed.clone();
        self.tables.insert(key(&renamed), table);
        for index in self
            .indexes
            .iter_mut()
            .filter(|index| same(&index.table, name))
        {
            index.table = renamed.clone();
        }
        for object in &mut self.objects {
            if object.table.as_ref().is_some_and(|table| same(table, name)) {
                object.table = Some(renamed.clone());
            }
        }
        for table in self.tables.values_mut() {
            for reference in &mut table.references {
                if same(&reference.parent, name) {
                    reference.parent = renamed.clone();
                }
            }
        }
    }

    /// Gives a column another name; keys, indexes and foreign keys follow.
    pub(super) fn rename_column(&mut self, table: &TableName, column: &str, to: &str) {
        let is = |name: &str| name.eq_ignore_ascii_case(column);
        let replace = |names: &mut [String]| {
            for name in names.iter_mut().filter(|name| is(name)) {
                to.clone_into(name);
            }
        };
        for other in self.tables.values_mut() {
            for reference in &mut other.references {
                if same(&reference.parent, table) {
                    replace(&mut reference.parent_columns);
                }
                if same(&other.name, table) {
                    replace(&mut reference.columns);
                }
            }
        }
        for index in self
            .indexes
            .iter_mut()
            .filter(|index| same(&index.table, table))
        {
            replace(&mut index.columns);
            index.columns = lower(&index.columns);
        }
        let Some(table) = self.table_mut(table) else {
            return;
        };
        for key in &mut table.keys {
            replace(&mut key.columns);
            key.columns = lower(&key.columns);
        }
        let mut known = table.columns.iter_mut().flatten().chain(&mut table.added);
        if let Some(found) = known.find(|known| is(&known.name)) {
            to.clone_into(&mut found.name);
        } else if table.columns.is_none() {
            table.added.push(Column {
                name: to.to_owned(),
                live: Some(column.to_owned()),
                nullable: true,
                ..Column::default()
            });
        }
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

/// Whether two names mean the same table.
pub(super) fn same(one: &TableName, other: &TableName) -> bool {
    key(one) == key(other)
}

fn key(name: &TableName) -> String {
    name.to_string().to_lowercase()
}
