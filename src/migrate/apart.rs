//! Keeping others from a table that a migration copies, until what it takes of it later is gone: what they wrote between
//! the two would be in neither.

use super::apply::Prepared;
use crate::db::{Catalog, Session};
use crate::error::Result;
use crate::event::{Event, Level, Sink};
use crate::hazard::Copied;
use crate::ident::TableName;

/// What keeps others from a table until the migration is in.
pub(super) struct Lock {
    /// The statement it goes before.
    pub(super) before: usize,
    pub(super) table: TableName,
    /// Those who only read are kept from it too.
    pub(super) from_readers: bool,
}

/// Leaves with each file what keeps others from the tables that it copies before it takes from them.
pub(super) fn plan(prepared: &mut [Prepared<'_>], copied: &[Copied], catalog: &Catalog) {
    for copied in copied {
        let partitions = catalog.objects.iter();
        let partitions = partitions.filter(|object| object.kind == "partition");
        let tables = catalog.tables.iter().map(|table| &table.name);
        let mut tables = tables.chain(partitions.map(|object| &object.name));
        let table = tables.find(|name| name.to_string() == copied.table);
        let mut files = prepared.iter_mut();
        let file = files.find(|file| file.migration.file == copied.file && file.mode.is_some());
        if let (Some(file), Some(table)) = (file, table) {
            file.locks.push(Lock {
                before: copied.statement,
                table: table.clone(),
                from_readers: copied.from_readers,
            });
        }
    }
}

/// Keeps others from the tables that this statement copies.
///
/// # Errors
/// What the database refuses, such as a lock that is waited for too long.
pub(super) async fn lock(
    session: &mut Session,
    prepared: &Prepared<'_>,
    index: usize,
    sink: &dyn Sink,
) -> Result<()> {
    let locks = prepared.locks.iter();
    for lock in locks.filter(|lock| lock.before == index) {
        if !session.lock_table(&lock.table, lock.from_readers).await? {
            continue;
        }
        sink.send(&Event::Log {
            level: Level::Info,
            message: format!(
                "migration {} keeps others from `{}` until it is in: it copies what it takes away later, and what they wrote meanwhile would be in neither",
                prepared.migration.version, lock.table
            ),
            data: None,
        });
    }
    Ok(())
}
