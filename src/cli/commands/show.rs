//! `dbscript show`: what one procedure does, takes and needs; also the `--help` behind a procedure's name.

use super::Invocation;
use crate::cli::output::Ending;
use crate::cli::readable;
use crate::error::Result;
use crate::script::{Library, Origin, Parameter, ParameterType, Procedure};
use crate::value::Value;

/// Show a procedure: what it does, its parameters, the rights it needs, where it comes from
///
/// To change a built-in one, write its text into the project, where it goes before the built-in:
/// `mkdir -p scripts && dbscript show backup --source > scripts/backup.rhai`
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The procedure, as `dbscript list` names it
    procedure: String,
    /// Print the script's text, and nothing else
    #[arg(long)]
    source: bool,
}

impl Show {
    /// Shows it.
    ///
    /// # Errors
    /// A procedure that is not there or whose header cannot be read.
    pub fn execute(&self, invocation: &Invocation) -> Result<Ending> {
        let procedure = Library::open(&invocation.settings.project).find(&self.procedure)?;
        let mut result = describe(&procedure);
        if let Value::Map(entries) = &mut result {
            entries.push(("source".to_owned(), procedure.source.clone().into()));
        }
        let text = match self.source {
            true => procedure.source,
            false => help(&procedure),
        };
        Ok(Ending::with(result, text))
    }
}

/// The help of one procedure, as a person reads it.
pub fn help(procedure: &Procedure) -> String {
    let mut lines = vec![procedure.description.clone(), String::new()];
    let mut usage = format!("Usage: dbscript run {}", procedure.name);
    if procedure.parameters.iter().any(|one| !one.positional) {
        usage.push_str(" [--PARAMETER VALUE]…");
    }
    for word in procedure.parameters.iter().filter(|one| one.positional) {
        usage.push_str(&format!(" [{}]…", word.name));
    }
    lines.push(usage);
    if !procedure.parameters.is_empty() {
        lines.extend([String::new(), "Parameters:".to_owned()]);
        let rows: Vec<Vec<String>> = procedure.parameters.iter().map(row).collect();
        let table = readable::table(&[], &rows);
        lines.extend(
            table
                .iter()
                .filter(|line| !line.is_empty())
                .map(|line| format!("  {line}")),
        );
    }
    lines.push(String::new());
    if !procedure.needs.is_empty() {
        lines.push(format!("Needs: {}", procedure.needs.join(", ")));
    }
    let name = &procedure.name;
    lines.push(match procedure.origin {
        Origin::BuiltIn => {
            format!("Built in. To change it: mkdir -p scripts && dbscript show {name} --source > scripts/{name}.rhai")
        }
        Origin::Project | Origin::ProjectEdited => {
            format!("From: {} ({})", procedure.file, procedure.origin.label())
        }
    });
    lines.push("The global flags may stand here too: `dbscript --help`".to_owned());
    lines.join("\n").trim_start().to_owned()
}

/// One parameter: how it is written, and what it is for.
fn row(parameter: &Parameter) -> Vec<String> {
    let flag = match parameter.kind {
        ParameterType::Bool => format!("--{}", parameter.name),
        ParameterType::Choice => format!("--{} {}", parameter.name, parameter.choices.join("|")),
        kind => format!("--{} {}", parameter.name, kind.name().to_uppercase()),
    };
    let mut notes = Vec::new();
    match &parameter.default {
        None => notes.push("required".to_owned()),
        Some(Value::Null | Value::Bool(false)) => {}
        Some(Value::List(items)) if items.is_empty() => {}
        Some(default) => {
            notes.push(format!("default: {}", readable::lines(default).join(", ")));
        }
    }
    match (parameter.minimum, parameter.maximum) {
        (Some(minimum), Some(maximum)) => notes.push(format!("{minimum} to {maximum}")),
        (Some(minimum), None) => notes.push(format!("at least {minimum}")),
        (None, Some(maximum)) => notes.push(format!("at most {maximum}")),
        (None, None) => {}
    }
    if let Some(variable) = &parameter.env {
        notes.push(format!("or from {variable} in the environment"));
    }
    let notes = match notes.is_empty() {
        true => String::new(),
        false => format!(" [{}]", notes.join("; ")),
    };
    vec![
        flag,
        format!("{}{notes}", parameter.help).trim_start().to_owned(),
    ]
}

/// One procedure as data.
pub fn describe(procedure: &Procedure) -> Value {
    let text = |name: &str, text: &str| (name.to_owned(), Value::from(text));
    let texts = |texts: &[String]| Value::List(texts.iter().cloned().map(Value::from).collect());
    let number = |number: Option<f64>| number.map_or(Value::Null, Value::Float);
    let parameters = procedure.parameters.iter().map(|parameter| {
        Value::Map(vec![
            text("name", &parameter.name),
            text("type", parameter.kind.name()),
            text("help", &parameter.help),
            ("required".to_owned(), Value::Bool(parameter.required())),
            (
                "default".to_owned(),
                parameter.default.clone().unwrap_or(Value::Null),
            ),
            ("choices".to_owned(), texts(&parameter.choices)),
            ("min".to_owned(), number(parameter.minimum)),
            ("max".to_owned(), number(parameter.maximum)),
            (
                "env".to_owned(),
                parameter.env.clone().map_or(Value::Null, Value::from),
            ),
            ("positional".to_owned(), Value::Bool(parameter.positional)),
        ])
    });
    Value::Map(vec![
        text("name", &procedure.name),
        text("origin", procedure.origin.label()),
        text("file", &procedure.file),
        text("description", &procedure.description),
        ("parameters".to_owned(), Value::List(parameters.collect())),
        ("needs".to_owned(), texts(&procedure.needs)),
        ("api".to_owned(), Value::Int(procedure.api)),
    ])
}
