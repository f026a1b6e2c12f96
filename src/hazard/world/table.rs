//! Tables, columns, indexes and objects as they are at one point of the set.

use crate::db;
use crate::db::Attributes;
use crate::hazard::action::{Key, NewColumn, NewConstraint, References};
use crate::hazard::dialect::Deeds;
use crate::ident::TableName;

/// A table as it is now.
#[derive(Clone, Debug, Default)]
pub(in crate::hazard) struct Table {
    /// Its name, as first spelt.
    pub(in crate::hazard) name: TableName,
    /// The table of the live database whose rows it holds.
    pub(in crate::hazard) live: Option<TableName>,
    /// Its columns, where they are known.
    pub(in crate::hazard) columns: Option<Vec<Column>>,
    /// Columns the set added or renamed, where the others are not known.
    pub(in crate::hazard) added: Vec<Column>,
    /// Its primary key, UNIQUE constraints and unique indexes, in lower case; only known ones.
    pub(in crate::hazard) keys: Vec<Key>,
    /// Its foreign keys; only known ones.
    pub(in crate::hazard) references: Vec<References>,
    /// The table of the live database whose rows were copied into it; it is `live` once it takes that table's place.
    pub(in crate::hazard) holds: Option<TableName>,
    /// The file that creates it, if one of the set does.
    pub(in crate::hazard) created: Option<usize>,
    /// The set has written its rows: the live ones do not tell any more.
    pub(in crate::hazard) moved: bool,
    /// The set has deleted rows of it.
    pub(in crate::hazard) thinned: bool,
    /// The set has added or changed rows of it.
    pub(in crate::hazard) refilled: bool,
    /// Rows may have come to it from the set: where there was none, there may be one.
    pub(in crate::hazard) grown: bool,
    /// The set has taken every row there was.
    pub(in crate::hazard) emptied: bool,
    /// It keeps what its rows were, as a system-versioned table of MariaDB does.
    pub(in crate::hazard) versioned: bool,
    /// What its rows were counts where it is asked for its rows.
    pub(in crate::hazard) through_time: bool,
    /// The table it is a partition of (PostgreSQL).
    pub(in crate::hazard) partition_of: Option<TableName>,
    /// What its own partitions are divided by, as SQL (PostgreSQL).
    pub(in crate::hazard) partition_key: Option<String>,
    /// CHECKs by name, where the engine tells them apart.
    pub(in crate::hazard) checks: Vec<db::Check>,
    /// Constraints the set adds without looking at the rows.
    pub(in crate::hazard) unproven: Vec<NewConstraint>,
    /// Names of constraints the set adds.
    pub(in crate::hazard) added_constraints: Vec<String>,
}

/// A column as it is now.
#[derive(Clone, Debug, Default)]
pub(in crate::hazard) struct Column {
    pub(in crate::hazard) name: String,
    /// The live column whose values it holds, as they are.
    pub(in crate::hazard) live: Option<String>,
    pub(in crate::hazard) type_name: String,
    pub(in crate::hazard) nullable: bool,
    pub(in crate::hazard) generated: bool,
    /// Its default as SQL, where there is one that is not NULL.
    pub(in crate::hazard) default: Option<String>,
    /// The engine gives every row its number.
    pub(in crate::hazard) identity: bool,
    /// What else a definition says of it (MySQL).
    pub(in crate::hazard) attributes: Attributes,
}

/// An index as it is now.
#[derive(Clone, Debug, Default)]
pub(in crate::hazard) struct Index {
    pub(in crate::hazard) name: String,
    pub(in crate::hazard) table: TableName,
    pub(in crate::hazard) unique: bool,
    /// Its columns in lower case; an expression is empty.
    pub(in crate::hazard) columns: Vec<String>,
    pub(in crate::hazard) created: bool,
    /// Words of its SQL, in lower case.
    pub(in crate::hazard) words: Vec<String>,
    /// It stands for a constraint of this name.
    pub(in crate::hazard) constraint: bool,
    pub(in crate::hazard) primary: bool,
}

/// A view, trigger, function, type … as it is now.
#[derive(Clone, Debug, Default)]
pub(in crate::hazard) struct Object {
    /// `view`, `trigger`, `function`, `type` …
    pub(in crate::hazard) kind: String,
    pub(in crate::hazard) name: String,
    /// The table of a trigger.
    pub(in crate::hazard) table: Option<TableName>,
    pub(in crate::hazard) created: bool,
    /// Words of its SQL, in lower case.
    pub(in crate::hazard) words: Vec<String>,
    /// Its schema, where that is not the default one.
    pub(in crate::hazard) schema: Option<String>,
    /// What it may do, if it is a routine that was there before the set.
    pub(in crate::hazard) deeds: Option<Deeds>,
}

impl Table {
    /// The column of this name.
    pub(in crate::hazard) fn column(&self, name: &str) -> Option<&Column> {
        let columns = || self.columns.iter().flatten().chain(&self.added);
        // PostgreSQL may have both.
        let exact = columns().find(|column| column.name == name);
        exact.or_else(|| columns().find(|column| column.name.eq_ignore_ascii_case(name)))
    }

    /// The same, to be changed.
    pub(in crate::hazard) fn column_mut(&mut self, name: &str) -> Option<&mut Column> {
        let exact = self.column(name)?.name.clone();
        let columns = self.columns.iter_mut().flatten();
        columns
            .chain(&mut self.added)
            .find(|column| column.name == exact)
    }

    /// Where the values of a column are now. A column nobody knows is taken as it is named.
    pub(in crate::hazard) fn live_column(&self, name: &str) -> Option<String> {
        match (&self.columns, self.column(name)) {
            (_, Some(column)) => column.live.clone(),
            (None, None) => Some(name.to_owned()),
            (Some(_), None) => None,
        }
    }

    /// Whether these columns (or some of them) are a key already.
    pub(in crate::hazard) fn is_key(&self, columns: &[String]) -> bool {
        let columns = lower(columns);
        self.keys.iter().any(|key| {
            !key.columns.is_empty() && key.columns.iter().all(|column| columns.contains(column))
        })
    }

    /// The columns of its primary key.
    pub(in crate::hazard) fn primary_key(&self) -> &[String] {
        self.keys
            .iter()
            .find(|key| key.primary)
            .map_or(&[], |key| key.columns.as_slice())
    }
}

/// Names in lower case.
pub(in crate::hazard) fn lower(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.to_lowercase()).collect()
}

/// A key in lower case.
pub(super) fn lower_key(key: &Key) -> Key {
    Key {
        primary: key.primary,
        columns: lower(&key.columns),
        nulls_equal: key.nulls_equal,
    }
}

/// A column that is created now.
pub(in crate::hazard) fn new_column(new: &NewColumn) -> Column {
    Column {
        name: new.name.clone(),
        live: None,
        type_name: new.type_name.clone(),
        nullable: !new.not_null,
        generated: new.generated.is_some(),
        default: new
            .default
            .as_ref()
            .filter(|default| !default.null)
            .map(|default| default.sql.clone()),
        identity: new.identity,
        attributes: Attributes::default(),
    }
}

/// A table of the catalog.
pub(super) fn live_table(table: &db::Table) -> Table {
    let unique = table
        .indexes
        .iter()
        .filter(|index| index.unique && !index.partial);
    let mut keys: Vec<Key> = unique
        .filter(|index| !index.columns.iter().any(String::is_empty))
        .map(|index| Key {
            primary: false,
            columns: lower(&index.columns),
            nulls_equal: false,
        })
        .collect();
    if !table.primary_key.is_empty() {
        keys.push(Key {
            primary: true,
            columns: lower(&table.primary_key),
            nulls_equal: false,
        });
    }
    Table {
        name: table.name.clone(),
        live: Some(table.name.clone()),
        columns: Some(
            table
                .columns
                .iter()
                // A rowid that is carried as a column is none of the table's.
                .enumerate()
                .filter(|(_, column)| column.identity.as_deref() != Some("rowid"))
                .map(|(at, column)| live_column(column, table.attributes.get(at)))
                .collect(),
        ),
        partition_key: table.partition_key.clone(),
        checks: table.checks.clone(),
        keys,
        references: table.foreign_keys.iter().map(live_reference).collect(),
        ..Table::default()
    }
}

fn live_column(column: &db::Column, attributes: Option<&Attributes>) -> Column {
    Column {
        name: column.name.clone(),
        live: Some(column.name.clone()),
        type_name: column.type_name.clone(),
        nullable: column.nullable,
        generated: column.generated,
        default: column.default.clone(),
        identity: column.identity.is_some(),
        attributes: attributes.cloned().unwrap_or_default(),
    }
}

fn live_reference(key: &db::ForeignKey) -> References {
    References {
        columns: key.columns.clone(),
        parent: key.parent.clone(),
        parent_columns: key.parent_columns.clone(),
        on_delete: key.on_delete.clone(),
        on_update: key.on_update.clone(),
        name: key.name.clone(),
    }
}
