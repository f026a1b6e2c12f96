//! What to type next: one line for each thing that is not as it should be.

use std::collections::BTreeSet;

use crate::backup::{self, Listing, Store};
use crate::cli::settings::Settings;
use crate::db::{HALF_RESTORED, NOT_RESTORED};
use crate::event::counted;
use crate::migrate::{Evidence, HalfApplied, History, State};
use crate::storage::{Restoring, Unfinished};

/// What is known of the database itself.
pub(super) struct Known<'a> {
    /// What tells of its migrations: sets and run logs.
    pub(super) evidence: Evidence<'a>,
    /// Whether a whole restore swaps tables, outside any transaction.
    pub(super) swaps: bool,
    /// What it says is left of runs that were cut off.
    pub(super) leftovers: &'a [String],
}

/// The lines, in the order in which things should be mended.
pub(super) fn steps(
    settings: &Settings,
    history: Option<&History>,
    half: &[HalfApplied],
    listing: &Listing,
    unfinished: &[Unfinished],
    database: &Known<'_>,
) -> Vec<String> {
    let mut steps = Vec::new();
    steps.extend(lost(settings, listing, &database.evidence));
    for half in half {
        let HalfApplied {
            version,
            told,
            remedy,
            log,
        } = half;
        let log = settings.shown(log);
        steps.push(format!("migration {version} {told} (see {log}): {remedy}"));
    }
    // Of a migration that is told already the history knows less.
    let is_told = |history: &History| {
        let drifted = history
            .entries
            .iter()
            .find(|entry| !matches!(entry.state, State::Applied | State::Pending));
        drifted.is_some_and(|entry| half.iter().any(|half| half.version == entry.version))
    };
    let is_stuck = history.is_some_and(|history| {
        let mut entries = history.entries.iter();
        entries.any(|entry| entry.state == State::Failed)
    });
    if let Some(Err(drift)) = history
        .filter(|history| !is_told(history))
        .map(|history| history.refuse_drift(&database.evidence))
    {
        let drift = crate::error::Error::from(drift);
        let hint = drift.hint.clone().unwrap_or_default();
        steps.push(format!("{}: {hint}", drift.chain()));
    }
    let newest = unfinished.last();
    // To run it again helps only once what it left is mended.
    let newest = newest.filter(|newest| {
        let is_told = half.iter().any(|half| half.log == newest.path);
        let is_refused = is_stuck && !newest.running && newest.restoring().is_none();
        !is_told && !is_refused
    });
    steps.extend(newest.map(|newest| interrupted(settings, newest, database)));
    let damaged: Vec<&backup::Entry> = listing
        .sets
        .iter()
        .filter(|entry| entry.fault().is_some())
        .collect();
    steps.extend(damaged.first().map(|newest| damage(newest, damaged.len())));
    steps.extend(litter(settings, &listing.litter));
    steps
}

/// What can be done where the database is not there and backups of it are.
fn lost(settings: &Settings, listing: &Listing, evidence: &Evidence<'_>) -> Option<String> {
    if evidence.target.exists() {
        return None;
    }
    let origin = Store::open(&settings.backups).origin(evidence.target);
    let is_whole = |entry: &&backup::Entry| {
        let summary = entry.set().map(backup::Set::summary);
        entry.fault().is_none()
            && summary
                .is_some_and(|summary| !summary.is_partial() && origin.made(&summary.database))
    };
    let sets = listing.sets.iter().filter(is_whole).count();
    (sets > 0).then(|| {
        format!(
            "there is no database, but {} of it: if it is lost, and not only its disk or folder not there, `dbscript run restore` makes it again",
            counted(sets, "whole backup")
        )
    })
}

/// What can be done with damaged sets.
fn damage(newest: &backup::Entry, sets: usize) -> String {
    let what = match newest.set() {
        Some(_) => "keep it, its sound tables can be restored with `--tables`",
        None => "nothing can be restored from it without its summary",
    };
    let sets = match sets {
        1 => "1 backup is".to_owned(),
        more => format!("{more} backups are"),
    };
    format!(
        "{sets} damaged, the newest {}: {what}; make a new one: `dbscript run backup`",
        newest.timestamp
    )
}

fn interrupted(settings: &Settings, run: &Unfinished, database: &Known<'_>) -> String {
    let log = settings.shown(&run.path);
    let procedure = run.procedure().unwrap_or_default();
    if run.running {
        return format!("`{procedure}` is at work ({log}): wait for it");
    }
    let restoring = run.restoring();
    let from = match (&restoring, procedure.as_str()) {
        (Some(Restoring { set, tables: None }), "restore") => format!(" --from {set}"),
        (
            Some(Restoring {
                set,
                tables: Some(tables),
            }),
            "restore",
        ) => {
            format!(" --from {set} --tables {}", tables.join(","))
        }
        _ => String::new(),
    };
    let again = format!("`dbscript run {procedure}{from}`");
    let set = match restoring.filter(|_| database.swaps) {
        None => {
            return format!(
                "`{procedure}` was killed ({log}): what was in a transaction is rolled back; run it again: {again}"
            );
        }
        Some(Restoring {
            tables: Some(_), ..
        }) => {
            return format!(
                "`{procedure}` was killed ({log}): what was in a transaction is rolled back, but of tables without transactions the rows may be gone; run it again: {again}"
            );
        }
        Some(Restoring { set, tables: None }) => set,
    };
    let is_left = |what: &str| database.leftovers.iter().any(|left| left.contains(what));
    if is_left(HALF_RESTORED) {
        format!(
            "`{procedure}` was killed ({log}) while it put the backup {set} in place: {again} ends that first, then restores it again"
        )
    } else if is_left(NOT_RESTORED) {
        format!(
            "`{procedure}` was killed ({log}) before it changed anything; run it again: {again}"
        )
    } else {
        format!(
            "`{procedure}` was killed ({log}): the backup {set} is in, or nothing of it is; to be sure, run it again: {again}"
        )
    }
}

/// Leaves what is left behind: not what runs that are at work are just writing.
pub(super) fn left_behind(mut litter: Vec<String>, unfinished: &[Unfinished]) -> Vec<String> {
    // The names of logs begin with the time of their run, written as in the names of sets.
    let at_work = unfinished.iter().filter(|run| run.running);
    let began = at_work.filter_map(|run| run.path.file_name()?.to_str());
    if let Some(first) = began.min() {
        litter.retain(|name| moment(name).is_some_and(|moment| moment < first));
    }
    litter
}

/// The timestamp in the name of a set's file.
fn moment(name: &str) -> Option<&str> {
    let (_, rest) = name.rsplit_once("-backup-")?;
    rest.split('.').next()
}

/// The command that removes what killed backups left behind: the files of a set share its timestamp.
fn litter(settings: &Settings, litter: &[String]) -> Option<String> {
    if litter.is_empty() {
        return None;
    }
    let folder = settings.shown(&settings.backups);
    let patterns: BTreeSet<String> = litter
        .iter()
        .map(|name| match moment(name) {
            Some(moment) => format!("*{moment}*"),
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
