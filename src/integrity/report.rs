//! What a comparison found, as values.

use crate::ident::TableName;

/// What sort of change was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A table is gone.
    Table,
    /// A column is gone.
    Column,
    /// Rows are gone.
    Rows,
    /// Values differ.
    Values,
    /// Values of a column whose type is the same differ.
    Written,
    /// A foreign key points to nothing.
    Orphans,
    /// Rows came in.
    Added,
    /// A view does not work any more.
    View,
}

impl ChangeKind {
    /// The name scripts and events use.
    pub fn name(self) -> &'static str {
        match self {
            ChangeKind::Table => "table",
            ChangeKind::Column => "column",
            ChangeKind::Rows => "rows",
            ChangeKind::Values | ChangeKind::Written => "values",
            ChangeKind::Orphans => "orphans",
            ChangeKind::Added => "added",
            ChangeKind::View => "view",
        }
    }
}

/// One difference between then and now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What sort.
    pub kind: ChangeKind,
    /// The table.
    pub table: TableName,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// For people: lower case, with the numbers.
    pub message: String,
}

impl Change {
    /// Whether values of rows that stay differ.
    pub(super) fn is_of_values(&self) -> bool {
        matches!(self.kind, ChangeKind::Values | ChangeKind::Written)
    }
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What should not have happened.
    pub losses: Vec<Change>,
    /// What was allowed, or is no loss.
    pub notes: Vec<Change>,
    /// Tables that are exactly as they were.
    pub unchanged: u64,
    /// The rows that the tables of before have now, by their names of now, as far as they are still there.
    pub counts: Vec<(TableName, u64)>,
    /// How many rows fewer a table has, whether that was allowed or not, by its name of before.
    pub gone: Vec<(TableName, u64)>,
}
