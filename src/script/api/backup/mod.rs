//! `backup`: sets, from making one to restoring it.

mod pruning;
mod restoring;
mod scratch;
mod sets;

use std::sync::Arc;

use super::{Accepts, Call, Form, Function, Key, Namespace, no_types, optional, required};
use crate::backup::{Set, Store};
use crate::error::{Error, Kind};
use crate::event::{Event, Sink};
use crate::migrate::HISTORY_TABLES;
use crate::script::fault::Thrown;
use crate::script::host::Host;
use crate::value::Value;
use pruning::prune;
use restoring::{plan, restore};
use scratch::{in_scratch, restore_on_failure};
use sets::{create, latest, list, needed, verify};

const SAVED: &str = "what `backup::create` returned, or a timestamp";

/// What `backup::restore` and `backup::plan` take.
const RESTORE_OPTIONS: &[Key] = &[
    Key {
        name: "from",
        accepts: Accepts::TextOrUnit,
        doc: "`latest` (the default) or a timestamp",
    },
    Key {
        name: "tables",
        accepts: Accepts::ListOrUnit,
        doc: "only the rows of these tables; all if empty",
    },
    Key {
        name: "mode",
        accepts: Accepts::TextOrUnit,
        doc: "`replace`: what is there makes way",
    },
];

/// What `backup::create` takes.
const CREATE_OPTIONS: &[Key] = &[
    Key {
        name: "tables",
        accepts: Accepts::ListOrUnit,
        doc: "only these tables; all if empty",
    },
    Key {
        name: "label",
        accepts: Accepts::TextOrUnit,
        doc: "a word that tells it from others",
    },
    Key {
        name: "jobs",
        accepts: Accepts::Int,
        doc: "connections to read with",
    },
    Key {
        name: "verify",
        accepts: Accepts::Bool,
        doc: "read it back; one that does not verify is removed",
    },
];

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "backup",
    doc: "Backup sets: made, listed, verified, restored, rehearsed on.",
    functions: &[
        Function {
            name: "needed",
            form: Form::Function,
            arguments: &[],
            right: None,
            doc: "Whether there is anything to back up: not where the database is missing, or has neither a table nor a migration history.",
            result: "a bool",
            errors: "`connect`; `refused` if the database may hide tables for want of rights",
            body: needed,
        },
        Function {
            name: "create",
            form: Form::Function,
            arguments: &[optional("options", Accepts::Options(CREATE_OPTIONS), "how")],
            right: Some("backups"),
            doc: "Makes a backup set: every table at one point in time, the schema, a sealed summary. Only told under `--plan`.",
            result: "a map: timestamp, label, files, counts, rows, bytes, proof (() if it was not verified)",
            errors: "`backup` if it fails; nothing of it is then kept",
            body: create,
        },
        Function {
            name: "list",
            form: Form::Function,
            arguments: &[],
            right: None,
            doc: "Lists the sets, newest first.",
            result: "an array of maps: timestamp, label, state (complete, damaged, unreadable), rows, bytes",
            errors: "`io`",
            body: list,
        },
        Function {
            name: "latest",
            form: Form::Function,
            arguments: &[],
            right: None,
            doc: "Finds the newest set of this database. An older one is never taken for it.",
            result: "a map as in `list`, or () if there is none",
            errors: "`integrity` if it is damaged; `io`",
            body: latest,
        },
        Function {
            name: "verify",
            form: Form::Function,
            arguments: &[required(
                "which",
                Accepts::Text,
                "`latest`, `all` or a timestamp",
            )],
            right: None,
            doc: "Reads a set back: seal, sizes, hashes, counts, every row against its column.",
            result: "a map: timestamp, problems (an array of maps: file, table, row, message), proof",
            errors: "`usage` for an unknown timestamp or no backup at all; damage is no error but a problem",
            body: verify,
        },
        Function {
            name: "plan",
            form: Form::Function,
            arguments: &[optional(
                "options",
                Accepts::Options(RESTORE_OPTIONS),
                "what to restore",
            )],
            right: None,
            doc: "Says what a restore would do, and proves that the set is whole.",
            result: "a map: timestamp, tables (maps: table, change, now, then), dropped (names), pending (migrations that are applied now and not in the backup), written_meanwhile (as of `restore`, of one that was cut off and is ended first)",
            errors: "`usage`, `integrity` for a damaged set, `refused` for a table that differs",
            body: plan,
        },
        Function {
            name: "restore",
            form: Form::Function,
            arguments: &[optional(
                "options",
                Accepts::Options(RESTORE_OPTIONS),
                "what to restore",
            )],
            right: Some("db:write"),
            doc: "Backs up what is there, then restores in one transaction. Only told under `--plan`.",
            result: "a map: timestamp, counts, safety_backup (() if there was nothing to save), written_meanwhile (() or a map: the tables that other programs wrote to while the restore was put in place, and the database that keeps what they wrote)",
            errors: "`backup` if the safety backup fails, else as `plan`; the database is then as it was",
            body: restore,
        },
        Function {
            name: "prune",
            form: Form::Function,
            arguments: &[required(
                "keep_last",
                Accepts::IntOrUnit,
                "how many whole sets of each database stay, at least 1; () for what `[retention]` in `dbscript.toml` says, else all",
            )],
            right: Some("backups"),
            doc: "Removes the complete sets older than those that stay, and what killed backups left behind. Safety backups, sets of some tables and damaged sets are not counted, damaged sets never removed. Only told under `--plan`.",
            result: "a map: kept and removed, arrays of maps: name, reason",
            errors: "`usage` for fewer than 1; `io`",
            body: prune,
        },
        Function {
            name: "in_scratch",
            form: Form::Function,
            arguments: &[
                required("saved", Accepts::Any, SAVED),
                required(
                    "work",
                    Accepts::Closure,
                    "what is rehearsed: `db`, `migrate` and `integrity` work on the copy",
                ),
            ],
            right: Some("scratch"),
            doc: "Restores a set into a scratch database and runs a closure on it; the scratch database is then removed. Not run under `--plan`.",
            result: "what the closure returns; () under `--plan`",
            errors: "`backup` if the set does not restore; `refused` for what fails in the closure, as the real database is untouched",
            body: in_scratch,
        },
        Function {
            name: "restore_on_failure",
            form: Form::Function,
            arguments: &[
                required("saved", Accepts::Any, SAVED),
                required("work", Accepts::Closure, "what must succeed"),
            ],
            right: Some("db:write"),
            doc: "Runs a closure; if it fails or the run is stopped, restores the set, but only if nobody else has written since.",
            result: "what the closure returns",
            errors: "what the closure throws; `migration` if others have written, with the command that restores",
            body: restore_on_failure,
        },
    ],
    types: no_types,
};

/// The backups folder of a run.
pub(super) fn store(host: &Host) -> Store {
    Store::open(host.backups())
}

/// The run's sink, for work that goes on in other threads.
pub(super) fn sink(host: &Host) -> Arc<dyn Sink> {
    Arc::clone(&host.context().sink)
}

/// A map's entries.
pub(super) fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(
        entries
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

/// A count as scripts see it.
pub(super) fn number(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The set a script means by `saved`.
pub(super) fn saved_set(call: &Call<'_>, index: usize) -> Result<Set, Thrown> {
    let given = call.dynamic(index);
    let timestamp = match given.read_lock::<rhai::Map>() {
        Some(map) => map.get("timestamp").map(ToString::to_string),
        None => Some(given.to_string()),
    };
    let timestamp =
        timestamp.ok_or_else(|| Error::new(Kind::Script, "`saved` has no `timestamp`"))?;
    let store = store(call.host);
    let of = store.origin(call.host.live_target());
    let found = store.find(&timestamp, Some(&of), call.host.sink());
    Ok(found.map_err(Error::from)?)
}

/// Tells how many rows the tables of the live database have; those of migration histories are not its own.
pub(super) fn tell_counts(
    host: &Host,
    of: &'static str,
    set: Option<&Set>,
    tables: &[(String, u64)],
) {
    if host.in_scratch() {
        return;
    }
    let own = tables.iter().filter(|(name, _)| {
        let bare = name.rsplit('.').next().unwrap_or(name);
        !HISTORY_TABLES.contains(&bare)
    });
    host.sink().send(&Event::Counts {
        of,
        set: set.map(|set| set.timestamp().to_string()),
        tables: Value::Map(
            own.map(|(name, rows)| (name.clone(), number(*rows)))
                .collect(),
        ),
    });
}

/// The tables of a set with their rows.
pub(super) fn counts_of(set: &Set) -> Vec<(String, u64)> {
    let tables = set.summary().tables.iter();
    tables
        .map(|table| (set.label(&table.name), table.rows))
        .collect()
}

/// Counts by table.
fn counts(tables: impl Iterator<Item = (String, u64)>) -> Value {
    Value::Map(tables.map(|(name, rows)| (name, number(rows))).collect())
}
