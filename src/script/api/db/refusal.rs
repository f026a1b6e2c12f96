//! `db::refusal`: whether a row is to blame for an error.

use rhai::{Dynamic, Map};

use super::{Accepts, Answer, Call, Form, Function, required};
use crate::db;

/// `db::refusal(error)`.
pub const REFUSAL: Function = Function {
    name: "refusal",
    form: Form::Function,
    arguments: &[required(
        "error",
        Accepts::Any,
        "what was caught, such as an error of `db::insert`",
    )],
    right: None,
    doc: "What the database has against the values of a row, in words without them; `error.message` may hold more. () if no row is to blame: the connection broke, the disk is full, a right is missing.",
    result: "a string such as `a value is taken (users_email_key)`, or ()",
    errors: "none",
    body: refusal,
};

fn refusal(call: &Call<'_>) -> Answer {
    let error = call.dynamic(0);
    let Some(map) = error.read_lock::<Map>() else {
        return Ok(Dynamic::UNIT);
    };
    let text = |key: &str| {
        let value = map.get(key)?.clone();
        value.into_string().ok()
    };
    let refused = text("code").and_then(|code| {
        let message = text("message").unwrap_or_default();
        db::refusal(&code, &message)
    });
    Ok(refused.map_or(Dynamic::UNIT, Dynamic::from))
}
