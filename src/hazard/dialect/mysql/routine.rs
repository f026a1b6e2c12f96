//! Views, triggers, procedures, functions and events, and the compound statements they are made of.

use super::cursor::{Cursor, Read};
use super::statement;
use crate::hazard::action::{
    Action, Change, Insert, NewRoutine, NewTrigger, NewView, ObjectKind, Reach, Step, Update,
};
use crate::hazard::dialect;

/// How deep blocks may nest.
const MOST_NESTED: usize = 100;

/// CREATE VIEW, from its name on.
pub(super) fn view(cursor: &mut Cursor<'_>) -> Read<Action> {
    cursor.eat_if_exists();
    Ok(Action::CreateView(NewView {
        name: cursor.table()?,
        words: dialect::words(cursor.reading.engine, cursor.rest()),
    }))
}

/// CREATE TRIGGER, from its name on.
pub(super) fn trigger(cursor: &mut Cursor<'_>) -> Read<Action> {
    cursor.eat_if_exists();
    let name = cursor.table()?;
    cursor.eat_any(&["before", "after"]);
    let event = ["DELETE", "INSERT", "UPDATE"]
        .into_iter()
        .find(|event| cursor.is(event))
        .ok_or_else(|| cursor.stop())?;
    cursor.until_any(&["on"]);
    cursor.expect("on")?;
    let table = cursor.table()?;
    cursor.expect("for")?;
    cursor.expect("each")?;
    cursor.expect("row")?;
    if cursor.eat_any(&["follows", "precedes"]) {
        cursor.table()?;
    }
    let words = dialect::words(cursor.reading.engine, cursor.rest());
    let body = body(cursor).into_iter().map(unasked).collect();
    Ok(Action::CreateTrigger(NewTrigger {
        name,
        table,
        event,
        body,
        words,
    }))
}

/// NEW and OLD have no rows to ask for, so only which table is touched is kept.
fn unasked(step: Step) -> Step {
    let change = |change: Change| Change {
        table: change.table,
        reach: match change.reach {
            Reach::Never => Reach::Never,
            _ => Reach::Every,
        },
        ..Change::default()
    };
    let action = match step.action {
        Action::Delete(deleted) => Action::Delete(change(deleted)),
        Action::Update(update) => Action::Update(Update {
            change: change(update.change),
            ..update
        }),
        Action::Insert(insert) => Action::Insert(Insert {
            source: None,
            copy: None,
            ..insert
        }),
        other => other,
    };
    Step { action, ..step }
}

/// CREATE PROCEDURE or FUNCTION, from its name on.
pub(super) fn routine(cursor: &mut Cursor<'_>, kind: ObjectKind) -> Read<Action> {
    cursor.eat_if_exists();
    let name = cursor.table()?;
    if cursor.eat("returns") && cursor.nth(1).is_some_and(|next| next.is("soname")) {
        cursor.at = cursor.end;
        let message = format!("the function `{name}` is code of the server, outside this database");
        return Ok(Action::Dynamic(message));
    }
    let words = dialect::words(cursor.reading.engine, cursor.rest());
    cursor.brackets()?;
    if cursor.eat("returns") {
        // The type: `VARCHAR(20) CHARACTER SET utf8mb4`.
        cursor.step();
        loop {
            if cursor.is_symbol("(") {
                cursor.skip();
            } else if cursor.eat_any(&["unsigned", "signed", "precision", "zerofill", "varying"]) {
                continue;
            } else if cursor.eat_all(&["character", "set"])
                || cursor.eat_any(&["charset", "collate"])
            {
                cursor.step();
            } else {
                break;
            }
        }
    }
    characteristics(cursor);
    Ok(Action::CreateRoutine(NewRoutine {
        kind,
        name,
        body: body(cursor),
        words,
    }))
}

fn characteristics(cursor: &mut Cursor<'_>) {
    loop {
        if cursor.eat_any(&["comment", "language"]) || cursor.eat_all(&["sql", "security"]) {
            cursor.step();
        } else if cursor.are(&["not", "deterministic"])
            || cursor.are(&["contains", "sql"])
            || cursor.are(&["no", "sql"])
        {
            cursor.at += 2;
        } else if cursor.are(&["reads", "sql", "data"]) || cursor.are(&["modifies", "sql", "data"])
        {
            cursor.at += 3;
        } else if !cursor.eat("deterministic") {
            return;
        }
    }
}

/// CREATE or ALTER EVENT, from its name on. `None`: nothing it does changes.
pub(super) fn event(cursor: &mut Cursor<'_>) -> Read<Option<Action>> {
    cursor.eat_if_exists();
    let name = cursor.table()?;
    let words = dialect::words(cursor.reading.engine, cursor.rest());
    cursor.until_any(&["do"]);
    if !cursor.eat("do") {
        return Ok(None);
    }
    Ok(Some(Action::CreateRoutine(NewRoutine {
        kind: ObjectKind::Event,
        name,
        body: body(cursor),
        words,
    })))
}

/// What a body does. What cannot be read of it is said as a step of it.
fn body(cursor: &mut Cursor<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Err(stop) = one(cursor, &mut steps) {
        steps.push(stop.step());
        cursor.at = cursor.end;
    }
    steps
}

/// Whether a compound statement begins here.
pub(super) fn begins(cursor: &Cursor<'_>) -> bool {
    let labelled = cursor.nth(1).is_some_and(|next| next.is_symbol(":"));
    labelled
        || cursor.are(&["begin", "not"])
        || cursor.is_any(&["if", "loop", "while", "repeat", "case", "for"])
}

/// One statement of a body, its `;` left.
pub(super) fn one(cursor: &mut Cursor<'_>, steps: &mut Vec<Step>) -> Read<()> {
    if cursor.depth >= MOST_NESTED {
        let mut stop = cursor.stop();
        stop.message = "it is nested too deep".to_owned();
        return Err(stop);
    }
    cursor.depth += 1;
    let read = compound(cursor, steps);
    cursor.depth -= 1;
    read
}

fn compound(cursor: &mut Cursor<'_>, steps: &mut Vec<Step>) -> Read<()> {
    if cursor.nth(1).is_some_and(|next| next.is_symbol(":")) {
        cursor.at += 2;
    }
    if cursor.eat("begin") {
        cursor.eat_all(&["not", "atomic"]);
        statements(cursor, steps, &["end"])?;
        cursor.expect("end")?;
        label(cursor);
    } else if cursor.eat("loop") {
        inner(cursor, steps, "loop")?;
    } else if cursor.is_any(&["while", "for"]) {
        let name = match cursor.is("for") {
            true => "for",
            false => "while",
        };
        cursor.step();
        condition(cursor, "do");
        cursor.expect("do")?;
        inner(cursor, steps, name)?;
    } else if cursor.eat("repeat") {
        statements(cursor, steps, &["until"])?;
        cursor.expect("until")?;
        condition(cursor, "end");
        end(cursor, "repeat")?;
    } else if cursor.eat("if") {
        choices(cursor, steps)?;
    } else if cursor.eat("case") {
        condition(cursor, "when");
        while cursor.eat("when") {
            condition(cursor, "then");
            cursor.expect("then")?;
            statements(cursor, steps, &["when", "else", "end"])?;
        }
        if cursor.eat("else") {
            statements(cursor, steps, &["end"])?;
        }
        end(cursor, "case")?;
    } else if cursor.eat("declare") {
        declared(cursor, steps)?;
    } else {
        simple(cursor, steps);
    }
    Ok(())
}

/// `… END name label`.
fn inner(cursor: &mut Cursor<'_>, steps: &mut Vec<Step>, name: &str) -> Read<()> {
    statements(cursor, steps, &["end"])?;
    end(cursor, name)
}

fn end(cursor: &mut Cursor<'_>, name: &str) -> Read<()> {
    cursor.expect("end")?;
    cursor.expect(name)?;
    label(cursor);
    Ok(())
}

fn label(cursor: &mut Cursor<'_>) {
    if !cursor.is_done() && !cursor.is_symbol(";") && cursor.peek_name().is_some() {
        cursor.step();
    }
}

/// Statements up to one of these keywords.
fn statements(cursor: &mut Cursor<'_>, steps: &mut Vec<Step>, ends: &[&str]) -> Read<()> {
    loop {
        while cursor.eat_symbol(";") {}
        if cursor.is_done() || cursor.is_any(ends) {
            return Ok(());
        }
        one(cursor, steps)?;
        if !cursor.is_done() && !cursor.is_symbol(";") {
            return Err(cursor.stop());
        }
    }
}

fn choices(cursor: &mut Cursor<'_>, steps: &mut Vec<Step>) -> Read<()> {
    loop {
        condition(cursor, "then");
        cursor.expect("then")?;
        statements(cursor, steps, &["elseif", "elsif", "else", "end"])?;
        if !cursor.eat_any(&["elseif", "elsif"]) {
            break;
        }
    }
    if cursor.eat("else") {
        statements(cursor, steps, &["end"])?;
    }
    end(cursor, "if")
}

/// A condition up to that keyword; a CASE in it may hold the same one.
fn condition(cursor: &mut Cursor<'_>, end: &str) {
    let mut cases = 0usize;
    while !cursor.is_done() && !cursor.is_symbol(";") {
        if cases == 0 && cursor.is(end) {
            return;
        }
        if cursor.is("case") {
            cases += 1;
        } else if cursor.is("end") {
            cases = cases.saturating_sub(1);
        }
        cursor.skip();
    }
}

/// DECLARE: of all it declares, only a handler does anything.
fn declared(cursor: &mut Cursor<'_>, steps: &mut Vec<Step>) -> Read<()> {
    if !(cursor.is_any(&["continue", "exit", "undo"])
        && cursor.nth(1).is_some_and(|next| next.is("handler")))
    {
        cursor.until(|cursor| cursor.is_symbol(";"));
        return Ok(());
    }
    cursor.at += 2;
    cursor.expect("for")?;
    loop {
        // `SQLSTATE VALUE '02000'`, `NOT FOUND`, `1062`, a condition's name.
        if cursor.eat("sqlstate") {
            cursor.eat("value");
        } else {
            cursor.eat("not");
        }
        cursor.step();
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    one(cursor, steps)
}

/// A statement that holds no others.
fn simple(cursor: &mut Cursor<'_>, steps: &mut Vec<Step>) {
    const FLOW: [&str; 9] = [
        "leave", "iterate", "return", "open", "close", "fetch", "signal", "resignal", "get",
    ];
    let flow = cursor.is_any(&FLOW);
    let start = cursor.at;
    cursor.until(|cursor| cursor.is_symbol(";"));
    if flow {
        return;
    }
    let mut one = Cursor {
        at: start,
        end: cursor.at,
        ..*cursor
    };
    match statement::read(&mut one) {
        Ok(read) => steps.extend(read),
        Err(stop) => steps.push(stop.step()),
    }
}
