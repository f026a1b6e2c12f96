//! Questions to the person at the terminal.

use std::io::{self, BufRead, IsTerminal};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::output::Screen;
use crate::script::{Answer, Asker, Stop};

/// How soon a question that waits for its answer notices that the run was stopped.
const PATIENCE: Duration = Duration::from_millis(100);

/// Asks on standard error and reads the answer from standard input.
pub struct Prompt {
    /// Where the question is put.
    pub screen: Arc<dyn Screen>,
    /// `--yes`: nobody is asked.
    pub yes: bool,
    /// Nobody can be asked: a program reads the output.
    pub silent: bool,
    /// What ends the wait.
    pub stop: Stop,
}

impl Asker for Prompt {
    fn is_there(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn confirm(&self, question: &str) -> Answer {
        if self.yes {
            return Answer::Yes;
        }
        if self.silent || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Answer::Nobody;
        }
        self.screen.prompt(question);
        let (sender, receiver) = mpsc::channel();
        // Reading a line cannot be interrupted; a thread left behind in it ends with the program.
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = io::stdin().lock().read_line(&mut line);
            // Nobody waits any more if the run was stopped.
            let _ = sender.send(read.map(|_| line));
        });
        loop {
            match receiver.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.screen.answered();
                    return match line {
                        Ok(line) if is_yes(&line) => Answer::Yes,
                        Ok(_) | Err(_) => Answer::No,
                    };
                }
                Err(RecvTimeoutError::Disconnected) => return Answer::No,
                Err(RecvTimeoutError::Timeout) if self.stop.reason().is_some() => {
                    return Answer::No;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

fn is_yes(line: &str) -> bool {
    let answer = line.trim();
    answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for line in ["y\n", "Y", " yes \r\n", "YES"] {
            assert!(is_yes(line), "{line}");
        }
        for line in ["", "\n", "n\n", "yep", "ja", "y y"] {
            assert!(!is_yes(line), "{line}");
        }
    }
}
