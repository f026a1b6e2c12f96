//! Casts between numbers: what is rounded, what overflows.

use super::convert::{OVERFLOWS, ROUNDED, Step};
use super::name::Type;

/// Casts between numbers.
pub(super) fn numbers(from: &Type, to: &Type, value: &str) -> Step {
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
        (Type::Numeric(_), Type::Double) => floating(value, DOUBLE),
        (Type::Numeric(_), Type::Real) => floating(value, REAL),
        (Type::Double, Type::Real) => {
            let loses = format!("{value}::real::double precision <> {value}");
            Step::loses(loses, ROUNDED).and_refuses(outside(value, &REAL), OVERFLOWS)
        }
        _ => Step::default(),
    }
}

/// A number as a float: it may have more digits than that, be too large, or too small to be told from 0.
fn floating(value: &str, to: Float) -> Step {
    let loses = format!("{value}::{}::numeric <> {value}", to.name);
    Step::loses(loses, ROUNDED).and_refuses(outside(value, &to), OVERFLOWS)
}

/// The condition of numbers a type of floats does not hold.
pub(super) fn outside(value: &str, float: &Float) -> String {
    let Float { most, least, .. } = float;
    format!(
        "{value} <> 'NaN' AND (abs({value}) > {most} AND abs({value})::text <> 'Infinity' \
         OR {value} <> 0 AND abs({value}) < {least})"
    )
}

/// What a type of floats holds.
pub(super) struct Float {
    pub(super) name: &'static str,
    /// The largest number.
    most: &'static str,
    /// What is smaller than this is rounded to 0, which is refused.
    least: &'static str,
}

pub(super) const REAL: Float = Float {
    name: "real",
    most: "3.4028235e38",
    least: "7.0065e-46",
};

pub(super) const DOUBLE: Float = Float {
    name: "double precision",
    most: "1.7976931348623157e308",
    least: "2.4703e-324",
};

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
                    "{value} = 'NaN' OR round({value}) < {least}::double precision \
                     OR round({value}) >= {most}::double precision + 1"
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
