//! Events for people: steps, messages and progress on standard error, the result on standard output. Bars only where
//! there is a terminal to draw them on; a log file gets a line now and then.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::github;
use super::output::{Ending, Screen};
use super::readable;
use super::report::{self, End};
use crate::event::{Event, Finding, Level, Severity, Sink, StepState};
use crate::storage::Secrets;

/// How often progress is told where no bar can be drawn.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// More bars than this at once only flicker.
const BARS: usize = 8;

/// Writes events for a person.
pub struct Terminal {
    quiet: bool,
    secrets: Secrets,
    /// Whether a runner reads along, which takes some lines for orders.
    defused: bool,
    colour: bool,
    /// Where bars are drawn, if they are.
    bars: Option<MultiProgress>,
    /// A question stands at the end of the screen, its line still open.
    asking: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tasks: HashMap<String, ProgressBar>,
    told: Option<Instant>,
    failed: Option<io::Error>,
}

/// How a label is coloured where there are colours.
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const CYAN: &str = "\x1b[1;36m";

impl Terminal {
    /// A screen on standard error and output, in which these secrets are masked.
    pub fn new(quiet: bool, secrets: Secrets, defused: bool) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Terminal {
            quiet,
            secrets,
            defused,
            colour: is_terminal && !is_dumb && !is_set("NO_COLOR"),
            bars: (is_terminal && !is_dumb && !quiet)
                .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())),
            asking: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    fn coloured(&self, colour: &str, label: &str) -> String {
        match self.colour {
            true => format!("{colour}{label}\x1b[0m"),
            false => label.to_owned(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What was to be said must still be said after a panic elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Data in a message, made harmless and masked.
    fn plain(&self, text: &str) -> String {
        readable::printable(&self.secrets.mask(text))
    }

    /// A line that is no order to a runner.
    fn harmless<'line>(&self, line: &'line str) -> Cow<'line, str> {
        match self.defused {
            true => github::defuse(line),
            false => Cow::Borrowed(line),
        }
    }

    /// A line on standard error, above the bars.
    fn say(&self, line: &str) {
        let write = || {
            let mut stderr = io::stderr().lock();
            let first = match self.asking.swap(false, Ordering::Relaxed) {
                true => "\n",
                false => "",
            };
            // Without a standard error nobody can be told that there is none.
            let _ = writeln!(stderr, "{first}{}", self.harmless(line));
        };
        match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    /// Lines on standard output.
    fn give(&self, lines: &[String]) {
        let write = || {
            let mut stdout = io::stdout().lock();
            for line in lines {
                writeln!(stdout, "{}", self.harmless(line))?;
            }
            stdout.flush()
        };
        let mut state = self.state();
        if state.failed.is_none() {
            state.failed = match &self.bars {
                Some(bars) => bars.suspend(write).err(),
                None => write().err(),
            };
        }
    }

    fn step(&self, name: &str, step: StepState, elapsed_ms: Option<u64>) {
        let took = elapsed_ms.map(duration).unwrap_or_default();
        let name = self.plain(name);
        if step != StepState::Started {
            // Bars of a step that is over have nothing more to tell.
            for (_, bar) in self.state().tasks.drain() {
                bar.finish_and_clear();
            }
        }
        match step {
            StepState::Started => self.say(&format!("{name} …")),
            StepState::Done => self.say(&format!("{name}: done{took}")),
            StepState::Failed => self.say(&format!("{name}: failed{took}")),
            StepState::Planned => self.say(&format!("{name}: planned")),
        }
    }

    fn progress(&self, task: &str, done: u64, total: Option<u64>, unit: &str) {
        let is_over = total.is_some_and(|total| done >= total);
        let mut state = self.state();
        let Some(bars) = &self.bars else {
            let now = Instant::now();
            let told = *state.told.get_or_insert(now);
            if now - told < PLAIN_INTERVAL {
                return;
            }
            state.told = Some(now);
            drop(state);
            let of = total.map_or_else(String::new, |total| format!(" of {total}"));
            self.say(&self.plain(&format!("{task}: {done}{of} {unit}")));
            return;
        };
        if is_over {
            if let Some(bar) = state.tasks.remove(task) {
                bar.finish_and_clear();
            }
            return;
        }
        if !state.tasks.contains_key(task) {
            if state.tasks.len() == BARS {
                return;
            }
            let bar = match total {
                Some(total) => ProgressBar::new(total).with_style(style(
                    "  {prefix} {wide_bar} {human_pos}/{human_len} {msg} {eta}",
                )),
                None => ProgressBar::no_length()
                    .with_style(style("  {prefix} {spinner} {human_pos} {msg} {elapsed}")),
            };
            let bar = bars.add(
                bar.with_prefix(self.plain(task))
                    .with_message(unit.to_owned()),
            );
            state.tasks.insert(task.to_owned(), bar);
        }
        if let Some(bar) = state.tasks.get(task) {
            bar.set_position(done);
        }
    }

    fn finding(&self, finding: &Finding) {
        let severity = match finding.severity {
            Severity::Note => "note",
            Severity::Warn => "warning",
            Severity::Probe => "unproven",
            Severity::Block => "hazard",
        };
        let Finding {
            file,
            line,
            column,
            rule,
            message,
            ..
        } = finding;
        let allowed = match &finding.allowed {
            Some(allowance) => format!(" (allowed: {allowance})"),
            None => String::new(),
        };
        let first = format!("{file}:{line}:{column}: {severity}: {message} [{rule}]{allowed}");
        self.say(&self.plain(&first));
        if !finding.statement.is_empty() {
            self.say(&self.plain(&format!("    {}", finding.statement)));
        }
        if let Some(hint) = &finding.hint {
            let label = self.coloured(CYAN, report::HINT);
            self.say(&format!("  {label} {}", self.plain(hint)));
        }
    }
}

impl Sink for Terminal {
    fn send(&self, event: &Event) {
        match event {
            Event::Run { plan: true, .. } => self.say("plan only: nothing will be changed"),
            Event::Log {
                level: Level::Warn,
                message,
                data,
            } => {
                let label = self.coloured(YELLOW, "warning:");
                let message = self.plain(&with_data(message, data.as_deref()));
                self.say(&format!("{label} {message}"));
            }
            Event::Finding(finding) if finding.severity > Severity::Note || !self.quiet => {
                self.finding(finding);
            }
            Event::Alert {
                name,
                message,
                raised,
            } => {
                let label = match raised {
                    true => self.coloured(RED, "ALERT"),
                    false => self.coloured(YELLOW, "warning:"),
                };
                self.say(&format!(
                    "{label} {}: {}",
                    self.plain(name),
                    self.plain(message)
                ));
            }
            Event::Planned { action } => self.give(&[format!("would {}", self.plain(action))]),
            _ if self.quiet => {}
            Event::Step {
                name,
                state,
                elapsed_ms,
            } => self.step(name, *state, *elapsed_ms),
            Event::Progress {
                task,
                done,
                total,
                unit,
            } => {
                self.progress(task, *done, *total, unit);
            }
            Event::Log {
                level: Level::Info,
                message,
                data,
            } => self.say(&self.plain(&with_data(message, data.as_deref()))),
            Event::Table { columns, rows } => {
                for line in readable::table(columns, rows) {
                    self.say(&self.secrets.mask(&line));
                }
            }
            Event::Run { .. }
            | Event::Finding(_)
            | Event::Counts { .. }
            | Event::Closed { .. }
            | Event::Statement { .. } => {}
        }
    }
}

impl Screen for Terminal {
    fn notice(&self, message: &str) {
        self.say(&self.plain(message));
    }

    fn prompt(&self, question: &str) {
        let write = || {
            let mut stderr = io::stderr().lock();
            // Without a standard error the question goes unanswered, which is a no.
            let _ = write!(stderr, "{} [y/N] ", self.plain(question));
            let _ = stderr.flush();
            self.asking.store(true, Ordering::Relaxed);
        };
        match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    fn answered(&self) {
        self.asking.store(false, Ordering::Relaxed);
    }

    fn end(&self, end: &End, ending: &Ending, project: Option<&Path>) -> io::Result<()> {
        if let Some(bars) = &self.bars {
            // Only the drawing can fail, and the terminal is about to be left.
            let _ = bars.clear();
        }
        let lines = match &ending.text {
            Some(text) if text.is_empty() => Vec::new(),
            Some(text) => vec![self.secrets.mask(text.trim_end()).into_owned()],
            None => readable::lines(&end.result)
                .iter()
                .map(|line| self.secrets.mask(line).into_owned())
                .collect(),
        };
        self.give(&lines);
        if let Some(error) = &ending.error {
            for line in report::lines(error, project) {
                let line = self.plain(&line);
                let line = match (
                    line.strip_prefix(report::ERROR),
                    line.strip_prefix(report::HINT),
                ) {
                    (Some(rest), _) => self.coloured(RED, report::ERROR) + rest,
                    (_, Some(rest)) => self.coloured(CYAN, report::HINT) + rest,
                    _ => line,
                };
                self.say(&line);
            }
        }
        self.state().failed.take().map_or(Ok(()), Err)
    }
}

/// A line with what rows hold behind it.
fn with_data<'line>(message: &'line str, data: Option<&str>) -> Cow<'line, str> {
    match data {
        Some(data) => Cow::Owned(format!("{message}: {data}")),
        None => Cow::Borrowed(message),
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates above are constants; a fault in one shows as indicatif's own bar.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// ` in 1.2 s`, as it stands behind a step.
fn duration(elapsed_ms: u64) -> String {
    match elapsed_ms {
        0..1_000 => format!(" in {elapsed_ms} ms"),
        1_000..60_000 => format!(" in {}.{} s", elapsed_ms / 1_000, elapsed_ms % 1_000 / 100),
        _ => format!(
            " in {} min {} s",
            elapsed_ms / 60_000,
            elapsed_ms / 1_000 % 60
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_people_say_them() {
        for (elapsed_ms, text) in [
            (0, " in 0 ms"),
            (999, " in 999 ms"),
            (1_250, " in 1.2 s"),
            (59_999, " in 59.9 s"),
            (125_000, " in 2 min 5 s"),
        ] {
            assert_eq!(duration(elapsed_ms), text);
        }
    }
}
