//! What a database has and a set of it will not have.

use super::summary::NOT_ASKED_FOR;
use crate::db::{Catalog, NotIncluded, Unseen};

/// What the database has and the set will not.
pub(super) fn of(catalog: &Catalog, chosen: &[usize]) -> Vec<NotIncluded> {
    let left_out = catalog
        .tables
        .iter()
        .enumerate()
        .filter(|(index, _)| !chosen.contains(index))
        .map(|(_, table)| NotIncluded {
            kind: "other".to_owned(),
            name: table.name.to_string(),
            why: NOT_ASKED_FOR.to_owned(),
        });
    let unseen = catalog.unseen.iter().map(|unseen| NotIncluded {
        kind: unseen.kind.clone(),
        name: Unseen::EVERY.to_owned(),
        why: unseen.why.clone(),
    });
    catalog
        .not_included
        .iter()
        .cloned()
        .chain(unseen)
        .chain(left_out)
        .collect()
}

/// It in words, behind `without`.
pub(super) fn named(entry: &NotIncluded) -> String {
    if entry.name == Unseen::EVERY {
        return format!("{}s, if there are any: they {}", entry.kind, entry.why);
    }
    let kind = match entry.kind.as_str() {
        "other" if entry.why == NOT_ASKED_FOR => "table ",
        // The name then says what it is.
        "other" => "",
        kind => &format!("{kind} "),
    };
    format!("the {kind}`{}`: {}", entry.name, entry.why)
}

/// It as a warning.
pub(super) fn told(entry: &NotIncluded) -> String {
    format!("the backup does not hold {}", named(entry))
}
