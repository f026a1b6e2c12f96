//! Where a migration that did not come to its end leaves the database, in words: what is in for good, what is half done,
//! what was rolled back, and what to type next.

use super::meanwhile::asked::{NOT_ALLOWED, WRITTEN_SINCE};
use super::statement::STOPPED;
use super::{Applied, Migration, WayBack};
use crate::db::{LOCKED, connection_broke};
use crate::error::{Error, Kind};

/// What is in for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The migration; what is said of it later replaces what was said before.
    pub about: String,
    /// What of it is in, in words; `None` takes back what was said before.
    pub what: Option<String>,
    /// What to do about it, where it is only half of something.
    pub remedy: Option<String>,
}

/// What a connection that broke leaves unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Whether this statement, which may have committed by itself, took effect, and if so these statements before it.
    Statement(String, Option<String>),
    /// How much of this one took effect, which failed: it does several things one by one.
    Partly(String),
    /// Whether this one did, which was stopped as it ran too long.
    Stopped(String),
    /// Whether the commit did.
    Commit,
    /// Whether the record of it did, outside a transaction.
    Record,
    /// Whether what was begun is undone: rolling it back failed, in these words.
    Rollback(String),
}

impl Doubt {
    /// It in words.
    fn told(&self) -> String {
        match self {
            Doubt::Statement(place, before) => {
                let before = before.as_ref().map_or(String::new(), |before| {
                    format!("; once it began, {before} committed with that")
                });
                format!(
                    "the connection broke at {place}, and it cannot be known whether that statement took effect{before}"
                )
            }
            Doubt::Partly(place) => format!(
                "{place} does several things one by one, and it cannot be known which of them are done"
            ),
            Doubt::Stopped(place) => format!(
                "it was stopped at {place}, and it cannot be known whether that statement took effect"
            ),
            Doubt::Commit => {
                "the connection broke at the commit, and it cannot be known whether that took effect".to_owned()
            }
            Doubt::Record => {
                "the connection broke while it was recorded, and it cannot be known whether that took effect".to_owned()
            }
            Doubt::Rollback(refused) => format!(
                "rolling it back failed ({refused}), and it cannot be known what of it is in"
            ),
        }
    }
}

/// How far the last migration begun has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reached {
    /// How many of its statements stay done whatever is rolled back.
    pub(super) stays: usize,
    /// What was rolled back and stays all the same, in words: tables without transactions keep what is written to them.
    pub(super) kept: Option<String>,
    /// What is not known.
    pub(super) doubt: Option<Doubt>,
}

/// Statements that MySQL never commits by itself (<https://dev.mysql.com/doc/refman/8.0/en/implicit-commit.html>): with
/// the connection they are rolled back.
const ROWS_ONLY: [&str; 6] = ["INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "WITH"];

/// Statements that commit what is before them as soon as they begin, but for those on temporary tables.
const AT_ONCE: [&str; 7] = [
    "ALTER", "CREATE", "DROP", "GRANT", "RENAME", "REVOKE", "TRUNCATE",
];

/// Statements that do several things one by one where they name several, and may fail in the middle: MariaDB's DROP TABLE
/// of several tables drops those that are there (<https://mariadb.com/kb/en/drop-table/>).
const ONE_BY_ONE: [&str; 4] = ["DROP", "GRANT", "RENAME", "REVOKE"];

/// Statements that run others, one by one.
const OTHERS: [&str; 3] = ["BEGIN", "CALL", "EXECUTE"];

/// Whether a statement touches nothing but rows, seen by its first word.
pub(super) fn is_rows_only(statement: &str) -> bool {
    begins_with(statement, &ROWS_ONLY)
}

/// Whether a statement changes nothing but its session.
pub(super) fn is_of_session(statement: &str) -> bool {
    let beyond = ["GLOBAL", "PERSIST", "PASSWORD", "ROLE"];
    let text = statement.to_ascii_uppercase();
    begins_with(statement, &["SET"]) && !beyond.iter().any(|word| text.contains(word))
}

/// Whether a statement is sure to commit what is before it as soon as it begins.
pub(super) fn commits_at_once(statement: &str) -> bool {
    let mut words = statement.split_whitespace().take(4);
    begins_with(statement, &AT_ONCE) && !words.any(|word| word.eq_ignore_ascii_case("TEMPORARY"))
}

/// Whether a statement that failed outside a transaction may have committed a part of its work: a procedure or a DO block
/// may say COMMIT there (<https://www.postgresql.org/docs/15/plpgsql-transactions.html>).
pub(super) fn commits_within(statement: &str) -> bool {
    let commits = || statement.to_ascii_uppercase().contains("COMMIT");
    begins_with(statement, &["CALL"]) || (begins_with(statement, &["DO"]) && commits())
}

/// Whether a statement that failed may have done a part of its work for good. CREATE OR REPLACE drops what it is to
/// replace first.
pub(super) fn is_piecemeal(statement: &str) -> bool {
    let mut words = statement.split_whitespace().map(str::to_ascii_uppercase);
    let replaces = words.next().as_deref() == Some("CREATE")
        && words.next().as_deref() == Some("OR")
        && words.next().as_deref() == Some("REPLACE");
    let several = begins_with(statement, &ONE_BY_ONE) && statement.contains(',');
    replaces || several || begins_with(statement, &OTHERS)
}

fn begins_with(statement: &str, words: &[&str]) -> bool {
    let first = statement.split(|letter: char| !letter.is_ascii_alphabetic());
    let first = first.take(1).next().unwrap_or_default();
    words.iter().any(|word| word.eq_ignore_ascii_case(first))
}

impl Settled {
    /// A migration that may be in, or half in.
    pub(super) fn in_doubt(
        migration: &Migration,
        stays: usize,
        what: &str,
        way_back: &WayBack,
    ) -> Settled {
        let what = format!("{what} may or may not have taken effect");
        let remedy = way_back.look(migration.version, !migration.no_transaction);
        Settled::besides(migration, stays, &what, remedy)
    }

    /// A migration that was rolled back, of which this stays all the same.
    pub(super) fn kept(
        migration: &Migration,
        stays: usize,
        kept: &str,
        way_back: &WayBack,
    ) -> Settled {
        let remedy = way_back.remedy(migration.version);
        Settled::besides(migration, stays, &format!("{kept} stays"), remedy)
    }

    /// A migration of which there is this to say besides that so many statements stay.
    fn besides(migration: &Migration, stays: usize, what: &str, remedy: String) -> Settled {
        let before = match stays {
            0 => String::new(),
            _ => format!("{}, and ", those_that_stay(stays)),
        };
        let Migration {
            version,
            description,
            ..
        } = migration;
        Settled {
            about: format!("migration {version}"),
            what: Some(format!(
                "of migration {version} ({description}), {before}{what}"
            )),
            remedy: Some(remedy),
        }
    }

    /// A migration that is in.
    pub fn applied(version: i64) -> Settled {
        Settled {
            about: format!("migration {version}"),
            what: Some(format!("migration {version} is applied")),
            remedy: None,
        }
    }

    /// A migration of which nothing stays, other than was said.
    pub fn nothing(migration: &Migration) -> Settled {
        Settled {
            about: format!("migration {}", migration.version),
            what: None,
            remedy: None,
        }
    }

    /// A migration whose first statements are done, and no longer undone by a rollback.
    pub(super) fn half_done(
        migration: &Migration,
        stays: usize,
        count: usize,
        way_back: &WayBack,
    ) -> Settled {
        let Migration {
            version,
            description,
            ..
        } = migration;
        Settled {
            about: format!("migration {version}"),
            what: Some(format!(
                "of the {count} statements of migration {version} ({description}), {}",
                those_that_stay(stays)
            )),
            remedy: Some(way_back.remedy(*version)),
        }
    }
}

/// These statements, as they are named in a sentence about the one behind them.
pub(super) fn those_before(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("statement 1 was".to_owned()),
        _ => Some(format!("statements 1 to {count} were")),
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

/// The SQLSTATEs of a deadlock: PostgreSQL's, MySQL's.
const DEADLOCKS: [&str; 2] = ["40P01", "40001"];

/// What helps where others and the migration waited for each other.
const ONCE_MORE: &str = "nothing is wrong with the migration: run `dbscript run safe-migration` again, at a quieter time or with what uses these tables stopped if it comes to that again";

/// What helps where others kept a lock that a statement needed.
const QUIETER: &str = "end what holds it, or run `dbscript run safe-migration` again at a quieter time, or let it wait longer with `--lock-timeout SECONDS`: while it waits, every later query of that table waits too";

/// The same error, saying what state the database is in and what to do.
pub(super) fn with_state(
    error: Error,
    in_transaction: bool,
    done: &[Applied],
    reached: &Reached,
    (way_back, version): (&WayBack, i64),
) -> Error {
    let stays = reached.stays;
    let before = match done.last() {
        None => String::new(),
        Some(last) => format!("migrations up to {} are applied; ", last.version),
    };
    let statements = those_that_stay(stays);
    if let Some(doubt) = &reached.doubt {
        let before = match stays {
            0 => before,
            _ => format!("{before}{statements}; "),
        };
        let unknown = doubt.told();
        let mut error = error;
        error.message = format!("{}; {before}{unknown}", error.message);
        return error.hint(way_back.look(version, in_transaction));
    }
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
    if let Some(kept) = &reached.kept {
        let statements = match stays {
            0 => String::new(),
            _ => format!("{statements}; "),
        };
        let rest = match in_transaction {
            true => ", the rest of the failed one was rolled back",
            false => "",
        };
        error.message = format!("{}; {before}{statements}{kept} stays{rest}", error.message);
        return error.hint(way_back.remedy(version));
    }
    let each_other = match is_deadlock(&error) {
        true => "; another program and the migration waited for each other",
        false => "",
    };
    error.message = format!("{}{each_other}; {state}", error.message);
    let hint = way_out(&mut error, stays, way_back, version);
    error.hint(hint)
}

fn is_deadlock(error: &Error) -> bool {
    let code = error.code.as_deref();
    code.is_some_and(|code| DEADLOCKS.contains(&code))
}

/// What helps, from what the error itself says does and what stays.
fn way_out(error: &mut Error, stays: usize, way_back: &WayBack, version: i64) -> String {
    let own = error.hint.take();
    let has = |code: &str| error.code.as_deref() == Some(code);
    let is_full = FULL.iter().any(|code| has(code));
    let (is_locked, is_late) = (
        has(LOCKED),
        has(STOPPED) || has(WRITTEN_SINCE) || has(NOT_ALLOWED),
    );
    match (stays, own) {
        (0, Some(_)) if is_locked => QUIETER.to_owned(),
        (0, _) if is_deadlock(error) => ONCE_MORE.to_owned(),
        (1.., Some(_)) if is_locked || is_late => way_back.remedy(version),
        (_, Some(hint)) => hint,
        (0, None) if is_full => {
            "free space where the database lies, then run `dbscript run safe-migration` again"
                .to_owned()
        }
        (0, None) if error.code.as_deref().is_some_and(connection_broke) => {
            "run `dbscript run safe-migration` again once the server answers".to_owned()
        }
        (0, None) => "correct the migration and run `dbscript run safe-migration` again".to_owned(),
        (_, None) => way_back.remedy(version),
    }
}
