//! What the servers' ALTER TABLE and their other statements do. SQLite has none of it.

use super::{DefaultValue, NewColumn, References, Step};
use crate::ident::TableName;

/// A change of one column that stays.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::hazard) enum ColumnChange {
    /// ALTER … TYPE. `using` is the expression of USING, as SQL.
    Type {
        type_name: String,
        using: Option<String>,
    },
    SetNotNull,
    DropNotNull,
    SetDefault(DefaultValue),
    DropDefault,
    /// DROP IDENTITY, or AUTO_INCREMENT that is taken away.
    DropIdentity,
    /// DROP EXPRESSION: a generated column becomes a plain one.
    DropExpression,
    /// MySQL's MODIFY and CHANGE: the whole definition anew. What it does not say, goes.
    Whole(Box<Definition>),
}

/// A column's definition as MODIFY or CHANGE gives it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::hazard) struct Definition {
    pub(in crate::hazard) column: NewColumn,
    pub(in crate::hazard) comment: bool,
    pub(in crate::hazard) charset: Option<String>,
    pub(in crate::hazard) collation: Option<String>,
    /// `ON UPDATE CURRENT_TIMESTAMP` and the like.
    pub(in crate::hazard) on_update: bool,
    pub(in crate::hazard) invisible: bool,
}

/// A constraint that is added to a table that exists.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::hazard) struct NewConstraint {
    /// Its name, where it has one.
    pub(in crate::hazard) name: Option<String>,
    pub(in crate::hazard) rule: Constraint,
    /// NOT VALID, NOT ENFORCED: rows that are there are not looked at.
    pub(in crate::hazard) not_valid: bool,
}

/// What a constraint demands.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::hazard) enum Constraint {
    Key(super::Key),
    /// PRIMARY KEY or UNIQUE USING INDEX: the index has proven it already.
    UsingIndex {
        primary: bool,
        index: String,
    },
    Check(String),
    References(References),
    /// EXCLUDE: its elements (expression, operator) and its WHERE, as SQL.
    Exclusion {
        method: String,
        elements: Vec<(String, String)>,
        condition: Option<String>,
    },
}

/// What kind of constraint is dropped, where the statement says so (MySQL's DROP FOREIGN KEY, DROP PRIMARY KEY).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hazard) enum ConstraintKind {
    Primary,
    Unique,
    Foreign,
    Check,
    Unknown,
}

/// What happens to partitions of a table.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::hazard) enum PartitionChange {
    /// MySQL's DROP PARTITION: its names, empty for all.
    Drop(Vec<String>),
    Truncate(Vec<String>),
    Exchange {
        partition: String,
        with: TableName,
    },
    /// PostgreSQL's DETACH PARTITION; the partition is a table.
    Detach(TableName),
    /// PostgreSQL's ATTACH PARTITION, with its bounds as SQL (`FOR VALUES …`, `DEFAULT`).
    Attach {
        partition: TableName,
        bounds: String,
    },
    /// New partitioning: every row moves.
    Repartition,
}

/// What an object that is neither table, column, index, view nor trigger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hazard) enum ObjectKind {
    Function,
    Procedure,
    Type,
    Domain,
    Sequence,
    MaterializedView,
    Extension,
    Event,
    Policy,
    Rule,
    ForeignTable,
    Schema,
    View,
}

/// A function, procedure or event that is created.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::hazard) struct NewRoutine {
    pub(in crate::hazard) kind: ObjectKind,
    pub(in crate::hazard) name: TableName,
    /// What it does when it is called; offsets count from the statement that creates it.
    pub(in crate::hazard) body: Vec<Step>,
    /// Names in it, in lower case.
    pub(in crate::hazard) words: Vec<String>,
}

/// What makes access weaker.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::hazard) struct Weakening {
    /// The table it is about, where there is one.
    pub(in crate::hazard) table: Option<TableName>,
    /// What is done, in words, such as "row level security of `users` is switched off".
    pub(in crate::hazard) what: String,
}

/// How a statement locks a table while it works.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::hazard) struct Lock {
    /// The rule: `lock-` and the squawk rule's name.
    pub(in crate::hazard) rule: &'static str,
    pub(in crate::hazard) table: Option<TableName>,
    /// What waits for what, in words.
    pub(in crate::hazard) message: String,
    pub(in crate::hazard) hint: Option<String>,
    /// When it is a hazard at all.
    pub(in crate::hazard) when: LockWhen,
}

/// When a lock is worth a word. Never on a table that the set created.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::hazard) enum LockWhen {
    Always,
    /// Where the index existed before the set: DROP INDEX, REINDEX.
    Index(TableName),
    /// Where this change of type rewrites the table, which `dialect::rewrites` tells from the column's type.
    Retype {
        column: String,
        to: String,
        using: Option<String>,
    },
    /// Where the file runs in a transaction, in which the engine refuses it.
    InTransaction,
    /// Where the file runs in a transaction, in which the engine may pass it over in silence.
    IgnoredInTransaction,
    /// In any file: it wants a client that sends rows.
    InFile,
}

/// The number a counter gives next.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::hazard) enum NextNumber {
    /// The one it began with: RESTART without a number.
    First,
    At(i64),
    Computed {
        /// SQL that gives it, to be asked of the database as it stands; `None`: it cannot be asked.
        sql: Option<String>,
        /// The column whose highest value it is behind, whatever rows there are: `max(id) + 1`.
        behind: Option<Highest>,
    },
}

/// `max(column)` of a table, where the statement says which.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::hazard) struct Highest {
    pub(in crate::hazard) table: Option<TableName>,
    pub(in crate::hazard) column: String,
}
