//! The world before the first statement: the catalog of the live database.

use super::objects::{domain_type, enum_values};
use super::table::{Index, Object, Table, live_table, lower};
use super::{Names, World};
use crate::db::{self, Catalog, Engine};
use crate::hazard::dialect;
use crate::hazard::world::bare_type;
use crate::ident::TableName;

/// Kinds of objects that are called.
const ROUTINES: [&str; 2] = ["function", "procedure"];

impl World {
    /// The world before the first statement.
    pub(in crate::hazard) fn new(catalog: Option<&Catalog>, names: Names, engine: Engine) -> World {
        let words = |sql: &str| dialect::words(engine, sql);
        let mut world = World {
            offline: catalog.is_none(),
            names,
            ..World::default()
        };
        let Some(catalog) = catalog else {
            return world;
        };
        world.hides = catalog.hides;
        for table in &catalog.tables {
            let key = world.key(&table.name);
            world.tables.insert(key, live_table(table));
            let indexes = table.indexes.iter();
            world
                .indexes
                .extend(indexes.filter_map(|index| live_index(table, index, words)));
        }
        let versioned = catalog.not_included.iter();
        for entry in versioned.filter(|entry| entry.kind == "row history") {
            if let Some(table) = world.table_mut(&TableName::plain(&entry.name)) {
                table.versioned = true;
            }
        }
        for object in &catalog.objects {
            world.take_object(engine, object);
        }
        world.touches = dialect::touches(engine, catalog);
        let counters = catalog.sequences.iter();
        world.sequences = counters.map(|counter| counter.name.clone()).collect();
        world
    }

    fn take_object(&mut self, engine: Engine, object: &db::Object) {
        if let (true, Some(parent)) = (object.kind == "partition", &object.table) {
            self.add_partition(object, parent);
        }
        if let Some(values) = enum_values(&object.sql).filter(|_| object.kind == "type") {
            self.enums
                .insert(bare_type(&object.name.to_string(), None), values);
        }
        if let Some(made_of) = domain_type(&object.sql).filter(|_| object.kind == "type") {
            self.domains
                .insert(bare_type(&object.name.to_string(), None), made_of);
        }
        self.objects.push(Object {
            kind: object.kind.clone(),
            name: object.name.name.clone(),
            table: object.table.clone().filter(|_| object.kind != "partition"),
            created: false,
            words: dialect::words(engine, &object.sql),
            schema: object.name.schema.clone(),
            deeds: ROUTINES
                .contains(&object.kind.as_str())
                .then(|| dialect::deeds(engine, &object.sql)),
        });
    }

    /// A partition is a table of its own, whose rows are its parent's.
    fn add_partition(&mut self, object: &db::Object, parent: &TableName) {
        let parent = self.table(parent).cloned().unwrap_or_default();
        let key = self.key(&object.name);
        let partition = Table {
            name: object.name.clone(),
            live: Some(object.name.clone()),
            columns: parent.columns,
            keys: parent.keys,
            partition_of: Some(parent.name),
            ..Table::default()
        };
        self.tables.insert(key, partition);
    }
}

/// An index of the catalog, unless SQLite made it for a constraint that has no name.
fn live_index(
    table: &db::Table,
    index: &db::Index,
    words: impl Fn(&str) -> Vec<String>,
) -> Option<Index> {
    if index.sql.is_none() && index.name.starts_with("sqlite_autoindex") {
        return None;
    }
    let columns = lower(&index.columns);
    let primary = !columns.is_empty() && columns == lower(&table.primary_key) && index.unique;
    Some(Index {
        name: index.name.clone(),
        table: table.name.clone(),
        unique: index.unique,
        created: false,
        words: match &index.sql {
            Some(sql) => words(sql),
            None => {
                let mut words = columns.clone();
                words.sort();
                words
            }
        },
        columns,
        constraint: index.sql.is_none(),
        primary: primary && index.sql.is_none(),
    })
}
