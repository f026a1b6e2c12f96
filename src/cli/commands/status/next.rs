//! What to type next: one line for each thing that is not as it should be.

use std::collections::BTreeSet;

use crate::backup::{Entry, Listing};
use crate::cli::settings::Settings;
use crate::event::counted;
use crate::migrate::{History, State};
use crate::storage::{self, Unfinished};

/// What a migration file's run left behind where it is not in the history: it ran outside a transaction.
pub(super) struct HalfApplied {
    /// Its version.
    pub(super) version: i64,
    /// In words, with the log that knows.
    pub(super) told: String,
}

/// The pending migrations that run outside a transaction and were begun.
pub(super) fn half_applied(settings: &Settings, history: &History) -> Vec<HalfApplied> {
    let runs = settings.backups.join("runs");
    let outside = history.entries.iter().filter(|entry| {
        let migration = entry.migration.as_ref();
        matches!(entry.state, State::Pending | State::OutOfOrder)
            && migration.is_some_and(|migration| migration.no_transaction)
    });
    outside
        .filter_map(|entry| {
            let file = &entry.migration.as_ref()?.file;
            let reached = storage::reached(&runs, file)?;
            let begun = reached.begun.map_or(String::new(), |line| {
                format!(", that of line {line} did not end")
            });
            Some(HalfApplied {
                version: entry.version,
                told: format!(
                    "migration {} is half applied: the statements of {file} up to line {} are done and stay{begun} (see {})",
                    entry.version,
                    reached.done,
                    settings.shown(&reached.path)
                ),
            })
        })
        .collect()
}

/// The lines, in the order in which things should be mended.
pub(super) fn steps(
    settings: &Settings,
    history: Option<&History>,
    half: &[HalfApplied],
    listing: &Listing,
    unfinished: &[Unfinished],
) -> Vec<String> {
    let mut steps = Vec::new();
    for half in half {
        steps.push(format!(
            "{}: undo them by hand, or go back to the backup made before: `dbscript run restore`",
            half.told
        ));
    }
    if let Some(Err(drift)) = history.map(History::refuse_drift) {
        let drift = crate::error::Error::from(drift);
        let hint = drift.hint.clone().unwrap_or_default();
        steps.push(format!("{}: {hint}", drift.chain()));
    }
    steps.extend(
        unfinished
            .last()
            .map(|newest| interrupted(settings, newest)),
    );
    let damaged: Vec<&Entry> = listing
        .sets
        .iter()
        .filter(|entry| entry.fault().is_some())
        .collect();
    if let Some(newest) = damaged.first() {
        steps.push(format!(
            "{} damaged, the newest {}: keep it, its sound tables can be restored with `--tables`; make a new one: `dbscript run backup`",
            match damaged.len() {
                1 => "1 backup is".to_owned(),
                more => format!("{more} backups are"),
            },
            newest.timestamp
        ));
    }
    steps.extend(litter(settings, &listing.litter));
    steps
}

fn interrupted(settings: &Settings, run: &Unfinished) -> String {
    let log = settings.shown(&run.path);
    let procedure = run.procedure().unwrap_or_default();
    match run.running {
        true => format!("`{procedure}` is at work ({log}): wait for it"),
        false => format!(
            "`{procedure}` was killed ({log}): what was in a transaction is rolled back; run it again: `dbscript run {procedure}`"
        ),
    }
}

/// The command that removes what killed backups left behind: the files of a set share its timestamp.
fn litter(settings: &Settings, litter: &[String]) -> Option<String> {
    if litter.is_empty() {
        return None;
    }
    let folder = settings.shown(&settings.backups);
    let patterns: BTreeSet<String> = litter
        .iter()
        .map(|name| match name.rsplit_once("-backup-") {
            Some((_, rest)) => format!("*{}*", rest.split('.').next().unwrap_or(rest)),
            None => name.clone(),
        })
        .collect();
    let patterns: Vec<String> = patterns
        .into_iter()
        .map(|pattern| format!("{folder}/{pattern}"))
        .collect();
    Some(format!(
        "{} left behind by a backup that was killed; once no backup runs: `rm {}`",
        counted(litter.len(), "file"),
        patterns.join(" ")
    ))
}
