//! What SQLite does outside a transaction only.

use crate::hazard::action::{Action, Lock, LockWhen};

/// VACUUM, which fails inside one (<https://www.sqlite.org/lang_vacuum.html>).
pub(super) fn vacuum() -> Action {
    said(
        "VACUUM cannot run in a transaction, and this file runs in one",
        LockWhen::InTransaction,
    )
}

/// A change of the journal's mode: inside a transaction that has written it is passed over in silence, otherwise an error
/// (<https://www.sqlite.org/pragma.html#pragma_journal_mode>).
pub(super) fn journal_mode() -> Action {
    said(
        "SQLite does not change `journal_mode` in a transaction, and this file runs in one",
        LockWhen::IgnoredInTransaction,
    )
}

fn said(message: &str, when: LockWhen) -> Action {
    Action::Lock(Lock {
        rule: "cannot-run",
        table: None,
        message: message.to_owned(),
        hint: Some("put it in a file of its own that starts with `-- no-transaction`".to_owned()),
        when,
    })
}
