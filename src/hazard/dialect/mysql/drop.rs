//! DROP, TRUNCATE and RENAME.

use super::alter;
use super::cursor::{Cursor, Read};
use crate::hazard::action::{Action, ObjectKind, Step, Weakening};
use crate::ident::TableName;

/// MariaDB's `WAIT n` and `NOWAIT`.
pub(super) fn wait(cursor: &mut Cursor<'_>) {
    if cursor.eat("wait") {
        cursor.step();
    } else {
        cursor.eat("nowait");
    }
}

/// Names divided by commas, each a step.
fn each(cursor: &mut Cursor<'_>, action: impl Fn(TableName) -> Action) -> Read<Vec<Step>> {
    cursor.eat_if_exists();
    let mut steps = Vec::new();
    loop {
        let offset = cursor.offset();
        let action = action(cursor.table()?);
        steps.push(Step { action, offset });
        if !cursor.eat_symbol(",") {
            return Ok(steps);
        }
    }
}

/// DROP, behind that word.
pub(super) fn read(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    let one = |action| Ok(vec![Step { action, offset }]);
    if cursor.eat_any(&["database", "schema"]) {
        cursor.eat_if_exists();
        return one(Action::DropDatabase(cursor.name()?));
    }
    let temporary = cursor.eat("temporary");
    if cursor.eat_any(&["table", "tables"]) {
        return each(cursor, |table| match temporary {
            true => Action::DropTemporary(table),
            false => Action::DropTable {
                table,
                cascade: false,
            },
        });
    }
    if cursor.eat("view") {
        return each(cursor, |view| Action::DropView {
            view,
            cascade: false,
        });
    }
    if cursor.eat("trigger") {
        return each(cursor, |trigger| Action::DropTrigger {
            trigger,
            table: None,
        });
    }
    if cursor.eat("index") {
        cursor.eat_if_exists();
        let index = TableName::plain(cursor.name()?);
        cursor.expect("on")?;
        let table = Some(cursor.table()?);
        return one(Action::DropIndex { index, table });
    }
    cursor.eat("package").then(|| cursor.eat("body"));
    let kinds = [
        ("procedure", ObjectKind::Procedure),
        ("function", ObjectKind::Function),
        ("event", ObjectKind::Event),
        ("sequence", ObjectKind::Sequence),
    ];
    for (word, kind) in kinds {
        if cursor.eat(word) {
            return each(cursor, |name| Action::DropObject {
                kind,
                name,
                table: None,
                cascade: false,
            });
        }
    }
    other(cursor, offset)
}

/// What is dropped beside the database's own objects.
fn other(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    let one = |action| Ok(vec![Step { action, offset }]);
    if cursor.is("prepare") {
        return Ok(Vec::new());
    }
    let account = cursor.is_any(&["user", "role"]);
    let kind = cursor.name()?.to_lowercase();
    if account {
        cursor.eat_if_exists();
        let what = format!("the {kind} {} is dropped", cursor.rest());
        return one(Action::WeakenAccess(Weakening { table: None, what }));
    }
    let known = [
        "server",
        "tablespace",
        "undo",
        "logfile",
        "spatial",
        "resource",
        "package",
    ];
    if known.contains(&kind.as_str()) || kind == "body" {
        let message = format!("DROP {} reaches outside this database", kind.to_uppercase());
        return one(Action::Dynamic(message));
    }
    Err(cursor.stop())
}

/// TRUNCATE, behind that word.
pub(super) fn truncate(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    cursor.eat("table");
    let action = Action::Truncate {
        tables: vec![cursor.table()?],
        cascade: false,
    };
    Ok(vec![Step { action, offset }])
}

/// RENAME TABLE, behind RENAME: one after the other, from the left.
pub(super) fn rename(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    if cursor.eat("user") {
        let message = "RENAME USER reaches outside this database".to_owned();
        let action = Action::Dynamic(message);
        return Ok(vec![Step { action, offset }]);
    }
    if !cursor.eat_any(&["table", "tables"]) {
        return Err(cursor.stop());
    }
    cursor.eat_if_exists();
    let mut steps = Vec::new();
    loop {
        let offset = cursor.offset();
        let table = cursor.table()?;
        wait(cursor);
        cursor.expect("to")?;
        let action = alter::moved(table, cursor.table()?);
        steps.push(Step { action, offset });
        if !cursor.eat_symbol(",") {
            return Ok(steps);
        }
    }
}
