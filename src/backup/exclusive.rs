//! The lock that keeps a restore and a migration, or two restores, from working on one database at once.

use super::progress::say;
use crate::db::{self, Session, telling};
use crate::error::{self, Result};
use crate::event::{Level, Sink};

/// How long a restore waits for a migration or another restore, in milliseconds: as long as a migration does.
const LOCK_WAIT_MS: u64 = 10_000;

/// Takes the lock of migrations, which goes with the session. Through a pooler there is none, which is said.
///
/// # Errors
/// Another run keeps it longer than [`LOCK_WAIT_MS`]; no connection.
pub(super) async fn keep_others_out(session: &mut Session, sink: &dyn Sink) -> Result<()> {
    let lock = session.lock_migrations(LOCK_WAIT_MS);
    match telling(sink, "the migration lock", lock).await {
        Err(db::Error::Unsupported { message, hint }) => {
            let message = format!("{message}, so nothing may migrate while this restores: {hint}");
            say(sink, Level::Warn, message);
            Ok(())
        }
        Err(error) => Err(nothing_restored(error)),
        Ok(()) => Ok(()),
    }
}

/// The same error, met before anything began.
pub(super) fn nothing_restored(error: db::Error) -> error::Error {
    let error = error::Error::from(error);
    let kind = error.kind;
    error.context(kind, "nothing was restored, the database is as it was")
}
