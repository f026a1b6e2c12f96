//! `dbscript list`: which procedures there are, and where each comes from.

use super::Invocation;
use crate::cli::output::Ending;
use crate::cli::readable;
use crate::error::Result;
use crate::script::{Library, Procedure};
use crate::value::Value;

/// List the procedures: name, origin, and what each is for
///
/// A procedure in the project's `scripts/` goes before the built-in of the same name.
#[derive(Debug, clap::Args)]
pub struct List {}

impl List {
    /// Lists them, those that cannot be read too.
    pub fn execute(&self, invocation: &Invocation) -> Result<Ending> {
        let procedures = Library::open(&invocation.settings.project).list();
        let rows: Vec<Vec<String>> = procedures
            .iter()
            .map(|procedure| {
                vec![
                    procedure.name.clone(),
                    procedure.origin.label().to_owned(),
                    summary(procedure),
                ]
            })
            .collect();
        let headings = ["PROCEDURE", "ORIGIN", "WHAT IT DOES"].map(str::to_owned);
        let text = readable::table(&headings, &rows).join("\n");
        let result = procedures.iter().map(describe).collect();
        Ok(Ending::with(Value::List(result), text))
    }
}

/// The first line of the description; where the script cannot be read, that.
fn summary(procedure: &Procedure) -> String {
    match &procedure.broken {
        Some(error) => format!("(broken: {}; `dbscript check`)", error.message),
        None => procedure.summary().to_owned(),
    }
}

fn describe(procedure: &Procedure) -> Value {
    let broken = procedure.broken.as_ref();
    Value::Map(vec![
        ("name".to_owned(), procedure.name.clone().into()),
        ("origin".to_owned(), procedure.origin.label().into()),
        ("summary".to_owned(), procedure.summary().into()),
        ("file".to_owned(), procedure.file.clone().into()),
        (
            "broken".to_owned(),
            broken.map_or(Value::Null, |error| error.chain().into()),
        ),
    ])
}
