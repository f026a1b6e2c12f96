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

use crate::db::Engine;
use crate::hazard::dialect::{TypeChange, has_value};

/// What a change of type does to the values of a column (named as SQL).
pub(in crate::hazard::dialect) fn type_change(
    from: &str,
    to: &str,
    column: &str,
    using: Option<&str>,
    made_of: &dyn Fn(&str) -> String,
) -> Option<TypeChange> {
    let names = (from, to);
    let (from, to) = (Type::parse(from), Type::parse(to));
    let casts = match using {
        None => Vec::new(),
        Some(using) => match using::casts(using, column) {
            Some(casts) => casts,
            None if using::keeps_all(using, column, &from, &to) => return None,
            None => return Some(there_and_back((names, &from), column, using)),
        },
    };
    let mut steps: Vec<(Type, Cast)> = casts
        .iter()
        .map(|name| (Type::parse(&made_of(name)), Cast::Explicit))
        .collect();
    if steps.last().map(|(last, _)| last) != Some(&to) {
        steps.push((to, Cast::Assignment));
    }
    let mut change = TypeChange::default();
    let mut value = column.to_owned();
    let mut held = from.clone();
    let mut keeps = true;
    for (index, (next, cast)) in steps.into_iter().enumerate() {
        let step = convert(&held, &next, &value, cast);
        keeps &= step.keeps || step.unknown.is_none();
        add(&mut change, step);
        if let Some(name) = casts.get(index) {
            value = format!("({value})::{name}");
        }
        held = next;
    }
    if using.is_none() {
        change = tried_back(change, (names, &from), column);
    }
    let nothing = change.loses.is_none()
        && change.refuses.is_none()
        && change.unknown.is_none()
        && change.impossible.is_none();
    // The rehearsal looks at the values too.
    change.computed |= using.is_some() && change.unknown.is_some();
    if let (Some(using), Some(_), None, false) = (using, &change.unknown, &change.loses, keeps) {
        let tried = there_and_back((names, &from), column, using);
        change = TypeChange {
            unknown: change.unknown,
            refuses: change.refuses,
            refusal: change.refusal,
            impossible: change.impossible,
            ..tried
        };
    }
    (!nothing).then_some(change)
}

/// Types of which nothing is known here but that values can be cast there and back: what comes back is asked.
fn tried_back(change: TypeChange, types: ((&str, &str), &Type), column: &str) -> TypeChange {
    let ((_, to), from) = types;
    let asks = matches!(from, Type::Array(_) | Type::Other(_) | Type::Interval(_))
        || matches!(Type::parse(to), Type::Array(_) | Type::Other(_));
    let settled = change.loses.is_some() || change.impossible.is_some();
    if change.unknown.is_none() || settled || !asks {
        return change;
    }
    let tried = there_and_back(types, column, column);
    const NO_WAY_BACK: &str = "is changed by the new type: what that gives could not be cast back";
    TypeChange {
        unknown: change.unknown,
        refuses: change.refuses,
        refusal: change.refusal,
        verdict: "is another value in the new type, cast back, than before",
        instead: tried.instead.map(|(condition, _)| (condition, NO_WAY_BACK)),
        ..tried
    }
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

/// A USING that is not understood: the value is compared with what it gives, as text and cast back. The types come as
/// they are named and as what the old one is. A cast back may fail (15 has none that only tries), or not exist: what
/// looks different then is taken for lost.
fn there_and_back(types: ((&str, &str), &Type), column: &str, using: &str) -> TypeChange {
    let ((from, to), old) = types;
    let there = format!("(({using}\n)::{to})");
    const BLIND: &str = "gives way to what its USING says without looking at it";
    let valued = has_value(Engine::Postgres, column);
    let looks = format!("{there}::text IS DISTINCT FROM {column}::text");
    let (loses, instead, verdict) = if using::names(using, column) {
        // Types of other people may have no equality, or one that is blind to something: citext, point.
        let differs = match using::has_equality(old) {
            true => format!("{there}::{from} IS DISTINCT FROM {column}"),
            false => format!("{there}::{from}::text IS DISTINCT FROM {column}::text"),
        };
        (
            format!("{valued} AND CASE WHEN {looks} THEN {differs} ELSE false END"),
            (
                format!("{valued} AND {looks}"),
                "is changed by its USING: what that gives could not be cast back",
            ),
            "is another value after its USING, cast back, than before",
        )
    } else {
        (format!("{valued} AND {looks}"), (valued, BLIND), BLIND)
    };
    TypeChange {
        loses: Some(loses),
        instead: Some(instead),
        verdict,
        computed: true,
        ..TypeChange::default()
    }
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
