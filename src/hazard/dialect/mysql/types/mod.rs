//! What MODIFY and CHANGE do to values. In strict mode a value that does not fit fails the statement; without it, it is
//! cut or clamped. But some values change in strict mode too, at most with a note: digits behind the point, parts of a
//! time, blanks. Conditions hold on MySQL 8.0.17 and MariaDB 10.4 and newer; what they say was tried on MariaDB 10.11.

mod name;
mod numbers;
mod texts;
mod times;

#[cfg(test)]
mod tests;

use name::{Kind, Type};

use crate::hazard::dialect::TypeChange;

/// A condition of values, and what the new type does to them.
type Fate = Option<(String, &'static str)>;

/// What becomes of values.
#[derive(Debug, Default)]
struct Change {
    /// Those that change although they are taken.
    loses: Fate,
    /// Those that are not taken in strict mode.
    refuses: Fate,
    unknown: bool,
}

impl Change {
    fn none() -> Self {
        Change::default()
    }

    fn unknown() -> Self {
        Change {
            unknown: true,
            ..Change::default()
        }
    }

    fn loses(condition: impl Into<String>, verdict: &'static str) -> Self {
        Change::none().and_loses(condition, verdict)
    }

    fn refuses(condition: impl Into<String>, refusal: &'static str) -> Self {
        Change::none().and_refuses(condition, refusal)
    }

    fn and_loses(mut self, condition: impl Into<String>, verdict: &'static str) -> Self {
        let condition = condition.into();
        self.loses = Some(match self.loses.take() {
            None => (condition, verdict),
            Some((other, first)) => (format!("({other}) OR ({condition})"), first),
        });
        self
    }

    fn and_refuses(mut self, condition: impl Into<String>, refusal: &'static str) -> Self {
        let condition = condition.into();
        self.refuses = Some(match self.refuses.take() {
            None => (condition, refusal),
            Some((other, first)) => (format!("({other}) OR ({condition})"), first),
        });
        self
    }
}

/// Whether two names are those of one type.
pub(in crate::hazard::dialect) fn is_same_type(one: &str, other: &str) -> bool {
    let (one, other) = (Type::parse(one), Type::parse(other));
    !matches!(one.kind, Kind::Other(_)) && one == other
}

/// What a change of type does to the values of a column (named as SQL); `None`: nothing.
pub(in crate::hazard::dialect) fn type_change(
    from: &str,
    to: &str,
    column: &str,
) -> Option<TypeChange> {
    let (old, new) = (Type::parse(from), Type::parse(to));
    if old == new {
        return None;
    }
    let change = match &new.kind {
        Kind::Integer(_) | Kind::Bit(_) | Kind::Decimal(..) | Kind::Float | Kind::Double => {
            numbers::change(&old, &new, column)
        }
        Kind::Year | Kind::Date | Kind::Time(_) | Kind::Datetime(_) | Kind::Timestamp(_) => {
            times::change(&old, &new, column)
        }
        Kind::Other(name) => other(&old, name, column),
        _ => texts::change(&old, &new, column),
    };
    let unknown = change
        .unknown
        .then(|| format!("what becomes of a `{from}` as `{to}` is not known"));
    if change.loses.is_none() && change.refuses.is_none() && unknown.is_none() {
        return None;
    }
    let (loses, verdict) = change.loses.unzip();
    let (refuses, refusal) = change.refuses.unzip();
    Some(TypeChange {
        loses,
        verdict: verdict.unwrap_or_default(),
        refuses,
        refusal: refusal.unwrap_or_default(),
        unknown,
        ..TypeChange::default()
    })
}

/// Types of one server's own: those text can be cast to are asked by casting.
fn other(old: &Type, name: &str, column: &str) -> Change {
    let castable = ["uuid", "inet4", "inet6"].contains(&name);
    match texts::as_text(&old.kind, column) {
        Some(text) if castable => Change::refuses(
            format!("{text} IS NOT NULL AND CAST({text} AS {name}) IS NULL"),
            "are no values of",
        ),
        _ => Change::unknown(),
    }
}
