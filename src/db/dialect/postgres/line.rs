//! PostgreSQL's values in table files (FORMAT.md): COPY's text of a value to JSON and back, by the column's type.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::db::row::push_string;

/// The largest whole number every JSON reader keeps: 2^53 − 1.
const LARGEST_PLAIN: i64 = (1 << 53) - 1;

/// How a column's values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A number; beyond ±(2^53−1) a string of digits. The type's range.
    Integer(i64, i64),
    /// A number; NaN and infinities as strings.
    Float,
    /// `true` or `false`.
    Boolean,
    /// Objects and arrays verbatim, anything else as a string of JSON.
    Json,
    /// `{"$hex":"…"}`.
    Bytes,
    /// A string: the type's own text.
    Text,
}

impl Class {
    /// The class of a type as `format_type` prints it.
    pub fn of(type_name: &str) -> Class {
        match type_name {
            "smallint" => Class::Integer(i16::MIN.into(), i16::MAX.into()),
            "integer" => Class::Integer(i32::MIN.into(), i32::MAX.into()),
            "bigint" => Class::Integer(i64::MIN, i64::MAX),
            "real" | "double precision" => Class::Float,
            "boolean" => Class::Boolean,
            "json" | "jsonb" => Class::Json,
            "bytea" => Class::Bytes,
            _ => Class::Text,
        }
    }
}

/// Writes one value of a COPY line; `field` is what stands between two tabs.
///
/// # Errors
/// Text that is not what the type prints: the server then is not what it says.
pub(super) fn push(out: &mut Vec<u8>, class: Class, field: &[u8]) -> Result<(), String> {
    if field == b"\\N" {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    let bytes = unescaped(field);
    let Ok(text) = std::str::from_utf8(&bytes) else {
        // Only a database without an encoding (SQL_ASCII) sends what is not UTF-8.
        push_tagged(out, "$text", &hex::encode(&bytes));
        return Ok(());
    };
    let wrong = || format!("`{}` is not what its type prints", shorten(text));
    match class {
        Class::Integer(..) => {
            let number: i64 = text.parse().map_err(|_| wrong())?;
            if (-LARGEST_PLAIN..=LARGEST_PLAIN).contains(&number) {
                out.extend_from_slice(text.as_bytes());
            } else {
                push_string(out, text);
            }
        }
        Class::Float if serde_json::from_str::<&RawValue>(text).is_ok() => {
            out.extend_from_slice(text.as_bytes());
        }
        Class::Boolean => out.extend_from_slice(match text {
            "t" => b"true",
            "f" => b"false",
            _ => return Err(wrong()),
        }),
        Class::Json if is_verbatim(text) => out.extend_from_slice(text.as_bytes()),
        Class::Bytes => {
            let digits = text.strip_prefix("\\x").ok_or_else(wrong)?;
            push_tagged(out, "$hex", digits);
        }
        Class::Float | Class::Json | Class::Text => push_string(out, text),
    }
    Ok(())
}

/// An object or array that stays itself as part of a line.
fn is_verbatim(text: &str) -> bool {
    text.starts_with(['{', '['])
        && text.ends_with(['}', ']'])
        && !text.contains(['\n', '\r'])
        // The reader of lines tells `{"$hex":…}` of the json type from that of bytes by the column alone.
        && serde_json::from_str::<&RawValue>(text).is_ok()
}

fn push_tagged(out: &mut Vec<u8>, tag: &str, text: &str) {
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(tag.as_bytes());
    out.extend_from_slice(b"\":\"");
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\"}");
}

/// What COPY's escapes stand for (<https://www.postgresql.org/docs/current/sql-copy.html>).
fn unescaped(field: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', field).is_none() {
        return Cow::Borrowed(field);
    }
    let mut out = Vec::with_capacity(field.len());
    let mut bytes = field.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        match bytes.next() {
            Some(b'b') => out.push(0x08),
            Some(b'f') => out.push(0x0c),
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'v') => out.push(0x0b),
            Some(other) => out.push(*other),
            None => out.push(b'\\'),
        }
    }
    Cow::Owned(out)
}

/// Writes a value of a line as a field of COPY.
///
/// # Errors
/// What does not fit the column, in words.
pub(super) fn field(out: &mut Vec<u8>, class: Class, json: &str) -> Result<(), String> {
    match read(class, json)? {
        None => out.extend_from_slice(b"\\N"),
        Some(bytes) => escape(out, &bytes),
    }
    Ok(())
}

/// Whether a value fits a column of this type.
///
/// # Errors
/// What does not fit, in words.
pub fn check(type_name: &str, json: &str) -> Result<(), String> {
    read(Class::of(type_name), json).map(|_| ())
}

/// The text of a value; `None` for NULL.
fn read(class: Class, json: &str) -> Result<Option<Cow<'_, [u8]>>, String> {
    let wrong = || format!("`{}` is no value of this type", shorten(json));
    let first = json.bytes().next().ok_or_else(wrong)?;
    let plain = |text: &'static str| Ok(Some(Cow::Borrowed(text.as_bytes())));
    match (first, class) {
        (b'n', _) => Ok(None),
        (b'"', _) => {
            let text: String = serde_json::from_str(json).map_err(|error| error.to_string())?;
            check_text(class, &text)?;
            Ok(Some(Cow::Owned(text.into_bytes())))
        }
        (b't', Class::Boolean) => plain("t"),
        (b'f', Class::Boolean) => plain("f"),
        (b'-' | b'0'..=b'9', Class::Integer(least, most)) => match json.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(json.as_bytes().into())),
            _ => Err(wrong()),
        },
        (b'-' | b'0'..=b'9', Class::Float) => Ok(Some(json.as_bytes().into())),
        (b'{' | b'[', Class::Json) => Ok(Some(json.as_bytes().into())),
        (b'{', Class::Bytes) => {
            let bytes = tagged(json, "$hex").ok_or_else(wrong)?;
            Ok(Some(
                format!("\\x{}", hex::encode(bytes)).into_bytes().into(),
            ))
        }
        (b'{', Class::Text) => tagged(json, "$text")
            .map(|bytes| Some(Cow::Owned(bytes)))
            .ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

/// Strings where the class has numbers: only those it writes as strings.
fn check_text(class: Class, text: &str) -> Result<(), String> {
    let fits = match class {
        Class::Integer(least, most) => text
            .parse::<i64>()
            .is_ok_and(|number| (least..=most).contains(&number)),
        Class::Float => ["NaN", "Infinity", "-Infinity"].contains(&text),
        Class::Boolean | Class::Bytes => false,
        Class::Json => serde_json::from_str::<&RawValue>(text).is_ok(),
        Class::Text => !text.contains('\0'),
    };
    match fits {
        true => Ok(()),
        false => Err(format!("`{}` is no value of this type", shorten(text))),
    }
}

/// The bytes of `{"tag":"hex"}`.
fn tagged(json: &str, tag: &str) -> Option<Vec<u8>> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    let object = value.as_object()?;
    let digits = object.get(tag)?.as_str()?;
    (object.len() == 1).then(|| hex::decode(digits).ok())?
}

/// Writes bytes as COPY reads them.
fn escape(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte => out.push(*byte),
        }
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(type_name: &str, field: &str) -> String {
        let mut out = Vec::new();
        push(&mut out, Class::of(type_name), field.as_bytes()).expect(field);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn back(type_name: &str, json: &str) -> String {
        let mut out = Vec::new();
        field(&mut out, Class::of(type_name), json).expect(json);
        String::from_utf8(out).expect("COPY text is UTF-8")
    }

    #[test]
    fn every_class_is_written_as_the_format_says_and_read_back() {
        for (type_name, field, expected) in [
            ("integer", "-7", "-7"),
            ("bigint", "9007199254740991", "9007199254740991"),
            ("bigint", "9007199254740992", "\"9007199254740992\""),
            ("double precision", "-0", "-0"),
            ("double precision", "1e+300", "1e+300"),
            ("real", "NaN", "\"NaN\""),
            ("real", "-Infinity", "\"-Infinity\""),
            ("boolean", "t", "true"),
            ("json", "{\"a\": 1}", "{\"a\": 1}"),
            ("json", " [1]", "\" [1]\""),
            ("json", "[1,\\n2]", "\"[1,\\n2]\""),
            ("jsonb", "null", "\"null\""),
            ("jsonb", "\"x\"", "\"\\\"x\\\"\""),
            ("bytea", "\\\\x00ff", "{\"$hex\":\"00ff\"}"),
            ("text", "a\\tb\\\\N", "\"a\\tb\\\\N\""),
            ("text", "\\N", "null"),
            ("text", "", "\"\""),
            ("numeric(10,2)", "1.50", "\"1.50\""),
            (
                "text[]",
                "{\"a\\\\\\\\b\",NULL}",
                "\"{\\\"a\\\\\\\\b\\\",NULL}\"",
            ),
        ] {
            let written = json(type_name, field);
            assert_eq!(written, expected, "{type_name}");
            assert_eq!(back(type_name, &written), field, "{type_name}");
        }
    }

    #[test]
    fn what_postgres_never_writes_is_refused() {
        for (type_name, value) in [
            ("integer", "99999999999"),
            ("smallint", "40000"),
            ("integer", "1.5"),
            ("integer", "\"x\""),
            ("integer", "true"),
            ("boolean", "\"t\""),
            ("boolean", "1"),
            ("bytea", "\"6869\""),
            ("bytea", "{\"$hex\":\"0\"}"),
            ("text", "1"),
            ("text", "[1]"),
            ("text", "{\"$hex\":\"00\"}"),
            ("text", "\"\\u0000\""),
            ("jsonb", "1"),
            ("real", "\"1\""),
            ("text", ""),
        ] {
            assert!(check(type_name, value).is_err(), "{type_name}: {value}");
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "[^\0]*") {
            let mut copied = Vec::new();
            escape(&mut copied, text.as_bytes());
            let copied = String::from_utf8(copied).expect("it was text");
            prop_assert_eq!(back("text", &json("text", &copied)), copied);
        }

        #[test]
        fn nothing_makes_the_reader_panic(text: String) {
            for type_name in ["integer", "real", "boolean", "json", "bytea", "text"] {
                let _ = check(type_name, &text);
            }
        }
    }
}
