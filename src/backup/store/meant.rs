//! Which set is meant by `latest`.

use super::{Entry, SAFETY_LABEL, Store};
use crate::backup::error::{Error, Result};
use crate::backup::origin::Origin;
use crate::backup::progress::say;
use crate::backup::set::Set;
use crate::clock::Timestamp;
use crate::db::DatabaseInfo;
use crate::event::{Level, Sink};

impl Store {
    /// The set to restore into this database (where none is given: into a new one) that is meant by `latest`
    /// or a timestamp, in whatever state it is. `latest` is the newest of that whole database that was not made as a
    /// restore's own safety backup: so a restore that is run twice does not undo itself, and rows of some tables are never
    /// taken for the database. A damaged one is never passed over for an older one: whoever restores must not get older
    /// data unasked.
    ///
    /// # Errors
    /// `NoBackup`, `OnlyOfOthers`, `Unknown`, `File`.
    pub fn meant(&self, which: &str, of: Option<&Origin>, sink: &dyn Sink) -> Result<Entry> {
        match which {
            "latest" => self.latest(of, sink, |set| !set.summary().is_partial()),
            which => self.entry(which),
        }
    }

    /// As [`Store::meant`], for a restore of the rows of some tables: `latest` may be a set of some tables that has these.
    ///
    /// # Errors
    /// As [`Store::meant`].
    pub(in crate::backup) fn meant_for(
        &self,
        which: &str,
        of: Option<&Origin>,
        tables: &[String],
        sink: &dyn Sink,
    ) -> Result<Entry> {
        match which {
            "latest" => self.latest(of, sink, |set| {
                !set.summary().is_partial() || set.tables(Some(tables)).is_ok()
            }),
            which => self.entry(which),
        }
    }

    /// The newest set that serves, or else the newest of some tables, or else a restore's own safety backup. What is newer
    /// and was passed over is told.
    fn latest(
        &self,
        of: Option<&Origin>,
        sink: &dyn Sink,
        serves: impl Fn(&Set) -> bool,
    ) -> Result<Entry> {
        let (mut newest_safety, mut newest_partial) = (None::<Entry>, None::<Entry>);
        let mut newest_other: Option<(Timestamp, Origin)> = None;
        let mut found = None;
        for timestamp in self.timestamps()? {
            let entry = self.look_at(timestamp)?;
            let is_other = |info: &&DatabaseInfo| of.is_some_and(|of| !of.made(info));
            let label = entry.set().and_then(|set| set.summary().label.as_deref());
            if let Some(other) = entry.made_of().filter(is_other) {
                newest_other.get_or_insert((timestamp, Origin::said(other)));
            } else if label == Some(SAFETY_LABEL) {
                newest_safety.get_or_insert(entry);
            } else if entry.set().is_some_and(|set| !serves(set)) {
                newest_partial.get_or_insert(entry);
            } else {
                found = Some(entry);
                break;
            }
        }
        let Some(found) = found.or_else(|| newest_partial.take()) else {
            return newest_safety.ok_or_else(|| match newest_other {
                Some((timestamp, from)) => Error::OnlyOfOthers {
                    database: of.map(|of| of.told_from(&from)).unwrap_or_default(),
                    timestamp,
                    from: of.map(|of| from.told_from(of)).unwrap_or_default(),
                },
                None => self.no_backup(),
            });
        };
        let passed_over = [
            (
                newest_partial,
                "holds only some tables: name it to restore their rows",
            ),
            (
                newest_safety,
                "was made before a restore: name it to undo that restore",
            ),
        ];
        let timestamp = found.timestamp;
        for (entry, what) in passed_over {
            if let Some(newer) = entry.filter(|entry| entry.timestamp > timestamp) {
                let newer = newer.timestamp;
                let message =
                    format!("`latest` is the backup {timestamp}; the newer {newer} {what}");
                say(sink, Level::Warn, message);
            }
        }
        Ok(found)
    }
}
