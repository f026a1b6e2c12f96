//! Asking once more what the lint was told: the backup and the rehearsal take their time, and what others wrote meanwhile
//! is in neither.
//!
//! Everything is asked before the first statement. Where no earlier statement of the set can have to do with the table, it
//! is asked right before its own statement too, when nobody else can write any more, where that can be had. What takes
//! long is not: locks of earlier statements would be held meanwhile.
//!
//! Some can only be asked then, and in the rehearsal too: what a statement takes that is not allowed, of a table of which
//! another one may take the same.

use std::time::{Duration, Instant};

use super::apply::Prepared;
use super::reach::Reach;
use super::{Conditions, HISTORY_TABLES};
use crate::db::{Access, Begin, Catalog, Session};
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Level};
use crate::hazard::Unmet;
use crate::ident::TableName;
use crate::value::Value;

/// How long the answers may have taken, for all of a file together, that are asked for once more while it runs.
const QUICK: Duration = Duration::from_secs(2);

/// Statements that keep everybody from a table until the end of the transaction, as PostgreSQL runs them.
const LOCKING: [&str; 3] = ["ALTER", "DROP", "TRUNCATE"];

/// Asks everything before the first statement. Returns how long each answer took.
///
/// # Errors
/// `Refused`, with what would be lost, and a connection that broke.
pub(super) async fn ask_all(session: &mut Session, unmet: &[Unmet]) -> Result<Vec<Duration>> {
    let mut took = Vec::new();
    for unmet in unmet {
        let begun = Instant::now();
        if unmet.only_then.is_none() {
            let asked = refuse_met(session, unmet).await;
            asked.map_err(nothing_was_changed)?;
        }
        took.push(begun.elapsed());
    }
    Ok(took)
}

fn nothing_was_changed(mut error: Error) -> Error {
    if error.code.as_deref() == Some(WRITTEN_SINCE) {
        error.kind = Kind::Refused;
        error.message = format!("refused, and nothing was changed: {}", error.message);
    }
    error
}

/// Leaves with each file what is asked right before its statements.
/// `took`: how long each answer took before; `None` in a rehearsal, which asks only what was never asked.
pub(super) fn plan<'a>(
    prepared: &mut [Prepared<'a>],
    conditions: &Conditions<'a>,
    took: Option<&[Duration]>,
    catalog: &Catalog,
) {
    let reach = Reach::of(catalog);
    let touches = |before: &str, unmet: &Unmet| {
        let mut tables = unmet.tables.iter();
        tables.any(|table| reach.touches(before, table))
    };
    let mut earlier: Vec<&str> = Vec::new();
    for file in prepared {
        let mut sum = Duration::ZERO;
        for (index, statement) in file.statements.iter().enumerate() {
            for (place, unmet) in conditions.unmet.iter().enumerate() {
                if unmet.file != file.migration.file || unmet.statement != index {
                    continue;
                }
                if unmet.only_then.is_some() {
                    file.unmet.push(unmet);
                    continue;
                }
                let Some(took) = took.and_then(|took| took.get(place)) else {
                    continue;
                };
                if is_ours(unmet) || earlier.iter().any(|before| touches(before, unmet)) {
                    continue;
                }
                if sum + *took > QUICK {
                    conditions.sink.send(&not_again(unmet, *took));
                    continue;
                }
                sum += *took;
                file.unmet.push(unmet);
            }
            earlier.push(statement.text);
        }
    }
}

/// Whether it is about the history itself, which changes under every migration.
fn is_ours(unmet: &Unmet) -> bool {
    let name = |table: &String| HISTORY_TABLES.contains(&table.as_str());
    unmet.tables.iter().any(name)
}

/// What to say where it is not asked once more.
fn not_again(unmet: &Unmet, took: Duration) -> Event {
    let tables: Vec<String> = unmet
        .tables
        .iter()
        .map(|table| format!("`{table}`"))
        .collect();
    Event::Log {
        level: Level::Info,
        message: format!(
            "{} was looked at before the first statement, but is not once more right before its own: that takes {} s, and would keep others waiting",
            tables.join(", "),
            took.as_secs().max(1)
        ),
        data: None,
    }
}

/// Asks what is to be asked right before a statement. `limit_s`: how long others may be waited for, in seconds.
///
/// # Errors
/// `Migration`, with what would be lost; what the database refuses of a lock.
pub(super) async fn ask(
    session: &mut Session,
    prepared: &Prepared<'_>,
    index: usize,
    limit_s: Option<u64>,
) -> Result<()> {
    let mine = prepared.unmet.iter().copied();
    let mine: Vec<&Unmet> = mine.filter(|unmet| unmet.statement == index).collect();
    if mine.is_empty() {
        return Ok(());
    }
    let in_transaction = prepared.mode.is_some();
    let statement = prepared.statements[index].text;
    let first = statement.split_whitespace().next().unwrap_or_default();
    let locks = LOCKING.iter().any(|word| word.eq_ignore_ascii_case(first));
    if in_transaction && locks {
        for lock in locks_of(session, &mine).await? {
            session.run(&lock).await?;
        }
    }
    // There the transaction reads what was so when it began: the rest is seen from beside it.
    let looks_back = in_transaction && session.engine().history_sql().commits_by_itself;
    let mut beside = None;
    if looks_back && mine.iter().any(|unmet| unmet.only_then.is_none()) {
        let target = session.target().clone();
        beside = target.connect(Access::default()).await.ok();
        if let Some(beside) = &mut beside {
            beside.limit_lock_waits(limit_s).await?;
        }
    }
    for unmet in &mine {
        match beside.as_mut().filter(|_| unmet.only_then.is_none()) {
            Some(beside) => refuse_met(beside, unmet).await?,
            None => refuse_met(session, unmet).await?,
        }
    }
    Ok(())
}

/// What locks the tables as the statement itself will.
async fn locks_of(session: &mut Session, unmet: &[&Unmet]) -> Result<Vec<String>> {
    let engine = session.engine();
    if engine.lock_sql(&TableName::plain("any"), true).is_none() {
        return Ok(Vec::new());
    }
    let catalog = session.catalog().await?;
    let is_taken = |name: &&TableName| {
        let name = name.to_string();
        unmet.iter().any(|unmet| unmet.tables.contains(&name))
    };
    let tables = catalog.tables.iter().map(|table| &table.name);
    Ok(tables
        .filter(is_taken)
        .filter_map(|name| engine.lock_sql(name, true))
        .collect())
}

async fn refuse_met(session: &mut Session, unmet: &Unmet) -> Result<()> {
    let mut met = count(session, unmet, &unmet.asked).await?;
    if let (None, Some(instead)) = (met, &unmet.instead) {
        met = count(session, unmet, instead).await?;
    }
    // What cannot be asked any more is no reason to stop: the lint had its answer.
    let Some(met) = met.filter(|met| *met > 0) else {
        return Ok(());
    };
    if let Some(allowance) = &unmet.only_then {
        return Err(not_allowed(&format!("{met} {}", unmet.told), allowance));
    }
    let message = format!(
        "by now {} ({met}), and none did when the data was asked: others have written since, which no backup holds",
        unmet.told
    );
    Err(Error::new(Kind::Migration, message)
        .code(WRITTEN_SINCE)
        .hint("run `dbscript run safe-migration` again: it sees these rows"))
}

/// The code of what an allowance above another statement does not let go.
pub(super) const NOT_ALLOWED: &str = "not-allowed";

/// The code of what others have written since the lint.
pub(super) const WRITTEN_SINCE: &str = "written-since";

/// An allowance above another statement is none for this one.
fn not_allowed(told: &str, allowance: &str) -> Error {
    let message = format!(
        "{told}, which the allowance above another statement is not for (it wants its own: `allow {allowance}`); if no row \
         was met before, others have written since"
    );
    Error::new(Kind::Migration, message)
        .code(NOT_ALLOWED)
        .hint(format!(
            "if that is meant, put `-- dbscript: allow {allowance}` above the statement"
        ))
}

/// The answer, read only; `None` where there is none.
async fn count(session: &mut Session, unmet: &Unmet, asked: &str) -> Result<Option<u64>> {
    // A question that fails would spoil the transaction, where the server does not undo it by itself.
    // Where it does, a transaction of ours would end what the file itself has open.
    let apart = !session.engine().history_sql().commits_by_itself;
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
        // This one has none yet.
        Err(error) if unmet.only_then.is_some() => return Err(error.into()),
        Err(_) => return Ok(None),
    };
    Ok(Some(match rows.first().and_then(|row| row.first()) {
        Some(Value::Int(number)) => u64::try_from(*number).unwrap_or(0),
        Some(Value::Float(number)) if *number >= 1.0 => 1,
        Some(Value::Decimal(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    }))
}
