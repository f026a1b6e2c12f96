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

/// What so many rows do, such as `2 of 3 rows of `users` have …`; `of` is empty where all of them do.
pub(super) fn sentence(met: u64, of: &str, subject: &str, verdict: &str) -> String {
    let number = counted(met);
    match (met, of.is_empty(), subject.strip_prefix("rows ")) {
        (1, true, Some(table)) => format!("{number} row {table} {}", of_one(verdict)),
        _ => format!("{number}{of} {subject} {verdict}"),
    }
}

/// A verdict on rows as one on a single row.
fn of_one(verdict: &str) -> String {
    const VERBS: [(&str, &str); 6] = [
        ("have ", "has "),
        ("are ", "is "),
        ("do ", "does "),
        ("break ", "breaks "),
        ("conflict ", "conflicts "),
        ("share their ", "shares its "),
    ];
    let found = VERBS
        .iter()
        .find_map(|(many, one)| Some((one, verdict.strip_prefix(many)?)));
    found.map_or(verdict.to_owned(), |(one, rest)| format!("{one}{rest}"))
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
    fn one_row_is_no_plural() {
        for (met, of, verdict, said) in [
            (1, "", "would be lost", "1 row of `t` would be lost"),
            (1, "", "have NULL in `a`", "1 row of `t` has NULL in `a`"),
            (2, "", "have NULL in `a`", "2 rows of `t` have NULL in `a`"),
            (
                1,
                " of 3",
                "would be lost",
                "1 of 3 rows of `t` would be lost",
            ),
        ] {
            assert_eq!(sentence(met, of, "rows of `t`", verdict), said);
        }
    }

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
