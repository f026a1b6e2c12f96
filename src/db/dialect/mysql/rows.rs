//! Statements of scripts, over the prepared protocol: values are bound and never pasted, and one text is one statement.

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Column, Either, Executor, Row, SqlSafeStr, Statement};

use super::link::{self, State};
use super::spool::{Filling, Spool};
use super::{fault, guard, quote, text, transaction, values, without_transactions};
use crate::db::dialect::{Lookup, refusal};
use crate::db::{EngineError, Error, Result};
use crate::event::counted;
use crate::ident::TableName;
use crate::value::{Rows, Value};

/// Parameters of one statement; the protocol takes 65,535.
const MOST_PARAMETERS: usize = 60_000;

/// Rows of one INSERT.
const MOST_ROWS: usize = 1_000;

/// Values asked for in one statement.
const LOOKUP_BATCH: usize = 10_000;

/// What a statement gave besides its rows.
struct Done {
    columns: Vec<String>,
    changed: u64,
}

/// Runs one statement and hands on its rows.
async fn each(
    state: &mut State,
    sql: &str,
    params: &[Value],
    mut take: impl FnMut(Vec<Value>) -> Result<()>,
) -> Result<Done> {
    state.wanted()?;
    guard::look(state.access, sql)?;
    let arguments = values::arguments(params)?;
    let text = AssertSqlSafe(sql.to_owned()).into_sql_str();
    let prepared = (&mut state.connection).prepare(text.clone()).await;
    let prepared = match prepared {
        Err(error) if fault::number(&error) == Some(fault::NOT_PREPARABLE) && params.is_empty() => {
            let changed = text::run(&mut state.connection, sql).await?;
            return Ok(Done {
                columns: Vec::new(),
                changed,
            });
        }
        other => other.map_err(|error| fault::statement(&error))?,
    };
    let wanted = match prepared.parameters() {
        Some(Either::Right(wanted)) => wanted,
        _ => 0,
    };
    // The driver would notice too, and then wait for an answer to what it never sent.
    if wanted != params.len() {
        return Err(misused(&format!(
            "the statement takes {}, not {}",
            counted(wanted, "parameter"),
            params.len()
        )));
    }
    let mut done = Done {
        columns: names(prepared.columns()),
        changed: 0,
    };
    let mut stream = (&mut state.connection).fetch_many(sqlx::query_with(text, arguments));
    let mut first = true;
    while let Some(item) = stream
        .try_next()
        .await
        .map_err(|error| fault::statement(&error))?
    {
        match item {
            Either::Left(result) => done.changed += result.rows_affected(),
            Either::Right(row) => {
                if std::mem::take(&mut first) {
                    done.columns = names(row.columns());
                }
                take(values::read(&row)?)?;
            }
        }
    }
    Ok(done)
}

fn names(columns: &[sqlx::mysql::MySqlColumn]) -> Vec<String> {
    columns
        .iter()
        .map(|column| column.name().to_owned())
        .collect()
}

fn misused(message: &str) -> Error {
    Error::Statement {
        source: EngineError {
            code: "HY000".to_owned(),
            message: message.to_owned(),
        },
    }
}

/// At most `limit` rows.
pub(super) async fn query(
    state: &mut State,
    sql: &str,
    params: &[Value],
    limit: usize,
) -> Result<Rows> {
    let mut rows = Vec::new();
    let done = each(state, sql, params, |row| {
        if rows.len() == limit {
            return Err(Error::TooManyRows { limit });
        }
        rows.push(row);
        Ok(())
    })
    .await;
    if matches!(done, Err(Error::TooManyRows { .. })) && is_query(sql) {
        link::end_unread(state).await;
    }
    let done = done?;
    Ok(Rows {
        columns: done.columns,
        rows,
    })
}

/// Whether a statement only reads, by its first word: what writes runs to its end.
fn is_query(sql: &str) -> bool {
    let sql = sql.trim_start();
    let word = sql.split(|letter: char| !letter.is_ascii_alphabetic());
    let word = word.take(1).next().unwrap_or_default();
    sql.starts_with('(')
        || ["SELECT", "WITH", "VALUES", "TABLE"]
            .iter()
            .any(|query| query.eq_ignore_ascii_case(word))
}

/// How many rows were changed.
pub(super) async fn execute(state: &mut State, sql: &str, params: &[Value]) -> Result<u64> {
    let done = each(state, sql, params, |_| Ok(())).await?;
    Ok(done.changed)
}

/// All rows, put aside; and the columns.
pub(super) async fn put_aside(
    state: &mut State,
    sql: &str,
    params: &[Value],
) -> Result<(Spool, Vec<String>)> {
    let mut filling = Filling::new()?;
    let done = each(state, sql, params, |row| filling.add(row)).await?;
    Ok((filling.done()?, done.columns))
}

/// Inserts rows, all or none.
pub(super) async fn insert_many(
    state: &mut State,
    table: &TableName,
    columns: &[String],
    rows: &[Vec<Value>],
) -> Result<u64> {
    let own = state.transaction.is_none();
    let (begin, keep, undo): (&str, &str, &[&str]) = if own {
        ("START TRANSACTION", "COMMIT", &["ROLLBACK"])
    } else {
        (
            "SAVEPOINT dbscript_rows",
            "RELEASE SAVEPOINT dbscript_rows",
            &[
                "ROLLBACK TO SAVEPOINT dbscript_rows",
                "RELEASE SAVEPOINT dbscript_rows",
            ],
        )
    };
    state.wanted()?;
    let marked = transaction::savepoint(state, begin).await?;
    let inserted = insert_batches(state, table, columns, rows).await;
    let Err(error) = inserted else {
        if marked {
            text::surely(&mut state.connection, keep).await?;
        }
        return inserted;
    };
    if !marked && is_of_values(&error) {
        return Err(not_all_or_none(table, &error));
    }
    for sql in undo {
        let undone = text::surely(&mut state.connection, sql).await;
        let kept = without_transactions::look(state, sql).await;
        if kept && rows.len() > 1 && is_of_values(&error) {
            return Err(not_all_or_none(table, &error));
        }
        match undone {
            // Whoever takes a row out and goes on must not find some of the rows in.
            Err(not_undone) if is_of_values(&error) => return Err(not_undone),
            // A deadlock has undone everything already, the savepoint too; the first error tells.
            Err(_) => break,
            Ok(_) => {}
        }
    }
    Err(error)
}

/// Rows that are in before the one that is refused stay in a table without transactions: it is not about this row alone.
fn not_all_or_none(table: &TableName, refused: &Error) -> Error {
    misused(&format!(
        "one of the rows was refused ({refused}), and those before it may be in and stay: `{table}`, or what its triggers \
         write to, has no transactions"
    ))
}

fn is_of_values(error: &Error) -> bool {
    match error {
        Error::Statement { source } => refusal(&source.code, &source.message).is_some(),
        Error::Raised { code, .. } => refusal(code, "").is_some(),
        _ => false,
    }
}

async fn insert_batches(
    state: &mut State,
    table: &TableName,
    columns: &[String],
    rows: &[Vec<Value>],
) -> Result<u64> {
    let names: Vec<String> = columns.iter().map(|name| quote(name)).collect();
    let marks = format!("({})", vec!["?"; columns.len()].join(", "));
    let head = format!(
        "INSERT INTO {} ({}) VALUES ",
        quote(&table.name),
        names.join(", ")
    );
    let most = (MOST_PARAMETERS / columns.len().max(1)).clamp(1, MOST_ROWS);
    let mut inserted = 0;
    let mut left = rows;
    while !left.is_empty() {
        let (batch, rest) = left.split_at(fitting(left, most, state.largest / 2));
        left = rest;
        if let Some(row) = batch.iter().find(|row| row.len() != columns.len()) {
            return Err(misused(&format!(
                "a row has {} values for {} columns",
                row.len(),
                columns.len()
            )));
        }
        let sql = format!("{head}{}", vec![marks.as_str(); batch.len()].join(", "));
        let arguments = values::arguments(batch.iter().flatten())?;
        state.wanted()?;
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments);
        let done = query
            .execute(&mut state.connection)
            .await
            .map_err(|error| fault::statement(&error))?;
        inserted += done.rows_affected();
    }
    Ok(inserted)
}

/// How many of the rows go into one statement: the most, or a power of two, so that a few prepared statements, which are
/// kept, do for every number. The word that gives one up has no answer, and what is sent after it waits for the
/// server's delayed acknowledgement, some 40 ms.
fn fitting(rows: &[Vec<Value>], most: usize, bytes: usize) -> usize {
    let mut size = 0;
    let fit = rows.iter().take(most).take_while(|row| {
        size += row.iter().map(size_of_value).sum::<usize>();
        size <= bytes
    });
    match fit.count() {
        0 => 1,
        all if all == most => most,
        some => 1 << some.ilog2(),
    }
}

fn size_of_value(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len() + 9,
        Value::Blob(bytes) => bytes.len() + 9,
        _ => 32,
    }
}

/// Which of the values stand in a column. The server compares by the column's collation, which may take more values for
/// equal than are asked for; those are left out here.
pub(super) async fn present(
    state: &mut State,
    lookup: &Lookup,
    wanted: &[Value],
) -> Result<Vec<Value>> {
    let column = quote(&lookup.column);
    let folds = !lookup.ignore_case || ignores_case(state, lookup).await?;
    let asked: Vec<Value> = match folds {
        true => wanted.to_vec(),
        false => wanted.iter().map(lowered).collect(),
    };
    let compared = if folds {
        column.clone()
    } else {
        format!("LOWER({column})")
    };
    let known: std::collections::HashSet<String> = wanted
        .iter()
        .filter_map(|value| as_compared(value, lookup.ignore_case))
        .collect();
    let mut found = Vec::new();
    for batch in asked.chunks(LOOKUP_BATCH) {
        let marks = vec!["?"; batch.len()].join(", ");
        let table = quote(&lookup.table.name);
        let sql = format!("SELECT {column} FROM {table} WHERE {compared} IN ({marks})");
        let rows = query(state, &sql, batch, usize::MAX).await?;
        found.extend(
            rows.rows
                .into_iter()
                .filter_map(|mut row| row.pop())
                .filter(|value| match as_compared(value, lookup.ignore_case) {
                    Some(text) => known.contains(&text),
                    None => true,
                }),
        );
    }
    Ok(found)
}

fn as_compared(value: &Value, ignore_case: bool) -> Option<String> {
    match value {
        Value::Text(text) if ignore_case => Some(text.to_lowercase()),
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn lowered(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(text.to_lowercase()),
        other => other.clone(),
    }
}

/// Whether the column's own collation does.
async fn ignores_case(state: &mut State, lookup: &Lookup) -> Result<bool> {
    let sql = format!(
        "SELECT COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
         AND TABLE_NAME = {} AND COLUMN_NAME = {}",
        text::literal(&lookup.table.name),
        text::literal(&lookup.column)
    );
    let collation = text::value(&mut state.connection, &sql).await?;
    Ok(collation.is_none_or(|collation| collation.ends_with("_ci")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_rows_is_made_of_a_few_lengths() {
        let rows = vec![vec![Value::Int(1)]; 2_999];
        for (rows, most, bytes, fit) in [
            (&rows[..], 1_000, 1 << 20, 1_000),
            (&rows[..999], 1_000, 1 << 20, 512),
            (&rows[..600], 600, 1 << 20, 600),
            (&rows[..63], 1_000, 1 << 20, 32),
            (&rows[..1], 1_000, 1 << 20, 1),
            (&rows[..999], 1_000, 32 * 100, 64),
            (&rows[..999], 1_000, 1, 1),
        ] {
            assert_eq!(fitting(rows, most, bytes), fit, "{}", rows.len());
        }
    }
}
