//! Changes to text, bytes, members of a list, or JSON.

use super::Change;
use super::name::{Kind, Type};

const LONG: &str = "are too long for";
const NO_MEMBER: &str = "are no member of";
const NO_TEXT: &str = "are not valid text for";

/// A column as text, where it is text of any kind; bytes as what they would be as text.
pub(super) fn as_text(kind: &Kind, column: &str) -> Option<String> {
    match kind {
        Kind::Char(_) | Kind::Varchar(_) | Kind::Text(_) => Some(column.to_owned()),
        Kind::Binary(_) | Kind::Varbinary(_) | Kind::Blob(_) => {
            Some(format!("CONVERT({column} USING utf8mb4)"))
        }
        Kind::Json => Some(format!("CAST({column} AS CHAR)")),
        _ => None,
    }
}

/// What becomes of values that are to be text, bytes, members of a list, or JSON.
pub(super) fn change(old: &Type, new: &Type, column: &str) -> Change {
    match (&old.kind, &new.kind) {
        (_, Kind::Enum(members)) => to_enum(old, members, column),
        (_, Kind::Set(members)) => to_set(old, members, column),
        (_, Kind::Json) => to_json(old, column),
        (_, Kind::Binary(bytes) | Kind::Varbinary(bytes) | Kind::Blob(bytes)) => {
            to_bytes(old, new, *bytes, column)
        }
        (_, Kind::Char(characters) | Kind::Varchar(characters)) => {
            to_characters(old, new, *characters, column)
        }
        (_, Kind::Text(bytes)) => {
            let change = valid(old, column);
            match longest(old).is_some_and(|(_, most)| most <= *bytes) {
                true => change,
                false => change.and_refuses(format!("LENGTH({column}) > {bytes}"), LONG),
            }
        }
        _ => Change::unknown(),
    }
}

/// The most characters and bytes a value takes, where that is known from its type.
fn longest(of: &Type) -> Option<(u64, u64)> {
    let plain = |length: u64| Some((length, length));
    match &of.kind {
        Kind::Integer(bytes) => {
            let digits = [0u64, 4, 6, 8, 11, 11, 11, 11, 20][(*bytes).min(8) as usize];
            plain(digits)
        }
        Kind::Bit(_) => plain(8),
        Kind::Decimal(digits, _) => plain(u64::from(*digits) + 3),
        Kind::Float => plain(14),
        Kind::Double => plain(25),
        Kind::Year => plain(4),
        Kind::Date => plain(10),
        Kind::Time(digits) => plain(11 + u64::from(*digits)),
        Kind::Datetime(0) | Kind::Timestamp(0) => plain(19),
        Kind::Datetime(digits) | Kind::Timestamp(digits) => plain(20 + u64::from(*digits)),
        // A character has up to four bytes.
        Kind::Char(length) | Kind::Varchar(length) => Some((*length, length.saturating_mul(4))),
        Kind::Text(bytes) | Kind::Binary(bytes) | Kind::Varbinary(bytes) | Kind::Blob(bytes) => {
            plain(*bytes)
        }
        Kind::Enum(members) => {
            let length = members.iter().map(|member| member.chars().count()).max();
            let length = length.unwrap_or_default() as u64;
            Some((length, length * 4))
        }
        Kind::Set(members) => {
            let length: usize = members
                .iter()
                .map(|member| member.chars().count() + 1)
                .sum();
            Some((length as u64, length as u64 * 4))
        }
        Kind::Json => plain(u64::from(u32::MAX)),
        Kind::Other(_) => None,
    }
}

/// Bytes that are to be text must be text. Characters of a narrower charset than UTF-8 are the charset's own matter.
fn valid(old: &Type, column: &str) -> Change {
    match old.kind {
        Kind::Binary(_) | Kind::Varbinary(_) | Kind::Blob(_) => Change::refuses(
            format!("NOT (HEX(CONVERT({column} USING utf8mb4)) <=> HEX({column}))"),
            NO_TEXT,
        ),
        _ => Change::none(),
    }
}

fn to_characters(old: &Type, new: &Type, characters: u64, column: &str) -> Change {
    let mut change = valid(old, column);
    let trimmed = format!("TRIM(TRAILING ' ' FROM {column})");
    let ends = matches!(new.kind, Kind::Char(_));
    if longest(old).is_none_or(|(most, _)| most > characters) {
        // A CHAR has no blanks at its end anyway.
        let kept = if ends { trimmed.as_str() } else { column };
        change = change.and_refuses(format!("CHAR_LENGTH({kept}) > {characters}"), LONG);
    }
    if ends && matches!(old.kind, Kind::Varchar(_) | Kind::Text(_)) {
        change = change.and_loses(
            format!("CHAR_LENGTH({column}) <> CHAR_LENGTH({trimmed})"),
            "would lose the blanks at their end in",
        );
    }
    change
}

fn to_bytes(old: &Type, new: &Type, bytes: u64, column: &str) -> Change {
    let mut change = Change::none();
    if longest(old).is_none_or(|(_, most)| most > bytes) {
        change = change.and_refuses(format!("LENGTH({column}) > {bytes}"), LONG);
    }
    if matches!(new.kind, Kind::Binary(_)) {
        change = change.and_loses(
            format!("LENGTH({column}) < {bytes}"),
            "would be filled up with zero bytes in",
        );
    }
    change
}

fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

fn literals(values: &[&String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| literal(value)).collect();
    quoted.join(", ")
}

fn gone<'a>(old: &'a [String], new: &[String]) -> Vec<&'a String> {
    let is_kept = |member: &&String| {
        new.iter()
            .any(|kept| kept.to_lowercase() == member.to_lowercase())
    };
    old.iter().filter(|member| !is_kept(member)).collect()
}

fn to_enum(old: &Type, members: &[String], column: &str) -> Change {
    match &old.kind {
        Kind::Enum(before) => match gone(before, members).as_slice() {
            [] => Change::none(),
            gone => Change::refuses(format!("{column} IN ({})", literals(gone)), NO_MEMBER),
        },
        Kind::Set(_) | Kind::Char(_) | Kind::Varchar(_) | Kind::Text(_) | Kind::Json => {
            let all: Vec<&String> = members.iter().collect();
            Change::refuses(format!("{column} NOT IN ({})", literals(&all)), NO_MEMBER)
        }
        Kind::Other(_) => Change::unknown(),
        Kind::Integer(_)
        | Kind::Bit(_)
        | Kind::Decimal(..)
        | Kind::Float
        | Kind::Double
        | Kind::Year => Change::loses(
            format!("{column} IS NOT NULL"),
            "would become the members of these numbers in",
        )
        .and_refuses(
            format!("{column} < 1 OR {column} > {}", members.len()),
            NO_MEMBER,
        ),
        _ => {
            let all: Vec<&String> = members.iter().collect();
            let text = format!("CAST({column} AS CHAR)");
            Change::refuses(format!("{text} NOT IN ({})", literals(&all)), NO_MEMBER)
        }
    }
}

fn to_set(old: &Type, members: &[String], column: &str) -> Change {
    match &old.kind {
        Kind::Set(before) | Kind::Enum(before) => {
            let gone: Vec<String> = gone(before, members)
                .into_iter()
                .map(|member| format!("FIND_IN_SET({}, {column}) > 0", literal(member)))
                .collect();
            match gone.is_empty() {
                true => Change::none(),
                false => Change::refuses(gone.join(" OR "), NO_MEMBER),
            }
        }
        Kind::Char(_) | Kind::Varchar(_) | Kind::Text(_) => {
            let any: Vec<String> = members.iter().map(|member| escaped(member)).collect();
            let any = any.join("|");
            let pattern = literal(&format!("^(({any})(,({any}))*)?$"));
            Change::refuses(format!("{column} NOT REGEXP {pattern}"), NO_MEMBER)
        }
        Kind::Integer(_)
        | Kind::Bit(_)
        | Kind::Decimal(..)
        | Kind::Float
        | Kind::Double
        | Kind::Year => Change::loses(
            format!("{column} IS NOT NULL"),
            "would become the members of these bits in",
        ),
        _ => Change::unknown(),
    }
}

/// A member as a regular expression.
fn escaped(member: &str) -> String {
    let mut escaped = String::new();
    for character in member.chars() {
        if character.is_ascii_punctuation() {
            escaped.push('[');
            match character {
                '^' | '\\' | ']' => {
                    escaped.pop();
                    escaped.push('\\');
                    escaped.push(character);
                }
                other => {
                    escaped.push(other);
                    escaped.push(']');
                }
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// MySQL's own type, and MariaDB's CHECK over a LONGTEXT.
fn to_json(old: &Type, column: &str) -> Change {
    match &old.kind {
        Kind::Integer(_) | Kind::Decimal(..) | Kind::Float | Kind::Double => Change::none(),
        Kind::Other(_) => Change::unknown(),
        kind => {
            let text = as_text(kind, column).unwrap_or_else(|| format!("CAST({column} AS CHAR)"));
            Change::refuses(format!("NOT JSON_VALID({text})"), "are no JSON for")
        }
    }
}
