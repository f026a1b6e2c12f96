//! PostgreSQL's errors as this room's (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).

use sqlx::postgres::PgDatabaseError;

use crate::db::error::{TLS, UNREACHABLE, is_tls};
use crate::db::{EngineError, Error};

/// The code of a connection that broke, as PostgreSQL's own clients give it.
const CONNECTION_FAILURE: &str = "08006";

/// Errors whose messages quote a value: no number, no date, out of range.
const WITH_DATA: [&str; 5] = ["22P02", "22003", "22007", "22008", "22018"];

/// Errors whose DETAIL names objects: what depends on what is dropped, or on a column whose type is changed.
const WITH_OBJECTS: [&str; 2] = ["2BP01", "0A000"];

/// The engine's own words and code; without DETAIL where that holds rows.
pub(super) fn engine(error: &sqlx::Error) -> EngineError {
    match error {
        sqlx::Error::Database(error) => EngineError {
            code: error.code().unwrap_or_default().into_owned(),
            message: format!(
                "{}{}",
                without_data(error.code().as_deref(), error.message()),
                objects(error.as_ref())
            ),
        },
        other => EngineError {
            code: if is_tls(other) {
                TLS
            } else {
                CONNECTION_FAILURE
            }
            .to_owned(),
            message: broken(other).unwrap_or_else(|| lower_first(&other.to_string())),
        },
    }
}

/// What depends on an object, on one line.
fn objects(error: &dyn sqlx::error::DatabaseError) -> String {
    let error = error.try_downcast_ref::<PgDatabaseError>();
    let detail = error
        .filter(|error| WITH_OBJECTS.contains(&error.code()))
        .and_then(PgDatabaseError::detail);
    detail.map_or(String::new(), |detail| {
        format!(" ({})", detail.replace('\n', "; "))
    })
}

/// That the connection is gone, in words for a person: the driver's own count bytes.
fn broken(error: &sqlx::Error) -> Option<String> {
    let sqlx::Error::Io(error) = error else {
        return None;
    };
    Some(match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
        _ => format!("the connection to the server broke ({error})"),
    })
}

/// A message without the value it quotes: rows' data does not belong into logs.
fn without_data(code: Option<&str>, message: &str) -> String {
    let is_with_data = code.is_some_and(|code| WITH_DATA.contains(&code));
    match (message.find('"'), message.rfind('"')) {
        (Some(start), Some(end)) if is_with_data && start < end => {
            format!("{}\"…{}", &message[..start], &message[end..])
        }
        _ => message.to_owned(),
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// An error of a statement.
pub(super) fn statement(error: sqlx::Error) -> Error {
    if let Some(raised) = raised(&error) {
        return raised;
    }
    let source = engine(&error);
    match source.code.as_str() {
        "25006" => Error::ReadOnly { source },
        "42501" => Error::NotGranted { source },
        "55P03" => Error::Locked {
            what: "the database".to_owned(),
        },
        "XX001" | "XX002" => Error::Damaged { source },
        _ => Error::Statement { source },
    }
}

/// Where PL/pgSQL's RAISE and ASSERT stand in the server's source, as its errors say.
const RAISING: [&str; 2] = ["exec_stmt_raise", "exec_stmt_assert"];

/// The error of a function or trigger that refused something in its own words.
fn raised(error: &sqlx::Error) -> Option<Error> {
    let sqlx::Error::Database(database) = error else {
        return None;
    };
    let database = database.try_downcast_ref::<PgDatabaseError>()?;
    let is_raised = RAISING.contains(&database.routine()?);
    is_raised.then(|| Error::Raised {
        code: database.code().to_owned(),
        text: database.message().to_owned(),
    })
}

/// An error of a COPY into a table: what does not fit a column is an error of its row. What a function says of it
/// may hold what the row holds, and is left out.
pub(super) fn copying(table: &str, error: sqlx::Error) -> Error {
    if let sqlx::Error::Database(database) = &error
        && database.code().is_some_and(|code| code.starts_with("22"))
        && let Some(source) = database.try_downcast_ref::<PgDatabaseError>()
        && let Some(row) = source.r#where().and_then(copy_line)
    {
        let message = match raised(&error) {
            Some(raised) => raised.to_string(),
            None => without_data(Some(source.code()), source.message()),
        };
        return Error::Row {
            table: table.to_owned(),
            row,
            message,
        };
    }
    statement(error)
}

/// The line in `COPY users, line 3, column age: "x"`.
fn copy_line(context: &str) -> Option<u64> {
    let rest = &context[context.find(", line ")? + ", line ".len()..];
    let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// An error while connecting to `place`.
pub(super) fn connecting(place: &str, error: &sqlx::Error) -> Error {
    let place = place.to_owned();
    let source = match error {
        error if is_tls(error) => EngineError {
            code: TLS.to_owned(),
            message: format!("no secure connection: {}", engine(error).message),
        },
        sqlx::Error::Io(error) => EngineError {
            code: UNREACHABLE.to_owned(),
            message: lower_first(&error.to_string()),
        },
        // The answer is of another protocol.
        sqlx::Error::Protocol(_) => EngineError {
            code: UNREACHABLE.to_owned(),
            message: "what answers there is no PostgreSQL server".to_owned(),
        },
        other => engine(other),
    };
    match source.code.as_str() {
        "3D000" => Error::Missing { place },
        _ => Error::Connect { place, source },
    }
}

/// An error of our own making, in a statement that never reached the server.
pub(super) fn refused(code: &str, message: impl Into<String>) -> Error {
    Error::Statement {
        source: EngineError {
            code: code.to_owned(),
            message: message.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_is_left_out_and_the_rest_stays() {
        for (code, message, wanted) in [
            (
                "22P02",
                "invalid input syntax for type integer: \"it's \"ada\"\"",
                "invalid input syntax for type integer: \"…\"",
            ),
            (
                "22003",
                "value \"99999\" is out of range for type smallint",
                "value \"…\" is out of range for type smallint",
            ),
            ("22003", "integer out of range", "integer out of range"),
            (
                "42P01",
                "relation \"users\" does not exist",
                "relation \"users\" does not exist",
            ),
        ] {
            assert_eq!(without_data(Some(code), message), wanted);
        }
    }

    #[test]
    fn the_row_is_read_from_the_context() {
        assert_eq!(copy_line("COPY t, line 3, column a: \"x\""), Some(3));
        assert_eq!(copy_line("COPY t, line 12"), Some(12));
        assert_eq!(copy_line("SQL function \"f\""), None);
    }
}
