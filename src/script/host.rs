//! What every bound function may reach: the state of one run.
//!
//! It lives on the script's thread behind an `Rc`. Its cells are never borrowed while the script or a future runs, so a
//! closure may call back into anything.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::bridge::{Bridge, PLACING};
use super::context::{Answer, Context};
use super::files::Files;
use super::ledger::Ledger;
use super::limits::Limits;
use super::protection::Protection;
use super::workplace::Workplaces;
use crate::db::Target;
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Level, Sink, StepState};
use crate::storage::RunLog;

/// How a message begins that speaks of the rehearsal's copy.
pub const IN_REHEARSAL: &str = "in the rehearsal: ";

/// The state of one run.
pub struct Host {
    context: Context,
    needs: BTreeSet<String>,
    bridge: Bridge,
    limits: Rc<Limits>,
    files: Files,
    pub(super) places: Workplaces,
    pub(super) protection: Protection,
    progress: Cell<Option<Instant>>,
    steps: RefCell<Vec<String>>,
    stopped_step: RefCell<Option<String>>,
    alerts: RefCell<Vec<String>>,
    planned_sets: Cell<usize>,
    pub(super) ledger: Ledger,
}

impl Host {
    /// The host of a run that asks for these rights.
    pub fn new(context: Context, needs: &[String], bridge: Bridge, files: Files) -> Rc<Self> {
        let needs: BTreeSet<String> = needs.iter().cloned().collect();
        let write =
            needs.contains("db:write") && context.rights.contains("db:write") && !context.plan;
        let places = Workplaces::new(context.target.clone(), write);
        Rc::new(Host {
            context,
            needs,
            bridge,
            limits: Rc::default(),
            files,
            places,
            protection: Protection::default(),
            progress: Cell::default(),
            steps: RefCell::default(),
            stopped_step: RefCell::default(),
            alerts: RefCell::default(),
            planned_sets: Cell::default(),
            ledger: Ledger::default(),
        })
    }

    /// What the command line gave.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The project folder.
    pub fn project(&self) -> &Path {
        &self.context.project
    }

    /// The backups folder.
    pub fn backups(&self) -> &Path {
        &self.context.backups
    }

    /// Where events go.
    pub fn sink(&self) -> &dyn Sink {
        &*self.context.sink
    }

    /// The journal that effects are announced in.
    pub fn log(&self) -> &RunLog {
        &self.context.log
    }

    /// Whether nothing may be changed, only told.
    pub fn plan(&self) -> bool {
        self.context.plan
    }

    /// The counters a host call starts again.
    pub fn limits(&self) -> &Rc<Limits> {
        &self.limits
    }

    /// The files a script may reach.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Waits for async work of the core, or until the run is stopped. Never call it while the script is called back.
    ///
    /// # Errors
    /// The work's own, or `Interrupted` or `Timeout`.
    pub fn wait<T, E: Into<Error>>(
        &self,
        future: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        self.limits.reset();
        self.bridge.wait(future)
    }

    /// Waits for work that mends (closing, rolling back): a stop does not cancel it, but it has 3 s at most.
    ///
    /// # Errors
    /// The work's own, or `Timeout`.
    pub fn mend<T, E: Into<Error>>(
        &self,
        future: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        self.bridge.mend(future)
    }

    /// Waits for work that must not be cut off half-way, such as a commit: a stop gives it 3 s more.
    ///
    /// # Errors
    /// The work's own, or a stop.
    pub fn finish<T, E: Into<Error>>(
        &self,
        future: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        self.limits.reset();
        self.bridge.finish(future)
    }

    /// As [`Host::finish`], for a restore that is being put in place: whole or not at all. A stop waits for that longer,
    /// which is said.
    ///
    /// # Errors
    /// The work's own, or a stop.
    pub(super) fn put_in_place<T, E: Into<Error>>(
        &self,
        future: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        self.limits.reset();
        let told = || {
            let message = "the restore is being put in place, which is not cut short: waiting until it is in or taken back";
            self.say(Level::Info, message);
        };
        self.bridge.finish_within(PLACING, told, future)
    }

    /// Why the run was stopped, as an error, if it was.
    pub fn stopped(&self) -> Option<Error> {
        self.bridge.stopped()
    }

    /// The live database, also inside a rehearsal.
    pub fn live_target(&self) -> &Target {
        &self.context.target
    }

    /// Checks a right.
    ///
    /// # Errors
    /// `Script` if `NEEDS` does not name it, `Refused` if it is not granted.
    pub fn require(&self, right: &str) -> Result<()> {
        if right == "db:write" && self.in_scratch() {
            // A scratch database is the rehearsal's own.
            return Ok(());
        }
        if !self.needs.contains(right) {
            return Err(Error::new(
                Kind::Script,
                format!("the right `{right}` is not asked for"),
            )
            .hint(format!(
                "add it to the script's header: const NEEDS = [\"{right}\", …];"
            )));
        }
        if !self.context.rights.contains(right) {
            return Err(not_granted(right));
        }
        Ok(())
    }

    /// Call before an effect: checks the right, then announces it durably and returns `true`; under `--plan` it is only
    /// told, and `false` means "do not". `action` is a sentence in lower case.
    ///
    /// # Errors
    /// A right that is missing; a run log that cannot be written: the effect must then not happen.
    pub fn effect(&self, right: &str, action: impl Into<String>) -> Result<bool> {
        let message = action.into();
        let event = Event::Log {
            level: Level::Info,
            message: message.clone(),
            data: None,
        };
        self.effect_as(right, message, &event)
    }

    /// As [`Host::effect`], announced as this event, such as a masked statement.
    ///
    /// # Errors
    /// As [`Host::effect`].
    pub fn effect_as(&self, right: &str, action: String, event: &Event) -> Result<bool> {
        self.require(right)?;
        if self.in_scratch() && right == "db:write" {
            return Ok(true);
        }
        if self.plan() {
            self.sink().send(&Event::Planned { action });
            return Ok(false);
        }
        self.log().announce(event)?;
        if matches!(right, "db:write" | "files") {
            self.announced(action, right == "db:write");
        }
        Ok(true)
    }

    /// Asks the person at the terminal; a stop ends the wait.
    ///
    /// # Errors
    /// A stop.
    pub fn ask(&self, question: &str) -> Result<Answer> {
        let asker = std::sync::Arc::clone(&self.context.asker);
        let question = question.to_owned();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        // A thread of its own: reading the terminal cannot be cancelled, and must not hold up the runtime's end.
        std::thread::spawn(move || {
            // Nobody listens once the run is stopped.
            let _ = sender.send(asker.confirm(&question));
        });
        self.wait(async { Ok::<_, Error>(receiver.await.unwrap_or(Answer::Nobody)) })
    }

    /// A line for people.
    pub fn say(&self, level: Level, message: impl Into<String>) {
        self.say_of(level, message, None);
    }

    /// A line for people, with what rows hold that belongs to it.
    pub fn say_of(&self, level: Level, message: impl Into<String>, data: Option<String>) {
        self.sink().send(&Event::Log {
            level,
            message: message.into(),
            data,
        });
    }

    /// How far something has come; told a few times a second and at its end.
    pub fn progress(&self, task: &str, done: u64, total: Option<u64>, unit: String) {
        const PAUSE: Duration = Duration::from_millis(100);
        let ended = total.is_some_and(|total| done >= total);
        let soon = self
            .progress
            .get()
            .is_some_and(|last| last.elapsed() < PAUSE);
        if soon && !ended {
            return;
        }
        self.progress.set(Some(Instant::now()));
        self.sink().send(&Event::Progress {
            task: task.to_owned(),
            done,
            total,
            unit,
        });
    }

    /// Records an alert. In a rehearsal it only warns: nothing has happened to the live data.
    pub fn alert(&self, name: &str, message: &str, raised: bool) {
        let said = self.in_scratch() && !message.starts_with(IN_REHEARSAL);
        let place = if said { IN_REHEARSAL } else { "" };
        let (raised, message) = (raised && !self.in_scratch(), format!("{place}{message}"));
        if raised {
            self.alerts.borrow_mut().push(format!("{name}: {message}"));
        }
        self.sink().send(&Event::Alert {
            name: name.to_owned(),
            message,
            raised,
        });
    }

    /// The alerts that were raised.
    pub fn alerts(&self) -> Vec<String> {
        self.alerts.borrow().clone()
    }

    /// A whole backup would be made here, which is only planned.
    pub fn plan_set(&self) {
        self.planned_sets.set(self.planned_sets.get() + 1);
    }

    /// How many whole backups would have been made.
    pub fn planned_sets(&self) -> usize {
        self.planned_sets.get()
    }

    /// Runs a step: its events, its time, its place in errors.
    ///
    /// # Errors
    /// The work's own.
    pub fn step<T, E>(
        &self,
        name: &str,
        work: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.steps.borrow_mut().push(name.to_owned());
        let path = self.step_path();
        let begun = Instant::now();
        let send = |state, elapsed_ms| {
            self.sink().send(&Event::Step {
                name: path.clone(),
                state,
                elapsed_ms,
            });
        };
        send(StepState::Started, None);
        let result = work();
        self.steps.borrow_mut().pop();
        let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).ok();
        match &result {
            Ok(_) if self.plan() => send(StepState::Planned, elapsed_ms),
            Ok(_) => send(StepState::Done, elapsed_ms),
            Err(_) => {
                if self.stopped().is_some() {
                    // The innermost step counts, which ends first.
                    let mut stopped = self.stopped_step.borrow_mut();
                    stopped.get_or_insert_with(|| path.clone());
                }
                send(StepState::Failed, elapsed_ms);
            }
        }
        result
    }

    /// The steps the script is in, joined by ` › `; empty outside.
    pub fn step_path(&self) -> String {
        self.steps.borrow().join(" › ")
    }

    /// The innermost step that a stop ended.
    pub fn stopped_step(&self) -> Option<String> {
        self.stopped_step.borrow().clone()
    }

    /// A path as people are shown it: relative to the project where it lies in it.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.project())
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// A path of a script as an absolute one; nothing is checked.
    pub fn absolute(&self, path: &str) -> PathBuf {
        self.project().join(path)
    }
}

/// The error of a right that nobody granted.
fn not_granted(right: &str) -> Error {
    let hint = match right {
        "shell" | "net" | "env" => {
            format!("grant it in the section `[rights]` of `dbscript.toml`: grant = [\"{right}\"]")
        }
        _ => "`dbscript.toml` takes it away: see `revoke` in its section `[rights]`".to_owned(),
    };
    Error::new(Kind::Refused, format!("the right `{right}` is not granted")).hint(hint)
}
