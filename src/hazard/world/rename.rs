//! Other names: what hangs on a table or column follows.

use super::World;
use super::table::{Column, lower};
use crate::ident::TableName;

impl World {
    /// Gives a table another name; what hangs on it follows.
    pub(in crate::hazard) fn rename(&mut self, name: &TableName, to: &str) {
        let schema = self.table(name).and_then(|table| table.name.schema.clone());
        let schema = schema.or_else(|| name.schema.clone());
        self.move_to(
            name,
            TableName {
                schema,
                name: to.to_owned(),
            },
        );
    }

    /// Gives a table another schema, and perhaps another name.
    pub(in crate::hazard) fn move_to(&mut self, name: &TableName, renamed: TableName) {
        let key = self.key(name);
        let Some(mut table) = self.tables.remove(&key) else {
            return;
        };
        let name = &std::mem::replace(&mut table.name, renamed.clone());
        let names = self.names.clone();
        let same = |one: &TableName, other: &TableName| names.same(one, other);
        let key = self.key(&renamed);
        self.tables.insert(key, table);
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
    pub(in crate::hazard) fn rename_column(&mut self, table: &TableName, column: &str, to: &str) {
        let key = self.key(table);
        let meant = self.tables.get(&key).map(|table| table.name.clone());
        let table = &meant.unwrap_or_else(|| table.clone());
        let names = self.names.clone();
        let same = |one: &TableName, other: &TableName| names.same(one, other);
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
        let Some(table) = self.tables.get_mut(&key) else {
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
}
