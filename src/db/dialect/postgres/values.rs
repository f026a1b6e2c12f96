//! Values as literals, and the server's text as values.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use sqlx::postgres::PgRow;
use sqlx::{Column, Row, ValueRef};

use super::{fault, sql};
use crate::db::{Error, Result};
use crate::value::Value;

// Types by their number in `pg_type.dat`, which never changes.
const BOOL: u32 = 16;
const BYTEA: u32 = 17;
const INTEGERS: [u32; 4] = [20, 21, 23, 26];
const FLOATS: [u32; 2] = [700, 701];
const TIMESTAMP: u32 = 1114;
const TIMESTAMPTZ: u32 = 1184;
const NUMERIC: u32 = 1700;

/// Writes a value as a literal. A string has no type of its own: it becomes what its place asks for.
///
/// # Errors
/// `Parameter` for a map; text with a NUL, which PostgreSQL has no text for.
pub(super) fn push(out: &mut String, value: &Value) -> Result<()> {
    let literal = match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) if i32::try_from(*value).is_ok_and(|value| value >= 0) => {
            value.to_string()
        }
        Value::Int(value) if i32::try_from(*value).is_ok() => format!("'{value}'::int4"),
        Value::Int(value) => format!("'{value}'::int8"),
        Value::Float(value) if value.is_nan() => "'NaN'::float8".to_owned(),
        Value::Float(value) if value.is_infinite() && *value > 0.0 => {
            "'Infinity'::float8".to_owned()
        }
        Value::Float(value) if value.is_infinite() => "'-Infinity'::float8".to_owned(),
        Value::Float(value) => format!("'{value:?}'::float8"),
        Value::Decimal(value) => format!("'{value}'::numeric"),
        Value::Text(text) => sql::literal(text),
        Value::Blob(bytes) => format!(" E'\\\\x{}'::bytea", hex::encode(bytes)),
        Value::Time(moment) => format!("'{}'::timestamptz", time(moment)),
        Value::List(values) => sql::literal(&array(values)?),
        Value::Map(_) => {
            return Err(Error::Parameter {
                kind: value.kind(),
                engine: "postgres",
            });
        }
    };
    if literal.contains('\0') {
        return Err(fault::refused(
            "22021",
            "PostgreSQL's text cannot hold a NUL character",
        ));
    }
    out.push_str(&literal);
    Ok(())
}

fn time(moment: &DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// An array as PostgreSQL reads it (<https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>).
///
/// # Errors
/// `Parameter` for a map inside it.
pub(super) fn array(values: &[Value]) -> Result<String> {
    let mut out = String::from("{");
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let text = match value {
            Value::Null => {
                out.push_str("NULL");
                continue;
            }
            Value::List(inner) => {
                out.push_str(&array(inner)?);
                continue;
            }
            Value::Map(_) => {
                return Err(Error::Parameter {
                    kind: value.kind(),
                    engine: "postgres",
                });
            }
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => float(*value),
            Value::Decimal(value) => value.to_string(),
            Value::Text(text) => text.clone(),
            Value::Blob(bytes) => format!("\\x{}", hex::encode(bytes)),
            Value::Time(moment) => time(moment),
        };
        out.push('"');
        out.push_str(&text.replace('\\', "\\\\").replace('"', "\\\""));
        out.push('"');
    }
    out.push('}');
    Ok(out)
}

fn float(value: f64) -> String {
    if value.is_finite() {
        format!("{value:?}")
    } else if value.is_nan() {
        "NaN".to_owned()
    } else if value > 0.0 {
        "Infinity".to_owned()
    } else {
        "-Infinity".to_owned()
    }
}

/// A row of the simple query protocol.
///
/// # Errors
/// Text that is not UTF-8, in a database without an encoding.
pub(super) fn row(row: &PgRow) -> Result<Vec<Value>> {
    let mut values = Vec::with_capacity(row.len());
    for (index, column) in row.columns().iter().enumerate() {
        let raw = row.try_get_raw(index).map_err(fault::statement)?;
        if raw.is_null() {
            values.push(Value::Null);
            continue;
        }
        let oid = column.type_info().oid().map_or(0, |oid| oid.0);
        values.push(value(oid, text(&raw)?));
    }
    Ok(values)
}

/// A row as text, NULL as `None`.
///
/// # Errors
/// As [`row`].
pub(super) fn texts(row: &PgRow) -> Result<Vec<Option<String>>> {
    (0..row.len())
        .map(|index| {
            let raw = row.try_get_raw(index).map_err(fault::statement)?;
            match raw.is_null() {
                true => Ok(None),
                false => text(&raw).map(|text| Some(text.to_owned())),
            }
        })
        .collect()
}

fn text<'a>(raw: &sqlx::postgres::PgValueRef<'a>) -> Result<&'a str> {
    raw.as_str()
        .map_err(|_| fault::refused("22021", "a value is not UTF-8 text"))
}

/// The value a type's text stands for; what has no type of ours, or is beyond it, stays text.
fn value(oid: u32, text: &str) -> Value {
    let typed = match oid {
        BOOL => Some(Value::Bool(text == "t")),
        BYTEA => text
            .strip_prefix("\\x")
            .and_then(|digits| hex::decode(digits).ok())
            .map(Value::Blob),
        oid if INTEGERS.contains(&oid) => text.parse().ok().map(Value::Int),
        oid if FLOATS.contains(&oid) => text.parse().ok().map(Value::Float),
        NUMERIC => rust_decimal::Decimal::from_str_exact(text)
            .ok()
            .map(Value::Decimal),
        TIMESTAMP => NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
            .ok()
            .map(|moment| Value::Time(moment.and_utc())),
        TIMESTAMPTZ => DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z")
            .ok()
            .map(|moment| Value::Time(moment.with_timezone(&Utc))),
        _ => None,
    };
    typed.unwrap_or_else(|| Value::Text(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_values_of_their_types() {
        for (oid, text, expected) in [
            (BOOL, "t", Value::Bool(true)),
            (20, "-9223372036854775808", Value::Int(i64::MIN)),
            (701, "-Infinity", Value::Float(f64::NEG_INFINITY)),
            (BYTEA, "\\x00ff", Value::Blob(vec![0, 255])),
            (
                NUMERIC,
                "1.50",
                Value::Decimal("1.50".parse().expect("a decimal")),
            ),
            (NUMERIC, "NaN", Value::from("NaN")),
            (TIMESTAMP, "infinity", Value::from("infinity")),
            (
                TIMESTAMP,
                "0044-03-15 00:00:00 BC",
                Value::from("0044-03-15 00:00:00 BC"),
            ),
            (25, "t", Value::from("t")),
        ] {
            assert_eq!(value(oid, text), expected, "{text}");
        }
        let moment = "2025-07-05T21:00:00.5Z".parse().expect("a moment");
        assert_eq!(
            value(TIMESTAMP, "2025-07-05 21:00:00.5"),
            Value::Time(moment)
        );
        assert_eq!(
            value(TIMESTAMPTZ, "2025-07-05 21:00:00.5+00"),
            Value::Time(moment)
        );
    }

    #[test]
    fn lists_become_arrays() {
        let list = [
            Value::from("a\"\\,"),
            Value::Null,
            Value::List(vec![Value::Int(1)]),
        ];
        assert_eq!(array(&list).expect("no map"), r#"{"a\"\\,",NULL,{"1"}}"#);
    }
}
