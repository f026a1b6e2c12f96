//! `time`: now, and dates as texts.

use std::fmt::Write;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Utc};
use rhai::Dynamic;

use super::{Accepts, Answer, Call, Form, Function, Namespace, no_types, optional, required};
use crate::clock::parse_date;
use crate::error::{Error, Kind};
use crate::script::moment;

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "time",
    doc: "Points in time, in UTC. They compare, and `+` and `-` take seconds.",
    functions: &[
        Function {
            name: "now",
            form: Form::Function,
            arguments: &[],
            right: None,
            doc: "The present.",
            result: "a time",
            errors: "none",
            body: now,
        },
        Function {
            name: "parse",
            form: Form::Function,
            arguments: &[required(
                "text",
                Accepts::Text,
                "ISO 8601, JavaScript's date text, or milliseconds since 1970; UTC without a zone",
            )],
            right: None,
            doc: "Reads a date as other programs write it. What could mean two days, such as `01/02/2025`, is refused.",
            result: "a time",
            errors: "`usage` with the reason",
            body: parse,
        },
        Function {
            name: "format",
            form: Form::Function,
            arguments: &[
                required("time", Accepts::Any, "a time"),
                optional(
                    "pattern",
                    Accepts::Text,
                    "as strftime writes it, such as `%Y-%m-%d`; ISO 8601 if left out",
                ),
            ],
            right: None,
            doc: "Writes a time.",
            result: "a string",
            errors: "`script` if it is no time, or the pattern cannot be used",
            body: format,
        },
    ],
    types: no_types,
};

fn now(_: &Call<'_>) -> Answer {
    Ok(Dynamic::from(Utc::now()))
}

fn parse(call: &Call<'_>) -> Answer {
    let moment = parse_date(&call.text(0)).map_err(|error| Error::wrap(Kind::Usage, error))?;
    Ok(Dynamic::from(moment))
}

fn format(call: &Call<'_>) -> Answer {
    let time = call.handle::<DateTime<Utc>>(0, "time")?;
    if !call.has(1) {
        return Ok(moment::to_text(&time).into());
    }
    let pattern = call.text(1);
    let items: Vec<Item<'_>> = StrftimeItems::new(&pattern).collect();
    let mut text = String::new();
    let wrong = items.iter().any(|item| matches!(item, Item::Error));
    if wrong || write!(text, "{}", time.format_with_items(items.into_iter())).is_err() {
        return Err(Error::new(
            Kind::Script,
            format!("`{pattern}` is no pattern for a time"),
        )
        .hint("such as `%Y-%m-%d %H:%M:%S`")
        .into());
    }
    Ok(text.into())
}
