//! The two functions of `backup` that call the script back: a rehearsal on a copy, and a way back if something fails.

use std::future::Future;

use rhai::{Dynamic, Map};

use super::{counts_of, saved_set, sink, store, tell_counts};
use crate::backup::{self, RestoreOptions, Restoring, Set};
use crate::db::{Beside, MayBeLeft, NEVER_INSIDE, Session, connection_broke};
use crate::error::{Error, Kind};
use crate::event::Level;
use crate::script::api::{Answer, Call};
use crate::script::fault::{Thrown, innermost};
use crate::script::host::Host;

/// Runs a closure on a restored copy.
pub(super) fn in_scratch(call: &Call<'_>) -> Answer {
    let host = call.host;
    let work = call.closure(1)?;
    if host.plan() {
        host.effect(
            "scratch",
            "restore the backup into a scratch database and rehearse there",
        )?;
        if host.exists()? {
            host.session(async |session: &mut Session| {
                session.refuse_beside(Beside::Scratch).await
            })
            .map_err(unproven)?;
        }
        return Ok(Dynamic::UNIT);
    }
    let set = saved_set(call, 0)?;
    let (folder, sink) = (host.backups().to_owned(), sink(host));
    let restore = backup::restore_into_scratch(&set, host.live_target(), &folder, &sink);
    let scratch = host.wait(restore).map_err(unproven)?;
    host.push_scratch(scratch.target().clone());
    let rehearsed = on_copy(call, &work);
    host.pop_scratch();
    let may_be_left = scratch.may_be_left();
    let left = match host.mend(scratch.close()) {
        Ok(()) => None,
        Err(error) => {
            // An error that is thrown tells of it itself, unless it is a stop, which nobody catches.
            if may_be_left.is_none() || rehearsed.is_ok() || host.stopped().is_some() {
                host.say(Level::Warn, stays(&error, may_be_left.as_ref()));
            }
            may_be_left
        }
    };
    rehearsed.map_err(|thrown| rehearsal_failed(thrown, left.as_ref(), host.meant().as_deref()))
}

/// What to say of a scratch database that could not be removed.
fn stays(error: &Error, left: Option<&MayBeLeft>) -> String {
    match left {
        Some(left) => format!("{} ({}): {}", left.message, error.chain(), left.hint),
        None => error.chain(),
    }
}

fn on_copy(call: &Call<'_>, work: &rhai::FnPtr) -> Answer {
    let orphans = call
        .host
        .session(async |session: &mut Session| session.orphans().await)?;
    call.host.knows_orphans(orphans);
    call.host.note_losses(&[]);
    call.host.note_broken_views();
    // Those that are so already are nobody's doing.
    call.host.new_behind()?;
    call.run(work, Vec::new())
}

/// A set that does not restore is no backup.
fn unproven(error: Error) -> Error {
    let broke = broke(error.kind.name(), error.code.as_deref());
    let mut error = match error.kind {
        Kind::Interrupted | Kind::Timeout => return error,
        // No right to make a scratch database says nothing of the set.
        Kind::Refused => error.context(
            Kind::Refused,
            "it cannot be rehearsed; nothing was migrated",
        ),
        _ => error.context(
            Kind::Backup,
            "the backup could not be restored into a scratch database; nothing was migrated",
        ),
    };
    error.hint = match (broke, error.hint.take()) {
        (true, Some(hint)) => Some(format!("{AGAIN}; {hint}")),
        (true, None) => Some(AGAIN.to_owned()),
        (false, None) => Some(MEND_FIRST.to_owned()),
        (false, hint) => hint,
    };
    error
}

/// The way out of a set that cannot be restored for what the database itself holds.
const MEND_FIRST: &str = "mend that in the database itself, and run this again: until then no restore of the whole takes a backup of it; where the migration is to mend it, `--rehearse off` goes without the copy";

/// The way out of a connection that broke.
const AGAIN: &str = "run this again once the server answers";

/// Whether there was no connection any more.
fn broke(kind: &str, code: Option<&str>) -> bool {
    kind == Kind::Connect.name() || code.is_some_and(connection_broke)
}

/// What went wrong on the copy is a refusal: the real database was not touched.
fn rehearsal_failed(thrown: Thrown, left: Option<&MayBeLeft>, meant: Option<&[String]>) -> Thrown {
    let refusal = |kind: &str, code: Option<&str>| Refusal::of(kind, code, left, meant);
    match thrown {
        Thrown::Error(mut error) => {
            let (kind, code) = (error.kind.name(), error.code.clone());
            if let Some(refusal) = refusal(kind, code.as_deref()) {
                error.kind = refusal.kind.unwrap_or(error.kind);
                error.message.insert_str(0, refusal.before);
                // What is left goes behind the causes.
                error.message = format!("{}{}", error.chain(), refusal.behind);
                error.source = None;
                error.hint = refusal.hint.or(error.hint);
            }
            Thrown::Error(error)
        }
        Thrown::Script(mut thrown) => {
            if let Some(mut map) = innermost(&mut thrown).and_then(Dynamic::write_lock::<Map>) {
                let text = |name: &str| map.get(name).map(ToString::to_string);
                let (kind, code) = (text("kind").unwrap_or_default(), text("code"));
                let message = text("message").unwrap_or_default();
                if let Some(refusal) = refusal(&kind, code.as_deref()) {
                    let Refusal { before, behind, .. } = &refusal;
                    map.insert(
                        "message".into(),
                        format!("{before}{message}{behind}").into(),
                    );
                    if let Some(kind) = refusal.kind {
                        map.insert("kind".into(), kind.name().into());
                    }
                    if let Some(hint) = refusal.hint {
                        map.insert("hint".into(), hint.into());
                    }
                }
            }
            Thrown::Script(thrown)
        }
    }
}

/// What a rehearsal's error becomes.
struct Refusal {
    /// `None`: it stays.
    kind: Option<Kind>,
    /// Goes before the message.
    before: &'static str,
    /// Goes behind it.
    behind: String,
    /// `None`: it stays.
    hint: Option<String>,
}

impl Refusal {
    /// Of an error of this kind and code, with what would allow the losses found; `None` where it stays as it is.
    fn of(
        kind: &str,
        code: Option<&str>,
        left: Option<&MayBeLeft>,
        meant: Option<&[String]>,
    ) -> Option<Self> {
        const PREFIX: &str = "the rehearsal failed, and the database was not touched: ";
        const MEND: &str =
            "nothing needs to be restored: correct what failed on the copy and run this again";
        let (broke, harmless) = (broke(kind, code), harmless(kind));
        if !broke && !harmless && left.is_none() {
            return None;
        }
        let behind = left.map_or(String::new(), |left| format!("; {}", left.message));
        // Its own hint speaks of a database that was changed.
        let hint = match (broke, harmless) {
            (true, _) => Some(format!("nothing needs to be restored: {AGAIN}")),
            // What the migration's own transaction counts says itself how to allow it; so does what runs in none.
            (false, true) if matches!(code, Some("rows-lost" | "orphans" | NEVER_INSIDE)) => None,
            (false, true) if kind == Kind::Integrity.name() => Some(how_to_allow(meant)),
            (false, true) => Some(MEND.to_owned()),
            (false, false) => None,
        };
        let hint = match (hint, left) {
            (Some(hint), Some(left)) => Some(format!("{hint}; {}", left.hint)),
            (hint, _) => hint,
        };
        Some(Refusal {
            kind: harmless.then_some(Kind::Refused),
            before: if broke || harmless { PREFIX } else { "" },
            behind,
            hint,
        })
    }
}

/// The way out of a loss.
fn how_to_allow(meant: Option<&[String]>) -> String {
    const CORRECT: &str =
        "nothing needs to be restored: correct what was lost on the copy and run this again";
    match meant {
        Some(all @ [first, rest @ ..]) => {
            let others = rest.iter().map(|other| format!(", `{other}`"));
            format!(
                "{CORRECT}; a loss that is meant is allowed above its statement: `-- dbscript: allow {first} why`{}; or pass `--allow '{}'`",
                others.collect::<String>(),
                all.join(",")
            )
        }
        _ => CORRECT.to_owned(),
    }
}

/// Kinds that speak of the database a closure worked on.
fn harmless(kind: &str) -> bool {
    [Kind::Migration, Kind::Integrity, Kind::Database]
        .iter()
        .any(|known| known.name() == kind)
}

/// Runs a closure; if it fails, the database goes back to the set, unless others wrote meanwhile.
pub(super) fn restore_on_failure(call: &Call<'_>) -> Answer {
    let host = call.host;
    let work = call.closure(1)?;
    if host.plan() {
        return call.run(&work, Vec::new());
    }
    let set = saved_set(call, 0)?;
    if host.in_scratch() {
        return call.run(&work, Vec::new());
    }
    match call.run(&work, Vec::new()) {
        Ok(answer) => Ok(answer),
        Err(thrown) => {
            go_back(call, &set)?;
            Err(thrown)
        }
    }
}

/// Restores the set if the database is as this run left it; a stop does not keep it from that.
fn go_back(call: &Call<'_>, set: &Set) -> Result<(), Thrown> {
    let host = call.host;
    let timestamp = set.timestamp().to_string();
    let command = format!("dbscript run restore --from {timestamp}");
    host.roll_back_all()?;
    let others_wrote = || {
        let message = "it failed, and others may have written to the database since the backup: nothing was restored over that";
        Error::new(Kind::Migration, message).hint(command.clone())
    };
    let Some((mut watching, marker)) = host.watched_since(set.timestamp())? else {
        return Err(others_wrote().into());
    };
    let (store, target, sink) = (store(host), host.target(), sink(host));
    let plan = async {
        let options = RestoreOptions::default();
        backup::restore::plan(&store, &timestamp, &target, &options, &sink).await
    };
    let plan = rescue(host, plan).map_err(|error| not_back(error, &command))?;
    let fill = async {
        let mut restoring = Restoring::begin(&plan, host.log(), sink.as_ref()).await?;
        // Asked under the write lock: whoever wrote before is seen, and nobody writes after.
        if watching.others_marker().await? != Some(marker) {
            return Ok(None);
        }
        drop(watching);
        restoring.fill(host.log(), &sink).await?;
        Ok::<_, Error>(Some(restoring))
    };
    let filled = rescue(host, fill).map_err(|error| not_back(error, &command))?;
    let mut restoring = filled.ok_or_else(others_wrote)?;
    let what = format!("the backup {timestamp}");
    host.conclude_restore(&what, restoring.commit(host.log(), &sink))
        .map_err(|error| not_back(error, &command))?;
    host.note_restored();
    host.note_whole_restored(&timestamp);
    tell_counts(host, "restore", Some(set), &counts_of(set));
    host.say(
        Level::Info,
        format!("it failed; the database is back at the backup {timestamp}"),
    );
    Ok(())
}

/// Waits for work that brings the database back. A stop leaves a few seconds; what needs more is undone.
fn rescue<T>(host: &Host, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    if host.stopped().is_some() {
        host.mend(work)
    } else {
        host.wait(work)
    }
}

/// The way back failed; the command is told.
fn not_back(error: Error, command: &str) -> Error {
    let message = "it failed, and going back to the backup failed too";
    error.context(Kind::Migration, message).hint(command)
}
