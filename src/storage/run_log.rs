//! The run log: JSON Lines, opened at the first effect, each line on disk before the statement it announces.
//!
//! It is the journal that a later `recover` reads and what one sends along when asking for help, so what happened before
//! the first effect is kept and written with it, and a log without an `end` line is an interrupted run. Masking the
//! literals of a statement is its sender's task; secrets are masked here once more.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::error::{Error, Kind, Position, Result};
use crate::event::{Event, Sink, StepState};
use crate::storage::Secrets;

/// Lines kept in memory until the log is opened; later ones are counted, not kept.
const WAITING_LINES: usize = 2_000;

/// Different statements that are counted side by side, so that a loop over a few of them is a few lines.
const COUNTED_STATEMENTS: usize = 32;

/// The journal of one run. Cheap to share behind an `Arc`.
pub struct RunLog {
    folder: PathBuf,
    procedure: String,
    secrets: Secrets,
    plan: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<Open>,
    waiting: Vec<String>,
    left_out: u64,
    counted: Vec<Counted>,
}

/// The open file. Its lock tells a running run from one that was killed.
struct Open {
    file: File,
    path: PathBuf,
    /// Bytes up to the last whole line.
    length: u64,
}

/// A statement that stands in the log already.
struct Counted {
    sql: String,
    position: Option<Position>,
    times: u64,
    rows: Option<u64>,
}

impl RunLog {
    /// A log that will lie in `folder` (`backups/runs`) as `<timestamp>-<procedure>.jsonl`; nothing is created yet.
    pub fn new(folder: &Path, procedure: &str) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        RunLog {
            folder: folder.to_owned(),
            procedure: procedure.replace(|c| !plain(c), "-"),
            secrets: Secrets::new(),
            plan: false,
            state: Mutex::default(),
        }
    }

    /// The same log with these secrets masked.
    pub fn masking(mut self, secrets: Secrets) -> Self {
        self.secrets = secrets;
        self
    }

    /// The same log for a run that only plans: it is never opened, and announcing an effect is an error.
    pub fn planning(mut self) -> Self {
        self.plan = true;
        self
    }

    /// Writes an event durably (fsync) before the effect it announces; opens the file, writing what was recorded
    /// before. The same statement announced again and again is one line and a count.
    ///
    /// # Errors
    /// When the log cannot be written, or the run only plans: the effect must then not happen.
    pub fn announce(&self, event: &Event) -> Result<()> {
        if self.plan {
            return Err(Error::new(
                Kind::Refused,
                "nothing may be changed under `--plan`",
            ));
        }
        let mut state = self.state();
        if let Event::Statement { sql, position, .. } = event {
            if let Some(counted) = state.find(sql, position.as_ref()) {
                counted.times += 1;
                return Ok(());
            }
            if state.counted.len() == COUNTED_STATEMENTS {
                self.write_counts(&mut state)?;
            }
        }
        let line = self.line(event);
        self.write(&mut state, &line, Durable::Yes)?;
        if let Event::Statement { sql, position, .. } = event {
            state.counted.push(Counted {
                sql: sql.clone(),
                position: position.clone(),
                times: 1,
                rows: None,
            });
        }
        Ok(())
    }

    /// Writes the run's last line, durably; nothing if no effect was ever announced.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(&self, end: &impl Serialize) -> Result<()> {
        let mut state = self.state();
        if state.open.is_none() {
            return Ok(());
        }
        self.write_counts(&mut state)?;
        let line = self.line(end);
        self.write(&mut state, &line, Durable::Yes)
    }

    /// The file, once it is open.
    pub fn path(&self) -> Option<PathBuf> {
        self.state().open.as_ref().map(|open| open.path.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere must not take the journal with it; the state is whole between two lines.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One line: the time, then the event.
    fn line(&self, event: &impl Serialize) -> String {
        let mut fields = Map::new();
        fields.insert("at".to_owned(), json!(Timestamp::now().iso()));
        match serde_json::to_value(event) {
            Ok(Value::Object(event)) => fields.extend(event),
            Ok(other) => drop(fields.insert("value".to_owned(), other)),
            Err(error) => drop(fields.insert("unwritable".to_owned(), json!(error.to_string()))),
        }
        let mut line = Value::Object(fields);
        self.secrets.mask_json(&mut line);
        format!("{line}\n")
    }

    fn write(&self, state: &mut State, line: &str, durable: Durable) -> Result<()> {
        let wrote = match &mut state.open {
            Some(open) => open.append(line, durable),
            None => self.open(state).and_then(|mut open| {
                open.append(line, durable)?;
                state.open = Some(open);
                Ok(())
            }),
        };
        wrote.map_err(|source| self.failed(source))
    }

    /// Creates the file with what was recorded so far, and makes its name durable.
    fn open(&self, state: &mut State) -> io::Result<Open> {
        std::fs::create_dir_all(&self.folder)?;
        let mut timestamp = Timestamp::now();
        let (mut file, path) = loop {
            let path = self
                .folder
                .join(format!("{timestamp}-{}.jsonl", self.procedure));
            match OpenOptions::new().append(true).create_new(true).open(&path) {
                Ok(file) => break (file, path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    timestamp = timestamp.next();
                }
                Err(error) => return Err(error),
            }
        };
        // File systems without locks (some network mounts) lose only the difference between running and killed.
        let _ = file.try_lock();
        let mut before = state.waiting.concat();
        if state.left_out > 0 {
            let note = format!("{} more lines were left out here", state.left_out);
            before += &self.line(&json!({"event": "log", "level": "info", "message": note}));
        }
        let written = file
            .write_all(before.as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| sync_folder(&self.folder))
            .and_then(|()| self.folder.parent().map_or(Ok(()), sync_folder));
        if let Err(error) = written {
            // The effect does not happen, so neither must the log look like a run that was interrupted.
            let _ = std::fs::remove_file(&path);
            return Err(error);
        }
        state.waiting = Vec::new();
        Ok(Open {
            file,
            path,
            length: before.len() as u64,
        })
    }

    /// Writes how often each counted statement ran and what it changed, and begins counting anew.
    fn write_counts(&self, state: &mut State) -> Result<()> {
        let mut lines = String::new();
        for counted in std::mem::take(&mut state.counted) {
            if counted.times == 1 && counted.rows.is_none() {
                continue;
            }
            lines += &self.line(&json!({
                "event": "statement",
                "sql": counted.sql,
                "position": counted.position,
                "rows": counted.rows,
                "times": counted.times,
            }));
        }
        if lines.is_empty() {
            return Ok(());
        }
        self.write(state, &lines, Durable::No)
    }

    fn failed(&self, source: io::Error) -> Error {
        let mut error = Error::new(
            Kind::Io,
            format!("cannot write the run log in `{}`", self.folder.display()),
        )
        .hint("nothing is changed without a run log: make the folder writable, or name another with `--backups`");
        error.source = Some(Box::new(source));
        error
    }
}

/// What is recorded without announcing an effect: kept until the log is open, then written. Progress and tables, which
/// may hold rows, are left out.
impl Sink for RunLog {
    fn send(&self, event: &Event) {
        let mut state = self.state();
        match event {
            Event::Progress { .. } | Event::Table { .. } => return,
            Event::Statement {
                sql,
                position,
                rows: Some(rows),
            } => {
                if let Some(counted) = state.find(sql, position.as_ref()) {
                    counted.rows = Some(counted.rows.unwrap_or(0) + rows);
                    return;
                }
            }
            Event::Step { state: step, .. } if *step != StepState::Planned => {
                // A sink never fails loudly; the next announcement meets the same error and stops the run.
                let _ = self.write_counts(&mut state);
            }
            Event::Closed { .. } => {
                // What was counted so far was before it.
                let _ = self.write_counts(&mut state);
            }
            _ => {}
        }
        let line = self.line(event.without_data().as_ref());
        if state.open.is_some() {
            let _ = self.write(&mut state, &line, Durable::No);
        } else if state.waiting.len() < WAITING_LINES {
            state.waiting.push(line);
        } else {
            state.left_out += 1;
        }
    }
}

impl State {
    fn find(&mut self, sql: &str, position: Option<&Position>) -> Option<&mut Counted> {
        self.counted
            .iter_mut()
            .find(|counted| counted.sql == sql && counted.position.as_ref() == position)
    }
}

/// Whether a line must be on disk before the call returns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Durable {
    Yes,
    No,
}

impl Open {
    /// Appends whole lines; a failed write leaves no half line behind.
    fn append(&mut self, lines: &str, durable: Durable) -> io::Result<()> {
        if let Err(error) = self.file.write_all(lines.as_bytes()) {
            // If even this fails, the log ends in a half line, which its readers take for an interrupted run.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += lines.len() as u64;
        match durable {
            Durable::Yes => self.file.sync_data(),
            Durable::No => Ok(()),
        }
    }
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
