//! Migrations that are half applied though no history says so: those that run outside a transaction, of which the run
//! logs know the statements that are done. To apply them once more would do these twice.

use std::path::PathBuf;

use super::way_back::{Evidence, WayBack};
use super::{Entry, History, State};
use crate::storage::Reached;

/// What a migration left behind that did not come to its end and that no rollback undid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HalfApplied {
    /// Its version.
    pub version: i64,
    /// How far it came, in words that follow `migration 4`.
    pub told: String,
    /// What to do about it.
    pub remedy: String,
    /// The log that knows.
    pub log: PathBuf,
}

impl History {
    /// Marks the migrations that are not in the history though run logs know them to be half applied.
    #[must_use]
    pub fn held_against(mut self, evidence: &Evidence<'_>) -> History {
        for entry in &mut self.entries {
            if matches!(entry.state, State::Pending | State::OutOfOrder)
                && left(entry, evidence).is_some()
            {
                entry.state = State::HalfApplied;
            }
        }
        self
    }

    /// The migrations that are half applied, as far as run logs know: those marked so, and those that the history has as
    /// begun.
    pub fn half_applied(&self, evidence: &Evidence<'_>) -> Vec<HalfApplied> {
        let told = |entry: &Entry| half_applied(entry, evidence);
        self.entries.iter().filter_map(told).collect()
    }
}

/// What is left of a migration that is not in the history as applied: all that runs in a transaction is rolled back.
fn left(entry: &Entry, evidence: &Evidence<'_>) -> Option<Reached> {
    let migration = entry.migration.as_ref()?;
    let stays = entry.state == State::Failed || migration.no_transaction;
    stays.then(|| evidence.reached(migration)).flatten()
}

/// What run logs know of a migration that is half applied.
pub(super) fn half_applied(entry: &Entry, evidence: &Evidence<'_>) -> Option<HalfApplied> {
    let is_recorded = match entry.state {
        State::Failed => true,
        State::HalfApplied => false,
        _ => return None,
    };
    let reached = left(entry, evidence)?;
    let file = &entry.migration.as_ref()?.file;
    let way_back = WayBack {
        set: evidence.set_before(entry),
        recorded: is_recorded,
    };
    Some(HalfApplied {
        version: entry.version,
        told: how_far(file, &reached, is_recorded),
        remedy: way_back.remedy(entry.version),
        log: reached.path,
    })
}

/// How far it came. `by_itself`: what of it stays the database decides, statement by statement.
fn how_far(file: &str, reached: &Reached, by_itself: bool) -> String {
    let line = |line: Option<u64>| line.map(|line| line.to_string());
    let (done, begun) = (line(reached.done), line(reached.begun));
    let cut_off = |line| format!("that of line {line} did not end");
    match (done, begun) {
        (Some(done), begun) => {
            let stays = match by_itself {
                true => "ran, and what the database commits by itself of them stays",
                false => "are done and stay",
            };
            let begun = begun.map_or(String::new(), |line| format!("; {}", cut_off(line)));
            format!("is half applied: the statements of {file} up to line {done} {stays}{begun}")
        }
        (None, begun) => format!(
            "may be half applied: of the statements of {file} {}, and it is not known whether it took effect",
            cut_off(begun.unwrap_or_default())
        ),
    }
}
