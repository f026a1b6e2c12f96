//! Values between SQLite and the rest of the program.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Row, Statement};

use super::fault;
use crate::db::{Error, Result};
use crate::value::Value;

/// Binds parameters by position.
pub(super) fn bind(statement: &mut Statement<'_>, params: &[Value]) -> Result<()> {
    let wanted = statement.parameter_count();
    if params.len() != wanted {
        return Err(fault::statement(rusqlite::Error::InvalidParameterCount(
            params.len(),
            wanted,
        )));
    }
    for (index, value) in params.iter().enumerate() {
        bind_one(statement, index + 1, value)?;
    }
    Ok(())
}

/// Binds one parameter, counted from 1.
pub(super) fn bind_one(statement: &mut Statement<'_>, index: usize, value: &Value) -> Result<()> {
    let text;
    let output = match value {
        Value::Null => ValueRef::Null,
        Value::Bool(value) => ValueRef::Integer(i64::from(*value)),
        Value::Int(value) => ValueRef::Integer(*value),
        Value::Float(value) => ValueRef::Real(*value),
        Value::Text(value) => ValueRef::Text(value.as_bytes()),
        Value::Blob(value) => ValueRef::Blob(value),
        Value::Decimal(value) => {
            text = value.to_string();
            ValueRef::Text(text.as_bytes())
        }
        Value::Time(value) => {
            text = moment(*value);
            ValueRef::Text(text.as_bytes())
        }
        Value::List(_) | Value::Map(_) => {
            return Err(Error::Parameter {
                kind: value.kind(),
                engine: "sqlite",
            });
        }
    };
    statement
        .raw_bind_parameter(index, ToSqlOutput::Borrowed(output))
        .map_err(fault::statement)
}

/// A time as SQLite's own functions write it (CURRENT_TIMESTAMP), with milliseconds only where there are some.
fn moment(value: chrono::DateTime<chrono::Utc>) -> String {
    let pattern = if value.timestamp_subsec_millis() == 0 {
        "%Y-%m-%d %H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M:%S%.3f"
    };
    value.format(pattern).to_string()
}

/// A row's values. Text that is not UTF-8 comes as bytes: nothing is replaced in silence.
pub(super) fn read(row: &Row<'_>) -> Result<Vec<Value>> {
    (0..row.as_ref().column_count())
        .map(|index| row.get_ref(index).map(value).map_err(fault::statement))
        .collect()
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Real(value) => Value::Float(value),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(bytes.to_vec()),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}
