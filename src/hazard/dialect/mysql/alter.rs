//! ALTER TABLE: every action is a step of its own, at its own place.

use super::cursor::{Cursor, Read};
use super::key::{self, Element};
use super::{column, drop, expression, partition, storage};
use crate::hazard::action::{Action, ColumnChange, ConstraintKind, Definition, NewIndex, Step};
use crate::ident::TableName;

/// ALTER TABLE, from IGNORE or ONLINE on (<https://dev.mysql.com/doc/refman/8.4/en/alter-table.html>,
/// <https://mariadb.com/kb/en/alter-table/>).
pub(super) fn read(cursor: &mut Cursor<'_>, offset: usize) -> Read<Vec<Step>> {
    let mut ignores = None;
    while cursor.is_any(&["online", "ignore", "offline"]) {
        if cursor.is("ignore") {
            ignores = Some(cursor.offset());
        }
        cursor.step();
    }
    cursor.expect("table")?;
    cursor.eat_if_exists();
    let table = cursor.table()?;
    drop::wait(cursor);
    let mut steps = Vec::new();
    if ignores.is_some() {
        let action = Action::AlterIgnore(table.clone());
        steps.push(Step { action, offset });
    }
    while !cursor.is_done() {
        let start = cursor.offset();
        let found = action(&table, cursor);
        match found {
            Ok(actions) => steps.extend(actions.into_iter().map(|action| Step {
                action,
                offset: start,
            })),
            Err(stop) => steps.push(stop.step()),
        }
        // Options may stand side by side without commas; what an action leaves is none of it.
        if cursor.offset() == start {
            cursor.skip();
        }
        if !cursor.is_any(&STARTS) {
            cursor.next_comma();
        }
    }
    Ok(steps)
}

/// Table options may follow each other without commas, and so may partitioning.
const STARTS: [&str; 6] = [
    "engine",
    "partition",
    "auto_increment",
    "default",
    "row_format",
    "remove",
];

fn action(table: &TableName, cursor: &mut Cursor<'_>) -> Read<Vec<Action>> {
    if cursor.eat("add") {
        return add(table, cursor);
    }
    if cursor.is("drop") {
        cursor.step();
        return dropped(table, cursor).map(|action| action.into_iter().collect());
    }
    if cursor.eat("modify") {
        cursor.eat("column");
        cursor.eat_if_exists();
        let name = cursor.name()?;
        let definition = column::definition(name.clone(), cursor)?;
        return Ok(whole(table, name, definition));
    }
    if cursor.eat("change") {
        cursor.eat("column");
        cursor.eat_if_exists();
        let old = cursor.name()?;
        let new = cursor.name()?;
        let definition = column::definition(new, cursor)?;
        return Ok(whole(table, old, definition));
    }
    if cursor.eat("alter") {
        return altered(table, cursor).map(|action| action.into_iter().collect());
    }
    if cursor.eat("rename") {
        return renamed(table, cursor).map(|action| action.into_iter().collect());
    }
    if cursor.is_any(&storage::OPTION) {
        let storage = storage::read(cursor)?;
        let table = table.clone();
        return Ok(vec![Action::ChangeEngine { table, storage }]);
    }
    match option(table, cursor)? {
        Some(action) => Ok(vec![action]),
        None => partition::change(table, cursor).map(|action| action.into_iter().collect()),
    }
}

/// MODIFY and CHANGE: the definition anew, and perhaps another name.
fn whole(table: &TableName, column: String, definition: Definition) -> Vec<Action> {
    let to = definition.column.name.clone();
    let mut actions = vec![Action::AlterColumn {
        table: table.clone(),
        column: column.clone(),
        change: ColumnChange::Whole(Box::new(definition)),
    }];
    if to != column {
        actions.push(Action::RenameColumn {
            table: table.clone(),
            column,
            to,
        });
    }
    actions
}

fn add(table: &TableName, cursor: &mut Cursor<'_>) -> Read<Vec<Action>> {
    if cursor.is("partition") {
        // New partitions take no row away.
        cursor.until(|cursor| cursor.is_symbol(","));
        return Ok(Vec::new());
    }
    if cursor.eat_all(&["system", "versioning"]) {
        return Ok(Vec::new());
    }
    if key::begins(cursor) {
        return Ok(element(table, key::element(table, cursor)?)
            .into_iter()
            .collect());
    }
    cursor.eat("column");
    cursor.eat_if_exists();
    if !cursor.is_symbol("(") {
        return added(table, cursor).map(|action| vec![action]);
    }
    let mut inner = cursor.brackets()?;
    let mut actions = Vec::new();
    while !inner.is_done() {
        if key::begins(&inner) {
            actions.extend(element(table, key::element(table, &mut inner)?));
        } else {
            actions.push(added(table, &mut inner)?);
        }
        inner.next_comma();
    }
    Ok(actions)
}

fn added(table: &TableName, cursor: &mut Cursor<'_>) -> Read<Action> {
    let name = cursor.name()?;
    let definition = column::definition(name, cursor)?;
    Ok(Action::AddColumn {
        table: table.clone(),
        column: definition.column,
    })
}

fn element(table: &TableName, element: Element) -> Option<Action> {
    match element {
        Element::Index(index) => Some(Action::CreateIndex(index)),
        Element::Constraint(constraint) => Some(Action::AddConstraint {
            table: table.clone(),
            constraint,
        }),
        Element::Nothing => None,
    }
}

fn dropped(table: &TableName, cursor: &mut Cursor<'_>) -> Read<Option<Action>> {
    let table = table.clone();
    let constraint = |name, kind| Action::DropConstraint {
        table: table.clone(),
        name,
        kind,
        cascade: false,
    };
    if cursor.eat_all(&["primary", "key"]) {
        return Ok(Some(constraint(String::new(), ConstraintKind::Primary)));
    }
    if cursor.eat_all(&["system", "versioning"]) {
        return Ok(Some(Action::DeleteHistory(table)));
    }
    if cursor.eat_all(&["period", "for"]) {
        cursor.name()?;
        return Ok(None);
    }
    if cursor.is("partition") {
        return partition::dropped(&table, cursor).map(Some);
    }
    let kinds = [
        (&["foreign", "key"][..], ConstraintKind::Foreign),
        (&["constraint"], ConstraintKind::Unknown),
        (&["check"], ConstraintKind::Check),
    ];
    for (words, kind) in kinds {
        if cursor.eat_all(words) {
            cursor.eat_if_exists();
            return Ok(Some(constraint(cursor.name()?, kind)));
        }
    }
    if cursor.eat_any(&["index", "key"]) {
        cursor.eat_if_exists();
        let index = TableName::plain(cursor.name()?);
        return Ok(Some(Action::DropIndex {
            index,
            table: Some(table),
        }));
    }
    cursor.eat("column");
    cursor.eat_if_exists();
    let column = cursor.name()?;
    cursor.eat_any(&["restrict", "cascade"]);
    Ok(Some(Action::DropColumn {
        table,
        column,
        cascade: false,
    }))
}

fn altered(table: &TableName, cursor: &mut Cursor<'_>) -> Read<Option<Action>> {
    let table = table.clone();
    if cursor.is_any(&["index", "key"]) {
        cursor.step();
        cursor.eat_if_exists();
        cursor.name()?;
        cursor.eat("not");
        cursor.eat_any(&["visible", "invisible", "ignored"]);
        return Ok(None);
    }
    if cursor.eat_any(&["check", "constraint"]) {
        let name = cursor.name()?;
        let off = cursor.eat("not");
        cursor.expect("enforced")?;
        return Ok(Some(match off {
            true => Action::DropConstraint {
                table,
                name,
                kind: ConstraintKind::Check,
                cascade: false,
            },
            false => Action::ValidateConstraint { table, name },
        }));
    }
    cursor.eat("column");
    cursor.eat_if_exists();
    let column = cursor.name()?;
    let change = if cursor.eat_all(&["set", "default"]) {
        ColumnChange::SetDefault(expression::default_value(cursor))
    } else if cursor.eat_all(&["drop", "default"]) {
        ColumnChange::DropDefault
    } else if cursor.eat("set") && cursor.eat_any(&["visible", "invisible"]) {
        return Ok(None);
    } else {
        return Err(cursor.stop());
    };
    Ok(Some(Action::AlterColumn {
        table,
        column,
        change,
    }))
}

fn renamed(table: &TableName, cursor: &mut Cursor<'_>) -> Read<Option<Action>> {
    if cursor.eat_any(&["index", "key"]) {
        cursor.eat_if_exists();
        cursor.name()?;
        cursor.expect("to")?;
        cursor.name()?;
        return Ok(None);
    }
    if cursor.eat("column") {
        cursor.eat_if_exists();
        let column = cursor.name()?;
        cursor.expect("to")?;
        let to = cursor.name()?;
        return Ok(Some(Action::RenameColumn {
            table: table.clone(),
            column,
            to,
        }));
    }
    if !cursor.eat_any(&["to", "as"]) {
        cursor.eat_symbol("=");
    }
    let to = cursor.table()?;
    Ok(Some(moved(table.clone(), to)))
}

/// A table that gets another name, in its database or another one.
pub(super) fn moved(table: TableName, to: TableName) -> Action {
    match to.schema {
        Some(schema) if table.schema.as_ref() != Some(&schema) => {
            Action::MoveTable { table, schema }
        }
        _ => Action::RenameTable { table, to: to.name },
    }
}

/// Options and actions that are one word or two.
fn option(table: &TableName, cursor: &mut Cursor<'_>) -> Read<Option<Action>> {
    if cursor.eat("convert") {
        if cursor.is_any(&["partition", "table"]) {
            return partition::converted(table, cursor).map(Some);
        }
        cursor.eat("to");
        if !cursor.eat("charset") {
            cursor.expect("character")?;
            cursor.expect("set")?;
        }
        return Ok(Some(Action::Charset {
            table: table.clone(),
            column: None,
            charset: column::word(cursor)?,
        }));
    }
    // Without its file a table has no rows.
    if cursor.eat_all(&["discard", "tablespace"]) {
        return Ok(Some(Action::Truncate {
            tables: vec![table.clone()],
            cascade: false,
        }));
    }
    Ok(None)
}

/// CREATE INDEX, from its name on.
pub(super) fn create_index(cursor: &mut Cursor<'_>, unique: bool) -> Read<NewIndex> {
    cursor.eat_if_exists();
    let name = cursor.name()?;
    if cursor.eat_any(&["using", "type"]) {
        cursor.name()?;
    }
    cursor.expect("on")?;
    let table = cursor.table()?;
    key::index(Some(name), table, unique, cursor)
}
