//! Values between the server and the rest of the program, over the binary protocol
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html>).

use chrono::{NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;
use sqlx::mysql::{MySql, MySqlArguments, MySqlRow};
use sqlx::{Arguments, Column, Decode, Row, Type, TypeInfo, ValueRef};

use super::text;
use crate::db::{EngineError, Error, Result};
use crate::value::Value;

/// Parameters by position.
pub(super) fn arguments<'a>(params: impl IntoIterator<Item = &'a Value>) -> Result<MySqlArguments> {
    let mut arguments = MySqlArguments::default();
    for value in params {
        let added = match value {
            Value::Null => arguments.add(None::<&str>),
            Value::Bool(value) => arguments.add(i64::from(*value)),
            Value::Int(value) => arguments.add(*value),
            Value::Float(value) => arguments.add(*value),
            Value::Decimal(value) => arguments.add(value.to_string()),
            Value::Text(value) => arguments.add(value.as_str()),
            Value::Blob(value) => arguments.add(value.as_slice()),
            Value::Time(value) => arguments.add(moment(value.naive_utc())),
            Value::List(_) | Value::Map(_) => {
                return Err(Error::Parameter {
                    kind: value.kind(),
                    engine: "mysql",
                });
            }
        };
        added.map_err(|error| unreadable(&error.to_string()))?;
    }
    Ok(arguments)
}

/// A time as the server writes it, with fractions only where there are some.
fn moment(value: NaiveDateTime) -> String {
    let pattern = if value.and_utc().timestamp_subsec_micros() == 0 {
        "%Y-%m-%d %H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M:%S%.6f"
    };
    value.format(pattern).to_string()
}

/// A row's values.
pub(super) fn read(row: &MySqlRow) -> Result<Vec<Value>> {
    (0..row.len()).map(|index| value(row, index)).collect()
}

fn value(row: &MySqlRow, index: usize) -> Result<Value> {
    let Some(bytes) = text::bytes(row, index) else {
        return Ok(Value::Null);
    };
    let column = &row.columns()[index];
    let wrong = || {
        unreadable(&format!(
            "column `{}` holds a {} this program cannot read",
            column.name(),
            column.type_info().name()
        ))
    };
    let info = column.type_info();
    Ok(match info.name() {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            Value::Int(decoded::<i64>(row, index).ok_or_else(wrong)?)
        }
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED"
        | "BIGINT UNSIGNED" | "YEAR" => {
            let number = decoded::<u64>(row, index).ok_or_else(wrong)?;
            i64::try_from(number).map_or_else(|_| Value::Decimal(number.into()), Value::Int)
        }
        "FLOAT" => Value::Float(f64::from(f32::from_le_bytes(
            bytes.try_into().map_err(|_| wrong())?,
        ))),
        "DOUBLE" => Value::Float(f64::from_le_bytes(bytes.try_into().map_err(|_| wrong())?)),
        "DECIMAL" => decimal(bytes),
        "DATE" => date(bytes).map_or_else(zero_date, |date| Value::Text(date.to_string())),
        "DATETIME" | "TIMESTAMP" => {
            date_time(bytes).map_or_else(|| broken_date(bytes), |time| Value::Time(time.and_utc()))
        }
        "TIME" => Value::Text(time_of_day(bytes).ok_or_else(wrong)?),
        "BIT" => bits(bytes),
        "JSON" => texted(bytes),
        _ if <str as Type<MySql>>::compatible(info) => texted(bytes),
        "ENUM" | "SET" => texted(bytes),
        _ => Value::Blob(bytes.to_vec()),
    })
}

fn decoded<'r, T: Decode<'r, MySql>>(row: &'r MySqlRow, index: usize) -> Option<T> {
    let value = row.try_get_raw(index).ok()?;
    if value.is_null() {
        return None;
    }
    T::decode(value).ok()
}

/// Text that is not UTF-8 comes as bytes: nothing is replaced in silence.
fn texted(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Blob(bytes.to_vec()),
    }
}

/// A whole number that fits is one: SUM of integers is a DECIMAL here.
fn decimal(bytes: &[u8]) -> Value {
    let text = String::from_utf8_lossy(bytes).into_owned();
    if let Ok(whole) = text.parse() {
        return Value::Int(whole);
    }
    match Decimal::from_str_exact(&text) {
        Ok(decimal) => Value::Decimal(decimal),
        // Up to 65 digits; what holds 28 is not cut.
        Err(_) => Value::Text(text),
    }
}

fn bits(bytes: &[u8]) -> Value {
    let number = bytes
        .iter()
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    i64::try_from(number).map_or_else(|_| Value::Decimal(number.into()), Value::Int)
}

fn date(bytes: &[u8]) -> Option<NaiveDate> {
    let year = u16::from_le_bytes([*bytes.get(1)?, *bytes.get(2)?]);
    NaiveDate::from_ymd_opt(
        i32::from(year),
        u32::from(*bytes.get(3)?),
        u32::from(*bytes.get(4)?),
    )
}

fn date_time(bytes: &[u8]) -> Option<NaiveDateTime> {
    let part = |index: usize| u32::from(bytes.get(index).copied().unwrap_or(0));
    date(bytes)?.and_hms_micro_opt(part(5), part(6), part(7), micros(bytes, 8))
}

fn micros(bytes: &[u8], start: usize) -> u32 {
    bytes
        .get(start..start + 4)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u32::from_le_bytes)
}

fn zero_date() -> Value {
    Value::Text("0000-00-00".to_owned())
}

/// Zero dates, and days that no calendar has (ALLOW_INVALID_DATES), as the server writes them.
fn broken_date(bytes: &[u8]) -> Value {
    let part = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let year = u16::from_le_bytes([part(1), part(2)]);
    Value::Text(format!(
        "{year:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        part(3),
        part(4),
        part(5),
        part(6),
        part(7)
    ))
}

fn time_of_day(bytes: &[u8]) -> Option<String> {
    if *bytes.first()? == 0 {
        return Some("00:00:00".to_owned());
    }
    let sign = if *bytes.get(1)? == 0 { "" } else { "-" };
    let days = u32::from_le_bytes(bytes.get(2..6)?.try_into().ok()?);
    let part = |index: usize| u32::from(bytes.get(index).copied().unwrap_or(0));
    let hours = days * 24 + part(6);
    let fraction = match micros(bytes, 9) {
        0 => String::new(),
        micros => format!(".{micros:06}"),
    };
    Some(format!(
        "{sign}{hours:02}:{:02}:{:02}{fraction}",
        part(7),
        part(8)
    ))
}

fn unreadable(message: &str) -> Error {
    Error::Statement {
        source: EngineError {
            code: "HY000".to_owned(),
            message: message.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_read_from_their_bytes() {
        let midnight = [4, 0xe8, 0x07, 2, 29];
        assert_eq!(
            date(&midnight).map(|date| date.to_string()).as_deref(),
            Some("2024-02-29")
        );
        let moment = [11, 0xe8, 0x07, 2, 29, 13, 5, 6, 64, 226, 1, 0];
        let read = date_time(&moment).expect("a moment");
        assert_eq!(super::moment(read), "2024-02-29 13:05:06.123456");
        assert_eq!(date_time(&[0]), None);
        assert_eq!(broken_date(&[0]), Value::from("0000-00-00 00:00:00"));
        let invalid = [4, 0xe8, 0x07, 2, 30];
        assert_eq!(date(&invalid), None);
        assert_eq!(broken_date(&invalid), Value::from("2024-02-30 00:00:00"));
        assert_eq!(time_of_day(&[0]).as_deref(), Some("00:00:00"));
        let long = [8, 1, 34, 0, 0, 0, 22, 59, 59];
        assert_eq!(time_of_day(&long).as_deref(), Some("-838:59:59"));
    }

    #[test]
    fn decimals_keep_every_digit() {
        assert_eq!(decimal(b"12"), Value::Int(12));
        assert_eq!(decimal(b"-1.50"), Value::Decimal(Decimal::new(-150, 2)));
        let long = "1".repeat(65);
        assert_eq!(decimal(long.as_bytes()), Value::Text(long));
        assert_eq!(bits(&[1, 0]), Value::Int(256));
    }
}
