//! How names compare, which differs from engine to engine, and what an unqualified one means.

use super::World;
use crate::db::Engine;
use crate::hazard::dialect::{self, Case, SearchPath};
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
    /// `searched` as a file finds it (PostgreSQL).
    usual: Option<String>,
    /// Names come as the reader has found them in the schemas that are searched: one without a schema is the default one's.
    found: bool,
    /// The default schema is not the one that is searched first: SQL has to spell it out.
    spells_out: bool,
}

impl Names {
    /// The names of an engine.
    pub(in crate::hazard) fn of(engine: Engine, default_schema: Option<String>) -> Names {
        Names {
            case: dialect::habits(engine).case,
            default_schema,
            searched: None,
            schemas: engine.has_schemas(),
            usual: None,
            found: false,
            spells_out: false,
        }
    }

    /// The names as a session means them that searches more than one schema.
    pub(in crate::hazard) fn searching(mut self, path: Option<&SearchPath>) -> Names {
        let first = path.and_then(SearchPath::first);
        let first = first.filter(|first| Some(*first) != self.default_schema.as_ref());
        self.usual = first.cloned();
        self.searched.clone_from(&self.usual);
        self.found = path.is_some();
        self.spells_out = path.is_some_and(SearchPath::spells_out);
        self
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
        let searched = self.names.searched.as_ref().filter(|_| !self.names.found);
        if let (None, Some(schema)) = (&name.schema, searched) {
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
        let searched = self.names.searched.as_ref().filter(|_| !self.names.found);
        TableName {
            schema: name.schema.as_ref().or(searched).cloned(),
            name: name.name.clone(),
        }
    }

    /// The schema (database of MySQL) that unqualified names mean since the set has said so.
    pub(in crate::hazard) fn searched(&self) -> Option<&str> {
        let other = self.names.searched != self.names.usual;
        let meant = self.names.searched.as_ref();
        meant
            .or(self.names.default_schema.as_ref())
            .filter(|_| other)
            .map(String::as_str)
    }

    /// A file begins, in a session that searches what is usual (PostgreSQL).
    pub(in crate::hazard) fn begin_file(&mut self) {
        if self.names.schemas && !self.offline {
            self.names.searched.clone_from(&self.names.usual);
        }
    }

    /// A table of the live database as SQL, which means it whatever is searched.
    pub(in crate::hazard) fn quoted(&self, engine: Engine, live: &TableName) -> String {
        let unsaid = self.names.default_schema.as_ref();
        let unsaid = unsaid.filter(|_| self.names.spells_out);
        engine.quote_table(&TableName {
            schema: live.schema.as_ref().or(unsaid).cloned(),
            name: live.name.clone(),
        })
    }

    /// A table, or `table.column`, without its schema, where that means the same table and is no other's name.
    pub(in crate::hazard) fn short(&self, object: &str) -> Option<String> {
        let first = self.names.usual.as_ref()?;
        let short = object.strip_prefix(first.as_str())?.strip_prefix('.')?;
        let table = short.split('.').next().unwrap_or(short);
        let taken = self.exact_key(&TableName::plain(table));
        (!self.tables.contains_key(&taken)).then(|| short.to_owned())
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
