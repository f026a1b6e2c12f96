//! Which live table a name means at one point of the set: tables are dropped, renamed, and others take their names.

use std::collections::HashMap;

use crate::db::Catalog;
use crate::hazard::dialect::{self, Case, Reading};
use crate::ident::TableName;

/// The names as they are now.
#[derive(Debug)]
pub(super) struct Names {
    exact: bool,
    default_schema: Option<String>,
    /// What an unqualified name means since the set has said so.
    searched: Option<String>,
    /// The live tables whose rows a name holds: none for a table of the set. More than one where the engine may or may
    /// not tell letter case apart.
    now: HashMap<String, Vec<TableName>>,
    /// The live tables that went away from a name.
    vacated: HashMap<String, Vec<TableName>>,
    /// The table that has a partition, by the partition's name.
    partitions: HashMap<String, Vec<TableName>>,
}

/// What a DROP TABLE took.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    /// Live tables.
    pub(super) tables: Vec<TableName>,
    /// Live tables of which a partition was dropped.
    pub(super) parents: Vec<TableName>,
}

impl Names {
    /// The names before the first statement.
    pub(super) fn of(reading: &Reading, catalog: &Catalog) -> Names {
        let mut names = Names {
            exact: dialect::habits(reading.engine).case == Case::Exact,
            default_schema: reading.default_schema.clone(),
            searched: None,
            now: HashMap::new(),
            vacated: HashMap::new(),
            partitions: HashMap::new(),
        };
        for table in &catalog.tables {
            let key = names.exact_key(&table.name);
            names.now.entry(key).or_default().push(table.name.clone());
        }
        let partitions = || {
            let objects = catalog.objects.iter();
            objects.filter(|object| object.kind == "partition")
        };
        // A partition may have partitions of its own: each level finds the one above.
        let mut before = usize::MAX;
        while names.partitions.len() != before {
            before = names.partitions.len();
            for object in partitions() {
                let Some(parent) = &object.table else {
                    continue;
                };
                let parents = names.live(parent).unwrap_or_default();
                if !parents.is_empty() {
                    let key = names.exact_key(&object.name);
                    names.partitions.insert(key, parents);
                }
            }
        }
        names
    }

    /// The live tables whose rows a name holds: none for a table the set has created, `None` for a name that is no table.
    pub(super) fn live(&self, name: &TableName) -> Option<Vec<TableName>> {
        let key = self.key(name);
        let here = self.now.get(&key).or_else(|| self.partitions.get(&key));
        // A name that is used after it was given up never was: the branch of a block that did so did not run.
        here.or_else(|| self.vacated.get(&key)).cloned()
    }

    /// The live tables that have this bare name, in lower case, now or had it before.
    pub(super) fn called<'a>(
        &'a self,
        words: &'a dyn Fn(&str) -> bool,
    ) -> impl Iterator<Item = &'a TableName> {
        let now = self.now.iter().chain(&self.partitions).chain(&self.vacated);
        now.filter(move |(key, live)| {
            let bare = key.rsplit('.').next().unwrap_or(key).to_lowercase();
            words(&bare)
                || words(&key.to_lowercase())
                || live.iter().any(|table| words(&table.name.to_lowercase()))
        })
        .flat_map(|(_, live)| live)
    }

    /// A table is created: what held rows under that name before and does not any more.
    pub(super) fn create(&mut self, name: &TableName) -> Vec<TableName> {
        let key = self.placed(name);
        // IF NOT EXISTS, or a temporary table: what is there goes on to be meant.
        if self.now.get(&key).is_some_and(|live| !live.is_empty()) {
            return Vec::new();
        }
        self.arrive(key, Vec::new())
    }

    /// A table gets another name: what held rows under that one before.
    pub(super) fn rename(&mut self, name: &TableName, to: &TableName) -> Vec<TableName> {
        let key = self.key(name);
        let Some(live) = self.now.remove(&key) else {
            if let Some(parents) = self.partitions.remove(&key) {
                let to = self.exact_key(to);
                self.partitions.insert(to, parents);
            }
            return Vec::new();
        };
        self.vacated.entry(key).or_default().extend(live.clone());
        let key = match self.searched.is_some() && to.schema.is_none() {
            true => self.placed(to),
            false => self.exact_key(to),
        };
        self.arrive(key, live)
    }

    /// Whether a live table is there by some name.
    pub(super) fn keeps(&self, table: &TableName) -> bool {
        self.now.values().any(|live| live.contains(table))
    }

    /// A table is dropped.
    pub(super) fn drop(&mut self, name: &TableName) -> Dropped {
        let key = self.key(name);
        let tables = self.now.remove(&key).unwrap_or_default();
        let parents = self.partitions.remove(&key).unwrap_or_default();
        if !tables.is_empty() {
            let vacated = self.vacated.entry(key).or_default();
            vacated.extend(tables.clone());
        }
        Dropped { tables, parents }
    }

    /// Unqualified names mean this schema from now on; `None`: it cannot be told, so that they are taken as before.
    pub(super) fn search(&mut self, schema: Option<&str>) {
        if let Some(schema) = schema {
            let default = self.default_schema.as_deref() == Some(schema);
            self.searched = (!default).then(|| schema.to_owned());
        }
    }

    fn arrive(&mut self, key: String, live: Vec<TableName>) -> Vec<TableName> {
        let gone = self.vacated.get(&key).cloned().unwrap_or_default();
        let replaced = gone.into_iter().filter(|table| !live.contains(table));
        let replaced = replaced.collect();
        self.now.entry(key).or_default().extend(live);
        replaced
    }

    /// Where a name is looked up.
    fn key(&self, name: &TableName) -> String {
        let placed = self.placed(name);
        match self.now.contains_key(&placed) || self.partitions.contains_key(&placed) {
            true => placed,
            false => self.exact_key(name),
        }
    }

    /// Where a table is created: in the schema that is searched first.
    fn placed(&self, name: &TableName) -> String {
        self.exact_key(&TableName {
            schema: name.schema.clone().or_else(|| self.searched.clone()),
            name: name.name.clone(),
        })
    }

    fn exact_key(&self, name: &TableName) -> String {
        match self.exact {
            true => name.to_string(),
            false => name.to_string().to_lowercase(),
        }
    }
}
