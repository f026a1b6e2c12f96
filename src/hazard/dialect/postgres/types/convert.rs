//! One cast: which values it changes, which it refuses.

use super::name::Type;
use super::numbers::numbers;
use super::text::{from_text, to_text};

/// How a cast comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cast {
    /// By itself, as ALTER … TYPE without USING does it.
    Assignment,
    /// Written out.
    Explicit,
}

/// What a cast does. Conditions come with words for the values that meet them.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    pub(super) loses: Option<(String, &'static str)>,
    pub(super) refuses: Option<(String, &'static str)>,
    /// There is no such cast, whatever the rows.
    pub(super) impossible: Option<String>,
    pub(super) unknown: Option<String>,
    /// What it does not refuse stays, however it is written.
    pub(super) keeps: bool,
}

impl Step {
    pub(super) fn loses(condition: String, verdict: &'static str) -> Step {
        Step {
            loses: Some((condition, verdict)),
            ..Step::default()
        }
    }

    pub(super) fn refuses(condition: String, refusal: &'static str) -> Step {
        Step {
            refuses: Some((condition, refusal)),
            ..Step::default()
        }
    }

    pub(super) fn unknown(reason: impl Into<String>) -> Step {
        Step {
            unknown: Some(reason.into()),
            ..Step::default()
        }
    }

    pub(super) fn impossible() -> Step {
        Step {
            impossible: Some(
                "PostgreSQL does not cast these types by itself: it wants a USING".to_owned(),
            ),
            ..Step::default()
        }
    }

    pub(super) fn and_refuses(mut self, condition: String, refusal: &'static str) -> Step {
        self.refuses = Some((condition, refusal));
        self
    }
}

pub(super) const ROUNDED: &str = "would be rounded by";
pub(super) const OVERFLOWS: &str = "is out of range for";
pub(super) const CUT: &str = "would be cut by";
pub(super) const UNREADABLE: &str = "cannot be read as";

/// What casting `value` does.
pub(super) fn convert(from: &Type, to: &Type, value: &str, cast: Cast) -> Step {
    if from == to {
        return Step::default();
    }
    match (from, to) {
        (from, to) if to.is_text() => to_text(from, to, value, cast),
        (from, to) if from.is_text() => match cast {
            Cast::Assignment => Step::impossible(),
            Cast::Explicit => from_text(to, value),
        },
        (from, to) if from.is_number() && to.is_number() => numbers(from, to, value),
        (Type::Boolean, Type::Integer) if cast == Cast::Explicit => Step::default(),
        (Type::Integer, Type::Boolean) if cast == Cast::Explicit => Step::loses(
            format!("{value} NOT IN (0, 1)"),
            "is neither 0 nor 1 and would become just true in",
        ),
        (Type::Json, Type::Jsonb) => Step {
            loses: Some(repeated_keys(value)),
            ..Step::default()
        }
        .and_refuses(
            format!("position('\\u0000' IN {value}::text) > 0"),
            "holds \\u0000, which fails in",
        ),
        (Type::Jsonb, Type::Json) | (Type::Cidr, Type::Inet) => Step::default(),
        (Type::Inet, Type::Cidr) => Step::loses(
            format!("{value}::cidr::inet <> {value}"),
            "loses its host bits in",
        ),
        (Type::Array(_), Type::Array(_)) => arrays(from, to),
        (Type::Other(_), _) | (_, Type::Other(_)) => {
            Step::unknown("what these types do to values is not known here")
        }
        _ => times(from, to, value).unwrap_or_else(|| match cast {
            Cast::Assignment => Step::impossible(),
            Cast::Explicit => Step::unknown("what this cast does to values is not known here"),
        }),
    }
}

/// Of a JSON document as text.
pub(super) fn repeated_keys(json: &str) -> (String, &'static str) {
    let condition = format!(
        "CASE WHEN json_typeof({json}) = 'object' THEN (SELECT count(*) <> count(DISTINCT \"key\") \
         FROM json_object_keys({json}) AS \"keys\"(\"key\")) ELSE false END"
    );
    (
        condition,
        "names a key more than once, of which only the last stays in",
    )
}

fn arrays(from: &Type, to: &Type) -> Step {
    let (Type::Array(from), Type::Array(to)) = (from, to) else {
        return Step::default();
    };
    let element = convert(from, to, "element", Cast::Assignment);
    let nothing = element.loses.is_none()
        && element.refuses.is_none()
        && element.unknown.is_none()
        && element.impossible.is_none();
    match nothing {
        true => Step::default(),
        false => {
            Step::unknown("what the new type does to the elements of arrays is not asked here")
        }
    }
}

/// Dates and times; `None` where there is no cast.
fn times(from: &Type, to: &Type, value: &str) -> Option<Step> {
    const ZONED: &str = "values are read in the session's TimeZone, UTC in every run of dbscript: say which with USING … AT TIME ZONE";
    let fewer = |before: i64, after: i64, name: &str| match after < before {
        true => Step::loses(format!("{value} <> {value}::{name}({after})"), ROUNDED),
        false => Step::default(),
    };
    Some(match (from, to) {
        (Type::Date, Type::Timestamp(_) | Type::TimestampTz(_)) => Step::default(),
        (Type::Timestamp(_), Type::Date) => Step::loses(
            format!("{value} <> {value}::date::timestamp"),
            "loses its time in",
        ),
        (Type::TimestampTz(_), Type::Date) => Step::loses(
            format!("{value} <> {value}::date::timestamptz"),
            "loses its time in",
        ),
        (Type::Timestamp(_), Type::TimestampTz(_)) | (Type::TimestampTz(_), Type::Timestamp(_)) => {
            Step::unknown(ZONED)
        }
        (Type::Timestamp(before), Type::Timestamp(after)) => fewer(*before, *after, "timestamp"),
        (Type::TimestampTz(before), Type::TimestampTz(after)) => {
            fewer(*before, *after, "timestamptz")
        }
        (Type::Time(before), Type::Time(after)) => fewer(*before, *after, "time"),
        (Type::TimeTz(before), Type::TimeTz(after)) => fewer(*before, *after, "timetz"),
        (Type::Interval(before), Type::Interval(after)) => fewer(*before, *after, "interval"),
        (Type::Timestamp(_) | Type::TimestampTz(_), Type::Time(_))
        | (Type::TimestampTz(_), Type::TimeTz(_)) => {
            Step::loses(format!("{value} IS NOT NULL"), "loses its date in")
        }
        (Type::TimeTz(_), Type::Time(_)) => {
            Step::loses(format!("{value} IS NOT NULL"), "loses its zone in")
        }
        (Type::Time(_), Type::Interval(_)) => Step::default(),
        (Type::Time(_), Type::TimeTz(_)) => Step::unknown(ZONED),
        (Type::Interval(_), Type::Time(_)) => Step::loses(
            format!("{value} <> {value}::time::interval"),
            "loses its days in",
        ),
        _ => return None,
    })
}
