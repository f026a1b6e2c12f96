//! What a run is given from outside: everything the script host may reach, decided by the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::db::Target;
use crate::error::{Error, Kind};
use crate::event::Sink;
use crate::storage::RunLog;
use crate::value::Value;

/// Everything a run needs.
pub struct Context {
    /// The project folder, absolute.
    pub project: PathBuf,
    /// The database.
    pub target: Target,
    /// The backups folder, absolute.
    pub backups: PathBuf,
    /// Say what would be done, change nothing.
    pub plan: bool,
    /// `--allow` and its like given on the command line belong to the procedure's parameters; this is what the person
    /// at the terminal answers.
    pub asker: Arc<dyn Asker>,
    /// Where events go: terminal or JSON, and the run log.
    pub sink: Arc<dyn Sink>,
    /// The journal that effects are announced in.
    pub log: Arc<RunLog>,
    /// Rights that are granted: `db:write`, `backups`, `scratch`, `files`, and what `dbscript.toml` adds.
    pub rights: BTreeSet<String>,
    /// How many sets of each database a backup leaves, where the script does not say.
    pub keep_last: Option<usize>,
    /// The process environment, for `env::get` and parameters with `env`; empty unless `env` is granted.
    pub environment: BTreeMap<String, String>,
    /// Stops the run.
    pub stop: Stop,
}

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes, or `--yes`.
    Yes,
    /// No.
    No,
    /// Nobody can be asked: no terminal and no `--yes`.
    Nobody,
}

/// Asks the person at the terminal.
pub trait Asker: Send + Sync {
    /// Asks a yes-or-no question.
    fn confirm(&self, question: &str) -> Answer;

    /// Whether a person sits at a terminal now, also if `--yes` answers for them.
    fn is_there(&self) -> bool {
        false
    }
}

/// Stops a run once, for one reason: a signal or the time limit.
#[derive(Clone, Default)]
pub struct Stop {
    token: CancellationToken,
    reason: Arc<OnceLock<Kind>>,
    held: Arc<AtomicBool>,
}

impl Stop {
    /// Stops the run; the first reason counts. `reason` is [`Kind::Interrupted`] or [`Kind::Timeout`].
    pub fn stop(&self, reason: Kind) {
        // A second reason changes nothing.
        let _ = self.reason.set(reason);
        self.token.cancel();
    }

    /// Why it was stopped, if it was.
    pub fn reason(&self) -> Option<Kind> {
        self.reason.get().copied()
    }

    /// Says whether something is under way that has a limit of its own and is not cut off before that.
    pub fn hold(&self, held: bool) {
        self.held.store(held, Ordering::SeqCst);
    }

    /// Whether something is.
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::SeqCst)
    }

    /// Waits until it is stopped.
    pub async fn stopped(&self) {
        self.token.cancelled().await;
    }
}

/// What a run left behind in the database and the project's files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DatabaseState {
    /// Nothing was changed.
    #[default]
    AsFound,
    /// What was begun is rolled back.
    RolledBack,
    /// This was changed for good, in words for a person.
    Changed(Vec<String>),
    /// A commit was cut off: this may or may not be in.
    InDoubt(String),
    /// Not known here; the error says what is.
    Unknown,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// What `main` returned, or the `result` of the map it threw; `Null` if neither.
    pub result: Value,
    /// Why it failed, if it did. An alert that was raised in a run that ended well is an error of kind `Integrity` too.
    pub error: Option<Error>,
    /// What it left behind.
    pub state: DatabaseState,
}
