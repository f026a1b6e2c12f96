//! Changes to a number.

use super::name::{Kind, Type};
use super::{Change, texts};

const ROUNDED: &str = "would be rounded by";
const RANGE: &str = "are out of the range of";
const NUMBERLESS: &str = "are no numbers for";

/// Largest value of a FLOAT.
const FLOAT_MAX: &str = "3.402823466e38";

/// What becomes of values that are to be integers, bits, decimals or floating-point numbers.
pub(super) fn change(old: &Type, new: &Type, column: &str) -> Change {
    match &old.kind {
        Kind::Other(_) => return Change::unknown(),
        Kind::Enum(_) | Kind::Set(_) => {
            return Change::loses(
                format!("{column} IS NOT NULL"),
                "would become the numbers of their members in",
            );
        }
        Kind::Date | Kind::Time(_) | Kind::Datetime(_) | Kind::Timestamp(_) => {
            let number = format!("({column} + 0)");
            let change = Change::loses(
                format!("{column} IS NOT NULL"),
                "would become numbers such as 20200131 in",
            );
            return match range(
                &Type {
                    kind: Kind::Double,
                    unsigned: false,
                },
                new,
                &number,
            ) {
                Some(condition) => change.and_refuses(condition, RANGE),
                None => change,
            };
        }
        _ => {}
    }
    if let Some(text) = texts::as_text(&old.kind, column) {
        return of_text(&text, new);
    }
    let value = match &old.kind {
        Kind::Bit(_) => format!("({column} + 0)"),
        _ => column.to_owned(),
    };
    let change = match range(old, new, &value) {
        Some(condition) => Change::refuses(condition, RANGE),
        None => Change::none(),
    };
    match rounded(old, new, &value) {
        Some(condition) => change.and_loses(condition, ROUNDED),
        None => change,
    }
}

/// Smallest and largest value.
fn limits(of: &Type) -> Option<(String, String)> {
    Some(match of.kind {
        Kind::Integer(bytes) => {
            let bits = bytes * 8;
            match of.unsigned {
                true => ("0".to_owned(), (u128::MAX >> (128 - bits)).to_string()),
                false => {
                    let half = 1i128 << (bits - 1);
                    ((-half).to_string(), (half - 1).to_string())
                }
            }
        }
        Kind::Bit(bits) => {
            let bits = bits.clamp(1, 64);
            ("0".to_owned(), (u128::MAX >> (128 - bits)).to_string())
        }
        Kind::Year => ("0".to_owned(), "2155".to_owned()),
        Kind::Decimal(digits, scale) => {
            let whole = "9".repeat(digits.saturating_sub(scale).min(65) as usize);
            let fraction = "9".repeat(scale.min(38) as usize);
            let most = match (whole.as_str(), fraction.as_str()) {
                (whole, "") => whole.to_owned(),
                (whole, fraction) => format!("{whole}.{fraction}"),
            };
            let most = if most.starts_with('.') {
                format!("0{most}")
            } else {
                most
            };
            match of.unsigned {
                true => ("0".to_owned(), most),
                false => (format!("-{most}"), most),
            }
        }
        _ => return None,
    })
}

/// Digits before the point that a type may have.
fn digits(of: &Type) -> u32 {
    match of.kind {
        Kind::Integer(bytes) => [0, 3, 5, 8, 10, 10, 10, 10, 20][bytes.min(8) as usize],
        Kind::Bit(_) => 20,
        Kind::Year => 4,
        Kind::Decimal(digits, scale) => digits.saturating_sub(scale),
        _ => u32::MAX,
    }
}

/// The condition of values that are too large or too small.
fn range(old: &Type, new: &Type, value: &str) -> Option<String> {
    let negative = !old.unsigned && !matches!(old.kind, Kind::Bit(_) | Kind::Year);
    let (least, most) = match &new.kind {
        Kind::Float if matches!(old.kind, Kind::Double) => {
            return Some(format!("ABS({value}) > {FLOAT_MAX}"));
        }
        _ => match limits(new) {
            Some(limits) => limits,
            // Floating-point numbers take all, but for the sign.
            None => return (new.unsigned && negative).then(|| format!("{value} < 0")),
        },
    };
    let scale = match new.kind {
        Kind::Decimal(_, scale) => scale,
        _ => 0,
    };
    let rounds = !matches!(old.kind, Kind::Integer(_) | Kind::Bit(_) | Kind::Year);
    let value = match rounds {
        true => format!("ROUND({value}, {scale})"),
        false => value.to_owned(),
    };
    let fits = match (&old.kind, &new.kind) {
        (Kind::Integer(from), Kind::Integer(to)) => {
            to > from || to == from && (old.unsigned == new.unsigned)
        }
        (Kind::Bit(from), Kind::Integer(to)) => *from < to * 8,
        (_, Kind::Decimal(..)) => digits(old) <= digits(new),
        (Kind::Year, Kind::Integer(to)) => *to > 1,
        _ => false,
    };
    let below = (negative && (new.unsigned || !fits)).then(|| format!("{value} < {least}"));
    let above = (!fits).then(|| format!("{value} > {most}"));
    match (below, above) {
        (Some(below), Some(above)) => Some(format!("{below} OR {above}")),
        (below, above) => below.or(above),
    }
}

/// The condition of values that lose digits.
fn rounded(old: &Type, new: &Type, value: &str) -> Option<String> {
    // A FLOAT is what it is printed as; in a comparison it would be all its bits.
    let exact = match old.kind {
        Kind::Float => format!("CAST(CAST({value} AS CHAR) AS DECIMAL(65, 30))"),
        _ => value.to_owned(),
    };
    match (&old.kind, &new.kind) {
        (
            Kind::Integer(_) | Kind::Year | Kind::Bit(_),
            Kind::Decimal(..) | Kind::Integer(_) | Kind::Bit(_),
        ) => None,
        (Kind::Decimal(_, from), Kind::Decimal(_, to)) if from <= to => None,
        (Kind::Decimal(_, 0), Kind::Integer(_) | Kind::Bit(_)) => None,
        (_, Kind::Integer(_) | Kind::Bit(_)) => Some(format!("ROUND({exact}) <> {exact}")),
        (_, Kind::Decimal(_, scale)) => Some(format!("ROUND({exact}, {scale}) <> {exact}")),
        (Kind::Double, Kind::Float) => Some(format!(
            "CAST(CAST({value} AS FLOAT) AS CHAR) <> CAST({value} AS CHAR)"
        )),
        (Kind::Integer(1 | 2) | Kind::Year, Kind::Float) => None,
        (Kind::Integer(_) | Kind::Decimal(..) | Kind::Bit(_), Kind::Float) => Some(format!(
            "CAST(CAST(CAST({value} AS FLOAT) AS CHAR) AS DECIMAL(65, 30)) <> {value}"
        )),
        (Kind::Integer(8) | Kind::Bit(54..), Kind::Double) => Some(format!(
            "CAST(CAST({value} AS DOUBLE) AS DECIMAL(65, 0)) <> {value}"
        )),
        (Kind::Decimal(digits, scale), Kind::Double) if *digits > 15 => Some(format!(
            "CAST(CAST({value} AS DOUBLE) AS DECIMAL(65, {scale})) <> {value}"
        )),
        _ => None,
    }
}

/// Text that is to be a number.
fn of_text(text: &str, new: &Type) -> Change {
    let whole = "'^[[:space:]]*[-+]?[0-9]+[[:space:]]*$'";
    let any = "'^[[:space:]]*[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?[[:space:]]*$'";
    let number = format!("CAST({text} AS DECIMAL(65, 30))");
    let source = Type {
        kind: Kind::Double,
        unsigned: false,
    };
    let beyond = |number: &str| range(&source, new, number);
    match &new.kind {
        Kind::Integer(_) | Kind::Bit(_) => {
            let change = Change::refuses(format!("{text} NOT REGEXP {whole}"), NUMBERLESS)
                .and_loses(
                    format!("{text} REGEXP {whole} AND {text} NOT REGEXP '^(0|-?[1-9][0-9]*)$'"),
                    "would lose zeros or blanks before the number in",
                );
            match beyond(&format!("CAST({text} AS DECIMAL(65, 0))")) {
                Some(condition) => change.and_refuses(condition, NUMBERLESS),
                None => change,
            }
        }
        Kind::Decimal(_, scale) => {
            let change = Change::refuses(format!("{text} NOT REGEXP {any}"), NUMBERLESS)
                .and_loses(format!("ROUND({number}, {scale}) <> {number}"), ROUNDED);
            match beyond(&number) {
                Some(condition) => change.and_refuses(condition, NUMBERLESS),
                None => change,
            }
        }
        _ => Change::refuses(format!("{text} NOT REGEXP {any}"), NUMBERLESS),
    }
}
