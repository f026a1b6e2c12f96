//! Objects whose definition the user may not read: a backup would not hold them, and a restore could not put them back.

use super::error::{Error, Purpose, Result};
use super::set::Set;
use crate::db::{Catalog, Engine};

/// Refuses a whole restore that would replace one of them. What the set does not hold stays as it is.
///
/// # Errors
/// `Unread`.
pub(super) fn refuse_replaced(
    catalog: &Catalog,
    set: &Set,
    engine: Engine,
    database: &str,
) -> Result<()> {
    if catalog.unread.is_empty() {
        return Ok(());
    }
    let schema = set.schema()?;
    let made = schema.before.iter().chain(&schema.after);
    let made: Vec<(String, String)> = made.filter_map(|sql| engine.made_by(sql)).collect();
    let is_made = |kind: &str, name: &str| {
        // Routines' names are compared without regard to letter case.
        let is_this = |(made, of): &(String, String)| {
            made == kind && of.to_lowercase() == name.to_lowercase()
        };
        made.iter().any(is_this)
    };
    refuse(catalog, database, Purpose::Replace, is_made)
}

/// Refuses a backup of the whole database that would not hold all of it.
///
/// # Errors
/// `Unread`.
pub(super) fn refuse_left_out(catalog: &Catalog, database: &str) -> Result<()> {
    refuse(catalog, database, Purpose::BackUp, |_, _| true)
}

fn refuse(
    catalog: &Catalog,
    database: &str,
    purpose: Purpose,
    is_meant: impl Fn(&str, &str) -> bool,
) -> Result<()> {
    let meant = catalog.unread.iter();
    let mut meant = meant.filter(|object| is_meant(&object.kind, &object.name));
    let Some(first) = meant.next() else {
        return Ok(());
    };
    let what = std::iter::once(first).chain(meant);
    Err(Error::Unread {
        database: database.to_owned(),
        what: what
            .map(|object| format!("the {} `{}`", object.kind, object.name))
            .collect(),
        purpose,
        way_out: first.way_out.clone(),
    })
}
