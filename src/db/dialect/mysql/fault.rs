//! The server's errors in this room's terms (<https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html>).

use sqlx::mysql::MySqlDatabaseError;

use crate::db::error::{TABLE_LOCKS, TLS, UNREACHABLE, is_tls};
use crate::db::{EngineError, Error};

/// A statement that cannot be prepared.
pub(super) const NOT_PREPARABLE: u16 = 1295;
/// What the storage engine of a table cannot do.
pub(super) const NOT_IN_ENGINE: u16 = 1178;
/// A savepoint that is not there.
pub(super) const NO_SAVEPOINT: u16 = 1305;
/// A statement that was stopped.
pub(super) const INTERRUPTED: u16 = 1317;
/// A connection that was ended: MariaDB gives it the SQLSTATE of a statement that was stopped.
const CONNECTION_KILLED: u16 = 1927;
/// The SQLSTATE of a connection that broke.
const BROKEN: &str = "08S01";
/// A table that was altered since the snapshot.
pub(super) const TABLE_CHANGED: u16 = 1412;

/// What an option of the server keeps from being done: `--read-only`, but also `--secure-file-priv` and others.
const KEPT_BY_OPTION: u16 = 1290;
const READ_ONLY: [u16; 2] = [1792, 1836];
const DENIED: [u16; 9] = [1044, 1045, 1142, 1143, 1227, 1370, 1419, 1698, 3118];
const DAMAGED: [u16; 6] = [126, 1034, 1035, 1194, 1195, 1712];
const LOCKED: [u16; 2] = [1205, 3572];
/// What cannot be done under LOCK TABLES, or not to a table that is not among those.
const UNDER_TABLE_LOCKS: [u16; 3] = [1099, 1100, 1192];
const UNKNOWN_DATABASE: u16 = 1049;
/// A value the column cannot take, its characters among others.
const UNSTORABLE: u16 = 1366;
/// What the server refuses in a value without a SQLSTATE that says so, with the one it should have: a value that is cut
/// (as an ENUM's that is none of its words), characters, a value of another type, no partition for it, a CHECK of MySQL
/// and one of MariaDB.
const OF_VALUES: [(u16, &str); 6] = [
    (1265, "22000"),
    (1300, "22021"),
    (UNSTORABLE, "22018"),
    (1526, "23514"),
    (3819, "23514"),
    (4025, "23514"),
];
/// Messages that quote a value.
const WITH_DATA: [u16; 14] = [
    1062, 1264, 1292, 1300, 1366, 1367, 1411, 1525, 1526, 1586, 1859, 1918, 1977, 3854,
];

/// The server's number of an error, if it comes from the server.
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    server_error(error).map(MySqlDatabaseError::number)
}

fn server_error(error: &sqlx::Error) -> Option<&MySqlDatabaseError> {
    match error {
        sqlx::Error::Database(error) => error.try_downcast_ref::<MySqlDatabaseError>(),
        _ => None,
    }
}

/// The server's own words and the SQLSTATE.
fn engine(error: &sqlx::Error) -> EngineError {
    match server_error(error) {
        Some(error) => EngineError {
            code: sqlstate(error).to_owned(),
            message: match error.number() {
                UNSTORABLE => format!(
                    "{}: the value is of another type, or the column's character set cannot hold it (utf8mb4 holds all)",
                    without_data(error.message())
                ),
                number if WITH_DATA.contains(&number) => without_data(error.message()),
                _ => error.message().to_owned(),
            },
        },
        None => EngineError {
            code: if is_tls(error) { TLS } else { BROKEN }.to_owned(),
            message: match error {
                sqlx::Error::Io(error) => format!("the connection to the server broke ({error})"),
                sqlx::Error::Tls(error) => format!("no secure connection ({error})"),
                other => other.to_string(),
            },
        },
    }
}

/// The SQLSTATE, where the server gives the right one.
fn sqlstate(error: &MySqlDatabaseError) -> &str {
    let number = error.number();
    match OF_VALUES.iter().find(|(known, _)| *known == number) {
        Some((_, code)) => code,
        None if number == CONNECTION_KILLED => BROKEN,
        None if UNDER_TABLE_LOCKS.contains(&number) => TABLE_LOCKS,
        None => error.code().unwrap_or("HY000"),
    }
}

/// A message without the first value it quotes: rows' data does not belong into logs.
fn without_data(message: &str) -> String {
    if let Some((before, _)) = message.split_once("partition for value ") {
        return format!("{before}partition for the value");
    }
    let Some((before, quoted)) = message.split_once('\'') else {
        return message.to_owned();
    };
    match quoted.rfind("' for ") {
        Some(end) => format!("{before}'…{}", &quoted[end..]),
        None => format!("{before}'…'"),
    }
}

/// An error of a statement.
pub(super) fn statement(error: &sqlx::Error) -> Error {
    if let Some(raised) = raised(error) {
        return raised;
    }
    let source = engine(error);
    match number(error) {
        Some(KEPT_BY_OPTION) if source.message.contains("read-only") => Error::ReadOnly { source },
        Some(number) if READ_ONLY.contains(&number) => Error::ReadOnly { source },
        Some(number) if DENIED.contains(&number) => Error::NotGranted { source },
        Some(number) if DAMAGED.contains(&number) => Error::Damaged { source },
        Some(number) if LOCKED.contains(&number) => Error::Locked {
            what: "what the statement needs".to_owned(),
        },
        _ => Error::Statement { source },
    }
}

/// What SIGNAL and RESIGNAL give where they say no number of their own: warning, not found, exception
/// (<https://dev.mysql.com/doc/refman/8.0/en/signal.html>).
const SIGNALLED: [u16; 3] = [1642, 1643, 1644];
/// How the SQLSTATE begins that is for them.
const OWN: &str = "45";

/// The error of a trigger or routine that refused something in its own words.
fn raised(error: &sqlx::Error) -> Option<Error> {
    let error = server_error(error)?;
    let code = error.code().unwrap_or_default();
    let is_raised = SIGNALLED.contains(&error.number()) || code.starts_with(OWN);
    is_raised.then(|| Error::Raised {
        code: code.to_owned(),
        text: error.message().to_owned(),
    })
}

/// An error while connecting to `place`.
pub(super) fn opening(place: &str, error: &sqlx::Error) -> Error {
    let place = place.to_owned();
    if number(error) == Some(UNKNOWN_DATABASE) {
        return Error::Missing { place };
    }
    let source = match error {
        error if is_tls(error) => engine(error),
        sqlx::Error::Io(error) => EngineError {
            code: UNREACHABLE.to_owned(),
            message: error.to_string(),
        },
        other => engine(other),
    };
    Error::Connect { place, source }
}

#[cfg(test)]
mod tests {
    use super::without_data;

    #[test]
    fn a_quoted_value_is_left_out_and_the_rest_stays() {
        for (message, wanted) in [
            (
                "Duplicate entry 'it's ada@x' for key 'PRIMARY'",
                "Duplicate entry '…' for key 'PRIMARY'",
            ),
            (
                "Incorrect integer value: 'x' for column `d`.`t`.`a` at row 1",
                "Incorrect integer value: '…' for column `d`.`t`.`a` at row 1",
            ),
            (
                "Truncated incorrect DOUBLE value: 'abc'",
                "Truncated incorrect DOUBLE value: '…'",
            ),
            (
                "Table has no partition for value 4711",
                "Table has no partition for the value",
            ),
            ("no value at all", "no value at all"),
        ] {
            assert_eq!(without_data(message), wanted);
        }
    }
}
