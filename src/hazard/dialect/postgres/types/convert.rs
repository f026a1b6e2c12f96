//! One cast: which values it changes, which it refuses.

use super::name::Type;

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
}

impl Step {
    fn loses(condition: String, verdict: &'static str) -> Step {
        Step {
            loses: Some((condition, verdict)),
            ..Step::default()
        }
    }

    fn refuses(condition: String, refusal: &'static str) -> Step {
        Step {
            refuses: Some((condition, refusal)),
            ..Step::default()
        }
    }

    fn unknown(reason: impl Into<String>) -> Step {
        Step {
            unknown: Some(reason.into()),
            ..Step::default()
        }
    }

    fn impossible() -> Step {
        Step {
            impossible: Some(
                "PostgreSQL does not cast these types by itself: it wants a USING".to_owned(),
            ),
            ..Step::default()
        }
    }

    fn and_refuses(mut self, condition: String, refusal: &'static str) -> Step {
        self.refuses = Some((condition, refusal));
        self
    }
}

const ROUNDED: &str = "would be rounded by";
const OVERFLOWS: &str = "is out of range for";
const CUT: &str = "would be cut by";
const UNREADABLE: &str = "cannot be read as";

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
        (Type::Json, Type::Jsonb) => Step::loses(
            format!(
                "CASE WHEN json_typeof({value}) = 'object' THEN (SELECT count(*) <> count(DISTINCT \"key\") \
                 FROM json_object_keys({value}) AS \"keys\"(\"key\")) ELSE false END"
            ),
            "names a key more than once, of which only the last stays in",
        )
        .and_refuses(format!("position('\\u0000' IN {value}::text) > 0"), "holds \\u0000, which fails in"),
        (Type::Jsonb, Type::Json) | (Type::Cidr, Type::Inet) => Step::default(),
        (Type::Inet, Type::Cidr) => {
            Step::loses(format!("{value}::cidr::inet <> {value}"), "loses its host bits in")
        }
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

/// Anything can be assigned to text; what is too long is refused, by an explicit cast cut.
fn to_text(from: &Type, to: &Type, value: &str, cast: Cast) -> Step {
    let text = match from.is_text() {
        true => value.to_owned(),
        false => format!("{value}::text"),
    };
    let most = match to {
        Type::Text(Some(most)) | Type::Char(most) => *most,
        Type::Name => return Step::loses(format!("octet_length({text}) > 63"), CUT),
        _ => return Step::default(),
    };
    let fits = match from {
        Type::Text(Some(before)) | Type::Char(before) => *before <= most,
        Type::Boolean => most >= 5,
        Type::Uuid => most >= 36,
        Type::Date => most >= 13,
        other => other
            .whole()
            .is_some_and(|(_, _, digits)| most > i64::from(digits)),
    };
    if fits {
        return Step::default();
    }
    match cast {
        Cast::Explicit => Step::loses(format!("char_length({text}) > {most}"), CUT),
        // Blanks at the end go in silence, as the standard wants it.
        Cast::Assignment => Step::loses(
            format!("char_length({text}) > {most}"),
            "loses blanks at its end in",
        )
        .and_refuses(
            format!("char_length(rtrim({text}, ' ')) > {most}"),
            "is too long for",
        ),
    }
}

/// Text as anything else, which only an explicit cast does.
fn from_text(to: &Type, value: &str) -> Step {
    const NUMBER: &str = r"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$";
    let text = format!("{value}::text");
    let changes = |name: &str| {
        (
            format!("({text}::{name})::text <> {text}"),
            "would be written in another way by",
        )
    };
    match to {
        whole if whole.whole().is_some() => {
            let Some((least, most, _)) = whole.whole() else {
                return Step::default();
            };
            let refuses = format!(
                r"CASE WHEN {text} ~ '^\s*[-+]?[0-9]+\s*$' THEN {text}::numeric NOT BETWEEN {least} AND {most} ELSE true END"
            );
            Step {
                loses: Some(changes("numeric")),
                ..Step::refuses(format!("{value} IS NOT NULL AND {refuses}"), UNREADABLE)
            }
        }
        Type::Numeric(limits) => {
            let readable = format!("{text} ~ '{NUMBER}' OR lower(trim({text})) = 'nan'");
            let over = match limits {
                None => "false".to_owned(),
                Some((precision, scale)) => format!(
                    "abs(round({text}::numeric, {scale})) >= 1e{}",
                    precision - scale
                ),
            };
            let rounds = limits.map(|(_, scale)| {
                (
                    format!("round({text}::numeric, {scale}) <> {text}::numeric"),
                    ROUNDED,
                )
            });
            Step {
                loses: rounds,
                ..Step::refuses(
                    format!(
                        "{value} IS NOT NULL AND CASE WHEN {readable} THEN {over} ELSE true END"
                    ),
                    UNREADABLE,
                )
            }
        }
        Type::Real | Type::Double => Step::refuses(
            format!("{text} !~ '{NUMBER}' AND lower(trim({text})) !~ '^([-+]?inf(inity)?|nan)$'"),
            UNREADABLE,
        ),
        Type::Boolean => Step::refuses(
            format!(
                r"lower({text}) !~ '^\s*(t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|1|0)\s*$'"
            ),
            UNREADABLE,
        ),
        Type::Uuid => Step::refuses(
            format!(
                r"{text} !~ '^(\{{[0-9a-fA-F]{{4}}(-?[0-9a-fA-F]{{4}}){{7}}\}}|[0-9a-fA-F]{{4}}(-?[0-9a-fA-F]{{4}}){{7}})$'"
            ),
            UNREADABLE,
        ),
        _ => Step::unknown(
            "whether all the text can be read as the new type shows only when it is tried",
        ),
    }
}

fn numbers(from: &Type, to: &Type, value: &str) -> Step {
    match (from, to) {
        (_, Type::Smallint | Type::Integer | Type::Bigint) => to_whole(from, to, value),
        (_, Type::Numeric(Some(limits))) => to_numeric(from, *limits, value),
        (Type::Real | Type::Double, Type::Numeric(None)) => {
            let name = if *from == Type::Real {
                "real"
            } else {
                "double precision"
            };
            Step::loses(format!("{value}::numeric::{name} <> {value}"), ROUNDED)
        }
        (Type::Integer, Type::Real) | (Type::Bigint, Type::Real) => Step::loses(
            format!("{value} NOT BETWEEN -16777216 AND 16777216"),
            ROUNDED,
        ),
        (Type::Bigint, Type::Double) => Step::loses(
            format!("{value} NOT BETWEEN -9007199254740992 AND 9007199254740992"),
            ROUNDED,
        ),
        (Type::Numeric(_), Type::Double) => {
            floating(value, "double precision", "1.7976931348623157e308")
        }
        (Type::Numeric(_), Type::Real) => floating(value, "real", "3.4028235e38"),
        (Type::Double, Type::Real) => {
            let over = format!(
                "abs({value}) > 3.4028235e38 AND abs({value}) <> 'Infinity' AND {value} <> 'NaN'"
            );
            Step::loses(
                format!("{value}::real::double precision <> {value}"),
                ROUNDED,
            )
            .and_refuses(over, OVERFLOWS)
        }
        _ => Step::default(),
    }
}

fn floating(value: &str, name: &str, most: &str) -> Step {
    Step::loses(format!("{value}::{name}::numeric <> {value}"), ROUNDED).and_refuses(
        format!("abs({value}) > {most} AND {value} <> 'NaN'"),
        OVERFLOWS,
    )
}

fn to_whole(from: &Type, to: &Type, value: &str) -> Step {
    let Some((least, most, digits)) = to.whole() else {
        return Step::default();
    };
    match from.whole() {
        Some((_, _, before)) if before <= digits => Step::default(),
        Some(_) => Step::refuses(format!("{value} NOT BETWEEN {least} AND {most}"), OVERFLOWS),
        None => {
            let rounds = match from {
                Type::Numeric(Some((_, scale))) if *scale <= 0 => None,
                _ => Some((format!("{value} <> round({value})"), ROUNDED)),
            };
            let fits = matches!(from, Type::Numeric(Some((precision, scale))) if precision - scale < digits);
            // A double is not exact at the edge of bigint: the numeric is.
            let over = format!("round({value}) NOT BETWEEN {least}::numeric AND {most}::numeric");
            let over = match from {
                Type::Numeric(_) => over,
                _ => format!(
                    "{value} = 'NaN' OR {value} < {least}::double precision OR {value} >= {most}::double precision + 1"
                ),
            };
            Step {
                loses: rounds,
                refuses: (!fits).then_some((over, OVERFLOWS)),
                ..Step::default()
            }
        }
    }
}

fn to_numeric(from: &Type, (precision, scale): (i32, i32), value: &str) -> Step {
    let room = precision - scale;
    let rounds = match from {
        Type::Numeric(Some((_, before))) => *before > scale,
        Type::Numeric(None) | Type::Real | Type::Double => true,
        _ => scale < 0,
    };
    let overflows = match from {
        // Rounding up may carry into one digit more.
        Type::Numeric(Some((before, digits))) => {
            before - digits > room || rounds && before - digits == room
        }
        other => other.whole().is_none_or(|(_, _, digits)| digits > room),
    };
    let number = match from {
        Type::Numeric(_) => value.to_owned(),
        _ => format!("{value}::numeric"),
    };
    Step {
        loses: rounds.then(|| (format!("round({number}, {scale}) <> {number}"), ROUNDED)),
        refuses: overflows.then(|| {
            (
                format!("{number} <> 'NaN' AND abs(round({number}, {scale})) >= 1e{room}"),
                OVERFLOWS,
            )
        }),
        ..Step::default()
    }
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
    const ZONED: &str =
        "values are read in the session's TimeZone: say which with USING … AT TIME ZONE";
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
