//! `alert`: what a person must know now.

use super::{Accepts, Answer, Call, Form, Function, Namespace, no_types, required};

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "alert",
    doc: "What a person must know now.",
    functions: &[
        Function {
            name: "raise",
            form: Form::Function,
            arguments: &[
                required(
                    "name",
                    Accepts::Text,
                    "what sort of thing, such as `data loss`",
                ),
                required(
                    "message",
                    Accepts::Text,
                    "what happened, without the data of rows: it goes into the run log and before everyone's eyes in CI",
                ),
            ],
            right: None,
            doc: "Raises an alert: it is recorded, and a run that otherwise ends well ends with 5. In a rehearsal it only warns.",
            result: "()",
            errors: "none",
            body: raise,
        },
        Function {
            name: "warn",
            form: Form::Function,
            arguments: &[
                required("name", Accepts::Text, "what sort of thing"),
                required(
                    "message",
                    Accepts::Text,
                    "what happened, without the data of rows: it goes into the run log and before everyone's eyes in CI",
                ),
            ],
            right: None,
            doc: "Warns: it is recorded and shown like an alert, but the exit code stays.",
            result: "()",
            errors: "none",
            body: warn,
        },
    ],
    types: no_types,
};

fn raise(call: &Call<'_>) -> Answer {
    call.host.alert(&call.text(0), &call.text(1), true);
    Ok(().into())
}

fn warn(call: &Call<'_>) -> Answer {
    call.host.alert(&call.text(0), &call.text(1), false);
    Ok(().into())
}
