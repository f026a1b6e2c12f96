//! The way back from a migration that stays half done: the very backup made before it. The newest one may be a nightly
//! one, of what the migration has left.

use std::path::Path;

use super::{Entry, HISTORY_TABLES, Migration};
use crate::backup::{Set, State as SetState, Store};
use crate::clock::{Timestamp, parse_date};
use crate::db::Target;
use crate::storage::{self, Reached, Sought};

/// Where a run can go back to that applies migrations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WayBack {
    /// The backup set that it made before, by its timestamp, if it made one.
    pub set: Option<String>,
    /// Whether statements commit by themselves there, so that the history has as begun whatever may be half done.
    pub commits_by_itself: bool,
}

impl WayBack {
    /// What helps where a migration is half done.
    pub fn remedy(&self, version: i64) -> String {
        remedy(self.set.as_deref(), version)
    }

    /// Whether the history has a migration as begun before anything of it is done.
    pub fn announces(&self, in_transaction: bool) -> bool {
        self.commits_by_itself || !in_transaction
    }

    /// What helps where nobody knows.
    pub fn look(&self, version: i64, in_transaction: bool) -> String {
        let look = "see with `dbscript status` what is in";
        match (&self.set, self.announces(in_transaction)) {
            (Some(set), _) => {
                format!(
                    "{look}; to go back to the backup made before it: {}",
                    restore(set)
                )
            }
            (None, true) => format!(
                "{look}, undo by hand what took effect, then {}; {NO_SET}",
                resolve(version)
            ),
            (None, false) => format!("{look}, and undo by hand what took effect; {NO_SET}"),
        }
    }
}

/// What helps where a migration is half done, with the set made before it.
pub(super) fn remedy(set: Option<&str>, version: i64) -> String {
    let by_hand = format!("undo those statements by hand, then {}", resolve(version));
    match set {
        Some(set) => {
            let back = restore(set);
            format!("go back to the backup made before it: {back}; or {by_hand}")
        }
        None => format!("{by_hand}; {NO_SET}"),
    }
}

const NO_SET: &str = "there is no backup made before it to go back to";

/// The command that restores a set.
pub(super) fn restore(set: &str) -> String {
    format!("`dbscript run restore --from {set}`")
}

/// The command that records that a migration is undone.
pub(super) fn resolve(version: i64) -> String {
    format!("`dbscript run resolve --migration {version} --state rolled-back`")
}

/// The command that records that the rest of a migration is done.
pub(super) fn resolve_as_applied(version: i64) -> String {
    format!("`dbscript run resolve --migration {version} --state applied`")
}

/// What lies beside a database and tells of its migrations: backup sets and run logs.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The folder of backups.
    pub backups: &'a Path,
    /// The database.
    pub target: &'a Target,
}

impl Evidence<'_> {
    /// How far the newest run came that began a migration and left something of it, whatever its file was called then.
    pub fn reached(&self, version: i64, migration: Option<&Migration>) -> Option<Reached> {
        let sought = |file| {
            let sought = Sought {
                database: self.target.shown(),
                version,
                file,
            };
            storage::reached(&self.backups.join("runs"), sought)
        };
        let known = migration.and_then(|migration| sought(Some(migration.file.as_str())));
        known.or_else(|| sought(None))
    }

    /// The newest whole set that was made of this database before a migration began: the one that the run made that
    /// began it, as its log says, else by what the sets say of the history and by their times. What cannot be looked at
    /// is none.
    pub fn set_before(&self, entry: &Entry) -> Option<String> {
        let store = Store::open(self.backups);
        let origin = store.origin(self.target);
        let sets = store.list().ok()?.sets;
        let sound = sets.iter().filter_map(|entry| match &entry.state {
            SetState::Complete(set) => Some(set),
            _ => None,
        });
        let sound: Vec<&Set> = sound
            .filter(|set| origin.made(&set.summary().database) && !set.summary().is_partial())
            .collect();
        let run = self.reached(entry.version, entry.migration.as_ref());
        if let Some(set) = run.as_ref().and_then(|run| run.set.clone())
            && sound.iter().any(|one| one.timestamp().to_string() == set)
        {
            return Some(set);
        }
        let begun = entry.applied_at.as_deref().and_then(moment);
        let begun = begun.or_else(|| run.and_then(|run| begun_by(&run.path)))?;
        let before = sound
            .into_iter()
            .find(|set| set.timestamp() <= begun && is_before(set, entry.version))?;
        Some(before.timestamp().to_string())
    }
}

/// The moment in a history, which is cut to seconds, at its end.
fn moment(text: &str) -> Option<Timestamp> {
    let second = parse_date(text).ok()?;
    Some(Timestamp::from(
        second + chrono::TimeDelta::milliseconds(999),
    ))
}

/// When a run began, as its log's name says.
fn begun_by(log: &Path) -> Option<Timestamp> {
    let name = log.file_name()?.to_str()?;
    let (moment, _) = name.split_once("Z-")?;
    format!("{moment}Z").parse().ok()
}

/// Whether the history in a set has neither this migration nor one that was begun and did not finish.
fn is_before(set: &Set, version: i64) -> bool {
    let summary = set.summary();
    let applied = summary
        .migrations
        .as_ref()
        .map_or(&[][..], |migrations| &migrations.applied);
    let history = summary
        .tables
        .iter()
        .find(|table| table.name.name == HISTORY_TABLES[0]);
    let recorded = history.map_or(0, |table| table.rows);
    recorded <= applied.len() as u64 && applied.iter().all(|one| one.version != version.to_string())
}
