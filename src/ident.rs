//! Names of database objects, as the catalog gives them: never quoted, never folded.

use serde::{Deserialize, Serialize};

/// A table's name. `schema` is `None` for a table of the default schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableName {
    /// The schema, where it is not the default one.
    pub schema: Option<String>,
    /// The table.
    pub name: String,
}

impl TableName {
    /// A table of the default schema.
    pub fn plain(name: impl Into<String>) -> Self {
        TableName {
            schema: None,
            name: name.into(),
        }
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(formatter, "{schema}.{}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}
