//! SQLite's result codes in this room's terms.

use rusqlite::ffi;

use crate::db::{EngineError, Error, NEVER_INSIDE};
use crate::event::counted;

/// Names of the codes people meet, from <https://www.sqlite.org/rescode.html>.
const NAMES: &[(i32, &str)] = &[
    (ffi::SQLITE_ERROR, "SQLITE_ERROR"),
    (ffi::SQLITE_PERM, "SQLITE_PERM"),
    (ffi::SQLITE_ABORT, "SQLITE_ABORT"),
    (ffi::SQLITE_BUSY, "SQLITE_BUSY"),
    (ffi::SQLITE_LOCKED, "SQLITE_LOCKED"),
    (ffi::SQLITE_NOMEM, "SQLITE_NOMEM"),
    (ffi::SQLITE_READONLY, "SQLITE_READONLY"),
    (ffi::SQLITE_INTERRUPT, "SQLITE_INTERRUPT"),
    (ffi::SQLITE_IOERR, "SQLITE_IOERR"),
    (ffi::SQLITE_CORRUPT, "SQLITE_CORRUPT"),
    (ffi::SQLITE_FULL, "SQLITE_FULL"),
    (ffi::SQLITE_CANTOPEN, "SQLITE_CANTOPEN"),
    (ffi::SQLITE_SCHEMA, "SQLITE_SCHEMA"),
    (ffi::SQLITE_TOOBIG, "SQLITE_TOOBIG"),
    (ffi::SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT"),
    (ffi::SQLITE_MISMATCH, "SQLITE_MISMATCH"),
    (ffi::SQLITE_MISUSE, "SQLITE_MISUSE"),
    (ffi::SQLITE_AUTH, "SQLITE_AUTH"),
    (ffi::SQLITE_RANGE, "SQLITE_RANGE"),
    (ffi::SQLITE_NOTADB, "SQLITE_NOTADB"),
    (ffi::SQLITE_CONSTRAINT_CHECK, "SQLITE_CONSTRAINT_CHECK"),
    (
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY,
        "SQLITE_CONSTRAINT_FOREIGNKEY",
    ),
    (ffi::SQLITE_CONSTRAINT_NOTNULL, "SQLITE_CONSTRAINT_NOTNULL"),
    (
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
        "SQLITE_CONSTRAINT_PRIMARYKEY",
    ),
    (ffi::SQLITE_CONSTRAINT_TRIGGER, "SQLITE_CONSTRAINT_TRIGGER"),
    (ffi::SQLITE_CONSTRAINT_UNIQUE, "SQLITE_CONSTRAINT_UNIQUE"),
    (ffi::SQLITE_CONSTRAINT_ROWID, "SQLITE_CONSTRAINT_ROWID"),
    (
        ffi::SQLITE_CONSTRAINT_DATATYPE,
        "SQLITE_CONSTRAINT_DATATYPE",
    ),
];

/// The primary result code of an extended one.
pub(super) fn primary(extended: i32) -> i32 {
    extended & 0xff
}

/// The extended result code of an error, if it comes from SQLite itself.
pub(super) fn code(error: &rusqlite::Error) -> Option<i32> {
    match error {
        rusqlite::Error::SqliteFailure(error, _) => Some(error.extended_code),
        rusqlite::Error::SqlInputError { error, .. } => Some(error.extended_code),
        _ => None,
    }
}

/// The engine's own words and the code's name.
pub(in crate::db) fn engine(error: &rusqlite::Error) -> EngineError {
    let Some(extended) = code(error) else {
        return EngineError {
            code: "SQLITE_MISUSE".to_owned(),
            message: plain(error),
        };
    };
    let name = |wanted: i32| {
        NAMES
            .iter()
            .find(|(code, _)| *code == wanted)
            .map(|(_, name)| (*name).to_owned())
    };
    let message = match error {
        rusqlite::Error::SqliteFailure(_, Some(message))
        | rusqlite::Error::SqlInputError { msg: message, .. } => message.clone(),
        _ => ffi::code_to_str(primary(extended)).to_lowercase(),
    };
    EngineError {
        code: name(extended)
            .or_else(|| name(primary(extended)))
            .unwrap_or_else(|| format!("SQLITE_{extended}")),
        message,
    }
}

/// rusqlite's own complaints, in words for a person who wrote SQL and parameters.
fn plain(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::InvalidParameterCount(given, wanted) => {
            format!(
                "the statement takes {}, not {given}",
                counted(wanted, "parameter")
            )
        }
        rusqlite::Error::MultipleStatement => {
            "several statements in one text; run them one by one".to_owned()
        }
        rusqlite::Error::NulError(_) => "the statement holds a NUL character".to_owned(),
        other => other.to_string(),
    }
}

/// An error of a statement.
pub(super) fn statement(error: rusqlite::Error) -> Error {
    let mut source = engine(&error);
    if OUTSIDE.iter().any(|end| source.message.ends_with(end)) && !source.message.contains(BEGIN) {
        source.code = NEVER_INSIDE.to_owned();
    }
    match code(&error).map(primary) {
        Some(ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB) => Error::Damaged { source },
        Some(ffi::SQLITE_BUSY) => Error::Locked {
            what: "the database".to_owned(),
        },
        Some(ffi::SQLITE_READONLY) => Error::ReadOnly { source },
        Some(ffi::SQLITE_AUTH) => Error::Denied { source },
        _ if source.code == RAISED => Error::Raised {
            code: source.code,
            text: source.message,
        },
        _ => Error::Statement { source },
    }
}

/// How SQLite ends what it says of statements that it runs in no transaction, as VACUUM and some pragmas.
const OUTSIDE: [&str; 2] = ["within a transaction", "inside a transaction"];

/// What it says of a second BEGIN, which is another matter.
const BEGIN: &str = "cannot start a transaction";

/// The code of a trigger's `RAISE(ABORT, 'its words')` (<https://www.sqlite.org/lang_createtrigger.html#raise>).
const RAISED: &str = "SQLITE_CONSTRAINT_TRIGGER";

/// An error that has ended the transaction it came in: what is wrong with a row is then the least of it.
pub(super) fn undone(error: Error) -> Error {
    let code = "SQLITE_ABORT".to_owned();
    match error {
        Error::Raised { text, .. } => Error::Raised { code, text },
        error => Error::Statement {
            source: EngineError {
                code,
                message: format!("{error}, which rolled back the whole transaction"),
            },
        },
    }
}

/// An error while opening the database at `place`.
pub(super) fn opening(place: &str, error: rusqlite::Error) -> Error {
    let place = place.to_owned();
    let source = engine(&error);
    match code(&error).map(primary) {
        Some(ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB) => Error::Corrupt { place, source },
        Some(ffi::SQLITE_BUSY) => statement(error),
        _ => Error::Connect { place, source },
    }
}
