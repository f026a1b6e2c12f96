//! What is looked at before anything is applied: whether it can be, and what it would be applied to.

use crate::backup::{Entry, SAFETY_LABEL, State};
use crate::db::{self, Session};
use crate::error::Error;
use crate::event::{Level, counted};
use crate::migrate::Migration;
use crate::script::api::backup::store;
use crate::script::host::Host;

/// Whoever may write is about to apply them: a backup and a rehearsal before that would be in vain.
pub(super) fn refuse_read_only(host: &Host, pending: &[Migration]) -> Result<(), Error> {
    if pending.is_empty() || host.require("db:write").is_err() || !host.exists()? {
        return Ok(());
    }
    host.session(async |session: &mut Session| db::refuse_read_only(session).await)
}

/// What is applied and what is pending cannot be told of a database that is half in.
pub(super) fn refuse_half_restored(host: &Host) -> Result<(), Error> {
    if host.in_scratch() || !host.exists()? {
        return Ok(());
    }
    host.session(async |session: &mut Session| session.refuse_half_restored().await)
}

/// Says that a new database file would be made, and loudly so where there was one: its disk may only not be there.
pub(super) fn tell_what_is_made(host: &Host, pending: &[Migration]) -> Result<(), Error> {
    let target = host.target();
    let Some(file) = target.file() else {
        return Ok(());
    };
    // The first program that opens a file which is gone makes an empty one.
    let is_empty = std::fs::metadata(file).is_ok_and(|data| data.len() == 0);
    if pending.is_empty() || host.require("db:write").is_err() || (host.exists()? && !is_empty) {
        return Ok(());
    }
    target.refuse_unmakeable()?;
    let message = match (is_empty, host.plan()) {
        (true, _) => format!("the file `{}` is empty", file.display()),
        (false, true) => format!(
            "there is no file at `{}`: a new one would be made",
            file.display()
        ),
        (false, false) => format!(
            "there is no file at `{}`: a new one is made",
            file.display()
        ),
    };
    host.say(Level::Info, message);
    let store = store(host);
    let sets = store.list().map_err(Error::from)?.sets;
    // Sets of another place's file of that name would fill this one with what is not its own.
    let origin = store.origin(&target);
    let of_it = |entry: &&Entry| match &entry.state {
        State::Complete(set) => !set.summary().is_partial() && origin.made(&set.summary().database),
        _ => false,
    };
    let sets: Vec<&Entry> = sets.iter().filter(of_it).collect();
    // The one a restore would take by itself: none that was made as the safety backup of another restore.
    let asked_for = |entry: &&&Entry| {
        entry
            .set()
            .is_some_and(|set| set.summary().label.as_deref() != Some(SAFETY_LABEL))
    };
    if let Some(newest) = sets.iter().find(asked_for).or(sets.first()) {
        let message = format!(
            "the backups folder has {1} of `{0}`, the one to restore {2}: is it really gone? If only its disk or folder is not there, stop and bring that back; if it is lost, fill the new one: `dbscript run restore --from {2}`",
            target.name(),
            counted(sets.len(), "whole backup"),
            newest.timestamp,
        );
        host.say(Level::Warn, message);
    }
    Ok(())
}
