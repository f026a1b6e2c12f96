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
    /// Line of the last statement that was done, from 1.
    pub done: u64,
    /// Line of the statement that was begun and did not end, from 1.
    pub begun: Option<u64>,
}

/// The newest run in this folder that did statements of a migration file, unless a restore came to a good end since.
/// Logs that cannot be read say nothing.
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
        if let Some(done) = log.done {
            return Some(Reached {
                path,
                done,
                begun: log.begun,
            });
        }
    }
    None
}

/// What one log tells.
#[derive(Default)]
struct Log {
    procedure: String,
    restored: bool,
    done: Option<u64>,
    begun: Option<u64>,
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
            Some("statement") if event["position"]["file"] == json!(file) => {
                let line = event["position"]["line"].as_u64();
                match event["rows"].is_u64() {
                    true => (log.done, log.begun) = (line, None),
                    false => log.begun = line,
                }
            }
            Some("end") => log.restored = log.procedure == "restore" && event["status"] == "ok",
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
        let lines = [
            statement("m/1_a.sql", 2, None),
            statement("m/1_a.sql", 2, Some(0)),
            statement("m/1_a.sql", 5, None),
            "{\"event\":\"en".to_owned(),
        ];
        write("1-safe-migration.jsonl", &lines);
        write("2-other.jsonl", &[statement("m/2_b.sql", 9, Some(1))]);
        let reached = found().expect("half done");
        assert_eq!((reached.done, reached.begun), (2, Some(5)));
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
}
