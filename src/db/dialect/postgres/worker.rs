//! The task that owns a PostgreSQL connection.
//!
//! The protocol must not be left in the middle of an answer, so a connection lives on a task of its own and takes orders,
//! which always run to their end. When nobody waits for an order any more, its statement is cancelled on the server, over
//! another connection, until it has ended (<https://www.postgresql.org/docs/current/functions-admin.html>).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::state::State;
use crate::db::{Error, Result};

/// How long one attempt to cancel may take.
const CANCEL_WAIT: Duration = Duration::from_millis(1_000);
/// How long a cancelled statement has to end before it is cancelled once more.
const CANCEL_AGAIN: Duration = Duration::from_millis(100);
/// After so many attempts the connection is given up.
const CANCEL_ATTEMPTS: usize = 20;

/// What an order does with the connection.
pub(super) type Work<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type Job = Box<dyn for<'a> FnOnce(&'a mut State) -> Work<'a, ()> + Send>;

struct Order {
    job: Job,
    /// Cancelled when nobody waits any more.
    gone: CancellationToken,
}

/// The handle to the task. Dropped, it ends the connection; the server rolls back what is open.
pub(super) struct Worker {
    orders: mpsc::UnboundedSender<Order>,
}

impl Worker {
    /// Starts the task.
    pub(super) fn start(state: State) -> Worker {
        let (orders, inbox) = mpsc::unbounded_channel();
        tokio::spawn(drive(state, inbox));
        Worker { orders }
    }

    /// Runs something with the connection; dropped, it is cancelled on the server.
    pub(super) async fn call<T, J>(&self, job: J) -> Result<T>
    where
        T: Send + 'static,
        J: for<'a> FnOnce(&'a mut State) -> Work<'a, Result<T>> + Send + 'static,
    {
        let gone = CancellationToken::new();
        let _waiting = gone.clone().drop_guard();
        self.send(job, gone).await
    }

    /// Runs something that is not cancelled, whoever waits.
    pub(super) async fn insist<T, J>(&self, job: J) -> Result<T>
    where
        T: Send + 'static,
        J: for<'a> FnOnce(&'a mut State) -> Work<'a, Result<T>> + Send + 'static,
    {
        self.send(job, CancellationToken::new()).await
    }

    async fn send<T, J>(&self, job: J, gone: CancellationToken) -> Result<T>
    where
        T: Send + 'static,
        J: for<'a> FnOnce(&'a mut State) -> Work<'a, Result<T>> + Send + 'static,
    {
        let (answer, receive) = oneshot::channel();
        let job: Job = Box::new(move |state| {
            Box::pin(async move {
                let result = job(state).await;
                // Nobody may wait any more.
                let _ = answer.send(result);
            })
        });
        self.orders
            .send(Order { job, gone })
            .map_err(|_| Error::Closed)?;
        receive.await.map_err(|_| Error::Closed)?
    }
}

async fn drive(mut state: State, mut inbox: mpsc::UnboundedReceiver<Order>) {
    while let Some(Order { job, gone }) = inbox.recv().await {
        if gone.is_cancelled() {
            continue;
        }
        let (options, backend) = (state.options.clone(), Arc::clone(&state.backend));
        let mut work = job(&mut state);
        let ended = tokio::select! {
            () = &mut work => true,
            () = gone.cancelled() => false,
        };
        if !ended && !stop(&mut work, &options, &backend).await {
            return;
        }
        drop(work);
        if state.broken {
            return;
        }
    }
    // The server notices a closed connection by itself; this only spares it a line in its log.
    let _ = state.connection.close().await;
}

/// Cancels until the work has ended. Both are waited for: a signal that comes late must not strike the next statement.
async fn stop(work: &mut Work<'_, ()>, options: &PgConnectOptions, backend: &AtomicI32) -> bool {
    for _ in 0..CANCEL_ATTEMPTS {
        let attempt =
            tokio::time::timeout(CANCEL_WAIT, cancel(options, backend.load(Ordering::SeqCst)));
        let (_, ended) = tokio::join!(attempt, tokio::time::timeout(CANCEL_AGAIN, &mut *work));
        if ended.is_ok() {
            return true;
        }
    }
    false
}

/// Tells the server once to end what this process of it runs; when that cannot be told, it runs to its end.
pub(super) async fn stop_once(options: &PgConnectOptions, backend: i32) {
    let told = tokio::time::timeout(CANCEL_WAIT, cancel(options, backend)).await;
    if let Ok(Err(error)) = told {
        tracing::debug!("{error}");
    }
}

async fn cancel(options: &PgConnectOptions, backend: i32) -> sqlx::Result<()> {
    if backend == 0 {
        // Between two transactions of a pooler nothing runs; at the start of one it is known soon.
        tokio::time::sleep(CANCEL_AGAIN).await;
        return Ok(());
    }
    let mut connection = options.connect().await?;
    let sql = format!("SELECT pg_catalog.pg_cancel_backend({backend})");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut connection)
        .await?;
    connection.close().await
}
