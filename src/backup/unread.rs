//! Objects whose definition the user may not read: a backup would not hold them, and a restore could not put them back.

use super::error::{Error, Purpose, Result};
use super::progress::say;
use super::set::Set;
use crate::db::{Catalog, Engine, Object};
use crate::event::{Level, Sink};

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

/// The objects that a set does not hold as its maker could not read them, each a kind and a name: restoring it leaves them
/// as they are.
pub(super) fn left_out(set: &Set) -> Vec<(String, String)> {
    let left_out = set.summary().not_included.iter();
    let left_out = left_out.filter_map(|entry| {
        let kind = entry.unreadable_kind()?;
        Some((kind.to_owned(), entry.name.clone()))
    });
    left_out.collect()
}

/// Whether it is one of these.
pub(super) fn is_among(left_out: &[(String, String)], object: &Object) -> bool {
    let is_this =
        |(kind, name): &(String, String)| *kind == object.kind && *name == object.name.name;
    left_out.iter().any(is_this)
}

/// Says of what is there and [`left_out`] that it stays.
pub(super) fn remark_kept(set: &Set, catalog: &Catalog, sink: &dyn Sink) {
    let left_out = left_out(set);
    for object in &catalog.objects {
        if object.sql.is_empty() || !is_among(&left_out, object) {
            continue;
        }
        let message = format!(
            "the {} `{}` stays as it is: the backup does not hold it, as its definition could not be read when it was made",
            object.kind, object.name
        );
        say(sink, Level::Warn, message);
    }
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
