//! How far a migration came that the history has as begun: its statements in the run logs, which alone know them.

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
        let Ok(mut lines) = read(&path, sought) else {
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
                return Some(log.reached(path));
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

    fn reached(self, path: PathBuf) -> Reached {
        Reached {
            path,
            done: self.done.map(|place| place.line),
            begun: self.begun.map(|place| place.line),
            set: self.set,
        }
    }
}

/// What a log says of a migration on this database; nothing where it is of another.
fn read(path: &Path, sought: Sought<'_>) -> io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for line in BufReader::new(File::open(path)?).lines() {
        // A last line that was cut short by a kill is none.
        let event = serde_json::from_str::<Value>(&line?).unwrap_or_default();
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        match event["event"].as_str() {
            Some("run") if !is_same(&text("database"), sought.database) => return Ok(Vec::new()),
            Some("counts") if event["of"] == "backup" => lines.push(Line::Made(text("set"))),
            Some("statement") if event["position"]["file"] == json!(sought.file) => {
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
    Ok(lines)
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

    fn closed(version: i64) -> String {
        json!({"event": "closed", "version": version}).to_string()
    }

    fn restored(set: &str) -> String {
        json!({"event": "closed", "set": set}).to_string()
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
        write("3-resolve.jsonl", &[closed(2)]);
        assert!(found().is_some());
        let elsewhere = run("postgres://app@db.example:5432/shop");
        write("3-restore.jsonl", &[elsewhere, restored("before")]);
        assert!(found().is_some());
        let here = || run("postgres://owner@127.0.0.1:5432/shop");
        for end in [restored("before"), closed(1)] {
            write("3-restore.jsonl", &[here(), end]);
            assert_eq!(found(), None);
        }
        // A run that tries again and fails again, and one that goes back by itself.
        let again = [closed(1), statement("m/1_a.sql", 2, Some(0))];
        write("4-own.jsonl", &again);
        assert_eq!(found().and_then(|reached| reached.done), Some(2));
        let back = [
            backup("own"),
            statement("m/1_a.sql", 2, Some(0)),
            restored("own"),
        ];
        write("5-own.jsonl", &back);
        assert_eq!(found().and_then(|reached| reached.done), Some(2));
        write(
            "6-applied.jsonl",
            &[statement("m/1_a.sql", 2, Some(0)), closed(1)],
        );
        assert_eq!(found(), None);
    }

    #[test]
    fn a_restore_brings_back_what_was_half_done_when_its_set_was_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, lines: &[String]| {
            std::fs::write(folder.path().join(name), lines.join("\n")).expect("written");
        };
        let found = || reached(folder.path(), OF_ONE).and_then(|reached| reached.done);
        let backup = |set: &str| json!({"event": "counts", "of": "backup", "set": set}).to_string();
        let (before, after) = ("2026-01-02T00-00-01-000Z", "2026-01-03T00-00-00-000Z");
        let half = [backup(before), statement("m/1_a.sql", 2, Some(0))];
        write("2026-01-02T00-00-00-000Z-safe-migration.jsonl", &half);
        let restore = |day: u32, set: &str| {
            let safety = backup(&format!("2026-01-{day:02}T00-00-00-100Z"));
            write(
                &format!("2026-01-{day:02}T00-00-00-000Z-restore.jsonl"),
                &[safety, restored(set)],
            );
        };
        assert_eq!(found(), Some(2));
        restore(4, after);
        assert_eq!(found(), Some(2));
        restore(5, before);
        assert_eq!(found(), None);
        // The set that undoes that restore has it half done again.
        restore(6, "2026-01-05T00-00-00-100Z");
        assert_eq!(found(), Some(2));
        restore(7, "2026-01-01T00-00-00-000Z");
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
