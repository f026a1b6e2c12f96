//! What a statement does, in terms all dialects share: a dialect reads statements into actions, the judge weighs actions.
//!
//! Text kept here (conditions, expressions) is SQL of the migration itself, to be asked of the database as it stands.

use crate::ident::TableName;

/// One thing a statement does, and where in the statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// What.
    pub(super) action: Action,
    /// Where it stands, in bytes of the statement.
    pub(super) offset: usize,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    CreateTable(NewTable),
    DropTable(TableName),
    RenameTable {
        table: TableName,
        to: String,
    },
    AddColumn {
        table: TableName,
        column: NewColumn,
    },
    DropColumn {
        table: TableName,
        column: String,
    },
    RenameColumn {
        table: TableName,
        column: String,
        to: String,
    },
    CreateIndex(NewIndex),
    DropIndex(TableName),
    CreateView(NewView),
    DropView(TableName),
    CreateTrigger(NewTrigger),
    DropTrigger(TableName),
    Delete(Change),
    Update(Update),
    Insert(Insert),
    /// The engine has no such ALTER TABLE.
    Impossible {
        table: TableName,
        what: String,
        hint: String,
    },
    /// The schema table itself is written to.
    WriteSchema,
    /// Foreign keys are switched on or off.
    ForeignKeys(bool),
    /// Renames leave views, triggers and foreign keys elsewhere alone (SQLite's `legacy_alter_table`).
    LegacyRename(bool),
    /// A transaction begins (`true`) or ends.
    Transaction(bool),
    /// It reaches what cannot be seen here.
    Dynamic(String),
    /// It could not be read.
    Unparsed(String),
}

/// A table that is created.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NewTable {
    pub(super) name: TableName,
    pub(super) temporary: bool,
    pub(super) if_not_exists: bool,
    pub(super) columns: Vec<NewColumn>,
    pub(super) keys: Vec<Key>,
    pub(super) checks: Vec<String>,
    pub(super) references: Vec<References>,
    /// `CREATE TABLE … AS SELECT`.
    pub(super) copy: Option<Copy>,
}

/// A PRIMARY KEY or UNIQUE.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Key {
    pub(super) primary: bool,
    pub(super) columns: Vec<String>,
}

/// A foreign key.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct References {
    pub(super) columns: Vec<String>,
    pub(super) parent: TableName,
    /// Empty: the parent's primary key.
    pub(super) parent_columns: Vec<String>,
    /// `CASCADE`, `SET NULL` …; empty where nothing is said.
    pub(super) on_delete: String,
    /// The same for a change of the parent's key.
    pub(super) on_update: String,
}

/// A column that is created, by CREATE TABLE or ADD COLUMN.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NewColumn {
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) not_null: bool,
    pub(super) primary: bool,
    pub(super) unique: bool,
    pub(super) default: Option<DefaultValue>,
    pub(super) checks: Vec<String>,
    pub(super) references: Option<References>,
    pub(super) generated: Option<Generated>,
}

/// How a generated column is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generated {
    Virtual,
    Stored,
}

/// A DEFAULT.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct DefaultValue {
    pub(super) sql: String,
    pub(super) null: bool,
    /// Known without running anything.
    pub(super) constant: bool,
}

/// An index that is created.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NewIndex {
    pub(super) name: TableName,
    pub(super) table: TableName,
    pub(super) unique: bool,
    /// Each term as SQL, with the column where it is nothing else.
    pub(super) terms: Vec<(String, Option<String>)>,
    pub(super) condition: Option<String>,
}

/// A view that is created.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NewView {
    pub(super) name: TableName,
    /// Names and keywords in it, in lower case: what it may read.
    pub(super) words: Vec<String>,
}

/// A trigger that is created.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NewTrigger {
    pub(super) name: TableName,
    pub(super) table: TableName,
    /// `DELETE`, `INSERT` or `UPDATE`.
    pub(super) event: &'static str,
    /// What it does when it fires.
    pub(super) body: Vec<Step>,
    pub(super) words: Vec<String>,
}

/// Rows that are changed: the same SQL that finds them can be asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Change {
    pub(super) table: TableName,
    /// `WITH …`, with a blank behind it; empty where there is none.
    pub(super) with: String,
    /// The table as FROM names it, with its alias.
    pub(super) target: String,
    pub(super) reach: Reach,
    /// Names in the statement, in lower case: the tables it may read.
    pub(super) words: Vec<String>,
}

/// Which rows a change meets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Reach {
    /// No WHERE.
    #[default]
    Every,
    /// A WHERE that is always true.
    AlwaysTrue,
    /// A WHERE that is never true.
    Never,
    /// This condition.
    Some(String),
}

/// An UPDATE.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Update {
    pub(super) change: Change,
    /// The columns it sets.
    pub(super) columns: Vec<String>,
    /// `UPDATE OR REPLACE`.
    pub(super) replace: bool,
}

/// An INSERT.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Insert {
    pub(super) table: TableName,
    /// Empty: all, in table order.
    pub(super) columns: Vec<String>,
    /// REPLACE INTO, INSERT OR REPLACE.
    pub(super) replace: bool,
    /// INSERT OR IGNORE, ON CONFLICT DO NOTHING.
    pub(super) ignore: bool,
    /// The columns ON CONFLICT DO UPDATE sets.
    pub(super) upsert: Option<Vec<String>>,
    /// What is inserted, as SQL that can be asked; `None`: DEFAULT VALUES.
    pub(super) source: Option<String>,
    /// INSERT … SELECT, unless it is VALUES.
    pub(super) copy: Option<Copy>,
}

/// Rows taken from elsewhere by a SELECT.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Copy {
    /// The SELECT, with its WITH.
    pub(super) sql: String,
    /// The table its first FROM names, where that is a table.
    pub(super) from: Option<TableName>,
    /// Names in it, in lower case: what it may read.
    pub(super) words: Vec<String>,
    /// What keeps rows back, in words: `WHERE`, `LIMIT` … Empty: every row is taken.
    pub(super) filters: Vec<&'static str>,
    pub(super) outputs: Vec<Output>,
}

/// One result column of a SELECT.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Output {
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
