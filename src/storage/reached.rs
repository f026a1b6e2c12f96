//! How far a migration came that the history has as begun: its statements in the run logs, which alone know them.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What the newest run that applied a file left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The run's log.
    pub path: PathBuf,
    /// The file that the migration was then, as the places of statements have it.
    pub file: String,
    /// Line of the last statement that was done, from 1; `None`: of none it is known that it was.
    pub done: Option<u64>,
    /// Line of the statement that was begun and did not end, from 1.
    pub begun: Option<u64>,
    /// The timestamp of the backup set that the run made before.
    pub set: Option<String>,
}

/// A migration, as run logs know it.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// The database, as the `run` lines have it.
    pub database: &'a str,
    /// Its version.
    pub version: i64,
    /// Its file, as the places of statements have it. `None`: whichever has its version, as it may be gone or have another
    /// name by now.
    pub file: Option<&'a str>,
}

impl Sought<'_> {
    fn is_in(&self, file: &str) -> bool {
        match self.file {
            Some(sought) => file == sought,
            None => version_of(file) == Some(self.version),
        }
    }
}

/// The version in a file's name.
fn version_of(file: &str) -> Option<i64> {
    let name = file.rsplit(['/', '\\']).next()?;
    name.split_once('_')?.0.parse().ok()
}

/// The newest run in this folder that did statements of a migration on this database, or was killed at the first one,
/// unless the migration is known to be whole or undone since. After a restore of the whole database what counts is what
/// was so when its set was made. Logs that cannot be read say nothing.
pub fn reached(folder: &Path, sought: Sought<'_>) -> Option<Reached> {
    let mut logs: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    // Their names begin with their times.
    logs.sort();
    let mut as_of: Option<String> = None;
    for path in logs.into_iter().rev() {
        let began = began(&path);
        if as_of.as_ref().is_some_and(|set| began >= *set) {
            continue;
        }
        let Ok((mut lines, file)) = read(&path, sought) else {
            continue;
        };
        if let Some(set) = &as_of {
            cut_at(&mut lines, set);
        }
        loop {
            let restored = lines
                .iter()
                .rposition(|line| matches!(line, Line::Restored(_)));
            let log = Log::of(&lines[restored.map_or(0, |at| at + 1)..]);
            if log.is_half() {
                return Some(log.reached(path, file));
            }
            if log.closed {
                return None;
            }
            let Some(Line::Restored(set)) = restored.and_then(|at| lines.drain(at..).next()) else {
                break;
            };
            cut_at(&mut lines, &set);
            let is_older = set <= began;
            as_of = Some(set);
            if is_older {
                break;
            }
        }
    }
    None
}

/// When a run began, written as the timestamps of sets are.
fn began(log: &Path) -> String {
    let name = log.file_name().and_then(|name| name.to_str());
    let moment = name.and_then(|name| name.split_once("Z-"));
    moment.map_or(String::new(), |(moment, _)| format!("{moment}Z"))
}

/// Leaves what came before this set was made, where the run made it itself.
fn cut_at(lines: &mut Vec<Line>, set: &str) {
    let made = |line: &Line| matches!(line, Line::Made(made) if made == set);
    if let Some(at) = lines.iter().position(made) {
        lines.truncate(at);
        lines.push(Line::Failed);
    }
}

/// Whether two addresses, as `run` lines have them, are of the same database: whoever connects, by whatever name of this
/// machine.
fn is_same(left: &str, right: &str) -> bool {
    place(left) == place(right)
}

fn place(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let Some((host, database)) = rest.rsplit_once('/') else {
        return rest.to_owned();
    };
    let usual = [":5432", ":3306"];
    let host = usual
        .iter()
        .find_map(|port| host.strip_suffix(port))
        .unwrap_or(host);
    let here = ["localhost", "[::1]"];
    let host = here.iter().fold(host.to_owned(), |host, name| {
        host.replacen(name, "127.0.0.1", 1)
    });
    format!("{host}/{database}")
}

/// Where a statement stands in its file; statements run in the order of their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    line: u64,
    column: u64,
}

/// What a line of a log says of the migration.
#[derive(Debug)]
enum Line {
    /// A statement was announced.
    Announced(Place),
    /// A statement is done.
    Counted(Place),
    /// The migration is whole, or undone.
    Closed,
    /// The whole database was restored from this set.
    Restored(String),
    /// This set was made.
    Made(String),
    /// The run failed, or this is not all of it.
    Failed,
}

/// What one log tells.
#[derive(Default)]
struct Log {
    closed: bool,
    failed: bool,
    done: Option<Place>,
    begun: Option<Place>,
    set: Option<String>,
}

impl Log {
    fn of(lines: &[Line]) -> Log {
        let mut log = Log::default();
        for line in lines {
            match line {
                // The one before it is done, or this one would not have been reached. Its own line of rows may come much
                // later, or never if the run was killed.
                Line::Announced(place) => {
                    log.done = log.done.max(log.begun);
                    log.begun = Some(*place);
                }
                Line::Counted(place) => {
                    log.done = log.done.max(Some(*place));
                    log.begun = log.begun.filter(|begun| begun != place);
                }
                Line::Closed => (log.done, log.begun, log.closed) = (None, None, true),
                Line::Made(set) if log.begun.or(log.done).is_none() => log.set = Some(set.clone()),
                Line::Failed => log.failed = true,
                Line::Made(_) | Line::Restored(_) => {}
            }
        }
        log
    }

    /// Whether something of the migration is, or may be, done. A first statement that failed has left nothing; of one
    /// that was cut off nobody knows.
    fn is_half(&self) -> bool {
        self.done.is_some() || (self.begun.is_some() && !self.failed)
    }

    fn reached(self, path: PathBuf, file: String) -> Reached {
        Reached {
            path,
            file,
            done: self.done.map(|place| place.line),
            begun: self.begun.map(|place| place.line),
            set: self.set,
        }
    }
}

/// Whether a run restored the whole of this database, as its log has it.
pub(super) fn restores(path: &Path, database: &str) -> bool {
    let nothing = Sought {
        database,
        version: 0,
        file: None,
    };
    let read = read(path, nothing).map(|(lines, _)| lines);
    let lines = read.unwrap_or_default();
    lines.iter().any(|line| matches!(line, Line::Restored(_)))
}

/// What a log says of a migration on this database, and its file there; nothing where it is of another.
fn read(path: &Path, sought: Sought<'_>) -> io::Result<(Vec<Line>, String)> {
    let (mut lines, mut file) = (Vec::new(), String::new());
    for line in BufReader::new(File::open(path)?).lines() {
        // A last line that was cut short by a kill is none.
        let event = serde_json::from_str::<Value>(&line?).unwrap_or_default();
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        match event["event"].as_str() {
            Some("run") if !is_same(&text("database"), sought.database) => {
                return Ok((Vec::new(), file));
            }
            Some("counts") if event["of"] == "backup" => lines.push(Line::Made(text("set"))),
            Some("statement")
                if event["position"]["file"]
                    .as_str()
                    .is_some_and(|file| sought.is_in(file)) =>
            {
                file = event["position"]["file"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                let number = |name: &str| event["position"][name].as_u64().unwrap_or(1);
                let (line, column) = (number("line"), number("column"));
                lines.push(match event["rows"].is_u64() {
                    true => Line::Counted(Place { line, column }),
                    false => Line::Announced(Place { line, column }),
                });
            }
            Some("closed") if event["version"].as_i64() == Some(sought.version) => {
                lines.push(Line::Closed);
            }
            Some("closed") if event["set"].is_string() => lines.push(Line::Restored(text("set"))),
            Some("end") if event["status"] == "failed" => lines.push(Line::Failed),
            _ => {}
        }
    }
    Ok((lines, file))
}

#[cfg(test)]
mod tests;
