//! PostgreSQL's search path: which schema a name without one means, statement by statement, as the server finds it
//! (<https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATH>).

use std::collections::{HashMap, HashSet};

use super::{TokenKind, lexer::Lexer, unquoted};
use crate::db::{Catalog, Engine, Searched};
use crate::hazard::action::{Action, ObjectKind};
use crate::ident::TableName;

/// Where names without a schema lead, and which names there are.
#[derive(Clone, Debug, Default)]
pub(in crate::hazard) struct SearchPath {
    /// In the order of the search; `$user` is spelt out.
    now: Vec<String>,
    /// The same before a file says something else.
    usual: Vec<String>,
    user: String,
    /// The schema that goes unsaid in names.
    unsaid: String,
    schemas: HashSet<String>,
    relations: Known,
    /// Types, functions and whatever else has a name.
    others: Known,
}

/// The schemas in which a name is.
type Known = HashMap<String, HashSet<String>>;

impl SearchPath {
    /// As the session has it. `unsaid` is the schema that goes without saying in names of the catalog.
    pub(super) fn of(searched: &Searched, unsaid: &str) -> Self {
        let mut path = SearchPath {
            user: searched.user.clone(),
            unsaid: unsaid.to_owned(),
            schemas: searched.schemas.iter().cloned().collect(),
            ..SearchPath::default()
        };
        path.usual = path.listed(&searched.path);
        path.now.clone_from(&path.usual);
        path
    }

    /// Takes up the names there are.
    pub(super) fn learn(&mut self, catalog: &Catalog) {
        for table in &catalog.tables {
            self.add(&table.name, true);
        }
        for object in &catalog.objects {
            let relation = matches!(object.kind.as_str(), "partition" | "view");
            self.add(&object.name, relation || object.kind.ends_with(" view"));
        }
    }

    /// A setting as a list of schemas: names as the server folds them, `$user` spelt out.
    pub(super) fn listed(&self, setting: &str) -> Vec<String> {
        Lexer::new(Engine::Postgres, setting)
            .filter_map(|token| {
                let piece = &setting[token.start..token.end];
                match token.kind {
                    TokenKind::Word => Some(piece.to_lowercase()),
                    TokenKind::Name => Some(unquoted(piece)),
                    _ => None,
                }
            })
            .map(|name| match name.as_str() {
                "$user" => self.user.clone(),
                _ => name,
            })
            .filter(|name| !["", "pg_catalog", "pg_temp"].contains(&name.as_str()))
            .collect()
    }

    /// What is searched where a file has not said otherwise.
    pub(super) fn usual(&self) -> &[String] {
        &self.usual
    }

    /// The schema of this name, where one that is searched has it.
    pub(super) fn find(&self, name: &str) -> Option<&String> {
        let within = |known: &Known| {
            let schemas = known.get(name)?;
            self.now.iter().find(|schema| schemas.contains(*schema))
        };
        within(&self.relations).or_else(|| within(&self.others))
    }

    /// The schema in which a name is created: the first that is there.
    pub(in crate::hazard) fn first(&self) -> Option<&String> {
        self.first_of(&self.now)
    }

    /// The same for another path.
    pub(super) fn first_of<'a>(&self, path: &'a [String]) -> Option<&'a String> {
        path.iter().find(|schema| self.schemas.contains(*schema))
    }

    /// Whether names are to be spelt out in questions: the schema that goes unsaid is not the first that is searched.
    pub(in crate::hazard) fn spells_out(&self) -> bool {
        self.first_of(&self.usual) != Some(&self.unsaid)
    }

    /// A new file begins: its session searches what is usual.
    pub(super) fn begin_file(&mut self) {
        self.now.clone_from(&self.usual);
    }

    /// What an action changes.
    pub(super) fn follow(&mut self, action: &Action) {
        match action {
            Action::SearchPath { path, .. } => self.now.clone_from(path),
            Action::CreateTable(new) if !new.temporary => self.add(&new.name, true),
            Action::CreateView(new) => self.add(&new.name, true),
            Action::CreateRoutine(new) => self.add(&new.name, false),
            Action::CreateObject {
                kind: ObjectKind::Schema,
                name,
                ..
            } => {
                self.schemas.insert(name.name.clone());
            }
            Action::CreateObject { name, .. } => self.add(name, false),
            Action::DropTable { table: name, .. } | Action::DropView { view: name, .. } => {
                self.remove(name);
            }
            Action::DropObject { name, .. } => self.remove(name),
            Action::DropSchema { name, .. } => {
                self.schemas.remove(name);
                for known in [&mut self.relations, &mut self.others] {
                    for schemas in known.values_mut() {
                        schemas.remove(name);
                    }
                }
            }
            Action::RenameTable { table, to } => {
                self.remove(table);
                let renamed = TableName {
                    schema: table.schema.clone(),
                    name: to.clone(),
                };
                self.add(&renamed, true);
            }
            Action::MoveTable { table, schema } => {
                self.remove(table);
                let moved = TableName {
                    schema: Some(schema.clone()),
                    name: table.name.clone(),
                };
                self.add(&moved, true);
            }
            _ => {}
        }
    }

    fn add(&mut self, name: &TableName, relation: bool) {
        let schema = name.schema.as_ref().unwrap_or(&self.unsaid).clone();
        let known = match relation {
            true => &mut self.relations,
            false => &mut self.others,
        };
        known.entry(name.name.clone()).or_default().insert(schema);
    }

    fn remove(&mut self, name: &TableName) {
        let schema = name.schema.as_ref().unwrap_or(&self.unsaid);
        for known in [&mut self.relations, &mut self.others] {
            if let Some(schemas) = known.get_mut(&name.name) {
                schemas.remove(schema);
            }
        }
    }
}
