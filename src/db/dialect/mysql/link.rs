//! The thread that owns a connection.
//!
//! The driver loses its place in the protocol when one of its futures is dropped half-way, so nobody outside ever holds
//! one: jobs are sent to a thread with a small runtime of its own, and run to their end there. A job whose future is
//! dropped is cancelled on the server, by KILL QUERY over a second connection; the connection stays usable.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use sqlx::mysql::MySqlConnection;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::definer::Lost;
use super::open::{self, Opened};
use super::spool::Spool;
use super::watch::{self, Watch};
use super::{rebuild, text};
use crate::db::catalog::Sequence;
use crate::db::dialect::{Begin, Overtaken};
use crate::db::server::Server;
use crate::db::{Access, Engine, Error, Result};

/// How often a statement that is to stop is told so, in milliseconds: the first word may come between two statements.
const KILL_AGAIN_MS: u64 = 300;

/// How long a connection may take to close, in milliseconds: a run that is stopped has three seconds.
const CLOSE_WAIT_MS: u64 = 2_500;

type Running<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
type Work = Box<dyn for<'a> FnOnce(&'a mut State) -> Running<'a> + Send>;

struct Job {
    work: Work,
    stop: CancellationToken,
}

/// The connection's side of things, on its thread.
pub(super) struct State {
    pub(super) connection: MySqlConnection,
    pub(super) engine: Engine,
    pub(super) server: Server,
    /// The address as people may see it.
    pub(super) place: String,
    /// The connection's number, by which another one can stop its statement.
    number: u64,
    pub(super) access: Access,
    /// The largest statement the server takes, in bytes.
    pub(super) largest: usize,
    pub(super) cursors: HashMap<u64, Spool>,
    pub(super) next_cursor: u64,
    /// The transaction that is open.
    pub(super) transaction: Option<Begin>,
    /// The database beside this one that the open transaction builds and its commit puts in place.
    pub(super) beside: Option<String>,
    /// Counters that are set when the open transaction is committed: to set one is DDL, which would commit it.
    pub(super) counters: Vec<Sequence>,
    /// Events as they are to be, where they were made so that they rest.
    pub(super) events: Vec<String>,
    /// Views that were made in our own name, and the definers that they are to have.
    pub(super) views: Vec<(String, String)>,
    /// The statements, without definers, of views that the open transaction could not make.
    pub(super) left_out: Vec<String>,
    /// Objects that the restore leaves as they are, each a kind and a name.
    pub(super) keeps: Vec<(String, String)>,
    /// What state a commit left behind that could be neither finished nor undone.
    pub(super) wreck: Option<String>,
    /// Who else writes, while a restore is on.
    pub(super) watch: Option<Watch>,
    /// Whether a deadlock has undone the open transaction, which looks as if a statement had committed it.
    pub(super) undone: bool,
    /// Whether the open transaction has no savepoint at its start, as one of its tables allows none.
    pub(super) unmarked: bool,
    /// Whether a rollback could not undo everything, which nobody has asked for yet.
    pub(super) kept: bool,
    /// Whether a statement failed that may have written something all the same, which nobody has asked for yet.
    pub(super) partly: bool,
    /// What others wrote while tables changed places, which nobody has asked for yet.
    pub(super) overtaken: Option<Overtaken>,
    /// What people are to be told that is no error.
    pub(super) notes: Vec<String>,
    /// Objects that were made without the definer that they were to have.
    pub(super) lost: Vec<Lost>,
    /// The kinds of objects that a restore leaves alone where its set does not make them.
    pub(super) unseen: Vec<String>,
    /// How long a statement may wait for a lock, in seconds, where that is limited.
    pub(super) lock_limit_s: Option<u64>,
    /// The name of the migration lock, while it is held.
    pub(super) lock: Option<String>,
    /// Whether the lock of restores is held.
    pub(super) restores: bool,
    /// Whether others are kept from tables that this session has locked.
    pub(super) alone: bool,
    stop: CancellationToken,
}

impl State {
    /// Refuses to go on with a job that nobody waits for any more.
    pub(super) fn wanted(&self) -> Result<()> {
        if self.stop.is_cancelled() {
            Err(Error::Closed)
        } else {
            Ok(())
        }
    }

    /// Keeps what people are to be told, once.
    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The database that unqualified names mean.
    pub(super) fn current(&self) -> &str {
        self.beside.as_ref().unwrap_or(&self.server.database)
    }

    /// Runs a statement of ours.
    pub(super) async fn run(&mut self, sql: &str) -> Result<u64> {
        self.wanted()?;
        text::run(&mut self.connection, sql).await
    }
}

/// The handle to the thread. Dropped, it stops what runs and waits until the connection is closed: only then is an open
/// transaction rolled back and a lock given back.
pub(super) struct Link {
    /// `None` only while it is dropped.
    jobs: Option<mpsc::UnboundedSender<Job>>,
    /// Hangs up when the thread has closed the connection.
    closed: std::sync::mpsc::Receiver<()>,
    stop: CancellationToken,
    engine: Engine,
}

impl Link {
    /// Connects on a thread of its own.
    pub(super) async fn start(server: &Server, place: &str, access: Access) -> Result<Link> {
        let (jobs, inbox) = mpsc::unbounded_channel();
        let (closing, closed) = std::sync::mpsc::channel();
        let (ready, opened) = oneshot::channel();
        let stop = CancellationToken::new();
        let (server, place, theirs) = (server.clone(), place.to_owned(), stop.clone());
        let starting = |source| Error::File {
            action: "start a thread for",
            path: "the database".to_owned(),
            source,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(starting)?;
        std::thread::Builder::new()
            .name("mysql".to_owned())
            .spawn(move || {
                runtime.block_on(live(server, place, access, theirs, inbox, ready));
                drop(runtime);
                drop(closing);
            })
            .map_err(starting)?;
        let guard = stop.clone().drop_guard();
        let engine = opened.await.map_err(|_| Error::Closed)??;
        let stop = guard.disarm();
        Ok(Link {
            jobs: Some(jobs),
            closed,
            stop,
            engine,
        })
    }

    /// MySQL or MariaDB, as the server says.
    pub(super) fn engine(&self) -> Engine {
        self.engine
    }

    /// Runs a job on the connection and waits for it; dropped before it is done, the job is cancelled.
    pub(super) async fn call<T, W>(&mut self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: AsyncFnOnce(&mut State) -> Result<T> + Send + 'static,
    {
        let stop = self.stop.child_token();
        let guard = stop.clone().drop_guard();
        let result = self.send(stop, work).await;
        guard.disarm();
        result
    }

    /// Runs a job that goes on when nobody waits for it any more: what ends a transaction.
    pub(super) async fn call_to_the_end<T, W>(&mut self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: AsyncFnOnce(&mut State) -> Result<T> + Send + 'static,
    {
        self.send(CancellationToken::new(), work).await
    }

    async fn send<T, W>(&mut self, stop: CancellationToken, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: AsyncFnOnce(&mut State) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            work: Box::new(move |state| {
                Box::pin(async move {
                    // Nobody listens to a cancelled job.
                    let _ = answer.send(work(state).await);
                })
            }),
            stop,
        };
        let jobs = self.jobs.as_ref().ok_or(Error::Closed)?;
        jobs.send(job).map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop.cancel();
        self.jobs = None;
        // A server that does not answer would keep us for ever; it notices by itself that we are gone.
        let _ = self
            .closed
            .recv_timeout(Duration::from_millis(CLOSE_WAIT_MS));
    }
}

/// Everything the thread does.
async fn live(
    server: Server,
    place: String,
    access: Access,
    stop: CancellationToken,
    mut inbox: mpsc::UnboundedReceiver<Job>,
    ready: oneshot::Sender<Result<Engine>>,
) {
    let opened = tokio::select! {
        opened = open::open(&server, &place, access) => opened,
        () = stop.cancelled() => return,
    };
    let Opened {
        connection,
        engine,
        number,
        largest,
    } = match opened {
        Ok(opened) => opened,
        Err(error) => {
            // Nobody listens when the opener has given up.
            let _ = ready.send(Err(error));
            return;
        }
    };
    let mut state = State {
        connection,
        engine,
        server,
        place,
        number,
        access,
        largest,
        cursors: HashMap::new(),
        next_cursor: 0,
        transaction: None,
        beside: None,
        counters: Vec::new(),
        events: Vec::new(),
        views: Vec::new(),
        left_out: Vec::new(),
        keeps: Vec::new(),
        wreck: None,
        watch: None,
        undone: false,
        unmarked: false,
        kept: false,
        partly: false,
        overtaken: None,
        notes: Vec::new(),
        lost: Vec::new(),
        unseen: Vec::new(),
        lock_limit_s: None,
        lock: None,
        restores: false,
        alone: false,
        stop: stop.clone(),
    };
    if ready.send(Ok(engine)).is_ok() {
        while let Some(job) = inbox.recv().await {
            attend(&mut state, job).await;
        }
    }
    state.stop = CancellationToken::new();
    // Nobody is left to tell.
    let _ = rebuild::abandon(&mut state).await;
    watch::stop(&mut state).await;
    open::close(state.connection).await;
}

/// Runs a job to its end, the sooner if nobody waits for it any more.
async fn attend(state: &mut State, job: Job) {
    let Job { work, stop } = job;
    if stop.is_cancelled() {
        return;
    }
    state.stop = stop.clone();
    let (server, place, number) = (state.server.clone(), state.place.clone(), state.number);
    let stopped = {
        let mut running = work(state);
        tokio::select! {
            () = &mut running => false,
            () = stop.cancelled() => {
                let done = CancellationToken::new();
                let ending = async {
                    running.await;
                    done.cancel();
                };
                tokio::join!(ending, kill(&server, &place, number, &done));
                true
            }
        }
    };
    if stopped {
        // A word that came too late must not stop the next statement.
        let _ = text::surely(&mut state.connection, "DO 0").await;
    }
}

/// Ends a statement whose rows are not wanted any more: the driver reads them all before anything else is asked.
pub(super) async fn end_unread(state: &mut State) {
    if let Ok(mut other) = open::connect_to_server(&state.server, &state.place).await {
        // It may have ended by itself.
        let _ = text::run(&mut other, &format!("KILL QUERY {}", state.number)).await;
        open::close(other).await;
    }
    // What the stopped statement says is no news, and a word that came too late must not stop the next one.
    for _ in 0..2 {
        let _ = text::surely(&mut state.connection, "DO 0").await;
    }
}

/// Tells the server to stop what the connection of this number runs, until it is done. The last word is waited for.
async fn kill(server: &Server, place: &str, number: u64, done: &CancellationToken) {
    let connected = tokio::select! {
        connected = open::connect_to_server(server, place) => connected,
        () = done.cancelled() => return,
    };
    let Ok(mut other) = connected else {
        // Then the statement ends when it ends.
        return;
    };
    let sql = format!("KILL QUERY {number}");
    while !done.is_cancelled() {
        // It may have ended by itself.
        let _ = text::run(&mut other, &sql).await;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(KILL_AGAIN_MS)) => {}
            () = done.cancelled() => {}
        }
    }
    open::close(other).await;
}
