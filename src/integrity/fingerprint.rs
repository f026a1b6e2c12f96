//! The fingerprint of a table: equal for the same rows in any order.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_128;

/// The sum, modulo 2^128, of the xxh3-128 of each row line without its comma and line end (FORMAT.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// Reads one as it is written: 32 hex digits.
    pub fn from_hex(text: &str) -> Option<Fingerprint> {
        let read = u128::from_str_radix(text, 16).ok().map(Fingerprint);
        read.filter(|fingerprint| fingerprint.to_string() == text)
    }

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

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Fingerprint::from_hex(&text)
            .ok_or_else(|| serde::de::Error::custom("a fingerprint has 32 hex digits"))
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

    #[test]
    fn a_fingerprint_is_read_back_from_its_32_digits_alone() {
        let fingerprint = Fingerprint(0xab);
        let text = serde_json::to_string(&fingerprint).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Fingerprint>(&text).ok(),
            Some(fingerprint)
        );
        for text in [
            "\"ab\"",
            "\"\"",
            "171",
            "\"+000000000000000000000000000000a\"",
        ] {
            assert!(serde_json::from_str::<Fingerprint>(text).is_err(), "{text}");
        }
    }
}
