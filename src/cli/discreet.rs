//! A screen for eyes that are not known: the log of a CI job can be read by many, so what rows hold stays off it, as it
//! stays out of the run log.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::output::{Ending, Screen};
use super::report::End;
use crate::event::{Event, Sink};

/// A screen that is not told what rows hold.
pub struct Discreet(pub Arc<dyn Screen>);

impl Sink for Discreet {
    fn send(&self, event: &Event) {
        self.0.send(event.without_data().as_ref());
    }
}

impl Screen for Discreet {
    fn notice(&self, message: &str) {
        self.0.notice(message);
    }

    fn prompt(&self, question: &str) {
        self.0.prompt(question);
    }

    fn answered(&self) {
        self.0.answered();
    }

    fn end(&self, end: &End, ending: &Ending, project: Option<&Path>) -> io::Result<()> {
        self.0.end(end, ending, project)
    }
}
