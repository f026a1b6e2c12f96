//! Many values at once: rows into a table, and which of them are there.

use super::state::State;
use super::{sql, values};
use crate::db::Result;
use crate::db::dialect::Lookup;
use crate::ident::TableName;
use crate::value::Value;

/// Rows in one INSERT: enough that the round trip costs nothing, few enough that the text stays small.
const INSERT_ROWS: usize = 500;
/// Values in one lookup.
const LOOKUP_VALUES: usize = 20_000;

/// Names the savepoint around the rows of one call, inside a transaction.
const KEPT: &str = "dbscript_rows";

/// Inserts them, all or none. Inside a transaction that goes on where they are refused.
pub(super) async fn insert(
    state: &mut State,
    table: &TableName,
    columns: &[String],
    rows: Vec<Vec<Value>>,
) -> Result<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    let names: Vec<String> = columns.iter().map(|column| sql::name(column)).collect();
    let head = format!(
        "INSERT INTO {} ({}) VALUES ",
        state.table(table),
        names.join(", ")
    );
    let texts = rows.chunks(INSERT_ROWS).map(|rows| inserting(&head, rows));
    let texts: Vec<String> = texts.collect::<Result<_>>()?;
    drop(rows);
    if state.in_transaction {
        return insert_within(state, texts).await;
    }
    let begin = state.single();
    state
        .in_transaction(begin, move |state| {
            Box::pin(async move { run_all(state, &texts).await })
        })
        .await
}

/// The statement that inserts these rows.
fn inserting(head: &str, rows: &[Vec<Value>]) -> Result<String> {
    let mut text = head.to_owned();
    for (index, row) in rows.iter().enumerate() {
        text.push_str(if index == 0 { "(" } else { ", (" });
        for (place, value) in row.iter().enumerate() {
            if place > 0 {
                text.push_str(", ");
            }
            values::push(&mut text, value)?;
        }
        text.push(')');
    }
    Ok(text)
}

/// Inserts in the transaction that is open. What the server refuses spoils a transaction to its end, which only a
/// savepoint keeps off; set by itself, as the server may refuse the whole text after it for its characters.
async fn insert_within(state: &mut State, mut texts: Vec<String>) -> Result<u64> {
    state.run(&format!("SAVEPOINT {KEPT}")).await?;
    if let Some(last) = texts.last_mut() {
        last.push_str(&format!("; RELEASE SAVEPOINT {KEPT}"));
    }
    let inserted = run_all(state, &texts).await;
    if inserted.is_err() && !state.broken {
        let undo = format!("ROLLBACK TO SAVEPOINT {KEPT}; RELEASE SAVEPOINT {KEPT}");
        // Where that fails as well the transaction stays spoiled; the first error tells.
        state.failed = state.run(&undo).await.is_err();
    }
    inserted
}

async fn run_all(state: &mut State, texts: &[String]) -> Result<u64> {
    let mut inserted = 0;
    for text in texts {
        inserted += state.run(text).await?;
    }
    Ok(inserted)
}

/// Which of the values stand in the column. They are compared as text, so that a value that is none of the column's type is not there instead of an error.
pub(super) async fn present(
    state: &mut State,
    lookup: &Lookup,
    wanted: &[Value],
) -> Result<Vec<Value>> {
    let column = sql::name(&lookup.column);
    let table = state.table(&lookup.table);
    let mut found = Vec::new();
    for batch in wanted.chunks(LOOKUP_VALUES) {
        let list = sql::literal(&values::array(batch)?);
        let text = if lookup.ignore_case {
            format!(
                "SELECT {column} FROM {table} WHERE pg_catalog.lower({column}::text) IN \
                 (SELECT pg_catalog.lower(wanted) FROM pg_catalog.unnest({list}::text[]) AS wanted)"
            )
        } else if batch.iter().all(|value| matches!(value, Value::Int(_))) {
            format!("SELECT {column} FROM {table} WHERE {column} = ANY ({list}::int8[])")
        } else {
            format!("SELECT {column} FROM {table} WHERE {column}::text = ANY ({list}::text[])")
        };
        let begin = state.single();
        let mut rows = state
            .in_transaction(begin, move |state| {
                Box::pin(async move { state.fetched(&text, usize::MAX).await })
            })
            .await?;
        found.extend(rows.rows.drain(..).filter_map(|mut row| row.pop()));
    }
    Ok(found)
}
