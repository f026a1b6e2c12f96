//! The texts of the scripts of one run, by the label that positions name them with.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::error::Position;

/// The texts that were compiled, so that an error can show its line. Cheap to clone: clones share.
#[derive(Clone, Default)]
pub struct Sources(Rc<RefCell<BTreeMap<String, String>>>);

impl Sources {
    /// Remembers a text.
    pub fn add(&self, label: &str, text: &str) {
        self.0
            .borrow_mut()
            .insert(label.to_owned(), text.to_owned());
    }

    /// The text of this label.
    pub fn text(&self, label: &str) -> Option<String> {
        self.0.borrow().get(label).cloned()
    }

    /// A position of rhai in the text of this label. Rhai gives a call `a::b()` the position of `b`; people look for `a`.
    pub fn position(&self, label: &str, place: rhai::Position) -> Option<Position> {
        let mut position = position(label, place)?;
        let texts = self.0.borrow();
        let line = texts
            .get(label)
            .and_then(|text| text.lines().nth(position.line.saturating_sub(1)));
        if let Some(line) = line {
            position.column = start_of_path(line, position.column);
        }
        Some(position)
    }

    /// The line of a position with a caret under its column.
    pub fn excerpt(&self, position: &Position) -> Vec<String> {
        let texts = self.0.borrow();
        texts
            .get(&position.file)
            .map_or_else(Vec::new, |text| excerpt(text, position))
    }
}

/// The line of a position with a caret under its column, ready to print; empty if the text has no such line.
pub fn excerpt(text: &str, position: &Position) -> Vec<String> {
    /// Longer lines (generated SQL) are no help to a reader.
    const LONGEST: usize = 300;
    let Some(line) = text.lines().nth(position.line.saturating_sub(1)) else {
        return Vec::new();
    };
    if line.chars().count() > LONGEST {
        return Vec::new();
    }
    let number = position.line.to_string();
    let margin = " ".repeat(number.len());
    // A tab stays a tab, so that the caret stands where the terminal puts the character.
    let indent: String = line
        .chars()
        .take(position.column.saturating_sub(1))
        .map(|character| if character == '\t' { '\t' } else { ' ' })
        .collect();
    vec![
        format!("{margin} |"),
        format!("{number} | {line}"),
        format!("{margin} | {indent}^"),
    ]
}

/// The column where the path begins whose last word begins at this column.
fn start_of_path(line: &str, column: usize) -> usize {
    let before: Vec<char> = line.chars().take(column.saturating_sub(1)).collect();
    let mut start = before.len();
    while before[..start].ends_with(&[':', ':']) {
        let word = before[..start - 2]
            .iter()
            .rev()
            .take_while(|character| character.is_alphanumeric() || **character == '_')
            .count();
        if word == 0 {
            break;
        }
        start -= word + 2;
    }
    start + 1
}

/// A position of rhai in the file of this label; `None` where rhai has lost it.
pub fn position(label: &str, position: rhai::Position) -> Option<Position> {
    let line = position.line()?;
    Some(Position {
        file: label.to_owned(),
        line,
        column: position.position().unwrap_or(1).max(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_with_its_first_word() {
        assert_eq!(start_of_path("  db::query(1)", 7), 3);
        assert_eq!(start_of_path("f(a::b::c())", 9), 3);
        assert_eq!(start_of_path("::x", 3), 3);
        assert_eq!(start_of_path("x", 1), 1);
        assert_eq!(start_of_path("x", 40), 2);
    }

    #[test]
    fn the_caret_stands_under_the_column() {
        let position = Position {
            file: "a.rhai".into(),
            line: 2,
            column: 3,
        };
        assert_eq!(
            excerpt("x\n\té y\n", &position),
            ["  |", "2 | \té y", "  | \t ^"]
        );
    }
}
