//! CREATE, but for what stands in a table, and the ALTERs that are like it.

use super::cursor::{Cursor, Read};
use super::{alter, routine, statement, table};
use crate::hazard::action::{Action, ObjectKind, Step};

/// How deep a routine may stand in blocks.
const MOST_NESTED: usize = 8;

/// CREATE, behind that word.
pub(super) fn read(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    let one = |action| Ok(vec![Step { action, offset }]);
    let replaces = cursor.eat_all(&["or", "replace"]);
    let temporary = cursor.eat("temporary");
    if cursor.eat("table") {
        return table::create(cursor, offset, temporary, replaces);
    }
    if cursor.eat_any(&["database", "schema"]) {
        cursor.eat_if_exists();
        let name = cursor.name()?;
        // MariaDB drops the one that was there.
        return match replaces {
            true => one(Action::DropDatabase(name)),
            false => Ok(Vec::new()),
        };
    }
    let unique = cursor.eat("unique");
    cursor.eat_any(&["fulltext", "spatial", "vector", "online", "offline"]);
    if cursor.eat("index") {
        let index = alter::create_index(cursor, unique)?;
        let before = Action::DropIndex {
            index: index.name.clone(),
            table: Some(index.table.clone()),
        };
        let before = replaces.then_some(before);
        let actions = before.into_iter().chain([Action::CreateIndex(index)]);
        return Ok(actions.map(|action| Step { action, offset }).collect());
    }
    if cursor.eat("sequence") {
        cursor.eat_if_exists();
        let name = cursor.table()?;
        let kind = ObjectKind::Sequence;
        let before = replaces.then(|| Action::DropObject {
            kind,
            name: name.clone(),
            table: None,
            cascade: false,
        });
        let created = Action::CreateObject {
            kind,
            name,
            values: first_number(cursor).into_iter().collect(),
        };
        let actions = before.into_iter().chain([created]);
        return Ok(actions.map(|action| Step { action, offset }).collect());
    }
    code(cursor, offset)
}

/// The first number of a sequence that counts up: its START, or its MINVALUE, or 1
/// (<https://mariadb.com/kb/en/create-sequence/>).
fn first_number(cursor: &mut Cursor<'_>) -> Option<String> {
    let (mut start, mut least, mut descends) = (None, None, false);
    while !cursor.is_done() {
        if cursor.eat("start") {
            start = number(cursor);
        } else if cursor.eat("minvalue") {
            least = number(cursor);
        } else if cursor.eat("increment") {
            descends = number(cursor).is_some_and(|step| step.starts_with('-'));
        } else {
            cursor.skip();
        }
    }
    let first = start.or(least).unwrap_or_else(|| "1".to_owned());
    (!descends).then_some(first)
}

/// `WITH 5`, `BY -1`, `= 5`, `5`.
fn number(cursor: &mut Cursor<'_>) -> Option<String> {
    cursor.eat_any(&["with", "by"]);
    cursor.eat_symbol("=");
    let sign = if cursor.eat_symbol("-") { "-" } else { "" };
    let digits = cursor.peek()?.text;
    let value: i64 = format!("{sign}{digits}").parse().ok()?;
    cursor.step();
    Some(value.to_string())
}

/// What has a body or a query.
fn code(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    let one = |action| Ok(vec![Step { action, offset }]);
    // No routine creates routines that create routines.
    if cursor.depth > MOST_NESTED {
        return Err(cursor.stop());
    }
    definer(cursor)?;
    cursor.eat("aggregate");
    if cursor.eat("view") {
        return one(routine::view(cursor)?);
    }
    if cursor.eat("trigger") {
        return one(routine::trigger(cursor)?);
    }
    if let Some(kind) = statement::routine_kind(cursor) {
        return one(routine::routine(cursor, kind)?);
    }
    if cursor.eat("event") {
        return match routine::event(cursor)? {
            Some(action) => one(action),
            None => Err(cursor.stop()),
        };
    }
    // Accounts and the server's own objects take nothing away.
    const SILENT: [&str; 8] = [
        "user",
        "role",
        "server",
        "tablespace",
        "undo",
        "logfile",
        "resource",
        "spatial",
    ];
    match cursor.is_any(&SILENT) {
        true => Ok(Vec::new()),
        false => Err(cursor.stop()),
    }
}

/// `ALGORITHM = MERGE DEFINER = a@b SQL SECURITY INVOKER`.
fn definer(cursor: &mut Cursor<'_>) -> Read<()> {
    loop {
        if cursor.eat_any(&["algorithm"]) {
            cursor.expect_symbol("=")?;
            cursor.step();
        } else if cursor.eat_all(&["sql", "security"]) {
            cursor.step();
        } else if cursor.eat("definer") {
            cursor.expect_symbol("=")?;
            cursor.step();
            if cursor.is_symbol("(") {
                cursor.skip();
            }
            if cursor.eat_symbol("@") {
                cursor.step();
                // A host without quotes: `root@127.0.0.1`, `root@db.local`, `root@%`.
                while cursor.is_symbol(".") || cursor.is_symbol("%") || cursor.is_symbol("-") {
                    cursor.step();
                    cursor.step();
                }
            }
        } else {
            return Ok(());
        }
    }
}

/// ALTER of anything but a table, behind that word.
pub(super) fn altered(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    definer(cursor)?;
    if cursor.eat("view") {
        let action = routine::view(cursor)?;
        return Ok(vec![Step { action, offset }]);
    }
    if cursor.eat("event") {
        let action = routine::event(cursor)?;
        return Ok(action
            .map(|action| Step { action, offset })
            .into_iter()
            .collect());
    }
    // Charset of a database, comment of a routine, an account.
    const SILENT: [&str; 6] = [
        "database",
        "schema",
        "procedure",
        "function",
        "user",
        "role",
    ];
    match cursor.is_any(&SILENT) {
        true => Ok(Vec::new()),
        false => Err(cursor.stop()),
    }
}
