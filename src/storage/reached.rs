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

/// A migration, as run logs know it.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// The database, as the `run` lines have it.
    pub database: &'a str,
    /// Its version.
    pub version: i64,
    /// Its file, as the places of statements have it.
    pub file: &'a str,
}

/// The newest run in this folder that did statements of a migration on this database, or was killed at the first one,
/// unless what it left was undone since, as a log says. Logs that cannot be read say nothing.
pub fn reached(folder: &Path, sought: Sought<'_>) -> Option<Reached> {
    let mut logs: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    // Their names begin with their times.
    logs.sort();
    for path in logs.into_iter().rev() {
        let Ok(log) = read(&path, sought) else {
            continue;
        };
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
        if log.undone {
            return None;
        }
    }
    None
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

/// What one log tells.
#[derive(Default)]
struct Log {
    /// What was left half done before, here or in an earlier run, is undone.
    undone: bool,
    /// The run was one on another database.
    elsewhere: bool,
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

    /// What stood half done is undone.
    fn undo(&mut self) {
        (self.done, self.begun, self.undone) = (None, None, true);
    }
}

fn read(path: &Path, sought: Sought<'_>) -> io::Result<Log> {
    let mut log = Log::default();
    for line in BufReader::new(File::open(path)?).lines() {
        // A last line that was cut short by a kill is none.
        let event = serde_json::from_str::<Value>(&line?).unwrap_or_default();
        match event["event"].as_str() {
            Some("run") => {
                let database = event["database"].as_str().unwrap_or_default();
                log.elsewhere = !is_same(database, sought.database);
            }
            Some(_) if log.elsewhere => {}
            Some("counts") if event["of"] == "backup" && log.begun.or(log.done).is_none() => {
                log.set = event["set"].as_str().map(str::to_owned);
            }
            Some("statement") if event["position"]["file"] == json!(sought.file) => {
                let number = |name: &str| event["position"][name].as_u64().unwrap_or(1);
                let (line, column) = (number("line"), number("column"));
                match event["rows"].is_u64() {
                    true => log.counted(Place { line, column }),
                    false => log.announced(Place { line, column }),
                }
            }
            Some("undone") => {
                let version = event["version"].as_i64();
                if version.is_none_or(|version| version == sought.version) {
                    log.undo();
                }
            }
            Some("end") => {
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

    const OF_ONE: Sought<'static> = Sought {
        database: "postgres://app@localhost/shop",
        version: 1,
        file: "m/1_a.sql",
    };

    fn run(database: &str) -> String {
        json!({"event": "run", "database": database}).to_string()
    }

    fn undone(version: Option<i64>) -> String {
        json!({"event": "undone", "version": version}).to_string()
    }

    fn statement(file: &str, line: u64, rows: Option<u64>) -> String {
        let position = json!({"file": file, "line": line, "column": 1});
        match rows {
            Some(rows) => json!({"event": "statement", "position": position, "rows": rows}),
            None => json!({"event": "statement", "position": position}),
        }
        .to_string()
    }

    #[test]
    fn the_last_statement_done_is_found_until_it_is_undone() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, lines: &[String]| {
            std::fs::write(folder.path().join(name), lines.join("\n")).expect("written");
        };
        let found = || reached(folder.path(), OF_ONE);
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
        write("3-resolve.jsonl", &[undone(Some(2))]);
        assert!(found().is_some());
        let elsewhere = run("postgres://app@db.example:5432/shop");
        write("3-restore.jsonl", &[elsewhere, undone(None)]);
        assert!(found().is_some());
        for version in [None, Some(1)] {
            let here = run("postgres://owner@127.0.0.1:5432/shop");
            write("3-restore.jsonl", &[here, undone(version)]);
            assert_eq!(found(), None);
        }
        // A run that goes back by itself, and one that tries again and fails again.
        let again = [undone(None), statement("m/1_a.sql", 2, Some(0))];
        write("4-own.jsonl", &again);
        assert_eq!(found().and_then(|reached| reached.done), Some(2));
        let back = [statement("m/1_a.sql", 2, Some(0)), undone(None)];
        write("5-own.jsonl", &back);
        assert_eq!(found(), None);
    }

    #[test]
    fn an_address_is_the_same_whoever_connects() {
        for (left, right, same) in [
            (
                "postgres://a@localhost/shop",
                "postgres://b@127.0.0.1:5432/shop",
                true,
            ),
            (
                "mariadb://a@[::1]:3306/shop",
                "mysql://localhost/shop",
                true,
            ),
            (
                "postgres://a@localhost/shop",
                "postgres://a@localhost/shop2",
                false,
            ),
            (
                "postgres://a@localhost:5433/shop",
                "postgres://a@localhost/shop",
                false,
            ),
            (
                "postgres://a@db.example/shop",
                "postgres://a@localhost/shop",
                false,
            ),
            ("sqlite://app.db", "sqlite://app.db", true),
            ("sqlite://a/app.db", "sqlite://b/app.db", false),
        ] {
            assert_eq!(is_same(left, right), same, "{left} {right}");
        }
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
            let reached = reached(folder.path(), OF_ONE)?;
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
