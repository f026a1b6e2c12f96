//! One record: cells by column name, the line it starts on, and what is wrong with it.

use std::fmt;
use std::sync::Arc;

use super::header::Header;

/// Why a record cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It has not as many cells as the header.
    Cells {
        /// How many it has.
        found: usize,
        /// How many the header has.
        expected: usize,
    },
    /// A NUL byte in this column.
    Nul {
        /// The column.
        column: String,
    },
    /// Bytes that are not UTF-8 in this column.
    NotUtf8 {
        /// The column.
        column: String,
    },
    /// Text behind a closing quote.
    StrayQuote,
    /// A quote that is never closed.
    OpenQuote,
    /// Longer than any record may be.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Cells { found, expected } if found < expected => {
                write!(formatter, "too few cells: {found} of {expected}")
            }
            Problem::Cells { found, expected } => {
                write!(formatter, "too many cells: {found} instead of {expected}")
            }
            Problem::Nul { column } => write!(formatter, "a NUL byte in `{column}`"),
            Problem::NotUtf8 { column } => {
                write!(formatter, "bytes that are not UTF-8 in `{column}`")
            }
            Problem::StrayQuote => formatter.write_str("text behind a closing quote"),
            Problem::OpenQuote => formatter.write_str("a quote that is never closed"),
            Problem::TooLong { limit } => {
                write!(
                    formatter,
                    "longer than {} MiB: a quote that is never closed?",
                    limit >> 20
                )
            }
        }
    }
}

/// One record. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Record(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    header: Arc<Header>,
    line: u64,
    problem: Option<Problem>,
    /// The cells, one behind the other.
    text: String,
    ends: Vec<usize>,
}

impl Record {
    /// A record of these cells; finds what is wrong with them.
    pub(super) fn new(header: Arc<Header>, line: u64, bytes: Vec<u8>, ends: Vec<usize>) -> Record {
        let expected = header.names().len();
        let column = |at: usize| {
            let cell = ends.partition_point(|end| *end <= at);
            match header.names().get(cell) {
                Some(name) if !name.is_empty() => name.clone(),
                _ => format!("cell {}", cell + 1),
            }
        };
        let problem = if ends.len() != expected {
            Some(Problem::Cells {
                found: ends.len(),
                expected,
            })
        } else {
            memchr::memchr(0, &bytes).map(|at| Problem::Nul { column: column(at) })
        };
        let (text, problem) = match String::from_utf8(bytes) {
            Ok(text) => (Ok(text), problem),
            Err(error) => {
                let not_utf8 = Problem::NotUtf8 {
                    column: column(error.utf8_error().valid_up_to()),
                };
                (Err(error.into_bytes()), problem.or(Some(not_utf8)))
            }
        };
        match text {
            Ok(text) if in_characters(&text, &ends) => Record(Arc::new(Inner {
                header,
                line,
                problem,
                text,
                ends,
            })),
            // Cells that are text only together: half a character in each.
            Ok(text) => Record::mended(header, line, problem, text.into_bytes(), &ends),
            Err(bytes) => Record::mended(header, line, problem, bytes, &ends),
        }
    }

    /// A record whose cells are not all text: what is not becomes U+FFFD.
    fn mended(
        header: Arc<Header>,
        line: u64,
        problem: Option<Problem>,
        bytes: Vec<u8>,
        ends: &[usize],
    ) -> Record {
        let mut inner = Inner {
            header,
            line,
            problem,
            text: String::with_capacity(bytes.len()),
            ends: Vec::with_capacity(ends.len()),
        };
        let mut from = 0;
        for (cell, end) in ends.iter().enumerate() {
            let text = String::from_utf8_lossy(&bytes[from..*end]);
            if inner.problem.is_none() && std::str::from_utf8(&bytes[from..*end]).is_err() {
                let column = inner.header.names().get(cell).cloned().unwrap_or_default();
                inner.problem = Some(Problem::NotUtf8 { column });
            }
            inner.text.push_str(&text);
            inner.ends.push(inner.text.len());
            from = *end;
        }
        Record(Arc::new(inner))
    }

    /// A record of which nothing can be read.
    pub(super) fn unreadable(header: Arc<Header>, line: u64, problem: Problem) -> Record {
        Record(Arc::new(Inner {
            header,
            line,
            problem: Some(problem),
            text: String::new(),
            ends: Vec::new(),
        }))
    }

    /// The line it starts on, from 1.
    pub fn line(&self) -> u64 {
        self.0.line
    }

    /// Why it cannot be used, if it cannot.
    pub fn problem(&self) -> Option<&Problem> {
        self.0.problem.as_ref()
    }

    /// The cell of this column, quotes taken off, trimmed if the reader was told to; empty where the file lacks an optional column
    /// or a record with a problem has no such cell. `None` for a name that is no column.
    pub fn cell(&self, name: &str) -> Option<&str> {
        let at = self.0.header.cell(name)?;
        let cell = at.map_or("", |at| self.at(at));
        Some(if self.0.header.trims() {
            cell.trim()
        } else {
            cell
        })
    }

    /// The cell at this place, from 0, as it stands in the file; empty beyond the last.
    pub fn at(&self, at: usize) -> &str {
        let from = match at.checked_sub(1) {
            Some(before) => self.0.ends.get(before),
            None => Some(&0),
        };
        let to = self.0.ends.get(at);
        from.zip(to)
            .and_then(|(from, to)| self.0.text.get(*from..*to))
            .unwrap_or("")
    }

    /// The columns it is read by.
    pub fn header(&self) -> &Header {
        &self.0.header
    }
}

/// Whether every cell ends where a character ends.
fn in_characters(text: &str, ends: &[usize]) -> bool {
    ends.iter().all(|end| text.is_char_boundary(*end))
}
