//! Removing sets that are old, and those that are old and needed.

use super::{map, sink, store};
use crate::backup;
use crate::clock::Timestamp;
use crate::db::Session;
use crate::error::{Error, Kind};
use crate::event::Level;
use crate::migrate::{History, Source};
use crate::script::api::{Answer, Call};
use crate::script::convert::to_dynamic;
use crate::script::host::Host;
use crate::storage;
use crate::value::Value;

pub(super) fn prune(call: &Call<'_>) -> Answer {
    let host = call.host;
    let Some(keep) = keep_last(call)? else {
        return Ok(to_dynamic(pruned(&backup::PrunePlan::default())));
    };
    let (store, sink) = (store(host), sink(host));
    // What is only planned yet would count.
    let keep = keep.saturating_sub(host.planned_sets());
    let held = held(host)?;
    let plan = host.wait(backup::PrunePlan::keep_last(&store, keep, &held, &sink))?;
    for (set, why) in &plan.held {
        host.say(Level::Info, format!("kept {set}: {why}"));
    }
    if host.effect("backups", plan.to_string())? {
        plan.apply()?;
    }
    Ok(to_dynamic(pruned(&plan)))
}

/// How many sets stay: what the script says, else what `dbscript.toml` says; `None` for all.
fn keep_last(call: &Call<'_>) -> Result<Option<usize>, Error> {
    if !call.has(0) {
        return Ok(call.host.context().keep_last);
    }
    let keep = usize::try_from(call.int(0)).ok().filter(|keep| *keep > 0);
    keep.map(Some).ok_or_else(|| {
        Error::new(Kind::Usage, "`keep_last` is at least 1").hint("the last backup is never pruned")
    })
}

fn pruned(plan: &backup::PrunePlan) -> Value {
    let list = |entries: &[(String, String)]| {
        let describe = |(name, reason): &(String, String)| {
            map([
                ("name", name.clone().into()),
                ("reason", reason.clone().into()),
            ])
        };
        Value::List(entries.iter().map(describe).collect())
    };
    map([("kept", list(&plan.kept)), ("removed", list(&plan.removed))])
}

/// The sets that were made before a restore of the last day: whoever restored may not have looked yet.
fn fresh_ways_back(host: &Host) -> Result<Vec<(String, String)>, Error> {
    let now = Timestamp::now().moment();
    let sets = store(host).list().map_err(Error::from)?.sets;
    let is_safety = |entry: &&backup::Entry| {
        let label = entry.set().and_then(|set| set.summary().label.as_deref());
        label == Some(backup::SAFETY_LABEL) && (now - entry.timestamp.moment()).num_hours() < 24
    };
    let told = |entry: &backup::Entry| {
        let why = "made before a restore of the last day, which may have to be undone".to_owned();
        (entry.timestamp.to_string(), why)
    };
    Ok(sets.iter().filter(is_safety).map(told).collect())
}

/// Sets that somebody may have to go back to, however old they are, each with the reason.
fn held(host: &Host) -> Result<Vec<(String, String)>, Error> {
    let mut held = fresh_ways_back(host)?;
    let own = host.log().path();
    let runs = storage::unfinished(&host.backups().join("runs"))?;
    for run in runs
        .into_iter()
        .filter(|run| Some(&run.path) != own.as_ref())
    {
        let procedure = run.procedure().unwrap_or_default();
        let what = match run.running {
            true => format!("`{procedure}`, which is at work, may go back to it"),
            false => format!("`{procedure}`, which was killed, may go back to it"),
        };
        held.extend(run.sets().into_iter().map(|set| (set, what.clone())));
    }
    match ways_back(host) {
        Ok(ways) => held.extend(ways),
        Err(error) if matches!(error.kind, Kind::Interrupted | Kind::Timeout) => return Err(error),
        Err(error) => host.say(
            Level::Warn,
            format!(
                "which migration is half applied cannot be read ({}): of the older backups only those stay that the log of an unfinished run names; to have the ways back of half-applied migrations stay too, see that the database answers and that this user may read its migration history",
                error.chain()
            ),
        ),
    }
    Ok(held)
}

/// Sets that half-applied migrations can be undone with.
fn ways_back(host: &Host) -> Result<Vec<(String, String)>, Error> {
    if !host.exists()? {
        return Ok(Vec::new());
    }
    let source = Source::find(host.project(), None).unwrap_or_default();
    let history =
        host.session(async |session: &mut Session| History::read(session, &source).await)?;
    let ways = history.ways_back(&host.evidence()).into_iter();
    let told = |(version, set)| {
        let why = format!("migration {version} is half applied, and this is the way back");
        (set, why)
    };
    Ok(ways.map(told).collect())
}
