//! A run that is going on: its output line by line, signals to it, its end.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::PATIENCE;
use super::outcome::{Expected, Finished};

/// A signal a person or a system sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What a system sends first.
    Terminate,
    /// What cannot be answered.
    Kill,
}

/// A run that is going on; killed if the test ends before it.
pub struct Running {
    child: Child,
    command: String,
    expected: Expected,
    project: PathBuf,
    lines: Receiver<String>,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

impl Running {
    pub(super) fn new(
        mut child: Child,
        command: String,
        expected: Expected,
        project: PathBuf,
    ) -> Self {
        let (sender, lines) = channel();
        let stdout = child.stdout.take().expect("standard output is piped");
        let stderr = child.stderr.take().expect("standard error is piped");
        Running {
            child,
            command,
            expected,
            project,
            lines,
            stdout: Some(collect(stdout, sender.clone())),
            stderr: Some(collect(stderr, sender)),
        }
    }

    /// Waits for a line, on either stream, that holds every one of these texts, and returns it.
    #[track_caller]
    pub fn wait_for(&mut self, texts: &[&str]) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if texts.iter().all(|text| line.contains(text)) => return line,
                Ok(_) => {}
                Err(why) => self.give_up(texts, why),
            }
        }
    }

    #[track_caller]
    fn give_up(&mut self, texts: &[&str], why: RecvTimeoutError) -> ! {
        // It may have ended by itself.
        let _ = self.child.kill();
        let told = self.collect().told();
        match why {
            RecvTimeoutError::Timeout => panic!("no line with {texts:?} in time\n{told}"),
            RecvTimeoutError::Disconnected => panic!("it ended without {texts:?}\n{told}"),
        }
    }

    /// Sends a signal.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let signal = match signal {
            Signal::Interrupt => rustix::process::Signal::INT,
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        let process = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .expect("a process id is a positive i32");
        rustix::process::kill_process(process, signal)
            .unwrap_or_else(|error| panic!("cannot signal `{}`: {error}", self.command));
    }

    /// Waits for its end and compares.
    #[track_caller]
    pub fn finish(self) -> Finished {
        self.finish_within(PATIENCE)
    }

    /// Waits for its end, no longer than this, and compares.
    #[track_caller]
    pub fn finish_within(mut self, limit: Duration) -> Finished {
        let finished = self.wait(limit);
        finished.check(&self.expected, &self.project);
        finished
    }

    /// Waits for its end; the caller compares.
    #[track_caller]
    pub fn outcome(mut self) -> Finished {
        self.wait(PATIENCE)
    }

    #[track_caller]
    fn wait(&mut self, limit: Duration) -> Finished {
        let begun = Instant::now();
        // Both streams end with the process: their senders are dropped.
        loop {
            match self
                .lines
                .recv_timeout(limit.saturating_sub(begun.elapsed()))
            {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let _ = self.child.kill();
                    let told = self.collect().told();
                    panic!("still running after {limit:?}\n{told}");
                }
            }
        }
        self.collect()
    }

    fn collect(&mut self) -> Finished {
        let status = self.child.wait().expect("the process can be waited for");
        let text = |reader: Option<JoinHandle<Vec<u8>>>| {
            reader
                .and_then(|reader| reader.join().ok())
                .unwrap_or_default()
        };
        let stdout = text(self.stdout.take());
        let stderr = text(self.stderr.take());
        Finished::new(self.command.clone(), status, &stdout, &stderr)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended in every test that passes.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a stream to its end, handing on each line as it comes.
fn collect(stream: impl Read + Send + 'static, lines: Sender<String>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut all = Vec::new();
        loop {
            let start = all.len();
            match reader.read_until(b'\n', &mut all) {
                Ok(0) | Err(_) => return all,
                // Nobody may be listening any more; the text is kept all the same.
                Ok(_) => {
                    let _ = lines.send(String::from_utf8_lossy(&all[start..]).into_owned());
                }
            }
        }
    })
}

#[test]
fn a_signal_is_sent_when_a_line_appears() {
    let project = super::Project::new();
    let script = "trap 'echo caught; exit 130' INT; echo ready; while :; do :; done";
    let mut run = project
        .dbscript(&[])
        .through("sh", &["-c", script])
        .status(130)
        .stdout("ready\ncaught\n")
        .start();
    assert_eq!(run.wait_for(&["read"]), "ready\n");
    run.signal(Signal::Interrupt);
    run.finish_within(Duration::from_secs(3));
}

#[test]
fn a_process_that_is_killed_has_no_exit_code() {
    let project = super::Project::new();
    for signal in [Signal::Kill, Signal::Terminate] {
        let mut run = project
            .dbscript(&[])
            .through("sh", &["-c", "echo ready; while :; do :; done"])
            .killed()
            .start();
        run.wait_for(&["ready"]);
        run.signal(signal);
        assert_eq!(run.finish().status, None);
    }
}

#[test]
#[should_panic(expected = "it ended without")]
fn a_line_that_never_comes_fails() {
    let project = super::Project::new();
    let run = project.dbscript(&[]).through("sh", &["-c", "echo other"]);
    run.start().wait_for(&["ready"]);
}
