//! The global functions.

use super::{Accepts, Answer, Call, Form, Function, Namespace, no_types, required};

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "",
    doc: "Functions without a namespace.",
    functions: &[
        Function {
            name: "step",
            form: Form::Function,
            arguments: &[
                required("name", Accepts::Text, "what is done, as people are told it"),
                required("work", Accepts::Closure, "does it"),
            ],
            right: None,
            doc: "Runs a closure as a named step: with its time, its place in events, errors and `--plan`.",
            result: "what the closure returns",
            errors: "what the closure throws",
            body: step,
        },
        Function {
            name: "sleep",
            form: Form::Function,
            arguments: &[required("seconds", Accepts::Number, "how long")],
            right: None,
            doc: "Waits; a stop ends it.",
            result: "()",
            errors: "none",
            body: sleep,
        },
    ],
    types: no_types,
};

fn step(call: &Call<'_>) -> Answer {
    let work = call.closure(1)?;
    let name = call.text(0);
    let result = call.host.step(&name, || call.run(&work, Vec::new()));
    result.map_err(|thrown| thrown.within_step(&name, &call.context))
}

fn sleep(call: &Call<'_>) -> Answer {
    let seconds = call.dynamic(0);
    let seconds = seconds.as_float().unwrap_or_else(|_| call.int(0) as f64);
    // Beyond this the type ends; nobody waits that long.
    let duration = std::time::Duration::from_secs_f64(seconds.clamp(0.0, 1e9));
    call.host.wait(async {
        tokio::time::sleep(duration).await;
        Ok::<_, crate::error::Error>(())
    })?;
    Ok(().into())
}
