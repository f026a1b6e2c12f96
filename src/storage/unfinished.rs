//! Interrupted runs, found by their logs: a run log without an `end` line belongs to a run that is still at work, or to
//! one that was killed.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::reached;
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

impl Unfinished {
    /// Its procedure, as the log's name has it.
    pub fn procedure(&self) -> Option<String> {
        procedure_of(&self.path)
    }

    /// The sets that it made or restores, as its log has them. Of a log that cannot be read there are none.
    pub fn sets(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.path).unwrap_or_default();
        let made = log.lines().filter_map(made_by);
        let restored = self.restoring().map(|restoring| restoring.set);
        made.chain(restored).collect()
    }

    /// What it was restoring, as its log has it.
    pub fn restoring(&self) -> Option<Restoring> {
        let log = std::fs::read_to_string(&self.path).ok()?;
        log.lines().rev().find_map(restored_by)
    }
}

/// A restore that was at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restoring {
    /// The timestamp of the set.
    pub set: String,
    /// The tables whose rows it was to replace; `None`: the whole database.
    pub tables: Option<Vec<String>>,
}

/// The set that a line counts.
fn made_by(line: &str) -> Option<String> {
    let line = serde_json::from_str::<Value>(line).ok()?;
    if line.get("event") != Some(&json!("counts")) {
        return None;
    }
    Some(line.get("set")?.as_str()?.to_owned())
}

/// What a line announces to be restored.
fn restored_by(line: &str) -> Option<Restoring> {
    let line = serde_json::from_str::<Value>(line).ok()?;
    let told = line.get("sql").or_else(|| line.get("message"))?.as_str()?;
    let plan = told.strip_prefix("-- restore: ").unwrap_or(told);
    let is_plan = plan.starts_with("replace ") || plan.starts_with("create ");
    let (_, rest) = plan.split_once(" the backup ").filter(|_| is_plan)?;
    let end = rest.find('Z')?;
    let of_some = plan.strip_prefix("replace the rows of `");
    let tables = of_some.and_then(|named| named.split_once("` in "));
    Some(Restoring {
        set: rest[..=end].to_owned(),
        tables: tables.map(|(named, _)| named.split("`, `").map(str::to_owned).collect()),
    })
}

/// How a log ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Its run did what it was to do.
    Done,
    /// Its run failed, and said so.
    Failed,
    /// Its run is at work.
    Running,
    /// Its run was killed.
    Killed,
}

/// The runs in this folder that are at work or were killed, oldest first. One that was killed is settled when the same
/// procedure has come to a good end since, or any that restored the whole database. A folder that is not there holds
/// none.
///
/// # Errors
/// When the folder or a log cannot be read.
pub fn unfinished(folder: &Path) -> Result<Vec<Unfinished>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot_read(folder, error)),
    };
    let mut logs = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| cannot_read(folder, error))?.path();
        if path.extension().is_some_and(|ending| ending == "jsonl") {
            let ending = ending_of(&path).map_err(|error| cannot_read(&path, error))?;
            logs.push((path, ending));
        }
    }
    // Their names begin with their times.
    logs.sort_by(|(left, _), (right, _)| right.cmp(left));
    let mut done_since = BTreeSet::new();
    let mut done_logs: Vec<PathBuf> = Vec::new();
    let mut found = Vec::new();
    for (path, ending) in logs {
        let procedure = procedure_of(&path);
        match ending {
            Ending::Done => {
                done_since.insert(procedure);
                done_logs.push(path);
            }
            Ending::Failed => {}
            Ending::Killed if done_since.contains(&procedure) => {}
            Ending::Killed if is_undone(&path, &done_logs) => {}
            Ending::Running | Ending::Killed => found.push(Unfinished {
                path,
                running: ending == Ending::Running,
            }),
        }
    }
    found.reverse();
    Ok(found)
}

/// Whether one of these runs has restored the whole database of the one that was killed.
fn is_undone(killed: &Path, since: &[PathBuf]) -> bool {
    let database = database_of(killed);
    database.is_some_and(|database| since.iter().any(|log| reached::restores(log, &database)))
}

/// The database of a run, as its log has it.
fn database_of(log: &Path) -> Option<String> {
    let mut first = String::new();
    BufReader::new(File::open(log).ok()?)
        .read_line(&mut first)
        .ok()?;
    let first = serde_json::from_str::<Value>(&first).ok()?;
    Some(first.get("database")?.as_str()?.to_owned())
}

fn cannot_read(path: &Path, source: io::Error) -> Error {
    let mut error = Error::new(Kind::Io, format!("cannot read `{}`", path.display()));
    error.source = Some(Box::new(source));
    error
}

/// What stands behind the timestamp in a log's name.
fn procedure_of(path: &Path) -> Option<String> {
    /// The length of a timestamp (FORMAT.md) and the `-` behind it.
    const BEFORE: usize = "2025-07-05T21-00-00-000Z-".len();
    path.file_stem()?.to_str()?.get(BEFORE..).map(str::to_owned)
}

fn ending_of(path: &Path) -> io::Result<Ending> {
    let mut file = File::open(path)?;
    let last = last_line(&mut file)?;
    let last = serde_json::from_slice::<Value>(&last).unwrap_or_default();
    if last.get("event") == Some(&json!("end")) {
        let is_good = matches!(last["status"].as_str(), Some("ok" | "partial"));
        return Ok(match is_good {
            true => Ending::Done,
            false => Ending::Failed,
        });
    }
    Ok(match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Ending::Running,
        Ok(()) | Err(TryLockError::Error(_)) => Ending::Killed,
    })
}

/// The last line, if it is whole; else nothing.
fn last_line(file: &mut File) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    let mut window = TAIL_BYTES;
    loop {
        let start = length.saturating_sub(window);
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        let whole = tail.strip_suffix(b"\n").unwrap_or_default();
        let newline = whole.iter().rposition(|byte| *byte == b'\n');
        match newline {
            Some(newline) => return Ok(whole[newline + 1..].to_vec()),
            None if start == 0 || whole.is_empty() => return Ok(whole.to_vec()),
            // A long line, such as a result with many findings.
            None => window *= 16,
        }
    }
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
            data: None,
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

        let end = |procedure: &str, status: &str| {
            let log = RunLog::new(&runs, procedure);
            log.announce(&effect()).expect("announced");
            let long = "x".repeat(100_000);
            let end = json!({"event": "end", "status": status, "result": long});
            log.end(&end).expect("ended");
        };
        end("other", "ok");
        end("killed", "failed");
        assert_eq!(unfinished(&runs).expect("read"), [dead]);
        end("killed", "ok");
        assert_eq!(unfinished(&runs).expect("read"), []);
    }
}
