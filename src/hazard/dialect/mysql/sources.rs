//! The tables behind FROM or UPDATE, and what a change of several of them meets, as SQL about each.

use super::cursor::Cursor;
use crate::ident::TableName;

/// One table of a list of joined ones.
pub(super) struct Source {
    /// The table; `None` for a subquery.
    pub(super) table: Option<TableName>,
    pub(super) alias: Option<String>,
    /// It as the list names it, with its partitions and alias, in bytes of the text.
    start: usize,
    end: usize,
    /// LEFT or RIGHT before its JOIN, in bytes of the text.
    outer: Option<(usize, usize)>,
}

impl Source {
    /// Whether this is what a statement calls it.
    pub(super) fn is_called(&self, name: &str) -> bool {
        match (&self.alias, &self.table) {
            (Some(alias), _) => alias.eq_ignore_ascii_case(name),
            (None, Some(table)) => table.name.eq_ignore_ascii_case(name),
            (None, None) => false,
        }
    }
}

const JOINS: [&str; 9] = [
    "join",
    "inner",
    "cross",
    "left",
    "right",
    "full",
    "natural",
    "straight_join",
    "on",
];

/// Reads a list of joined tables; brackets around several are looked into.
pub(super) fn read(cursor: Cursor<'_>) -> Vec<Source> {
    let mut sources = Vec::new();
    walk(cursor, &mut sources, None, 0);
    sources
}

/// `group` is the outer join to all of these.
fn walk(
    mut cursor: Cursor<'_>,
    sources: &mut Vec<Source>,
    group: Option<(usize, usize)>,
    depth: usize,
) {
    let mut outer: Option<(usize, usize)> = None;
    while !cursor.is_done() {
        cursor.eat("lateral");
        if cursor.is_symbol("(") {
            let Ok(inner) = cursor.brackets() else {
                return;
            };
            if super::select::begins(&inner) {
                let start = cursor.offset();
                let alias = alias(&mut cursor);
                sources.push(Source {
                    table: None,
                    alias,
                    start,
                    end: cursor.last_end(),
                    outer: None,
                });
            } else if depth < 16 {
                walk(inner, sources, outer.or(group), depth + 1);
            }
            outer = None;
        } else {
            let start = cursor.offset();
            let table = cursor.table().ok();
            if cursor.is_symbol("(") {
                // JSON_TABLE and the like.
                cursor.skip();
            }
            if cursor.eat("partition") {
                cursor.skip();
            }
            let alias = alias(&mut cursor);
            sources.push(Source {
                table,
                alias,
                start,
                end: cursor.last_end(),
                outer: outer.take().or(group),
            });
        }
        // To the next table.
        cursor.until(|cursor| {
            let joins = cursor.is_symbol(",") || cursor.is_any(&["join", "straight_join"]);
            joins || is_outer(cursor)
        });
        if is_outer(&cursor) {
            let start = cursor.offset();
            cursor.step();
            cursor.eat("outer");
            outer = Some((start, cursor.last_end()));
            cursor.until_any(&["join"]);
        }
        cursor.step();
    }
}

/// LEFT or RIGHT before JOIN, which are functions too.
fn is_outer(cursor: &Cursor<'_>) -> bool {
    let called = cursor.nth(1).is_some_and(|next| next.is_symbol("("));
    cursor.is_any(&["left", "right"]) && !called
}

fn alias(cursor: &mut Cursor<'_>) -> Option<String> {
    const ENDS: [&str; 12] = [
        "using", "set", "where", "order", "limit", "use", "force", "ignore", "for", "group",
        "window", "union",
    ];
    if cursor.eat("as") {
        return cursor.name().ok();
    }
    let plain = !cursor.is_any(&JOINS) && !cursor.is_any(&ENDS);
    if plain { cursor.name().ok() } else { None }
}

/// What a statement over several tables meets in one of them.
pub(super) struct Met {
    /// The table as FROM names it, with its alias.
    pub(super) target: String,
    /// The condition of its rows.
    pub(super) condition: String,
}

/// The rows of one of the tables that a statement over all of them meets: those for which the join gives any row.
///
/// Where only inner joins are, the table is replaced by one row in the join, which then speaks of the row outside. With
/// an outer join MariaDB 10.11 gets that wrong (a constant in its ON), so the table's rows are taken out of the join
/// itself; the outer join to the table becomes an inner one, as only rows that are there can be changed.
pub(super) fn met(cursor: &Cursor<'_>, source: &Source, condition: Option<&str>) -> Option<Met> {
    let joins = joins(cursor);
    if joins == Joins::Any {
        return None;
    }
    let from = cursor.offset();
    let text = cursor.text;
    let end = from + cursor.rest().len();
    let named = text.get(source.start..source.end)?;
    let mut before = String::new();
    match source.outer {
        Some((start, stop)) => {
            before.push_str(text.get(from..start)?);
            before.push_str("INNER");
            before.push_str(text.get(stop..source.start)?);
        }
        None => before.push_str(text.get(from..source.start)?),
    }
    let behind = text.get(source.end..end)?;
    let filter = condition.map_or(String::new(), |condition| format!(" WHERE {condition}\n"));
    if joins == Joins::Inner {
        let one = "(SELECT 1) AS dbscript_one";
        return Some(Met {
            target: named.to_owned(),
            condition: format!("EXISTS (SELECT 1 FROM {before}{one}{behind}\n{filter})"),
        });
    }
    let engine = cursor.reading.engine;
    let called = match (&source.alias, &source.table) {
        (Some(alias), _) => engine.quote(alias),
        (None, Some(table)) => engine.quote_table(table),
        (None, None) => return None,
    };
    Some(Met {
        target: format!(
            "(SELECT DISTINCT {called}.* FROM {before}{named}{behind}\n{filter}) AS `dbscript_some`"
        ),
        condition: "TRUE".to_owned(),
    })
}

/// How tables are joined.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Joins {
    /// By conditions, and no row is made up.
    Inner,
    /// By names of columns, or rows may be made up behind a table.
    Left,
    /// Rows may be made up before a table.
    Any,
}

fn joins(cursor: &Cursor<'_>) -> Joins {
    let mut joins = Joins::Inner;
    for at in cursor.at..cursor.end {
        let piece = &cursor.pieces[at];
        let bracket = cursor.pieces[..cursor.end]
            .get(at + 1)
            .is_some_and(|next| next.is_symbol("("));
        // CONVERT(a USING utf8mb4), LEFT(a, 1) and RIGHT(a, 1) join nothing.
        let here = match bracket {
            false if piece.is_any(&["right", "full"]) => Joins::Any,
            false if piece.is_any(&["left", "natural"]) => Joins::Left,
            true if piece.is("using") => Joins::Left,
            _ => continue,
        };
        joins = joins.max(here);
    }
    joins
}
