//! What a database consists of, in terms all engines share. A dialect fills it; everything above reads it.

use serde::{Deserialize, Serialize};

use crate::ident::TableName;

/// The objects of one database at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// User tables in name order, the history table of a migration tool among them.
    pub tables: Vec<Table>,
    /// Views, triggers, standalone sequences, functions: what is not a table and not inside one.
    pub objects: Vec<Object>,
    /// Counters: sequences and auto-increment.
    pub sequences: Vec<Sequence>,
    /// What exists but cannot be carried in a backup set.
    pub not_included: Vec<NotIncluded>,
    /// What is there and whose definition this user may not read.
    pub unread: Vec<Unread>,
    /// The kinds of objects of which this user is shown none, whether there are any or not.
    pub unseen: Vec<Unseen>,
    /// Whether the catalog may hide objects for want of rights.
    pub hides: bool,
}

impl Catalog {
    /// The table of this name.
    pub fn table(&self, name: &TableName) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == *name)
    }

    /// Whether this is a table, or a partition of one.
    pub fn holds(&self, name: &TableName) -> bool {
        let is_partition = |object: &Object| object.kind == "partition" && object.name == *name;
        self.table(name).is_some() || self.objects.iter().any(is_partition)
    }

    /// Foreign keys that point to this table, with the table they are in.
    pub fn children_of<'a>(
        &'a self,
        parent: &'a TableName,
    ) -> impl Iterator<Item = (&'a Table, &'a ForeignKey)> {
        self.tables.iter().flat_map(move |table| {
            table
                .foreign_keys
                .iter()
                .filter(move |key| key.parent == *parent)
                .map(move |key| (table, key))
        })
    }
}

/// A table that no restore could fill again, as the engine lacks what its rows need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmakeable {
    /// The table.
    pub table: TableName,
    /// What is missing.
    pub why: String,
}

/// One table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: TableName,
    /// Columns in table order, generated ones too.
    pub columns: Vec<Column>,
    /// Columns of the primary key in key order; empty if there is none.
    pub primary_key: Vec<String>,
    /// Foreign keys that start here.
    pub foreign_keys: Vec<ForeignKey>,
    /// Indexes, those behind UNIQUE constraints and the primary key too.
    pub indexes: Vec<Index>,
    /// A virtual table's module, such as `fts5` (SQLite).
    pub module: Option<String>,
    /// Columns that every INSERT must name: without NULL, default or a value the engine makes by itself.
    pub required: Vec<String>,
    /// CHECK constraints (PostgreSQL).
    pub checks: Vec<Check>,
    /// What rows are divided into partitions by, such as `RANGE (day)` (PostgreSQL).
    pub partition_key: Option<String>,
    /// What else columns are, in the order of `columns`; empty where the engine has nothing of it (MySQL, MariaDB).
    pub attributes: Vec<Attributes>,
    /// What else hangs on it and on no copy of it, in words, such as [`ROW_SECURITY`] (PostgreSQL).
    pub extras: Vec<String>,
}

/// The word in [`Table::extras`] for a table whose policies decide who sees which rows.
pub const ROW_SECURITY: &str = "row level security";

impl Table {
    /// The columns a backup carries: all but generated ones.
    pub fn stored_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.generated)
    }

    /// The column of this name; letter case does not matter, as in SQL.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// One column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as the engine prints it; empty where SQLite has none.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether NULL is accepted.
    pub nullable: bool,
    /// The default as SQL, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// `always` or `by default` (PostgreSQL), `auto_increment` (MySQL), `rowid` (an SQLite rowid carried as a column).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Computed from other columns: left out of backups.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub generated: bool,
}

/// What a column's definition says besides [`Column`]: MySQL takes it away from a column that is defined anew without it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// It has a comment.
    pub comment: bool,
    /// Its character set, where its collation is not the table's.
    pub charset: Option<String>,
    /// Its collation, where it is not the table's.
    pub collation: Option<String>,
    /// `ON UPDATE CURRENT_TIMESTAMP`.
    pub on_update: bool,
    /// `SELECT *` leaves it out.
    pub invisible: bool,
}

/// One CHECK constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// What it demands, as SQL.
    pub expression: String,
    /// Whether the rows that were there before it have been looked at.
    pub validated: bool,
}

/// One foreign key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForeignKey {
    /// Its constraint name, where the engine keeps one.
    pub name: Option<String>,
    /// The referencing columns.
    pub columns: Vec<String>,
    /// The table they point to.
    pub parent: TableName,
    /// The referenced columns; the parent's primary key where SQLite leaves them out.
    pub parent_columns: Vec<String>,
    /// What a delete of the parent does: `NO ACTION`, `CASCADE`, `SET NULL` …
    pub on_delete: String,
    /// What a change of the parent's key does.
    pub on_update: String,
}

/// One index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Key columns; an expression is an empty string.
    pub columns: Vec<String>,
    /// Whether it refuses duplicates.
    pub unique: bool,
    /// Whether it has a WHERE.
    pub partial: bool,
    /// Its SQL; `None` where it stands for a constraint of the table.
    pub sql: Option<String>,
}

/// Something that is not a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// `view`, `trigger`, `function`, `type` …
    pub kind: String,
    /// Its name.
    pub name: TableName,
    /// The table it hangs on, for triggers.
    pub table: Option<TableName>,
    /// The SQL that creates it.
    pub sql: String,
}

/// A counter and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    /// The sequence, or the table whose counter it is.
    pub name: String,
    /// Its value.
    pub value: i64,
    /// Whether the value has been handed out, so that the next one is higher.
    pub called: bool,
}

/// A counter that a column of a table draws from, whatever it is called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    /// It, where it stands.
    pub now: Sequence,
    /// The furthest value of the column that it could have given, if there is one.
    pub reached: Option<i64>,
    /// Whether it counts down.
    pub descends: bool,
}

impl Drawn {
    /// Whether the column holds a number that it gives next, or after that.
    pub fn is_behind(&self) -> bool {
        let Some(reached) = self.reached else {
            return false;
        };
        match (self.now.called, self.descends) {
            (true, false) => self.now.value < reached,
            (true, true) => self.now.value > reached,
            (false, false) => self.now.value <= reached,
            (false, true) => self.now.value >= reached,
        }
    }
}

/// Something a set does not carry, and why: never left out in silence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NotIncluded {
    /// One of FORMAT.md's kinds.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Why not.
    pub why: String,
}

/// How [`NotIncluded::why`] begins and goes on of an object that this user may not read; between them its kind.
const UNREADABLE: (&str, &str) = ("the definition of this ", " cannot be read");

impl NotIncluded {
    /// An object of this kind that is there and that this user may not read.
    pub(in crate::db) fn unreadable(kind: &str, name: &str, why: &str) -> NotIncluded {
        let (start, end) = UNREADABLE;
        NotIncluded {
            kind: "other".to_owned(),
            name: name.to_owned(),
            why: format!("{start}{kind}{end}{why}"),
        }
    }

    /// The kind of an object that was left out as it could not be read; `None` for what was left out for another reason.
    pub fn unreadable_kind(&self) -> Option<&str> {
        let (start, end) = UNREADABLE;
        let rest = self.why.strip_prefix(start)?;
        rest.split_once(end).map(|(kind, _)| kind)
    }
}

/// An object whose definition is kept from this user: it can be neither backed up nor made again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// `function`, `procedure` …
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The statement that gives the right, or the user who has it.
    pub way_out: String,
}

/// A view that the engine lets stay and that cannot be read any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenView {
    /// Its name.
    pub name: TableName,
    /// The engine's own words.
    pub why: String,
}

/// A kind of objects that is hidden from this user: of an empty list nobody can tell whether it is true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// `trigger`, `event` or `routine`.
    pub kind: String,
    /// Which right is missing, with the statement that gives it.
    pub why: String,
}

impl Unseen {
    /// Stands for the name where all objects of a kind are meant, in a set's `not_included`.
    pub const EVERY: &'static str = "*";

    /// Whether an object is of this kind; routines are of several.
    pub fn covers(unseen: &str, kind: &str) -> bool {
        const ROUTINES: [&str; 4] = ["function", "procedure", "package", "package body"];
        unseen == kind || (unseen == "routine" && ROUTINES.contains(&kind))
    }
}

/// A right that a restore could not give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// The statement that would have given it.
    pub statement: String,
    /// The engine's own words.
    pub why: String,
}

/// What the database says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DatabaseInfo {
    /// `sqlite`, `postgres`, `mysql` or `mariadb`.
    pub engine: String,
    /// The server's (or library's) version.
    pub version: String,
    /// The database's name, without path or password.
    pub name: String,
    /// Its text encoding.
    pub encoding: String,
    /// What an unqualified name means, where the engine has schemas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_schema: Option<String>,
    /// Where it is, which its name alone does not tell: a server's host and port; a file as it lies beside the backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Where the session that says this looks for names without a schema (PostgreSQL).
    #[serde(skip)]
    pub searched: Searched,
}

/// Where a session looks for names without a schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Searched {
    /// Its `search_path`, as the server spells it.
    pub path: String,
    /// What `"$user"` in it means.
    pub user: String,
    /// The schemas there are that this user may look into.
    pub schemas: Vec<String>,
}

/// SQL that rebuilds the schema, in the two parts of FORMAT.md. Each entry is one statement without its `;`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SchemaSql {
    /// What the rows need: types and tables.
    pub before: Vec<String>,
    /// What the rows could be in the way of: indexes, views, triggers, foreign keys.
    pub after: Vec<String>,
}

/// An index that is there and answers no query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableIndex {
    /// Its plain name.
    pub name: String,
    /// Its name with its schema, quoted where need be.
    pub quoted: String,
    /// The table's, quoted likewise.
    pub table: String,
    /// Somebody may be building it just now; `false` too where that cannot be looked at.
    pub may_be_at_work: bool,
}

/// Rows whose foreign key points to nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Orphans {
    /// The table that holds them.
    pub table: TableName,
    /// The referencing columns.
    pub columns: Vec<String>,
    /// The table they point to.
    pub parent: TableName,
    /// How many.
    pub rows: u64,
}

impl Orphans {
    /// Those there are more of `now` than there were, as far as numbers tell.
    pub fn beyond(before: &[Orphans], mut now: Vec<Orphans>) -> Vec<Orphans> {
        for found in &mut now {
            let same =
                |known: &&Orphans| known.table == found.table && known.columns == found.columns;
            let had = before.iter().find(same).map_or(0, |known| known.rows);
            found.rows = found.rows.saturating_sub(had);
        }
        now.retain(|found| found.rows > 0);
        now
    }
}
