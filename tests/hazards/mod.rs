//! The rules on real servers: what must alarm, what must not, and whether what is said is true. Every case is judged
//! on a database with rows and then run on it: what is said to fail must fail, and what is silent must run.

mod alerts;
mod binary;
mod copied;
mod counters;
mod elsewhere;
mod emptiness;
mod hints;
mod history;
mod last_look;
mod meanwhile;
mod modes;
mod mysql;
mod orphans;
mod parts;
mod postgres;
mod refusals;
mod retouched;
mod retyped;
mod rights;
mod routines;
mod row_values;
mod search_path;
mod second_net;
mod swaps;
mod unable;
mod unseen;
mod upserts;
mod using;
mod ways_out;

use dbscript::event::Severity;
use dbscript::hazard::{self, Lint, SqlFile, split};

use crate::harness::Fresh;

/// Rules that say that the statement will fail on the rows that are there.
const FAILURES: [&str; 9] = [
    "add-required-column",
    "set-not-null",
    "add-unique",
    "change-primary-key",
    "add-check",
    "add-foreign-key",
    "add-exclusion",
    "attach-partition",
    "not-castable",
];

/// Rules about values that the statement refuses or changes, as the server's mode has it.
const EITHER: [&str; 3] = ["narrow-type", "remove-enum-value", "narrow-charset"];

/// A migration and what is to be said of it, each `rule severity`.
type Case = (&'static str, &'static [&'static str]);

/// What the lint of a run with a rehearsal says.
async fn judged(fresh: &Fresh, sql: &str) -> Lint {
    judged_with(
        fresh,
        sql,
        &hazard::Options {
            rehearsal: true,
            applied_here: true,
            ..hazard::Options::default()
        },
    )
    .await
}

async fn judged_with(fresh: &Fresh, sql: &str, options: &hazard::Options<'_>) -> Lint {
    let mut session = fresh.reader().await;
    let file = SqlFile {
        name: "1_a.sql",
        text: sql,
    };
    hazard::lint(session.engine(), &[file], options, Some(&mut session))
        .await
        .unwrap_or_else(|error| panic!("{error}: {sql}"))
}

/// Rules and severities, such as `drop-table block`.
fn said(lint: &Lint) -> Vec<String> {
    lint.findings
        .iter()
        .filter(|finding| !finding.rule.starts_with("lock-"))
        .map(|finding| {
            let severity = match finding.severity {
                Severity::Note => "note",
                Severity::Warn => "warn",
                Severity::Probe => "probe",
                Severity::Block => "block",
            };
            format!("{} {severity}", finding.rule)
        })
        .collect()
}

/// Runs every statement; the first that fails ends it.
async fn run(fresh: &Fresh, sql: &str) -> Result<(), String> {
    let mut session = fresh.session().await;
    for statement in split(session.engine(), sql) {
        let ran = session.run(statement.text).await;
        ran.map_err(|error| format!("{}: {error}", statement.text))?;
    }
    Ok(())
}

/// A database with this schema, as its own client would make it.
async fn database(fresh: &Fresh, schema: &str) -> Fresh {
    let fresh = fresh.another().await;
    run(&fresh, schema).await.expect("the schema is right");
    fresh
}

/// Judges each case, then runs it and compares.
async fn hold(fresh: &Fresh, schema: &str, cases: &[Case]) {
    let mut faults = Vec::new();
    let mut judged_on = database(fresh, schema).await;
    for (sql, expected) in cases {
        let lint = judged(&judged_on, sql).await;
        let got = said(&lint);
        if got != *expected {
            let messages: Vec<&str> = lint
                .findings
                .iter()
                .map(|finding| finding.message.as_str())
                .collect();
            faults.push(format!(
                "{sql}\n    expected {expected:?}\n    got      {got:?} {messages:?}"
            ));
        }
        let ran = run(&judged_on, sql).await;
        let fails = lint.findings.iter().any(|finding| {
            finding.severity == Severity::Block && FAILURES.contains(&finding.rule.as_str())
        });
        let silently = lint
            .findings
            .iter()
            .any(|finding| finding.message.contains("in silence"));
        let either = lint.findings.iter().any(|finding| {
            finding.severity == Severity::Block && EITHER.contains(&finding.rule.as_str())
        });
        if fails != ran.is_err() && !(silently && ran.is_ok()) && !either {
            faults.push(format!("{sql}\n    said to fail: {fails}, ran: {ran:?}"));
        }
        judged_on = database(fresh, schema).await;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Cases that must not alarm, and must run.
async fn silent(fresh: &Fresh, schema: &str, cases: &[&'static str]) {
    let cases: Vec<Case> = cases.iter().map(|sql| (*sql, &[] as &[&str])).collect();
    hold(fresh, schema, &cases).await;
}

/// The only finding's message.
async fn message(fresh: &Fresh, sql: &str) -> String {
    let lint = judged(fresh, sql).await;
    let mut found = lint
        .findings
        .iter()
        .filter(|finding| !finding.rule.starts_with("lock-"));
    let first = found
        .next()
        .unwrap_or_else(|| panic!("nothing is said: {sql}"));
    assert!(found.next().is_none(), "{sql}: {:#?}", lint.findings);
    first.message.clone()
}
