//! What ends a run from outside: Ctrl-C and SIGTERM, and the time limit.

use std::sync::Arc;
use std::time::Duration;

use super::output::{Ending, Screen};
use super::report::{self, End};
use crate::error::{Error, Kind};
use crate::script::Stop;
use crate::value::Value;

/// Wrappers such as npm pass a terminal's Ctrl-C on to a program that has had it already: that is not a second one.
const SAME_PRESS: Duration = Duration::from_millis(200);

/// Stops the run at the first signal and leaves at once at the second; stops it when the time limit is reached.
/// Must be called inside the runtime, before the run begins.
///
/// # Errors
/// When the signals cannot be listened to: such a run could not be stopped cleanly.
pub fn watch(
    stop: &Stop,
    timeout: Option<Duration>,
    screen: &Arc<dyn Screen>,
) -> std::io::Result<()> {
    let mut signals = Signals::listen()?;
    let (stop, screen) = (stop.clone(), Arc::clone(screen));
    if let Some(limit) = timeout {
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            stop.stop(Kind::Timeout);
        });
    }
    tokio::spawn(async move {
        signals.next().await;
        stop.stop(Kind::Interrupted);
        screen.notice("interrupted: undoing what is unfinished (a second Ctrl-C leaves at once)");
        let same = async {
            loop {
                signals.next().await;
            }
        };
        // It is over when the time is: whatever came within it was the same key press.
        let _ = tokio::time::timeout(SAME_PRESS, same).await;
        signals.next().await;
        leave(&*screen);
    });
    Ok(())
}

/// Ends the program without waiting for anything: what was under way is undone by the database, or by `recover`.
fn leave(screen: &dyn Screen) -> ! {
    let error = Error::new(Kind::Interrupted, "left at once, in the middle of its work")
        .hint("`dbscript status` says what is unfinished");
    let end = End::new(Value::Null, Some(&error));
    let ending = Ending::from(error);
    // The exit code says the same if nothing can be written.
    let _ = screen.end(&end, &ending, None);
    std::process::exit(i32::from(report::exit_code(Kind::Interrupted)))
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn listen() -> std::io::Result<Signals> {
        tokio::signal::windows::ctrl_c().map(Signals)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
