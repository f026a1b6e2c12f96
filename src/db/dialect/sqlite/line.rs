//! SQLite's values in table files (FORMAT.md): the storage class of every value is kept.
//!
//! | storage class | JSON |
//! |---|---|
//! | INTEGER | a number; beyond ±(2^53−1) `{"$int":"…"}` |
//! | REAL | the shortest number that round-trips, always with `.` or `e`; infinities `{"$real":"Infinity"}` |
//! | TEXT | a string; not UTF-8 or with NUL `{"$text":"<hex>"}` |
//! | BLOB | `{"$hex":"…"}` |

use rusqlite::types::ValueRef;
use serde::Deserialize;

use crate::db::row::push_string;

/// The largest whole number every JSON reader keeps: 2^53 − 1.
const LARGEST_PLAIN: i64 = (1 << 53) - 1;

/// A value with its storage class.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// INTEGER.
    Integer(i64),
    /// REAL.
    Real(f64),
    /// TEXT, not necessarily UTF-8.
    Text(Vec<u8>),
    /// BLOB.
    Blob(Vec<u8>),
}

impl Cell {
    /// For binding.
    pub(super) fn reference(&self) -> ValueRef<'_> {
        match self {
            Cell::Null => ValueRef::Null,
            Cell::Integer(value) => ValueRef::Integer(*value),
            Cell::Real(value) => ValueRef::Real(*value),
            Cell::Text(bytes) => ValueRef::Text(bytes),
            Cell::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }
}

/// Writes one value.
pub(super) fn push(out: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => out.extend_from_slice(b"null"),
        ValueRef::Integer(value) if (-LARGEST_PLAIN..=LARGEST_PLAIN).contains(&value) => {
            push_display(out, value);
        }
        ValueRef::Integer(value) => {
            out.extend_from_slice(b"{\"$int\":\"");
            push_display(out, value);
            out.extend_from_slice(b"\"}");
        }
        // `Debug` of f64 is the shortest text that reads back to the same bits and always has `.` or `e`.
        ValueRef::Real(value) if value.is_finite() => {
            use std::io::Write;
            // Writing to a Vec cannot fail.
            let _ = write!(out, "{value:?}");
        }
        ValueRef::Real(value) => {
            let name = if value > 0.0 { "Infinity" } else { "-Infinity" };
            push_tagged(out, "$real", name);
        }
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if memchr::memchr(0, bytes).is_none() => push_string(out, text),
            _ => push_tagged(out, "$text", &hex::encode(bytes)),
        },
        ValueRef::Blob(bytes) => push_tagged(out, "$hex", &hex::encode(bytes)),
    }
}

fn push_display(out: &mut Vec<u8>, value: i64) {
    use std::io::Write;
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{value}");
}

fn push_tagged(out: &mut Vec<u8>, tag: &str, text: &str) {
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(tag.as_bytes());
    out.extend_from_slice(b"\":\"");
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\"}");
}

#[derive(Deserialize)]
enum Tagged {
    #[serde(rename = "$int")]
    Int(String),
    #[serde(rename = "$real")]
    Real(String),
    #[serde(rename = "$text")]
    Text(String),
    #[serde(rename = "$hex")]
    Hex(String),
}

/// Reads one value from its JSON text.
///
/// # Errors
/// What does not fit, in words: SQLite writes no `true`, no arrays and no other objects.
pub fn cell(json: &str) -> Result<Cell, String> {
    match json.as_bytes().first() {
        Some(b'n') => Ok(Cell::Null),
        Some(b'"') => serde_json::from_str::<String>(json)
            .map(|text| Cell::Text(text.into_bytes()))
            .map_err(|error| error.to_string()),
        Some(b'{') => {
            let tagged: Tagged = serde_json::from_str(json)
                .map_err(|_| "an object that is no SQLite value".to_owned())?;
            untag(tagged)
        }
        Some(b'-' | b'0'..=b'9') => number(json),
        _ => Err(format!("`{}` is no SQLite value", shorten(json))),
    }
}

fn untag(tagged: Tagged) -> Result<Cell, String> {
    let bytes = |text: &str| hex::decode(text).map_err(|_| "wrong hexadecimal digits".to_owned());
    match tagged {
        Tagged::Int(text) => text
            .parse()
            .map(Cell::Integer)
            .map_err(|_| format!("`{}` is no 64-bit integer", shorten(&text))),
        Tagged::Real(text) => match text.as_str() {
            "Infinity" => Ok(Cell::Real(f64::INFINITY)),
            "-Infinity" => Ok(Cell::Real(f64::NEG_INFINITY)),
            _ => Err(format!("`{}` is no infinity", shorten(&text))),
        },
        Tagged::Text(text) => bytes(&text).map(Cell::Text),
        Tagged::Hex(text) => bytes(&text).map(Cell::Blob),
    }
}

fn number(json: &str) -> Result<Cell, String> {
    let wrong = || format!("`{}` is no number", shorten(json));
    if json.contains(['.', 'e', 'E']) {
        let value: f64 = json.parse().map_err(|_| wrong())?;
        if value.is_finite() {
            Ok(Cell::Real(value))
        } else {
            Err(wrong())
        }
    } else {
        json.parse().map(Cell::Integer).map_err(|_| wrong())
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(cell: &Cell) -> Cell {
        let mut json = Vec::new();
        push(&mut json, cell.reference());
        let json = String::from_utf8(json).expect("JSON is UTF-8");
        super::cell(&json).expect("what was written can be read")
    }

    #[test]
    fn the_awkward_values_keep_their_class_and_bits() {
        for cell in [
            Cell::Null,
            Cell::Integer(i64::MIN),
            Cell::Integer(i64::MAX),
            Cell::Integer(LARGEST_PLAIN),
            Cell::Integer(-LARGEST_PLAIN - 1),
            Cell::Real(1.0),
            Cell::Real(0.1),
            Cell::Real(1e300),
            Cell::Real(f64::MIN_POSITIVE / 3.0),
            Cell::Real(f64::INFINITY),
            Cell::Real(f64::NEG_INFINITY),
            Cell::Text(b"a\0b".to_vec()),
            Cell::Text(vec![0xff, 0xfe]),
            Cell::Text("{\"$int\":\"1\"}".into()),
            Cell::Blob(Vec::new()),
        ] {
            assert_eq!(round_trip(&cell), cell);
        }
        let Cell::Real(zero) = round_trip(&Cell::Real(-0.0)) else {
            panic!("a real stays a real")
        };
        assert!(zero.is_sign_negative());
    }

    #[test]
    fn what_sqlite_never_writes_is_refused() {
        for json in [
            "true",
            "[1]",
            "{\"$int\":\"x\"}",
            "{\"a\":1}",
            "{\"$hex\":\"0\"}",
            "99999999999999999999",
            "1e999",
            "",
        ] {
            assert!(cell(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn every_value_is_read_back(integer: i64, real: f64, text: String, bytes: Vec<u8>) {
            prop_assert_eq!(round_trip(&Cell::Integer(integer)), Cell::Integer(integer));
            if !real.is_nan() {
                let Cell::Real(back) = round_trip(&Cell::Real(real)) else { panic!("a real stays a real") };
                prop_assert_eq!(back.to_bits(), real.to_bits());
            }
            prop_assert_eq!(round_trip(&Cell::Text(text.clone().into_bytes())), Cell::Text(text.into_bytes()));
            prop_assert_eq!(round_trip(&Cell::Text(bytes.clone())), Cell::Text(bytes.clone()));
            prop_assert_eq!(round_trip(&Cell::Blob(bytes.clone())), Cell::Blob(bytes));
        }

        #[test]
        fn nothing_makes_the_reader_panic(json: String) {
            let _ = cell(&json);
        }
    }
}
