//! Numbers and keys of rows as people write them.

use super::draft::MOST_COUNTED;
use crate::value::Value;

/// A key, short and on one line.
pub(super) fn key(row: &[Value]) -> String {
    let values: Vec<String> = row.iter().map(shown).collect();
    match values.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    }
}

/// A key's value, short and on one line.
fn shown(value: &Value) -> String {
    /// Enough to recognise a UUID.
    const MOST: usize = 40;
    let text = match value {
        Value::Null => "NULL".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Time(time) => time.to_rfc3339(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("x'{}'", hex::encode(&bytes[..bytes.len().min(MOST / 2)])),
        Value::List(_) | Value::Map(_) => value.kind().to_owned(),
    };
    let line: String = text
        .chars()
        .take(MOST)
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    if text.chars().count() > MOST {
        return format!("{line}…");
    }
    line
}

/// A number of rows; a server counts only so far.
pub(super) fn counted(number: u64) -> String {
    match number == MOST_COUNTED + 1 {
        true => format!("more than {}", grouped(MOST_COUNTED)),
        false => grouped(number),
    }
}

/// A number with commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_keys_are_shown_as_people_write_them() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(10_233), "10,233");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(key(&[Value::Int(7)]), "7");
        assert_eq!(
            key(&[Value::Int(7), Value::Text("a\nb".to_owned())]),
            "(7, a b)"
        );
        assert_eq!(
            shown(&Value::Text("é".repeat(50))),
            format!("{}…", "é".repeat(40))
        );
    }
}
