//! Errors between Rust and a script: an [`Error`] becomes a map that a script can catch (`err.kind`, `.code`, `.message`,
//! `.hint`, `.data`, `.result`), and a map or text that a script throws becomes an [`Error`] again.

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext};

use super::convert;
use crate::db;
use crate::error::{Error, Kind, Position};
use crate::value::Value;

/// What a bound function may fail with: our own error, or one that a closure of the script threw.
#[derive(Debug)]
pub enum Thrown {
    /// Ours.
    Error(Box<Error>),
    /// The script's, with its positions.
    Script(Box<EvalAltResult>),
}

impl From<Error> for Thrown {
    fn from(error: Error) -> Self {
        Thrown::Error(Box::new(error))
    }
}

impl From<db::Error> for Thrown {
    fn from(error: db::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<convert::NotAValue> for Thrown {
    fn from(error: convert::NotAValue) -> Self {
        Error::from(error).into()
    }
}

impl From<Box<EvalAltResult>> for Thrown {
    fn from(error: Box<EvalAltResult>) -> Self {
        Thrown::Script(error)
    }
}

/// The code of an error after which not all could be rolled back.
const NOT_ROLLED_BACK: &str = "not-rolled-back";

/// How a step stands in a call chain.
pub const STEP: &str = "step ";

impl Thrown {
    /// The error with the step it was thrown in, as one more call around it. A stop and a limit stay as they are: so
    /// wrapped, a script could catch them.
    pub fn within_step(self, name: &str, context: &NativeCallContext<'_>) -> Thrown {
        match self {
            Thrown::Script(error) if !error.unwrap_inner().is_system_exception() => {
                Thrown::Script(Box::new(EvalAltResult::ErrorInFunctionCall(
                    format!("{STEP}{name}"),
                    context.call_source().unwrap_or_default().to_owned(),
                    error,
                    context.call_position(),
                )))
            }
            other => other,
        }
    }

    /// The error of a transaction of which something stays though it was rolled back, by its code: what a script does
    /// about a row that was refused would be wrong then. A stop and a limit stay as they are.
    pub fn not_rolled_back(mut self) -> Thrown {
        match &mut self {
            Thrown::Error(error) if !is_stop(error.kind) => {
                error.code = Some(NOT_ROLLED_BACK.to_owned());
            }
            Thrown::Error(_) => {}
            Thrown::Script(thrown) => {
                if let Some(mut map) = innermost(thrown).and_then(Dynamic::write_lock::<Map>) {
                    map.insert("code".into(), NOT_ROLLED_BACK.into());
                }
            }
        }
        self
    }

    /// As rhai throws it, at the position of the call. A stopped run cannot be caught; everything else can.
    pub fn raise(self, position: rhai::Position) -> Box<EvalAltResult> {
        match self {
            Thrown::Script(error) => error,
            Thrown::Error(error) if is_stop(error.kind) => Box::new(
                EvalAltResult::ErrorTerminated(error.kind.name().into(), position),
            ),
            Thrown::Error(error) => Box::new(EvalAltResult::ErrorRuntime(
                Dynamic::from_map(to_map(&error)),
                position,
            )),
        }
    }
}

/// What was thrown at the bottom of the call chain.
pub fn innermost(error: &mut EvalAltResult) -> Option<&mut Dynamic> {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _)
        | EvalAltResult::ErrorInModule(_, inner, _) => innermost(inner),
        EvalAltResult::ErrorRuntime(thrown, _) => Some(thrown),
        _ => None,
    }
}

fn is_stop(kind: Kind) -> bool {
    matches!(kind, Kind::Interrupted | Kind::Timeout)
}

/// The map a script catches.
pub fn to_map(error: &Error) -> Map {
    let text = |text: &Option<String>| text.clone().map_or(Dynamic::UNIT, Dynamic::from);
    let mut map = Map::new();
    map.insert("kind".into(), error.kind.name().into());
    map.insert("code".into(), text(&error.code));
    map.insert("message".into(), error.chain().into());
    map.insert("hint".into(), text(&error.hint));
    map.insert("data".into(), text(&error.data));
    map.insert("result".into(), Dynamic::UNIT);
    map.insert(
        "position".into(),
        error
            .position
            .as_ref()
            .map_or(Dynamic::UNIT, position_to_map),
    );
    map
}

fn position_to_map(position: &Position) -> Dynamic {
    let number = |number: usize| Dynamic::from(i64::try_from(number).unwrap_or(i64::MAX));
    let mut map = Map::new();
    map.insert("file".into(), position.file.clone().into());
    map.insert("line".into(), number(position.line));
    map.insert("column".into(), number(position.column));
    Dynamic::from_map(map)
}

fn position_from_map(value: &Dynamic) -> Option<Position> {
    let map = value.read_lock::<Map>()?;
    let number = |name: &str| usize::try_from(map.get(name)?.as_int().ok()?).ok();
    Some(Position {
        file: map.get("file")?.clone().into_string().ok()?,
        line: number("line")?,
        column: number("column")?,
    })
}

/// What a script threw, as an error without the position of the `throw`, and the result it carries.
pub fn from_thrown(thrown: &Dynamic) -> (Error, Value) {
    let thrown = thrown.flatten_clone();
    let Some(map) = thrown.read_lock::<Map>() else {
        let message = match thrown.is_unit() {
            true => "the script threw an error without a message".to_owned(),
            false => thrown.to_string(),
        };
        return (Error::new(Kind::Script, message), Value::Null);
    };
    let text = |name: &str| {
        let value = map.get(name).filter(|value| !value.is_unit())?;
        Some(value.to_string())
    };
    let kind = text("kind")
        .and_then(|name| Kind::from_name(&name))
        .unwrap_or(Kind::Script);
    let message =
        text("message").unwrap_or_else(|| "the script threw an error without a message".to_owned());
    let mut error = Error::new(kind, message);
    error.code = text("code");
    error.hint = text("hint");
    error.data = text("data");
    error.position = map.get("position").and_then(position_from_map);
    let result = map
        .get("result")
        .and_then(|value| convert::to_value(value.clone()).ok())
        .unwrap_or(Value::Null);
    (error, result)
}

/// An error of rhai's own that was caught, with the keys every caught error has.
pub fn complete_caught(map: &Map) -> Option<Map> {
    let name = map.get("error")?.clone().into_string().ok()?;
    if !name.starts_with("Error") || map.contains_key("kind") || !map.contains_key("message") {
        return None;
    }
    let mut complete = map.clone();
    complete.insert("kind".into(), Kind::Script.name().into());
    for key in ["code", "hint", "data", "result"] {
        complete.insert(key.into(), Dynamic::UNIT);
    }
    Some(complete)
}

/// Lets a caught text (`throw "text"`) be asked like any other caught error.
pub fn register(engine: &mut Engine) {
    type Text = ImmutableString;
    engine
        .register_get("message", |text: &mut Text| text.clone())
        .register_get("kind", |_: &mut Text| Kind::Script.name())
        .register_get("code", |_: &mut Text| ())
        .register_get("hint", |_: &mut Text| ())
        .register_get("data", |_: &mut Text| ())
        .register_get("result", |_: &mut Text| ());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_thrown_to_a_script_and_not_caught_is_the_same_error() {
        let position = Position {
            file: "users/a.csv".into(),
            line: 3,
            column: 1,
        };
        let error = Error::new(Kind::Refused, "no")
            .code("drop-column")
            .hint("allow it")
            .at(position.clone());
        let (back, result) = from_thrown(&Dynamic::from_map(to_map(&error)));
        assert_eq!(back.kind, Kind::Refused);
        assert_eq!(back.message, "no");
        assert_eq!(back.code.as_deref(), Some("drop-column"));
        assert_eq!(back.hint.as_deref(), Some("allow it"));
        assert_eq!(back.position, Some(position));
        assert_eq!(result, Value::Null);
    }

    #[test]
    fn an_unknown_kind_is_a_script_error() {
        let mut map = Map::new();
        map.insert("kind".into(), "nonsense".into());
        map.insert("message".into(), "m".into());
        let (error, _) = from_thrown(&Dynamic::from_map(map));
        assert_eq!(error.kind, Kind::Script);
        let (error, _) = from_thrown(&"plain".into());
        assert_eq!(
            (error.kind, error.message.as_str()),
            (Kind::Script, "plain")
        );
    }

    #[test]
    fn a_stop_cannot_be_caught() {
        let raised =
            Thrown::from(Error::new(Kind::Interrupted, "interrupted")).raise(rhai::Position::NONE);
        assert!(!raised.is_catchable());
    }
}
