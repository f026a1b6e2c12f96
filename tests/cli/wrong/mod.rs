//! Wrong inputs of every sort, as tables: arguments, settings, URLs, exports, scripts, migrations, sets, rights.
//!
//! One body holds every case to the same: its exit code; a short message that names the thing and the way out; nothing
//! written but what the case says; no panic; no password anywhere; and the same in `--json`.

mod arguments;
mod exports;
mod files;
mod migrations;
mod origins;
mod rights;
mod scripts;
mod sets;
mod urls;

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

use super::with_people;
use crate::harness::{Finished, PASSWORD, Project, Run};

/// A password that stands in URLs and files of these tests and must never turn up.
const SECRET: &str = "p4ssw0rd-nobody-sees";

/// The longest first line of an error: longer ones are not read.
const LONGEST_MESSAGE: usize = 420;

/// What a case may leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    /// No file is new, gone or different.
    Nothing,
    /// A run log: something was begun and failed.
    Log,
    /// A run log and backup sets: what follows the backup failed.
    Sets,
    /// What the person asked for is in, less what was rejected.
    Rows,
}

/// One wrong input and what is expected of it.
struct Wrong {
    words: Vec<String>,
    environment: Vec<(String, String)>,
    through: Vec<String>,
    setup: Box<dyn Fn(&Project) + Sync + Send>,
    code: i32,
    told: Vec<String>,
    leaves: Leaves,
}

/// A case: the words of the command line, the exit code, and what standard error must hold.
fn wrong(words: &str, code: i32, told: &[&str]) -> Wrong {
    Wrong {
        words: words.split_whitespace().map(str::to_owned).collect(),
        environment: Vec::new(),
        through: Vec::new(),
        setup: Box::new(|_| {}),
        code,
        told: told.iter().map(ToString::to_string).collect(),
        leaves: Leaves::Nothing,
    }
}

impl Wrong {
    /// Another word, which may be empty or hold blanks.
    fn word(mut self, word: &str) -> Self {
        self.words.push(word.to_owned());
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// On another database.
    fn url(self, url: &str) -> Self {
        self.env("DATABASE_URL", url)
    }

    /// What is done to the project before.
    fn with(mut self, setup: impl Fn(&Project) + Sync + Send + 'static) -> Self {
        let before = self.setup;
        self.setup = Box::new(move |project| {
            before(project);
            setup(project);
        });
        self
    }

    /// With a file of the project.
    fn file(self, name: &'static str, content: &(impl AsRef<[u8]> + ?Sized)) -> Self {
        let content = content.as_ref().to_vec();
        self.with(move |project| {
            project.file(name, &content);
        })
    }

    /// Run by another program, which `exec`s the words behind these.
    fn through(mut self, words: &[&str]) -> Self {
        self.through = words.iter().map(ToString::to_string).collect();
        self
    }

    fn leaves(mut self, leaves: Leaves) -> Self {
        self.leaves = leaves;
        self
    }

    fn run<'a>(&self, project: &'a Project, more: &[&str]) -> Run<'a> {
        let newest = crate::harness::timestamps(project).pop();
        let words: Vec<String> = self
            .words
            .iter()
            .map(|word| word.replace("<timestamp>", newest.as_deref().unwrap_or("none")))
            .collect();
        let words: Vec<&str> = words
            .iter()
            .map(String::as_str)
            .chain(more.iter().copied())
            .collect();
        let mut run = project.dbscript(&words);
        if let Some((program, arguments)) = self.through.split_first() {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            run = run.through(program, &arguments);
        }
        for (name, value) in &self.environment {
            run = run.env(name, value);
        }
        run
    }

    /// Holds the case to everything; returns what is wrong.
    fn faults(&self) -> Vec<String> {
        let project = project();
        (self.setup)(&project);
        let mut faults = Vec::new();
        for more in [&[][..], &["--json"]] {
            let before = Seen::of(&project);
            let run = self.run(&project, more).unchecked();
            let after = Seen::of(&project);
            let mut found = self.faults_of(&run, more.is_empty());
            found.extend(before.faults(&after, self.leaves, &project));
            if !found.is_empty() {
                faults.push(format!("{}\n{}", found.join("\n"), run.told()));
            }
        }
        faults
    }

    fn faults_of(&self, run: &Finished, plain: bool) -> Vec<String> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                faults.push(format!("✗ {what}"));
            }
        };
        must(
            run.status == Some(self.code),
            format!("exit code {}", self.code),
        );
        let all = format!("{}{}", run.stdout, run.stderr);
        for word in ["panicked", "RUST_BACKTRACE", "stack backtrace"] {
            must(!all.contains(word), format!("no `{word}`"));
        }
        for secret in [SECRET, PASSWORD] {
            must(!all.contains(secret), "no password".to_owned());
        }
        let (said, error) = match plain {
            true => (all.clone(), first_error(&run.stderr)),
            false => {
                must(
                    run.stderr.is_empty(),
                    "`--json` says nothing on stderr".to_owned(),
                );
                let end = end_of(run);
                let kinds = kinds_of(self.code);
                let kind = end["error"]["kind"].as_str().unwrap_or_default().to_owned();
                must(
                    kinds.contains(&kind.as_str()),
                    format!("kind `{kind}` is one of {kinds:?}"),
                );
                must(
                    end["exit_code"] == self.code,
                    "the code in `end`".to_owned(),
                );
                let error = &end["error"];
                let hint = error["hint"].as_str().unwrap_or_default();
                // A line of the person's own file with a caret under the fault is a way out too.
                let file = error["position"]["file"].as_str().unwrap_or("built-in:");
                let way_out = !hint.is_empty() || !file.starts_with("built-in:");
                must(way_out, "a hint".to_owned());
                (
                    texts_of(run),
                    end["error"]["message"].as_str().map(str::to_owned),
                )
            }
        };
        for told in &self.told {
            must(said.contains(told.as_str()), format!("it says: {told}"));
        }
        let error = error.unwrap_or_default();
        must(!error.is_empty(), "a message".to_owned());
        must(
            error.chars().count() <= LONGEST_MESSAGE,
            "the message is short".to_owned(),
        );
        must(
            !error.starts_with(char::is_uppercase),
            "lower case".to_owned(),
        );
        must(!error.ends_with('.'), "no full stop".to_owned());
        faults
    }
}

/// The text behind `error: ` of the first such line.
fn first_error(stderr: &str) -> Option<String> {
    let mut lines = stderr.lines();
    lines.find_map(|line| line.strip_prefix("error: ").map(str::to_owned))
}

fn end_of(run: &Finished) -> Value {
    let last = run.stdout.lines().last().unwrap_or_default();
    let end: Value = serde_json::from_str(last).unwrap_or_default();
    match end["event"] == "end" {
        true => end,
        false => Value::Null,
    }
}

/// Every text of every event, so that quotes in them are as they are said; positions as `file:line:column`.
fn texts_of(run: &Finished) -> String {
    fn add(value: &Value, out: &mut String) {
        match value {
            Value::String(text) => {
                out.push_str(text);
                out.push('\n');
            }
            Value::Array(items) => items.iter().for_each(|item| add(item, out)),
            Value::Object(fields) => {
                if let (Some(file), Some(line), Some(column)) =
                    (fields.get("file"), fields.get("line"), fields.get("column"))
                {
                    let file = file.as_str().unwrap_or_default();
                    out.push_str(&format!("{file}:{line}:{column}\n"));
                }
                fields.values().for_each(|field| add(field, out));
            }
            _ => {}
        }
    }
    let mut out = String::new();
    for line in run.stdout.lines() {
        match serde_json::from_str::<Value>(line) {
            Ok(event) => add(&event, &mut out),
            Err(error) => out.push_str(&format!("NOT JSON ({error}): {line}\n")),
        }
    }
    out
}

/// The error kinds of an exit code (PRODUCT.md).
fn kinds_of(code: i32) -> &'static [&'static str] {
    match code {
        1 => &["io", "database"],
        2 => &["usage"],
        3 => &["refused"],
        4 => &["connect"],
        5 => &["integrity"],
        6 => &["backup"],
        7 => &["migration"],
        8 => &["script"],
        9 => &["partial"],
        124 => &["timeout"],
        _ => &[],
    }
}

/// What stands in a project.
struct Seen {
    files: BTreeMap<String, String>,
    folders: Vec<String>,
    database: Option<String>,
}

impl Seen {
    fn of(project: &Project) -> Seen {
        let is_database = std::fs::read(project.path().join("dbscript.db"))
            .is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0") && bytes.len() > 512);
        Seen {
            files: project.files(),
            folders: project.list(""),
            database: is_database.then(|| project.hash()),
        }
    }

    fn faults(&self, after: &Seen, leaves: Leaves, project: &Project) -> Vec<String> {
        let mut faults = Vec::new();
        let may_be_new = |name: &str| match leaves {
            Leaves::Nothing => false,
            Leaves::Log => name.starts_with("backups/runs/"),
            Leaves::Sets | Leaves::Rows => name.starts_with("backups/"),
        };
        for (name, hash) in &after.files {
            match self.files.get(name) {
                Some(before) if before == hash => continue,
                // Its content is compared as a database.
                Some(_) if name.starts_with("dbscript.db") && leaves != Leaves::Nothing => {}
                Some(_) => faults.push(format!("✗ `{name}` is as it was")),
                None if may_be_new(name) => {}
                None => faults.push(format!("✗ nothing is written, and `{name}` is new")),
            }
            let content = std::fs::read(project.path().join(name)).unwrap_or_default();
            for secret in [SECRET, PASSWORD] {
                let found = content
                    .windows(secret.len())
                    .any(|part| part == secret.as_bytes());
                if found && !self.files.contains_key(name) {
                    faults.push(format!("✗ no password in `{name}`"));
                }
            }
        }
        for name in self
            .files
            .keys()
            .filter(|name| !after.files.contains_key(*name))
        {
            faults.push(format!("✗ `{name}` is still there"));
        }
        if leaves == Leaves::Nothing && self.folders != after.folders {
            faults.push(format!(
                "✗ the folders are as they were: {:?}",
                after.folders
            ));
        }
        let logs = |seen: &Seen| {
            let logs = seen.files.keys();
            logs.filter(|name| name.starts_with("backups/runs/"))
                .count()
        };
        let more = logs(after).saturating_sub(logs(self));
        let wanted = match leaves {
            Leaves::Nothing => more == 0,
            Leaves::Log | Leaves::Sets => more == 1,
            // A second run finds every good row in and has no effect.
            Leaves::Rows => more <= 1,
        };
        if !wanted {
            faults.push(format!("✗ as many run logs as it should: {more} more"));
        }
        if leaves != Leaves::Rows && self.database != after.database {
            faults.push("✗ the database is as it was".to_owned());
        }
        faults
    }
}

/// The shipped sample with three people in its database.
fn project() -> Project {
    static DATABASE: OnceLock<Vec<u8>> = OnceLock::new();
    let project = Project::sample();
    let database = DATABASE.get_or_init(|| {
        let template = with_people(3);
        std::fs::read(template.path().join("dbscript.db")).expect("it was just made")
    });
    project.file("dbscript.db", database);
    project
}

/// Holds every case, some at a time, and tells all that fail.
#[track_caller]
fn hold(cases: &[Wrong]) {
    const AT_A_TIME: usize = 4;
    let next = Mutex::new(cases.iter());
    let faults = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let case = next.lock().expect("nobody panics with it").next();
                    let Some(case) = case else { return };
                    let found = case.faults();
                    faults.lock().expect("nobody panics with it").extend(found);
                }
            });
        }
    });
    let faults = faults.into_inner().expect("every thread has ended");
    assert!(
        faults.is_empty(),
        "{} of {} wrong inputs\n\n{}",
        faults.len(),
        cases.len(),
        faults.join("\n\n")
    );
}
