//! SELECT, as far as it tells where rows of a CREATE TABLE or INSERT come from.

use super::cursor::Cursor;
use super::{expression, sources};
use crate::hazard::action::{Copy, Output};
use crate::hazard::dialect::{self, TokenKind};

/// Whether a query begins here.
pub(super) fn begins(cursor: &Cursor<'_>) -> bool {
    let mut ahead = 0;
    while cursor.nth(ahead).is_some_and(|piece| piece.is_symbol("(")) {
        ahead += 1;
        // `((((` is no query that anybody writes.
        if ahead == 8 {
            return false;
        }
    }
    let Some(piece) = cursor.nth(ahead) else {
        return false;
    };
    let within = piece.is_any(&["select", "with"]);
    // `WITH SYSTEM VERSIONING` and `WITH PARSER` are options; a name comes first in a query.
    let option = piece.is("with")
        && cursor
            .nth(ahead + 1)
            .is_some_and(|next| next.is_any(&["system", "parser", "consistent"]));
    within && !option || ahead == 0 && piece.is_any(&["values", "table"])
}

/// What a SELECT takes over; VALUES takes nothing.
pub(super) fn copy(query: Cursor<'_>) -> Option<Copy> {
    let sql = query.rest().to_owned();
    let words = dialect::words(query.reading.engine, &sql);
    let mut cursor = query;
    while cursor.is_symbol("(") {
        cursor = cursor.brackets().ok()?;
    }
    if cursor.is("with") {
        cursor.until_any(&["select"]);
    }
    if cursor.eat("table") {
        return Some(Copy {
            from: cursor.table().ok(),
            sql,
            words,
            filters: Vec::new(),
            outputs: vec![Output::Star],
        });
    }
    if !cursor.eat("select") {
        return None;
    }
    let mut filters = Vec::new();
    while cursor.is_any(&MODIFIERS) {
        if cursor.is_any(&["distinct", "distinctrow"]) {
            filters.push("DISTINCT");
        }
        cursor.step();
    }
    let start = cursor.at;
    cursor.until_any(&["from", "union", "except", "intersect", "limit", "into"]);
    let list = Cursor {
        at: start,
        end: cursor.at,
        ..cursor
    };
    let mut from = None;
    let mut known = Vec::new();
    if cursor.eat("from") {
        let first = cursor.at;
        cursor.until_any(&CLAUSES);
        let refs = sources::read(Cursor {
            at: first,
            end: cursor.at,
            ..cursor
        });
        if refs.len() > 1 {
            filters.push("JOIN");
        }
        if let Some(source) = refs.first() {
            from.clone_from(&source.table);
            known.extend(source.table.as_ref().map(|table| table.name.clone()));
            known.extend(source.alias.clone());
        }
    }
    filters.extend(clauses(&mut cursor));
    let joined = filters.contains(&"JOIN");
    Some(Copy {
        outputs: outputs(list, &known, joined),
        from,
        sql,
        words,
        filters,
    })
}

const MODIFIERS: [&str; 10] = [
    "all",
    "distinct",
    "distinctrow",
    "high_priority",
    "straight_join",
    "sql_small_result",
    "sql_big_result",
    "sql_buffer_result",
    "sql_no_cache",
    "sql_calc_found_rows",
];

const CLAUSES: [&str; 14] = [
    "where",
    "group",
    "having",
    "window",
    "order",
    "limit",
    "offset",
    "fetch",
    "union",
    "except",
    "intersect",
    "for",
    "lock",
    "into",
];

/// What keeps rows back behind FROM.
fn clauses(cursor: &mut Cursor<'_>) -> Vec<&'static str> {
    let mut filters = Vec::new();
    while let Some(piece) = cursor.peek() {
        let name = ["GROUP BY", "HAVING", "LIMIT", "UNION"]
            .into_iter()
            .find(|name| piece.is(name.split(' ').next().unwrap_or_default()));
        if cursor.eat("where") {
            let start = cursor.at;
            cursor.until_any(&CLAUSES);
            let condition = Cursor {
                at: start,
                end: cursor.at,
                ..*cursor
            };
            if expression::constant(&condition) != Some(true) {
                filters.push("WHERE");
            }
            continue;
        }
        if piece.is_any(&["fetch", "offset"]) {
            filters.push("LIMIT");
        } else if piece.is_any(&["except", "intersect"]) {
            filters.push("UNION");
        }
        filters.extend(name);
        cursor.skip();
    }
    filters
}

fn outputs(mut list: Cursor<'_>, known: &[String], joined: bool) -> Vec<Output> {
    let mut outputs = Vec::new();
    while !list.is_done() {
        let start = list.at;
        list.until(|cursor| cursor.is_symbol(","));
        let one = Cursor {
            at: start,
            end: list.at,
            ..list
        };
        outputs.push(output(one, known, joined));
        list.eat_symbol(",");
    }
    outputs
}

fn output(one: Cursor<'_>, known: &[String], joined: bool) -> Output {
    let sql = one.rest();
    let pieces = &one.pieces[one.at..one.end];
    let own = |table: &str| {
        let table = dialect::unquoted(table);
        known.iter().any(|name| name.eq_ignore_ascii_case(&table))
    };
    let is_name = |kind: TokenKind| kind == TokenKind::Name || kind == TokenKind::Word;
    match pieces {
        [star] if star.is_symbol("*") => return Output::Star,
        [table, dot, star] if dot.is_symbol(".") && star.is_symbol("*") && own(table.text) => {
            return Output::Star;
        }
        [column]
            if is_name(column.kind) && !joined && !column.is_any(&["null", "true", "false"]) =>
        {
            return Output::Column(dialect::unquoted(column.text));
        }
        [table, dot, column] if dot.is_symbol(".") && is_name(column.kind) && own(table.text) => {
            return Output::Column(dialect::unquoted(column.text));
        }
        _ => {}
    }
    let alias = match pieces {
        [.., before, name] if before.is("as") => Some(dialect::unquoted(name.text)),
        _ => None,
    };
    let expression = match &alias {
        Some(_) => one.up_to(one.end - 2).rest(),
        None => sql,
    };
    Output::Expression {
        sql: expression.to_owned(),
        keeps: keeps(&one).filter(|_| !joined),
        words: dialect::words(one.reading.engine, expression),
        alias,
    }
}

/// The column whose non-NULL values come through `coalesce(a, …)` or `ifnull(a, …)` as they are.
fn keeps(one: &Cursor<'_>) -> Option<String> {
    let mut cursor = *one;
    if !cursor.eat_any(&["coalesce", "ifnull"]) {
        return None;
    }
    let mut inner = cursor.brackets().ok()?;
    let aliased = cursor.is("as") || cursor.is_done();
    let name = inner.column().ok()?;
    (aliased && inner.is_symbol(",")).then_some(name)
}
