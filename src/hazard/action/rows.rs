//! What is done to rows: changed, deleted, inserted, copied.

use crate::ident::TableName;

/// Rows that are changed: the same SQL that finds them can be asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::hazard) struct Change {
    pub(in crate::hazard) table: TableName,
    /// `WITH …`, with a blank behind it; empty where there is none.
    pub(in crate::hazard) with: String,
    /// The table as FROM names it, with its alias.
    pub(in crate::hazard) target: String,
    pub(in crate::hazard) reach: Reach,
    /// Names in the statement, in lower case: the tables it may read.
    pub(in crate::hazard) words: Vec<String>,
}

/// Which rows a change meets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::hazard) enum Reach {
    /// No WHERE.
    #[default]
    Every,
    /// A WHERE that is always true.
    AlwaysTrue,
    /// A WHERE that is never true.
    Never,
    /// This condition.
    Some(String),
    /// What cannot be asked, and why: it depends on a variable, a cursor, on rows the statement itself writes.
    Unknown(String),
}

/// An UPDATE.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::hazard) struct Update {
    pub(in crate::hazard) change: Change,
    /// The columns it sets.
    pub(in crate::hazard) columns: Vec<String>,
    /// `UPDATE OR REPLACE`.
    pub(in crate::hazard) replace: bool,
}

/// What DO UPDATE does to a row that is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::hazard) struct Conflict {
    /// The columns a new row has in common with it; empty: those of any key.
    pub(in crate::hazard) target: Vec<String>,
    /// Columns and the SQL of what they get.
    pub(in crate::hazard) sets: Vec<(String, String)>,
    /// Its WHERE.
    pub(in crate::hazard) filter: Option<String>,
}

/// An INSERT.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::hazard) struct Insert {
    pub(in crate::hazard) table: TableName,
    /// Empty: all, in table order.
    pub(in crate::hazard) columns: Vec<String>,
    /// REPLACE INTO, INSERT OR REPLACE.
    pub(in crate::hazard) replace: bool,
    /// INSERT OR IGNORE, ON CONFLICT DO NOTHING.
    pub(in crate::hazard) ignore: bool,
    /// The columns ON CONFLICT DO UPDATE sets.
    pub(in crate::hazard) upsert: Option<Vec<String>>,
    /// How it does that, where it can be asked.
    pub(in crate::hazard) conflict: Option<Conflict>,
    /// What is inserted, as SQL that can be asked; `None`: DEFAULT VALUES, rows of literals, or what cannot be asked.
    pub(in crate::hazard) source: Option<String>,
    /// INSERT … SELECT, unless it is VALUES.
    pub(in crate::hazard) copy: Option<Copy>,
}

/// Rows taken from elsewhere by a SELECT.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::hazard) struct Copy {
    /// The SELECT, with its WITH.
    pub(in crate::hazard) sql: String,
    /// The table its first FROM names, where that is a table.
    pub(in crate::hazard) from: Option<TableName>,
    /// Names in it, in lower case: what it may read.
    pub(in crate::hazard) words: Vec<String>,
    /// What keeps rows back, in words: `WHERE`, `LIMIT` … Empty: every row is taken.
    pub(in crate::hazard) filters: Vec<&'static str>,
    pub(in crate::hazard) outputs: Vec<Output>,
}

/// One result column of a SELECT.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::hazard) enum Output {
    /// `*`
    Star,
    /// A column as it is.
    Column(String),
    /// Anything else.
    Expression {
        sql: String,
        /// The column whose non-NULL values come through as they are, such as that of `coalesce(a, '')`.
        keeps: Option<String>,
        /// Names in it, in lower case.
        words: Vec<String>,
        alias: Option<String>,
    },
}
