//! How a comparison judges what it finds: what may go, what has another name, who else writes.

use super::report::{Change, ChangeKind};
use crate::ident::TableName;

/// What an allowance lets go of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// Rows may go.
    Rows,
    /// Values may change.
    Values,
    /// The whole table may go.
    Table,
    /// The column may go.
    Column,
    /// Its values may be written in another way, as its type is another one and keeps them.
    Form,
    /// Its type is another one, and nobody knows whether the values stayed: they must read as before.
    Retyped,
    /// Its NULLs may get values: it is not compared.
    Gaps,
}

/// Something that was allowed to be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetGo {
    /// The table.
    pub table: String,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// What may go.
    pub what: Released,
}

impl LetGo {
    /// Whether this lets go what was found: of values nobody knows the columns of, only what is about no column does.
    pub(super) fn covers(&self, change: &Change) -> bool {
        let known = self.column.is_none() || change.column.is_some() || !change.is_of_values();
        known && self.may_be(change)
    }

    /// Whether what was found may be this.
    pub fn may_be(&self, change: &Change) -> bool {
        let same_table = self.table.eq_ignore_ascii_case(&change.table.to_string());
        let same_column = match (&self.column, &change.column) {
            (Some(released), Some(changed)) => released.eq_ignore_ascii_case(changed),
            _ => true,
        };
        let covers = match self.what {
            Released::Table => true,
            Released::Rows => change.kind == ChangeKind::Rows || change.is_of_values(),
            Released::Values => change.is_of_values(),
            Released::Column => change.kind == ChangeKind::Column,
            Released::Form | Released::Retyped | Released::Gaps => false,
        };
        same_table && same_column && covers
    }
}

/// How to judge what is found.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// What may go.
    pub let_go: Vec<LetGo>,
    /// Others may have written since the baseline: rows that moved are then notes. Tables and columns that are gone stay
    /// losses.
    pub others_write: bool,
    /// Names of tables that are a migration tool's own history, in whatever schema: not compared.
    pub history: Vec<String>,
    /// Tables and columns that live on under another name.
    pub renamed: Vec<Renamed>,
}

/// A table or column with another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The table as it was named before.
    pub table: String,
    /// The column as it was named before; `None`: the table itself has another name.
    pub column: Option<String>,
    /// The name now.
    pub to: String,
}

impl Comparison {
    /// Whether this of a table may go, or of its column.
    pub(super) fn frees(&self, what: Released, table: &TableName, column: Option<&str>) -> bool {
        let table = table.to_string();
        let same = |released: &LetGo| match (&released.column, column) {
            (Some(released), Some(column)) => released.eq_ignore_ascii_case(column),
            (None, None) => true,
            _ => false,
        };
        self.let_go.iter().any(|released| {
            released.what == what && released.table.eq_ignore_ascii_case(&table) && same(released)
        })
    }

    /// How a column is compared that may differ: as one that keeps its values in another form where that is known too.
    pub(super) fn form_of(&self, table: &TableName, column: &str) -> Option<Released> {
        let forms = [Released::Gaps, Released::Form, Released::Retyped];
        forms.into_iter().find(|form| {
            self.let_go.iter().any(|released| {
                released.what == *form
                    && released.table.eq_ignore_ascii_case(&table.to_string())
                    && released
                        .column
                        .as_deref()
                        .is_some_and(|released| released.eq_ignore_ascii_case(column))
            })
        })
    }

    /// What a table or column is called now.
    pub(super) fn now_called(&self, table: &TableName, column: Option<&str>) -> Option<&str> {
        let same = |left: &str, right: &str| left.eq_ignore_ascii_case(right);
        let renamed = self.renamed.iter().find(|renamed| {
            same(&renamed.table, &table.to_string())
                && match (&renamed.column, column) {
                    (Some(renamed), Some(column)) => same(renamed, column),
                    (None, None) => true,
                    _ => false,
                }
        })?;
        Some(&renamed.to)
    }
}
