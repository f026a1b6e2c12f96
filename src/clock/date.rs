//! Dates as other programs write them. A text that can mean two days is refused: a wrong date is worse than none.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

/// The text cannot be taken for one moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a usable date: {reason}")]
pub struct NotADate {
    /// What was given, shortened.
    pub text: String,
    /// Why it is refused.
    pub reason: String,
}

/// Reads a moment:
/// - ISO 8601, with or without time, fraction and zone: `2025-07-05`, `2025-07-05 20:58`, `2025-07-05T20:58:00.123+02:00`;
/// - JavaScript's and HTTP's text: `Sat Jul 05 2025 20:58:00 GMT+0000 (Coordinated Universal Time)`,
///   `Sat, 05 Jul 2025 20:58:00 GMT`; the name of the day is not held against the date, as JavaScript does not either;
/// - milliseconds since 1970, in 12 or 13 digits.
///
/// Without a zone it is UTC. Years are 1000 to 9999.
///
/// # Errors
/// [`NotADate`] with the reason: `01/02/2025` (day or month first?), seconds since 1970, an hour 25.
pub fn parse_date(text: &str) -> Result<DateTime<Utc>, NotADate> {
    let trimmed = text.trim();
    let read = match trimmed.as_bytes() {
        [] => Err("it is empty".to_owned()),
        bytes if bytes.iter().all(u8::is_ascii_digit) => epoch(trimmed),
        [first, ..] if first.is_ascii_alphabetic() => worded(trimmed),
        [a, b, c, d, b'-', ..] if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()) => {
            iso(trimmed)
        }
        [first, ..] if first.is_ascii_digit() => match trimmed.split_whitespace().nth(1) {
            Some(word) if month_number(word).is_some() => worded(trimmed),
            _ => Err(numeric(trimmed)),
        },
        _ => Err(UNKNOWN.to_owned()),
    };
    read.map_err(|reason| NotADate {
        text: trimmed.chars().take(60).collect(),
        reason,
    })
}

type Read<T> = Result<T, String>;

const UNKNOWN: &str = "write it as `2025-07-05T20:58:00Z`";

/// Milliseconds since 1970. Twelve digits reach back to 1973, thirteen forward to 2286; fewer are seconds.
fn epoch(digits: &str) -> Read<DateTime<Utc>> {
    let milliseconds = match digits.len() {
        12 | 13 => digits.parse().ok(),
        0..12 => {
            return Err(
                "too few digits for milliseconds since 1970 (are they seconds?)".to_owned(),
            );
        }
        _ => return Err("too many digits for milliseconds since 1970".to_owned()),
    };
    milliseconds
        .and_then(DateTime::from_timestamp_millis)
        .ok_or_else(|| UNKNOWN.to_owned())
}

/// `2025-07-05`, then perhaps `T` or a blank and a time, then perhaps a zone.
fn iso(text: &str) -> Read<DateTime<Utc>> {
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim_start()),
        None => (text, ""),
    };
    let mut parts = date.split('-');
    let (year, month, day) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(year), Some(month), Some(day), None) => {
            (year, number(month, 2, "month")?, number(day, 2, "day")?)
        }
        _ => return Err(UNKNOWN.to_owned()),
    };
    let day = calendar_day(year, month, day)?;
    if rest.is_empty() {
        return moment(day, NaiveTime::MIN, TimeDelta::zero());
    }
    let zone_at = rest
        .find(|character: char| !character.is_ascii_digit() && !":.,".contains(character))
        .unwrap_or(rest.len());
    let (time, zone) = rest.split_at(zone_at);
    moment(day, time_of_day(time)?, offset(zone.trim())?)
}

/// `Sat Jul 05 2025 20:58:00 GMT+0000 (…)` and `Sat, 05 Jul 2025 20:58:00 GMT`.
fn worded(text: &str) -> Read<DateTime<Utc>> {
    // What stands in parentheses repeats the offset in some language.
    let text = match text.split_once('(') {
        Some((before, behind)) if behind.ends_with(')') => before,
        Some(_) => return Err("a parenthesis is not closed".to_owned()),
        None => text,
    };
    let mut words = text.split_ascii_whitespace().peekable();
    if let Some(word) = words.peek() {
        let name = word.trim_end_matches(',');
        if is_one_of(name, &WEEKDAYS) {
            words.next();
        }
    }
    let (first, second) = match (words.next(), words.next()) {
        (Some(first), Some(second)) => (first, second.trim_end_matches(',')),
        _ => return Err(UNKNOWN.to_owned()),
    };
    let (month, day) = match month_number(first) {
        Some(month) => (month, second),
        None => match month_number(second) {
            Some(month) => (month, first),
            None => return Err(UNKNOWN.to_owned()),
        },
    };
    let year = words.next().ok_or("it has no year")?;
    let day = calendar_day(year, month, number(day, 2, "day")?)?;
    let time = match words.next() {
        Some(time) => time_of_day(time)?,
        None => NaiveTime::MIN,
    };
    let offset = match words.next() {
        Some(zone) => offset(zone)?,
        None => TimeDelta::zero(),
    };
    match words.next() {
        Some(word) => Err(format!("`{word}` is too much")),
        None => moment(day, time, offset),
    }
}

/// Why a date in figures that does not begin with the year is refused.
fn numeric(text: &str) -> String {
    let date = text.split([' ', 'T', ',']).next().unwrap_or_default();
    let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
    match parts.as_slice() {
        [first, second, _] => match (first.parse::<u32>(), second.parse::<u32>()) {
            (Ok(1..=12), Ok(1..=12)) => {
                "ambiguous: is the day first or the month? Write it as `2025-07-05`".to_owned()
            }
            (Ok(_), Ok(_)) => "the year must come first, as in `2025-07-05`".to_owned(),
            _ => UNKNOWN.to_owned(),
        },
        [_, fraction] if fraction.contains(['e', 'E']) => {
            "a spreadsheet has shortened the number".to_owned()
        }
        _ => UNKNOWN.to_owned(),
    }
}

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn is_one_of(word: &str, names: &[&str]) -> bool {
    position(word, names).is_some()
}

/// Where a name stands in a list, written out or as its first three letters.
fn position(word: &str, names: &[&str]) -> Option<usize> {
    let word = word.to_ascii_lowercase();
    names
        .iter()
        .position(|name| word == *name || name.get(..3) == Some(word.as_str()))
}

fn month_number(word: &str) -> Option<u32> {
    let at = position(word, &MONTHS)?;
    u32::try_from(at + 1).ok()
}

fn calendar_day(year: &str, month: u32, day: u32) -> Read<NaiveDate> {
    if year.len() != 4 {
        return Err("the year must have four digits".to_owned());
    }
    let number = number(year, 4, "year")?;
    if number < 1000 {
        return Err(format!("there is no year {year}"));
    }
    let day_of_calendar = i32::try_from(number)
        .ok()
        .and_then(|year| NaiveDate::from_ymd_opt(year, month, day));
    day_of_calendar.ok_or_else(|| format!("there is no {year}-{month:02}-{day:02}"))
}

/// `20:58`, `20:58:00`, `20:58:00.123`.
fn time_of_day(text: &str) -> Read<NaiveTime> {
    let (clock, fraction) = match text.split_once(['.', ',']) {
        Some((clock, fraction)) => (clock, fraction),
        None => (text, "0"),
    };
    let wrong = || format!("there is no time `{text}`");
    let mut parts = clock.split(':');
    let hour = number(parts.next().unwrap_or_default(), 2, "hour")?;
    let minute = number(parts.next().ok_or_else(wrong)?, 2, "minute")?;
    let second = match parts.next() {
        Some(second) => number(second, 2, "second")?,
        None => 0,
    };
    let all_digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || !all_digits {
        return Err(wrong());
    }
    let digits: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let nanosecond = number(&digits, 9, "fraction")?;
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanosecond).ok_or_else(wrong)
}

/// Nothing, `Z`, `UTC`, `GMT`, `+02:00`, `-0330`, `GMT+0200`, `+02`.
fn offset(zone: &str) -> Read<TimeDelta> {
    let upper = zone.to_ascii_uppercase();
    let wrong = || format!("the zone `{zone}` is not an offset from UTC");
    let rest = upper
        .strip_prefix("GMT")
        .or_else(|| upper.strip_prefix("UTC"))
        .unwrap_or(&upper);
    if rest.is_empty() || upper == "Z" {
        return Ok(TimeDelta::zero());
    }
    let (sign, digits) = match (rest.strip_prefix('+'), rest.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (None, Some(digits)) => (-1, digits),
        (None, None) => return Err(wrong()),
    };
    let digits = digits.replacen(':', "", 1);
    let (hours, minutes) = match digits.len() {
        2 => (digits.as_str(), "00"),
        4 if digits.is_ascii() => digits.split_at(2),
        _ => return Err(wrong()),
    };
    let (hours, minutes) = (number(hours, 2, "zone")?, number(minutes, 2, "zone")?);
    // Clocks are at most fourteen hours ahead (Line Islands).
    if minutes > 59 || hours * 60 + minutes > 14 * 60 {
        return Err(wrong());
    }
    Ok(TimeDelta::minutes(sign * i64::from(hours * 60 + minutes)))
}

fn moment(day: NaiveDate, time: NaiveTime, offset: TimeDelta) -> Read<DateTime<Utc>> {
    day.and_time(time)
        .checked_sub_signed(offset)
        .map(|moment| moment.and_utc())
        .ok_or_else(|| UNKNOWN.to_owned())
}

/// A number of at most `digits` digits and nothing else.
fn number(text: &str, digits: usize, what: &str) -> Read<u32> {
    let sound =
        !text.is_empty() && text.len() <= digits && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if sound => Ok(number),
        _ => Err(format!("`{text}` is no {what}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_moment_is_read_in_many_spellings() {
        for text in [
            "Sat Jul 05 2025 20:58:00 GMT+0000 (Coordinated Universal Time)",
            "Sat Jul 05 2025 22:58:00 GMT+0200 (Mitteleuropäische Sommerzeit)",
            "Sat Jul 5 2025 20:58:00",
            "Sat, 05 Jul 2025 20:58:00 GMT",
            "Jul 05, 2025 20:58",
            "5 July 2025 20:58:00 UTC",
            "2025-07-05T20:58:00Z",
            "2025-07-05T20:58:00.000Z",
            "2025-07-05t20:58:00z",
            "2025-07-05T17:28-03:30",
            "2025-07-05 22:58:00+0200",
            "2025-07-05 22:58:00 +02",
            "2025-07-05 20:58:00",
            "2025-07-05 20:58:00 UTC",
            " 2025-07-05T20:58:00,000 ",
            "1751749080000",
        ] {
            let read = parse_date(text).map(|moment| moment.to_rfc3339());
            assert_eq!(read.as_deref(), Ok("2025-07-05T20:58:00+00:00"), "{text}");
        }
        let day = parse_date("2025-07-05").map(|moment| moment.to_rfc3339());
        assert_eq!(day.as_deref(), Ok("2025-07-05T00:00:00+00:00"));
        let fraction = parse_date("2025-07-05T20:58:00.1234567891Z");
        let nanoseconds = fraction.map(|moment| moment.timestamp_subsec_nanos());
        assert_eq!(nanoseconds, Ok(123_456_789));
    }

    #[test]
    fn what_could_mean_two_days_or_none_is_refused_with_the_reason() {
        for (text, reason) in [
            ("01/02/2025", "day first or the month"),
            ("1.2.2025 10:00", "day first or the month"),
            ("01-02-2025", "day first or the month"),
            ("25/12/2025", "the year must come first"),
            ("07/05/25", "day first or the month"),
            ("1751749080", "are they seconds?"),
            ("20250705", "are they seconds?"),
            ("1751749080000000", "too many digits"),
            ("1.75175E+12", "spreadsheet"),
            ("", "empty"),
            ("   ", "empty"),
            ("yesterday", "write it as"),
            ("-1", "write it as"),
            ("Sat Jul 32 2025 20:58:00 GMT+0000", "no 2025-07-32"),
            ("Sat Feb 29 2025 20:58:00 GMT+0000", "no 2025-02-29"),
            ("Sat Jul 05 25 20:58:00", "four digits"),
            ("Sat Jul 05 2025 20:58:00 GMT+0000 (UTC", "parenthesis"),
            ("Sat Jul 05 2025 20:58:00 GMT+0000 again", "too much"),
            ("2025-13-01", "no 2025-13-01"),
            ("2025-07-05T24:00:00Z", "no time"),
            ("2025-07-05T20:60:00Z", "no time"),
            ("2025-07-05T20:58:60Z", "no time"),
            ("2025-07-05T20", "no time"),
            ("2025-07-05T20:58:00.Z", "no time"),
            ("2025-07-05T20:58:00 CET", "not an offset"),
            ("2025-07-05T20:58:00+15:00", "not an offset"),
            ("2025-07-05T20:58:00+0é", "not an offset"),
            ("2025-W27-6", "no month"),
            ("0001-01-01", "no year"),
        ] {
            let error = parse_date(text).expect_err(text);
            assert!(error.reason.contains(reason), "{text}: {}", error.reason);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = parse_date(&text);
        }

        #[test]
        fn what_looks_like_a_date_is_read_or_refused(
            text in "(Sat,? )?(Jul|05|2025|[0-9]{1,4})[-/ T.](Jul|[0-9]{1,2})[-/ T.][0-9]{1,4}[T ]?[0-9:.]{0,12}(Z|GMT)?([+-][0-9:é]{0,5})?"
        ) {
            let _ = parse_date(&text);
        }
    }
}
