//! Who else writes while a restore is on.
//!
//! What a restore replaces must be what was backed up before it. A second connection therefore holds every table with
//! LOCK TABLES … READ: others read, and wait with what they write. That lock must be given up an instant before the
//! tables change places, and not everybody has the right to it: so the times at which the tables were last written are
//! compared too (`UPDATE_TIME` in <https://mariadb.com/kb/en/information-schema-tables-table/>; InnoDB sets it when a
//! transaction commits). Behind the lock nothing was written: then the times count from when it is given up. Without
//! transactions the time is that of a file, which moves when the server tidies up too, or there is none: there the rows
//! are summed up, by the very connection that holds the lock, for others queue behind who waits for it.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::mysql::MySqlConnection;

use super::catalog::{self, cell};
use super::link::State;
use super::{open, quote, text, without_transactions};
use crate::db::patience::{BUSY_WAIT_S, busy};
use crate::db::{Error, Result};

/// Times are kept in whole seconds: one that was written in this second could be written in it once more. How often the
/// next one is waited for, and how long, in milliseconds.
const SETTLING: usize = 3;
const SETTLE_MS: u64 = 1_050;

/// How a sum of rows begins, where it stands for a time.
const SUM: &str = "sum ";

/// When each table was last written; `None` is never since the server started.
pub(super) type Times = BTreeMap<String, Option<String>>;

/// What a write is told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The time of every table.
    ByTime,
    /// As that, and where there are no transactions by the rows.
    ByRows,
}

impl Told {
    /// As in what was seen then.
    pub(super) fn as_then(then: &Times) -> Told {
        let is_sum = |seen: &Option<String>| seen.as_ref().is_some_and(|s| s.starts_with(SUM));
        match then.values().any(is_sum) {
            true => Told::ByRows,
            false => Told::ByTime,
        }
    }
}

/// What is known of others from the beginning of a restore on.
pub(super) struct Watch {
    guard: Option<MySqlConnection>,
    /// Whether the guard has stood from the beginning to its end.
    guarded: bool,
    told: Told,
    /// Whether the times are as they were when the guard went, or at the beginning without one.
    settled: bool,
    pub(super) times: Times,
    /// Tables that were being written even then.
    busy: Vec<String>,
}

/// Begins, before anything is saved.
pub(super) async fn begin(state: &mut State) -> Result<()> {
    stop(state).await;
    let listed = catalog::listed(state).await?;
    let tables: Vec<String> = listed
        .into_iter()
        .filter(|listed| !listed.is_sequence())
        .map(|listed| listed.name)
        .collect();
    if tables.is_empty() {
        return Ok(());
    }
    // Behind the guard wait others, and behind them whoever wants what they wait for: an ALTER keeps readers out too.
    state.run(&limit()).await?;
    let guard = hold(state, &tables).await?;
    let is_guarded = guard.is_some();
    state.watch = Some(Watch {
        guarded: is_guarded,
        guard,
        told: if is_guarded {
            Told::ByRows
        } else {
            Told::ByTime
        },
        settled: false,
        times: Times::new(),
        busy: Vec::new(),
    });
    match is_guarded {
        true => Ok(()),
        false => settle(state).await,
    }
}

/// Looks at the times, until none of them is this second's.
pub(super) async fn settle(state: &mut State) -> Result<()> {
    let told = match &state.watch {
        Some(watch) if !watch.settled => watch.told,
        _ => return Ok(()),
    };
    let database = state.server.database.clone();
    let mut attempt = 1;
    let (times, busy) = loop {
        let now = text::value(&mut state.connection, "SELECT NOW()").await?;
        let times = times(state, &database, told).await?;
        let is_now = |time: &&Option<String>| {
            **time >= now && !time.as_ref().is_some_and(|time| time.starts_with(SUM))
        };
        let written_now = times.iter().filter(|(_, time)| is_now(time));
        let busy: Vec<String> = written_now.map(|(name, _)| name.clone()).collect();
        if busy.is_empty() || attempt == SETTLING {
            break (times, busy);
        }
        attempt += 1;
        tokio::time::sleep(Duration::from_millis(SETTLE_MS)).await;
        state.wanted()?;
    };
    if let Some(watch) = &mut state.watch {
        (watch.times, watch.busy, watch.settled) = (times, busy, true);
    }
    Ok(())
}

/// Limits how long a session waits for the lock of a table, of whatever engine.
pub(super) fn limit() -> String {
    format!("SET SESSION lock_wait_timeout = {BUSY_WAIT_S}")
}

/// The connection that keeps writers out; none for want of rights, which is noted.
async fn hold(state: &mut State, tables: &[String]) -> Result<Option<MySqlConnection>> {
    let mut guard = open::connect(&state.server, &state.place).await?;
    text::run(&mut guard, &limit()).await?;
    text::run(&mut guard, "SET SESSION wait_timeout = 2147483").await?;
    match text::run(&mut guard, &locks(tables, "READ")).await {
        Ok(_) => Ok(Some(guard)),
        Err(error) => {
            open::close(guard).await;
            match error {
                Error::Locked { .. } => Err(busy("", "")),
                other => {
                    state.note(format!(
                        "other programs could write while this ran, as the tables could not be locked ({other}): had \
                         they done so, nothing would have been replaced"
                    ));
                    Ok(None)
                }
            }
        }
    }
}

/// Does what may wait for a table, for no longer than that: behind a transaction that is open an ALTER waits, and behind
/// the ALTER whoever reads. Where the session's waits are limited already, that limit is the one that counts.
pub(super) async fn within_limit<T>(
    state: &mut State,
    work: impl AsyncFnOnce(&mut State) -> Result<T>,
) -> Result<T> {
    if state.lock_limit_s.is_some() {
        return work(state).await;
    }
    // MySQL takes a decimal for LEAST of its own variable, and refuses that.
    state
        .run(&format!(
            "SET @dbscript_wait = @@SESSION.lock_wait_timeout,
             SESSION lock_wait_timeout = CAST(LEAST(@@SESSION.lock_wait_timeout, {BUSY_WAIT_S}) AS UNSIGNED)"
        ))
        .await?;
    let done = work(state).await;
    let set_back = "SET SESSION lock_wait_timeout = @dbscript_wait";
    let set_back = text::surely(&mut state.connection, set_back).await;
    match done {
        Err(Error::Locked { .. }) => Err(busy("", "")),
        Err(error) => Err(error),
        Ok(done) => set_back.map(|_| done),
    }
}

/// Locks these tables; whatever this session had locked before is let go.
pub(super) fn locks(tables: &[String], how: &str) -> String {
    let locks: Vec<String> = tables
        .iter()
        .map(|table| format!("{} {how}", quote(table)))
        .collect();
    format!("LOCK TABLES {}", locks.join(", "))
}

/// When each table of a database was last written.
pub(super) async fn times(state: &mut State, database: &str, told: Told) -> Result<Times> {
    let sql = format!(
        "SELECT TABLE_NAME, UPDATE_TIME FROM information_schema.TABLES
         WHERE TABLE_SCHEMA = {} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
           AND COALESCE(ENGINE, '') <> 'MRG_MYISAM'",
        text::literal(database)
    );
    let rows = text::rows(&mut state.connection, &sql).await?;
    let mut times: Times = rows
        .into_iter()
        .map(|row| (cell(&row, 0), row.get(1).cloned().flatten()))
        .collect();
    if told == Told::ByRows {
        times.extend(sums(state, database).await?);
    }
    Ok(times)
}

/// The rows of the tables without transactions (<https://mariadb.com/kb/en/checksum-table/>).
async fn sums(state: &mut State, database: &str) -> Result<Times> {
    let names = without_transactions::names(state, database).await?;
    if names.is_empty() {
        return Ok(Times::new());
    }
    let tables: Vec<String> = names
        .iter()
        .map(|name| format!("{}.{}", quote(database), quote(name)))
        .collect();
    let sql = format!("CHECKSUM TABLE {}", tables.join(", "));
    let State {
        connection, watch, ..
    } = state;
    let guard = watch.as_mut().and_then(|watch| watch.guard.as_mut());
    let rows = text::rows(guard.unwrap_or(connection), &sql).await?;
    // One row a table, in their order; none for one that cannot be read.
    let sums = rows.into_iter().map(|row| row.get(1).cloned().flatten());
    Ok(names
        .into_iter()
        .zip(sums)
        .map(|(name, sum)| (name, sum.map(|sum| format!("{SUM}{sum}"))))
        .collect())
}

/// The tables that others have written since then, looked for in a database they may have been moved to.
pub(super) async fn written_by_others(state: &mut State, database: &str) -> Result<Vec<String>> {
    let Some(told) = state.watch.as_ref().map(|watch| watch.told) else {
        return Ok(Vec::new());
    };
    let now = times(state, database, told).await?;
    let Some(watch) = &state.watch else {
        return Ok(Vec::new());
    };
    Ok(changed(&watch.times, &now, &watch.busy))
}

/// The tables whose time is another. A server that was started anew knows none any more, which says nothing.
pub(super) fn changed(then: &Times, now: &Times, busy: &[String]) -> Vec<String> {
    let is_same = |name: &String, time: &Option<String>| {
        let now = now.get(name);
        now == Some(time) || now == Some(&None)
    };
    then.iter()
        .filter(|(name, time)| !is_same(name, time) || busy.contains(name))
        .map(|(name, _)| name.clone())
        .collect()
}

/// Lets writers in again, and this session too.
///
/// # Errors
/// It cannot be seen when the tables were last written; then the guard stays.
pub(super) async fn let_go(state: &mut State) -> Result<()> {
    let holds = |watch: &Watch| watch.guard.is_some();
    if state.watch.as_ref().is_some_and(holds) {
        settle(state).await?;
        release(state).await;
    }
    Ok(())
}

async fn release(state: &mut State) {
    let Some(watch) = &mut state.watch else {
        return;
    };
    if let Some(mut guard) = watch.guard.take() {
        // Closing unlocks too, only later. A guard that is gone has kept nobody out.
        watch.guarded &= text::surely(&mut guard, "UNLOCK TABLES").await.is_ok();
        open::close(guard).await;
    }
}

/// Ends it.
pub(super) async fn stop(state: &mut State) {
    release(state).await;
    state.watch = None;
}

/// Takes the tables from everybody else. The right to it may be missing: then what others write is noticed afterwards.
pub(super) async fn take(state: &mut State, tables: &[String]) -> Result<()> {
    state.run(&limit()).await?;
    let_go(state).await?;
    let watched: Vec<String> = match &state.watch {
        Some(watch) => tables
            .iter()
            .filter(|table| watch.times.contains_key(*table))
            .cloned()
            .collect(),
        None => Vec::new(),
    };
    if watched.is_empty() {
        return Ok(());
    }
    match text::giving_way(&mut state.connection, &locks(&watched, "WRITE")).await {
        Err(Error::Locked { .. }) => Err(busy("", "")),
        Err(Error::Denied { .. } | Error::NotGranted { .. }) | Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Refuses to replace what was written since it was saved, where nobody was kept out. Otherwise it can only be what
/// waited for the lock and went first in the instant in which it was given up: that stays with the old tables.
pub(super) async fn refuse_others(state: &mut State) -> Result<()> {
    if state.watch.as_ref().is_none_or(|watch| watch.guarded) {
        return Ok(());
    }
    let here = state.server.database.clone();
    let written = written_by_others(state, &here).await?;
    refuse(&written, false)
}

/// Refuses to empty a table that was written since it was saved.
pub(super) async fn refuse_others_on(state: &mut State, table: &str) -> Result<()> {
    let here = state.server.database.clone();
    let mut written = written_by_others(state, &here).await?;
    written.retain(|name| name == table);
    let guarded = state.watch.as_ref().is_some_and(|watch| watch.guarded);
    refuse(&written, guarded)
}

/// `guarded`: they were kept waiting until the lock was given up for this session's own writes, and went first.
fn refuse(written: &[String], guarded: bool) -> Result<()> {
    if written.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = written.iter().map(|name| format!("`{name}`")).collect();
    Err(Error::Unsupported {
        message: format!(
            "other programs have written to {} since the backup that was made before, and nothing was replaced: what \
             they wrote would have been lost",
            names.join(", ")
        ),
        hint: match guarded {
            true => "stop what writes to these tables, and run this again: they were locked, but who waits for the lock writes first in the instant in which it is given up for the restore's own rows",
            false => "stop what writes to the database, and run this again; with the right LOCK TABLES on it, others would have been kept waiting",
        }
        .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_another_time_or_none_was_written() {
        let times = |times: &[(&str, Option<&str>)]| -> Times {
            let owned =
                |(name, time): &(&str, Option<&str>)| (name.to_string(), time.map(str::to_owned));
            times.iter().map(owned).collect()
        };
        let then = times(&[("a", None), ("b", Some("1")), ("c", Some("1")), ("d", None)]);
        let now = times(&[("a", Some("2")), ("b", Some("1")), ("d", None)]);
        let restarted = times(&[("a", None), ("b", None), ("c", None), ("d", None)]);
        assert!(changed(&then, &restarted, &[]).is_empty());
        assert_eq!(changed(&then, &now, &[]), ["a", "c"]);
        assert_eq!(changed(&then, &now, &["d".to_owned()]), ["a", "c", "d"]);
        assert!(changed(&then, &then, &[]).is_empty());
    }
}
