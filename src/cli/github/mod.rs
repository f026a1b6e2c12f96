//! What GitHub's runner makes of a run: annotations at the files they are about, and a job summary.
//!
//! A screen around the terminal or the JSON lines: they say what they always say, and this adds workflow commands on
//! standard error, which the runner reads too, so that `--json` keeps standard output to itself. What rows hold goes into
//! neither: whoever can see a repository's runs can read them.

mod command;
mod markdown;
mod summary;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use command::{Annotation, Grade};
use summary::Facts;

pub use command::defuse;

use super::config::Alerts;
use super::output::{Ending, Screen};
use super::report::End;
use crate::error::Position;
use crate::event::{Event, Finding, Level, Severity, Sink};
use crate::storage::Secrets;

/// The runner shows ten annotations of each grade a step; the rest of the findings stands in the summary.
const FINDINGS_ANNOTATED: usize = 8;

/// What the runner says about itself.
#[derive(Clone, Debug, Default)]
pub struct Runner {
    /// The folder of the repository, which the files of annotations count from.
    pub workspace: Option<PathBuf>,
    /// The file whose Markdown becomes the job's summary.
    pub summary: Option<PathBuf>,
}

/// A screen whose events the runner is told of too.
pub struct Annotated {
    screen: Arc<dyn Screen>,
    runner: Runner,
    alerts: Alerts,
    secrets: Secrets,
    /// The project folder: what the files of findings count from.
    project: PathBuf,
    facts: Mutex<Facts>,
}

impl Annotated {
    /// Adds to this screen what the runner should be told, as far as `alerts` wants it.
    pub fn new(
        screen: Arc<dyn Screen>,
        runner: Runner,
        alerts: Alerts,
        secrets: Secrets,
        project: &Path,
    ) -> Self {
        Annotated {
            screen,
            runner,
            alerts,
            secrets,
            project: project.to_owned(),
            facts: Mutex::default(),
        }
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        // The last word must be said after a panic elsewhere too.
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn annotate(&self, annotation: &Annotation<'_>) {
        if !self.alerts.annotations {
            return;
        }
        let line = annotation.line(&self.secrets);
        // Without a standard error nobody can be told that there is none.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }

    fn finding(&self, finding: &Finding) {
        let grade = match finding.severity {
            Severity::Block if finding.allowed.is_none() => Grade::Error,
            Severity::Note => Grade::Notice,
            Severity::Block | Severity::Probe | Severity::Warn => Grade::Warning,
        };
        if self.facts().note_finding(finding, grade) > FINDINGS_ANNOTATED {
            return;
        }
        let mut message = finding.logged.message.clone();
        if let Some(allowed) = &finding.allowed {
            message.push_str(&format!(" (allowed: {allowed})"));
        }
        if let Some(hint) = &finding.hint {
            message.push_str(&format!("\n{hint}"));
        }
        let position = Position {
            file: finding.file.clone(),
            line: finding.line,
            column: finding.column,
        };
        self.annotate(&Annotation {
            grade,
            title: &format!("dbscript: {}", finding.rule),
            position: self.in_repository(&position).as_ref(),
            message: &message,
        });
    }

    fn alert(&self, name: &str, message: &str, raised: bool) {
        self.facts().note_alert(name, message, raised);
        let grade = match raised {
            true => Grade::Error,
            false => Grade::Warning,
        };
        self.annotate(&Annotation {
            grade,
            title: &format!("dbscript: {name}"),
            position: None,
            message,
        });
    }

    /// Why it failed, unless an alert has said just that.
    fn failure(&self, end: &End) {
        let Some(failure) = &end.error else {
            return;
        };
        let was_told = self.facts().was_told(&failure.message);
        let message = match (&failure.hint, was_told) {
            (None, true) => return,
            (Some(hint), true) => hint.clone(),
            (None, false) => failure.message.clone(),
            (Some(hint), false) => format!("{}\n{hint}", failure.message),
        };
        let position = failure.position.as_ref();
        self.annotate(&Annotation {
            grade: Grade::Error,
            title: &format!("{}: exit {}", self.facts().title(), end.exit_code),
            position: position
                .and_then(|position| self.in_repository(position))
                .as_ref(),
            message: &message,
        });
    }

    /// The position with the file as the repository names it; `None` for what does not lie in it.
    fn in_repository(&self, position: &Position) -> Option<Position> {
        let path = self.project.join(&position.file).canonicalize().ok()?;
        let root = self.runner.workspace.as_ref()?.canonicalize().ok()?;
        let file = path.strip_prefix(root).ok()?.to_str()?.to_owned();
        Some(Position {
            file,
            ..position.clone()
        })
    }

    fn write_summary(&self, end: &End, ending: &Ending) {
        let Some(path) = self.runner.summary.as_ref().filter(|_| self.alerts.summary) else {
            return;
        };
        let written = self.facts().render(end, ending, &self.secrets);
        let Some(sections) = written else {
            return;
        };
        if let Err(error) = summary::append(path, &sections) {
            let message = format!("cannot write the job summary `{}`: {error}", path.display());
            self.screen.send(&Event::Log {
                level: Level::Warn,
                message,
                data: None,
            });
        }
    }
}

impl Sink for Annotated {
    fn send(&self, event: &Event) {
        self.screen.send(event);
        match event {
            Event::Finding(finding) => self.finding(finding),
            Event::Alert {
                name,
                message,
                raised,
            } => self.alert(name, message, *raised),
            other => self.facts().note(other),
        }
    }
}

impl Screen for Annotated {
    fn notice(&self, message: &str) {
        self.screen.notice(message);
    }

    fn prompt(&self, question: &str) {
        self.screen.prompt(question);
    }

    fn answered(&self) {
        self.screen.answered();
    }

    fn end(&self, end: &End, ending: &Ending, project: Option<&Path>) -> io::Result<()> {
        self.write_summary(end, ending);
        let said = self.screen.end(end, ending, project);
        self.failure(end);
        said
    }
}
