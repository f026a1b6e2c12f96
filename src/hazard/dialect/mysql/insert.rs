//! INSERT, REPLACE and LOAD DATA.

use super::cursor::{Cursor, Read};
use super::select;
use crate::db::Engine;
use crate::hazard::action::{Action, Insert, Step};
use crate::hazard::dialect::{Lexer, TokenKind, conflict};

/// `a = b` of SET or ON DUPLICATE KEY UPDATE.
pub(super) struct Assignment {
    /// The table (or alias) before the column.
    pub(super) table: Option<String>,
    pub(super) column: String,
    pub(super) offset: usize,
    /// It is set to itself: `id = id`.
    pub(super) same: bool,
    /// What it is set to, as it is written.
    value: String,
}

/// Assignments up to one of these keywords. `own` is what the row that is there is called.
pub(super) fn assignments(
    cursor: &mut Cursor<'_>,
    own: Option<&str>,
    ends: &[&str],
) -> Read<Vec<Assignment>> {
    let mut assignments = Vec::new();
    loop {
        let offset = cursor.offset();
        let mut parts = vec![cursor.name()?];
        while cursor.eat_symbol(".") {
            parts.push(cursor.name()?);
        }
        // `:=` as well as `=`.
        cursor.eat_symbol(":");
        cursor.expect_symbol("=")?;
        let column = parts.pop().unwrap_or_default();
        let mut value = *cursor;
        let sql = cursor.until(|cursor| cursor.is_symbol(",") || cursor.is_any(ends));
        value.end = cursor.at;
        let of = parts.pop();
        let same = is_column(value, &column, of.as_deref().or(own));
        assignments.push(Assignment {
            table: of,
            column,
            offset,
            same,
            value: sql.to_owned(),
        });
        if !cursor.eat_symbol(",") {
            return Ok(assignments);
        }
    }
}

/// Whether a value is nothing but this column of this table. New rows have names of their own: `new.a`.
fn is_column(mut value: Cursor<'_>, column: &str, of: Option<&str>) -> bool {
    let Ok(mut name) = value.name() else {
        return false;
    };
    while value.eat_symbol(".") {
        if of.is_none_or(|of| !of.eq_ignore_ascii_case(&name)) {
            return false;
        }
        match value.name() {
            Ok(next) => name = next,
            Err(_) => return false,
        }
    }
    value.is_done() && name.eq_ignore_ascii_case(column)
}

/// INSERT or REPLACE, from its verb on.
pub(super) fn read(cursor: &mut Cursor<'_>, with: &str) -> Read<Vec<Step>> {
    let offset = cursor.offset();
    let mut insert = Insert {
        replace: cursor.is("replace"),
        ..Insert::default()
    };
    cursor.step();
    while cursor.is_any(&["low_priority", "high_priority", "delayed", "ignore"]) {
        insert.ignore |= cursor.is("ignore");
        cursor.step();
    }
    cursor.eat("into");
    insert.table = cursor.table()?;
    if cursor.eat("partition") {
        cursor.skip();
    }
    if cursor.is_symbol("(") && !select::begins(cursor) {
        insert.columns = cursor.names_in_brackets()?;
    }
    if cursor.eat("set") {
        let sets = assignments(cursor, None, &["as", "on", "returning"])?;
        insert.columns = sets.iter().map(|set| set.column.clone()).collect();
        let values: Vec<&str> = sets.iter().map(|set| set.value.as_str()).collect();
        insert.source = Some(format!("{with}SELECT {}", values.join(", ")));
    } else if cursor.eat_any(&["values", "value"]) {
        let from = cursor.last_end();
        cursor.until(ends);
        // The rows themselves may not be among the tokens.
        let next = cursor.pieces.get(cursor.at.min(cursor.end));
        let to = next.map_or(cursor.text.len(), |next| next.start);
        // Only what a REPLACE or an upsert conflicts with is asked for.
        if insert.replace || cursor.is("as") || cursor.are(&["on", "duplicate"]) {
            let rows = cursor.text.get(from..to).unwrap_or_default();
            insert.source = table_of(cursor.reading.engine, rows);
        }
    } else if select::begins(cursor) {
        let query = *cursor;
        cursor.until(ends);
        let query = query.up_to(cursor.at);
        insert.source = Some(format!("{with}{}", query.rest()));
        insert.copy = select::copy(query);
    } else {
        return Err(cursor.stop());
    }
    duplicates(cursor, &mut insert)?;
    let action = Action::Insert(insert);
    Ok(vec![Step { action, offset }])
}

/// Where the rows of an INSERT end.
fn ends(cursor: &Cursor<'_>) -> bool {
    let named = cursor.is("as") && !cursor.nth(1).is_some_and(|next| next.is_symbol("("));
    let named = named && cursor.at > 0 && cursor.pieces[cursor.at - 1].is_any(&["values", "value"]);
    named || cursor.are(&["on", "duplicate"]) || cursor.is("returning")
}

/// `AS new ON DUPLICATE KEY UPDATE …`.
fn duplicates(cursor: &mut Cursor<'_>, insert: &mut Insert) -> Read<()> {
    let clause = cursor.rest();
    cursor.until(|cursor| cursor.are(&["on", "duplicate"]) || cursor.is("returning"));
    if !cursor.eat_all(&["on", "duplicate", "key", "update"]) {
        return Ok(());
    }
    let sets = assignments(cursor, Some(&insert.table.name), &["returning"])?;
    let changed: Vec<String> = sets
        .into_iter()
        .filter(|set| !set.same)
        .map(|set| set.column)
        .collect();
    match changed.is_empty() {
        // `id = id` leaves the row as it is.
        true => insert.ignore = true,
        false => {
            insert.conflict = conflict::read(cursor.reading.engine, clause);
            insert.upsert = Some(changed);
        }
    }
    Ok(())
}

/// Rows of VALUES as a query: MariaDB takes them as they are, MySQL wants ROW before each
/// (<https://dev.mysql.com/doc/refman/8.4/en/values.html>).
fn table_of(engine: Engine, rows: &str) -> Option<String> {
    let mut query = String::from("VALUES ");
    let mut depth = 0usize;
    let mut first = true;
    for token in Lexer::new(engine, rows) {
        let piece = &rows[token.start..token.end];
        let opens = token.kind == TokenKind::Symbol && piece == "(";
        if depth == 0 && !opens {
            continue;
        }
        if opens && depth == 0 {
            if !first {
                query.push_str(", ");
            }
            first = false;
            if engine == Engine::Mysql {
                query.push_str("ROW");
            }
        }
        depth += usize::from(opens);
        if token.kind == TokenKind::Symbol && piece == ")" {
            depth -= 1;
        }
        query.push_str(piece);
    }
    (!first).then_some(query)
}

/// LOAD DATA and LOAD XML: rows of a file that cannot be seen here.
pub(super) fn load(cursor: &mut Cursor<'_>) -> Read<Vec<Step>> {
    let offset = cursor.offset();
    cursor.step();
    if !cursor.eat_any(&["data", "xml"]) {
        // LOAD INDEX INTO CACHE.
        return Ok(Vec::new());
    }
    cursor.until_any(&["replace", "ignore", "into"]);
    let replace = cursor.eat("replace");
    let ignore = cursor.eat("ignore");
    cursor.expect("into")?;
    cursor.expect("table")?;
    let table = cursor.table()?;
    let mut steps = Vec::new();
    if replace {
        let message = format!(
            "LOAD DATA … REPLACE deletes the rows of `{table}` it conflicts with, and its file cannot be seen here"
        );
        let action = Action::Dynamic(message);
        steps.push(Step { action, offset });
    }
    let insert = Insert {
        table,
        replace,
        ignore,
        ..Insert::default()
    };
    let action = Action::Insert(insert);
    steps.push(Step { action, offset });
    Ok(steps)
}
