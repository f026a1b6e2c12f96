//! Column definitions: those of CREATE TABLE, ADD COLUMN, MODIFY and CHANGE.

use super::cursor::{Cursor, Read};
use super::{expression, key};
use crate::db::Engine;
use crate::hazard::action::{Definition, Generated, NewColumn};

/// A column's definition behind its name (<https://dev.mysql.com/doc/refman/8.4/en/create-table.html>,
/// <https://mariadb.com/kb/en/create-table/>).
pub(super) fn definition(name: String, cursor: &mut Cursor<'_>) -> Read<Definition> {
    let mut definition = Definition::default();
    definition.column.name = name;
    let serial = cursor.is("serial");
    definition.column.type_name = type_name(cursor, &mut definition)?;
    if serial {
        // SERIAL is BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE.
        definition.column.not_null = true;
        definition.column.identity = true;
        definition.column.unique = true;
    }
    while attribute(cursor, &mut definition)? {}
    Ok(definition)
}

/// A type as the catalog prints it, as far as that is a matter of spelling: lower case, its arguments, `unsigned`.
fn type_name(cursor: &mut Cursor<'_>, definition: &mut Definition) -> Read<String> {
    let mut words = vec![cursor.name()?.to_lowercase()];
    let first = words[0].clone();
    let more: &[&str] = match first.as_str() {
        "double" => &["precision"],
        "long" => &["varchar", "varbinary", "char", "varying"],
        "national" => &["char", "character", "varchar", "varcharacter", "varying"],
        "char" | "character" | "nchar" => &["varying", "varchar", "varcharacter"],
        _ => &[],
    };
    while let Some(piece) = cursor.peek().filter(|piece| piece.is_any(more)) {
        words.push(piece.text.to_lowercase());
        cursor.step();
    }
    let mut name = words.join(" ");
    if cursor.is_symbol("(") {
        let from = cursor.offset();
        cursor.skip();
        name.push_str(cursor.slice(from, cursor.last_end()));
    }
    loop {
        if cursor.is_any(&["unsigned", "zerofill"]) {
            // ZEROFILL makes a column UNSIGNED as well.
            if !name.ends_with(" unsigned") {
                name.push_str(" unsigned");
            }
            cursor.step();
        } else if cursor.is("binary") {
            cursor.step();
        } else if !cursor.eat_any(&["signed", "ascii", "unicode", "byte"])
            && !charset(cursor, definition)?
        {
            break;
        }
    }
    Ok(name)
}

/// `CHARACTER SET x`, `CHARSET x`, `COLLATE x`.
fn charset(cursor: &mut Cursor<'_>, definition: &mut Definition) -> Read<bool> {
    let set = cursor.eat_all(&["character", "set"])
        || cursor.eat_all(&["char", "set"])
        || cursor.eat("charset");
    if set {
        cursor.eat_symbol("=");
        definition.charset = Some(word(cursor)?);
        return Ok(true);
    }
    let collate = cursor.eat("collate");
    if collate {
        cursor.eat_symbol("=");
        definition.collation = Some(word(cursor)?);
    }
    Ok(collate)
}

/// A charset's or collation's name, which may be a literal.
pub(super) fn word(cursor: &mut Cursor<'_>) -> Read<String> {
    if let Some(literal) = cursor.peek_literal() {
        cursor.step();
        return Ok(literal);
    }
    cursor.name()
}

/// One attribute; `false` where none is at hand.
fn attribute(cursor: &mut Cursor<'_>, definition: &mut Definition) -> Read<bool> {
    let column = &mut definition.column;
    if cursor.eat_all(&["not", "null"]) {
        column.not_null = true;
    } else if cursor.eat("null") {
        column.not_null = false;
    } else if cursor.eat("default") {
        column.default = Some(expression::default_value(cursor));
    } else if cursor.eat("auto_increment") {
        column.identity = true;
    } else if cursor.eat_all(&["serial", "default", "value"]) {
        column.identity = true;
        column.not_null = true;
        column.unique = true;
    } else if cursor.eat("unique") {
        cursor.eat("key");
        column.unique = true;
    } else if cursor.eat("primary") || cursor.is("key") {
        cursor.eat("key");
        column.primary = true;
    } else if cursor.eat("comment") {
        definition.comment = true;
        cursor.step();
    } else if cursor.eat_all(&["on", "update"]) {
        definition.on_update = true;
        cursor.step();
        if cursor.is_symbol("(") {
            cursor.skip();
        }
    } else if cursor.eat("invisible") {
        definition.invisible = true;
    } else if !charset(cursor, definition)? {
        return rule(cursor, &mut definition.column);
    }
    Ok(true)
}

/// The attributes that say something about values or other tables, and those that say nothing of either.
fn rule(cursor: &mut Cursor<'_>, column: &mut NewColumn) -> Read<bool> {
    let generated = cursor.eat_all(&["generated", "always"]);
    if generated || cursor.is("as") {
        cursor.expect("as")?;
        if cursor.eat("row") {
            // MariaDB's period columns: the server fills them.
            cursor.eat_any(&["start", "end"]);
            column.generated = Some(Generated::Stored);
            return Ok(true);
        }
        cursor.brackets()?;
        let stored = cursor.is_any(&["stored", "persistent"]);
        cursor.eat_any(&["stored", "persistent", "virtual"]);
        column.generated = Some(match stored {
            true => Generated::Stored,
            false => Generated::Virtual,
        });
    } else if cursor.is("check") || cursor.is("constraint") {
        if cursor.eat("constraint") && !cursor.is("check") {
            cursor.name()?;
        }
        cursor.expect("check")?;
        let check = cursor.brackets()?.rest().to_owned();
        let enforced = !cursor.eat_all(&["not", "enforced"]);
        cursor.eat("enforced");
        if enforced {
            column.checks.push(check);
        }
    } else if cursor.is("references") {
        let references = key::references(vec![column.name.clone()], cursor)?;
        // MySQL reads it and does nothing (https://dev.mysql.com/doc/refman/8.4/en/ansi-diff-foreign-keys.html).
        column.references = (cursor.reading.engine == Engine::Mariadb).then_some(references);
    } else {
        return silent(cursor);
    }
    Ok(true)
}

/// Attributes about how a column is stored.
fn silent(cursor: &mut Cursor<'_>) -> Read<bool> {
    const VALUED: [&str; 6] = [
        "column_format",
        "storage",
        "engine_attribute",
        "secondary_engine_attribute",
        "srid",
        "ref_system_id",
    ];
    if cursor.eat_any(&VALUED) {
        cursor.eat_symbol("=");
        cursor.step();
    } else if cursor.eat("compressed") {
        if cursor.eat_symbol("=") {
            cursor.step();
        }
    } else if cursor.eat_any(&["with", "without"]) {
        cursor.expect("system")?;
        cursor.expect("versioning")?;
    } else {
        return Ok(cursor.eat_any(&[
            "visible",
            "not_secondary",
            "virtual",
            "stored",
            "persistent",
        ]));
    }
    Ok(true)
}
