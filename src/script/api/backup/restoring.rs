//! What a restore would do, and doing it.

use std::sync::Arc;

use super::{counts, counts_of, map, number, sink, store, tell_counts};
use crate::backup::{self, Creation, Mode, RestoreOptions, Restoring, Set};
use crate::db::{Overtaken, Session};
use crate::error::{Error, Kind};
use crate::event::{Event, Level, Silent, Sink};
use crate::script::api::{Answer, Call};
use crate::script::context::Answer as Reply;
use crate::script::convert::to_dynamic;
use crate::script::fault::Thrown;
use crate::script::host::Host;
use crate::value::Value;

fn restore_options(call: &Call<'_>) -> Result<(String, RestoreOptions), Thrown> {
    let given = call.options(0);
    let mode = given.text("mode").unwrap_or_else(|| "replace".to_owned());
    let options = RestoreOptions {
        tables: given.texts("tables")?.filter(|tables| !tables.is_empty()),
        mode: Mode::from_name(&mode).map_err(Error::from)?,
        create: Creation::Lost,
    };
    Ok((
        given.text("from").unwrap_or_else(|| "latest".to_owned()),
        options,
    ))
}

/// Ends a restore that was cut off while it was put in place, so that what is planned is of what will be there. Whoever
/// only plans is told, and who may not restore ends nothing. Returns what others wrote when that restore was put in place.
fn end_half_done(
    host: &Host,
    from: &str,
    options: &RestoreOptions,
) -> Result<Option<Overtaken>, Error> {
    if host.in_scratch() || !host.exists()? {
        return Ok(None);
    }
    let found = host.session(async |session: &mut Session| session.refuse_half_restored().await);
    let Err(error) = found else {
        return Ok(None);
    };
    if error.kind != Kind::Refused {
        return Err(error);
    }
    if host.plan() || host.require("db:write").is_err() {
        host.say(
            Level::Warn,
            format!(
                "{}: a restore ends that first, and what it then replaces and drops may be more than is told here",
                error.message
            ),
        );
        return Ok(None);
    }
    host.wait(backup::restore::refuse_rightless(
        &store(host),
        from,
        &host.target(),
        options,
    ))?;
    let question = format!("{}. End that first?", error.message);
    match host.ask(&question)? {
        Reply::Yes => {}
        Reply::No => {
            return Err(Error::new(Kind::Refused, "not confirmed").hint("nothing was changed"));
        }
        Reply::Nobody => {
            return Err(
                Error::new(Kind::Refused, format!("nobody can be asked: {question}"))
                    .hint("run it at a terminal, or answer beforehand with `--yes`"),
            );
        }
    }
    host.release_session()?;
    host.log().announce(&Event::Log {
        level: Level::Info,
        message: "end the restore that was cut off".to_owned(),
        data: None,
    })?;
    host.wait(backup::end_half_done(&host.target(), &sink(host)))
}

fn make_plan(call: &Call<'_>) -> Result<(backup::RestorePlan, Option<Overtaken>), Thrown> {
    let (from, options) = restore_options(call)?;
    let host = call.host;
    let overtaken = end_half_done(host, &from, &options)?;
    let tables = options.tables.as_deref();
    // Planned again right before it is done: what there is to say of it was said.
    let sink: Arc<dyn Sink> = match host.is_planned(&from, tables) {
        true => Arc::new(Silent),
        false => sink(host),
    };
    let (store, target) = (store(host), host.target());
    let plan = host.wait(backup::restore::plan(
        &store, &from, &target, &options, &sink,
    ))?;
    host.note_planned(&plan.set.timestamp().to_string(), tables);
    Ok((plan, overtaken))
}

pub(super) fn plan(call: &Call<'_>) -> Answer {
    let (plan, overtaken) = make_plan(call)?;
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
    let pending = plan.pending.iter().cloned().map(Value::Text);
    dropped.extend(plan.objects.iter().cloned().map(Value::Text));
    Ok(to_dynamic(map([
        ("timestamp", plan.set.timestamp().to_string().into()),
        ("tables", Value::List(tables)),
        ("dropped", Value::List(dropped)),
        ("pending", Value::List(pending.collect())),
        ("written_meanwhile", written_meanwhile(overtaken)),
    ])))
}

pub(super) fn restore(call: &Call<'_>) -> Answer {
    let host = call.host;
    host.require("backups")?;
    let (plan, before) = make_plan(call)?;
    let timestamp = plan.set.timestamp().to_string();
    host.release_session()?;
    if !host.begin_work("db:write", plan.to_string())? {
        return Ok(to_dynamic(restored(
            &timestamp,
            Value::Map(Vec::new()),
            None,
            None,
        )));
    }
    let (store, sink) = (store(host), sink(host));
    let mut restoring = host.wait(Restoring::begin(&plan, host.log(), sink.as_ref()))?;
    let safety = host.wait(restoring.save(&store, &sink))?;
    let what = format!("the backup {timestamp}");
    let done = host
        .wait(restoring.fill(host.log(), &sink))
        .and_then(|()| host.conclude_restore(&what, restoring.commit(host.log(), &sink)));
    let done = match done {
        Ok(done) => done,
        Err(error) => {
            give_up(host, restoring, safety.as_ref().map(|created| &created.set));
            return Err(error.into());
        }
    };
    let way_back = safety.as_ref().map_or(String::new(), |created| {
        let before = created.set.timestamp();
        format!(" (as it was before: `dbscript run restore --from {before}`)")
    });
    host.settle(format!("the backup {timestamp} is restored{way_back}"));
    tell_replaced(
        host,
        &plan,
        safety.as_ref().map(|created| &created.set),
        &done,
    );
    // After the safety backup is told: what it holds was before.
    if plan.scope == backup::Scope::Whole && host.target().shown() == host.live_target().shown() {
        host.note_whole_restored(&timestamp);
    }
    let safety = safety.map(|created| created.set.timestamp().to_string());
    Ok(to_dynamic(restored(
        &timestamp,
        counts(done.counts.into_iter()),
        safety,
        done.overtaken.or(before),
    )))
}

/// Gives up a restore that failed or was stopped, and says what of it stays.
fn give_up(host: &Host, restoring: Restoring<'_>, safety: Option<&Set>) {
    if host.doubt().is_some() {
        return;
    }
    // The connection is closed behind it, which rolls back too.
    let Ok(Some(kept)) = host.mend(restoring.give_up()) else {
        return;
    };
    let remedy = safety.map(|set| {
        let before = set.timestamp();
        format!(
            "go back to the backup that was made before it: `dbscript run restore --from {before}`"
        )
    });
    host.settle_with(kept, remedy);
}

/// What every table had before, and what it has now: a restore of some tables leaves the others as they were.
fn tell_replaced(
    host: &Host,
    plan: &backup::RestorePlan,
    safety: Option<&Set>,
    done: &backup::Restored,
) {
    let before = safety.map(counts_of).unwrap_or_default();
    tell_counts(host, "backup", safety, &before);
    let mut after = done.counts.clone();
    let is_touched = |name: &String| {
        plan.tables
            .iter()
            .any(|(table, _)| plan.set.label(table) == *name)
    };
    after.extend(before.into_iter().filter(|(name, _)| !is_touched(name)));
    tell_counts(host, "restore", Some(&plan.set), &after);
}

fn restored(
    timestamp: &str,
    counts: Value,
    safety: Option<String>,
    overtaken: Option<Overtaken>,
) -> Value {
    map([
        ("timestamp", timestamp.into()),
        ("counts", counts),
        ("safety_backup", safety.map_or(Value::Null, Value::Text)),
        ("written_meanwhile", written_meanwhile(overtaken)),
    ])
}

fn written_meanwhile(overtaken: Option<Overtaken>) -> Value {
    overtaken.map_or(Value::Null, |overtaken| {
        let tables = overtaken.tables.into_iter().map(Value::Text).collect();
        map([
            ("tables", Value::List(tables)),
            ("database", overtaken.database.into()),
        ])
    })
}
