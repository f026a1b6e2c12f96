//! Progress of one long task, told often enough to be watched and seldom enough to cost nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::{Event, Level, Sink};

/// At most this often.
const EVERY: Duration = Duration::from_millis(100);

/// Tells a sink how far one task has come.
pub(super) struct Progress {
    sink: Arc<dyn Sink>,
    task: String,
    unit: &'static str,
    total: Option<u64>,
    last: Instant,
}

impl Progress {
    pub(super) fn new(sink: &Arc<dyn Sink>, task: String, unit: &'static str) -> Self {
        Progress {
            sink: sink.clone(),
            task,
            unit,
            total: None,
            last: Instant::now(),
        }
    }

    /// The same with a known end.
    pub(super) fn of(mut self, total: u64) -> Self {
        self.total = Some(total);
        self
    }

    /// Says how far it is, unless it was said a moment ago.
    pub(super) fn at(&mut self, done: u64) {
        if self.last.elapsed() >= EVERY {
            self.last = Instant::now();
            self.send(done, self.total);
        }
    }

    /// Says that it is done.
    pub(super) fn end(self, done: u64) {
        self.send(done, Some(done));
    }

    fn send(&self, done: u64, total: Option<u64>) {
        self.sink.send(&Event::Progress {
            task: self.task.clone(),
            done,
            total,
            unit: self.unit.to_owned(),
        });
    }
}

/// A line for people.
pub(super) fn say(sink: &dyn Sink, level: Level, message: impl Into<String>) {
    sink.send(&Event::Log {
        level,
        message: message.into(),
        data: None,
    });
}
