//! Where a migration that did not come to its end leaves the database, in words: what is in for good, what is half done,
//! what was rolled back, and what to type next.

use super::{Applied, Migration};
use crate::db::LOCKED;
use crate::error::{Error, Kind};

/// What is in for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The migration; what is said of it later replaces what was said before.
    pub about: String,
    /// What of it is in, in words.
    pub what: String,
    /// What to do about it, where it is only half of something.
    pub remedy: Option<&'static str>,
}

/// What helps where a migration is half done.
const REMEDY: &str =
    "undo those statements by hand, or go back to the backup: `dbscript run restore`";

impl Settled {
    /// A migration that is in.
    pub fn applied(version: i64) -> Settled {
        Settled {
            about: format!("migration {version}"),
            what: format!("migration {version} is applied"),
            remedy: None,
        }
    }

    /// A migration whose first statements are done, and no longer undone by a rollback.
    pub(super) fn half_done(migration: &Migration, stays: usize, count: usize) -> Settled {
        let Migration {
            version,
            description,
            ..
        } = migration;
        Settled {
            about: format!("migration {version}"),
            what: format!(
                "of the {count} statements of migration {version} ({description}), {}",
                those_that_stay(stays)
            ),
            remedy: Some(REMEDY),
        }
    }
}

fn those_that_stay(stays: usize) -> String {
    match stays {
        0 => "none is done, though the one at work may have been".to_owned(),
        1 => "statement 1 is done and stays".to_owned(),
        _ => format!("statements 1 to {stays} are done and stay"),
    }
}

/// The same error, naming the migrations it is about.
pub(super) fn named(error: Error, versions: impl Iterator<Item = i64>) -> Error {
    if error.kind == Kind::Migration {
        return error;
    }
    let versions: Vec<String> = versions.map(|version| version.to_string()).collect();
    let message = format!("migration {} failed", versions.join(", "));
    error.context(Kind::Migration, message)
}

/// The codes of a disk, or a limit on the database's size, that is full: SQLite, SQLSTATE, MySQL's `HY000` has none.
const FULL: [&str; 2] = ["SQLITE_FULL", "53100"];

/// What helps where others kept a lock that a statement needed.
const QUIETER: &str = "end what holds it, or run `dbscript run safe-migration` again at a quieter time, or let it wait longer with `--lock-timeout SECONDS`: while it waits, every later query of that table waits too";

/// The same error, saying what state the database is in and what to do.
pub(super) fn with_state(
    error: Error,
    in_transaction: bool,
    done: &[Applied],
    stays: usize,
) -> Error {
    let before = match done.last() {
        None => String::new(),
        Some(last) => format!("migrations up to {} are applied; ", last.version),
    };
    let statements = those_that_stay(stays);
    let state = match (in_transaction, stays, done.is_empty()) {
        (true, 0, true) => "everything was rolled back, the database is as it was".to_owned(),
        (true, 0, false) => format!("{before}the failed one was rolled back"),
        (true, ..) => format!(
            "{before}{statements}: the database commits such statements by itself; what came after was rolled back"
        ),
        (false, 0, _) => format!("{before}no statement of the failed one is done"),
        (false, ..) => {
            format!("{before}{statements}: the failed one runs outside a transaction")
        }
    };
    let mut error = error;
    error.message = format!("{}; {state}", error.message);
    let is_full = error
        .code
        .as_ref()
        .is_some_and(|code| FULL.contains(&code.as_str()));
    let is_locked = error.code.as_deref() == Some(LOCKED);
    let hint = match (stays, error.hint.take()) {
        (0, Some(_)) if is_locked => QUIETER.to_owned(),
        (_, Some(_)) if is_locked => REMEDY.to_owned(),
        (_, Some(hint)) => hint,
        (0, None) if is_full => {
            "free space where the database lies, then run `dbscript run safe-migration` again"
                .to_owned()
        }
        (0, None) => "correct the migration and run `dbscript run safe-migration` again".to_owned(),
        (_, None) => REMEDY.to_owned(),
    };
    error.hint(hint)
}
