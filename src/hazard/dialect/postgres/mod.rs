//! PostgreSQL: statements read with `squawk-syntax`, a tolerant parser that also knows the bodies of routines. What it
//! cannot read is said, never passed over.

mod alter;
mod altered;
mod body;
mod change;
mod counters;
mod drops;
mod expression;
mod literal;
mod locks;
mod nesting;
mod objects;
mod query;
mod reader;
mod rows;
mod session;
mod statement;
mod table;
mod targets;
mod types;

use std::panic::{AssertUnwindSafe, catch_unwind};

use squawk_syntax::SourceFile;

pub(super) use literal::blocks;
pub(super) use types::{rewrites, type_change};

use super::Reading;
use crate::hazard::action::{Action, Step};
use nesting::Nesting;
use reader::Reader;

/// Statements longer than this are data, not schema; taking them apart would take many times their size.
const MOST_BYTES: usize = 4 << 20;

/// Longer INSERTs are shortened before they are parsed.
const LONG_INSERT: usize = 64 << 10;

/// The stack for statements that nest deep, in bytes.
const DEEP_STACK: usize = 256 << 20;

/// What a statement does.
pub(super) fn read(reading: &Reading, text: &str) -> Vec<Step> {
    if let Some(insert) = literal::rows(reading, text) {
        return vec![Step {
            action: Action::Insert(insert),
            offset: 0,
        }];
    }
    if text.len() > LONG_INSERT
        && let Some(short) = literal::shortened(text)
    {
        return read_whole(reading, &short)
            .into_iter()
            .map(|step| literal::without_source(step, text.len()))
            .collect();
    }
    read_whole(reading, text)
}

fn read_whole(reading: &Reading, text: &str) -> Vec<Step> {
    if text.len() > MOST_BYTES {
        return unparsed(format!("it is {} MB long", text.len() >> 20));
    }
    match nesting::measure(text) {
        Nesting::Shallow => parse(reading, text),
        Nesting::Deep => std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().stack_size(DEEP_STACK);
            let spawned = builder.spawn_scoped(scope, || parse(reading, text));
            let read = spawned.ok().and_then(|thread| thread.join().ok());
            read.unwrap_or_else(|| unparsed("it is nested too deep".to_owned()))
        }),
        Nesting::Bottomless => unparsed("it is nested too deep".to_owned()),
    }
}

fn unparsed(message: String) -> Vec<Step> {
    vec![Step {
        action: Action::Unparsed(message),
        offset: 0,
    }]
}

fn parse(reading: &Reading, text: &str) -> Vec<Step> {
    // A parser may assert; a migration must not end the program with that.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let parsed = SourceFile::parse(text);
        let mut steps = Vec::new();
        let reader = Reader::new(reading);
        for statement in parsed.tree().stmts() {
            reader.statement(&statement, &mut steps);
        }
        for error in &parsed.errors() {
            body::add_error(&mut steps, text, error);
        }
        steps
    }));
    read.unwrap_or_else(|_| unparsed("the parser gave up".to_owned()))
}

#[cfg(test)]
mod tests;
