//! Waiting for what others have locked, with a limit; the lock of migrations too.
//!
//! An ALTER TABLE that waits behind one long transaction makes every later query of that table wait behind it, by the
//! server's default for a day (`lock_wait_timeout`). Who holds a table's lock only performance_schema knows, which
//! MariaDB does not run by itself: the transactions that are open are told instead.

use super::catalog::cell;
use super::link::State;
use super::{history, text};
use crate::db::{Error, Result};

/// The longest that the server takes, in seconds.
const LONGEST_S: u64 = 31_536_000;

/// Transactions that are open on the server, the oldest first; it takes the right PROCESS to see them.
const OPEN: &str = "SELECT t.trx_mysql_thread_id, p.USER, TIMESTAMPDIFF(SECOND, t.trx_started, NOW())
    FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id
    WHERE p.ID <> CONNECTION_ID() AND p.DB = DATABASE() ORDER BY t.trx_started LIMIT 3";

/// Sets the limit of the session, for locks of tables and of rows.
pub(super) async fn limit(state: &mut State, limit_s: Option<u64>) -> Result<()> {
    let limit_s = limit_s.map(|seconds| seconds.clamp(1, LONGEST_S));
    let wait = limit_s.map_or_else(|| "DEFAULT".to_owned(), |seconds| seconds.to_string());
    state
        .run(&format!(
            "SET SESSION lock_wait_timeout = {wait}, SESSION innodb_lock_wait_timeout = {wait}"
        ))
        .await?;
    state.lock_limit_s = limit_s;
    Ok(())
}

/// The same, with what can be told of a wait that was limited.
pub(super) async fn told<T>(state: &mut State, result: Result<T>) -> Result<T> {
    let (Err(Error::Locked { .. }), Some(limit_s)) = (&result, state.lock_limit_s) else {
        return result;
    };
    // Without the right nothing more is told.
    let open = text::rows(&mut state.connection, OPEN)
        .await
        .unwrap_or_default();
    let open: Vec<String> = open
        .iter()
        .map(|row| {
            let (number, user, age_s) = (cell(row, 0), cell(row, 1), cell(row, 2));
            format!("connection {number}, user {user}, for {age_s} s")
        })
        .collect();
    let holder = match open.is_empty() {
        true => "another program".to_owned(),
        false => format!(
            "another program (transactions that are open: {})",
            open.join("; ")
        ),
    };
    Err(Error::LockWait {
        limit_s,
        what: "a lock on a table or row".to_owned(),
        holder,
    })
}

/// Takes the lock of migrations, waiting `wait_ms` at most.
pub(super) async fn lock_migrations(state: &mut State, wait_ms: u64) -> Result<()> {
    if state.lock.is_some() {
        return Ok(());
    }
    let name = history::lock_name(&state.server.database);
    let seconds = wait_ms.div_ceil(1_000);
    let sql = format!("SELECT GET_LOCK('{name}', {seconds})");
    match text::value(&mut state.connection, &sql).await? {
        Some(taken) if taken == "1" => {
            state.lock = Some(name);
            Ok(())
        }
        _ => {
            let number = format!("SELECT IS_USED_LOCK('{name}')");
            let number = text::value(&mut state.connection, &number).await?;
            let sql = format!(
                "SELECT USER, HOST FROM information_schema.PROCESSLIST WHERE ID = {}",
                number.as_deref().unwrap_or("0")
            );
            let row = text::row(&mut state.connection, &sql).await?;
            let connection = number.unwrap_or_else(|| "that has just ended".to_owned());
            // Others' connections are hidden from who lacks the right PROCESS.
            let user = match row.is_empty() {
                true => String::new(),
                false => format!(", user {}, from {}", cell(&row, 0), cell(&row, 1)),
            };
            Err(Error::LockWait {
                limit_s: seconds,
                what: format!("the migration lock of `{}`", state.server.database),
                holder: format!(
                    "a migration or a restore that is at work (connection {connection}{user})"
                ),
            })
        }
    }
}
