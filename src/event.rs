//! What a run tells the world: events, sent to a [`Sink`]. The terminal and the JSON lines are two sinks of the same
//! events; the run log is a third, what GitHub's runner is told a fourth. The core never prints.

use std::borrow::Cow;

use serde::Serialize;

use crate::error::Position;
use crate::value::Value;

/// How serious a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth saying.
    Info,
    /// Worth a look.
    Warn,
}

/// Where a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It has begun.
    Started,
    /// It has ended well.
    Done,
    /// It has thrown.
    Failed,
    /// It was only planned.
    Planned,
}

/// How a hazard weighs (MIGRATIONS.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For information.
    Note,
    /// Worth a look; does not stop the run.
    Warn,
    /// Depends on data nobody could ask (offline).
    Probe,
    /// Stops the run unless it is allowed.
    Block,
}

/// One hazard found in a migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Kebab-case, stable.
    pub rule: String,
    /// What it means for the run.
    pub severity: Severity,
    /// The migration file, relative to the project where it lies in it.
    pub file: String,
    /// Line of the action, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The statement, shortened to one line.
    pub statement: String,
    /// The table (or `table.column`) it is about.
    pub table: Option<String>,
    /// What is wrong, with the numbers a probe found.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The question asked of the data, if one was.
    pub probe: Option<String>,
    /// The allowance that covers it: the text of the comment or flag.
    pub allowed: Option<String>,
    /// Whether it takes data that is there away, not only fails or gets in the way of clients.
    #[serde(skip)]
    pub destroys: bool,
    /// Whether the statement fails where it is met, so that to allow it is no way out.
    #[serde(skip)]
    pub fails: bool,
    /// What the run log keeps of it.
    #[serde(skip)]
    pub logged: Logged,
}

/// A finding's words without literals and without keys of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// The statement, its literals masked.
    pub statement: String,
    /// The message, without samples.
    pub message: String,
    /// The question, its literals masked.
    pub probe: Option<String>,
}

impl Finding {
    /// It as the run log keeps it: one sends that file along when asking for help.
    pub fn without_data(&self) -> Finding {
        Finding {
            statement: self.logged.statement.clone(),
            message: self.logged.message.clone(),
            probe: self.logged.probe.clone(),
            ..self.clone()
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// The run begins.
    Run {
        /// The procedure.
        procedure: String,
        /// dbscript's version.
        version: String,
        /// The database, without its password.
        database: String,
        /// Whether it only plans.
        plan: bool,
        /// The parameters as the procedure sees them.
        parameters: Value,
    },
    /// A step of the procedure begins or ends.
    Step {
        /// Its name; nested steps are joined by ` › `.
        name: String,
        /// Where it is.
        state: StepState,
        /// How long it took.
        #[serde(skip_serializing_if = "Option::is_none")]
        elapsed_ms: Option<u64>,
    },
    /// How far something long has come.
    Progress {
        /// What is counted, such as a table's name.
        task: String,
        /// Done so far.
        done: u64,
        /// Of how many, where known.
        total: Option<u64>,
        /// `rows`, `bytes`, `records` …
        unit: String,
    },
    /// A line for people.
    Log {
        /// How serious.
        level: Level,
        /// The line.
        message: String,
        /// What rows hold that belongs to it: shown behind it to a person, and nowhere that others read.
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<String>,
    },
    /// A table for people: headings and rows of text.
    Table {
        /// Headings.
        columns: Vec<String>,
        /// Rows.
        rows: Vec<Vec<String>>,
    },
    /// How many rows the tables have, as far as this run counted them: the first one tells what was there before, the
    /// last one what is there now.
    Counts {
        /// What counted: `backup`, `restore` or `comparison`.
        of: &'static str,
        /// The timestamp of the set that holds these rows, where one does.
        #[serde(skip_serializing_if = "Option::is_none")]
        set: Option<String>,
        /// A map from a table's name to its rows.
        tables: Value,
    },
    /// A hazard.
    Finding(Finding),
    /// Something a person must know now.
    Alert {
        /// Such as `data loss`.
        name: String,
        /// What happened, without the data of rows.
        message: String,
        /// Whether it was raised (the run ends with 5 at the earliest) or only warns.
        raised: bool,
    },
    /// A statement that is about to change data. The run log writes it durably before the statement runs; people do not see it.
    Statement {
        /// The SQL with its literals masked.
        sql: String,
        /// The file and line it comes from, where it does.
        #[serde(skip_serializing_if = "Option::is_none")]
        position: Option<Position>,
        /// Rows it changed: `None` before it runs.
        #[serde(skip_serializing_if = "Option::is_none")]
        rows: Option<u64>,
    },
    /// What statements outside a transaction have done is no half of a migration any more. Only the run log has it.
    Closed {
        /// The migration that is in, or undone.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<i64>,
        /// The set that the whole database was restored from: it is as it was then.
        #[serde(skip_serializing_if = "Option::is_none")]
        set: Option<String>,
    },
    /// Only under `--plan`: what would be done.
    Planned {
        /// The effect, as a sentence in lower case.
        action: String,
    },
}

impl Event {
    /// It without what rows hold, for the run log, which one sends along when asking for help, and for logs of CI, which
    /// many can read.
    pub fn without_data(&self) -> Cow<'_, Event> {
        match self {
            Event::Finding(finding) => Cow::Owned(Event::Finding(finding.without_data())),
            Event::Log {
                level,
                message,
                data: Some(_),
            } => Cow::Owned(Event::Log {
                level: *level,
                message: message.clone(),
                data: None,
            }),
            _ => Cow::Borrowed(self),
        }
    }
}

/// A number with its noun, for messages: `1 row`, `2 rows`, `3 losses`.
pub fn counted(number: impl std::fmt::Display, noun: &str) -> String {
    let number = number.to_string();
    let plural = match noun {
        _ if number == "1" => "",
        _ if noun.ends_with(['s', 'x']) || noun.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{number} {noun}{plural}")
}

/// Takes events. Implementations must not block for long and never fail loudly.
pub trait Sink: Send + Sync {
    /// Takes one event.
    fn send(&self, event: &Event);
}

/// A sink that drops everything; for work nobody watches.
pub struct Silent;

impl Sink for Silent {
    fn send(&self, _: &Event) {}
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn a_noun_follows_its_number() {
        for (number, noun, said) in [
            (0, "row", "0 rows"),
            (1, "row", "1 row"),
            (1, "loss", "1 loss"),
            (2, "loss", "2 losses"),
            (-1, "row", "-1 rows"),
        ] {
            assert_eq!(counted(number, noun), said);
        }
    }
}
