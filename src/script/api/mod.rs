//! The host's functions as scripts see them: one file a namespace, one table a namespace.
//!
//! A table's entry is everything about a function: its name, arguments, result, errors, the right it needs, its words
//! for the reference, and the Rust function behind it. Registration, `check`, "did you mean" and the reference all read
//! the same tables, so they cannot disagree.

use std::any::TypeId;
use std::rc::Rc;
use std::sync::OnceLock;

use rhai::{
    Dynamic, Engine, FnNamespace, FuncRegistration, Module, NativeCallContext, RhaiFunc, Shared,
};

use super::engine::language_functions;
use super::fault::Thrown;
use super::host::Host;

pub mod accepts;
pub mod call;

mod alert;
mod backup;
mod columns;
mod csv;
mod db;
mod env;
mod fs;
mod integrity;
mod migrate;
mod stage;
mod step;
mod taken;
mod text;
mod time;
mod ui;

pub use accepts::{Accepts, Argument, Key, optional, required};
pub use call::Call;

/// Every namespace, in the order of the reference. The one without a name holds the global functions.
pub const NAMESPACES: &[&Namespace] = &[
    &step::NAMESPACE,
    &db::NAMESPACE,
    &backup::NAMESPACE,
    &integrity::NAMESPACE,
    &migrate::NAMESPACE,
    &ui::NAMESPACE,
    &alert::NAMESPACE,
    &fs::NAMESPACE,
    &env::NAMESPACE,
    &csv::NAMESPACE,
    &stage::NAMESPACE,
    &text::NAMESPACE,
    &time::NAMESPACE,
];

/// What a bound function returns.
pub type Answer = Result<Dynamic, Thrown>;

/// A namespace: a static module of the engine.
pub struct Namespace {
    /// Its name; empty for the global functions.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub doc: &'static str,
    /// Its functions, and the methods and properties of the types they return.
    pub functions: &'static [Function],
    /// Registers those types: their names and iterators.
    pub types: fn(&mut Engine),
}

/// How a function is called.
#[derive(Clone, Copy)]
pub enum Form {
    /// `namespace::name(…)`.
    Function,
    /// `value.name(…)`.
    Method(Receiver),
    /// `value.name`.
    Property(Receiver),
}

/// The type that a method or property belongs to.
#[derive(Clone, Copy)]
pub struct Receiver {
    /// Its name in the reference.
    pub name: &'static str,
    /// The Rust type.
    pub id: fn() -> TypeId,
}

/// One function with everything there is to know about it.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub form: Form,
    /// Its arguments, without the receiver.
    pub arguments: &'static [Argument],
    /// The right it needs, if any.
    pub right: Option<&'static str>,
    /// What it does.
    pub doc: &'static str,
    /// What it returns.
    pub result: &'static str,
    /// What it fails with.
    pub errors: &'static str,
    /// The Rust function.
    pub body: fn(&Call<'_>) -> Answer,
}

impl Function {
    /// The fewest arguments it takes.
    pub fn least(&self) -> usize {
        self.arguments.iter().filter(|one| !one.optional).count()
    }

    /// As it is written, such as `query(sql[, params])`.
    pub fn signature(&self) -> String {
        let mut text = format!("{}(", self.name);
        for (index, argument) in self.arguments.iter().enumerate() {
            if argument.optional {
                text.push('[');
            }
            if index > 0 {
                text.push_str(", ");
            }
            text.push_str(argument.name);
        }
        text.extend(
            self.arguments
                .iter()
                .filter(|one| one.optional)
                .map(|_| ']'),
        );
        text.push(')');
        text
    }
}

/// Registers everything with an engine.
pub fn register(engine: &mut Engine, host: &Rc<Host>) {
    for namespace in NAMESPACES {
        (namespace.types)(engine);
        let mut own = Module::new();
        let mut global = Module::new();
        for function in namespace.functions {
            match function.form {
                Form::Function if !namespace.name.is_empty() => {
                    bind(&mut own, namespace.name, function, host);
                }
                _ => bind(&mut global, namespace.name, function, host),
            }
        }
        engine.register_global_module(global.into());
        if !namespace.name.is_empty() {
            engine.register_static_module(namespace.name, own.into());
        }
    }
}

/// Registers one function for each number of arguments it takes.
fn bind(
    module: &mut Module,
    namespace: &'static str,
    function: &'static Function,
    host: &Rc<Host>,
) {
    let (name, receiver) = match function.form {
        Form::Function => (function.name.to_owned(), None),
        Form::Method(receiver) => (function.name.to_owned(), Some(receiver)),
        Form::Property(receiver) => (format!("get${}", function.name), Some(receiver)),
    };
    let receiver: Vec<TypeId> = receiver.iter().map(|receiver| (receiver.id)()).collect();
    for count in function.least()..=function.arguments.len() {
        for arguments in types(function, count) {
            let mut types = receiver.clone();
            types.extend(arguments);
            let namespace_of = match function.form {
                Form::Function if !namespace.is_empty() => FnNamespace::Internal,
                _ => FnNamespace::Global,
            };
            FuncRegistration::new(name.as_str())
                .with_namespace(namespace_of)
                .set_into_module_raw(module, types, body(namespace, function, Rc::clone(host)));
        }
    }
}

/// The argument types to register a function with: any, so that it is the host that says what is wrong with one. A
/// lone number is registered by its types, to go before a function of the language of that name.
fn types(function: &Function, count: usize) -> Vec<Vec<TypeId>> {
    let any = TypeId::of::<Dynamic>();
    match function.arguments {
        [only] if count == 1 && matches!(only.accepts, Accepts::Number) => {
            vec![
                vec![TypeId::of::<i64>()],
                vec![TypeId::of::<f64>()],
                vec![any],
            ]
        }
        _ => vec![vec![any; count]],
    }
}

/// The function as rhai calls it.
fn body(namespace: &'static str, function: &'static Function, host: Rc<Host>) -> RhaiFunc {
    let body = move |context: Option<NativeCallContext<'_>>, given: &mut [&mut Dynamic]| {
        let Some(context) = context else {
            return Err("the call has no context".into());
        };
        let position = context.call_position();
        host.limits().reset();
        let values = given
            .iter_mut()
            .map(|value| std::mem::take(*value).flatten());
        Call::new(&host, context, namespace, function, values.collect())
            .and_then(|call| (function.body)(&call))
            .inspect(|_| host.returned(true))
            .map_err(|thrown| {
                host.returned(false);
                thrown.raise(position)
            })
    };
    RhaiFunc::Pure {
        func: Shared::new(body),
        has_context: true,
        is_pure: true,
        is_volatile: true,
    }
}

/// No types of its own.
pub fn no_types(_: &mut Engine) {}

/// The names of the namespaces.
pub fn namespace_names() -> impl Iterator<Item = &'static str> {
    let names = NAMESPACES.iter().map(|namespace| namespace.name);
    names.filter(|name| !name.is_empty())
}

/// The namespace of this name.
pub fn namespace(name: &str) -> Option<&'static Namespace> {
    NAMESPACES
        .iter()
        .copied()
        .find(|namespace| namespace.name == name)
}

/// The function of this full name, such as `db::query` or `step`.
pub fn function(name: &str) -> Option<&'static Function> {
    let (space, name) = name.split_once("::").unwrap_or(("", name));
    namespace(space)?
        .functions
        .iter()
        .find(|function| function.name == name && matches!(function.form, Form::Function))
}

/// The full names of all functions, those of the language too.
pub fn function_names() -> &'static [String] {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let is_word = |name: &String| {
            name.starts_with(|first: char| first.is_alphabetic()) && !name.contains('$')
        };
        let mut names: Vec<String> = language_functions()
            .into_iter()
            .map(|(name, _)| name)
            .filter(is_word)
            .collect();
        for namespace in NAMESPACES {
            names.extend(
                namespace
                    .functions
                    .iter()
                    .map(|function| match function.form {
                        Form::Function if !namespace.name.is_empty() => {
                            format!("{}::{}", namespace.name, function.name)
                        }
                        _ => function.name.to_owned(),
                    }),
            );
        }
        names.sort();
        names.dedup();
        names
    })
}

/// Whether there is a function of this full name.
pub fn is_known(name: &str) -> bool {
    function_names()
        .binary_search_by(|known| known.as_str().cmp(name))
        .is_ok()
}

/// How the function of this full name is called, for a hint.
pub fn usage(name: &str) -> Option<String> {
    let function = function(name)?;
    let space = name
        .split_once("::")
        .map_or(String::new(), |(space, _)| format!("{space}::"));
    Some(format!("it is called as `{space}{}`", function.signature()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_documented() {
        for namespace in NAMESPACES {
            assert!(!namespace.doc.is_empty(), "{}", namespace.name);
            for function in namespace.functions {
                let name = format!("{}::{}", namespace.name, function.name);
                assert!(!function.doc.is_empty(), "{name} says what it does");
                assert!(!function.result.is_empty(), "{name} says what it returns");
                assert!(
                    !function.errors.is_empty(),
                    "{name} says what it fails with"
                );
                for argument in function.arguments {
                    assert!(!argument.doc.is_empty(), "{name}: `{}`", argument.name);
                }
                let optional = function.arguments.iter().map(|one| one.optional);
                assert!(optional.is_sorted(), "{name}: optional arguments come last");
            }
        }
    }

    #[test]
    fn no_function_is_named_twice() {
        for namespace in NAMESPACES {
            let mut names: Vec<_> = namespace
                .functions
                .iter()
                .map(|function| match function.form {
                    Form::Function => (function.name, ""),
                    Form::Method(receiver) | Form::Property(receiver) => {
                        (function.name, receiver.name)
                    }
                })
                .collect();
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all, "{}", namespace.name);
        }
    }

    #[test]
    fn a_signature_reads_as_it_is_written() {
        let query = function("db::query").expect("there is one");
        assert_eq!(query.signature(), "query(sql[, params])");
    }
}
