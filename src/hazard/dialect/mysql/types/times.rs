//! Changes to a date or time.

use super::name::{Kind, Type};
use super::{Change, texts};

const FRACTIONS: &str = "would lose fractions of a second in";
const TIMELESS: &str = "are no times for";

/// What becomes of values that are to be dates or times.
pub(super) fn change(old: &Type, new: &Type, column: &str) -> Change {
    if matches!(old.kind, Kind::Other(_)) {
        return Change::unknown();
    }
    if let Some(text) = texts::as_text(&old.kind, column) {
        return of_text(&text, new);
    }
    let every = format!("{column} IS NOT NULL");
    match (&old.kind, &new.kind) {
        (Kind::Time(from), Kind::Time(to)) => fractions(*from, *to, column),
        (Kind::Datetime(_) | Kind::Timestamp(_) | Kind::Date, Kind::Time(_)) => {
            Change::loses(every, "would lose their date in")
        }
        (Kind::Time(_), Kind::Date | Kind::Datetime(_) | Kind::Timestamp(_)) => {
            Change::loses(every, "would get the date of the day it runs in")
        }
        (Kind::Datetime(_) | Kind::Timestamp(_), Kind::Date) => Change::loses(
            format!("TIME({column}) <> '00:00:00'"),
            "would lose their time of day in",
        ),
        (Kind::Datetime(from), Kind::Timestamp(to)) => {
            early_or_late(column, fractions(*from, *to, column))
        }
        (Kind::Date, Kind::Timestamp(_)) => early_or_late(column, Change::none()),
        (
            Kind::Datetime(from) | Kind::Timestamp(from),
            Kind::Datetime(to) | Kind::Timestamp(to),
        ) => fractions(*from, *to, column),
        (Kind::Date, Kind::Datetime(_)) => Change::none(),
        (
            Kind::Integer(_) | Kind::Decimal(..) | Kind::Float | Kind::Double | Kind::Bit(_),
            Kind::Year,
        ) => Change::refuses(
            format!("{column} < 0 OR {column} > 99 AND {column} < 1901 OR {column} > 2155"),
            "are no years for",
        )
        .and_loses(
            format!("{column} BETWEEN 1 AND 99"),
            "would become years of 1970 to 2069 in",
        ),
        // Both servers refuse dates as years, or cut them.
        (_, Kind::Year) => Change::refuses(every, "are no years for"),
        (Kind::Enum(_) | Kind::Set(_) | Kind::Year, _) => Change::refuses(every, TIMELESS),
        (_, to) => Change::refuses(
            format!("{every} AND CAST({column} AS {}) IS NULL", cast(to)),
            TIMELESS,
        ),
    }
}

fn cast(to: &Kind) -> &'static str {
    match to {
        Kind::Date => "DATE",
        Kind::Time(_) => "TIME(6)",
        _ => "DATETIME(6)",
    }
}

/// MySQL rounds them, MariaDB cuts them.
fn fractions(from: u32, to: u32, value: &str) -> Change {
    if to >= from {
        return Change::none();
    }
    let unit = 10u32.pow(6u32.saturating_sub(to));
    Change::loses(format!("MICROSECOND({value}) % {unit} <> 0"), FRACTIONS)
}

/// A TIMESTAMP holds 1970 to 2038; MariaDB 11.5 goes on to 2106 on 64-bit systems, which is not relied on. A zero date
/// is taken.
fn early_or_late(value: &str, change: Change) -> Change {
    change.and_refuses(
        format!(
            "{value} > '0000-00-00 00:00:00' AND ({value} < '1970-01-01 00:00:01' OR {value} >= '2038-01-19 03:14:08')"
        ),
        "are out of the range of",
    )
}

fn of_text(text: &str, new: &Type) -> Change {
    let cast = format!("CAST({text} AS {})", cast(&new.kind));
    let refused = format!("{text} IS NOT NULL AND {cast} IS NULL");
    match &new.kind {
        Kind::Year => Change::refuses(
            format!(
                "{text} NOT REGEXP '^[0-9]{{1,4}}$' OR {text} > 2155 OR {text} > 99 AND {text} < 1901"
            ),
            "are no years for",
        ),
        Kind::Date => {
            let time = format!("CAST({text} AS DATETIME(6))");
            Change::refuses(refused, TIMELESS).and_loses(
                format!("TIME({time}) <> '00:00:00'"),
                "would lose their time of day in",
            )
        }
        Kind::Time(digits) | Kind::Datetime(digits) => {
            fractions(6, *digits, &cast).and_refuses(refused, TIMELESS)
        }
        Kind::Timestamp(digits) => {
            let change = fractions(6, *digits, &cast).and_refuses(refused, TIMELESS);
            early_or_late(&cast, change)
        }
        _ => Change::unknown(),
    }
}
