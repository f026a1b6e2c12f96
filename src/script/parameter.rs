//! The parameters of a procedure and the arguments a person gives for them.

use std::collections::BTreeMap;

use super::nearest::did_you_mean;
use super::procedure::Procedure;
use crate::error::{Error, Kind, Result};
use crate::value::Value;

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterType {
    /// Any text.
    String,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A switch.
    Bool,
    /// One of some words.
    Choice,
    /// A file that can be read.
    File,
    /// A folder.
    Dir,
    /// Several texts, separated by commas or given several times.
    List,
}

impl ParameterType {
    /// Every type, by its name in `PARAMS`.
    pub(super) const ALL: [(&'static str, ParameterType); 8] = [
        ("string", ParameterType::String),
        ("int", ParameterType::Int),
        ("float", ParameterType::Float),
        ("bool", ParameterType::Bool),
        ("choice", ParameterType::Choice),
        ("file", ParameterType::File),
        ("dir", ParameterType::Dir),
        ("list", ParameterType::List),
    ];

    /// Its name in `PARAMS`.
    pub fn name(self) -> &'static str {
        ParameterType::ALL
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("string", |(name, _)| name)
    }
}

/// One parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The flag without its dashes, such as `scratch-url`.
    pub name: String,
    /// The key in `args`, such as `scratch_url`.
    pub key: String,
    /// Its type.
    pub kind: ParameterType,
    /// What it is if it is not given; `None`: it must be given. `Null`: it is optional.
    pub default: Option<Value>,
    /// What it is for.
    pub help: String,
    /// The smallest number.
    pub minimum: Option<f64>,
    /// The largest number.
    pub maximum: Option<f64>,
    /// The words of a choice.
    pub choices: Vec<String>,
    /// The environment variable that gives it.
    pub env: Option<String>,
    /// Whether it takes the words without a flag.
    pub positional: bool,
}

impl Parameter {
    /// Whether it must be given.
    pub fn required(&self) -> bool {
        self.default.is_none()
    }

    /// A text of the command line as this parameter's value.
    pub(super) fn parse(&self, text: &str) -> std::result::Result<Value, String> {
        match self.kind {
            ParameterType::String => Ok(Value::from(text)),
            ParameterType::File | ParameterType::Dir => match text {
                "" => Err("is empty".to_owned()),
                path => Ok(Value::from(path)),
            },
            ParameterType::List => {
                let items = text.split(',').map(str::trim);
                let items: Vec<Value> = items
                    .filter(|item| !item.is_empty())
                    .map(Value::from)
                    .collect();
                // An empty list means "all" to most scripts: a variable that is empty by mistake must not mean that.
                if items.is_empty() {
                    return Err("names at least one".to_owned());
                }
                Ok(Value::List(items))
            }
            ParameterType::Bool => match text {
                "true" | "yes" | "on" | "1" => Ok(Value::Bool(true)),
                "false" | "no" | "off" | "0" => Ok(Value::Bool(false)),
                _ => Err("is `true` or `false`".to_owned()),
            },
            ParameterType::Choice => {
                if self.choices.iter().any(|choice| choice == text) {
                    Ok(Value::from(text))
                } else {
                    Err(format!("is one of {}", self.choices.join(", ")))
                }
            }
            ParameterType::Int => {
                let number: i64 = text.parse().map_err(|_| "is a whole number".to_owned())?;
                self.in_range(number as f64)?;
                Ok(Value::Int(number))
            }
            ParameterType::Float => {
                let number: f64 = text.parse().map_err(|_| "is a number".to_owned())?;
                if !number.is_finite() {
                    return Err("is a number".to_owned());
                }
                self.in_range(number)?;
                Ok(Value::Float(number))
            }
        }
    }

    pub(super) fn in_range(&self, number: f64) -> std::result::Result<(), String> {
        match (self.minimum, self.maximum) {
            (Some(minimum), _) if number < minimum => Err(format!("is at least {minimum}")),
            (_, Some(maximum)) if number > maximum => Err(format!("is at most {maximum}")),
            _ => Ok(()),
        }
    }

    /// What to write instead, for an error about its value.
    fn way_out(&self) -> Option<String> {
        let optional = self.default.is_some();
        let what = (!self.help.is_empty()).then(|| format!("`--{}`: {}", self.name, self.help));
        match (what, optional) {
            (Some(what), true) => Some(format!("{what}; it may be left out")),
            (what, _) => what,
        }
    }

    fn value(&self, text: &str) -> Result<Value> {
        self.parse(text).map_err(|rule| {
            let mut error = Error::new(
                Kind::Usage,
                format!("`--{}` {rule}, not `{text}`", self.name),
            );
            let near = did_you_mean(text, self.choices.iter().map(String::as_str));
            error.hint = near.or_else(|| self.way_out());
            error
        })
    }
}

/// The arguments of a run: typed, defaulted, checked. `given` are the flags in their order (without dashes; `None` where
/// a flag stands alone), `positional` the words without a flag.
///
/// # Errors
/// `Usage`: an unknown flag, a value that does not fit, one that is missing, a word too many.
pub fn arguments(
    procedure: &Procedure,
    given: &[(String, Option<String>)],
    positional: &[String],
    environment: &BTreeMap<String, String>,
) -> Result<Value> {
    let mut values: BTreeMap<&str, Value> = BTreeMap::new();
    for (flag, text) in given {
        let parameter = find(procedure, flag)?;
        let value = match (text, parameter.kind) {
            (Some(text), _) => parameter.value(text)?,
            (None, ParameterType::Bool) => Value::Bool(true),
            (None, _) => {
                return Err(Error::new(
                    Kind::Usage,
                    format!("`--{}` needs a value", parameter.name),
                )
                .hint(format!("write `--{} VALUE`", parameter.name)));
            }
        };
        add(&mut values, parameter, value)?;
    }
    take_words(procedure, positional, &mut values)?;
    let mut arguments = Vec::with_capacity(procedure.parameters.len());
    for parameter in &procedure.parameters {
        let from_environment = parameter
            .env
            .as_ref()
            .and_then(|name| environment.get(name))
            .filter(|text| !text.is_empty());
        let value = match (values.remove(parameter.key.as_str()), from_environment) {
            (Some(value), _) => value,
            (None, Some(text)) => parameter.value(text)?,
            (None, None) => parameter
                .default
                .clone()
                .ok_or_else(|| missing(procedure, parameter))?,
        };
        arguments.push((parameter.key.clone(), value));
    }
    Ok(Value::Map(arguments))
}

fn find<'a>(procedure: &'a Procedure, flag: &str) -> Result<&'a Parameter> {
    let flag = flag.trim_start_matches('-');
    let key = flag.replace('-', "_");
    let found = procedure.parameters.iter().find(|one| one.key == key);
    found.ok_or_else(|| {
        let mut error = Error::new(
            Kind::Usage,
            format!("`{}` has no parameter `--{flag}`", procedure.name),
        );
        let names = procedure.parameters.iter().map(|one| one.name.as_str());
        error.hint = super::nearest::nearest(flag, names)
            .map(|name| format!("did you mean `--{name}`?"))
            .or_else(|| Some(format!("see `dbscript run {} --help`", procedure.name)));
        error
    })
}

/// Given twice, a list grows and anything else is an error.
fn add<'a>(
    values: &mut BTreeMap<&'a str, Value>,
    parameter: &'a Parameter,
    value: Value,
) -> Result<()> {
    match (values.get_mut(parameter.key.as_str()), value) {
        (Some(Value::List(items)), Value::List(more)) => items.extend(more),
        (Some(_), _) => {
            return Err(Error::new(
                Kind::Usage,
                format!("`--{}` is given twice", parameter.name),
            )
            .hint("give it once"));
        }
        (None, value) => {
            values.insert(&parameter.key, value);
        }
    }
    Ok(())
}

/// Words without a flag go to the positional parameters in their order; a list takes all that are left.
fn take_words<'a>(
    procedure: &'a Procedure,
    words: &[String],
    values: &mut BTreeMap<&'a str, Value>,
) -> Result<()> {
    let mut takers = procedure.parameters.iter().filter(|one| one.positional);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(parameter) = takers.next() else {
            let mut error = Error::new(
                Kind::Usage,
                format!("`{}` takes no argument `{word}`", procedure.name),
            );
            error.hint = Some(format!("see `dbscript run {} --help`", procedure.name));
            return Err(error);
        };
        if parameter.kind == ParameterType::List {
            let all = std::iter::once(word).chain(words.by_ref());
            let items = all.map(|word| Value::from(word.as_str())).collect();
            add(values, parameter, Value::List(items))?;
        } else {
            add(values, parameter, parameter.value(word)?)?;
        }
    }
    Ok(())
}

fn missing(procedure: &Procedure, parameter: &Parameter) -> Error {
    let mut error = Error::new(
        Kind::Usage,
        format!("`{}` needs `--{}`", procedure.name, parameter.name),
    );
    error.hint = match parameter.help.as_str() {
        "" => Some(format!("see `dbscript run {} --help`", procedure.name)),
        help => Some(format!("`--{}`: {help}", parameter.name)),
    };
    error
}
