//! Opening a file: what may be done with it, and whether it is a database at all.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, OpenFlags, ffi};

use super::worker::{Worker, lock_wait};
use super::{beside, fault, math};
use crate::db::error::FORBIDDEN;
use crate::db::{Access, EngineError, Error, Result, Target};

/// How long SQLite itself waits for a lock, in milliseconds; longer waits are ours, so that they can be cancelled.
const BUSY_TIMEOUT_MS: u64 = 100;

/// Opens a connection on a thread of its own.
pub(super) async fn worker(target: &Target, access: Access) -> Result<Worker> {
    let Some(path) = target.file().map(Path::to_owned) else {
        return Err(Error::Closed);
    };
    // As SQLite opens a file that its user may not write: what writes is refused by name before it comes to that.
    let forbidden = target.reads_only();
    let access = match forbidden {
        true => Access {
            guarded: access.guarded,
            ..Access::default()
        },
        false => access,
    };
    Worker::start(lock_wait(target.opening_limit_s()), move || {
        file(&path, access, forbidden)
    })
    .await
}

/// Opens the file; `forbidden` keeps even what reading needs from being written to it.
fn file(path: &Path, access: Access, forbidden: bool) -> Result<Connection> {
    let place = path.display().to_string();
    beside::refuse_left(path)?;
    if !path.exists() && !access.create {
        return Err(Error::Missing { place });
    }
    if !path.exists() {
        beside::refuse_without_folder(path)?;
    }
    if path.is_dir() {
        // SQLite itself speaks of an I/O error.
        let source = EngineError {
            code: "SQLITE_CANTOPEN".to_owned(),
            message: "it is a folder".to_owned(),
        };
        return Err(Error::Connect { place, source });
    }
    let connection = if access.write || access.create {
        connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | creating(access))
            .map_err(|error| fault::opening(&place, error))?
    } else if forbidden {
        connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(|error| forbidden_to_recover(&place, error))?
    } else {
        reader(path).map_err(|error| fault::opening(&place, error))?
    };
    guard(&connection, access).map_err(fault::statement)?;
    Ok(connection)
}

fn creating(access: Access) -> OpenFlags {
    if access.create {
        OpenFlags::SQLITE_OPEN_CREATE
    } else {
        OpenFlags::empty()
    }
}

/// Opens for reading. A database whose last writer was killed must first be brought back to its last commit, which only
/// a writable connection can; the session then still refuses every write.
fn reader(path: &Path) -> rusqlite::Result<Connection> {
    match connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Err(error) if needs_recovery(&error) => {
            let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        }
        result => result,
    }
}

/// What keeps a file from being read whose URL forbids to write.
fn forbidden_to_recover(place: &str, error: rusqlite::Error) -> Error {
    if !needs_recovery(&error) {
        return fault::opening(place, error);
    }
    Error::Connect {
        place: place.to_owned(),
        source: EngineError {
            code: FORBIDDEN.to_owned(),
            message: "it cannot be read without writing to it or beside it, which its URL forbids: its last writer was stopped hard, or it has a write-ahead log".to_owned(),
        },
    }
}

fn needs_recovery(error: &rusqlite::Error) -> bool {
    matches!(
        fault::code(error).map(fault::primary),
        Some(ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN)
    )
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
    // Closing a file that turns out to be damaged must not take its `-wal` along, which may be sound.
    let keeps = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    connection.set_db_config(keeps, true)?;
    math::add(&connection)?;
    // Reads the header and the schema, so that a file that is no database is told now and not in the middle.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    connection.set_db_config(keeps, false)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Refuses what the session has no right to, statement by statement as they are prepared.
fn guard(connection: &Connection, access: Access) -> rusqlite::Result<()> {
    if access.write && !access.guarded {
        return Ok(());
    }
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        let allowed = match context.action {
            // VACUUM INTO attaches its target, so this stops it too; a plain VACUUM attaches a file without a name.
            AuthAction::Attach { filename } => {
                !access.guarded || (access.write && filename.is_empty())
            }
            AuthAction::Detach { .. } => !access.guarded || access.write,
            _ if access.write => true,
            // An R-tree prepares its own writes when it is opened. Running one is refused: the file is open for reading.
            AuthAction::Insert { .. } | AuthAction::Update { .. } | AuthAction::Delete { .. } => {
                true
            }
            AuthAction::Select
            | AuthAction::Read { .. }
            | AuthAction::Function { .. }
            | AuthAction::Recursive
            | AuthAction::Transaction { .. }
            | AuthAction::Savepoint { .. } => true,
            AuthAction::Pragma {
                pragma_name,
                pragma_value,
            } => pragma_value.is_none() || is_question(pragma_name),
            _ => false,
        };
        if allowed {
            Authorization::Allow
        } else {
            Authorization::Deny
        }
    }))
}

/// Pragmas whose argument names what is asked about; with any other an argument is a setting.
fn is_question(name: &str) -> bool {
    const QUESTIONS: [&str; 10] = [
        "table_info",
        "table_xinfo",
        "table_list",
        "index_list",
        "index_info",
        "index_xinfo",
        "foreign_key_list",
        "foreign_key_check",
        "integrity_check",
        "quick_check",
    ];
    // Our own switches; they change nothing where nothing can be written.
    QUESTIONS.contains(&name) || ["foreign_keys", "ignore_check_constraints"].contains(&name)
}
