//! Events for programs: JSON Lines on standard output, and nothing else there. The last line is the `end`.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::output::{Ending, Screen};
use super::report::End;
use crate::event::{Event, Level, Sink};
use crate::storage::Secrets;

/// Writes events as JSON Lines.
pub struct Json {
    secrets: Secrets,
    /// Whether a runner reads along, which takes `##[` anywhere for an order.
    defused: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ended: bool,
    failed: Option<io::Error>,
}

impl Json {
    /// Lines in which these secrets are masked.
    pub fn new(secrets: Secrets, defused: bool) -> Self {
        Json {
            secrets,
            defused,
            state: Mutex::default(),
        }
    }

    fn write(&self, event: &impl Serialize, is_end: bool) {
        let line = serde_json::to_value(event).map(|mut line| {
            self.secrets.mask_json(&mut line);
            match self.defused {
                true => format!("{line}\n").replace("##[", "\\u0023#["),
                false => format!("{line}\n"),
            }
        });
        // A panic elsewhere must not keep the `end` from being written.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.ended || state.failed.is_some() {
            return;
        }
        state.ended = is_end;
        let written = line.map_err(io::Error::from).and_then(|line| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(line.as_bytes())?;
            stdout.flush()
        });
        state.failed = written.err();
    }
}

impl Sink for Json {
    fn send(&self, event: &Event) {
        // Announcements are for the run log.
        if !matches!(event, Event::Statement { .. }) {
            self.write(event, false);
        }
    }
}

impl Screen for Json {
    fn notice(&self, message: &str) {
        self.send(&Event::Log {
            level: Level::Info,
            message: message.to_owned(),
            data: None,
        });
    }

    fn prompt(&self, _question: &str) {}

    fn answered(&self) {}

    fn end(&self, end: &End, _ending: &Ending, _project: Option<&Path>) -> io::Result<()> {
        self.write(end, true);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed.take().map_or(Ok(()), Err)
    }
}
