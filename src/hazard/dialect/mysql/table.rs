//! CREATE TABLE.

use super::cursor::{Cursor, Read};
use super::{column, key, select, storage};
use crate::hazard::action::{Action, Key, NewTable, Step};

/// CREATE TABLE from its name on. `replaces` is MariaDB's OR REPLACE: what was there is dropped.
pub(super) fn create(
    cursor: &mut Cursor<'_>,
    offset: usize,
    temporary: bool,
    replaces: bool,
) -> Read<Vec<Step>> {
    let if_not_exists = cursor.eat_if_exists();
    let mut table = NewTable {
        name: cursor.table()?,
        temporary,
        if_not_exists,
        ..NewTable::default()
    };
    let mut steps = Vec::new();
    if replaces {
        let name = table.name.clone();
        let action = match temporary {
            true => Action::DropTemporary(name),
            false => Action::DropTable {
                table: name,
                cascade: false,
            },
        };
        steps.push(Step { action, offset });
    }
    body(&mut table, cursor)?;
    let action = Action::CreateTable(table);
    steps.push(Step { action, offset });
    Ok(steps)
}

fn body(table: &mut NewTable, cursor: &mut Cursor<'_>) -> Read<()> {
    if cursor.eat("like") {
        cursor.table()?;
        return Ok(());
    }
    if cursor.is_symbol("(") {
        let mut inner = cursor.brackets()?;
        if inner.eat("like") {
            return Ok(());
        }
        if select::begins(&inner) {
            table.copy = select::copy(inner);
            return Ok(());
        }
        while !inner.is_done() {
            elements(table, &mut inner)?;
            if inner.is_done() {
                break;
            }
            inner.expect_symbol(",")?;
            if inner.is_done() {
                return Err(inner.stop());
            }
        }
        for column in &table.columns {
            if column.primary || column.unique {
                table.keys.push(Key {
                    primary: column.primary,
                    columns: vec![column.name.clone()],
                    ..Key::default()
                });
            }
            table.checks.extend(column.checks.iter().cloned());
            table.references.extend(column.references.clone());
        }
    }
    // Options and partitions; behind them a SELECT fills the table.
    while !cursor.is_done() {
        if select::begins(cursor) {
            table.copy = select::copy(*cursor);
            break;
        }
        match cursor.is_any(&storage::OPTION) {
            true => table.storage = Some(storage::read(cursor)?),
            false => cursor.skip(),
        }
    }
    Ok(())
}

/// One column or key of a list.
fn elements(table: &mut NewTable, cursor: &mut Cursor<'_>) -> Read<()> {
    if key::begins(cursor) {
        let element = key::element(&table.name, cursor)?;
        key::fill(table, element);
        return Ok(());
    }
    let name = cursor.name()?;
    let definition = column::definition(name, cursor)?;
    table.columns.push(definition.column);
    Ok(())
}
