//! Time as backup sets and run logs write it: UTC with milliseconds, safe in a file name; and as others write it
//! ([`parse_date`]).

mod date;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::date::{NotADate, parse_date};

/// A moment in whole milliseconds, written `2025-07-05T21-00-00-000Z` (FORMAT.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(DateTime<Utc>);

/// The pattern of a timestamp in `chrono`'s terms.
const PATTERN: &str = "%Y-%m-%dT%H-%M-%S-%3fZ";

impl Timestamp {
    /// Now, cut to milliseconds.
    pub fn now() -> Self {
        Timestamp::from(Utc::now())
    }

    /// The next millisecond: two sets never share a timestamp.
    pub fn next(self) -> Self {
        Timestamp(self.0 + TimeDelta::milliseconds(1))
    }

    /// The moment itself.
    pub fn moment(self) -> DateTime<Utc> {
        self.0
    }

    /// ISO 8601 with milliseconds, such as `2025-07-05T21:00:00.000Z`.
    pub fn iso(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(moment: DateTime<Utc>) -> Self {
        let milliseconds = moment.timestamp_subsec_millis().min(999);
        Timestamp(
            moment
                .with_nanosecond(milliseconds * 1_000_000)
                .unwrap_or(moment),
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.format(PATTERN))
    }
}

/// The text is not a timestamp of the form `2025-07-05T21-00-00-000Z`.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a timestamp like `2025-07-05T21-00-00-000Z`")]
pub struct NotATimestamp {
    /// What was given.
    pub text: String,
}

impl FromStr for Timestamp {
    type Err = NotATimestamp;

    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        let wrong = || NotATimestamp {
            text: text.to_owned(),
        };
        if text.len() != "2025-07-05T21-00-00-000Z".len() || !text.is_ascii() {
            return Err(wrong());
        }
        let iso = format!(
            "{}:{}:{}.{}",
            &text[..13],
            &text[14..16],
            &text[17..19],
            &text[20..]
        );
        let moment = DateTime::parse_from_rfc3339(&iso).map_err(|_| wrong())?;
        let timestamp = Timestamp::from(moment.with_timezone(&Utc));
        if timestamp.to_string() == text {
            Ok(timestamp)
        } else {
            Err(wrong())
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_read_back_as_it_was_written() {
        let text = "2025-07-05T21-00-00-007Z";
        let timestamp: Timestamp = text.parse().expect("a good timestamp");
        assert_eq!(timestamp.to_string(), text);
        assert_eq!(timestamp.iso(), "2025-07-05T21:00:00.007Z");
        assert_eq!(timestamp.next().to_string(), "2025-07-05T21-00-00-008Z");
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for text in [
            "",
            "latest",
            "2025-07-05T21:00:00.000Z",
            "2025-13-05T21-00-00-000Z",
            "2025-07-05T21-00-00-000é",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
