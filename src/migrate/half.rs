//! Migrations that were begun and did not come to their end: how far, as the run logs know. The history says that they
//! were begun, so that none is applied once more; it does not know the statements that are done.

use std::path::PathBuf;

use super::way_back::{self, Evidence};
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
    /// The migrations that are half applied, as far as run logs know them.
    pub fn half_applied(&self, evidence: &Evidence<'_>) -> Vec<HalfApplied> {
        let told = |entry: &Entry| half_applied(entry, evidence);
        self.entries.iter().filter_map(told).collect()
    }

    /// The sets that were made before migrations which were begun and did not come to their end, each with the version.
    pub fn ways_back(&self, evidence: &Evidence<'_>) -> Vec<(i64, String)> {
        let begun = self.entries.iter();
        let begun = begun.filter(|entry| entry.state == State::Failed);
        let back = |entry: &Entry| Some((entry.version, evidence.set_before(entry)?));
        begun.filter_map(back).collect()
    }
}

/// What run logs know of a migration that is half applied.
pub(super) fn half_applied(entry: &Entry, evidence: &Evidence<'_>) -> Option<HalfApplied> {
    if entry.state != State::Failed {
        return None;
    }
    let migration = entry.migration.as_ref();
    let reached = evidence.reached(entry.version, migration)?;
    let set = evidence.set_before(entry);
    let by_itself = migration.is_none_or(|migration| !migration.no_transaction);
    let mut told = how_far(&reached, by_itself);
    if migration.is_none() {
        told.push_str(", and its file is missing");
    }
    Some(HalfApplied {
        version: entry.version,
        told,
        remedy: way_back::remedy(set.as_deref(), entry.version),
        log: reached.path,
    })
}

/// How far it came. `by_itself`: what of it stays the database decides, statement by statement.
fn how_far(reached: &Reached, by_itself: bool) -> String {
    let file = &reached.file;
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
