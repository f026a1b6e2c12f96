//! An error nobody caught, as people see it: the message, its place in the right file, the line with a caret, the call
//! chain, a hint.
//!
//! Rhai pairs a callee's source with the *caller's* position, so places are shifted by one while the chain is walked.

use rhai::{EvalAltResult, ParseError};

use super::api;
use super::convert::plain_type;
use super::fault::STEP;
use super::library::BUILT_IN;
use super::nearest::did_you_mean;
use super::sources::{Sources, excerpt, position};
use crate::error::{Error, Kind, Position};
use crate::value::Value;

/// How a closure stands in a call chain.
const CLOSURE: &str = "a closure";

/// One call on the way to the error: what was called and from where.
struct Frame {
    callee: String,
    from: Option<Position>,
}

/// The error as the reporter needs it, and the result it carries. `main` is the label of the procedure.
pub fn explain(mut error: EvalAltResult, main: &str, sources: &Sources) -> (Error, Value) {
    let mut label = main.to_owned();
    let mut frames = Vec::new();
    loop {
        error = match error {
            EvalAltResult::ErrorInFunctionCall(name, source, inner, place) => {
                let from = sources.position(&label, place);
                let callee = match name.strip_prefix(STEP) {
                    Some(step) => format!("step `{step}`"),
                    None if name.starts_with("anon$") => CLOSURE.to_owned(),
                    None => format!("`{name}`"),
                };
                frames.push(Frame { callee, from });
                if !source.is_empty() {
                    label = source;
                }
                *inner
            }
            EvalAltResult::ErrorInModule(name, inner, place) => {
                frames.push(Frame {
                    callee: format!("module `{name}`"),
                    from: sources.position(&label, place),
                });
                label = name;
                *inner
            }
            other => {
                error = other;
                break;
            }
        };
    }
    frames.reverse();
    // The closure of a step says nothing that the step does not.
    let of_step = |frames: &[Frame]| {
        let [closure, step] = frames else {
            return false;
        };
        closure.callee == CLOSURE && step.callee.starts_with(STEP) && closure.from == step.from
    };
    for index in (1..frames.len()).rev() {
        if of_step(&frames[index - 1..=index]) {
            frames.remove(index - 1);
        }
    }
    let place = sources
        .position(&label, error.position())
        .or_else(|| frames.iter().find_map(|frame| frame.from.clone()));
    let text = sources.text(&label).unwrap_or_default();
    let (mut explained, result) = describe(error, &text);
    let mut trace = Vec::new();
    let script_s_own = matches!(explained.kind, Kind::Script | Kind::Internal);
    if !script_s_own && label.starts_with(BUILT_IN) {
        // The script is not the person's, and does what it should: its lines would hide the way out.
        explained.position = explained.position.or(place);
        return (explained, result);
    }
    if let Some(place) = &place {
        if explained.position.is_some() {
            // The error has a place of its own, such as a line of a CSV file; the script's comes after it.
            trace.push(format!("at {}:{}:{}", place.file, place.line, place.column));
        }
        trace.extend(sources.excerpt(place));
    }
    trace.extend(call_chain(&frames));
    explained.position = explained.position.or(place);
    explained.trace = trace;
    (explained, result)
}

/// The calls, innermost first; the middle of a deep recursion is left out.
fn call_chain(frames: &[Frame]) -> Vec<String> {
    const SHOWN: usize = 10;
    let mut lines: Vec<String> = frames
        .iter()
        .take(SHOWN)
        .map(|frame| match &frame.from {
            Some(from) => format!(
                "in {}, called at {}:{}:{}",
                frame.callee, from.file, from.line, from.column
            ),
            None => format!("in {}", frame.callee),
        })
        .collect();
    if frames.len() > SHOWN {
        lines.push(format!("… and {} more calls", frames.len() - SHOWN));
    }
    lines
}

/// A script that does not compile, as an error of kind `Script`.
pub fn explain_parse(error: &ParseError, label: &str, text: &str) -> Error {
    let message = lower_first(&error.err_type().to_string());
    let mut explained = Error::new(Kind::Script, message);
    explained.position = position(label, error.position()).or_else(|| {
        // Rhai puts the end of the file nowhere.
        Some(Position {
            file: label.to_owned(),
            line: text.lines().count().max(1),
            column: text
                .lines()
                .last()
                .map_or(1, |line| line.chars().count() + 1),
        })
    });
    if let Some(place) = &explained.position {
        explained.trace = excerpt(text, place);
    }
    explained
}

/// Message, kind and hint of the innermost error.
fn describe(mut error: EvalAltResult, text: &str) -> (Error, Value) {
    let (message, hint) = match &mut error {
        EvalAltResult::ErrorRuntime(thrown, _) => return super::fault::from_thrown(thrown),
        EvalAltResult::ErrorTerminated(token, _) => {
            return (terminated(&token.to_string()), Value::Null);
        }
        EvalAltResult::ErrorVariableNotFound(name, _) => unknown_variable(name, text),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => unknown_function(signature),
        EvalAltResult::ErrorModuleNotFound(name, _) => (
            format!("unknown namespace `{name}`"),
            did_you_mean(name, api::namespace_names()),
        ),
        EvalAltResult::ErrorPropertyNotFound(name, _) => (
            format!("there is no `{name}` in this map"),
            Some(format!("ask with `\"{name}\" in map` first")),
        ),
        EvalAltResult::ErrorMismatchDataType(wanted, found, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, found, _) => (
            format!(
                "expected {}, found {}",
                article(plain_type(wanted)),
                article(plain_type(found))
            ),
            None,
        ),
        EvalAltResult::ErrorStackOverflow(_) => (
            format!("calls nest deeper than {}", super::engine::CALL_DEPTH),
            Some("a function that calls itself must come to an end".to_owned()),
        ),
        EvalAltResult::ErrorParsing(kind, _) => (lower_first(&kind.to_string()), None),
        EvalAltResult::ErrorFor(_) => (
            "`for` needs something to walk through: an array, a range, or a stream of rows"
                .to_owned(),
            None,
        ),
        other => {
            // The place is told separately.
            let _ = other.take_position();
            (lower_first(&other.to_string()), None)
        }
    };
    let mut explained = Error::new(Kind::Script, message);
    explained.hint = hint;
    (explained, Value::Null)
}

fn terminated(token: &str) -> Error {
    match Kind::from_name(token) {
        Some(reason @ (Kind::Interrupted | Kind::Timeout)) => super::bridge::stopped(reason),
        // The host knows which limit it was.
        _ => Error::new(Kind::Script, "a limit was exceeded"),
    }
}

fn unknown_variable(name: &str, text: &str) -> (String, Option<String>) {
    let constant = format!("const {name}");
    let hint = if text.lines().any(|line| {
        line.strip_prefix(&constant)
            .is_some_and(|rest| rest.starts_with([' ', '=']))
    }) {
        Some(format!(
            "a constant of the script is read as `global::{name}` inside a function"
        ))
    } else {
        let words =
            text.split(|character: char| !(character.is_alphanumeric() || character == '_'));
        did_you_mean(name, words.filter(|word| word.len() > 2))
    };
    (format!("unknown variable `{name}`"), hint)
}

fn unknown_function(signature: &str) -> (String, Option<String>) {
    let (name, arguments) = signature
        .split_once(" (")
        .unwrap_or((signature.trim_end_matches("()"), ""));
    let types: Vec<String> = arguments
        .trim_end_matches(')')
        .split(", ")
        .filter(|name| !name.is_empty())
        .map(|name| article(plain_type(name)))
        .collect();
    if !name.starts_with(|first: char| first.is_alphabetic() || first == '_') {
        return (
            format!("`{name}` cannot be applied to {}", types.join(" and ")),
            None,
        );
    }
    if api::is_known(name) {
        let message = match types.is_empty() {
            true => format!("`{name}` is called without arguments"),
            false => format!("`{name}` does not take {}", types.join(", ")),
        };
        return (message, api::usage(name));
    }
    (
        format!("unknown function `{name}`"),
        did_you_mean(name, api::function_names().iter().map(String::as_str)),
    )
}

/// A type with its article, such as `an int`; `()` as it is.
pub fn article(name: &str) -> String {
    match name.chars().next() {
        Some('a' | 'e' | 'i' | 'o' | 'u') => format!("an {name}"),
        Some(first) if first.is_alphabetic() => format!("a {name}"),
        _ => name.to_owned(),
    }
}

/// Rhai's messages begin with a capital letter, ours do not.
fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(characters).collect()
    })
}
