//! Asking once more what the lint was told: the backup and the rehearsal take their time, and what others wrote meanwhile
//! is in neither.
//!
//! Everything is asked before the first statement. Where no earlier statement of the set has to do with the table, it is
//! asked right before its own statement too, the last time when nobody else can write any more, where that can be had.

use std::time::{Duration, Instant};

use super::apply::Prepared;
use super::{Conditions, HISTORY_TABLES};
use crate::db::{Begin, Engine, Session};
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Level};
use crate::hazard::Unmet;
use crate::ident::TableName;
use crate::value::Value;

/// How long an answer may have taken that is asked for once more while everybody waits for the table.
const QUICK: Duration = Duration::from_secs(2);

/// Statements that keep everybody from a table until the end of the transaction, as PostgreSQL runs them.
const LOCKING: [&str; 3] = ["ALTER", "DROP", "TRUNCATE"];

/// Statements that run what is not seen here.
const UNSEEN: [&str; 4] = ["CALL", "DO", "EXECUTE", "BEGIN"];

/// Asks everything before the first statement.
///
/// # Errors
/// `Migration`, with what would be lost, and a connection that broke.
pub(super) async fn ask_all(session: &mut Session, unmet: &[Unmet]) -> Result<()> {
    for unmet in unmet {
        refuse_met(session, unmet, false).await?;
    }
    Ok(())
}

/// Leaves with each file what is asked right before its statements.
pub(super) fn plan<'a>(prepared: &mut [Prepared<'a>], unmet: &'a [Unmet]) {
    let mut earlier: Vec<&str> = Vec::new();
    for file in prepared {
        for (index, statement) in file.statements.iter().enumerate() {
            let is_its =
                |unmet: &&Unmet| unmet.file == file.migration.file && unmet.statement == index;
            let is_ours = |unmet: &&Unmet| {
                let name = |table: &String| HISTORY_TABLES.contains(&table.as_str());
                unmet.tables.iter().any(name)
            };
            let stands = |unmet: &&Unmet| !earlier.iter().any(|before| touches(before, unmet));
            file.unmet.extend(
                unmet
                    .iter()
                    .filter(is_its)
                    .filter(stands)
                    .filter(|unmet| !is_ours(unmet)),
            );
            earlier.push(statement.text);
        }
    }
}

/// Whether a statement may give a name that a question uses to something else, or may have written what it counts.
fn touches(statement: &str, unmet: &Unmet) -> bool {
    let first = statement.split_whitespace().next().unwrap_or_default();
    if UNSEEN.iter().any(|word| word.eq_ignore_ascii_case(first)) {
        return true;
    }
    let text = statement.to_lowercase();
    let names = |table: &String| {
        let name = table.rsplit('.').next().unwrap_or(table);
        text.contains(&name.to_lowercase())
    };
    unmet.tables.iter().any(names)
}

/// Asks what is to be asked right before a statement.
///
/// # Errors
/// As [`ask_all`], and what the database refuses of a lock.
pub(super) async fn ask(
    session: &mut Session,
    prepared: &Prepared<'_>,
    index: usize,
    conditions: &Conditions<'_>,
) -> Result<()> {
    let mine = prepared.unmet.iter().copied();
    let mine: Vec<&Unmet> = mine.filter(|unmet| unmet.statement == index).collect();
    if mine.is_empty() {
        return Ok(());
    }
    let in_transaction = prepared.mode.is_some();
    let begun = Instant::now();
    for unmet in &mine {
        refuse_met(session, unmet, in_transaction).await?;
    }
    let statement = prepared.statements[index].text;
    let first = statement.split_whitespace().next().unwrap_or_default();
    let locks = LOCKING.iter().any(|word| word.eq_ignore_ascii_case(first));
    let can_lock = session
        .engine()
        .lock_sql(&TableName::plain("any"))
        .is_some();
    if !in_transaction || !locks || !can_lock {
        return Ok(());
    }
    if begun.elapsed() > QUICK {
        conditions.sink.send(&not_locked(&mine, begun.elapsed()));
        return Ok(());
    }
    for lock in locks_of(session, &mine).await? {
        session.run(&lock).await?;
    }
    for unmet in &mine {
        refuse_met(session, unmet, true).await?;
    }
    Ok(())
}

/// What to say where the last look was not taken.
fn not_locked(unmet: &[&Unmet], took: Duration) -> Event {
    let mut tables: Vec<String> = Vec::new();
    for table in unmet.iter().flat_map(|unmet| &unmet.tables) {
        let table = format!("`{table}`");
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    Event::Log {
        level: Level::Info,
        message: format!(
            "{} was looked at right before the statement, but not once more while it was locked: everybody would have waited for {} s",
            tables.join(", "),
            took.as_secs()
        ),
        data: None,
    }
}

/// What locks the tables as the statement itself will.
async fn locks_of(session: &mut Session, unmet: &[&Unmet]) -> Result<Vec<String>> {
    let engine: Engine = session.engine();
    let catalog = session.catalog().await?;
    let is_taken = |name: &&TableName| {
        let name = name.to_string();
        unmet.iter().any(|unmet| unmet.tables.contains(&name))
    };
    let tables = catalog.tables.iter().map(|table| &table.name);
    Ok(tables
        .filter(is_taken)
        .filter_map(|name| engine.lock_sql(name))
        .collect())
}

async fn refuse_met(session: &mut Session, unmet: &Unmet, in_transaction: bool) -> Result<()> {
    let met = count(session, &unmet.asked, in_transaction).await?;
    if met == 0 {
        return Ok(());
    }
    let message = format!(
        "by now {met} {}, and none did when the data was asked: others have written since, which no backup holds",
        unmet.told
    );
    Err(Error::new(Kind::Migration, message)
        .code("written-since")
        .hint("run `dbscript run safe-migration` again: it sees these rows"))
}

/// The answer. What cannot be asked any more is no reason to stop: the lint had its answer.
async fn count(session: &mut Session, asked: &str, in_transaction: bool) -> Result<u64> {
    // A question that fails would spoil the transaction, where the server does not undo it by itself.
    let apart = in_transaction && !session.engine().history_sql().commits_by_itself;
    if apart {
        session.begin(Begin::Read).await?;
    }
    let answer = session.query(asked, &[], 1).await;
    if apart {
        session.rollback().await?;
    }
    let rows = match answer {
        Ok(found) => found.rows,
        Err(error) if error.is_broken_connection() => return Err(error.into()),
        Err(_) => return Ok(0),
    };
    Ok(match rows.first().and_then(|row| row.first()) {
        Some(Value::Int(number)) => u64::try_from(*number).unwrap_or(0),
        Some(Value::Float(number)) if *number >= 1.0 => 1,
        Some(Value::Decimal(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    })
}
