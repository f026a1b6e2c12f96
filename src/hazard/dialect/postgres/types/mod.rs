//! What ALTER COLUMN … TYPE does to values. An assignment cast (no USING) refuses text that is too long; an explicit one
//! cuts it in silence (<https://www.postgresql.org/docs/15/datatype-character.html>). Conditions hold on PostgreSQL 12
//! and newer: `pg_input_is_valid` came with 16, so text is looked at with regular expressions.

mod convert;
mod name;
mod numbers;
mod text;
mod using;

use convert::{Cast, Step, convert};
use name::Type;

use crate::hazard::dialect::TypeChange;

/// What a change of type does to the values of a column (named as SQL).
pub(in crate::hazard::dialect) fn type_change(
    from: &str,
    to: &str,
    column: &str,
    using: Option<&str>,
) -> Option<TypeChange> {
    let (from, to) = (Type::parse(from), Type::parse(to));
    let casts = match using {
        None => Vec::new(),
        Some(using) => match using::casts(using, column) {
            Some(casts) => casts,
            None => return computed(&from, &to, column, using),
        },
    };
    let mut steps: Vec<(Type, Cast)> = casts
        .iter()
        .map(|name| (Type::parse(name), Cast::Explicit))
        .collect();
    if steps.last().map(|(last, _)| last) != Some(&to) {
        steps.push((to, Cast::Assignment));
    }
    let mut change = TypeChange::default();
    let mut value = column.to_owned();
    let mut held = from;
    for (index, (next, cast)) in steps.into_iter().enumerate() {
        add(&mut change, convert(&held, &next, &value, cast));
        if let Some(name) = casts.get(index) {
            value = format!("({value})::{name}");
        }
        held = next;
    }
    let nothing = change.loses.is_none()
        && change.refuses.is_none()
        && change.unknown.is_none()
        && change.impossible.is_none();
    (!nothing).then_some(change)
}

/// Adds what one cast of several does; what an earlier one refuses is not asked of a later one.
fn add(change: &mut TypeChange, step: Step) {
    let guard = |condition: String, refused: &Option<String>| match refused {
        None => condition,
        Some(refused) => format!("CASE WHEN {refused} THEN false ELSE {condition} END"),
    };
    if let Some((condition, verdict)) = step.loses {
        let condition = guard(
            condition,
            &step.refuses.as_ref().map(|(sql, _)| sql.clone()),
        );
        let condition = guard(condition, &change.refuses);
        change.loses = Some(match change.loses.take() {
            None => condition,
            Some(other) => format!("({other}) OR ({condition})"),
        });
        change.verdict = verdict;
    }
    if let Some((condition, refusal)) = step.refuses {
        let condition = guard(condition, &change.refuses);
        change.refuses = Some(match change.refuses.take() {
            None => condition,
            Some(other) => format!("({other}) OR ({condition})"),
        });
        change.refusal = refusal;
    }
    change.impossible = change.impossible.take().or(step.impossible);
    change.unknown = change.unknown.take().or(step.unknown);
}

/// A USING that computes: the value is compared with what it gives, cast back.
fn computed(from: &Type, to: &Type, column: &str, using: &str) -> Option<TypeChange> {
    let zoned = using.to_ascii_lowercase().contains("at time zone");
    match (from, to) {
        (Type::Timestamp(before), Type::TimestampTz(after))
        | (Type::TimestampTz(before), Type::Timestamp(after))
            if zoned && after >= before =>
        {
            return None;
        }
        _ => {}
    }
    let back = using::type_sql(from)?;
    let there = using::type_sql(to);
    let value = match &there {
        Some(name) => format!("(({using}\n)::{name})"),
        None => format!("({using}\n)"),
    };
    Some(TypeChange {
        loses: Some(format!(
            "{column} IS NOT NULL AND {value}::{back} IS DISTINCT FROM {column}"
        )),
        verdict: "is another value after its USING, cast back, than before",
        ..TypeChange::default()
    })
}

/// Whether a change of type writes the table anew (<https://www.postgresql.org/docs/15/sql-altertable.html#SQL-ALTERTABLE-NOTES>).
pub(in crate::hazard::dialect) fn rewrites(from: &str, to: &str, using: Option<&str>) -> bool {
    let (from, to) = (Type::parse(from), Type::parse(to));
    let plain = using.is_none_or(|using| {
        using::casts_of_any(using)
            .is_some_and(|casts| casts.iter().all(|name| Type::parse(name) == to))
    });
    if !plain {
        return true;
    }
    let longer = |before: &Option<i64>, after: &Option<i64>| match (before, after) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(before), Some(after)) => after >= before,
    };
    match (&from, &to) {
        (one, other) if one == other => false,
        (Type::Text(before), Type::Text(after)) => !longer(before, after),
        (Type::Numeric(_), Type::Numeric(None)) => false,
        (Type::Numeric(Some((before, scale))), Type::Numeric(Some((after, other)))) => {
            after < before || scale != other
        }
        (Type::Time(before), Type::Time(after))
        | (Type::TimeTz(before), Type::TimeTz(after))
        | (Type::Timestamp(before), Type::Timestamp(after))
        | (Type::TimestampTz(before), Type::TimestampTz(after))
        | (Type::Interval(before), Type::Interval(after)) => after < before,
        (Type::Cidr, Type::Inet) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
