//! What can go wrong with a database.

use super::broken::connection_broke;
use crate::event::counted;

/// A failure of this room. Messages never hold a password or a row's data.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL cannot be used.
    #[error("{message}")]
    Url {
        /// What is wrong with it; the URL itself may hold a password and is not repeated.
        message: String,
        /// The way out.
        hint: String,
    },
    /// There is no database where the URL points.
    #[error("no database at `{place}`")]
    Missing {
        /// The file or server and database name.
        place: String,
    },
    /// A database file cannot be made in a folder that is not there.
    #[error("cannot make the database `{place}`: there is no folder `{folder}`")]
    NoFolder {
        /// The file.
        place: String,
        /// Its folder.
        folder: String,
    },
    /// There is no file, but there are those that the engine keeps beside one.
    #[error(
        "there is no database at `{place}`, but {files} of one that was moved away or lost: what it committed last may be there, and SQLite would delete that or write it into a new file"
    )]
    LeftBeside {
        /// The file.
        place: String,
        /// Those beside it, in words.
        files: String,
    },
    /// The schema that the URL names is not in the database, which has tables in others.
    #[error("no schema `{schema}` in `{place}`, which has tables in other schemas")]
    NoSchemaAmongOthers {
        /// The schema.
        schema: String,
        /// The server and database name.
        place: String,
    },
    /// The schema that the URL names is not in the database.
    #[error("no schema `{schema}` in `{place}`")]
    NoSchema {
        /// The schema.
        schema: String,
        /// The server and database name.
        place: String,
    },
    /// It is there, but cannot be opened.
    #[error("cannot open the database `{place}`")]
    Connect {
        /// The file or server and database name.
        place: String,
        /// The engine's own words.
        source: Engine,
    },
    /// It is no database, or damaged.
    #[error("`{place}` is not a usable database")]
    Corrupt {
        /// The file.
        place: String,
        /// The engine's own words.
        source: Engine,
    },
    /// Damage met while reading or writing.
    #[error("the database is damaged")]
    Damaged {
        /// The engine's own words.
        source: Engine,
    },
    /// A trigger, function or procedure of the database's own refused it, in words of its making, which may hold what
    /// rows hold.
    #[error("a trigger or routine of the database refuses it ({code})")]
    Raised {
        /// The code it gave.
        code: String,
        /// Its words.
        text: String,
    },
    /// A statement failed.
    #[error(transparent)]
    Statement {
        /// The engine's own words and code.
        source: Engine,
    },
    /// A write on a session that may only read.
    #[error("this session may only read")]
    ReadOnly {
        /// The engine's own words and code.
        source: Engine,
    },
    /// A statement the session has no right to.
    #[error("the statement is not allowed in this session")]
    Denied {
        /// The engine's own words and code.
        source: Engine,
    },
    /// The server keeps its user from it.
    #[error("the database's user may not do this")]
    NotGranted {
        /// The engine's own words and code.
        source: Engine,
    },
    /// A cursor was used after it, or its transaction, ended.
    #[error("the rows are no longer open: their transaction has ended")]
    CursorClosed,
    /// A query gave more rows than were asked for.
    #[error("the query gives more than {}", counted(.limit, "row"))]
    TooManyRows {
        /// The cap.
        limit: usize,
    },
    /// A table is not there (any more).
    #[error("no table `{table}`")]
    NoTable {
        /// The table.
        table: String,
    },
    /// A line of a backup file does not fit its table.
    #[error("row {row} of `{table}`: {message}")]
    Row {
        /// The table.
        table: String,
        /// Row number, from 1.
        row: u64,
        /// What does not fit.
        message: String,
    },
    /// A value that this engine has no parameter type for.
    #[error("a {kind} cannot be a parameter of {engine}")]
    Parameter {
        /// The value's type.
        kind: &'static str,
        /// The engine.
        engine: &'static str,
    },
    /// Rows that are put aside cannot be sorted by such a value.
    #[error("rows cannot be put in order by a {kind}: give an int, a string or a time")]
    Order {
        /// The value's type.
        kind: &'static str,
    },
    /// The private file that rows are put aside in cannot be written or read.
    #[error("cannot put rows aside in a temporary file")]
    Staging {
        /// The engine's own words.
        source: Engine,
    },
    /// Another program holds the lock that is needed.
    #[error("{what} is locked by another program")]
    Locked {
        /// What is locked.
        what: String,
    },
    /// A statement that would commit the open transaction.
    #[error(
        "`{statement}` commits by itself what the transaction has done so far, so that it could not be rolled back any more; it was not run"
    )]
    CommitsByItself {
        /// Its first words.
        statement: String,
    },
    /// A statement waited for a lock as long as it may.
    #[error("waited {limit_s} s for {what}, held by {holder}")]
    LockWait {
        /// How long, in seconds.
        limit_s: u64,
        /// What was waited for, as far as it can be told: "a lock on `users`".
        what: String,
        /// Who holds it, as far as it can be told.
        holder: String,
    },
    /// No scratch database can be made, for want of rights or room.
    #[error("cannot create a scratch database beside `{place}`")]
    NoScratch {
        /// The server and database name.
        place: String,
        /// The engine's own words.
        source: Engine,
        /// What gives the right.
        hint: String,
    },
    /// Something this engine cannot do here.
    #[error("{message}")]
    Unsupported {
        /// What, and where.
        message: String,
        /// The way out.
        hint: String,
    },
    /// A file operation around the database failed (scratch files).
    #[error("cannot {action} `{path}`")]
    File {
        /// The verb.
        action: &'static str,
        /// The file.
        path: String,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// The connection broke while the server was told to commit: nobody knows whether it did.
    #[error("the connection broke at the commit: it may or may not have taken effect")]
    InDoubt {
        /// The engine's own words and code.
        source: Engine,
    },
    /// It is committed; what belongs to it and comes after failed.
    #[error("{message}")]
    Committed {
        /// What is in, and what is not.
        message: String,
    },
    /// The connection's worker is gone: it broke before, a bug or an earlier panic.
    #[error("the connection is closed")]
    Closed,
}

impl Error {
    /// Whether there is no connection any more, so that nobody knows what became of what it was told last.
    pub fn is_broken_connection(&self) -> bool {
        match self {
            Error::Closed | Error::InDoubt { .. } => true,
            Error::Statement { source } => connection_broke(&source.code),
            _ => false,
        }
    }

    /// The same error, met when the server had been told to commit.
    pub(super) fn at_commit(self) -> Error {
        match self {
            Error::Statement { source } if connection_broke(&source.code) => {
                Error::InDoubt { source }
            }
            other => other,
        }
    }
}

/// The engine's message with its code, without SQL and data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Engine {
    /// SQLSTATE, or SQLite's name of the extended result code.
    pub code: String,
    /// The engine's own words.
    pub message: String,
}

/// The code of a server that does not answer: SQLSTATE's "client unable to establish the connection".
pub(super) const UNREACHABLE: &str = "08001";

/// The code of what cannot be done while tables are locked, or not to these.
pub const TABLE_LOCKS: &str = "table-locks";

/// The code of a schema that is not there (PostgreSQL's own).
pub const NO_SCHEMA: &str = "3F000";

/// The code of what a URL forbids that only reads.
pub(super) const FORBIDDEN: &str = "SQLITE_READONLY";

/// The code of a connection that TLS is in the way of.
pub(super) const TLS: &str = "tls";

/// The code of damage that costs no row, as only indexes lack entries (<https://www.sqlite.org/rescode.html#corrupt_index>).
pub const CORRUPT_INDEX: &str = "SQLITE_CORRUPT_INDEX";

/// The code of a statement that SQLite runs in no transaction, such as VACUUM.
pub const NEVER_INSIDE: &str = "never-in-a-transaction";

/// The code of what another program has locked.
pub const LOCKED: &str = "locked";

/// Whether TLS is in the way, as the driver says: the server has none, or a certificate is not accepted.
pub(super) fn is_tls(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(source) => {
            source.kind() == std::io::ErrorKind::InvalidData
                && source.to_string().contains("certificate")
        }
        _ => false,
    }
}

/// The result of this room's functions.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::IN_DOUBT;
    use crate::error;

    fn statement(code: &str) -> Error {
        let (code, message) = (code.to_owned(), "no".to_owned());
        Error::Statement {
            source: Engine { code, message },
        }
    }

    #[test]
    fn a_broken_connection_is_known_by_its_code_and_leaves_a_commit_in_doubt() {
        for code in ["08006", "08S01", "08003", "57P01", "57P02"] {
            assert!(statement(code).is_broken_connection(), "{code}");
            let error = error::Error::from(statement(code).at_commit());
            assert_eq!(error.code.as_deref(), Some(IN_DOUBT), "{code}");
        }
        for code in ["08P01", "57014", "70100", "23505", "SQLITE_FULL"] {
            assert!(!statement(code).is_broken_connection(), "{code}");
            let error = error::Error::from(statement(code).at_commit());
            assert_eq!(error.code.as_deref(), Some(code));
        }
        assert!(Error::Closed.is_broken_connection());
    }
    #[test]
    fn one_row_is_no_plural() {
        for (limit, said) in [(1, "more than 1 row"), (9, "more than 9 rows")] {
            let told = Error::TooManyRows { limit }.to_string();
            assert!(told.ends_with(said), "{told}");
        }
    }
}
