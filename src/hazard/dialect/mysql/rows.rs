//! DELETE, UPDATE, INSERT, REPLACE and LOAD DATA.

use super::cursor::{Cursor, Read};
use super::{expression, insert, sources};
use crate::db::Engine;
use crate::hazard::action::{Action, Change, Reach, Step, Update};
use crate::hazard::dialect;
use crate::ident::TableName;

/// What stands behind the tables of a DELETE or UPDATE.
struct Tail<'a> {
    condition: Option<&'a str>,
    known: Option<bool>,
    /// `ORDER BY … LIMIT …`, where there is a LIMIT.
    limit: Option<&'a str>,
}

/// WHERE, ORDER BY and LIMIT.
fn tail<'a>(cursor: &mut Cursor<'a>) -> Tail<'a> {
    const ENDS: [&str; 3] = ["order", "limit", "returning"];
    let mut tail = Tail {
        condition: None,
        known: None,
        limit: None,
    };
    if cursor.eat("where") {
        let start = cursor.at;
        tail.condition = Some(cursor.until_any(&ENDS));
        tail.known = expression::constant(&Cursor {
            at: start,
            end: cursor.at,
            ..*cursor
        });
    }
    let start = cursor.at;
    let sorted = cursor.until_any(&["returning"]);
    let limited = (start..cursor.at).any(|at| cursor.pieces[at].is("limit"));
    tail.limit = limited.then_some(sorted);
    cursor.at = cursor.end;
    tail
}

/// WITH before a DELETE or UPDATE: it is kept, and what follows is read.
pub(super) fn with<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    let from = cursor.offset();
    cursor.until_any(&[
        "select", "update", "delete", "insert", "replace", "table", "values",
    ]);
    let end = cursor.offset();
    cursor.text.get(from..end).unwrap_or_default()
}

/// DELETE, from its verb on.
pub(super) fn delete(cursor: &mut Cursor<'_>, with: &str) -> Read<Vec<Step>> {
    let offset = cursor.offset();
    let words = dialect::words(cursor.reading.engine, cursor.rest());
    cursor.expect("delete")?;
    if cursor.eat("history") {
        cursor.expect("from")?;
        let action = Action::DeleteHistory(cursor.table()?);
        return Ok(vec![Step { action, offset }]);
    }
    while cursor.eat_any(&["low_priority", "quick", "ignore"]) {}
    let start = *cursor;
    if cursor.eat("from") {
        let single = single(cursor)?;
        if let Some((table, target)) = single {
            let portion = portion(cursor);
            let tail = tail(cursor);
            let change = change(table, target, with, words, &tail, portion);
            let action = Action::Delete(change);
            return Ok(vec![Step { action, offset }]);
        }
    }
    *cursor = start;
    several(cursor, with, words)
}

/// The one table of a DELETE or UPDATE and how FROM names it; `None` where there are several.
fn single(cursor: &mut Cursor<'_>) -> Read<Option<(TableName, String)>> {
    let start = cursor.offset();
    let table = cursor.table()?;
    let mut target = cursor.slice(start, cursor.last_end()).to_owned();
    let mut partitions = "";
    let mut alias = String::new();
    loop {
        if cursor.is("partition") {
            let from = cursor.offset();
            cursor.step();
            cursor.skip();
            partitions = cursor.slice(from, cursor.last_end());
        } else if cursor.eat("as") {
            alias = cursor.name()?;
        } else if cursor.is_symbol(",")
            || cursor.is_symbol(".")
            || cursor.is_any(&[
                "join",
                "inner",
                "cross",
                "left",
                "right",
                "straight_join",
                "natural",
                "using",
            ])
        {
            return Ok(None);
        } else if cursor.is_done()
            || cursor.is_any(&["where", "order", "limit", "set", "returning", "for"])
        {
            break;
        } else {
            alias = cursor.name()?;
        }
    }
    for part in [partitions, &engine_alias(cursor.reading.engine, &alias)] {
        if !part.is_empty() {
            target.push(' ');
            target.push_str(part);
        }
    }
    Ok(Some((table, target)))
}

fn engine_alias(engine: Engine, alias: &str) -> String {
    match alias {
        "" => String::new(),
        alias => format!("AS {}", engine.quote(alias)),
    }
}

/// MariaDB's `FOR PORTION OF period FROM a TO b`: only a part of each row's time.
fn portion(cursor: &mut Cursor<'_>) -> bool {
    let portion = cursor.eat_all(&["for", "portion", "of"]);
    if portion {
        cursor.until_any(&["set", "where", "order", "limit"]);
    }
    portion
}

fn change(
    table: TableName,
    target: String,
    with: &str,
    words: Vec<String>,
    tail: &Tail<'_>,
    portion: bool,
) -> Change {
    let mut change = Change {
        table,
        with: with.to_owned(),
        target,
        reach: Reach::Every,
        words,
    };
    let every = !portion && !change.target.to_ascii_lowercase().contains(" partition");
    change.reach = match (tail.condition, tail.known) {
        (_, Some(false)) => Reach::Never,
        (condition, _) if tail.limit.is_some() => {
            // The rows a LIMIT leaves can be counted in brackets only.
            let filter = condition.map_or(String::new(), |sql| format!(" WHERE {sql}\n"));
            let limit = tail.limit.unwrap_or_default();
            let target = &change.target;
            change.target =
                format!("(SELECT * FROM {target}{filter} {limit}\n) AS `dbscript_some`");
            Reach::Some("TRUE".to_owned())
        }
        (Some(_), Some(true)) if every => Reach::AlwaysTrue,
        (Some(condition), _) => Reach::Some(condition.to_owned()),
        (None, _) if every => Reach::Every,
        (None, _) => Reach::Some("TRUE".to_owned()),
    };
    change
}

/// `DELETE a, b FROM …`, `DELETE FROM a, b USING …`.
fn several(cursor: &mut Cursor<'_>, with: &str, words: Vec<String>) -> Read<Vec<Step>> {
    let first = cursor.eat("from");
    let mut targets = Vec::new();
    loop {
        let offset = cursor.offset();
        let table = cursor.table()?;
        if cursor.eat_symbol(".") {
            cursor.expect_symbol("*")?;
        }
        targets.push((table, offset));
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    match first {
        true => cursor.expect("using")?,
        false => cursor.expect("from")?,
    }
    let start = cursor.at;
    cursor.until_any(&["where", "order", "limit", "returning"]);
    let refs = Cursor {
        at: start,
        end: cursor.at,
        ..*cursor
    };
    let tail = tail(cursor);
    let sources = sources::read(refs);
    let steps = targets.into_iter().map(|(table, offset)| {
        let joined = Joined {
            refs,
            sources: &sources,
            with,
            words: &words,
        };
        let change = joined.change(&table.name.clone(), Some(table), &tail);
        Step {
            action: Action::Delete(change),
            offset,
        }
    });
    Ok(steps.collect())
}

/// Several joined tables that a statement reads.
struct Joined<'a, 'b> {
    refs: Cursor<'a>,
    sources: &'b [sources::Source],
    with: &'b str,
    words: &'b [String],
}

impl Joined<'_, '_> {
    /// What happens to the table called so.
    fn change(&self, called: &str, named: Option<TableName>, tail: &Tail<'_>) -> Change {
        let source = self.sources.iter().find(|source| source.is_called(called));
        let table = source.and_then(|source| source.table.clone()).or(named);
        let mut change = Change {
            table: table.unwrap_or_else(|| TableName::plain(called)),
            with: self.with.to_owned(),
            words: self.words.to_vec(),
            ..Change::default()
        };
        let alone = self.sources.len() == 1;
        let met = source.and_then(|source| sources::met(&self.refs, source, tail.condition));
        change.reach = match (tail.known, met) {
            (Some(false), _) => Reach::Never,
            (known, Some(met)) => {
                change.target = met.target;
                match (tail.condition, known) {
                    (None, _) if alone => Reach::Every,
                    (_, Some(true)) if alone => Reach::AlwaysTrue,
                    _ => Reach::Some(met.condition),
                }
            }
            (_, None) => {
                Reach::Unknown("the join cannot be asked for the rows of one table".to_owned())
            }
        };
        change
    }
}

/// UPDATE, from its verb on.
pub(super) fn update(cursor: &mut Cursor<'_>, with: &str) -> Read<Vec<Step>> {
    let offset = cursor.offset();
    let words = dialect::words(cursor.reading.engine, cursor.rest());
    cursor.expect("update")?;
    while cursor.eat_any(&["low_priority", "ignore"]) {}
    let start = *cursor;
    let one = match cursor.is_symbol("(") {
        true => None,
        false => single(cursor)?,
    };
    let portion = portion(cursor);
    let several = one.is_none();
    if several {
        *cursor = start;
        cursor.until_any(&["set"]);
    }
    let refs = start.up_to(cursor.at);
    cursor.expect("set")?;
    let sets = insert::assignments(cursor, None, &["where", "order", "limit", "returning"])?;
    let tail = tail(cursor);
    if let Some((table, target)) = one {
        let change = change(table, target, with, words, &tail, portion);
        let columns = sets
            .into_iter()
            .filter(|set| !set.same)
            .map(|set| set.column);
        let action = Action::Update(Update {
            change,
            columns: columns.collect(),
            replace: false,
        });
        return Ok(vec![Step { action, offset }]);
    }
    let sources = sources::read(refs);
    let joined = Joined {
        refs,
        sources: &sources,
        with,
        words: &words,
    };
    Ok(of_several(&joined, sets, &tail))
}

/// One step for each table whose columns are set. A column without its table may be any table's.
fn of_several(
    joined: &Joined<'_, '_>,
    sets: Vec<insert::Assignment>,
    tail: &Tail<'_>,
) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut called: Vec<String> = Vec::new();
    for set in sets.into_iter().filter(|set| !set.same) {
        let first = joined.sources.first();
        let named = set.table.clone().or_else(|| {
            let first = first?;
            first
                .alias
                .clone()
                .or(first.table.as_ref().map(|table| table.name.clone()))
        });
        let name = named.unwrap_or_default();
        let place = called
            .iter()
            .position(|known| known.eq_ignore_ascii_case(&name));
        if let Some(place) = place {
            if let Action::Update(update) = &mut steps[place].action {
                update.columns.push(set.column);
            }
            continue;
        }
        let mut change = joined.change(&name, None, tail);
        if set.table.is_none() && joined.sources.len() > 1 {
            change.reach = Reach::Unknown(format!("which table has `{}` is not said", set.column));
        }
        called.push(name);
        steps.push(Step {
            action: Action::Update(Update {
                change,
                columns: vec![set.column],
                replace: false,
            }),
            offset: set.offset,
        });
    }
    steps
}
