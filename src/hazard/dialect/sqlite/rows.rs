//! DELETE, UPDATE, INSERT and the SELECTs they take rows from.

use sqlite3_parser::ast::{
    As, Distinctness, Expr, InsertBody, OneSelect, QualifiedName, ResolveType, ResultColumn,
    Select, SelectTable, Set, Upsert, UpsertDo,
};

use super::lift::{self, Clauses, Piece};
use super::{expression, plain, table_name};
use crate::db::Engine;
use crate::hazard::action::{Change, Copy, Insert, Output, Reach, Update};
use crate::hazard::dialect::conflict;
use crate::ident::TableName;

/// A DELETE, or the part an UPDATE shares with it.
pub(super) fn change(
    name: &QualifiedName<'_>,
    condition: Option<&Expr<'_>>,
    clauses: &Clauses<'_>,
    pieces: &[Piece<'_>],
) -> Change {
    let table = table_name(name);
    let mut target = Engine::Sqlite.quote_table(&table);
    if let Some(alias) = &name.alias {
        target.push_str(" AS ");
        target.push_str(&Engine::Sqlite.quote(&plain(alias)));
    }
    let lifted = match (clauses.from, clauses.condition) {
        // As UPDATE … FROM meets each row once, however often it joins.
        (Some(from), Some(condition)) => Some(format!(
            "EXISTS (SELECT 1 FROM {from}\n WHERE {condition}\n)"
        )),
        (Some(from), None) => Some(format!("EXISTS (SELECT 1 FROM {from}\n)")),
        (None, condition) => condition.map(str::to_owned),
    };
    let known = condition.and_then(expression::constant);
    let reach = match (lifted, known) {
        (_, Some(false)) => Reach::Never,
        (Some(_), Some(true)) if clauses.from.is_none() && clauses.tail.is_empty() => {
            Reach::AlwaysTrue
        }
        (lifted, _) if !clauses.tail.is_empty() => {
            let filter = lifted.map_or(String::new(), |lifted| format!(" WHERE {lifted}\n"));
            let (with, tail) = (clauses.with, clauses.tail);
            Reach::Some(format!(
                "rowid IN ({with}SELECT rowid FROM {target}{filter} {tail}\n)"
            ))
        }
        (Some(lifted), _) => Reach::Some(lifted),
        (None, _) => Reach::Every,
    };
    Change {
        table,
        with: clauses.with.to_owned(),
        target,
        reach,
        words: lift::words(pieces),
    }
}

/// An UPDATE.
pub(super) fn update(change: Change, sets: &[Set<'_>], resolve: Option<ResolveType>) -> Update {
    Update {
        change,
        columns: set_columns(sets),
        replace: resolve == Some(ResolveType::Replace),
    }
}

fn set_columns(sets: &[Set<'_>]) -> Vec<String> {
    sets.iter()
        .flat_map(|set| set.col_names.iter().map(plain))
        .collect()
}

/// An INSERT; `text` is the whole statement, `from` where its verb stands.
pub(super) fn insert(
    table: TableName,
    columns: Vec<String>,
    resolve: Option<ResolveType>,
    body: &InsertBody<'_>,
    text: &str,
    pieces: &[Piece<'_>],
) -> Insert {
    let (select, upsert) = match body {
        InsertBody::Select(select, upsert) => (Some(*select), *upsert),
        InsertBody::DefaultValues => (None, None),
    };
    let source = select.map(|_| source(text, pieces));
    let (upsert, ignores) = conflicts(upsert);
    let clause = pieces
        .windows(2)
        .find(|pair| pair[0].depth == 0 && pair[0].is("on") && pair[1].is("conflict"))
        .map(|pair| &text[pair[0].start..]);
    Insert {
        table,
        columns,
        replace: resolve == Some(ResolveType::Replace),
        ignore: ignores || resolve == Some(ResolveType::Ignore),
        conflict: clause
            .filter(|_| upsert.is_some())
            .and_then(|clause| conflict::read(Engine::Sqlite, clause)),
        upsert,
        copy: select
            .zip(source.as_deref())
            .and_then(|(select, sql)| copy(select, sql)),
        source,
    }
}

/// What ON CONFLICT does: the columns DO UPDATE sets, and whether DO NOTHING is among it.
pub(super) fn conflicts(upsert: Option<&Upsert<'_>>) -> (Option<Vec<String>>, bool) {
    let mut columns = None;
    let mut ignores = false;
    let mut next = upsert;
    while let Some(clause) = next {
        match &clause.do_clause {
            UpsertDo::Set { sets, .. } => columns
                .get_or_insert_with(Vec::new)
                .extend(set_columns(sets)),
            UpsertDo::Nothing => ignores = true,
        }
        next = clause.next;
    }
    (columns, ignores)
}

/// What an INSERT puts in, as SQL: its SELECT or VALUES, with the WITH before it.
fn source(text: &str, pieces: &[Piece<'_>]) -> String {
    let clauses = lift::clauses(text, pieces, &["insert", "replace"]);
    let top: Vec<&Piece<'_>> = pieces
        .iter()
        .filter(|piece| piece.depth == 0 && piece.start > clauses.verb)
        .collect();
    let begins = |piece: &&&Piece<'_>| {
        ["select", "values", "with"]
            .iter()
            .any(|word| piece.is(word))
    };
    let start = top.iter().find(begins).map_or(text.len(), |at| at.start);
    let end = top
        .windows(2)
        .find(|pair| {
            pair[0].start > start
                && (pair[0].is("returning") || pair[0].is("on") && pair[1].is("conflict"))
        })
        .map_or(text.len(), |pair| pair[0].start);
    format!("{}{}", clauses.with, text[start..end.max(start)].trim_end())
}

/// What a SELECT takes over; VALUES takes nothing.
pub(super) fn copy(select: &Select<'_>, sql: &str) -> Option<Copy> {
    let OneSelect::Select {
        distinctness,
        columns,
        from,
        where_clause,
        group_by,
        having,
        ..
    } = &select.body.select
    else {
        return None;
    };
    let from = from.as_ref()?;
    let joined = from.joins.as_ref().is_some_and(|joins| !joins.is_empty());
    if let (Some(SelectTable::Select(inner, _)), false) = (from.select, joined)
        && is_whole(select)
    {
        // The rows of a subquery as they are are those of the subquery.
        return copy(inner, sql);
    }
    let (name, alias) = match from.select {
        Some(SelectTable::Table(name, alias, _)) => (Some(name), alias.as_ref()),
        _ => (None, None),
    };
    let kept_back = [
        (
            where_clause.is_some_and(|condition| expression::constant(condition) != Some(true)),
            "WHERE",
        ),
        (joined, "JOIN"),
        (group_by.is_some(), "GROUP BY"),
        (having.is_some(), "HAVING"),
        (*distinctness == Some(Distinctness::Distinct), "DISTINCT"),
        (select.body.compounds.is_some(), "UNION"),
        (select.limit.is_some(), "LIMIT"),
    ];
    let known: Vec<String> = name
        .iter()
        .map(|name| plain(&name.name))
        .chain(alias.iter().map(|alias| alias_name(alias)))
        .collect();
    Some(Copy {
        sql: sql.to_owned(),
        from: name.map(table_name),
        words: lift::words(&lift::pieces(sql)),
        filters: kept_back
            .into_iter()
            .filter_map(|(keeps, name)| keeps.then_some(name))
            .collect(),
        outputs: columns
            .iter()
            .map(|column| output(column, &known, joined))
            .collect(),
    })
}

/// Whether a SELECT takes every row and column as it is.
fn is_whole(select: &Select<'_>) -> bool {
    let OneSelect::Select {
        distinctness,
        columns,
        where_clause,
        group_by,
        having,
        ..
    } = &select.body.select
    else {
        return false;
    };
    matches!(columns, [ResultColumn::Star])
        && *distinctness != Some(Distinctness::Distinct)
        && where_clause.is_none_or(|condition| expression::constant(condition) == Some(true))
        && group_by.is_none()
        && having.is_none()
        && select.body.compounds.is_none()
        && select.limit.is_none()
        && select.with.is_none()
}

fn alias_name(alias: &As<'_>) -> String {
    match alias {
        As::As(name) | As::Elided(name) => plain(name),
    }
}

fn output(column: &ResultColumn<'_>, known: &[String], joined: bool) -> Output {
    let is_known = |table: &str| known.iter().any(|name| name.eq_ignore_ascii_case(table));
    match column {
        ResultColumn::Star => Output::Star,
        ResultColumn::TableStar(table) if is_known(&plain(table)) => Output::Star,
        ResultColumn::TableStar(table) => Output::Expression {
            sql: format!("{}.*", Engine::Sqlite.quote(&plain(table))),
            keeps: None,
            words: Vec::new(),
            alias: None,
        },
        ResultColumn::Expr(expression, alias) => {
            let own = match expression {
                Expr::Qualified(table, _) => is_known(&plain(table)),
                // A name that two tables have is refused, so this is the first one's wherever that has it.
                _ => true,
            };
            match expression::column(expression).filter(|_| own) {
                Some(name) => Output::Column(name),
                None => {
                    let sql = expression.to_string();
                    Output::Expression {
                        keeps: expression::keeps(expression).filter(|_| !joined),
                        words: lift::words(&lift::pieces(&sql)),
                        alias: alias.as_ref().map(alias_name),
                        sql,
                    }
                }
            }
        }
    }
}
