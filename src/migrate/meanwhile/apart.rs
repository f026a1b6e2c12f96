//! Keeping others from a table that a migration copies, until what it takes of it later is gone: what they wrote between
//! the two would be in neither.

use crate::db::Session;
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Level, Sink};
use crate::hazard::Copied;
use crate::ident::TableName;
use crate::migrate::Migration;
use crate::migrate::apply::Prepared;

/// What keeps others from a table until the migration is in.
pub(in crate::migrate) struct Lock {
    pub(super) table: TableName,
    /// Those who only read are kept from it too.
    pub(super) from_readers: bool,
}

/// Leaves with each file what keeps others from the tables that it copies before it takes from them.
pub(in crate::migrate) fn plan(prepared: &mut [Prepared<'_>], copied: &[Copied]) {
    for copied in copied {
        let mut files = prepared.iter_mut();
        let file = files.find(|file| file.migration.file == copied.file && file.mode.is_some());
        if let Some(file) = file {
            file.locks.push(Lock {
                table: copied.table.clone(),
                from_readers: copied.from_readers,
            });
        }
    }
}

/// Keeps others from the tables that the files of one transaction copy, before the first statement of them all: one that
/// locks such a table less, as a new foreign key to it does, would leave others waiting for us and us for them. In the
/// order of names, so that two migrations do not wait for each other either.
///
/// # Errors
/// What the database refuses, such as a lock that is waited for too long.
pub(in crate::migrate) async fn lock(
    session: &mut Session,
    group: &[Prepared<'_>],
    sink: &dyn Sink,
) -> Result<()> {
    let locks = group
        .iter()
        .flat_map(|file| file.locks.iter().map(move |lock| (lock, file.migration)));
    let mut locks: Vec<_> = locks.collect();
    locks.sort_by_key(|(lock, _)| (&lock.table, !lock.from_readers));
    locks.dedup_by_key(|(lock, _)| &lock.table);
    for (lock, migration) in locks {
        let locked = session.lock_table(&lock.table, lock.from_readers).await;
        let locked = locked.map_err(|error| not_kept(error.into(), lock, migration))?;
        sink.send(&told(locked, lock, migration));
    }
    Ok(())
}

fn told(locked: bool, lock: &Lock, migration: &Migration) -> Event {
    let (version, table) = (migration.version, &lock.table);
    let (level, message) = match locked {
        true => (
            Level::Info,
            format!(
                "migration {version} keeps others from `{table}` until it is in: it copies what it takes away later, and what they wrote meanwhile would be in neither"
            ),
        ),
        false => (
            Level::Warn,
            format!(
                "migration {version} copies `{table}` and takes from it later, and others could not be kept from it: there is no such table as it begins; what they write meanwhile may be in neither"
            ),
        ),
    };
    Event::Log {
        level,
        message,
        data: None,
    }
}

/// The error of a lock that was not had: of which table, and for which migration.
fn not_kept(error: Error, lock: &Lock, migration: &Migration) -> Error {
    let message = format!(
        "migration {} could not keep others from `{}`, which it copies before it takes from it",
        migration.version, lock.table
    );
    error.context(Kind::Migration, message)
}
