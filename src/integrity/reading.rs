//! What a value reads as, whichever type writes it: `{"a":1}` is `{ "a": 1 }`, `10.0.0.1/32` is `10.0.0.1`, `1.50` is
//! `1.5` where both are numbers. What tells two values apart stays in it; what cannot be read is itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How deep a document may nest; a deeper one is compared as it is written.
const MOST_NESTED: usize = 64;

/// How the values of a column are read, by its type before and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As they are written.
    Text,
    /// Blanks at the end are padding.
    Padded,
    Number,
    /// An array of them.
    Numbers,
    /// A number, on one side as the locale writes amounts.
    Amount,
    Truth,
    Moment,
    /// A moment, of which midnight is the day.
    Day,
    Document,
    Address,
    Identifier,
}

impl Reading {
    /// Of the types as the engine prints them.
    pub(super) fn between(then: &str, now: &str) -> Reading {
        let families = [then, now].map(family);
        let [was, is] = families;
        let one_is = |reading: Reading| families.contains(&reading);
        let either = [
            Reading::Document,
            Reading::Address,
            Reading::Identifier,
            Reading::Truth,
        ];
        if let Some(found) = either.into_iter().find(|reading| one_is(*reading)) {
            return found;
        }
        match (was, is) {
            (Reading::Number, Reading::Number) => Reading::Number,
            (Reading::Numbers, Reading::Numbers) => Reading::Numbers,
            (Reading::Amount, Reading::Number) | (Reading::Number, Reading::Amount) => {
                Reading::Amount
            }
            (Reading::Moment | Reading::Day, Reading::Day) | (Reading::Day, Reading::Moment) => {
                Reading::Day
            }
            (Reading::Moment, Reading::Moment) => Reading::Moment,
            (Reading::Padded, _) | (_, Reading::Padded) => Reading::Padded,
            _ => Reading::Text,
        }
    }

    /// Whether values of these types that read differently are other values: both are written in the one way there is.
    pub(super) fn is_exact(then: &str, now: &str) -> bool {
        const WHOLE: [&str; 8] = [
            "smallint",
            "integer",
            "bigint",
            "int",
            "tinyint",
            "mediumint",
            "numeric",
            "decimal",
        ];
        const MOMENTS: [&str; 2] = ["timestamp", "datetime"];
        let both = |names: &[&str]| {
            [then, now]
                .iter()
                .all(|name| names.contains(&first_word(name).as_str()))
        };
        let plain = [then, now]
            .iter()
            .all(|name| !name.contains('[') && !name.contains(" zone"));
        plain && (both(&WHOLE) || both(&MOMENTS))
    }

    /// What this text reads as.
    pub(super) fn of<'a>(self, text: &'a str) -> Cow<'a, str> {
        let read = match self {
            Reading::Text => None,
            Reading::Padded => return Cow::Borrowed(text.trim_end_matches(' ')),
            Reading::Number => Some(without_zeros(text)),
            Reading::Moment => Some(without_zeros(text)),
            Reading::Numbers => Some(numbers(text)),
            Reading::Amount => Some(amount(text)),
            Reading::Day => {
                let moment = without_zeros(text);
                let day = moment.strip_suffix(" 00:00:00").map(str::to_owned);
                Some(day.unwrap_or(moment))
            }
            Reading::Truth => truth(text).map(str::to_owned),
            Reading::Document => document(text, 0),
            Reading::Address => address(text),
            Reading::Identifier => identifier(text),
        };
        read.map_or(Cow::Borrowed(text), Cow::Owned)
    }
}

/// What a type is, by the first word of its name. An array is what it is written as.
fn family(type_name: &str) -> Reading {
    let lower = type_name.to_ascii_lowercase();
    if let Some(element) = lower.strip_suffix("[]") {
        return match family(element) {
            Reading::Number => Reading::Numbers,
            _ => Reading::Text,
        };
    }
    match first_word(&lower).as_str() {
        "json" | "jsonb" => Reading::Document,
        "inet" | "cidr" | "inet4" | "inet6" => Reading::Address,
        "uuid" => Reading::Identifier,
        "boolean" | "bool" => Reading::Truth,
        "smallint" | "integer" | "bigint" | "int" | "tinyint" | "mediumint" | "numeric"
        | "decimal" | "real" | "double" | "float" => Reading::Number,
        "money" => Reading::Amount,
        "date" => Reading::Day,
        "timestamp" | "datetime" | "time" => Reading::Moment,
        "char" | "character" | "bpchar" if !lower.contains("varying") => Reading::Padded,
        _ => Reading::Text,
    }
}

fn first_word(type_name: &str) -> String {
    let lower = type_name.to_ascii_lowercase();
    let mut words = lower.split(|character: char| !character.is_ascii_alphanumeric());
    words.next().unwrap_or_default().to_owned()
}

/// The numbers of an array, each without zeros at its end.
fn numbers(text: &str) -> String {
    let parts = text.split_inclusive(['{', '}', ',']);
    let read = parts.map(|part| {
        let end = part.len() - usize::from(part.ends_with(['{', '}', ',']));
        format!("{}{}", without_zeros(&part[..end]), &part[end..])
    });
    read.collect()
}

/// An amount of money without its sign and commas.
fn amount(text: &str) -> String {
    without_zeros(&text.replace(['$', ','], ""))
}

/// Without zeros at the end of a fraction; those at the front tell something.
fn without_zeros(text: &str) -> String {
    let Some(point) = text.find('.') else {
        return text.to_owned();
    };
    let rest = &text[point + 1..];
    let digits = rest.len()
        - rest
            .trim_start_matches(|digit: char| digit.is_ascii_digit())
            .len();
    let fraction = rest[..digits].trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{}{dot}{fraction}{}", &text[..point], &rest[digits..])
}

/// `true` and `false` in the spellings that are accepted for them.
fn truth(text: &str) -> Option<&'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Some("true"),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Some("false"),
        _ => None,
    }
}

/// An address with its mask; one without is that of a single host.
fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let (address, mask) = text
        .split_once('/')
        .map_or((text, None), |(address, mask)| (address, Some(mask)));
    let address: IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let mask: u8 = mask.map_or(Ok(whole), str::parse).ok()?;
    Some(format!("{address}/{mask}"))
}

/// The 32 digits of a UUID.
fn identifier(text: &str) -> Option<String> {
    let digits: String = text
        .chars()
        .filter(|digit| !matches!(digit, '-' | '{' | '}'))
        .collect();
    let whole = digits.len() == 32 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
    whole.then(|| digits.to_ascii_lowercase())
}

/// A JSON document without what says nothing: blanks, the order of keys, escapes. `None` for what is none, and for one
/// that has a key twice, of which only one may stay.
fn document(text: &str, depth: usize) -> Option<String> {
    if depth > MOST_NESTED {
        return None;
    }
    let text = text.trim();
    match text.as_bytes().first()? {
        b'{' => {
            let Members(members) = serde_json::from_str(text).ok()?;
            let mut written = Vec::new();
            for (key, value) in members? {
                let key = serde_json::to_string(&key).ok()?;
                written.push(format!("{key}:{}", document(value.get(), depth + 1)?));
            }
            Some(format!("{{{}}}", written.join(",")))
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let items: Option<Vec<String>> = items
                .into_iter()
                .map(|item| document(item.get(), depth + 1))
                .collect();
            Some(format!("[{}]", items?.join(",")))
        }
        b'"' => {
            let string: String = serde_json::from_str(text).ok()?;
            serde_json::to_string(&string).ok()
        }
        b'-' | b'0'..=b'9' => {
            let _: &RawValue = serde_json::from_str(text).ok()?;
            Some(number(text))
        }
        _ => {
            let _: &RawValue = serde_json::from_str(text).ok()?;
            Some(text.to_owned())
        }
    }
}

/// A JSON number as its digits without zeros at the end, and the power of ten they are counted in.
fn number(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let kept = digits.trim_end_matches('0');
    let Ok(exponent) = exponent.parse::<i64>() else {
        return lower;
    };
    if kept.is_empty() {
        return "0".to_owned();
    }
    let places = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let power = exponent
        .saturating_sub(places(fraction.len()))
        .saturating_add(places(digits.len() - kept.len()));
    format!("{sign}{kept}e{power}")
}

/// The members of an object by key; `None` where a key stands twice.
pub(super) struct Members<'a>(pub(super) Option<BTreeMap<String, &'a RawValue>>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Keys<'a> {
            type Value = Members<'a>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'a>, A::Error> {
                let (mut members, mut twice) = (BTreeMap::new(), false);
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    twice |= members.insert(key, value).is_some();
                }
                Ok(Members((!twice).then_some(members)))
            }
        }
        deserializer.deserialize_map(Keys(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(types: (&str, &str), one: &str, other: &str) -> bool {
        let reading = Reading::between(types.0, types.1);
        reading.of(one) == reading.of(other)
    }

    #[test]
    fn another_way_of_writing_reads_the_same() {
        for (types, one, other) in [
            (
                ("text", "jsonb"),
                r#"{"b":1,"a":[1,2]}"#,
                r#"{"a": [1, 2], "b": 1}"#,
            ),
            (("text", "jsonb"), r#" "\u00e9" "#, "\"é\""),
            (("text", "jsonb"), r#"{"a":1e2}"#, r#"{"a": 100}"#),
            (("text", "inet"), "10.0.0.1", "10.0.0.1/32"),
            (("text", "inet"), "FE80:0::1", "fe80::1"),
            (("numeric(10,2)", "numeric(10,0)"), "5.00", "5"),
            (
                ("text", "uuid"),
                "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            ),
            (("text", "boolean"), "yes", "true"),
            (
                ("numeric[]", "numeric(5,2)[]"),
                "{{2,1.5},NULL}",
                "{{2.00,1.50},NULL}",
            ),
            (("numeric", "money"), "-1234.5", "-$1,234.50"),
            (("datetime", "date"), "2026-01-02 00:00:00", "2026-01-02"),
            (
                ("datetime(3)", "datetime"),
                "2026-01-02 03:04:05.000",
                "2026-01-02 03:04:05",
            ),
            (("text", "character(5)"), "ab", "ab   "),
        ] {
            assert!(same(types, one, other), "{types:?}: {one} is {other}");
        }
    }

    #[test]
    fn another_value_reads_as_another() {
        for (types, one, other) in [
            (("text", "jsonb"), r#"{"a":1}"#, r#"{"a": 2}"#),
            (("text", "jsonb"), r#"[1,2]"#, r#"[2, 1]"#),
            (
                ("text", "jsonb"),
                r#"{"a":{"b":1,"b":2}}"#,
                r#"{"a": {"b": 2}}"#,
            ),
            (
                ("text", "jsonb"),
                "12345678901234567890",
                "12345678901234567891",
            ),
            (("text", "jsonb"), "{\"a\":0}", "{\"a\": -1}"),
            (("text", "inet"), "10.0.0.1", "10.0.0.1/24"),
            (("numeric[]", "numeric(5,2)[]"), "{20,1}", "{2,1}"),
            (("text", "integer"), "0123", "123"),
            (("numeric(10,2)", "numeric(10,0)"), "5.25", "5"),
            (("datetime", "date"), "2026-01-02 00:00:01", "2026-01-02"),
            (("text", "text"), "ab ", "ab"),
            (("text", "jsonb[]"), "{1}", "{ 1}"),
        ] {
            assert!(!same(types, one, other), "{types:?}: {one} is not {other}");
        }
    }
}
