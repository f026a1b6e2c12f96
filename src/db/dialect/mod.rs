//! The contract every engine fulfils. What differs between databases stands in this folder and nowhere else.
//!
//! Everything is async. A future that is dropped before it is done cancels its statement on the database; the connection
//! stays usable, and an open transaction stays open until [`Connection::rollback`].

pub(in crate::db) mod copies;
pub mod mysql;
pub mod postgres;
mod read_only;
mod refusal;
pub mod sqlite;

pub use read_only::refuse_read_only;
pub use refusal::refusal;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::Engine;
use super::catalog::{
    BrokenView, Catalog, Column, DatabaseInfo, Drawn, Orphans, SchemaSql, Sequence, Table,
    Unmakeable, UnusableIndex, Withheld,
};
use super::error::{Error, Result};
use crate::ident::TableName;
use crate::value::{Rows, Value};

/// How [`Connection::leftovers`] begin to tell of a restore that is half in.
pub const HALF_RESTORED: &str = "a restore was cut off while it put its tables in place";

/// What they say of one that has changed nothing.
pub const NOT_RESTORED: &str = "was left by a restore that was cut off before it changed anything";

/// A piece of a table file: whole lines, each a JSON object in the engine's encoding of FORMAT.md and ended by `\n`,
/// without the commas between them.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    /// The lines.
    pub lines: Vec<u8>,
    /// How many lines.
    pub rows: u64,
}

/// What a server makes of capitals in the names of tables. Engines to which case makes no difference at all keep them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capitals {
    /// They stay, and tell names apart or never did.
    Kept,
    /// They stay, and tell no names apart, as they do on other servers of the engine.
    Ignored,
    /// They become small letters.
    Lowered,
}

/// What a database of ours beside the real one is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// A whole restore that is built there.
    Restore,
    /// A rehearsal.
    Scratch,
}

/// How a transaction begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Reads only, all at one point in time.
    Read,
    /// Reads only, and waits for others' changes that are not committed yet where a read does not by itself see the end of
    /// them (MySQL); else as `Read`.
    Waiting,
    /// Will write: takes the write lock at once where the engine has one.
    Write,
    /// Will rebuild tables: as `Write`, with foreign keys not enforced until it ends (SQLite's documented procedure for
    /// ALTER TABLE, <https://www.sqlite.org/lang_altertable.html#otheralter>).
    Rebuild,
}

/// The statements around sqlx's history table `_sqlx_migrations` (MIGRATIONS.md), and how migrations are grouped.
#[derive(Clone, Copy, Debug)]
pub struct HistorySql {
    /// Creates the table if it is missing.
    pub create: &'static str,
    /// Gives a row if the table is there, in the schema where it would be created.
    pub exists: &'static str,
    /// Lists version, description, installed_on, success, checksum by version.
    pub select: &'static str,
    /// Inserts version, description, checksum, execution time in nanoseconds of a migration that succeeded.
    pub insert: &'static str,
    /// Deletes the row of one version.
    pub delete: &'static str,
    /// Whether several migrations may share one transaction, so that a later failure undoes the earlier ones too.
    pub one_transaction: bool,
    /// Inserts version, description, checksum, execution time of a migration that may be left half done, before its first
    /// statement: sqlx takes such a row for a dirty version, and applies nothing over it.
    pub begin: &'static str,
    /// Makes it one that has succeeded: execution time in nanoseconds, version.
    pub finish: &'static str,
    /// Whether statements commit by themselves inside a transaction, so that any migration may be left half done.
    pub commits_by_itself: bool,
    /// Where a session can change what names without a schema mean.
    pub path: Option<SearchPath>,
}

/// The statements around what names without a schema mean.
#[derive(Clone, Copy, Debug)]
pub struct SearchPath {
    /// Gives it, as one value.
    pub get: &'static str,
    /// Sets it for the session to such a value.
    pub set: &'static str,
}

/// Names an open cursor of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CursorId(pub u64);

/// What others wrote while a restore put its tables in place: it is with the tables as they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overtaken {
    /// The tables that they wrote to.
    pub tables: Vec<String>,
    /// The database beside this one that keeps them.
    pub database: String,
}

/// Which of some values a column holds.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The table.
    pub table: TableName,
    /// The column.
    pub column: String,
    /// Compare text without regard to case.
    pub ignore_case: bool,
}

/// The word of a statement that commits the open transaction by itself on this engine, seen before it runs; what a
/// routine does is not seen.
pub fn commits_by_itself(engine: Engine, sql: &str) -> Option<String> {
    match engine {
        Engine::Mysql | Engine::Mariadb => mysql::commits_by_itself(sql),
        Engine::Sqlite | Engine::Postgres => None,
    }
}

/// One connection to one database.
#[async_trait]
pub trait Connection: Send {
    /// What the database says of itself.
    async fn info(&mut self) -> Result<DatabaseInfo>;

    /// Runs one statement and returns its rows, at most `limit`.
    ///
    /// # Errors
    /// `TooManyRows` beyond the limit; `Statement` for what the engine refuses, several statements in one text too.
    async fn query(&mut self, sql: &str, params: &[Value], limit: usize) -> Result<Rows>;

    /// Runs one statement and returns how many rows it changed.
    async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64>;

    /// Opens a cursor. Returns its columns too. One that is opened inside a transaction ends with it.
    async fn open_cursor(&mut self, sql: &str, params: &[Value])
    -> Result<(CursorId, Vec<String>)>;

    /// The next rows of a cursor, at most `most`; none left: empty.
    async fn fetch(&mut self, cursor: CursorId, most: usize) -> Result<Vec<Vec<Value>>>;

    /// Closes a cursor; one that is not open is no error.
    async fn close_cursor(&mut self, cursor: CursorId) -> Result<()>;

    /// Inserts many rows into one table with bound values; all or none. Returns how many.
    async fn insert_many(
        &mut self,
        table: &TableName,
        columns: &[String],
        rows: Vec<Vec<Value>>,
    ) -> Result<u64>;

    /// The table that a name without a schema means to this session.
    async fn table_named(&mut self, name: &str) -> Result<TableName> {
        Ok(TableName::plain(name))
    }

    /// Which of `values` stand in the column, as they stand there.
    async fn present(&mut self, lookup: &Lookup, values: &[Value]) -> Result<Vec<Value>>;

    /// Begins a transaction; there must be none.
    async fn begin(&mut self, mode: Begin) -> Result<()>;
    /// Commits it.
    async fn commit(&mut self) -> Result<()>;
    /// Rolls it back. None open is no error. Not cancelled when the run is.
    async fn rollback(&mut self) -> Result<()>;
    /// Sets a savepoint inside a transaction; `depth` names it.
    async fn savepoint(&mut self, depth: usize) -> Result<()>;
    /// Keeps what was done since the savepoint.
    async fn release(&mut self, depth: usize) -> Result<()>;
    /// Undoes what was done since the savepoint, and removes it.
    async fn rollback_to(&mut self, depth: usize) -> Result<()>;

    /// Whether a statement has committed the open transaction by itself (MySQL's DDL) since it began, or since this was
    /// asked last.
    async fn committed_by_itself(&mut self) -> Result<bool> {
        Ok(false)
    }

    /// What rollbacks, to savepoints too, could not undo since this was asked last: what was written to tables that have no
    /// transactions (MySQL's MyISAM, Aria, MEMORY …), in words for people. `None`: they have undone everything.
    async fn kept_by_rollback(&mut self) -> Result<Option<String>> {
        Ok(None)
    }

    /// Everything the database consists of.
    async fn catalog(&mut self) -> Result<Catalog>;
    /// The SQL that rebuilds the schema.
    async fn schema_sql(&mut self) -> Result<SchemaSql>;
    /// Rows of a table.
    async fn count(&mut self, table: &TableName) -> Result<u64>;
    /// Foreign keys whose rows point to nothing, with how many.
    async fn orphans(&mut self) -> Result<Vec<Orphans>>;
    /// As `orphans`, and keeps which they are for `new_orphans`, until the open transaction ends.
    async fn keep_orphans(&mut self) -> Result<Vec<Orphans>> {
        self.orphans().await
    }
    /// Those there are more of than were kept in this transaction.
    async fn new_orphans(&mut self, kept: &[Orphans]) -> Result<Vec<Orphans>> {
        Ok(Orphans::beyond(kept, self.orphans().await?))
    }
    /// From here on a table without a schema is one of this schema, in what is listed and asked; a statement's own names
    /// mean what they meant. For sets, whose names are relative to theirs.
    async fn name_by(&mut self, _schema: &str) -> Result<()> {
        Ok(())
    }
    /// Views that read what is not there: none where the engine keeps what a view reads (PostgreSQL).
    async fn broken_views(&mut self) -> Result<Vec<BrokenView>> {
        Ok(Vec::new())
    }
    /// Foreign keys of other databases that point to this one's tables, where replacing these would tear them off.
    async fn keys_from_outside(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
    /// Rows of other databases whose row of one of these tables is not there.
    async fn orphans_outside(&mut self, _parents: &[TableName]) -> Result<Vec<Orphans>> {
        Ok(Vec::new())
    }
    /// Refuses to replace the rows of these tables alone where that surely would do more than that; changes nothing.
    async fn refuse_rows_of(&mut self, _tables: &[TableName]) -> Result<()> {
        Ok(())
    }
    /// A number that changes when another connection commits; `None` where the engine has none.
    async fn others_marker(&mut self) -> Result<Option<i64>>;

    /// Runs statements one after the other (trusted: schema files and migrations).
    async fn run(&mut self, statement: &str) -> Result<u64>;
    /// Runs a statement of a schema file, which may call what only the application has: see `notes`.
    async fn make(&mut self, statement: &str) -> Result<()> {
        self.run(statement).await.map(|_| ())
    }
    /// What the server makes of capitals in the names of tables.
    async fn capitals(&mut self) -> Result<Capitals> {
        Ok(Capitals::Kept)
    }
    /// From here on a whole restore leaves objects of these kinds as they are, unless its set makes them.
    async fn leave_unseen(&mut self, _kinds: &[String]) -> Result<()> {
        Ok(())
    }
    /// What the statements run since this was asked last did in another way than they say, for people.
    async fn notes(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
    /// What a whole restore would do in another way than these statements of its schema say, for people.
    async fn foretell(&mut self, _statements: &[String]) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
    /// Refuses what needs a database beside this one, where its user surely has no right to make one; makes nothing.
    async fn refuse_beside(&mut self, _what: Beside) -> Result<()> {
        Ok(())
    }
    /// What others wrote while the transaction that was committed last put its tables in place, asked once.
    async fn overtaken(&mut self) -> Result<Option<Overtaken>> {
        Ok(None)
    }
    /// Indexes that are there and answer no query.
    async fn unusable_indexes(&mut self) -> Result<Vec<UnusableIndex>> {
        Ok(Vec::new())
    }
    /// Refuses to work on a database that a restore is being put in the place of, or was when it was cut off.
    async fn refuse_half_restored(&mut self) -> Result<()> {
        Ok(())
    }
    /// Ends a restore that was cut off while it was put in place, if there is one; what was done is in the notes.
    async fn end_half_restored(&mut self) -> Result<()> {
        Ok(())
    }
    /// What runs that were cut off have left on the server, with the way out, for people.
    async fn leftovers(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
    /// Fills a table from lines of a backup file until the sender is dropped. Returns how many rows.
    async fn write_lines(
        &mut self,
        table: &Table,
        columns: &[Column],
        lines: mpsc::Receiver<Chunk>,
    ) -> Result<u64>;
    /// Removes every row of a table; other tables' rows stay as they are.
    async fn clear(&mut self, table: &TableName) -> Result<u64>;
    /// Computes anew what is made from the rows of these tables and does not follow them by itself: SQLite's full-text
    /// search over another table, PostgreSQL's materialized views.
    async fn rebuild_from(&mut self, _tables: &[TableName]) -> Result<()> {
        Ok(())
    }
    /// These objects stay as they are where [`Connection::drop_all`] begins a restore of the whole: each a kind and a name.
    /// Said before it, as a set may not hold what its maker could not read.
    async fn keep(&mut self, _objects: &[(String, String)]) -> Result<()> {
        Ok(())
    }
    /// Drops every user object: tables, views, triggers.
    async fn drop_all(&mut self) -> Result<()>;
    /// The counters that columns of these tables draw from, one for each such column; `None` where they are named after
    /// their tables.
    async fn drawn_from(&mut self, _tables: &[TableName]) -> Result<Option<Vec<Drawn>>> {
        Ok(None)
    }
    /// Sets counters to where a backup has them.
    async fn set_sequences(&mut self, sequences: &[Sequence]) -> Result<()>;
    /// What the statements of a schema file could not give in this session, such as the rights of roles that are not
    /// there.
    async fn withheld(&mut self) -> Result<Vec<Withheld>> {
        Ok(Vec::new())
    }

    /// How long each statement from now on may wait for what others have locked, in seconds; `None`: as long as the engine
    /// lets it wait by itself. Not inside a transaction.
    ///
    /// # Errors
    /// What the engine refuses. A statement that waits longer is `LockWait`, or `Locked` where the engine locks the whole database.
    async fn limit_lock_waits(&mut self, limit_s: Option<u64>) -> Result<()>;
    /// The error of a wait that was limited, with who holds what was waited for, where that can still be told.
    async fn who_holds(&mut self, error: Error) -> Error {
        error
    }

    /// Keeps everybody else from these tables until [`Connection::let_others_in`], where a statement on them would end every
    /// lock of its transaction (MySQL's DDL); the open transaction is committed by that. `false`: it cannot be, for want
    /// of a right or of such locks.
    ///
    /// # Errors
    /// `LockWait`, as for a statement.
    async fn keep_others_out(&mut self, _tables: &[TableName]) -> Result<bool> {
        Ok(false)
    }
    /// Ends that; the end of a transaction does too. Not begun is no error.
    async fn let_others_in(&mut self) -> Result<()> {
        Ok(())
    }

    /// Takes the lock under which sqlx migrates this database, waiting `wait_ms` at most.
    async fn lock_migrations(&mut self, wait_ms: u64) -> Result<()>;
    /// Gives it back. Not held is no error.
    async fn unlock_migrations(&mut self) -> Result<()>;
}

/// Reads tables as they were at the moment of a snapshot.
#[async_trait]
pub trait Reader: Send {
    /// Proves that what it will read is all there, `only` these tables or all, where the engine reads damage without a
    /// word. Returns what to say of rows that break the rules of their own table, and of damage that costs none of them.
    ///
    /// # Errors
    /// `Damaged`.
    async fn prove(&mut self, _only: Option<&[TableName]>) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Sends the table's rows, with these columns in this order, as lines. Returns how many rows.
    async fn read_lines(
        &mut self,
        table: &Table,
        columns: &[Column],
        out: mpsc::Sender<Chunk>,
    ) -> Result<u64>;
}

/// The whole database at one moment.
pub struct Snapshot {
    /// What the database says of itself.
    pub info: DatabaseInfo,
    /// Its objects.
    pub catalog: Catalog,
    /// SQL that rebuilds them.
    pub schema: SchemaSql,
    /// Readers that all see that moment; dropping them ends the snapshot.
    pub readers: Vec<Box<dyn Reader>>,
    /// Tables that no restore could fill again.
    pub unmakeable: Vec<Unmakeable>,
    /// What should be said of it, such as tables that are not transactional.
    pub warnings: Vec<String>,
}
