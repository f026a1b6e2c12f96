//! The set that a restore takes, and whether it may be trusted.

use std::sync::Arc;

use super::error::Error;
use super::origin::Origin;
use super::progress::say;
use super::restore_options::{RestoreOptions, Scope};
use super::set::{Set, first_of};
use super::store::Store;
use super::summary::TableSummary;
use super::verify::{Depth, verify};
use super::written::exact;
use crate::db::{Access, Catalog, Target};
use crate::error::Result;
use crate::event::{Level, Sink};

/// Says that a set of some tables leaves everything else out.
pub(super) fn remark_part(set: &Set, sink: &dyn Sink) {
    let message = format!(
        "the backup {} holds only some tables: everything else is no part of this restore",
        set.timestamp()
    );
    say(sink, Level::Warn, message);
}

/// What is not there or empty is filled from whatever is newest where there is nothing of its own; what is there makes way
/// for its own only.
pub(super) async fn set_for(
    target: &Target,
    store: &Store,
    which: &str,
    options: &RestoreOptions,
    sink: &dyn Sink,
) -> Result<Set> {
    let of = store.origin(target);
    match choose_set(store, which, Some(&of), options, sink) {
        Err(Error::OnlyOfOthers { .. }) if !target.exists() || is_empty(target).await? => {
            Ok(choose_set(store, which, None, options, sink)?)
        }
        chosen => Ok(chosen?),
    }
}

async fn is_empty(target: &Target) -> Result<bool> {
    let mut session = target.connect(Access::default()).await?;
    let catalog = session.catalog().await?;
    Ok(holds_nothing(&catalog))
}

/// Where something may be hidden, nobody knows.
fn holds_nothing(catalog: &Catalog) -> bool {
    let sees_all = !catalog.hides && catalog.unread.is_empty();
    sees_all && catalog.tables.is_empty() && catalog.objects.is_empty()
}

/// A set that is damaged serves only where sound tables of it are named.
fn choose_set(
    store: &Store,
    which: &str,
    of: Option<&Origin>,
    options: &RestoreOptions,
    sink: &dyn Sink,
) -> super::error::Result<Set> {
    let Some(tables) = &options.tables else {
        return store.find(which, of, sink);
    };
    let entry = store.meant_for(which, of, tables, sink)?;
    let timestamp = entry.timestamp;
    match (entry.set().cloned(), entry.fault()) {
        (Some(set), None) => Ok(set),
        (Some(set), Some(fault)) => {
            let message =
                format!("the backup {timestamp} is {fault}; only the tables named are used");
            say(sink, Level::Warn, message);
            Ok(set)
        }
        (None, _) => entry
            .complete()
            .map_err(|error| error.with_older(store.older_than(timestamp, of))),
    }
}

pub(super) async fn prove(
    store: &Store,
    set: &Set,
    parts: &[&TableSummary],
    scope: Scope,
    sink: &Arc<dyn Sink>,
) -> super::error::Result<()> {
    let names: Vec<String> = parts.iter().map(|part| exact(&part.name)).collect();
    let only = match scope {
        Scope::Whole => None,
        Scope::Tables => Some(names.as_slice()),
    };
    let report = verify(set, only, Depth::Hashes, sink).await?;
    if report.is_sound() {
        return Ok(());
    }
    Err(Error::Damaged {
        timestamp: set.timestamp(),
        why: first_of(&report.problems),
        older: store.older_than(
            set.timestamp(),
            Some(&Origin::said(&set.summary().database)),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hide_something_is_not_taken_for_empty() {
        assert!(holds_nothing(&Catalog::default()));
        let hiding = Catalog {
            hides: true,
            ..Catalog::default()
        };
        assert!(!holds_nothing(&hiding));
    }
}
