//! The static check: what is wrong with a script, found without running it.

use std::path::Path;

use super::library::Script;
use super::procedure::read_header;
use crate::error::{Error, Position};
use crate::event::Severity;

/// Something wrong with a script.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// `Block`: it cannot run. `Warn`: it can.
    pub severity: Severity,
    /// The line with a caret, ready to print.
    pub excerpt: Vec<String>,
}

impl Fault {
    /// A fault of a file as a whole, or at the place the error names.
    pub fn whole(file: &str, error: &Error) -> Fault {
        let start = Position {
            file: file.to_owned(),
            line: 1,
            column: 1,
        };
        let place = error.position.clone().unwrap_or(start);
        Fault {
            file: place.file,
            line: place.line,
            column: place.column,
            message: error.chain(),
            hint: error.hint.clone(),
            severity: Severity::Block,
            excerpt: error.trace.clone(),
        }
    }
}

/// Everything wrong with one script.
pub fn script(script: &Script, library: bool, _: &Path) -> Vec<Fault> {
    match read_header(&script.text, &script.label, library) {
        Ok(_) => Vec::new(),
        Err(error) => vec![Fault::whole(&script.label, &error)],
    }
}
