//! A run of the real binary in a temporary project, with nothing of this machine's environment.

use std::io::Write;
use std::process::{Command, Stdio};

use super::outcome::{Expected, Rule, Stream, Text};
use super::{Finished, Project, Running};

/// The binary with arguments, environment and input, and what is expected of it: status 0 unless said otherwise.
///
/// In expected texts the project's folder is written `<project>` and a set's time `<timestamp>`.
pub struct Run<'a> {
    project: &'a Project,
    command: Command,
    shown: String,
    stdin: Vec<u8>,
    expected: Expected,
}

impl<'a> Run<'a> {
    pub(super) fn new(project: &'a Project, arguments: &[&str]) -> Self {
        let mut run = Run {
            project,
            command: Command::new(env!("CARGO_BIN_EXE_dbscript")),
            shown: format!("dbscript {}", arguments.join(" ")),
            stdin: Vec::new(),
            expected: Expected {
                status: Some(0),
                texts: Vec::new(),
            },
        };
        run.command.args(arguments);
        run.prepare();
        run
    }

    /// The same run through another program, which must `exec` the words it is given: a limit, a mount, a terminal.
    pub fn through(mut self, program: &str, arguments: &[&str]) -> Self {
        let mut outer = Command::new(program);
        outer
            .args(arguments)
            .arg(self.command.get_program())
            .args(self.command.get_args());
        let inner = std::mem::replace(&mut self.command, outer);
        self.prepare();
        for (name, value) in inner.get_envs() {
            self.command.env(name, value.unwrap_or_default());
        }
        self
    }

    /// Runs in the project's folder, with only what a program needs in the environment.
    fn prepare(&mut self) {
        self.command
            .current_dir(self.project.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", self.project.path())
            .envs(self.project.url().map(|url| ("DATABASE_URL", url)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// What it reads from standard input.
    pub fn stdin(mut self, text: impl AsRef<[u8]>) -> Self {
        self.stdin = text.as_ref().to_owned();
        self
    }

    /// Expects this exit code.
    pub fn status(mut self, code: i32) -> Self {
        self.expected.status = Some(code);
        self
    }

    /// Expects that a signal ends it.
    pub fn killed(mut self) -> Self {
        self.expected.status = None;
        self
    }

    /// Expects exactly this on standard output.
    pub fn stdout(self, text: &str) -> Self {
        self.expect(Stream::Stdout, Rule::Equals, text)
    }

    /// Expects this somewhere on standard output.
    pub fn stdout_has(self, text: &str) -> Self {
        self.expect(Stream::Stdout, Rule::Contains, text)
    }

    /// Expects this nowhere on standard output.
    pub fn stdout_lacks(self, text: &str) -> Self {
        self.expect(Stream::Stdout, Rule::Lacks, text)
    }

    /// Expects exactly this on standard error.
    pub fn stderr(self, text: &str) -> Self {
        self.expect(Stream::Stderr, Rule::Equals, text)
    }

    /// Expects this somewhere on standard error.
    pub fn stderr_has(self, text: &str) -> Self {
        self.expect(Stream::Stderr, Rule::Contains, text)
    }

    /// Expects this nowhere on standard error.
    pub fn stderr_lacks(self, text: &str) -> Self {
        self.expect(Stream::Stderr, Rule::Lacks, text)
    }

    fn expect(mut self, stream: Stream, rule: Rule, text: &str) -> Self {
        let text = text.to_owned();
        self.expected.texts.push(Text { stream, rule, text });
        self
    }

    /// Runs it to its end and compares.
    #[track_caller]
    pub fn go(self) -> Finished {
        self.start().finish()
    }

    /// Runs it to its end; the caller compares.
    #[track_caller]
    pub fn unchecked(self) -> Finished {
        self.start().outcome()
    }

    /// Starts it and hands over the running process, to be watched and signalled.
    #[track_caller]
    pub fn start(mut self) -> Running {
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start `{}`: {error}", self.shown));
        let mut input = child.stdin.take().expect("standard input is piped");
        let bytes = std::mem::take(&mut self.stdin);
        std::thread::spawn(move || {
            // A process that does not read its input closes the pipe: nothing to report.
            let _ = input.write_all(&bytes);
        });
        Running::new(child, self.shown, self.expected, self.project.path())
    }
}

#[test]
fn a_run_is_compared_in_every_part() {
    let project = Project::new();
    project
        .dbscript(&[])
        .through("sh", &["-c", "cat; echo \"$PWD\" >&2; echo \"$A\"; exit 3"])
        .env("A", "2025-07-05T21-00-00-000Z")
        .stdin("in\n")
        .status(3)
        .stdout("in\n<timestamp>\n")
        .stderr("<project>\n")
        .stdout_lacks("else")
        .stderr_lacks("panicked")
        .go();
}

#[test]
#[should_panic(expected = "status: expected Some(0), got Some(7)")]
fn an_unexpected_exit_code_fails() {
    let project = Project::new();
    project.dbscript(&[]).through("sh", &["-c", "exit 7"]).go();
}

#[test]
fn nothing_of_this_machine_reaches_the_program() {
    let project = Project::new();
    let run = project.dbscript(&[]).through("sh", &["-c", "env"]).go();
    for line in run.stdout.lines() {
        let (name, _) = line.split_once('=').expect("`env` prints assignments");
        assert!(
            ["PATH", "HOME", "PWD", "SHLVL", "_", "OLDPWD"].contains(&name),
            "{line}"
        );
    }
}
