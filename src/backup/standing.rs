//! Where a restore that did not come to its end leaves the database, in words: undone, in, or not known.

use crate::clock::Timestamp;
use crate::db;
use crate::error::{Error, Kind};

/// A commit that failed: it may all the same be in.
pub(super) fn not_committed(
    error: db::Error,
    rollback: db::Result<Option<String>>,
    set: Timestamp,
) -> Error {
    match error {
        db::Error::Committed { .. } => error.into(),
        db::Error::InDoubt { .. } => in_doubt(error.into(), rollback, set),
        error => undone(error.into(), rollback),
    }
}

/// Says that nobody knows what state the database is in, and what is known of it.
fn in_doubt(error: Error, rollback: db::Result<Option<String>>, set: Timestamp) -> Error {
    let kind = error.kind;
    let known = match rollback {
        Err(refused) if !refused.is_broken_connection() => format!(" ({refused})"),
        _ => String::new(),
    };
    let message = format!("it cannot be known whether the restore is in{known}");
    error.context(kind, message).hint(format!(
        "`dbscript status` shows what is in; `dbscript run restore --from {set}` makes it whole, whatever it is"
    ))
}

/// Says what state the database is in.
pub(super) fn undone(error: Error, rollback: db::Result<Option<String>>) -> Error {
    // Refused is what was refused before anything changed.
    let kind = match (error.kind, &rollback) {
        (Kind::Refused, Ok(Some(_)) | Err(_)) => Kind::Database,
        (kind, _) => kind,
    };
    match rollback {
        Ok(None) => error.context(
            kind,
            "the restore was undone, and the database is as it was",
        ),
        Ok(Some(kept)) => error.context(
            kind,
            format!("the restore was undone, but {kept} stays: go back to the backup that was made before it"),
        ),
        Err(refused) => error.context(
            kind,
            format!("the restore was not committed, but undoing it failed ({refused})"),
        ),
    }
}
