//! The thread that owns a SQLite connection.
//!
//! rusqlite is synchronous and a connection must stay on one thread at a time, so each connection lives on a thread of
//! its own and takes jobs. A job whose future is dropped is cancelled: it does not start, or its statement stops at the
//! next look of the progress handler.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::oneshot;

use super::cursor::OpenCursor;
use super::fault;
use crate::db::{Error, Result};

/// Virtual-machine instructions between two looks at the cancellation mark: some ten microseconds.
const INSTRUCTIONS_BETWEEN_LOOKS: i32 = 4_000;

/// How long another program's lock is waited for where nothing else is said, in milliseconds.
const LOCK_WAIT_MS: u64 = 10_000;

/// How long another program's lock is waited for, given what is said of it, in seconds.
pub(super) fn lock_wait(limit_s: Option<u64>) -> Duration {
    limit_s.map_or(Duration::from_millis(LOCK_WAIT_MS), Duration::from_secs)
}

/// How long a connection may take to close, in milliseconds: a run that is stopped has three seconds.
const CLOSE_WAIT_MS: u64 = 2_500;

type Job = Box<dyn FnOnce(&mut State) + Send>;

/// The connection's side of things, on its thread.
pub(super) struct State {
    pub(super) connection: std::rc::Rc<Connection>,
    pub(super) cursors: HashMap<u64, OpenCursor>,
    pub(super) next_cursor: u64,
    /// How long another program's lock is waited for.
    pub(super) lock_wait: Duration,
    /// The same where nothing else is said of it.
    pub(super) usual_wait: Duration,
    /// Whether foreign keys were enforced when the open transaction began; `None` where none of ours is open.
    pub(super) enforced: Option<bool>,
    marks: Arc<Marks>,
}

/// Which job runs and up to which job all are cancelled.
#[derive(Default)]
struct Marks {
    current: AtomicU64,
    cancelled: AtomicU64,
}

impl Marks {
    fn is_cancelled(&self) -> bool {
        self.current.load(Ordering::Relaxed) <= self.cancelled.load(Ordering::Relaxed)
    }
}

impl State {
    /// Runs a step that another program's lock may refuse, again and again for as long as the session may wait.
    pub(super) fn patiently<'s, T>(
        &'s self,
        mut step: impl FnMut(&'s Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.again(|| step(&self.connection).map_err(fault::statement))
    }

    /// The same for work that only reads: done once more it gives what is there then.
    pub(super) fn again<T>(&self, work: impl FnMut() -> Result<T>) -> Result<T> {
        patiently(self.lock_wait, || self.marks.is_cancelled(), work)
    }
}

/// Does what another program's lock may refuse, again and again until it is done, somebody gives up or the time is over.
pub(super) fn patiently<T>(
    lock_wait: Duration,
    given_up: impl Fn() -> bool,
    mut work: impl FnMut() -> Result<T>,
) -> Result<T> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        match work() {
            Err(Error::Locked { .. }) if start.elapsed() < lock_wait && !given_up() => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(50));
            }
            result => return result,
        }
    }
}

/// The handle to the thread. Dropped, it waits until the connection is closed: only then is an open transaction rolled
/// back and the file free to be removed.
pub(super) struct Worker {
    /// `None` only while it is dropped.
    jobs: Option<std::sync::mpsc::Sender<Job>>,
    /// Hangs up when the thread has closed the connection.
    closed: std::sync::mpsc::Receiver<()>,
    interrupt: Arc<InterruptHandle>,
    marks: Arc<Marks>,
    last: u64,
}

impl Worker {
    /// Starts a thread with the connection that `open` makes there, tried for as long as another program's lock may last:
    /// `lock_wait`, which then counts for what it is told to do too.
    pub(super) async fn start(
        lock_wait: Duration,
        open: impl Fn() -> Result<Connection> + Send + 'static,
    ) -> Result<Worker> {
        let (jobs, inbox) = std::sync::mpsc::channel::<Job>();
        let (closing, closed) = std::sync::mpsc::channel();
        let (ready, opened) = oneshot::channel();
        let marks = Arc::new(Marks::default());
        let theirs = marks.clone();
        let body = move || {
            let opened = patiently(lock_wait, || ready.is_closed(), open);
            let connection = match opened.and_then(|connection| watched(connection, &theirs)) {
                Ok(connection) => connection,
                Err(error) => {
                    // Nobody listens when the opener has given up.
                    let _ = ready.send(Err(error));
                    return;
                }
            };
            let interrupt = Arc::new(connection.get_interrupt_handle());
            let mut state = State {
                connection: std::rc::Rc::new(connection),
                cursors: HashMap::new(),
                next_cursor: 0,
                lock_wait,
                usual_wait: lock_wait,
                enforced: None,
                marks: theirs,
            };
            if ready.send(Ok(interrupt)).is_ok() {
                for job in inbox {
                    job(&mut state);
                }
            }
            drop(state);
            drop(closing);
        };
        std::thread::Builder::new()
            .name("sqlite".to_owned())
            .spawn(body)
            .map_err(|source| Error::File {
                action: "start a thread for",
                path: "the database".to_owned(),
                source,
            })?;
        let interrupt = opened.await.map_err(|_| Error::Closed)??;
        Ok(Worker {
            jobs: Some(jobs),
            closed,
            interrupt,
            marks,
            last: 0,
        })
    }

    /// Runs a job on the thread and waits for it; dropped before it is done, the job is cancelled.
    pub(super) async fn call<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut State) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.last += 1;
        let number = self.last;
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |state| {
            state.marks.current.store(number, Ordering::Relaxed);
            if state.marks.is_cancelled() {
                return;
            }
            // Nobody listens to a cancelled job.
            let _ = answer.send(work(state));
        });
        let jobs = self.jobs.as_ref().ok_or(Error::Closed)?;
        jobs.send(job).map_err(|_| Error::Closed)?;
        let guard = CancelOnDrop {
            marks: &self.marks,
            interrupt: &self.interrupt,
            number,
            armed: true,
        };
        let result = answered.await.map_err(|_| Error::Closed)?;
        guard.disarm();
        result
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        // A job that waits for a channel nobody serves would keep us for ever; what it left undone, SQLite undoes when
        // the file is opened next.
        let _ = self
            .closed
            .recv_timeout(Duration::from_millis(CLOSE_WAIT_MS));
    }
}

struct CancelOnDrop<'a> {
    marks: &'a Marks,
    interrupt: &'a InterruptHandle,
    number: u64,
    armed: bool,
}

impl CancelOnDrop<'_> {
    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.marks
                .cancelled
                .fetch_max(self.number, Ordering::Relaxed);
            // For what runs long inside one instruction; the progress handler sees the rest.
            self.interrupt.interrupt();
        }
    }
}

fn watched(connection: Connection, marks: &Arc<Marks>) -> Result<Connection> {
    let marks = marks.clone();
    connection
        .progress_handler(
            INSTRUCTIONS_BETWEEN_LOOKS,
            Some(move || marks.is_cancelled()),
        )
        .map_err(fault::statement)?;
    Ok(connection)
}
