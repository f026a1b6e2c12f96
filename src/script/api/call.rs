//! One call of a bound function: its checked arguments and the way back into the script.

use std::rc::Rc;

use rhai::{Dynamic, FnPtr, ImmutableString, Map, NativeCallContext};

use super::accepts::{check, title};
use super::{Form, Function};
use crate::error::{Error, Kind, Position};
use crate::script::convert::{self, to_value};
use crate::script::fault::Thrown;
use crate::script::host::Host;
use crate::script::sources::position;
use crate::script::uncaught::article;
use crate::value::Value;

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
