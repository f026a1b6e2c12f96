//! One statement as steps: its first words tell which reader it goes to.

use super::cursor::{Cursor, Read};
use super::{alter, create, drop, insert, prepared, routine, rows, select, setting};
use crate::hazard::action::{Action, NextNumber, ObjectKind, Step, Weakening};

/// How deep statements may stand in statements.
const MOST_NESTED: usize = 100;

/// Reads the statement at hand to its end.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Read<Vec<Step>> {
    if cursor.depth > MOST_NESTED {
        let mut stop = cursor.stop();
        stop.message = "it is nested too deep".to_owned();
        return Err(stop);
    }
    cursor.depth += 1;
    let read = dispatch(cursor);
    cursor.depth -= 1;
    read
}

fn dispatch(cursor: &mut Cursor<'_>) -> Read<Vec<Step>> {
    let offset = cursor.offset();
    if cursor.is_done() {
        return Ok(Vec::new());
    }
    if let Some(steps) = change(cursor)? {
        return Ok(steps);
    }
    if let Some(action) = transaction(cursor) {
        return Ok(vec![Step { action, offset }]);
    }
    if routine::begins(cursor) {
        let mut steps = Vec::new();
        routine::one(cursor, &mut steps)?;
        return Ok(steps);
    }
    other(cursor)
}

/// Statements that change rows or schema.
fn change(cursor: &mut Cursor<'_>) -> Read<Option<Vec<Step>>> {
    let offset = cursor.offset();
    let with = match cursor.is("with") {
        true => rows::with(cursor),
        false => "",
    };
    let reader: fn(&mut Cursor<'_>, usize) -> Read<Vec<Step>> = match () {
        () if cursor.is("delete") => return rows::delete(cursor, with).map(Some),
        () if cursor.is("update") => return rows::update(cursor, with).map(Some),
        () if cursor.is_any(&["insert", "replace"]) => return insert::read(cursor, with).map(Some),
        () if cursor.is("load") => return insert::load(cursor).map(Some),
        () if cursor.is("alter") => altered,
        () if cursor.is("create") => create::read,
        () if cursor.is("drop") => drop::read,
        () if cursor.is("truncate") => drop::truncate,
        () if cursor.is("rename") => drop::rename,
        () if cursor.is("set") => setting::read,
        () if cursor.is("prepare") => prepared::prepare,
        () if cursor.is("execute") => prepared::execute,
        () => return Ok(None),
    };
    cursor.step();
    reader(cursor, offset).map(Some)
}

/// ALTER, behind that word.
fn altered(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    if cursor.is_any(&["table", "ignore", "online", "offline"]) {
        return alter::read(cursor, offset);
    }
    let outside = [
        "instance",
        "server",
        "tablespace",
        "undo",
        "logfile",
        "resource",
    ];
    if let Some(piece) = cursor.peek().filter(|piece| piece.is_any(&outside)) {
        let message = format!(
            "ALTER {} reaches outside this database",
            piece.text.to_uppercase()
        );
        let action = Action::Dynamic(message);
        return Ok(vec![Step { action, offset }]);
    }
    if cursor.eat("sequence") {
        return sequence(cursor, offset);
    }
    create::altered(cursor, offset)
}

/// MariaDB's ALTER SEQUENCE, behind those words.
fn sequence(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    cursor.eat_if_exists();
    let name = cursor.table()?;
    let mut steps = Vec::new();
    while !cursor.is_done() {
        if cursor.eat("restart") {
            cursor.eat_any(&["with"]);
            cursor.eat_symbol("=");
            let number = cursor.peek().and_then(|piece| piece.text.parse().ok());
            let action = Action::RestartSequence {
                name: name.clone(),
                column: None,
                next: number.map_or(NextNumber::First, NextNumber::At),
            };
            steps.push(Step { action, offset });
        }
        cursor.skip();
    }
    Ok(steps)
}

/// Transactions. LOCK TABLES ends one (<https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html>).
fn transaction(cursor: &Cursor<'_>) -> Option<Action> {
    let begins = cursor.are(&["start", "transaction"])
        || cursor.are(&["xa", "start"])
        || cursor.are(&["xa", "begin"])
        || cursor.is("begin") && cursor.nth(1).is_none_or(|next| next.is("work"));
    if begins {
        return Some(Action::Transaction(true));
    }
    let partly =
        cursor.is("rollback") && (cursor.at..cursor.end).any(|at| cursor.pieces[at].is("to"));
    let ends = cursor.is_any(&["commit", "rollback"]) && !partly
        || cursor.are(&["xa", "commit"])
        || cursor.are(&["xa", "rollback"])
        || cursor.are(&["lock", "tables"])
        || cursor.are(&["lock", "table"]);
    ends.then_some(Action::Transaction(false))
}

/// Statements that read, look after the server, or are none of ours.
fn other(cursor: &mut Cursor<'_>) -> Read<Vec<Step>> {
    let offset = cursor.offset();
    let one = |action| Ok(vec![Step { action, offset }]);
    if select::begins(cursor) {
        return match written(cursor) {
            Some(message) => one(Action::Dynamic(message)),
            None => Ok(Vec::new()),
        };
    }
    if cursor.is_any(&["explain", "describe", "desc", "analyze"]) {
        return explained(cursor);
    }
    if cursor.eat("call") {
        let name = cursor.table()?;
        return one(Action::Call { name, alone: true });
    }
    if cursor.eat("use") {
        return one(Action::DefaultSchema(Some(cursor.name()?)));
    }
    if cursor.eat("revoke") {
        let what = format!("REVOKE {}", cursor.rest());
        let mut table = None;
        cursor.until_any(&["on"]);
        if cursor.eat("on") {
            cursor.eat("table");
            table = cursor.table().ok().filter(|_| !cursor.is_symbol("*"));
        }
        return one(Action::WeakenAccess(Weakening { table, what }));
    }
    if let Some(message) = outside(cursor) {
        return one(Action::Dynamic(message));
    }
    const SILENT: [&str; 24] = [
        "show",
        "help",
        "do",
        "handler",
        "savepoint",
        "release",
        "rollback",
        "unlock",
        "optimize",
        "check",
        "checksum",
        "repair",
        "flush",
        "grant",
        "deallocate",
        "signal",
        "resignal",
        "get",
        "cache",
        "kill",
        "lock",
        "xa",
        "delimiter",
        "return",
    ];
    match cursor.is_any(&SILENT) {
        true => Ok(Vec::new()),
        false => Err(cursor.stop()),
    }
}

/// SELECT … INTO OUTFILE.
fn written(cursor: &Cursor<'_>) -> Option<String> {
    let into = (cursor.at..cursor.end).any(|at| {
        let next = cursor.pieces[..cursor.end].get(at + 1);
        cursor.pieces[at].is("into")
            && next.is_some_and(|next| next.is_any(&["outfile", "dumpfile"]))
    });
    into.then(|| "SELECT … INTO OUTFILE writes a file on the server".to_owned())
}

/// EXPLAIN and ANALYZE: the ones that run what they explain are read.
fn explained(cursor: &mut Cursor<'_>) -> Read<Vec<Step>> {
    let mut runs = cursor.is("analyze");
    cursor.step();
    runs |= cursor.eat("analyze");
    if cursor.is_any(&["local", "no_write_to_binlog", "table", "tables"]) {
        // ANALYZE TABLE counts, no more.
        return Ok(Vec::new());
    }
    if cursor.eat("format") {
        cursor.eat_symbol("=");
        cursor.step();
    }
    match runs {
        true => read(cursor),
        false => Ok(Vec::new()),
    }
}

/// Statements about the server, not about a database of it.
fn outside(cursor: &Cursor<'_>) -> Option<String> {
    const FIRST: [&str; 15] = [
        "shutdown",
        "restart",
        "reset",
        "purge",
        "change",
        "install",
        "uninstall",
        "clone",
        "binlog",
        "backup",
        "start",
        "stop",
        "import",
        "source",
        "system",
    ];
    let word = cursor.peek().filter(|piece| piece.is_any(&FIRST))?;
    Some(format!(
        "{} reaches outside this database",
        word.text.to_uppercase()
    ))
}

/// A routine's kind by its word.
pub(super) fn routine_kind(cursor: &mut Cursor<'_>) -> Option<ObjectKind> {
    if cursor.eat("procedure") {
        Some(ObjectKind::Procedure)
    } else if cursor.eat("function") {
        Some(ObjectKind::Function)
    } else {
        None
    }
}
