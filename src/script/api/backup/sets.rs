//! Making sets, looking at them, removing them.

use rhai::Dynamic;

use super::{counts, counts_of, map, number, sink, store, tell_counts};
use crate::backup::{self, CreateOptions, Created, Entry, Report, Set, State};
use crate::error::{Error, Kind};
use crate::migrate::HISTORY_TABLES;
use crate::script::api::{Answer, Call};
use crate::script::convert::to_dynamic;
use crate::value::Value;

pub(super) fn needed(call: &Call<'_>) -> Answer {
    if !call.host.exists()? {
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
    let is_history = |table: &&crate::db::Table| HISTORY_TABLES.contains(&table.name.name.as_str());
    let holds_more = catalog.tables.iter().any(|table| !is_history(&table))
        || catalog
            .not_included
            .iter()
            .any(|entry| entry.kind == "virtual table");
    if holds_more {
        return Ok(true.into());
    }
    // A history without a table of its own database is a database that lost its tables, unless it is empty too.
    for table in catalog.tables.iter().filter(is_history) {
        let rows = call
            .host
            .session(async |session: &mut crate::db::Session| session.count(&table.name).await)?;
        if rows > 0 {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

pub(super) fn create(call: &Call<'_>) -> Answer {
    let host = call.host;
    if host.target().names_schema() {
        // A schema that is not there would be an empty success.
        host.session(async |_: &mut crate::db::Session| Ok::<_, Error>(()))?;
    }
    let given = call.options(0);
    let options = CreateOptions {
        tables: given.texts("tables")?.filter(|tables| !tables.is_empty()),
        label: given.text("label"),
        readers: usize::try_from(given.int("jobs").unwrap_or(1)).unwrap_or(1),
        without_unread: false,
        verify: given.bool("verify"),
    };
    let (target, store) = (host.target(), store(host));
    if host.plan() {
        let plan = host.wait(backup::create::plan(&target, &store, &options))?;
        host.effect("backups", plan.to_string())?;
        if options.tables.as_ref().is_none_or(Vec::is_empty) {
            host.plan_set();
        }
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
    if options.tables.is_some() {
        // A table that is not there is told before anything is: exit 2 leaves no run log.
        host.wait(backup::create::plan(&target, &store, &options))?;
    }
    let marker = match host.in_scratch() {
        true => None,
        false => host.marker()?,
    };
    host.effect("backups", format!("back up {target}"))
        .map_err(|error| match error.kind {
            // The run log lies in the folder the backup would lie in.
            Kind::Io => error.context(Kind::Backup, "the backup did not begin"),
            _ => error,
        })?;
    let created = host.wait(backup::create(&target, &store, &options, &sink(host)))?;
    tell_counts(host, "backup", Some(&created.set), &counts_of(&created.set));
    if !host.in_scratch() && options.tables.is_none() {
        host.note_saved(created.set.timestamp());
        host.note_broken_views();
    }
    if let Some(marker) = marker {
        host.watch(created.set.timestamp(), marker);
    }
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
        ("counts", counts(counts_of(set).into_iter())),
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

pub(super) fn list(call: &Call<'_>) -> Answer {
    let listing = store(call.host).list().map_err(Error::from)?;
    Ok(to_dynamic(Value::List(
        listing.sets.iter().map(describe_entry).collect(),
    )))
}

pub(super) fn latest(call: &Call<'_>) -> Answer {
    let store = store(call.host);
    let of = store.origin(call.host.live_target());
    let newest = store.newest(&of).map_err(Error::from)?;
    Ok(newest.map_or(Dynamic::UNIT, |entry| to_dynamic(describe_entry(&entry))))
}

pub(super) fn verify(call: &Call<'_>) -> Answer {
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
        which => vec![meant(&store, which, host)?],
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

/// The set that a restore would take; where there are only those of other databases, the newest of these.
fn meant(
    store: &backup::Store,
    which: &str,
    host: &crate::script::host::Host,
) -> Result<Entry, Error> {
    let of = store.origin(host.live_target());
    match store.meant(which, Some(&of), host.sink()) {
        Err(backup::Error::OnlyOfOthers { timestamp, .. }) => {
            Ok(store.entry(&timestamp.to_string())?)
        }
        found => Ok(found?),
    }
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
