//! `dbscript check`: every mistake in the scripts that can be found without running them.

use super::Invocation;
use crate::cli::output::Ending;
use crate::cli::{readable, report};
use crate::error::{Error, Kind, Result};
use crate::event::Severity;
use crate::event::counted;
use crate::script::{Fault, Library};
use crate::value::Value;

/// Check the scripts without running them: unknown functions, wrong arguments, bad headers, missing rights
///
/// Exits with 8 if one of them could not run.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The procedures to check; every script, built-in ones and modules too, if none is named
    #[arg(value_name = "PROCEDURE")]
    procedures: Vec<String>,
}

impl Check {
    /// Checks them.
    ///
    /// # Errors
    /// A name that is no procedure's.
    pub fn execute(&self, invocation: &Invocation) -> Result<Ending> {
        let library = Library::open(&invocation.settings.project);
        for name in self
            .procedures
            .iter()
            .filter(|name| !name.starts_with("lib/"))
        {
            match library.find(name) {
                Err(error) if error.kind == Kind::Usage => return Err(error),
                // What else is wrong with it is found below, with everything that is.
                Ok(_) | Err(_) => {}
            }
        }
        let checked = match self.procedures.len() {
            0 => library.list().len(),
            named => named,
        };
        let faults = library.check(&self.procedures);
        let fatal = faults.iter().filter(|fault| is_fatal(fault)).count();
        let error = (fatal > 0).then(|| {
            let message = format!(
                "{} in {}",
                counted(fatal, "fault"),
                counted(checked, "procedure")
            );
            Error::new(Kind::Script, message).hint("each is listed above, with its place")
        });
        let mut lines: Vec<String> = faults.iter().flat_map(lines).collect();
        if error.is_none() {
            lines.push(format!(
                "checked {}: no faults",
                counted(checked, "procedure")
            ));
        }
        let result = Value::Map(vec![
            ("checked".to_owned(), count(checked)),
            (
                "faults".to_owned(),
                Value::List(faults.iter().map(describe).collect()),
            ),
        ]);
        Ok(Ending {
            error,
            ..Ending::with(result, lines.join("\n"))
        })
    }
}

fn is_fatal(fault: &Fault) -> bool {
    fault.severity == Severity::Block
}

fn lines(fault: &Fault) -> Vec<String> {
    let severity = match is_fatal(fault) {
        true => "error",
        false => "warning",
    };
    let Fault {
        file,
        line,
        column,
        message,
        ..
    } = fault;
    let mut lines = vec![format!("{file}:{line}:{column}: {severity}: {message}")];
    lines.extend(fault.excerpt.iter().map(|line| format!("  {line}")));
    lines.extend(
        fault
            .hint
            .iter()
            .map(|hint| format!("  {} {hint}", report::HINT)),
    );
    lines.iter().map(|line| readable::printable(line)).collect()
}

fn describe(fault: &Fault) -> Value {
    let severity = match is_fatal(fault) {
        true => "error",
        false => "warning",
    };
    Value::Map(vec![
        ("file".to_owned(), fault.file.clone().into()),
        ("line".to_owned(), count(fault.line)),
        ("column".to_owned(), count(fault.column)),
        ("severity".to_owned(), severity.into()),
        ("message".to_owned(), fault.message.clone().into()),
        (
            "hint".to_owned(),
            fault.hint.clone().map_or(Value::Null, Value::from),
        ),
    ])
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
