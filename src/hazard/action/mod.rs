//! What a statement does, in terms all dialects share: a dialect reads statements into actions, the judge weighs actions.
//!
//! Text kept here (conditions, expressions) is SQL of the migration itself, to be asked of the database as it stands.

mod alter;
mod rows;
mod storage;

pub(super) use alter::{
    ColumnChange, Constraint, ConstraintKind, Definition, Highest, Lock, LockWhen, NewConstraint,
    NewRoutine, NextNumber, ObjectKind, PartitionChange, Weakening,
};
pub(super) use rows::{Change, Conflict, Copy, Insert, Output, Reach, Update};
pub(super) use storage::{Keeps, Storage};

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
    DropTable {
        table: TableName,
        /// CASCADE: what hangs on it goes too.
        cascade: bool,
    },
    RenameTable {
        table: TableName,
        to: String,
    },
    /// DROP TEMPORARY TABLE: a permanent table of that name stays.
    DropTemporary(TableName),
    /// ALTER TABLE … SET SCHEMA.
    MoveTable {
        table: TableName,
        schema: String,
    },
    AddColumn {
        table: TableName,
        column: NewColumn,
    },
    DropColumn {
        table: TableName,
        column: String,
        cascade: bool,
    },
    RenameColumn {
        table: TableName,
        column: String,
        to: String,
    },
    CreateIndex(NewIndex),
    DropIndex {
        index: TableName,
        /// Its table, where the statement names it (MySQL's index names count per table).
        table: Option<TableName>,
    },
    CreateView(NewView),
    DropView {
        view: TableName,
        cascade: bool,
    },
    CreateTrigger(NewTrigger),
    DropTrigger {
        trigger: TableName,
        /// Its table, where the statement names it (PostgreSQL's trigger names count per table).
        table: Option<TableName>,
    },
    Delete(Change),
    Update(Update),
    Insert(Insert),
    AlterColumn {
        table: TableName,
        column: String,
        change: ColumnChange,
    },
    AddConstraint {
        table: TableName,
        constraint: NewConstraint,
    },
    /// VALIDATE CONSTRAINT: rows that were not looked at are now.
    ValidateConstraint {
        table: TableName,
        name: String,
    },
    DropConstraint {
        table: TableName,
        /// Empty for MySQL's DROP PRIMARY KEY.
        name: String,
        kind: ConstraintKind,
        cascade: bool,
    },
    Truncate {
        tables: Vec<TableName>,
        cascade: bool,
    },
    Partition {
        table: TableName,
        change: PartitionChange,
    },
    /// DROP DATABASE.
    DropDatabase(String),
    /// DROP SCHEMA (PostgreSQL).
    DropSchema {
        name: String,
        cascade: bool,
    },
    /// DROP OWNED BY.
    DropOwned(String),
    /// A function, procedure or event is created: what it does, it does when it is called.
    CreateRoutine(NewRoutine),
    /// It is called, so what it does happens now: CALL, SELECT f(), PERFORM.
    Call {
        name: TableName,
        /// The statement is nothing but the call: it is made for what the routine does.
        alone: bool,
    },
    /// A sequence, type, extension or the like is created, under this name.
    CreateObject {
        kind: ObjectKind,
        name: TableName,
        /// The values of an enum, without quotes; the first number of a sequence, where it is known; else empty.
        values: Vec<String>,
    },
    DropObject {
        kind: ObjectKind,
        name: TableName,
        /// The table of a policy or rule.
        table: Option<TableName>,
        cascade: bool,
    },
    /// ADD ATTRIBUTE to a composite type.
    AddAttribute(TableName),
    /// DROP ATTRIBUTE of a composite type.
    DropAttribute {
        type_name: TableName,
        attribute: String,
        cascade: bool,
    },
    /// ALTER DOMAIN … ADD CHECK or SET NOT NULL: the columns of that domain must fulfil it.
    DomainRule {
        domain: TableName,
        /// The CHECK as SQL, about `VALUE`; `None`: NOT NULL.
        check: Option<String>,
        not_valid: bool,
    },
    /// ALTER TYPE … RENAME and the like.
    RenameObject {
        kind: ObjectKind,
        name: TableName,
        to: String,
    },
    /// A sequence or AUTO_INCREMENT counter starts anew.
    RestartSequence {
        /// The sequence, or the table whose counter it is.
        name: TableName,
        /// The column of an identity.
        column: Option<String>,
        next: NextNumber,
    },
    WeakenAccess(Weakening),
    /// SET UNLOGGED.
    SetUnlogged(TableName),
    /// ENGINE=… of a table that exists (MySQL).
    ChangeEngine {
        table: TableName,
        storage: Storage,
    },
    /// ALTER IGNORE TABLE, and what it does stands in steps of their own.
    AlterIgnore(TableName),
    /// `SET sql_mode = …`: the mode as SQL; `strict` says whether it still refuses bad values.
    SqlMode {
        mode: String,
        strict: bool,
    },
    /// CONVERT TO CHARACTER SET, or a column's charset.
    Charset {
        table: TableName,
        /// `None`: every column.
        column: Option<String>,
        charset: String,
    },
    /// DROP SYSTEM VERSIONING, DELETE HISTORY.
    DeleteHistory(TableName),
    /// How a statement locks what others use.
    Lock(Lock),
    /// SET search_path, USE: what an unqualified name means from now on. `None`: it cannot be told.
    DefaultSchema(Option<String>),
    /// SET search_path where the schemas are known: what is searched from now on, and which of them takes what is created.
    SearchPath {
        path: Vec<String>,
        first: Option<String>,
    },
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
    /// It never gives out a number again (SQLite's AUTOINCREMENT).
    pub(super) counts: bool,
    /// `CREATE TABLE … AS SELECT`.
    pub(super) copy: Option<Copy>,
    /// Its ENGINE, where the statement says one (MySQL).
    pub(super) storage: Option<Storage>,
    /// What its rows are divided into partitions by, such as `RANGE (day)` (PostgreSQL).
    pub(super) partition_key: Option<String>,
}

/// A PRIMARY KEY or UNIQUE.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Key {
    pub(super) primary: bool,
    pub(super) columns: Vec<String>,
    /// NULLS NOT DISTINCT: two NULLs are duplicates.
    pub(super) nulls_equal: bool,
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
    /// The constraint's name, where it is known.
    pub(super) name: Option<String>,
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
    /// SERIAL, IDENTITY, AUTO_INCREMENT: the engine gives every row its number.
    pub(super) identity: bool,
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
    /// NULLS NOT DISTINCT: two NULLs are duplicates.
    pub(super) nulls_equal: bool,
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
