//! Waiting that is not silent: for a lock that another program holds, a person is told what is waited for.

use std::pin::pin;
use std::time::Duration;

use crate::event::{Event, Level, Sink};

/// How long a wait may be before it is told.
const SILENCE: Duration = Duration::from_secs(1);

/// Waits for `work`; if that takes longer than a moment, says that another program is waited for, once.
pub async fn telling<T>(sink: &dyn Sink, what: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = tokio::time::sleep(SILENCE) => sink.send(&Event::Log {
            level: Level::Info,
            message: format!("waiting for another program that holds {what} …"),
            data: None,
        }),
    }
    work.await
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
