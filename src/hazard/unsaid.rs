//! Schemas that go without saying in the names of allowances: `public.users` is `users`. A table may be called as such a
//! schema is; then `shop.title` is that table's column where it has one.

use std::collections::{HashMap, HashSet};

use super::world::World;
use crate::db::Catalog;

/// What is left out of names.
#[derive(Clone, Debug, Default)]
pub(super) struct Unsaid {
    /// In lower case: SQLite's `main`, and the schema that goes unsaid, such as `public`.
    schemas: Vec<String>,
    /// The columns, in lower case, of tables that are called as one of them.
    namesakes: HashMap<String, HashSet<String>>,
}

impl Unsaid {
    /// With the tables there were, if a database was asked, and those there are in the end.
    pub(super) fn of(world: &World, catalog: Option<&Catalog>) -> Self {
        let mut unsaid = Unsaid::default();
        let schemas = ["main"].into_iter().chain(world.default_schema());
        unsaid.schemas.extend(schemas.map(str::to_lowercase));
        for table in catalog.into_iter().flat_map(|catalog| &catalog.tables) {
            let columns = table.columns.iter().map(|column| &column.name);
            unsaid.add(&table.name.to_string(), columns);
        }
        for table in world.tables() {
            let columns = table.columns.iter().flatten().chain(&table.added);
            let columns = columns.map(|column| &column.name);
            unsaid.add(&table.name.to_string(), columns);
        }
        unsaid
    }

    fn add<'a>(&mut self, table: &str, columns: impl Iterator<Item = &'a String>) {
        let table = table.to_lowercase();
        if self.schemas.contains(&table) {
            let known = self.namesakes.entry(table).or_default();
            known.extend(columns.map(|column| column.to_lowercase()));
        }
    }

    /// A name without quotes, letter case and what goes unsaid.
    pub(super) fn plain(&self, name: &str) -> String {
        let name: String = name
            .chars()
            .filter(|character| !matches!(character, '"' | '`' | '[' | ']'))
            .collect();
        let name = name.trim().to_lowercase();
        let within = |schema: &String| {
            let rest = name.strip_prefix(schema.as_str())?.strip_prefix('.')?;
            let namesake = self.namesakes.get(schema);
            let is_column = namesake.is_some_and(|columns| columns.contains(rest));
            (!is_column).then(|| rest.to_owned())
        };
        let unqualified = self.schemas.iter().find_map(within);
        unqualified.unwrap_or(name)
    }
}
