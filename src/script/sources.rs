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
    let Some(line) = text.lines().nth(position.line.saturating_sub(1)) else {
        return Vec::new();
    };
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
