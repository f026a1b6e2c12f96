//! The fingerprint of a table: equal for the same rows in any order.

use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

/// The sum, modulo 2^128, of the xxh3-128 of each row line without its comma and line end (FORMAT.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// Adds one row line, without comma and line end.
    pub fn add(&mut self, line: &[u8]) {
        self.0 = self.0.wrapping_add(xxh3_128(line));
    }

    /// Adds rows that were summed elsewhere.
    pub fn merge(&mut self, others: Fingerprint) {
        self.0 = self.0.wrapping_add(others.0);
    }

    /// Adds every line of a piece of a table file, each ended by `\n`.
    pub fn add_lines(&mut self, lines: &[u8]) {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', lines) {
            self.add(&lines[start..end]);
            start = end + 1;
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_rows_does_not_matter_but_how_often_they_stand_does() {
        let mut forwards = Fingerprint::default();
        forwards.add_lines(b"{\"id\":1}\n{\"id\":2}\n");
        let mut backwards = Fingerprint::default();
        backwards.add(b"{\"id\":2}");
        backwards.add(b"{\"id\":1}");
        assert_eq!(forwards, backwards);
        backwards.add(b"{\"id\":1}");
        assert_ne!(forwards, backwards);
        assert_eq!(forwards.to_string().len(), 32);
    }
}
