//! What both renderings share: how a command ends, what a screen can do, and the sink that also keeps the run log.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::report::End;
use crate::error::Error;
use crate::event::{Event, Level, Sink};
use crate::script::DatabaseState;
use crate::storage::RunLog;
use crate::value::Value;

/// How a command ended.
#[derive(Debug)]
pub struct Ending {
    /// What it gives back.
    pub result: Value,
    /// The result as a person should read it, where that is not `key: value` lines.
    pub text: Option<String>,
    /// Why it failed, if it did.
    pub error: Option<Error>,
    /// What a procedure left behind; `None` if none was run.
    pub state: Option<DatabaseState>,
}

impl Ending {
    /// The end of a command that gives this back.
    pub fn with(result: Value, text: impl Into<String>) -> Self {
        Ending {
            result,
            text: Some(text.into()),
            error: None,
            state: None,
        }
    }
}

impl From<Error> for Ending {
    fn from(error: Error) -> Self {
        Ending {
            result: Value::Null,
            text: None,
            error: Some(error),
            state: None,
        }
    }
}

/// Where events are rendered: the terminal or JSON Lines.
pub trait Screen: Sink {
    /// Says a line that is never left out.
    fn notice(&self, message: &str);

    /// Puts a question to the person; the answer is read elsewhere.
    fn prompt(&self, question: &str);

    /// The question is answered: the person's Enter has ended its line.
    fn answered(&self);

    /// Says the last word.
    ///
    /// # Errors
    /// When standard output could not be written; that its reader has gone is one of them.
    fn end(&self, end: &End, ending: &Ending, project: Option<&Path>) -> io::Result<()>;
}

/// Sends every event to the screen and to the run log. An effect that a loop plans again and again is told once, with a
/// count.
pub struct Tee {
    screen: Arc<dyn Screen>,
    log: Arc<RunLog>,
    mute: Vec<String>,
    planned: Mutex<Option<Planned>>,
}

/// The effect that was planned last, and how often in a row.
struct Planned {
    action: String,
    times: u64,
}

impl Tee {
    /// Sends to both.
    pub fn new(screen: Arc<dyn Screen>, log: Arc<RunLog>) -> Self {
        Tee {
            screen,
            log,
            mute: Vec::new(),
            planned: Mutex::default(),
        }
    }

    /// The same, but alerts of these names that only warn go to the run log alone.
    pub fn muting(mut self, names: &[String]) -> Self {
        self.mute = names.to_vec();
        self
    }

    fn is_muted(&self, event: &Event) -> bool {
        matches!(event, Event::Alert { name, raised: false, .. } if self.mute.contains(name))
    }

    /// Tells the count of what was planned last; nothing follows.
    pub fn close(&self) {
        let planned = self.planned().take();
        self.tell(planned);
    }

    fn planned(&self) -> MutexGuard<'_, Option<Planned>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, planned: Option<Planned>) {
        if let Some(Planned {
            times: times @ 2.., ..
        }) = planned
        {
            self.screen.send(&Event::Log {
                level: Level::Info,
                message: format!("… the same {times} times in all"),
                data: None,
            });
        }
    }
}

impl Sink for Tee {
    fn send(&self, event: &Event) {
        let last = match event {
            Event::Planned { action } => {
                let mut planned = self.planned();
                if let Some(planned) = planned.as_mut().filter(|planned| planned.action == *action)
                {
                    planned.times += 1;
                    return;
                }
                let action = action.clone();
                planned.replace(Planned { action, times: 1 })
            }
            _ => self.planned().take(),
        };
        self.tell(last);
        self.log.send(event);
        if !self.is_muted(event) {
            self.screen.send(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl Sink for Lines {
        fn send(&self, event: &Event) {
            if let Event::Planned { action: line } | Event::Log { message: line, .. } = event {
                self.0.lock().expect("no panic").push(line.clone());
            }
        }
    }

    impl Screen for Lines {
        fn notice(&self, _: &str) {}
        fn prompt(&self, _: &str) {}
        fn answered(&self) {}
        fn end(&self, _: &End, _: &Ending, _: Option<&Path>) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_a_loop_plans_is_told_once_with_a_count() {
        let lines = Arc::new(Lines::default());
        let folder = Path::new("/nowhere");
        let tee = Tee::new(lines.clone(), Arc::new(RunLog::new(folder, "x").planning()));
        for action in ["a", "b", "b", "b", "c", "c"] {
            tee.send(&Event::Planned {
                action: action.to_owned(),
            });
        }
        tee.close();
        let told = lines.0.lock().expect("no panic").clone();
        assert_eq!(
            told,
            [
                "a",
                "b",
                "… the same 3 times in all",
                "c",
                "… the same 2 times in all"
            ]
        );
    }
}
