//! The first line: which column stands where. Letter case and outer blanks do not matter.

use std::collections::HashMap;

use super::delimiter::Delimiter;
use super::error::{Error, Result};

/// Where a name leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    /// To this cell.
    At(usize),
    /// To nothing: the reader of the file does without it.
    Absent,
}

/// The columns of a file.
#[derive(Debug)]
pub struct Header {
    names: Vec<String>,
    columns: HashMap<String, Column>,
    trim: bool,
}

/// What the header is checked against.
pub(super) struct Expected<'a> {
    pub path: &'a str,
    pub line: u64,
    pub delimiter: Delimiter,
    pub required: &'a [String],
    pub optional: &'a [String],
    pub trim: bool,
}

impl Header {
    /// Takes the cells of the header line. Columns without a name are there, but nothing leads to them.
    pub(super) fn new(cells: Vec<String>, expected: &Expected<'_>) -> Result<Header> {
        let names: Vec<String> = cells
            .into_iter()
            .map(|cell| cell.trim().to_owned())
            .collect();
        let mut columns = HashMap::new();
        for (at, name) in names
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.is_empty())
        {
            if columns.insert(folded(name), Column::At(at)).is_some() {
                return Err(Error::Duplicate {
                    path: expected.path.to_owned(),
                    line: expected.line,
                    column: name.clone(),
                });
            }
        }
        let missing: Vec<String> = expected
            .required
            .iter()
            .filter(|name| !columns.contains_key(&folded(name)))
            .map(|name| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            return Err(Error::Missing {
                path: expected.path.to_owned(),
                line: expected.line,
                columns: missing.join(", "),
                delimiter: expected.delimiter,
                found: some_of(&names),
            });
        }
        for name in expected.optional {
            columns.entry(folded(name)).or_insert(Column::Absent);
        }
        let mut header = Header {
            names,
            columns,
            trim: expected.trim,
        };
        header.remember_spellings(expected);
        Ok(header)
    }

    /// The spellings a program will ask for, so that they need no folding record by record.
    fn remember_spellings(&mut self, expected: &Expected<'_>) {
        let spellings = self
            .names
            .iter()
            .chain(expected.required)
            .chain(expected.optional);
        for name in spellings.cloned().collect::<Vec<_>>() {
            if let Some(column) = self.columns.get(&folded(&name)) {
                self.columns.insert(name, *column);
            }
        }
    }

    /// The columns' names in the file's order and spelling, without outer blanks.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the file has this column.
    pub fn has(&self, name: &str) -> bool {
        matches!(self.column(name), Some(Column::At(_)))
    }

    /// The cell of this column: `None` for a name nobody knows, `Some(None)` for an optional column the file lacks.
    pub(super) fn cell(&self, name: &str) -> Option<Option<usize>> {
        self.column(name).map(|column| match column {
            Column::At(at) => Some(at),
            Column::Absent => None,
        })
    }

    /// Whether blanks around a cell are left away.
    pub(super) fn trims(&self) -> bool {
        self.trim
    }

    fn column(&self, name: &str) -> Option<Column> {
        let found = self.columns.get(name);
        found.or_else(|| self.columns.get(&folded(name))).copied()
    }
}

fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The first few names, for a message.
fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 6;
    const LENGTH: usize = 40;
    let mut text: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| {
            let short: String = name.chars().take(LENGTH).collect();
            format!("`{}`", short.escape_debug())
        })
        .collect();
    if names.len() > SHOWN {
        text.push(format!("and {} more", names.len() - SHOWN));
    }
    text.join(", ")
}
