//! `env`: the process environment, where it is granted.

use rhai::Dynamic;

use super::{Accepts, Answer, Call, Form, Function, Namespace, no_types, optional, required};
use crate::error::{Error, Kind};

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "env",
    doc: "The process environment; `dbscript.toml` must grant the right `env`.",
    functions: &[Function {
        name: "get",
        form: Form::Function,
        arguments: &[
            required("name", Accepts::Text, "the variable"),
            optional("fallback", Accepts::Any, "the value if it is not set"),
        ],
        right: Some("env"),
        doc: "Reads an environment variable.",
        result: "its text, or the fallback",
        errors: "`usage` if it is not set and there is no fallback",
        body: get,
    }],
    types: no_types,
};

fn get(call: &Call<'_>) -> Answer {
    let name = call.text(0);
    if let Some(text) = call.host.context().environment.get(name.as_str()) {
        return Ok(Dynamic::from(text.clone()));
    }
    if call.given() > 1 {
        return Ok(call.dynamic(1));
    }
    Err(
        Error::new(Kind::Usage, format!("the environment has no `{name}`"))
            .hint(format!(
                "set it, or give a fallback: env::get(\"{name}\", ())"
            ))
            .into(),
    )
}
