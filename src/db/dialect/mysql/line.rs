//! One value of a table file on MySQL: its JSON form (FORMAT.md), read from the server's text and turned back into a
//! literal. What a value may be is decided by its column's type, as `COLUMN_TYPE` names it.

use std::io::Write;

use serde_json::value::RawValue;

use crate::db::row::push_string;

/// The largest integer a JSON reader with 64-bit floats keeps exactly: 2^53 - 1.
const LARGEST_PLAIN: i128 = (1 << 53) - 1;

/// How the values of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Whole numbers.
    Integer,
    /// FLOAT: its text loses bits, so it is read through DOUBLE.
    Single,
    /// DOUBLE.
    Double,
    /// Bytes, as they come.
    Bytes,
    /// JSON, on MariaDB text that must be JSON.
    Json,
    /// ENUM, whose error value has the number 0 and an empty text.
    Enum,
    /// Everything else: the server's own text.
    Text,
}

impl Form {
    /// The form of a column of this type.
    pub(super) fn of(type_name: &str) -> Form {
        let end = type_name
            .find(|letter: char| !letter.is_ascii_alphanumeric())
            .unwrap_or(type_name.len());
        match type_name[..end].to_ascii_lowercase().as_str() {
            "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" => Form::Integer,
            "float" => Form::Single,
            "double" | "real" => Form::Double,
            "bit" | "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob"
            | "geometry" | "point" | "linestring" | "polygon" | "multipoint"
            | "multilinestring" | "multipolygon" | "geometrycollection" | "geomcollection"
            | "vector" => Form::Bytes,
            "json" => Form::Json,
            "enum" => Form::Enum,
            _ => Form::Text,
        }
    }

    /// What is selected so that the text tells everything; `name` is quoted.
    pub(super) fn selected(self, name: &str) -> String {
        match self {
            Form::Single | Form::Double => format!("{name} * 1e0"),
            Form::Enum => format!(
                "CASE WHEN {name} IS NULL THEN NULL WHEN {name} + 0 = 0 THEN '0' ELSE CONCAT('=', {name}) END"
            ),
            _ => name.to_owned(),
        }
    }
}

/// Writes one value as the server gave it.
///
/// # Errors
/// What is not what the type promises, in words.
pub(super) fn push(out: &mut Vec<u8>, form: Form, bytes: Option<&[u8]>) -> Result<(), String> {
    let Some(bytes) = bytes else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    match form {
        Form::Integer => {
            let number: i128 = text(bytes)?
                .parse()
                .map_err(|_| "an integer the server wrote unreadably".to_owned())?;
            if (-LARGEST_PLAIN..=LARGEST_PLAIN).contains(&number) {
                push_display(out, number);
            } else {
                push_string(out, &number.to_string());
            }
        }
        Form::Single | Form::Double => {
            let number: f64 = text(bytes)?
                .parse()
                .map_err(|_| "a number the server wrote unreadably".to_owned())?;
            // `Debug` of f64 is the shortest text that reads back to the same bits. Writing to a Vec cannot fail.
            let _ = write!(out, "{number:?}");
        }
        Form::Bytes => push_tagged(out, "$hex", &hex::encode(bytes)),
        Form::Json => match std::str::from_utf8(bytes) {
            Ok(json) if stands_verbatim(json) => out.extend_from_slice(bytes),
            _ => push_text(out, bytes),
        },
        Form::Enum if bytes == b"0" => out.extend_from_slice(b"{\"$enum\":0}"),
        Form::Enum => push_text(out, bytes.strip_prefix(b"=").unwrap_or(bytes)),
        Form::Text => push_text(out, bytes),
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "a number that is no text".to_owned())
}

/// Whether a JSON text may stand in a line as it is: an object or array without anything around it or across lines.
fn stands_verbatim(json: &str) -> bool {
    json.starts_with(['{', '['])
        && json.ends_with(['}', ']'])
        && !json.contains(['\r', '\n'])
        && serde_json::from_str::<&RawValue>(json).is_ok()
}

fn push_text(out: &mut Vec<u8>, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) if memchr::memchr(0, bytes).is_none() => push_string(out, text),
        _ => push_tagged(out, "$text", &hex::encode(bytes)),
    }
}

fn push_display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
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

/// A literal and what must be known to insert it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    /// Any value.
    Plain,
    /// ENUM's error value, which a strict session refuses.
    EnumError,
}

/// Writes one JSON value as a literal of SQL, with backslash escapes.
///
/// # Errors
/// What does not fit the column's type, in words.
pub(super) fn push_literal(out: &mut Vec<u8>, form: Form, json: &str) -> Result<Literal, String> {
    let first = json.as_bytes().first().copied().unwrap_or(b' ');
    if json == "null" {
        out.extend_from_slice(b"NULL");
        return Ok(Literal::Plain);
    }
    match (form, first) {
        (Form::Integer, b'-' | b'0'..=b'9') => push_integer(out, json)?,
        (Form::Integer, b'"') => push_integer(out, &string(json)?)?,
        (Form::Single | Form::Double, b'-' | b'0'..=b'9') => push_float(out, json)?,
        (Form::Bytes, b'{') => push_hex(out, "", &tagged(json, "$hex")?),
        (Form::Json, b'{' | b'[') => push_quoted(out, json.as_bytes()),
        (Form::Enum, b'{') if json == "{\"$enum\":0}" => {
            out.push(b'0');
            return Ok(Literal::EnumError);
        }
        (Form::Json | Form::Enum | Form::Text, b'"') => push_quoted(out, string(json)?.as_bytes()),
        (Form::Enum | Form::Text, b'{') => push_hex(out, "_utf8mb4 ", &tagged(json, "$text")?),
        _ => return Err(format!("`{}` is no value of this type", shorten(json))),
    }
    Ok(Literal::Plain)
}

/// The bytes of a value that may be long; `None` for one that never is.
///
/// # Errors
/// What does not fit the column's type, in words.
pub(super) fn long_value(form: Form, json: &str) -> Result<Option<Vec<u8>>, String> {
    let decoded = |digits: String| hex::decode(digits).map_err(|error| error.to_string());
    match (form, json.as_bytes().first()) {
        (Form::Bytes, Some(b'{')) => decoded(tagged(json, "$hex")?).map(Some),
        (Form::Text, Some(b'{')) => decoded(tagged(json, "$text")?).map(Some),
        (Form::Json, Some(b'{' | b'[')) => Ok(Some(json.as_bytes().to_vec())),
        (Form::Json | Form::Text, Some(b'"')) => Ok(Some(string(json)?.into_bytes())),
        _ => Ok(None),
    }
}

fn push_integer(out: &mut Vec<u8>, digits: &str) -> Result<(), String> {
    let number: i128 = digits
        .parse()
        .map_err(|_| format!("`{}` is no integer", shorten(digits)))?;
    if !(i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&number) {
        return Err(format!("`{}` is no 64-bit integer", shorten(digits)));
    }
    push_display(out, number);
    Ok(())
}

fn push_float(out: &mut Vec<u8>, json: &str) -> Result<(), String> {
    match json.parse::<f64>() {
        Ok(number) if number.is_finite() => {
            // A text and not a number: as a number without exponent it would be a DECIMAL, which has no -0. Writing to
            // a Vec cannot fail.
            let _ = write!(out, "'{number:?}'");
            Ok(())
        }
        _ => Err(format!("`{}` is no number", shorten(json))),
    }
}

fn string(json: &str) -> Result<String, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

/// The hexadecimal digits under a tag, checked.
fn tagged(json: &str, tag: &str) -> Result<String, String> {
    let wrong = || "an object that is no value of this type".to_owned();
    let map: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(json).map_err(|_| wrong())?;
    let digits = match (map.len(), map.get(tag)) {
        (1, Some(serde_json::Value::String(digits))) => digits.clone(),
        _ => return Err(wrong()),
    };
    if digits.len() % 2 == 0 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(digits)
    } else {
        Err("wrong hexadecimal digits".to_owned())
    }
}

fn push_hex(out: &mut Vec<u8>, introducer: &str, digits: &str) {
    out.extend_from_slice(introducer.as_bytes());
    out.extend_from_slice(b"x'");
    out.extend_from_slice(digits.as_bytes());
    out.push(b'\'');
}

fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'\'');
    let mut start = 0;
    for at in memchr::memchr3_iter(b'\'', b'\\', 0, text) {
        out.extend_from_slice(&text[start..at]);
        out.push(b'\\');
        out.push(if text[at] == 0 { b'0' } else { text[at] });
        start = at + 1;
    }
    out.extend_from_slice(&text[start..]);
    out.push(b'\'');
}

fn shorten(text: &str) -> String {
    text.chars().take(20).collect()
}

/// Whether a value of a table file fits a column of this type.
///
/// # Errors
/// What does not fit, in words.
pub(in crate::db) fn check(type_name: &str, json: &str) -> Result<(), String> {
    push_literal(&mut Vec::new(), Form::of(type_name), json).map(|_| ())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    fn written(type_name: &str, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        push(&mut out, Form::of(type_name), Some(bytes)).expect("it is readable");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn literal(type_name: &str, json: &str) -> String {
        let mut out = Vec::new();
        push_literal(&mut out, Form::of(type_name), json).expect("it fits");
        String::from_utf8(out).expect("it is text")
    }

    #[test]
    fn every_form_is_written_as_the_format_says_and_back() {
        for (type_name, bytes, json, sql) in [
            ("int(11)", &b"-7"[..], "-7", "-7"),
            ("int(5) unsigned zerofill", b"00007", "7", "7"),
            (
                "bigint(20) unsigned",
                b"18446744073709551615",
                "\"18446744073709551615\"",
                "18446744073709551615",
            ),
            (
                "float",
                b"0.10000000149011612",
                "0.10000000149011612",
                "'0.10000000149011612'",
            ),
            ("double", b"1e300", "1e300", "'1e300'"),
            ("double(10,2)", b"-0", "-0.0", "'-0.0'"),
            ("decimal(20,4)", b"1.5000", "\"1.5000\"", "'1.5000'"),
            ("bit(5)", &[5], "{\"$hex\":\"05\"}", "x'05'"),
            ("blob", b"", "{\"$hex\":\"\"}", "x''"),
            ("json", b"{\"a\": [1]}", "{\"a\": [1]}", "'{\"a\": [1]}'"),
            ("json", b"null", "\"null\"", "'null'"),
            ("json", b" [1]", "\" [1]\"", "' [1]'"),
            ("json", b"[1,\n2]", "\"[1,\\n2]\"", "'[1,\n2]'"),
            ("enum('a','')", b"=a", "\"a\"", "'a'"),
            ("enum('a','')", b"=", "\"\"", "''"),
            ("enum('a','')", b"0", "{\"$enum\":0}", "0"),
            ("varchar(9)", b"it's \\", "\"it's \\\\\"", "'it\\'s \\\\'"),
            (
                "text",
                b"a\0b",
                "{\"$text\":\"610062\"}",
                "_utf8mb4 x'610062'",
            ),
            (
                "datetime(3)",
                b"0000-00-00 00:00:00.000",
                "\"0000-00-00 00:00:00.000\"",
                "'0000-00-00 00:00:00.000'",
            ),
        ] {
            assert_eq!(written(type_name, bytes), json, "{type_name}");
            assert_eq!(literal(type_name, json), sql, "{type_name}");
        }
        let mut out = Vec::new();
        push(&mut out, Form::Text, None).expect("NULL is readable");
        assert_eq!(out, b"null");
    }

    #[test]
    fn what_is_never_written_is_refused() {
        for (type_name, json) in [
            ("int(11)", "1.5"),
            ("int(11)", "18446744073709551616"),
            ("int(11)", "true"),
            ("int(11)", "\"1 OR 1\""),
            ("double", "\"x\""),
            ("double", "1e999"),
            ("blob", "\"x\""),
            ("blob", "{\"$hex\":\"0\"}"),
            ("blob", "{\"$hex\":\"00'\"}"),
            ("text", "1"),
            ("text", "{\"a\":1}"),
            ("text", "{\"$text\":\"00\",\"b\":1}"),
            ("enum('a')", "{\"$enum\":1}"),
            ("json", "1"),
        ] {
            assert!(check(type_name, json).is_err(), "{type_name} {json}");
        }
    }

    proptest! {
        #[test]
        fn a_text_literal_ends_where_it_should(text: String) {
            let mut json = Vec::new();
            push(&mut json, Form::Text, Some(text.as_bytes())).expect("text is readable");
            let sql = literal("text", std::str::from_utf8(&json).expect("JSON is UTF-8"));
            if sql.starts_with('\'') {
                let inner = &sql[1..sql.len() - 1];
                let mut escaped = false;
                for letter in inner.chars() {
                    prop_assert!(escaped || letter != '\'');
                    escaped = !escaped && letter == '\\';
                }
                prop_assert!(!escaped);
            }
        }

        #[test]
        fn nothing_makes_the_reader_panic(json: String) {
            for type_name in ["int", "double", "blob", "json", "enum('a')", "text"] {
                let _ = check(type_name, &json);
            }
        }
    }
}
