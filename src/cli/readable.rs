//! Values and tables as plain text for people.

use crate::event::counted;
use crate::value::Value;

/// A result as `key: value` lines; what is nested is indented.
pub fn lines(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    match value {
        Value::Null => {}
        Value::Map(entries) => write_map(entries, 0, &mut lines),
        Value::List(items) => write_items(items, 0, &mut lines),
        scalar => lines.push(printable(&text(scalar))),
    }
    lines
}

/// Rows under their headings, in columns.
pub fn table(columns: &[String], rows: &[Vec<String>]) -> Vec<String> {
    let all = || std::iter::once(columns).chain(rows.iter().map(Vec::as_slice));
    let width = |column: usize| {
        all()
            .filter_map(|row| row.get(column))
            .map(|cell| printable(cell).chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..all().map(<[String]>::len).max().unwrap_or(0))
        .map(width)
        .collect();
    all()
        .map(|row| {
            let cells = row.iter().zip(&widths);
            let padded: Vec<String> = cells
                .map(|(cell, width)| {
                    let cell = printable(cell);
                    let missing = width.saturating_sub(cell.chars().count());
                    format!("{cell}{}", " ".repeat(missing))
                })
                .collect();
            padded.join("  ").trim_end().to_owned()
        })
        .collect()
}

/// The text without what would steer a terminal: data must not be able to hide or fake a line.
pub fn printable(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => plain.push(character),
            // Controls, and the marks that reorder or hide text.
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                plain.extend(c.escape_unicode());
            }
            c => plain.push(c),
        }
    }
    plain
}

fn write_map(entries: &[(String, Value)], depth: usize, lines: &mut Vec<String>) {
    for (name, value) in entries {
        write_entry(&format!("{}:", printable(name)), value, depth, lines);
    }
}

fn write_entry(label: &str, value: &Value, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Map(entries) if !entries.is_empty() => {
            lines.push(format!("{indent}{label}"));
            write_map(entries, depth + 1, lines);
        }
        Value::List(items) if items.iter().any(is_nested) || is_long(items) => {
            lines.push(format!("{indent}{label}"));
            write_items(items, depth + 1, lines);
        }
        flat => {
            let text = printable(&text(flat));
            let text = text.replace('\n', &format!("\n{indent}  "));
            lines.push(format!("{indent}{label} {text}"));
        }
    }
}

fn write_items(items: &[Value], depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    for item in items {
        match item {
            Value::Map(entries) if !entries.is_empty() => {
                let first = lines.len();
                write_map(entries, depth + 1, lines);
                // The first entry carries the item's dash.
                if let Some(line) = lines.get_mut(first) {
                    *line = format!("{indent}- {}", line.trim_start());
                }
            }
            other => write_entry("-", other, depth, lines),
        }
    }
}

/// Whether the items would make a line nobody can read.
fn is_long(items: &[Value]) -> bool {
    /// What a line of a terminal holds.
    const WIDTH: usize = 100;
    items
        .iter()
        .map(|item| text(item).chars().count() + 2)
        .sum::<usize>()
        > WIDTH
}

fn is_nested(value: &Value) -> bool {
    matches!(value, Value::Map(_) | Value::List(_))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => counted(bytes.len(), "byte"),
        Value::Time(time) => time.to_rfc3339(),
        Value::List(items) if items.is_empty() => "none".to_owned(),
        Value::List(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Map(entries) if entries.is_empty() => "none".to_owned(),
        Value::Map(entries) => entries
            .iter()
            .map(|(name, value)| format!("{name}: {}", text(value)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, Value)]) -> Value {
        let entries = entries.iter().cloned();
        Value::Map(
            entries
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    #[test]
    fn a_result_is_lines_of_key_and_value() {
        let result = map(&[
            ("timestamp", "2025".into()),
            ("files", Value::List(vec!["a".into(), "b".into()])),
            (
                "counts",
                map(&[("users", 3.into()), ("comments", 0.into())]),
            ),
            ("problems", Value::List(vec![])),
            (
                "findings",
                Value::List(vec![
                    map(&[("rule", "drop-table".into()), ("line", 3.into())]),
                    map(&[("rule", "x".into())]),
                ]),
            ),
            (
                "long",
                Value::List(vec!["x".repeat(60).into(), "y".repeat(60).into()]),
            ),
            ("ok", Value::Bool(true)),
            ("label", Value::Null),
        ]);
        assert_eq!(
            lines(&result),
            [
                "timestamp: 2025",
                "files: a, b",
                "counts:",
                "  users: 3",
                "  comments: 0",
                "problems: none",
                "findings:",
                "  - rule: drop-table",
                "    line: 3",
                "  - rule: x",
                "long:",
                &format!("  - {}", "x".repeat(60)),
                &format!("  - {}", "y".repeat(60)),
                "ok: yes",
                "label: none",
            ]
        );
        assert!(lines(&Value::Null).is_empty());
        assert_eq!(lines(&"plain".into()), ["plain"]);
    }

    #[test]
    fn data_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[2Jb\r\u{202e}"),
            "a\\u{1b}[2Jb\\u{d}\\u{202e}"
        );
    }

    #[test]
    fn a_table_stands_in_columns() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            table(
                &row(&["id", "name"]),
                &[row(&["1", "ä"]), row(&["200", "b"])]
            ),
            ["id   name", "1    ä", "200  b"]
        );
    }
}
