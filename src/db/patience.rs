//! Waiting that is not silent: for a lock that another program holds, a person is told what is waited for. Nor is it
//! without an end.

use std::pin::pin;
use std::time::Duration;

use super::dialect::Begin;
use super::{Engine, Error, Result, Session};
use crate::event::{Event, Level, Sink};

/// How long others' open transactions may keep the tables, in seconds.
pub(in crate::db) const BUSY_WAIT_S: u64 = 30;

/// What there is to say of tables that were kept for as long as that.
pub(in crate::db) fn kept() -> String {
    format!("other programs' transactions have kept the tables for {BUSY_WAIT_S} seconds")
}

/// The error of who has waited as long as that before anything was changed; `who` is what an engine knows of those who kept
/// them, `more` what it adds to the way out.
pub(in crate::db) fn busy(who: &str, more: &str) -> Error {
    Error::Unsupported {
        message: format!("{}, and nothing was changed{who}", kept()),
        hint: format!(
            "stop what uses the database, or wait until it is done, and run this again{more}"
        ),
    }
}

/// How long a wait may be before it is told.
const SILENCE: Duration = Duration::from_secs(1);

/// Waits for `work`; if that takes longer than a moment, says that another program is waited for, once.
pub async fn telling<T>(sink: &dyn Sink, what: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = tokio::time::sleep(SILENCE) => tell(sink, what),
    }
    work.await
}

fn tell(sink: &dyn Sink, what: &str) {
    sink.send(&Event::Log {
        level: Level::Info,
        message: format!("waiting for another program that holds {what} …"),
        data: None,
    });
}

/// Commits. Where a reader can keep a whole file from that, such a wait is told.
///
/// # Errors
/// As [`Session::commit`].
pub async fn commit_telling(session: &mut Session, sink: &dyn Sink) -> Result<()> {
    match session.engine() {
        Engine::Sqlite => telling(sink, "the database", session.commit()).await,
        _ => session.commit().await,
    }
}

/// How long a look at the whole database may take before it is told that it may be waiting.
const LONG_LOOK: Duration = Duration::from_secs(3);

/// Does what reads all of a database at once, and may wait for a lock or be slow by itself, which cannot be told apart: if
/// it takes long, says so, once.
pub async fn telling_late<T>(sink: &dyn Sink, what: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = tokio::time::sleep(LONG_LOOK) => sink.send(&Event::Log {
            level: Level::Info,
            message: format!(
                "{what} takes its time: it may be waiting for another program that holds a lock on a table …"
            ),
            data: None,
        }),
    }
    work.await
}

/// Limits a session's waits to what others' work may take, from its first transaction on. SQLite's own limit is shorter,
/// and there a transaction waits only as it begins.
///
/// # Errors
/// What the engine refuses.
pub async fn limit_waits(session: &mut Session) -> Result<()> {
    match session.engine() {
        Engine::Sqlite => Ok(()),
        _ => session.limit_lock_waits(Some(BUSY_WAIT_S)).await,
    }
}

/// Does what takes as long as it takes, but for its waits for what others have locked: a wait of more than a moment is
/// told, and ends after half a minute. A slow statement is not taken for one that waits, as it is the engine that says
/// so: `work` is then done once more. Of what it did before nothing may be left, so inside a transaction it only reads,
/// unless that has [`keeps_attempts_apart`].
///
/// # Errors
/// Those of `work`, `LockWait` among them.
pub async fn patiently<T>(
    session: &mut Session,
    sink: &dyn Sink,
    what: &str,
    work: impl AsyncFn(&mut Session) -> Result<T>,
) -> Result<T> {
    match attempt(session, SILENCE.as_secs(), &work).await {
        Err(Error::LockWait { .. } | Error::Locked { .. }) => tell(sink, what),
        done => return done,
    }
    match attempt(session, BUSY_WAIT_S, &work).await {
        Err(error) => Err(session.who_holds(error).await),
        done => done,
    }
}

/// Whether an attempt that fails inside a transaction leaves nothing of itself and the transaction as it was.
pub fn keeps_attempts_apart(session: &Session) -> bool {
    session.engine() == Engine::Postgres
}

/// Does it once, with such a limit. Where an error spoils a transaction, that is mended.
async fn attempt<T>(
    session: &mut Session,
    limit_s: u64,
    work: &impl AsyncFn(&mut Session) -> Result<T>,
) -> Result<T> {
    let before = session.lock_limit();
    let apart = session.depth() > 0 && keeps_attempts_apart(session);
    session.limit_lock_waits(Some(limit_s)).await?;
    if apart {
        session.begin(Begin::Write).await?;
    }
    let done = work(session).await;
    let ended = match (&done, apart) {
        (_, false) => Ok(()),
        (Ok(_), true) => session.commit().await,
        (Err(_), true) => session.rollback().await,
    };
    let limited = session.limit_lock_waits(before).await;
    let done = done?;
    ended?;
    limited?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Sink for Heard {
        fn send(&self, event: &Event) {
            if let Event::Log { message, .. } = event {
                let mut heard = self.0.lock().expect("nobody panics with it");
                heard.push(message.clone());
            }
        }
    }

    #[tokio::test]
    async fn only_a_long_wait_is_told_and_once() {
        let heard = Heard::default();
        telling(&heard, "the write lock", async {}).await;
        assert_eq!(heard.0.lock().expect("nobody panics with it").len(), 0);
        let until_told = async {
            while heard.0.lock().expect("nobody panics with it").is_empty() {
                tokio::task::yield_now().await;
            }
            tokio::task::yield_now().await;
        };
        telling(&heard, "the write lock", until_told).await;
        let heard = heard.0.into_inner().expect("nobody panics with it");
        assert_eq!(
            heard,
            ["waiting for another program that holds the write lock …"]
        );
    }
}
