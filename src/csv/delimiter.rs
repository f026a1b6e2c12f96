//! What stands between two cells: named by a person, or seen in the header line.

use std::fmt;

use super::cells::{Cells, Line};
use super::error::Error;

/// The byte between two cells: TAB or a printable ASCII sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter(u8);

impl Delimiter {
    /// What exports use.
    pub const TAB: Delimiter = Delimiter(b'\t');
    /// What the name `.csv` promises.
    pub const COMMA: Delimiter = Delimiter(b',');
    /// What spreadsheets write where the comma is the decimal point.
    pub const SEMICOLON: Delimiter = Delimiter(b';');

    /// The delimiter a person names: the sign itself, `\t`, or `tab`, `comma`, `semicolon`, `pipe`.
    ///
    /// # Errors
    /// `Error::Delimiter` for anything else, the quote, letters, digits and blanks among them.
    pub fn named(text: &str) -> Result<Delimiter, Error> {
        let byte = match text.to_ascii_lowercase().as_str() {
            "tab" | "\\t" | "\t" => b'\t',
            "comma" => b',',
            "semicolon" => b';',
            "pipe" => b'|',
            sign => match sign.as_bytes() {
                [byte] if byte.is_ascii_punctuation() && *byte != b'"' => *byte,
                _ => {
                    return Err(Error::Delimiter {
                        text: text.to_owned(),
                    });
                }
            },
        };
        Ok(Delimiter(byte))
    }

    /// The one that splits this header line into the most cells; TAB, then `;`, then the comma where that is equal. A line
    /// with none of them is one column.
    pub(super) fn detect(header: &[u8]) -> Delimiter {
        let mut best = (Delimiter::TAB, 0);
        for delimiter in [Delimiter::TAB, Delimiter::SEMICOLON, Delimiter::COMMA] {
            let mut cells = Cells::default();
            let count = match cells.feed(header, delimiter) {
                Ok(Line::Complete) => cells.len(),
                // The cell whose quote is open counts too.
                Ok(Line::Open) => cells.len() + 1,
                Err(_) => 0,
            };
            if count > best.1 {
                best = (delimiter, count);
            }
        }
        best.0
    }

    /// The byte.
    pub fn byte(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => formatter.write_str("TAB"),
            byte => write!(formatter, "`{}`", char::from(byte)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_shows_its_delimiter() {
        for (header, expected) in [
            ("ID\tCreated at\tEmail", Delimiter::TAB),
            ("ID,Created at,Email", Delimiter::COMMA),
            ("ID;Created at;Email", Delimiter::SEMICOLON),
            ("\"a,b,c\";\"d,e\";f", Delimiter::SEMICOLON),
            ("ID", Delimiter::TAB),
        ] {
            assert_eq!(Delimiter::detect(header.as_bytes()), expected, "{header}");
        }
    }

    #[test]
    fn a_person_may_name_it() {
        for (text, byte) in [("tab", b'\t'), ("\\t", b'\t'), (";", b';'), ("Pipe", b'|')] {
            assert_eq!(Delimiter::named(text).ok().map(Delimiter::byte), Some(byte));
        }
        for text in ["", "\"", "a", ";;", "é", "\n", " "] {
            assert!(Delimiter::named(text).is_err(), "{text}");
        }
    }
}
