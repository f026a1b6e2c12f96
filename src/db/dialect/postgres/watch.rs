//! Watching, over another connection, who keeps a transaction from its locks, and ending those who never will let it have
//! them.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::open::Beside;
use super::state::State;
use super::waiting::{self, InTheWay};
use super::{fault, sql};

/// Between two looks at who is in the way. The server looks at us after a second.
const LOOK: Duration = Duration::from_millis(250);

/// Every how many such looks it is asked by name who is in the way.
const NAMED_EVERY: usize = 8;

/// Looks, over another connection, at those who keep a transaction from its locks.
pub(super) struct Watch {
    beside: Beside,
    /// Opened once there is something to look at; an error is not tried again.
    connection: Option<Option<PgConnection>>,
    /// The server's process of the transaction that waits.
    us: i32,
    /// Whether those are ended for whom it waits while they wait for it.
    ends: bool,
    /// The processes that were.
    pub(super) ended: BTreeSet<i32>,
    /// What was waited for last, and for whom.
    pub(super) seen: Option<InTheWay>,
}

impl Watch {
    /// Of this connection's transaction. `ends`: those are ended for whom it waits while they wait for it.
    pub(super) fn of(state: &State, ends: bool) -> Watch {
        Watch {
            beside: Beside::of(state),
            connection: None,
            us: state.backend.load(Ordering::SeqCst),
            ends,
            ended: BTreeSet::new(),
            seen: None,
        }
    }

    /// Does this work of the transaction, watched.
    pub(super) async fn over<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        for look in 0_usize.. {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = tokio::time::sleep(LOOK) => {}
            }
            if self.ends {
                self.end(&in_the_way(self.us)).await;
            }
            if look.is_multiple_of(NAMED_EVERY) {
                self.name().await;
            }
        }
        work.await
    }

    /// Asks by name who is in the way.
    async fn name(&mut self) {
        let us = self.us;
        let Some(connection) = self.connection().await else {
            return;
        };
        if let Some(seen) = waiting::look(connection, us).await {
            self.seen = Some(seen);
        }
    }

    /// Ends those that wait for the transaction and hold one of these tables. Returns whether there was one.
    pub(super) async fn end_stuck(&mut self, tables: &[String]) -> bool {
        self.end(&stuck(self.us, tables)).await
    }

    async fn connection(&mut self) -> Option<&mut PgConnection> {
        if self.connection.is_none() {
            self.connection = Some(self.beside.open().await.ok());
        }
        self.connection.as_mut()?.as_mut()
    }

    /// Ends the statements of those that are asked for. Returns whether any was told to end.
    async fn end(&mut self, asked: &str) -> bool {
        let told = end(self.connection().await, asked).await;
        self.ended.extend(&told);
        !told.is_empty()
    }
}

/// Asks for those for whom a process waits while they wait for it. `pg_blocking_pids` stops the server's lock manager for
/// a moment, so it is asked of few.
fn in_the_way(us: i32) -> String {
    format!(
        "SELECT b.pid FROM (SELECT DISTINCT pg_catalog.unnest(pg_catalog.pg_blocking_pids({us})) AS pid) b \
         WHERE {us} = ANY (pg_catalog.pg_blocking_pids(b.pid))"
    )
}

/// Asks for those that wait for a process which waits for nobody, and hold what it wants: one of these tables.
fn stuck(us: i32, tables: &[String]) -> String {
    let tables: Vec<String> = tables
        .iter()
        .map(|table| format!("pg_catalog.to_regclass({})", sql::literal(table)))
        .collect();
    format!(
        "SELECT w.pid FROM (SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l WHERE NOT l.granted) w \
         WHERE {us} = ANY (pg_catalog.pg_blocking_pids(w.pid)) AND EXISTS (SELECT 1 FROM pg_catalog.pg_locks h \
            WHERE h.pid = w.pid AND h.granted AND h.relation IN ({}) AND h.database = \
                (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))",
        tables.join(", ")
    )
}

/// Ends the statements of those that are found, at the moment they are: one that has gone on must not be met at its next.
/// Those are told apart that this user may not end, of which a single one would be an error for all
/// (<https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL>).
fn ending(found: &str) -> String {
    format!(
        "SELECT f.pid, CASE WHEN u.rolsuper OR NOT r.rolsuper AND (pg_catalog.pg_has_role(r.oid, 'USAGE') \
                OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')) \
            THEN pg_catalog.pg_cancel_backend(f.pid) END \
         FROM ({found}) f CROSS JOIN LATERAL pg_catalog.pg_stat_get_activity(f.pid) a \
         LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid \
         JOIN pg_catalog.pg_roles u ON u.rolname = current_user"
    )
}

/// Ends the statements of those that are asked for, over another connection. Returns which it has told.
async fn end(beside: Option<&mut PgConnection>, asked: &str) -> Vec<i32> {
    let Some(beside) = beside else {
        return Vec::new();
    };
    let ending = AssertSqlSafe(ending(asked));
    let met = match sqlx::raw_sql(ending).fetch_all(&mut *beside).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::debug!("{}", fault::engine(&error).message);
            return Vec::new();
        }
    };
    let mut told = Vec::new();
    for row in met {
        match (row.try_get::<i32, _>(0), row.try_get::<Option<bool>, _>(1)) {
            (Ok(process), Ok(Some(true))) => told.push(process),
            // It is another user's: then it is waited for.
            (Ok(process), Ok(None)) => {
                tracing::debug!("process {process} is in the way and may not be ended");
            }
            _ => {}
        }
    }
    told
}
