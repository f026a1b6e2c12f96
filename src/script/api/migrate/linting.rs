//! Hazards of pending migrations, and the refusal they lead to.

use rhai::{Array, Dynamic, Map};

use super::listed;
use crate::db::Session;
use crate::error::{Error, Kind};
use crate::event::{Event, Finding, Severity};
use crate::hazard::{Allowance, RULES, from_flags};
use crate::migrate::{self, Linting};
use crate::script::api::backup::{map, number};
use crate::script::api::{Answer, Call};
use crate::script::convert::to_dynamic;
use crate::script::fault::Thrown;
use crate::script::nearest::did_you_mean;
use crate::value::Value;

fn findings(call: &Call<'_>, allow: &[String], rehearsed: bool) -> Result<Vec<Finding>, Thrown> {
    let host = call.host;
    let pending = listed(call, 0)?;
    let options = Linting { allow, rehearsed };
    let linted = if host.exists()? {
        host.session(async |session: &mut Session| {
            migrate::lint(session.engine(), &pending, &options, Some(session)).await
        })?
    } else {
        host.wait(migrate::lint(
            host.target().engine(),
            &pending,
            &options,
            None,
        ))?
    };
    host.expect(&linted);
    Ok(linted.findings)
}

pub(super) fn lint(call: &Call<'_>) -> Answer {
    let options = call.options(1);
    let allow = options.texts("allow")?.unwrap_or_default();
    refuse_unusable_rules(call, &allow)?;
    let rehearsed = options
        .text("rehearse")
        .is_none_or(|rehearse| rehearse != "off");
    let findings = findings(call, &allow, rehearsed)?;
    for finding in &findings {
        call.host.sink().send(&Event::Finding(finding.clone()));
    }
    Ok(to_dynamic(Value::List(
        findings.into_iter().map(describe_finding).collect(),
    )))
}

/// Refuses a rule that does not exist, which could never allow anything. A rule without its object would, in a workflow
/// file, allow next month's drop too: only a person may say it.
fn refuse_unusable_rules(call: &Call<'_>, allow: &[String]) -> Result<(), Thrown> {
    let is_there = call.host.context().asker.is_there();
    for Allowance { rule, object, .. } in from_flags(allow) {
        let names = RULES.iter().map(|known| known.name);
        if !names.clone().any(|known| known == rule) {
            let error = Error::new(
                Kind::Usage,
                format!("`--allow {rule}`: there is no such rule"),
            );
            return Err(error
                .hint(did_you_mean(&rule, names).unwrap_or_else(|| {
                    "the rules' names stand in the findings: run it without `--allow`".to_owned()
                }))
                .into());
        }
        if object.is_none() && !is_there {
            let message = format!(
                "`--allow {rule}` names no object, which only a person at a terminal may leave out"
            );
            return Err(Error::new(Kind::Usage, message)
                .hint(format!(
                    "name it, such as `--allow '{rule}(table)'` or `--allow '{rule}(table.column)'`"
                ))
                .into());
        }
    }
    Ok(())
}

pub(super) fn probe(call: &Call<'_>) -> Answer {
    let found = findings(call, &[], true)?
        .into_iter()
        .filter(|finding| finding.probe.is_some());
    Ok(to_dynamic(Value::List(
        found.map(describe_finding).collect(),
    )))
}

fn describe_finding(finding: Finding) -> Value {
    let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    let place = |place: usize| number(u64::try_from(place).unwrap_or(u64::MAX));
    map([
        ("rule", finding.rule.into()),
        ("severity", severity(finding.severity).into()),
        ("file", finding.file.into()),
        ("line", place(finding.line)),
        ("column", place(finding.column)),
        ("statement", finding.statement.into()),
        ("table", text(finding.table)),
        ("message", finding.message.into()),
        ("summary", finding.logged.message.into()),
        ("hint", text(finding.hint)),
        ("probe", text(finding.probe)),
        ("allowed", text(finding.allowed)),
        ("destroys", Value::Bool(finding.destroys)),
        ("fails", Value::Bool(finding.fails)),
    ])
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warn => "warn",
        Severity::Probe => "probe",
        Severity::Block => "block",
    }
}

/// The way out where a finding that fails has none of its own.
const MEND: &str =
    "settle first, in a migration of its own, what stands in the way of the statement";

pub(super) fn refuse_unless_allowed(call: &Call<'_>) -> Answer {
    let mut wanted: Vec<String> = Vec::new();
    let mut ways_out: Vec<String> = Vec::new();
    let mut first = None;
    let mut count = 0usize;
    for item in call.receiver::<Array>()? {
        let Some(finding) = item.read_lock::<Map>() else {
            continue;
        };
        let text = |name: &str| {
            finding
                .get(name)
                .filter(|value| !value.is_unit())
                .map(ToString::to_string)
        };
        if text("severity").as_deref() != Some("block") || text("allowed").is_some() {
            continue;
        }
        // The error goes into logs, which get no data of rows.
        first = first.or_else(|| text("summary"));
        count += 1;
        if text("fails").as_deref() == Some("true") {
            let way_out = text("hint").unwrap_or_else(|| MEND.to_owned());
            if !ways_out.contains(&way_out) {
                ways_out.push(way_out);
            }
            continue;
        }
        let rule = text("rule").unwrap_or_default();
        let allowance = text("table").map_or(rule.clone(), |table| format!("{rule}({table})"));
        if !wanted.contains(&allowance) {
            wanted.push(allowance);
        }
    }
    let Some(first) = first else {
        return Ok(Dynamic::UNIT);
    };
    let message = match count {
        1 => format!("refused, and nothing was changed: {first}"),
        count => format!("refused for {count} hazards, and nothing was changed: {first}"),
    };
    // What fails is not mended by allowing it.
    if let Some(allowed) = wanted.first() {
        let condition = match ways_out.is_empty() {
            true => "if it is meant",
            false => "if the rest is meant",
        };
        let above = match wanted.len() {
            1 => "above the statement",
            _ => "above its statement and the others above theirs",
        };
        ways_out.push(format!(
            "{condition}, put `-- dbscript: allow {allowed}` {above}, or pass `--allow '{}'`",
            wanted.join(",")
        ));
    }
    Err(Error::new(Kind::Refused, message)
        .hint(ways_out.join("; "))
        .into())
}
