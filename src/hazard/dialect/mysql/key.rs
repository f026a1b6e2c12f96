//! Keys, indexes, foreign keys and checks, as CREATE TABLE, ALTER TABLE and CREATE INDEX write them.

use super::cursor::{Cursor, Read};
use crate::hazard::action::{Constraint, Key, NewConstraint, NewIndex, NewTable, References};
use crate::hazard::dialect::TokenKind;
use crate::ident::TableName;

/// What a definition that is no column gives.
pub(super) enum Element {
    Index(NewIndex),
    Constraint(NewConstraint),
    /// Nothing that matters here, such as a PERIOD.
    Nothing,
}

/// Whether a definition that is no column begins here.
pub(super) fn begins(cursor: &Cursor<'_>) -> bool {
    const WORDS: [&str; 10] = [
        "constraint",
        "primary",
        "unique",
        "index",
        "key",
        "fulltext",
        "spatial",
        "foreign",
        "check",
        "vector",
    ];
    let word = cursor.peek().is_some_and(|piece| piece.is_any(&WORDS));
    let vector = !cursor.is("vector")
        || cursor
            .nth(1)
            .is_some_and(|next| next.is_any(&["index", "key"]));
    let period = cursor.are(&["period", "for"]);
    (word && vector) || period
}

/// A key, index, foreign key or check of `table`.
pub(super) fn element(table: &TableName, cursor: &mut Cursor<'_>) -> Read<Element> {
    if cursor.eat_all(&["period", "for"]) {
        cursor.name()?;
        cursor.brackets()?;
        return Ok(Element::Nothing);
    }
    let mut name = None;
    if cursor.eat("constraint") {
        let rules = ["primary", "unique", "foreign", "check"];
        let unnamed = cursor.is_any(&rules);
        if !unnamed {
            cursor.eat_if_exists();
            name = Some(cursor.name()?);
        }
    }
    if cursor.eat_all(&["primary", "key"]) {
        index_type(cursor)?;
        let columns = cursor.names_in_brackets()?;
        options(cursor);
        let key = Key {
            primary: true,
            columns,
            ..Key::default()
        };
        return Ok(Element::Constraint(NewConstraint {
            name,
            rule: Constraint::Key(key),
            not_valid: false,
        }));
    }
    if cursor.eat_all(&["foreign", "key"]) {
        return foreign(name, cursor);
    }
    if cursor.eat("check") {
        let check = cursor.brackets()?.rest().to_owned();
        let not_valid = cursor.eat_all(&["not", "enforced"]);
        cursor.eat("enforced");
        return Ok(Element::Constraint(NewConstraint {
            name,
            rule: Constraint::Check(check),
            not_valid,
        }));
    }
    let unique = cursor.eat("unique");
    if !unique {
        cursor.eat_any(&["fulltext", "spatial", "vector"]);
    }
    cursor.eat_any(&["index", "key"]);
    cursor.eat_if_exists();
    let named = !cursor.is_symbol("(") && !cursor.is("using");
    if named {
        name = Some(cursor.name()?);
    }
    index(name, table.clone(), unique, cursor).map(Element::Index)
}

/// An index from its type or columns on.
pub(super) fn index(
    name: Option<String>,
    table: TableName,
    unique: bool,
    cursor: &mut Cursor<'_>,
) -> Read<NewIndex> {
    index_type(cursor)?;
    let mut inner = cursor.brackets()?;
    let mut terms = Vec::new();
    while !inner.is_done() {
        terms.push(term(&mut inner)?);
        inner.next_comma();
    }
    options(cursor);
    // Without a name it gets that of its first column.
    let first = terms.first().and_then(|(_, column)| column.clone());
    Ok(NewIndex {
        name: TableName::plain(name.or(first).unwrap_or_default()),
        table,
        unique,
        terms,
        ..NewIndex::default()
    })
}

/// One part of an index: a column, the beginning of one, or an expression.
fn term(cursor: &mut Cursor<'_>) -> Read<(String, Option<String>)> {
    if cursor.is_symbol("(") {
        let from = cursor.offset();
        cursor.skip();
        return Ok((cursor.slice(from, cursor.last_end()).to_owned(), None));
    }
    let name = cursor.column()?;
    let quoted = cursor.reading.engine.quote(&name);
    if !cursor.is_symbol("(") {
        return Ok((quoted, Some(name)));
    }
    let length = cursor.brackets()?.rest();
    let is_length = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    // Of text it counts characters, of bytes bytes, as LEFT does.
    Ok(match is_length {
        true => (format!("LEFT({quoted}, {length})"), None),
        false => (quoted, Some(name)),
    })
}

fn index_type(cursor: &mut Cursor<'_>) -> Read<()> {
    if cursor.eat_any(&["using", "type"]) {
        cursor.name()?;
    }
    Ok(())
}

/// What may stand behind an index' columns.
fn options(cursor: &mut Cursor<'_>) {
    loop {
        let valued = [
            "key_block_size",
            "comment",
            "engine_attribute",
            "secondary_engine_attribute",
            "clustering",
            "distance",
            "m",
        ];
        if cursor.eat_any(&["using", "type"]) || cursor.eat_all(&["with", "parser"]) {
            cursor.step();
        } else if cursor.eat_any(&valued) {
            cursor.eat_symbol("=");
            cursor.step();
        } else if !cursor.eat_any(&["visible", "invisible", "ignored"])
            && !cursor.eat_all(&["not", "ignored"])
        {
            return;
        }
    }
}

fn foreign(mut name: Option<String>, cursor: &mut Cursor<'_>) -> Read<Element> {
    cursor.eat_if_exists();
    if !cursor.is_symbol("(") {
        let index = cursor.name()?;
        name.get_or_insert(index);
    }
    let columns = cursor.names_in_brackets()?;
    let references = references(columns, cursor)?;
    Ok(Element::Constraint(NewConstraint {
        name,
        rule: Constraint::References(references),
        not_valid: false,
    }))
}

/// `REFERENCES parent (columns) ON DELETE …`.
pub(super) fn references(columns: Vec<String>, cursor: &mut Cursor<'_>) -> Read<References> {
    cursor.expect("references")?;
    let parent = cursor.table()?;
    let parent_columns = match cursor.is_symbol("(") {
        true => cursor.names_in_brackets()?,
        false => Vec::new(),
    };
    let mut references = References {
        columns,
        parent,
        parent_columns,
        ..References::default()
    };
    loop {
        if cursor.eat("match") {
            cursor.step();
        } else if cursor.eat_all(&["on", "delete"]) {
            references.on_delete = reference_action(cursor)?;
        } else if cursor.are(&["on", "update"]) && cursor.nth(2).is_some_and(is_reference_action) {
            cursor.eat_all(&["on", "update"]);
            references.on_update = reference_action(cursor)?;
        } else {
            return Ok(references);
        }
    }
}

/// A column's own ON UPDATE CURRENT_TIMESTAMP is none.
fn is_reference_action(piece: &super::pieces::Piece<'_>) -> bool {
    piece.is_any(&["restrict", "cascade", "set", "no"])
}

fn reference_action(cursor: &mut Cursor<'_>) -> Read<String> {
    let one = [
        (&["restrict"][..], "RESTRICT"),
        (&["cascade"], "CASCADE"),
        (&["set", "null"], "SET NULL"),
        (&["set", "default"], "SET DEFAULT"),
        (&["no", "action"], "NO ACTION"),
    ];
    for (words, name) in one {
        if cursor.eat_all(words) {
            return Ok(name.to_owned());
        }
    }
    Err(cursor.stop())
}

/// Adds an element to a table that is created.
pub(super) fn fill(table: &mut NewTable, element: Element) {
    match element {
        Element::Nothing => {}
        Element::Index(index) => {
            let columns: Option<Vec<String>> = index
                .terms
                .iter()
                .map(|(_, column)| column.clone())
                .collect();
            if let Some(columns) = columns.filter(|_| index.unique) {
                table.keys.push(Key {
                    columns,
                    ..Key::default()
                });
            }
        }
        Element::Constraint(constraint) => match constraint.rule {
            Constraint::Key(key) => table.keys.push(key),
            Constraint::References(references) => table.references.push(references),
            Constraint::Check(check) if !constraint.not_valid => table.checks.push(check),
            Constraint::Check(_) | Constraint::UsingIndex { .. } | Constraint::Exclusion { .. } => {
            }
        },
    }
}

/// Whether a token can be a value of an option.
pub(super) fn is_value(cursor: &Cursor<'_>) -> bool {
    cursor.peek().is_some_and(|piece| {
        matches!(
            piece.kind,
            TokenKind::Word | TokenKind::Name | TokenKind::Literal | TokenKind::Number
        )
    })
}
