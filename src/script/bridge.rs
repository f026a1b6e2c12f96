//! The only place where the script's thread waits for async code, and where a signal or the time limit ends that wait.
//!
//! It is never held while the script runs: BEGIN, the closure and COMMIT are three waits, since a wait inside a wait
//! panics.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;

use super::context::Stop;
use crate::error::{Error, Kind, Result};

/// How long clean-up may take after a run was stopped.
pub const CLEANUP: Duration = Duration::from_secs(3);

/// How long a restore that is being put in place may take after a run was stopped: on MySQL it may wait for others'
/// transactions, and for each no longer than half a minute.
pub const PLACING: Duration = Duration::from_secs(100);

/// Waits for futures on the script's own thread.
pub struct Bridge {
    handle: Handle,
    stop: Stop,
}

impl Bridge {
    /// A bridge to this runtime.
    pub fn new(handle: Handle, stop: Stop) -> Self {
        Bridge { handle, stop }
    }

    /// Why the run was stopped, as an error, if it was.
    pub fn stopped(&self) -> Option<Error> {
        self.stop.reason().map(stopped)
    }

    /// Waits for a future, or until the run is stopped: then the future is dropped, which cancels its statement.
    ///
    /// # Errors
    /// The future's own, or `Interrupted` or `Timeout`.
    pub fn wait<T, E: Into<Error>>(
        &self,
        future: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        self.handle.block_on(async {
            tokio::select! {
                biased;
                () = self.stop.stopped() => {
                    Err(stopped(self.stop.reason().unwrap_or(Kind::Interrupted)))
                }
                result = future => result.map_err(Into::into),
            }
        })
    }

    /// Waits for a future that must not be cut off half-way: a stop gives it [`CLEANUP`] more.
    ///
    /// # Errors
    /// The future's own, or `Interrupted` or `Timeout`.
    pub fn finish<T, E: Into<Error>>(
        &self,
        future: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        self.finish_within(CLEANUP, || {}, future)
    }

    /// As [`Bridge::finish`], where a stop gives `limit` more, and is told if it comes meanwhile.
    ///
    /// # Errors
    /// As [`Bridge::finish`].
    pub fn finish_within<T, E: Into<Error>>(
        &self,
        limit: Duration,
        told: impl FnOnce(),
        future: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        self.stop.hold(true);
        let result = self.handle.block_on(async {
            let too_late = async {
                self.stop.stopped().await;
                told();
                tokio::time::sleep(limit).await;
            };
            tokio::select! {
                biased;
                result = future => result.map_err(Into::into),
                () = too_late => Err(stopped(self.stop.reason().unwrap_or(Kind::Interrupted))),
            }
        });
        self.stop.hold(false);
        result
    }

    /// Waits for a future that mends: it is not cancelled when the run is, but has [`CLEANUP`] at most.
    ///
    /// # Errors
    /// The future's own, or `Timeout`.
    pub fn mend<T, E: Into<Error>>(
        &self,
        future: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        self.handle.block_on(async {
            match tokio::time::timeout(CLEANUP, future).await {
                Ok(result) => result.map_err(Into::into),
                Err(_) => Err(Error::new(
                    Kind::Timeout,
                    format!("clean-up took longer than {} s", CLEANUP.as_secs()),
                )),
            }
        })
    }
}

/// The error of a run that was stopped for this reason.
pub fn stopped(reason: Kind) -> Error {
    match reason {
        Kind::Timeout => Error::new(Kind::Timeout, "the time limit was reached"),
        _ => Error::new(Kind::Interrupted, "interrupted"),
    }
}
