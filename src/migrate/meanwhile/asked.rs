//! One question that the lint has asked before, put to the data once more: what it refuses, and in which words.

use crate::db::{self, Begin, Session};
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Sink};
use crate::hazard::Unmet;
use crate::value::Value;

/// The code of what an allowance above another statement does not let go.
pub(in crate::migrate) const NOT_ALLOWED: &str = "not-allowed";

/// The code of what others have written since the lint.
pub(in crate::migrate) const WRITTEN_SINCE: &str = "written-since";

/// An allowance above another statement is none for this one.
fn not_allowed(told: &str, allowance: &str) -> Error {
    let message = format!(
        "{told}, which the allowance above another statement is not for (it wants its own: `allow {allowance}`); if no row \
         was met before, others have written since"
    );
    Error::new(Kind::Migration, message)
        .code(NOT_ALLOWED)
        .hint(format!(
            "if that is meant, put `-- dbscript: allow {allowance}` above the statement"
        ))
}

/// The SQLSTATE of a deadlock, by which a transaction may be undone.
const DEADLOCK: &str = "40001";

/// In which transaction a question is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// In one of its own, or below a savepoint: a question that fails would spoil the open one, where the server does not
    /// undo it by itself. Where it does, one of ours would end what the file itself has open.
    Apart,
    /// In one of its own that waits for what others have not committed.
    Waiting,
    /// In the open one, so that nobody changes what was counted before that ends.
    Holding,
}

/// Refuses what is met by now; tells the sink, if there is one, of what may go and has become more. Returns whether it was
/// answered.
///
/// # Errors
/// `Migration`, with what would be lost; a lock that is waited for too long, and a connection that broke.
pub(super) async fn refuse_met(
    session: &mut Session,
    unmet: &Unmet,
    how: How,
    sink: Option<&dyn Sink>,
) -> Result<bool> {
    let mut met = count(session, unmet, &unmet.asked, how).await?;
    if let (None, Some(instead)) = (met, &unmet.instead) {
        met = count(session, unmet, instead, how).await?;
    }
    // What cannot be asked any more is no reason to stop: the lint had its answer.
    let Some(met) = met else {
        return Ok(false);
    };
    if let Some(before) = unmet.before {
        if let Some(sink) = sink.filter(|_| met > before) {
            sink.send(&more(unmet, met, before));
        }
        return Ok(true);
    }
    if met == 0 {
        return Ok(true);
    }
    if let Some(allowance) = &unmet.only_then {
        return Err(not_allowed(&format!("{met} {}", unmet.told), allowance));
    }
    let message = format!(
        "by now {} ({met}), and none did when the data was asked: others have written since, which no backup holds",
        unmet.told
    );
    Err(Error::new(Kind::Migration, message)
        .code(WRITTEN_SINCE)
        .hint("run `dbscript run safe-migration` again: it sees these rows"))
}

/// What to say of rows that may go and were not there when the data was asked.
fn more(unmet: &Unmet, met: u64, before: u64) -> Event {
    Event::Alert {
        name: "written since".to_owned(),
        message: format!(
            "by now {} ({met}), {} more than when the data was asked: it was allowed, but what came after the backup is in none",
            unmet.told,
            met - before
        ),
        raised: false,
    }
}

/// The answer; `None` where there is none.
async fn count(session: &mut Session, unmet: &Unmet, asked: &str, how: How) -> Result<Option<u64>> {
    let begin = match how {
        How::Waiting => Some(Begin::Waiting),
        How::Apart if !session.engine().history_sql().commits_by_itself => Some(Begin::Read),
        How::Apart | How::Holding => None,
    };
    let held = match how {
        How::Holding => session.engine().holding(asked),
        How::Apart | How::Waiting => None,
    };
    if let Some(begin) = begin {
        session.begin(begin).await?;
    }
    let asked = held.as_deref().unwrap_or(asked);
    let answer = session.query(asked, &[], 1).await;
    if begin.is_some() {
        session.rollback().await?;
    }
    let rows = match answer {
        Ok(found) => found.rows,
        Err(error) if error.is_broken_connection() || is_of_locks(&error) => {
            return Err(error.into());
        }
        // This one has none yet.
        Err(error) if unmet.only_then.is_some() && how != How::Holding => return Err(error.into()),
        Err(_) => return Ok(None),
    };
    Ok(Some(match rows.first().and_then(|row| row.first()) {
        Some(Value::Int(number)) => u64::try_from(*number).unwrap_or(0),
        Some(Value::Float(number)) if *number >= 1.0 => 1,
        Some(Value::Decimal(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    }))
}

/// Whether it was others' locks that kept it from an answer.
fn is_of_locks(error: &db::Error) -> bool {
    match error {
        db::Error::Locked { .. } | db::Error::LockWait { .. } => true,
        db::Error::Statement { source } => source.code == DEADLOCK,
        _ => false,
    }
}
