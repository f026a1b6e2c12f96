//! `backup`: sets, from making one to restoring it.

use std::sync::Arc;

use rhai::Dynamic;

use super::scratch::{in_scratch, restore_on_failure};
use super::{Accepts, Answer, Call, Form, Function, Key, Namespace, no_types, optional, required};
use crate::backup::{
    self, CreateOptions, Created, Entry, Mode, Report, RestoreOptions, Set, State, Store,
};
use crate::error::{Error, Kind};
use crate::event::Sink;
use crate::script::convert::to_dynamic;
use crate::script::fault::Thrown;
use crate::script::host::Host;
use crate::value::Value;

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
            doc: "Finds the newest complete set.",
            result: "a map as in `list`, or () if there is none",
            errors: "`io`",
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
            result: "a map: timestamp, tables (maps: table, change, now, then), dropped (names)",
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
            result: "a map: timestamp, counts, safety_backup (() if there was nothing to save)",
            errors: "`backup` if the safety backup fails, else as `plan`; the database is then as it was",
            body: restore,
        },
        Function {
            name: "prune",
            form: Form::Function,
            arguments: &[required(
                "keep_last",
                Accepts::Int,
                "how many complete sets stay, at least 1",
            )],
            right: Some("backups"),
            doc: "Removes older complete sets, and what killed backups left behind. Damaged sets are neither counted nor removed. Only told under `--plan`.",
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
    Ok(store(call.host)
        .find(&timestamp, call.host.sink())
        .map_err(Error::from)?)
}

fn needed(call: &Call<'_>) -> Answer {
    if !call.host.target().exists() {
        return Ok(false.into());
    }
    let catalog = call
        .host
        .session(async |session: &mut crate::db::Session| session.catalog().await)?;
    if catalog.tables.is_empty() && catalog.hides {
        let message = "the database shows no table, but may hide some for want of rights";
        return Err(Error::new(Kind::Refused, message)
            .hint("connect as the owner of the tables")
            .into());
    }
    Ok((!catalog.tables.is_empty()).into())
}

fn create(call: &Call<'_>) -> Answer {
    let host = call.host;
    let given = call.options(0);
    let options = CreateOptions {
        tables: given.texts("tables")?.filter(|tables| !tables.is_empty()),
        label: given.text("label"),
        readers: usize::try_from(given.int("jobs").unwrap_or(1)).unwrap_or(1),
        verify: given.bool("verify"),
    };
    let (target, store) = (host.target(), store(host));
    if host.plan() {
        let plan = host.wait(backup::create::plan(&target, &store, &options))?;
        host.effect("backups", plan.to_string())?;
        return Ok(to_dynamic(map([
            ("timestamp", "(planned)".into()),
            ("label", options.label.map_or(Value::Null, Value::Text)),
            ("files", Value::List(Vec::new())),
            ("counts", Value::Map(Vec::new())),
            ("rows", Value::Int(0)),
            ("bytes", Value::Int(0)),
            ("proof", Value::Null),
        ])));
    }
    if !host.in_scratch() {
        host.watch()?;
    }
    host.effect("backups", format!("back up {target}"))
        .map_err(|error| match error.kind {
            // The run log lies in the folder the backup would lie in.
            Kind::Io => error.context(Kind::Backup, "the backup did not begin"),
            _ => error,
        })?;
    let created = host.wait(backup::create(&target, &store, &options, &sink(host)))?;
    Ok(to_dynamic(describe(&created)))
}

fn describe(created: &Created) -> Value {
    let set = &created.set;
    let summary = set.summary();
    let files = summary.files().into_iter().map(Value::Text).collect();
    map([
        ("timestamp", set.timestamp().to_string().into()),
        (
            "label",
            summary.label.clone().map_or(Value::Null, Value::Text),
        ),
        ("files", Value::List(files)),
        (
            "counts",
            counts(
                summary
                    .tables
                    .iter()
                    .map(|table| (table.name.to_string(), table.rows)),
            ),
        ),
        ("rows", number(summary.rows())),
        ("bytes", number(summary.bytes())),
        (
            "proof",
            created
                .report
                .as_ref()
                .map_or(Value::Null, |report| report.proof().into()),
        ),
    ])
}

fn counts(tables: impl Iterator<Item = (String, u64)>) -> Value {
    Value::Map(tables.map(|(name, rows)| (name, number(rows))).collect())
}

fn describe_entry(entry: &Entry) -> Value {
    let state = match entry.state {
        State::Complete(_) => "complete",
        State::Damaged { .. } => "damaged",
        State::Unreadable { .. } => "unreadable",
    };
    let summary = entry.set().map(Set::summary);
    map([
        ("timestamp", entry.timestamp.to_string().into()),
        (
            "label",
            summary
                .and_then(|summary| summary.label.clone())
                .map_or(Value::Null, Value::Text),
        ),
        ("state", state.into()),
        (
            "rows",
            summary.map_or(Value::Null, |summary| number(summary.rows())),
        ),
        (
            "bytes",
            summary.map_or(Value::Null, |summary| number(summary.bytes())),
        ),
    ])
}

fn list(call: &Call<'_>) -> Answer {
    let listing = store(call.host).list().map_err(Error::from)?;
    Ok(to_dynamic(Value::List(
        listing.sets.iter().map(describe_entry).collect(),
    )))
}

fn latest(call: &Call<'_>) -> Answer {
    let listing = store(call.host).list().map_err(Error::from)?;
    let newest = listing
        .sets
        .iter()
        .find(|entry| matches!(entry.state, State::Complete(_)));
    Ok(newest.map_or(Dynamic::UNIT, |entry| to_dynamic(describe_entry(entry))))
}

fn verify(call: &Call<'_>) -> Answer {
    let host = call.host;
    let which = call.text(0);
    let store = store(host);
    let entries = match which.as_str() {
        "all" => {
            let sets = store.list().map_err(Error::from)?.sets;
            if sets.is_empty() {
                // The error that says there is none, and what to do.
                store.entry("latest").map_err(Error::from)?;
            }
            sets
        }
        which => vec![store.entry(which).map_err(Error::from)?],
    };
    let mut problems = Vec::new();
    let mut proofs = Vec::new();
    for entry in &entries {
        let report = host.wait(backup::verify_entry(entry, &sink(host)))?;
        problems.extend(describe_problems(&report));
        if report.is_sound() {
            proofs.push(format!("{}: {}", entry.timestamp, report.proof()));
        }
    }
    let timestamp = match &entries[..] {
        [one] => one.timestamp.to_string(),
        _ => "all".to_owned(),
    };
    Ok(to_dynamic(map([
        ("timestamp", timestamp.into()),
        ("problems", Value::List(problems)),
        ("proof", proofs.join("\n").into()),
    ])))
}

fn describe_problems(report: &Report) -> Vec<Value> {
    let describe = |problem: &backup::Problem| {
        map([
            ("file", problem.file.clone().into()),
            (
                "table",
                problem.table.clone().map_or(Value::Null, Value::Text),
            ),
            ("row", problem.row.map_or(Value::Null, number)),
            ("message", problem.to_string().into()),
        ])
    };
    report.problems.iter().map(describe).collect()
}

fn restore_options(call: &Call<'_>) -> Result<(String, RestoreOptions), Thrown> {
    let given = call.options(0);
    let mode = given.text("mode").unwrap_or_else(|| "replace".to_owned());
    let options = RestoreOptions {
        tables: given.texts("tables")?.filter(|tables| !tables.is_empty()),
        mode: Mode::from_name(&mode).map_err(Error::from)?,
        create: false,
    };
    Ok((
        given.text("from").unwrap_or_else(|| "latest".to_owned()),
        options,
    ))
}

fn make_plan(call: &Call<'_>) -> Result<backup::RestorePlan, Thrown> {
    let (from, options) = restore_options(call)?;
    let host = call.host;
    Ok(host.wait(backup::restore::plan(
        &store(host),
        &from,
        &host.target(),
        &options,
        &sink(host),
    ))?)
}

fn plan(call: &Call<'_>) -> Answer {
    let plan = make_plan(call)?;
    let mut dropped = Vec::new();
    let mut tables = Vec::new();
    for (name, change) in &plan.tables {
        let (what, now, then) = match change {
            backup::Change::Create { rows } => ("create", Value::Null, number(*rows)),
            backup::Change::Replace { now, then } => ("replace", number(*now), number(*then)),
            backup::Change::Drop { now } => {
                dropped.push(Value::Text(name.to_string()));
                ("drop", number(*now), Value::Null)
            }
        };
        tables.push(map([
            ("table", name.to_string().into()),
            ("change", what.into()),
            ("now", now),
            ("then", then),
        ]));
    }
    dropped.extend(plan.objects.iter().cloned().map(Value::Text));
    Ok(to_dynamic(map([
        ("timestamp", plan.set.timestamp().to_string().into()),
        ("tables", Value::List(tables)),
        ("dropped", Value::List(dropped)),
    ])))
}

fn restore(call: &Call<'_>) -> Answer {
    let host = call.host;
    host.require("backups")?;
    let plan = make_plan(call)?;
    let timestamp = plan.set.timestamp().to_string();
    host.release_session()?;
    if !host.effect("db:write", plan.to_string())? {
        return Ok(to_dynamic(restored(
            &timestamp,
            Value::Map(Vec::new()),
            None,
        )));
    }
    let (store, sink) = (store(host), sink(host));
    let work = backup::restore_with_safety_backup(&plan, &store, host.log(), &sink);
    let (safety, done) = host.wait(work)?;
    let safety = safety.map(|created| created.set.timestamp().to_string());
    Ok(to_dynamic(restored(
        &timestamp,
        counts(done.counts.into_iter()),
        safety,
    )))
}

fn restored(timestamp: &str, counts: Value, safety: Option<String>) -> Value {
    map([
        ("timestamp", timestamp.into()),
        ("counts", counts),
        ("safety_backup", safety.map_or(Value::Null, Value::Text)),
    ])
}

fn prune(call: &Call<'_>) -> Answer {
    let host = call.host;
    let keep = usize::try_from(call.int(0))
        .ok()
        .filter(|keep| *keep > 0)
        .ok_or_else(|| {
            Error::new(Kind::Usage, "`keep_last` is at least 1")
                .hint("the last backup is never pruned")
        })?;
    let plan = backup::PrunePlan::keep_last(&store(host), keep)?;
    if host.effect("backups", plan.to_string())? {
        plan.apply()?;
    }
    let list = |entries: &[(String, String)]| {
        let describe = |(name, reason): &(String, String)| {
            map([
                ("name", name.clone().into()),
                ("reason", reason.clone().into()),
            ])
        };
        Value::List(entries.iter().map(describe).collect())
    };
    Ok(to_dynamic(map([
        ("kept", list(&plan.kept)),
        ("removed", list(&plan.removed)),
    ])))
}
