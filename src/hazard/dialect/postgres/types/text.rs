//! Casts to and from text.

use super::convert::{CUT, Cast, ROUNDED, Step, UNREADABLE, repeated_keys};
use super::name::Type;
use super::numbers::{DOUBLE, REAL, outside};

/// Anything can be assigned to text; what is too long is refused, by an explicit cast cut.
pub(super) fn to_text(from: &Type, to: &Type, value: &str, cast: Cast) -> Step {
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
pub(super) fn from_text(to: &Type, value: &str) -> Step {
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
        Type::Numeric(_) | Type::Real | Type::Double => fractional(to, value, &text),
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
        Type::Jsonb => Step {
            loses: Some(repeated_keys(&format!("{text}::json"))),
            ..Step::unknown(UNTRIED)
        },
        // An address is written in many ways, and each is read as itself.
        Type::Inet => Step {
            keeps: true,
            ..Step::unknown(UNTRIED)
        },
        _ => Step::unknown(UNTRIED),
    }
}

const UNTRIED: &str =
    "whether all the text can be read as the new type shows only when it is tried";

/// Text as a number with a fraction; `text` is the value as text.
fn fractional(to: &Type, value: &str, text: &str) -> Step {
    const NUMBER: &str = r"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$";
    match to {
        Type::Numeric(limits) => {
            let readable =
                format!("{text} ~ '{NUMBER}' OR lower(trim({text})) ~ '^([-+]?inf(inity)?|nan)$'");
            let over = match limits {
                None => "false".to_owned(),
                Some((precision, scale)) => format!(
                    "{text}::numeric <> 'NaN' AND abs(round({text}::numeric, {scale})) >= 1e{}",
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
        _ => {
            let float = if *to == Type::Real { REAL } else { DOUBLE };
            let number = format!("{text}::numeric");
            let special = format!("lower(trim({text})) !~ '^([-+]?inf(inity)?|nan)$'");
            Step {
                loses: Some((
                    format!(
                        "CASE WHEN {text} ~ '{NUMBER}' THEN {number} <> {text}::{}::numeric ELSE false END",
                        float.name
                    ),
                    ROUNDED,
                )),
                ..Step::refuses(
                    format!(
                        "CASE WHEN {text} ~ '{NUMBER}' THEN {} ELSE {special} END",
                        outside(&number, &float)
                    ),
                    UNREADABLE,
                )
            }
        }
    }
}
