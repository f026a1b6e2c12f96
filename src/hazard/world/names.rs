//! How names compare, which differs from engine to engine, and what an unqualified one means.

use super::World;
use crate::db::Engine;
use crate::hazard::dialect::{self, Case};
use crate::ident::TableName;

/// How names of tables compare.
#[derive(Clone, Debug, Default)]
pub(in crate::hazard) struct Names {
    case: Case,
    /// What an unqualified name means where nothing else is said.
    default_schema: Option<String>,
    /// What it means since `SET search_path` or `USE`, where that is something else.
    searched: Option<String>,
    /// The engine has the schemas of one database in its catalog: what is not there is nowhere.
    schemas: bool,
}

impl Names {
    /// The names of an engine.
    pub(in crate::hazard) fn of(engine: Engine, default_schema: Option<String>) -> Names {
        Names {
            case: dialect::habits(engine).case,
            default_schema,
            searched: None,
            schemas: engine.has_schemas(),
        }
    }

    /// Whether two names mean the same.
    pub(in crate::hazard) fn same(&self, one: &TableName, other: &TableName) -> bool {
        let alike = |one: &str, other: &str| match self.case {
            Case::Exact => one == other,
            Case::Folded | Case::Either => one.eq_ignore_ascii_case(other),
        };
        alike(&one.name, &other.name)
            && match (self.schema_of(one), self.schema_of(other)) {
                (None, None) => true,
                (Some(one), Some(other)) => alike(one, other),
                _ => false,
            }
    }

    /// The schema of a name, unless it is the default one, which a statement may spell out beside a temporary table.
    fn schema_of<'a>(&self, name: &'a TableName) -> Option<&'a String> {
        let schema = name.schema.as_ref();
        schema.filter(|schema| !self.schemas || Some(*schema) != self.default_schema.as_ref())
    }

    /// Whether the engine has schemas in its databases.
    pub(super) fn schemas(&self) -> bool {
        self.schemas
    }

    /// Whether a table nobody knows can only be in another database.
    pub(super) fn is_elsewhere(&self, name: &TableName) -> bool {
        (name.schema.is_some() || self.searched.is_some()) && !self.schemas
    }
}

impl World {
    /// Where a name is looked up.
    pub(super) fn key(&self, name: &TableName) -> String {
        if let (None, Some(schema)) = (&name.schema, &self.names.searched) {
            let there = TableName {
                schema: Some(schema.clone()),
                name: name.name.clone(),
            };
            let key = self.exact_key(&there);
            if self.tables.contains_key(&key) || !self.tables.contains_key(&self.exact_key(name)) {
                return key;
            }
        }
        self.exact_key(name)
    }

    fn exact_key(&self, name: &TableName) -> String {
        let spelt = match self.names.schema_of(name) {
            Some(_) => name.to_string(),
            None => TableName::plain(name.name.clone()).to_string(),
        };
        match self.names.case {
            Case::Exact => spelt,
            Case::Folded => spelt.to_lowercase(),
            Case::Either if self.tables.contains_key(&spelt) => spelt,
            Case::Either => {
                let mut known = self.tables.keys();
                let other = known.find(|other| other.eq_ignore_ascii_case(&spelt));
                other.cloned().unwrap_or(spelt)
            }
        }
    }

    /// A name as it is created: in the schema that is searched first.
    pub(super) fn placed(&self, name: &TableName) -> TableName {
        TableName {
            schema: name.schema.clone().or_else(|| self.names.searched.clone()),
            name: name.name.clone(),
        }
    }

    /// The schema (database of MySQL) that unqualified names mean since the set has said so.
    pub(in crate::hazard) fn searched(&self) -> Option<&str> {
        self.names.searched.as_deref()
    }

    /// Unqualified names mean something else from now on; `None`: it cannot be told, so that they are taken as before.
    pub(in crate::hazard) fn search(&mut self, schema: Option<&str>) {
        let Some(schema) = schema else {
            return;
        };
        let default = self.names.default_schema.as_deref() == Some(schema);
        self.names.searched = (!default).then(|| schema.to_owned());
    }

    /// The schema (database of MySQL) that unqualified names mean by default.
    pub(in crate::hazard) fn default_schema(&self) -> Option<&str> {
        self.names.default_schema.as_deref()
    }
}
