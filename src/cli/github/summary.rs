//! The job summary: what a run did, what state the database is in, what to type next. Markdown, appended to the file the
//! runner names, which it takes up to a mebibyte of.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use super::command::Grade;
use super::markdown::{block, code, prose};
use crate::cli::output::Ending;
use crate::cli::report::End;
use crate::error::Kind;
use crate::event::{Event, Finding};
use crate::script::DatabaseState;
use crate::storage::Secrets;
use crate::value::Value;

/// The runner refuses a longer file as a whole.
const LONGEST_BYTES: u64 = 1024 * 1024;
/// Rows of one table of the summary.
const MOST_ROWS: usize = 200;

/// What the summary is made of, gathered while the run goes on.
#[derive(Default)]
pub(super) struct Facts {
    run: Option<Begun>,
    before: Option<Vec<(String, i64)>>,
    after: Option<Vec<(String, i64)>>,
    sets: Vec<String>,
    findings: Vec<(Grade, Finding)>,
    graded: HashMap<Grade, usize>,
    alerts: Vec<(bool, String, String)>,
    alerted: usize,
}

/// How the run began.
struct Begun {
    procedure: String,
    database: String,
    plan: bool,
}

impl Facts {
    /// Keeps a finding without the data of rows; returns how many of its grade there were.
    pub(super) fn note_finding(&mut self, finding: &Finding, grade: Grade) -> usize {
        if self.findings.len() < MOST_ROWS {
            self.findings.push((grade, finding.without_data()));
        }
        let graded = self.graded.entry(grade).or_default();
        *graded += 1;
        *graded
    }

    /// Keeps an alert.
    pub(super) fn note_alert(&mut self, name: &str, message: &str, raised: bool) {
        self.alerted += 1;
        if self.alerts.len() < MOST_ROWS {
            let alert = (raised, name.to_owned(), message.to_owned());
            self.alerts.push(alert);
        }
    }

    /// Keeps what else the summary tells.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Run {
                procedure,
                database,
                plan,
                ..
            } => {
                self.run = Some(Begun {
                    procedure: procedure.clone(),
                    database: database.clone(),
                    plan: *plan,
                });
            }
            Event::Counts { of, set, tables } => {
                let counted = rows(tables);
                if self.before.is_some() {
                    self.after = Some(counted);
                } else if *of == "restore" {
                    // Without a backup before it there was nothing to save.
                    self.before = Some(Vec::new());
                    self.after = Some(counted);
                } else {
                    self.before = Some(counted);
                }
                if *of == "backup" {
                    self.sets.extend(set.clone());
                }
            }
            _ => {}
        }
    }

    /// Whether an alert said this.
    pub(super) fn was_told(&self, message: &str) -> bool {
        self.alerts.iter().any(|(_, _, said)| said == message)
    }

    /// What was run, for headings.
    pub(super) fn title(&self) -> String {
        match &self.run {
            Some(run) => format!("dbscript run {}", run.procedure),
            None => "dbscript".to_owned(),
        }
    }

    /// The summary in sections, the most important one first; `None` where there is nothing to tell, such as help.
    pub(super) fn render(
        &self,
        end: &End,
        ending: &Ending,
        secrets: &Secrets,
    ) -> Option<Vec<String>> {
        if self.run.is_none() && end.exit_code == 0 {
            return None;
        }
        let sections = [
            self.head(end, ending, secrets),
            self.counts(secrets),
            self.alerts(secrets),
            self.findings(secrets),
        ];
        Some(
            sections
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect(),
        )
    }

    fn head(&self, end: &End, ending: &Ending, secrets: &Secrets) -> String {
        let outcome = match end.exit_code {
            0 => "done".to_owned(),
            code => format!("{} (exit {code})", end.status),
        };
        let mut text = format!("## {}: {outcome}\n\n", prose(&secrets.mask(&self.title())));
        if let Some(failure) = &end.error {
            text.push_str(&format!("{}\n\n", prose(&secrets.mask(&failure.message))));
        }
        if let Some(run) = &self.run {
            let database = code(&secrets.mask(&run.database));
            text.push_str(&format!("- Database: {database}\n"));
            let state = state(run.plan, ending.state.as_ref());
            text.push_str(&format!("- State: {}\n", prose(&secrets.mask(&state))));
        } else {
            // A panic leaves only its own word, whatever was under way.
            let is_bug = end
                .error
                .as_ref()
                .is_some_and(|failure| failure.kind == Kind::Internal);
            text.push_str(match is_bug {
                true => "- State: not known; see `dbscript status`\n",
                false => "- State: the database was not touched\n",
            });
        }
        for set in &self.sets {
            text.push_str(&format!("- Backup set: {}\n", code(set)));
        }
        if let Some(numbers) = numbers(&end.result) {
            text.push_str(&format!("- Result: {}\n", prose(&secrets.mask(&numbers))));
        }
        text.push('\n');
        text.push_str(&self.next(end, secrets));
        text
    }

    /// What to type now, or what would undo the run.
    fn next(&self, end: &End, secrets: &Secrets) -> String {
        let hint = end.error.as_ref().and_then(|failure| failure.hint.as_ref());
        let hint = hint.map(|hint| secrets.mask(hint).into_owned());
        let back = self
            .sets
            .first()
            .map(|set| format!("dbscript run restore --from {set}"));
        match (hint, back) {
            (Some(hint), _) if hint.starts_with("dbscript ") => {
                format!("Next:\n\n{}\n", block(&hint))
            }
            (Some(hint), _) => format!("Next: {}\n\n", prose(&hint)),
            (None, Some(back)) => format!("To go back to the backup:\n\n{}\n", block(&back)),
            (None, None) if end.error.is_some() => {
                format!("Next:\n\n{}\n", block("dbscript status"))
            }
            (None, None) => String::new(),
        }
    }

    fn counts(&self, secrets: &Secrets) -> String {
        let Some(before) = &self.before else {
            return String::new();
        };
        let after = self.after.as_deref().unwrap_or_default();
        let mut names: Vec<&String> = before.iter().chain(after).map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        let of = |side: &[(String, i64)], name: &str| {
            let found = side.iter().find(|(known, _)| known == name);
            found.map_or_else(|| "–".to_owned(), |(_, rows)| rows.to_string())
        };
        let lines = names.iter().map(|name| {
            let shown = code(&secrets.mask(name));
            match self.after {
                Some(_) => format!("| {shown} | {} | {} |", of(before, name), of(after, name)),
                None => format!("| {shown} | {} |", of(before, name)),
            }
        });
        let header = match self.after {
            Some(_) => "| Table | Before | After |\n|---|---:|---:|",
            None => "| Table | Rows |\n|---|---:|",
        };
        table("Rows", header, lines, names.len())
    }

    fn alerts(&self, secrets: &Secrets) -> String {
        let lines = self.alerts.iter().map(|(raised, name, message)| {
            let grade = if *raised { "**alert**" } else { "warning" };
            let (name, message) = (secrets.mask(name), secrets.mask(message));
            format!("| {grade} | {} | {} |", prose(&name), prose(&message))
        });
        table(
            "Alerts",
            "| | What | Message |\n|---|---|---|",
            lines,
            self.alerted,
        )
    }

    fn findings(&self, secrets: &Secrets) -> String {
        let lines = self.findings.iter().map(|(grade, finding)| {
            let allowed = finding.allowed.as_ref();
            let allowed =
                allowed.map_or_else(String::new, |allowed| format!(" (allowed: {allowed})"));
            format!(
                "| {} | {} | {} | {} |",
                grade.name(),
                code(&secrets.mask(&format!("{}:{}", finding.file, finding.line))),
                code(&finding.rule),
                prose(&secrets.mask(&format!("{}{allowed}", finding.message)))
            )
        });
        let header = "| | Where | Rule | What |\n|---|---|---|---|";
        table("Findings", header, lines, self.graded.values().sum())
    }
}

/// What a procedure counted; its texts may come from rows.
fn numbers(result: &Value) -> Option<String> {
    let Value::Map(entries) = result else {
        return None;
    };
    let number = |(name, value): &(String, Value)| match value {
        Value::Int(number) => Some(format!("{name} {number}")),
        _ => None,
    };
    let numbers: Vec<String> = entries.iter().filter_map(number).collect();
    (!numbers.is_empty()).then(|| numbers.join(", "))
}

/// The state of the database, in a sentence without a full stop.
fn state(plan: bool, state: Option<&DatabaseState>) -> String {
    match state {
        _ if plan => "only planned: nothing was changed".to_owned(),
        None => "not touched".to_owned(),
        Some(DatabaseState::AsFound) => "as it was found".to_owned(),
        Some(DatabaseState::RolledBack) => {
            "as it was found: what was begun is rolled back".to_owned()
        }
        Some(DatabaseState::Changed(done)) => format!("changed: {}", done.join("; ")),
        Some(DatabaseState::InDoubt(what)) => format!(
            "open: the commit was cut off, and {what} may or may not be in: see `dbscript status`"
        ),
        Some(DatabaseState::Unknown) => {
            "as the message above says; see `dbscript status`".to_owned()
        }
    }
}

fn rows(tables: &Value) -> Vec<(String, i64)> {
    let Value::Map(tables) = tables else {
        return Vec::new();
    };
    let count = |(name, rows): &(String, Value)| match rows {
        Value::Int(rows) => Some((name.clone(), *rows)),
        _ => None,
    };
    tables.iter().filter_map(count).collect()
}

fn table(title: &str, header: &str, lines: impl Iterator<Item = String>, count: usize) -> String {
    let lines: Vec<String> = lines.take(MOST_ROWS).collect();
    if lines.is_empty() {
        return String::new();
    }
    let mut text = format!("### {title}\n\n{header}\n{}\n\n", lines.join("\n"));
    if count > lines.len() {
        text.push_str(&format!("… and {} more\n\n", count - lines.len()));
    }
    text
}

/// Appends the sections that fit behind what stands in the file already.
///
/// # Errors
/// When the file cannot be written, or not even the first section fits.
pub(super) fn append(path: &Path, sections: &[String]) -> io::Result<()> {
    const LEFT_OUT: &str = "The rest is too long for a summary; the run log has it.\n\n";
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let used = file.metadata()?.len() + LEFT_OUT.len() as u64;
    let mut text = "\n".to_owned();
    let mut left_out = false;
    for section in sections {
        match used + (text.len() + section.len()) as u64 <= LONGEST_BYTES {
            true => text.push_str(section),
            false => left_out = true,
        }
    }
    if text.len() == 1 {
        return Err(io::Error::other("it is full: 1 MiB is the most"));
    }
    if left_out {
        text.push_str(LEFT_OUT);
    }
    // One write, so that two steps that end together do not mix their lines.
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests;
