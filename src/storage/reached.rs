//! How far a migration came that is not in the history: its statements in the run logs. A file that runs outside a
//! transaction leaves what it did, and only the journal knows.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// What the newest run that applied a file left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The run's log.
    pub path: PathBuf,
    /// Line of the last statement that was done, from 1; `None`: of none it is known that it was.
    pub done: Option<u64>,
    /// Line of the statement that was begun and did not end, from 1.
    pub begun: Option<u64>,
    /// The timestamp of the backup set that the run made before.
    pub set: Option<String>,
}

/// The newest run in this folder that did statements of a migration file, or was killed at the first one, unless a
/// restore came to a good end since. Logs that cannot be read say nothing.
pub fn reached(folder: &Path, file: &str) -> Option<Reached> {
    let mut logs: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    // Their names begin with their times.
    logs.sort();
    for path in logs.into_iter().rev() {
        let Ok(log) = read(&path, file) else {
            continue;
        };
        if log.restored {
            return None;
        }
        // A first statement that failed has left nothing; of one that was cut off nobody knows.
        let cut_off = log.begun.is_some() && !log.failed;
        if log.done.is_some() || cut_off {
            return Some(Reached {
                path,
                done: log.done.map(|place| place.line),
                begun: log.begun.map(|place| place.line),
                set: log.set,
            });
        }
    }
    None
}

/// Where a statement stands in its file; statements run in the order of their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    line: u64,
    column: u64,
}

/// What one log tells.
#[derive(Default)]
struct Log {
    procedure: String,
    restored: bool,
    failed: bool,
    done: Option<Place>,
    begun: Option<Place>,
    set: Option<String>,
}

impl Log {
    /// A statement was announced: the one before it is done, or this one would not have been reached. Its own line of
    /// rows may come much later, or never if the run was killed.
    fn announced(&mut self, place: Place) {
        self.done = self.done.max(self.begun);
        self.begun = Some(place);
    }

    /// A statement is done.
    fn counted(&mut self, place: Place) {
        self.done = self.done.max(Some(place));
        self.begun = self.begun.filter(|begun| *begun != place);
    }
}

fn read(path: &Path, file: &str) -> io::Result<Log> {
    let mut log = Log::default();
    for line in BufReader::new(File::open(path)?).lines() {
        // A last line that was cut short by a kill is none.
        let event = serde_json::from_str::<Value>(&line?).unwrap_or_default();
        match event["event"].as_str() {
            Some("run") => {
                log.procedure = event["procedure"].as_str().unwrap_or_default().to_owned();
            }
            Some("counts") if event["of"] == "backup" && log.begun.or(log.done).is_none() => {
                log.set = event["set"].as_str().map(str::to_owned);
            }
            Some("statement") if event["position"]["file"] == json!(file) => {
                let number = |name: &str| event["position"][name].as_u64().unwrap_or(1);
                let (line, column) = (number("line"), number("column"));
                match event["rows"].is_u64() {
                    true => log.counted(Place { line, column }),
                    false => log.announced(Place { line, column }),
                }
            }
            Some("end") => {
                log.restored = log.procedure == "restore" && event["status"] == "ok";
                log.failed = event["status"] == "failed";
            }
            _ => {}
        }
    }
    Ok(log)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(file: &str, line: u64, rows: Option<u64>) -> String {
        let position = json!({"file": file, "line": line, "column": 1});
        match rows {
            Some(rows) => json!({"event": "statement", "position": position, "rows": rows}),
            None => json!({"event": "statement", "position": position}),
        }
        .to_string()
    }

    #[test]
    fn the_last_statement_done_is_found_until_a_restore() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, lines: &[String]| {
            std::fs::write(folder.path().join(name), lines.join("\n")).expect("written");
        };
        let found = || reached(folder.path(), "m/1_a.sql");
        assert_eq!(found(), None);
        let backup = |set: &str| json!({"event": "counts", "of": "backup", "set": set}).to_string();
        let lines = [
            backup("before"),
            statement("m/1_a.sql", 2, None),
            backup("after"),
            statement("m/1_a.sql", 2, Some(0)),
            statement("m/1_a.sql", 5, None),
            "{\"event\":\"en".to_owned(),
        ];
        write("1-safe-migration.jsonl", &lines);
        write("2-other.jsonl", &[statement("m/2_b.sql", 9, Some(1))]);
        let reached = found().expect("half done");
        assert_eq!((reached.done, reached.begun), (Some(2), Some(5)));
        assert_eq!(reached.set.as_deref(), Some("before"));
        let restore = |status: &str| {
            let run = json!({"event": "run", "procedure": "restore"}).to_string();
            let end = json!({"event": "end", "status": status}).to_string();
            write("3-restore.jsonl", &[run, end]);
        };
        restore("failed");
        assert!(found().is_some());
        restore("ok");
        assert_eq!(found(), None);
    }
    #[test]
    fn what_a_killed_run_announced_is_told_without_its_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let reached = |lines: &[String]| {
            std::fs::write(
                folder.path().join("1-safe-migration.jsonl"),
                lines.join("\n"),
            )
            .expect("written");
            let reached = reached(folder.path(), "m/1_a.sql")?;
            Some((reached.done, reached.begun))
        };
        let begun = |line: u64| statement("m/1_a.sql", line, None);
        let counted = |line: u64| statement("m/1_a.sql", line, Some(0));
        let end = |status: &str| json!({"event": "end", "status": status}).to_string();
        // Counts are written together, once there are many or the run is over.
        let all = [begun(2), begun(3), begun(5), counted(2), counted(3)];
        assert_eq!(reached(&all), Some((Some(3), Some(5))));
        assert_eq!(reached(&all[..3]), Some((Some(3), Some(5))));
        assert_eq!(reached(&all[..1]), Some((None, Some(2))));
        assert_eq!(
            reached(&[begun(2), end("interrupted")]),
            Some((None, Some(2)))
        );
        assert_eq!(reached(&[begun(2), end("failed")]), None);
    }
}
