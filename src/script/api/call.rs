//! One call of a bound function: its checked arguments and the way back into the script.

use std::rc::Rc;

use rhai::{Dynamic, FnPtr, ImmutableString, Map, NativeCallContext};

use super::{Form, Function};
use crate::error::{Error, Kind, Position};
use crate::script::convert::{self, to_value};
use crate::script::fault::Thrown;
use crate::script::host::Host;
use crate::script::nearest::did_you_mean;
use crate::script::sources::position;
use crate::script::uncaught::article;
use crate::value::Value;

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

/// One call.
pub struct Call<'a> {
    /// The run.
    pub host: &'a Rc<Host>,
    /// Rhai's context.
    pub context: NativeCallContext<'a>,
    function: &'static Function,
    values: Vec<Dynamic>,
}

impl<'a> Call<'a> {
    /// Checks rights and arguments. `values` begins with the receiver of a method or property.
    pub(super) fn new(
        host: &'a Rc<Host>,
        context: NativeCallContext<'a>,
        namespace: &'static str,
        function: &'static Function,
        values: Vec<Dynamic>,
    ) -> Result<Self, Thrown> {
        if let Some(stopped) = host.stopped() {
            return Err(stopped.into());
        }
        if let Some(right) = function.right {
            host.require(right)?;
        }
        let call = Call {
            host,
            context,
            function,
            values,
        };
        for (argument, value) in function.arguments.iter().zip(call.arguments()) {
            let title = || format!("`{}` of `{}`", argument.name, title(namespace, function));
            check(argument.accepts, value, title)?;
        }
        Ok(call)
    }

    /// The values without the receiver.
    fn arguments(&self) -> &[Dynamic] {
        match self.function.form {
            Form::Function => &self.values,
            Form::Method(_) | Form::Property(_) => self.values.get(1..).unwrap_or_default(),
        }
    }

    /// An argument as it is; `()` if it was left out.
    pub fn dynamic(&self, index: usize) -> Dynamic {
        self.arguments().get(index).cloned().unwrap_or_default()
    }

    /// How many arguments were given.
    pub fn given(&self) -> usize {
        self.arguments().len()
    }

    /// Whether an argument was given and is not `()`.
    pub fn has(&self, index: usize) -> bool {
        self.arguments()
            .get(index)
            .is_some_and(|value| !value.is_unit())
    }

    /// A string; empty if it was left out.
    pub fn text(&self, index: usize) -> ImmutableString {
        let value = self.arguments().get(index);
        value.map_or_else(ImmutableString::new, |value| {
            value
                .as_immutable_string_ref()
                .map_or_else(|_| value.to_string().into(), |text| text.clone())
        })
    }

    /// A whole number; 0 if it was left out.
    pub fn int(&self, index: usize) -> i64 {
        let value = self.arguments().get(index);
        value
            .and_then(|value| value.as_int().ok())
            .unwrap_or_default()
    }

    /// A truth value; `false` if it was left out.
    pub fn bool(&self, index: usize) -> bool {
        let value = self.arguments().get(index);
        value
            .and_then(|value| value.as_bool().ok())
            .unwrap_or_default()
    }

    /// An argument as a value.
    ///
    /// # Errors
    /// For closures and handles.
    pub fn value(&self, index: usize) -> Result<Value, Thrown> {
        Ok(to_value(self.dynamic(index))?)
    }

    /// The items of an array as values; none if it was left out.
    ///
    /// # Errors
    /// For closures and handles.
    pub fn values(&self, index: usize) -> Result<Vec<Value>, Thrown> {
        match self.value(index)? {
            Value::List(values) => Ok(values),
            Value::Null => Ok(Vec::new()),
            other => Ok(vec![other]),
        }
    }

    /// An array of strings.
    ///
    /// # Errors
    /// If an item is no string.
    pub fn texts(&self, index: usize) -> Result<Vec<String>, Thrown> {
        texts(self.dynamic(index), self.argument_name(index))
    }

    fn argument_name(&self, index: usize) -> &'static str {
        let argument = self.function.arguments.get(index);
        argument.map_or("it", |argument| argument.name)
    }

    /// A map; empty if it was left out.
    pub fn map(&self, index: usize) -> Map {
        self.dynamic(index).try_cast::<Map>().unwrap_or_default()
    }

    /// An array; empty if it was left out.
    pub fn array(&self, index: usize) -> rhai::Array {
        let value = self.dynamic(index);
        value.try_cast::<rhai::Array>().unwrap_or_default()
    }

    /// A map of options.
    pub fn options(&self, index: usize) -> Options {
        Options(self.map(index))
    }

    /// A handle of a custom type: an argument. `what` names the type.
    ///
    /// # Errors
    /// If it is something else.
    pub fn handle<T: Clone + 'static>(&self, index: usize, what: &str) -> Result<T, Thrown> {
        let value = self.dynamic(index);
        let found = convert::type_name(&value);
        value.try_cast::<T>().ok_or_else(|| {
            let name = self.argument_name(index);
            Error::new(
                Kind::Script,
                format!("`{name}` is {}, not {}", article(what), article(&found)),
            )
            .into()
        })
    }

    /// The value whose method or property this is.
    ///
    /// # Errors
    /// Never, as the engine chose this function by the receiver's type.
    pub fn receiver<T: Clone + 'static>(&self) -> Result<T, Thrown> {
        let receiver = self.values.first().cloned().unwrap_or_default();
        receiver
            .try_cast::<T>()
            .ok_or_else(|| Error::new(Kind::Script, "the method belongs to another type").into())
    }

    /// A closure.
    ///
    /// # Errors
    /// Never for an argument that accepts a closure.
    pub fn closure(&self, index: usize) -> Result<FnPtr, Thrown> {
        self.handle::<FnPtr>(index, "closure")
    }

    /// Where the call stands in the script.
    pub fn position(&self) -> Option<Position> {
        let label = self.context.call_source().unwrap_or_default();
        position(label, self.context.call_position())
    }

    /// Calls a closure of the script.
    ///
    /// # Errors
    /// What it throws.
    pub fn run(&self, closure: &FnPtr, arguments: Vec<Dynamic>) -> Result<Dynamic, Thrown> {
        self.host.limits().reset();
        let result = closure.call_raw(&self.context, None, arguments);
        self.host.limits().reset();
        Ok(result?)
    }
}

/// A map of options whose keys and types were checked.
pub struct Options(Map);

impl Options {
    /// An option that was given and is not `()`.
    pub fn get(&self, name: &str) -> Option<&Dynamic> {
        self.0.get(name).filter(|value| !value.is_unit())
    }

    /// A string.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(ToString::to_string)
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_int().ok()
    }

    /// A truth value; `false` if it was left out.
    pub fn bool(&self, name: &str) -> bool {
        self.get(name)
            .and_then(|value| value.as_bool().ok())
            .unwrap_or_default()
    }

    /// An array of strings; `None` if it was left out.
    ///
    /// # Errors
    /// If an item is no string.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Thrown> {
        self.get(name)
            .map(|value| texts(value.clone(), name))
            .transpose()
    }
}

fn texts(value: Dynamic, name: &str) -> Result<Vec<String>, Thrown> {
    let items = value.try_cast::<rhai::Array>().unwrap_or_default();
    items
        .into_iter()
        .map(|item| {
            let found = convert::type_name(&item);
            item.into_string().map_err(|_| {
                Error::new(
                    Kind::Script,
                    format!("an item of `{name}` is a string, not {}", article(&found)),
                )
                .into()
            })
        })
        .collect()
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
fn check(accepts: Accepts, value: &Dynamic, title: impl Fn() -> String) -> Result<(), Thrown> {
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
