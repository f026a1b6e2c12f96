//! `Dynamic` ⇄ [`Value`]. Only int, float, decimal, string, bool, blob, time, array, map and `()` pass: any other number
//! type would make `x == 5` "function not found" in a script.

use chrono::{DateTime, Utc};
use rhai::{Dynamic, Map};
use rust_decimal::Decimal;

use crate::value::{Rows, Value};

/// A value that has no meaning outside the script, such as a closure.
#[derive(Debug, thiserror::Error)]
#[error("a {kind} cannot leave the script")]
pub struct NotAValue {
    /// What it is.
    pub kind: String,
}

impl From<NotAValue> for crate::error::Error {
    fn from(error: NotAValue) -> Self {
        crate::error::Error::wrap(crate::error::Kind::Script, error)
            .hint("strings, numbers, bools, times, blobs, arrays, maps and `()` can")
    }
}

/// A value as a script sees it.
pub fn to_dynamic(value: Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::Float(value) => value.into(),
        Value::Decimal(value) => value.into(),
        Value::Text(value) => value.into(),
        Value::Blob(bytes) => Dynamic::from_blob(bytes),
        Value::Time(moment) => Dynamic::from(moment),
        Value::List(values) => Dynamic::from_array(values.into_iter().map(to_dynamic).collect()),
        Value::Map(entries) => Dynamic::from_map(
            entries
                .into_iter()
                .map(|(name, value)| (name.into(), to_dynamic(value)))
                .collect(),
        ),
    }
}

/// What a script holds, as a value. Maps come in the order of their keys.
///
/// # Errors
/// [`NotAValue`] for closures, ranges and handles, also inside arrays and maps.
pub fn to_value(value: Dynamic) -> Result<Value, NotAValue> {
    let value = value.flatten();
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(value) = value.as_bool() {
        return Ok(Value::Bool(value));
    }
    if let Ok(value) = value.as_int() {
        return Ok(Value::Int(value));
    }
    if let Ok(value) = value.as_float() {
        return Ok(Value::Float(value));
    }
    if let Ok(value) = value.as_char() {
        return Ok(Value::Text(value.to_string()));
    }
    if value.is_string() {
        return Ok(Value::Text(value.cast::<String>()));
    }
    if value.is_array() {
        let items = value.cast::<rhai::Array>();
        return items
            .into_iter()
            .map(to_value)
            .collect::<Result<_, _>>()
            .map(Value::List);
    }
    if value.is_map() {
        return value
            .cast::<Map>()
            .into_iter()
            .map(|(name, value)| Ok((name.to_string(), to_value(value)?)))
            .collect::<Result<_, _>>()
            .map(Value::Map);
    }
    if value.is_blob() {
        return Ok(Value::Blob(value.cast::<rhai::Blob>()));
    }
    if let Some(value) = value.clone().try_cast::<Decimal>() {
        return Ok(Value::Decimal(value));
    }
    if let Some(moment) = value.clone().try_cast::<DateTime<Utc>>() {
        return Ok(Value::Time(moment));
    }
    Err(NotAValue {
        kind: type_name(&value),
    })
}

/// One row as a map.
pub fn row_to_map(columns: &[rhai::Identifier], row: Vec<Value>) -> Dynamic {
    let map: Map = columns
        .iter()
        .cloned()
        .zip(row.into_iter().map(to_dynamic))
        .collect();
    Dynamic::from_map(map)
}

/// Rows as an array of maps.
pub fn rows_to_array(rows: Rows) -> Dynamic {
    let columns = identifiers(&rows.columns);
    let items = rows.rows.into_iter();
    Dynamic::from_array(items.map(|row| row_to_map(&columns, row)).collect())
}

/// Column names as map keys, made once for many rows.
pub fn identifiers(columns: &[String]) -> Vec<rhai::Identifier> {
    columns.iter().map(|name| name.as_str().into()).collect()
}

/// A value's type in the words of `PARAMS` and the documentation.
pub fn type_name(value: &Dynamic) -> String {
    plain_type(value.type_name()).to_owned()
}

/// Rhai's or Rust's name of a type in the words of the documentation.
pub fn plain_type(name: &str) -> &str {
    match name {
        "i64" => "int",
        "f64" => "float",
        "Fn" | "rhai::FnPtr" => "closure",
        "&str | ImmutableString | String" | "ImmutableString" | "String" | "&str" => "string",
        "rust_decimal::decimal::Decimal" | "Decimal" => "decimal",
        "chrono::datetime::DateTime<chrono::offset::utc::Utc>" => "time",
        "rhai::Array" => "array",
        "rhai::Map" => "map",
        other => other.rsplit("::").next().unwrap_or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_as_it_went() {
        let values = Value::List(vec![
            Value::Null,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Float(1.5),
            Value::Decimal(Decimal::new(1234, 2)),
            Value::Text("ünï".into()),
            Value::Blob(vec![0, 255]),
            Value::Time(DateTime::UNIX_EPOCH),
            Value::Map(vec![
                ("a".into(), Value::Int(1)),
                ("b".into(), Value::Text("x".into())),
            ]),
        ]);
        let back = to_value(to_dynamic(values.clone())).expect("plain values");
        assert_eq!(back, values);
    }

    #[test]
    fn a_closure_is_refused_also_inside_an_array() {
        let closure = rhai::FnPtr::new("f").expect("a valid name");
        let error = to_value(Dynamic::from_array(vec![Dynamic::from(closure)]));
        assert_eq!(
            error.expect_err("not a value").to_string(),
            "a closure cannot leave the script"
        );
    }
}
