//! A bug must not reach a person as a stack of Rust: a panic is noted here and told as an internal error.

use std::sync::Mutex;

use crate::error::{Error, Kind};

/// Where the last panic was.
static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// Notes panics instead of printing them; `-v` shows their text.
pub fn install() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!("{panic}");
        if let Ok(mut last) = PLACE.lock() {
            *last = place;
        }
    }));
}

/// The panic that was just caught, as an error.
pub fn error() -> Error {
    let place = PLACE.lock().ok().and_then(|mut place| place.take());
    let at = place.map_or_else(String::new, |place| format!(" at {place}"));
    let version = env!("CARGO_PKG_VERSION");
    Error::new(
        Kind::Internal,
        format!("internal error in dbscript {version}{at}"),
    )
    .code("internal")
    .hint(
        "this is a bug: please report it with this line, the command, and its run log from `backups/runs/`; \
         `dbscript status` says what state the database is in",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_as_a_bug_with_what_to_send_along() {
        let error = error();
        assert_eq!(error.kind, Kind::Internal);
        assert!(error.message.starts_with("internal error in dbscript "));
        assert!(error.hint.is_some_and(|hint| hint.contains("run log")));
    }
}
