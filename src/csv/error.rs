//! Why a file cannot be used as a whole.

use std::io;

use super::delimiter::Delimiter;
use crate::error::{self, Kind, Position};

/// A failure of this room. Everything but [`Error::Read`] is found before the first record is handed out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be opened.
    #[error("cannot open `{path}`")]
    Open {
        /// The file as it was named.
        path: String,
        /// The operating system's words.
        source: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("`{path}` is not a regular file")]
    NotAFile {
        /// The file as it was named.
        path: String,
    },
    /// Reading it failed half-way.
    #[error("cannot read `{path}`")]
    Read {
        /// The file as it was named.
        path: String,
        /// The operating system's words.
        source: io::Error,
    },
    /// Not even a header.
    #[error("`{path}` is empty")]
    Empty {
        /// The file as it was named.
        path: String,
    },
    /// Text, but not UTF-8.
    #[error("`{path}` is written in {encoding}, not in UTF-8")]
    Encoding {
        /// The file as it was named.
        path: String,
        /// The encoding as iconv names it.
        encoding: &'static str,
        /// The first line that shows it, from 1.
        line: u64,
    },
    /// No text at all.
    #[error("`{path}` is {what}, not a text file")]
    NotText {
        /// The file as it was named.
        path: String,
        /// What it looks like.
        what: &'static str,
    },
    /// The header line cannot be read.
    #[error("the header of `{path}` cannot be read: {reason}")]
    Header {
        /// The file as it was named.
        path: String,
        /// Its line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
        /// The way out.
        hint: String,
    },
    /// Two columns of one name.
    #[error("`{path}` has the column `{column}` twice")]
    Duplicate {
        /// The file as it was named.
        path: String,
        /// The header's line, from 1.
        line: u64,
        /// The column.
        column: String,
    },
    /// Columns that must be there are not.
    #[error("`{path}` has no column {columns}")]
    Missing {
        /// The file as it was named.
        path: String,
        /// The header's line, from 1.
        line: u64,
        /// The missing ones, in backticks.
        columns: String,
        /// What the header was split with.
        delimiter: Delimiter,
        /// The columns that are there, shortened.
        found: String,
    },
    /// Not a delimiter.
    #[error("`{text}` is not a delimiter")]
    Delimiter {
        /// What was given.
        text: String,
    },
}

/// The result of this room's functions.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    fn place(&self) -> Option<Position> {
        let (path, line) = match self {
            Error::Encoding { path, line, .. }
            | Error::Header { path, line, .. }
            | Error::Duplicate { path, line, .. }
            | Error::Missing { path, line, .. } => (path, *line),
            _ => return None,
        };
        Some(Position {
            file: path.clone(),
            line: usize::try_from(line).unwrap_or(usize::MAX),
            column: 1,
        })
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Error::Open { .. } | Error::Read { .. } => return None,
            Error::NotAFile { .. } => {
                "it is read twice, so a pipe will not do: save it to a file first".to_owned()
            }
            Error::Empty { .. } => "export it again; the first line names the columns".to_owned(),
            Error::Encoding { path, encoding, .. } => format!(
                "convert it and use the new file: `iconv -f {encoding} -t UTF-8 {} > {}`",
                shell_word(path),
                shell_word(&converted(path))
            ),
            Error::NotText { .. } => "export it as CSV or tab-separated text in UTF-8".to_owned(),
            Error::Header { hint, .. } => hint.clone(),
            Error::Duplicate { .. } => "rename or remove one of them in the first line".to_owned(),
            Error::Missing {
                delimiter, found, ..
            } => format!(
                "the header, split at {delimiter}, names {found}; another delimiter is given with `--delimiter`"
            ),
            Error::Delimiter { .. } => {
                "give `tab`, `comma`, `semicolon`, `pipe` or one punctuation sign".to_owned()
            }
        })
    }
}

/// Where the converted file goes: `export.csv` becomes `export.utf-8.csv`.
fn converted(path: &str) -> String {
    match path.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && !ending.contains('/') => {
            format!("{stem}.utf-8.{ending}")
        }
        _ => format!("{path}.utf-8"),
    }
}

/// The path as one word of a shell.
fn shell_word(path: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+".contains(character);
    if !path.is_empty() && !path.starts_with('-') && path.chars().all(plain) {
        return path.to_owned();
    }
    let dashed = if path.starts_with('-') { "./" } else { "" };
    format!("'{dashed}{}'", path.replace('\'', "'\\''"))
}

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Read { .. } => Kind::Io,
            _ => Kind::Usage,
        };
        let (place, hint) = (error.place(), error.hint());
        let mut converted = error::Error::wrap(kind, error);
        converted.position = place;
        converted.hint = hint;
        converted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_can_be_pasted_into_a_shell() {
        let error = error::Error::from(Error::Encoding {
            path: "users/it's mine.csv".to_owned(),
            encoding: "UTF-16",
            line: 1,
        });
        assert_eq!(error.kind, Kind::Usage);
        assert_eq!(
            error.hint.as_deref(),
            Some(
                r"convert it and use the new file: `iconv -f UTF-16 -t UTF-8 'users/it'\''s mine.csv' > 'users/it'\''s mine.utf-8.csv'`"
            )
        );
        assert_eq!(shell_word("-f.csv"), "'./-f.csv'");
        assert_eq!(converted("export"), "export.utf-8");
    }
}
