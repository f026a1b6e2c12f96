//! One record's cells, and the strict reading of quotes that fills them.

use super::delimiter::Delimiter;

/// Whether a line ended its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It did.
    Complete,
    /// A quote is still open: the next line belongs to the record.
    Open,
}

/// Text stands behind a closing quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StrayQuote;

/// The cells of one record: their bytes in a row, and where each ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    /// The cells' bytes, one behind the other.
    pub bytes: Vec<u8>,
    /// Where each cell ends in `bytes`.
    pub ends: Vec<usize>,
    /// Between quotes, where line ends and delimiters are text.
    quoted: bool,
}

impl Cells {
    /// No cells yet, with room for these many bytes and cells.
    pub fn with_capacity(bytes: usize, cells: usize) -> Cells {
        Cells {
            bytes: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(cells),
            quoted: false,
        }
    }

    /// How many cells.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Reads one line, without its line end.
    pub fn feed(&mut self, line: &[u8], delimiter: Delimiter) -> Result<Line, StrayQuote> {
        let mut rest = line;
        loop {
            if self.quoted {
                let Some(at) = memchr::memchr(b'"', rest) else {
                    self.bytes.extend_from_slice(rest);
                    return Ok(Line::Open);
                };
                self.bytes.extend_from_slice(&rest[..at]);
                rest = &rest[at + 1..];
                match rest.split_first() {
                    Some((b'"', behind)) => {
                        self.bytes.push(b'"');
                        rest = behind;
                        continue;
                    }
                    Some((byte, behind)) if *byte == delimiter.byte() => {
                        rest = behind;
                        self.end_cell();
                    }
                    Some(_) => return Err(StrayQuote),
                    None => {
                        self.end_cell();
                        return Ok(Line::Complete);
                    }
                }
            }
            if let Some((b'"', behind)) = rest.split_first() {
                rest = behind;
                self.quoted = true;
                continue;
            }
            let Some(at) = memchr::memchr(delimiter.byte(), rest) else {
                self.bytes.extend_from_slice(rest);
                self.end_cell();
                return Ok(Line::Complete);
            };
            self.bytes.extend_from_slice(&rest[..at]);
            self.end_cell();
            rest = &rest[at + 1..];
        }
    }

    /// Adds the end of a line that lies inside quotes.
    pub fn feed_line_end(&mut self, line_end: &[u8]) {
        self.bytes.extend_from_slice(line_end);
    }

    fn end_cell(&mut self) {
        self.ends.push(self.bytes.len());
        self.quoted = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(line: &str) -> Result<(Line, Vec<String>), StrayQuote> {
        let mut cells = Cells::default();
        let line = cells.feed(line.as_bytes(), Delimiter::COMMA)?;
        let mut from = 0;
        let texts = cells
            .ends
            .iter()
            .map(|end| {
                let text = String::from_utf8_lossy(&cells.bytes[from..*end]).into_owned();
                from = *end;
                text
            })
            .collect();
        Ok((line, texts))
    }

    #[test]
    fn quotes_are_taken_off_and_their_content_is_kept() {
        for (line, expected) in [
            ("", vec![""]),
            (",", vec!["", ""]),
            ("a,,c", vec!["a", "", "c"]),
            ("\"a,b\",c", vec!["a,b", "c"]),
            ("\"say \"\"hi\"\"\"", vec!["say \"hi\""]),
            ("\"\",\"\"", vec!["", ""]),
            ("{\"k\":1},x", vec!["{\"k\":1}", "x"]),
        ] {
            let expected = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(cells(line), Ok((Line::Complete, expected)), "{line}");
        }
    }

    #[test]
    fn a_quote_that_is_not_closed_or_closed_too_early_is_noticed() {
        assert_eq!(cells("a,\"b,c").map(|read| read.0), Ok(Line::Open));
        assert_eq!(cells("\"\"\"").map(|read| read.0), Ok(Line::Open));
        assert_eq!(cells("\"a\"b,c"), Err(StrayQuote));
        assert_eq!(cells("\"a\" ,c"), Err(StrayQuote));
    }
}
