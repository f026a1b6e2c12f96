//! A restore that was cut off while it was put in place: nothing is saved, planned or migrated before that is ended.

use std::sync::Arc;

use super::exclusive::keep_others_out;
use super::progress::say;
use crate::db::{Access, Overtaken, Target};
use crate::error::Result;
use crate::event::{Level, Sink};

/// Ends it: finishes it where its tables are in, else undoes it. Nothing to end is no error. Returns what others wrote in
/// the instant in which the tables changed places.
///
/// # Errors
/// Another restore or a migration is at work, or what the database refuses: then nothing that can be lost is lost, and
/// the next attempt goes on.
pub async fn end_half_done(target: &Target, sink: &Arc<dyn Sink>) -> Result<Option<Overtaken>> {
    let access = Access {
        write: true,
        create: false,
        guarded: false,
    };
    let mut session = target.connect(access).await?;
    keep_others_out(&mut session, sink.as_ref()).await?;
    let ended = session.end_half_restored().await;
    for note in session.notes().await? {
        say(sink.as_ref(), Level::Warn, note);
    }
    let overtaken = session.overtaken().await.unwrap_or_default();
    session.unlock_migrations().await?;
    ended?;
    Ok(overtaken)
}
