//! What a finished run left behind, and what was expected of it.

use std::path::Path;
use std::process::ExitStatus;

use serde_json::Value;
use similar::TextDiff;

/// A run that has ended.
pub struct Finished {
    /// The exit code; `None` if a signal ended it.
    pub status: Option<i32>,
    /// Everything it wrote to standard output.
    pub stdout: String,
    /// Everything it wrote to standard error.
    pub stderr: String,
    /// The command, for messages.
    pub(super) command: String,
}

/// What a test expects of a run.
#[derive(Default)]
pub(super) struct Expected {
    /// The exit code; `None`: a signal ends it.
    pub status: Option<i32>,
    pub texts: Vec<Text>,
}

/// One expectation of one stream.
pub(super) struct Text {
    pub stream: Stream,
    pub rule: Rule,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Equals,
    Contains,
    Lacks,
}

impl Finished {
    pub(super) fn new(command: String, status: ExitStatus, stdout: &[u8], stderr: &[u8]) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Finished {
            status: status.code(),
            stdout: text(stdout),
            stderr: text(stderr),
            command,
        }
    }

    /// Every event of a `--json` run; each line of standard output must be one.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let read = |line: &str| match serde_json::from_str::<Value>(line) {
            Ok(event) if event["event"].is_string() => event,
            Ok(_) => panic!("no event: {line}\n{}", self.told()),
            Err(error) => panic!("not JSON ({error}): {line}\n{}", self.told()),
        };
        self.stdout.lines().map(read).collect()
    }

    /// The events of one kind.
    #[track_caller]
    pub fn events_of(&self, kind: &str) -> Vec<Value> {
        let mut events = self.events();
        events.retain(|event| event["event"] == kind);
        events
    }

    /// The `end` event: the last one, the only one, with the exit code of the process.
    #[track_caller]
    pub fn end(&self) -> Value {
        let events = self.events();
        let ends = events.iter().filter(|event| event["event"] == "end");
        assert_eq!(ends.count(), 1, "one `end` event\n{}", self.told());
        let end = events.last().expect("an `end` event was counted");
        assert_eq!(end["event"], "end", "`end` is last\n{}", self.told());
        let code = self.status.map(Value::from);
        assert_eq!(Some(&end["exit_code"]), code.as_ref(), "{}", self.told());
        let status = match self.status {
            Some(0) => "ok",
            Some(3) => "refused",
            Some(9) => "partial",
            Some(130 | 124) => "interrupted",
            _ => "failed",
        };
        assert_eq!(end["status"], status, "{}", self.told());
        end.clone()
    }

    /// The `result` of the `end` event.
    #[track_caller]
    pub fn result(&self) -> Value {
        self.end()["result"].clone()
    }

    /// Everything that was said, for a failing test's message.
    pub fn told(&self) -> String {
        format!(
            "$ {}\n--- status: {}\n--- stdout:\n{}\n--- stderr:\n{}",
            self.command,
            self.status
                .map_or_else(|| "signal".to_owned(), |code| code.to_string()),
            self.stdout,
            self.stderr
        )
    }

    #[track_caller]
    pub(super) fn check(&self, expected: &Expected, project: &Path) {
        let mut faults = Vec::new();
        if self.stderr.contains("panicked at") {
            faults.push("it panicked".to_owned());
        }
        if self.status != expected.status {
            faults.push(format!(
                "status: expected {:?}, got {:?}",
                expected.status, self.status
            ));
        }
        for text in &expected.texts {
            let got = match text.stream {
                Stream::Stdout => &self.stdout,
                Stream::Stderr => &self.stderr,
            };
            faults.extend(text.fault(&steady(got, project)));
        }
        assert!(faults.is_empty(), "{}\n{}", faults.join("\n"), self.told());
    }
}

impl Text {
    fn fault(&self, got: &str) -> Option<String> {
        let Text { stream, rule, text } = self;
        match rule {
            Rule::Equals if got != text => Some(format!(
                "{stream:?} differs (- expected, + got):\n{}",
                TextDiff::from_lines(text.as_str(), got).unified_diff()
            )),
            Rule::Contains if !got.contains(text) => Some(format!("{stream:?} lacks: {text}")),
            Rule::Lacks if got.contains(text) => Some(format!("{stream:?} holds: {text}")),
            _ => None,
        }
    }
}

/// The text without what differs from run to run: the project's folder becomes `<project>`, a set's time `<timestamp>`.
pub(super) fn steady(text: &str, project: &Path) -> String {
    let text = text.replace(&*project.to_string_lossy(), "<project>");
    let shape = "dddd-dd-ddTdd-dd-dd-dddZ";
    let mut steady = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let is_timestamp = rest.len() >= shape.len()
            && rest.bytes().zip(shape.bytes()).all(|(got, wanted)| {
                if wanted == b'd' {
                    got.is_ascii_digit()
                } else {
                    got == wanted
                }
            });
        let taken = if is_timestamp {
            steady.push_str("<timestamp>");
            shape.len()
        } else {
            steady.push(first);
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    steady
}

#[test]
fn what_differs_from_run_to_run_is_named() {
    let got = steady(
        "/tmp/x/backups/users-backup-2025-07-05T21-00-00-000Z.json é 2025-07-05",
        Path::new("/tmp/x"),
    );
    assert_eq!(
        got,
        "<project>/backups/users-backup-<timestamp>.json é 2025-07-05"
    );
}

#[test]
fn an_expectation_can_fail() {
    let text = |rule, text: &str| Text {
        stream: Stream::Stdout,
        rule,
        text: text.to_owned(),
    };
    assert!(text(Rule::Equals, "a\n").fault("a\n").is_none());
    let diff = text(Rule::Equals, "a\n").fault("b\n").expect("they differ");
    assert!(diff.contains("-a\n+b"), "{diff}");
    assert!(text(Rule::Contains, "a").fault("b").is_some());
    assert!(text(Rule::Lacks, "b").fault("b").is_some());
}
