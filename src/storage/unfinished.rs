//! Interrupted runs, found by their logs: a run log without an `end` line belongs to a run that is still at work, or to
//! one that was killed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};

/// How much of a log's end is read to find its last line.
const TAIL_BYTES: u64 = 64 * 1024;

/// A run that began and whose log has no `end` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Its log.
    pub path: PathBuf,
    /// Whether it is still at work: its process holds the log's lock.
    pub running: bool,
}

/// The runs in this folder whose log has no `end` line, oldest first. A folder that is not there holds none.
///
/// # Errors
/// When the folder or a log cannot be read.
pub fn unfinished(folder: &Path) -> Result<Vec<Unfinished>> {
    let cannot = |path: &Path, source: io::Error| {
        let mut error = Error::new(Kind::Io, format!("cannot read `{}`", path.display()));
        error.source = Some(Box::new(source));
        error
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot(folder, error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| cannot(folder, error))?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        if let Some(running) = is_unfinished(&path).map_err(|error| cannot(&path, error))? {
            found.push(Unfinished { path, running });
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(found)
}

/// `None` if the log ends as it should; else whether its process still lives.
fn is_unfinished(path: &Path) -> io::Result<Option<bool>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let whole = tail.strip_suffix(b"\n").unwrap_or_default();
    let last = whole
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(whole, |newline| &whole[newline + 1..]);
    let ended = serde_json::from_slice::<Value>(last)
        .is_ok_and(|line| line.get("event") == Some(&json!("end")));
    if ended {
        return Ok(None);
    }
    let running = matches!(
        file.try_lock_shared(),
        Err(std::fs::TryLockError::WouldBlock)
    );
    Ok(Some(running))
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;

    use super::*;
    use crate::event::{Event, Level};
    use crate::storage::RunLog;

    fn effect() -> Event {
        Event::Log {
            level: Level::Info,
            message: "now".to_owned(),
        }
    }

    #[test]
    fn a_log_without_its_end_is_an_unfinished_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = folder.path().join("runs");
        assert_eq!(unfinished(&runs).expect("read"), []);

        let killed = RunLog::new(&runs, "killed");
        killed.announce(&effect()).expect("announced");
        let path = killed.path().expect("open");
        let at_work = Unfinished {
            path: path.clone(),
            running: true,
        };
        assert_eq!(unfinished(&runs).expect("read"), [at_work]);
        drop(killed);
        // A line cut short by the kill.
        let mut file = OpenOptions::new().append(true).open(&path).expect("open");
        file.write_all(b"{\"event\":\"end\"").expect("written");
        let dead = Unfinished {
            path,
            running: false,
        };
        assert_eq!(
            unfinished(&runs).expect("read"),
            std::slice::from_ref(&dead)
        );

        let ended = RunLog::new(&runs, "ended");
        ended.announce(&effect()).expect("announced");
        ended.end(&json!({"event": "end"})).expect("ended");
        assert_eq!(unfinished(&runs).expect("read"), [dead]);
    }
}
