//! `ui`: what people are told and asked.

use rhai::{Dynamic, Map};

use super::{
    Accepts, Answer, Argument, Call, Form, Function, Namespace, no_types, optional, required,
};
use crate::error::{Error, Kind};
use crate::event::{Event, Level};
use crate::script::context::Answer as Reply;

/// The data behind a line.
const DATA: Argument = optional(
    "data",
    Accepts::TextOrUnit,
    "what rows hold that belongs to it, such as an address: shown behind the line, but kept out of the run log and, where `CI` is set, off the screen",
);

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "ui",
    doc: "What people are told and asked.",
    functions: &[
        Function {
            name: "confirm",
            form: Form::Function,
            arguments: &[required(
                "question",
                Accepts::Text,
                "a question to answer with yes or no",
            )],
            right: None,
            doc: "Asks the person at the terminal; `--yes` answers it. Not asked under `--plan`. Ask before the first change: afterwards it is an error.",
            result: "() if the answer is yes",
            errors: "`refused` if it is no or nobody can be asked",
            body: confirm,
        },
        Function {
            name: "info",
            form: Form::Function,
            arguments: &[required("message", Accepts::Text, "the line"), DATA],
            right: None,
            doc: "Tells a line.",
            result: "()",
            errors: "none",
            body: info,
        },
        Function {
            name: "warn",
            form: Form::Function,
            arguments: &[required("message", Accepts::Text, "the line"), DATA],
            right: None,
            doc: "Tells a line that is worth a look.",
            result: "()",
            errors: "none",
            body: warn,
        },
        Function {
            name: "table",
            form: Form::Function,
            arguments: &[
                required("rows", Accepts::List, "an array of maps"),
                optional(
                    "columns",
                    Accepts::List,
                    "the keys to show, in this order; else all in the order of the alphabet",
                ),
            ],
            right: None,
            doc: "Shows a table.",
            result: "()",
            errors: "`script` if a row is no map",
            body: table,
        },
        Function {
            name: "progress",
            form: Form::Function,
            arguments: &[
                required("task", Accepts::Text, "what is counted"),
                required("done", Accepts::Int, "how many are done"),
                optional(
                    "total",
                    Accepts::Any,
                    "of how many; () where that is not known",
                ),
                optional("unit", Accepts::Text, "what they are, such as `rows`"),
            ],
            right: None,
            doc: "Shows how far something long has come. May be called for every row: it is shown a few times a second.",
            result: "()",
            errors: "none",
            body: progress,
        },
    ],
    types: no_types,
};

fn confirm(call: &Call<'_>) -> Answer {
    let host = call.host;
    let question = call.text(0);
    if host.plan() {
        return Ok(().into());
    }
    if host.wrote() {
        return Err(Error::new(
            Kind::Script,
            "a question is asked after something was changed",
        )
        .hint("ask first: a refusal must find everything as it was")
        .into());
    }
    match host.ask(&question)? {
        Reply::Yes => Ok(().into()),
        Reply::No => Err(Error::new(Kind::Refused, "not confirmed")
            .hint("nothing was changed")
            .into()),
        Reply::Nobody => Err(
            Error::new(Kind::Refused, format!("nobody can be asked: {question}"))
                .hint("run it at a terminal, or answer beforehand with `--yes`")
                .into(),
        ),
    }
}

fn info(call: &Call<'_>) -> Answer {
    say(call, Level::Info)
}

fn warn(call: &Call<'_>) -> Answer {
    say(call, Level::Warn)
}

fn say(call: &Call<'_>, level: Level) -> Answer {
    let data = call.has(1).then(|| call.text(1).to_string());
    call.host.say_of(level, call.text(0), data);
    Ok(().into())
}

fn table(call: &Call<'_>) -> Answer {
    let mut maps = Vec::new();
    for row in call.array(0) {
        let Some(map) = row.try_cast::<Map>() else {
            return Err(Error::new(Kind::Script, "a row of `ui::table` must be a map").into());
        };
        maps.push(map);
    }
    let columns = if call.has(1) {
        call.texts(1)?
    } else {
        let mut names: Vec<String> = maps
            .iter()
            .flat_map(|map| map.keys().map(ToString::to_string))
            .collect();
        names.sort();
        names.dedup();
        names
    };
    let cell = |map: &Map, name: &String| {
        map.get(name.as_str())
            .filter(|value| !value.is_unit())
            .map_or_else(String::new, Dynamic::to_string)
    };
    let rows = maps
        .iter()
        .map(|map| columns.iter().map(|name| cell(map, name)).collect())
        .collect();
    call.host.sink().send(&Event::Table { columns, rows });
    Ok(().into())
}

fn progress(call: &Call<'_>) -> Answer {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let done = count(call.int(1));
    let total = call.dynamic(2).as_int().ok().map(count);
    let unit = if call.has(3) {
        call.text(3).to_string()
    } else {
        String::new()
    };
    call.host.progress(&call.text(0), done, total, unit);
    Ok(().into())
}
