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

use super::alone;
use super::asked::{How, WRITTEN_SINCE, refuse_met};
use super::reach::Reach;
use crate::db::{Catalog, Engine, Session};
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Level};
use crate::hazard::Unmet;
use crate::ident::TableName;
use crate::migrate::apply::Prepared;
use crate::migrate::standing::commits_at_once;
use crate::migrate::{Conditions, HISTORY_TABLES};

#[cfg(test)]
mod tests;

/// How long the answers may have taken, for all of a file together, that are asked for once more while it runs.
const QUICK: Duration = Duration::from_secs(2);

/// Statements that keep everybody from a table until the end of the transaction, as PostgreSQL runs them.
const LOCKING: [&str; 3] = ["ALTER", "DROP", "TRUNCATE"];

/// Asks everything before the first statement; what may go as well, as only how long that takes says whether there is time
/// for it once more. Returns how long each answer took.
///
/// # Errors
/// `Refused`, with what would be lost, and a connection that broke.
pub(in crate::migrate) async fn ask_all(
    session: &mut Session,
    unmet: &[Unmet],
) -> Result<Vec<Duration>> {
    let mut took = Vec::new();
    for unmet in unmet {
        let begun = Instant::now();
        if unmet.only_then.is_none() {
            let asked = refuse_met(session, unmet, How::Apart, None).await;
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
pub(in crate::migrate) fn plan<'a>(
    prepared: &mut [Prepared<'a>],
    conditions: &Conditions<'a>,
    took: Option<&[Duration]>,
    (engine, catalog): (Engine, &Catalog),
) {
    let reach = Reach::of(catalog, engine);
    let touches = |before: &str, unmet: &Unmet| {
        let mut tables = unmet.tables.iter();
        tables.any(|table| reach.touches(before, table))
    };
    let mut earlier: Vec<&str> = Vec::new();
    for file in prepared {
        let mut again = Vec::new();
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
                again.push((unmet, *took));
            }
            earlier.push(statement.text);
        }
        let (quick, slow) = quick(again);
        file.unmet.extend(quick);
        for (unmet, took) in slow {
            conditions.sink.send(&not_again(unmet, took));
        }
    }
}

/// A question, and how long its answer took.
type Took<'a> = (&'a Unmet, Duration);

/// Which ones all of a file has time for, and which not. Those that refuse come first: what may go never takes their time.
fn quick(mut asked: Vec<Took<'_>>) -> (Vec<&Unmet>, Vec<Took<'_>>) {
    asked.sort_by_key(|(unmet, _)| unmet.before.is_some());
    let mut sum = Duration::ZERO;
    let (mut quick, mut slow) = (Vec::new(), Vec::new());
    for (unmet, took) in asked {
        if sum + took > QUICK {
            slow.push((unmet, took));
        } else {
            sum += took;
            quick.push(unmet);
        }
    }
    (quick, slow)
}

/// Whether it is about the history itself, which changes under every migration.
fn is_ours(unmet: &Unmet) -> bool {
    let bare = |table: &String| {
        table
            .rsplit('.')
            .next()
            .is_some_and(|name| HISTORY_TABLES.contains(&name))
    };
    unmet.tables.iter().any(bare)
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

/// What is asked right before a statement; those that refuse before those that only tell, as [`plan`] has left them.
pub(in crate::migrate) fn mine<'a>(prepared: &Prepared<'a>, index: usize) -> Vec<&'a Unmet> {
    let mine = prepared.unmet.iter().copied();
    mine.filter(|unmet| unmet.statement == index).collect()
}

/// Asks what is to be asked right before a statement, while what is before it can still be rolled back.
///
/// # Errors
/// `Migration`, with what would be lost; what the database refuses of a lock.
pub(in crate::migrate) async fn ask(
    session: &mut Session,
    prepared: &Prepared<'_>,
    index: usize,
    conditions: &Conditions<'_>,
) -> Result<()> {
    let mine = mine(prepared, index);
    if mine.is_empty() {
        return Ok(());
    }
    let in_transaction = prepared.mode.is_some();
    let statement = prepared.statements[index].text;
    if session.engine().history_sql().commits_by_itself {
        // On a copy nobody else writes.
        return match conditions.log.is_some() && !commits_at_once(statement) {
            true => alone::hold(session, &mine, in_transaction, conditions).await,
            false => alone::look(session, &mine, in_transaction, conditions).await,
        };
    }
    let first = statement.split_whitespace().next().unwrap_or_default();
    let locks = LOCKING.iter().any(|word| word.eq_ignore_ascii_case(first));
    if in_transaction && locks {
        lock_as_the_statement_will(session, &mine).await?;
    }
    for unmet in &mine {
        refuse_met(session, unmet, How::Apart, Some(conditions.sink)).await?;
    }
    Ok(())
}

/// Locks the tables as the statement itself will.
async fn lock_as_the_statement_will(session: &mut Session, unmet: &[&Unmet]) -> Result<()> {
    let catalog = session.catalog().await?;
    let is_taken = |name: &&TableName| {
        let name = name.to_string();
        unmet.iter().any(|unmet| unmet.tables.contains(&name))
    };
    let tables = catalog.tables.iter().map(|table| &table.name);
    for name in tables.filter(is_taken) {
        session.lock_table(name, true).await?;
    }
    Ok(())
}
