//! What arguments a function takes, and the check of those it is given.

use rhai::Dynamic;

use super::{Form, Function};
use crate::error::{Error, Kind};
use crate::script::convert;
use crate::script::fault::Thrown;
use crate::script::nearest::did_you_mean;
use crate::script::uncaught::article;

/// What an argument may be.
#[derive(Clone, Copy)]
pub enum Accepts {
    /// Anything.
    Any,
    /// A string.
    Text,
    /// A whole number.
    Int,
    /// A whole or floating-point number.
    Number,
    /// A truth value.
    Bool,
    /// An array.
    List,
    /// A map.
    Map,
    /// Parameters of a statement: an array for `?`, or a map for `:name`.
    Params,
    /// A closure or the name of a function.
    Closure,
    /// A map with some of these keys and no others.
    Options(&'static [Key]),
    /// A whole number or `()`.
    IntOrUnit,
    /// A string or `()`.
    TextOrUnit,
    /// An array or `()`.
    ListOrUnit,
}

impl Accepts {
    /// In the words of the documentation.
    pub fn name(self) -> &'static str {
        match self {
            Accepts::Any => "any value",
            Accepts::Text => "string",
            Accepts::Int => "int",
            Accepts::Number => "number",
            Accepts::Bool => "bool",
            Accepts::List => "array",
            Accepts::Map | Accepts::Options(_) => "map",
            Accepts::Params => "array or map",
            Accepts::Closure => "closure",
            Accepts::IntOrUnit => "int or ()",
            Accepts::TextOrUnit => "string or ()",
            Accepts::ListOrUnit => "array or ()",
        }
    }

    /// Whether a value of this type (`int`, `string`, …, as [`convert::type_name`] says it) fits.
    pub fn fits(self, type_name: &str) -> bool {
        match self {
            Accepts::Any => true,
            Accepts::Text => matches!(type_name, "string" | "char"),
            Accepts::Int => type_name == "int",
            Accepts::Number => matches!(type_name, "int" | "float"),
            Accepts::Bool => type_name == "bool",
            Accepts::List => type_name == "array",
            Accepts::Map | Accepts::Options(_) => type_name == "map",
            Accepts::Params => matches!(type_name, "array" | "map"),
            Accepts::Closure => type_name == "closure",
            Accepts::IntOrUnit => matches!(type_name, "int" | "()"),
            Accepts::TextOrUnit => matches!(type_name, "string" | "char" | "()"),
            Accepts::ListOrUnit => matches!(type_name, "array" | "()"),
        }
    }
}

/// One argument.
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub accepts: Accepts,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is.
    pub doc: &'static str,
}

/// An argument that must be given.
pub const fn required(name: &'static str, accepts: Accepts, doc: &'static str) -> Argument {
    Argument {
        name,
        accepts,
        optional: false,
        doc,
    }
}

/// An argument that may be left out.
pub const fn optional(name: &'static str, accepts: Accepts, doc: &'static str) -> Argument {
    Argument {
        name,
        accepts,
        optional: true,
        doc,
    }
}

/// One key of a map of options. `()` counts as left out.
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub accepts: Accepts,
    /// What it is.
    pub doc: &'static str,
}

/// A function's full name.
pub fn title(namespace: &str, function: &Function) -> String {
    match function.form {
        Form::Function if namespace.is_empty() => function.name.to_owned(),
        Form::Function => format!("{namespace}::{}", function.name),
        Form::Method(receiver) | Form::Property(receiver) => {
            format!("{}.{}", receiver.name, function.name)
        }
    }
}

/// Checks one argument, the keys of options too.
pub(super) fn check(
    accepts: Accepts,
    value: &Dynamic,
    title: impl Fn() -> String,
) -> Result<(), Thrown> {
    if matches!(accepts, Accepts::Any) {
        return Ok(());
    }
    let found = convert::plain_type(value.type_name());
    if !accepts.fits(found) {
        let message = format!(
            "{} is {}, not {}",
            title(),
            article(accepts.name()),
            article(found)
        );
        return Err(Error::new(Kind::Script, message).into());
    }
    let Accepts::Options(keys) = accepts else {
        return Ok(());
    };
    let Ok(map) = value.as_map_ref() else {
        return Ok(());
    };
    for (name, value) in map.iter() {
        let Some(key) = keys.iter().find(|key| key.name == name.as_str()) else {
            return Err(unknown_key(name, keys, &title()).into());
        };
        if !value.is_unit() {
            let within: &dyn Fn() -> String = &|| format!("`{}` in {}", key.name, title());
            check(key.accepts, value, within)?;
        }
    }
    Ok(())
}

/// The error of an option that does not exist.
pub fn unknown_key(name: &str, keys: &[Key], title: &str) -> Error {
    let mut error = Error::new(Kind::Script, format!("{title} has no option `{name}`"));
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    error.hint = did_you_mean(name, names.iter().copied())
        .or_else(|| Some(format!("the options are {}", names.join(", "))));
    error
}
