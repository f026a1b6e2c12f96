//! Tables that no restore could fill again, however whole their files are.

use super::error::Error;
use super::progress::say;
use crate::db::{Catalog, Unmakeable};
use crate::event::{Level, Sink};

/// Refuses a backup that holds such a table, or only tells of it where the rows are worth having all the same.
///
/// # Errors
/// `Unmakeable`.
pub(super) fn refuse(
    unmakeable: Vec<Unmakeable>,
    catalog: &Catalog,
    chosen: &[usize],
    only_told: bool,
    sink: &dyn Sink,
) -> Result<(), Error> {
    for Unmakeable { table, why } in unmakeable {
        let is_it = |index: &usize| {
            catalog
                .tables
                .get(*index)
                .is_some_and(|at| at.name == table)
        };
        if !chosen.iter().any(is_it) {
            continue;
        }
        if !only_told {
            let table = table.to_string();
            return Err(Error::Unmakeable { table, why });
        }
        let message = format!("no restore of the whole takes this backup, for `{table}`: {why}");
        say(sink, Level::Warn, message);
    }
    Ok(())
}
