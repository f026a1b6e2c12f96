//! What a run knows of its own safety: the migrations it looked at, what was allowed to go, how the database stood when
//! it was backed up. It lets one host call answer for what an earlier one saw.

use std::cell::{Cell, RefCell};

use super::host::Host;
use crate::clock::Timestamp;
use crate::db::{BrokenView, Drawn, Orphans, Session};
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Sink};
use crate::hazard::{Copied, Unmet};
use crate::ident::TableName;
use crate::integrity::{Change, LetGo, Renamed, Replaced};
use crate::migrate::{self, Doubt, Evidence, History, Linted, Migration, Source};

/// The memory of one run.
#[derive(Default)]
pub(super) struct Protection {
    source: RefCell<Option<Source>>,
    let_go: RefCell<Vec<LetGo>>,
    unmet: RefCell<Vec<Unmet>>,
    copied: RefCell<Vec<Copied>>,
    renamed: RefCell<Vec<Renamed>>,
    replaced: RefCell<Vec<Replaced>>,
    doubts: RefCell<Vec<Doubt>>,
    /// What would allow the losses that the last comparison found.
    meant: RefCell<Option<Vec<String>>>,
    /// What a person allowed something to become of: tables, `table.column`s, views.
    allowed: RefCell<Vec<String>>,
    orphans: RefCell<Option<Vec<Orphans>>>,
    /// The counters that were behind their columns already when the copy was made.
    behind: RefCell<Vec<String>>,
    /// The views that did not work: of the live database when it was backed up, and of the copy when it was made.
    broken: RefCell<[Option<Vec<BrokenView>>; 2]>,
    /// The restore that was planned last, whose warnings were told then: the set, and the tables asked for.
    planned: RefCell<Option<(String, Option<Vec<String>>)>>,
    /// The set of the live database that was made last.
    saved: Cell<Option<Timestamp>>,
    /// How the live database stood when each set was made, as the session that is still open counts others' commits.
    watches: RefCell<Vec<(Timestamp, i64)>>,
}

impl Protection {
    /// The session that counted is gone.
    pub(super) fn forget_watches(&self) {
        self.watches.borrow_mut().clear();
    }

    fn marker_of(&self, set: Timestamp) -> Option<i64> {
        let watches = self.watches.borrow();
        let found = watches.iter().find(|(watched, _)| *watched == set);
        found.map(|(_, marker)| *marker)
    }
}

impl Host {
    /// A set of the whole live database was made.
    pub fn note_saved(&self, set: Timestamp) {
        self.protection.saved.set(Some(set));
    }

    /// The set of the whole live database that this run made last.
    pub fn saved(&self) -> Option<Timestamp> {
        self.protection.saved.get()
    }

    /// A restore was planned, and its warnings were told.
    pub fn note_planned(&self, timestamp: &str, tables: Option<&[String]>) {
        let planned = (timestamp.to_owned(), tables.map(<[String]>::to_vec));
        *self.protection.planned.borrow_mut() = Some(planned);
    }

    /// Whether this restore was planned before in this run.
    pub fn is_planned(&self, timestamp: &str, tables: Option<&[String]>) -> bool {
        let planned = self.protection.planned.borrow();
        planned
            .as_ref()
            .is_some_and(|(known, of)| known == timestamp && of.as_deref() == tables)
    }

    /// The migrations of a folder (the usual one for `None`) with the live database's history.
    ///
    /// # Errors
    /// What is wrong with the folder or the database.
    pub fn history(&self, folder: Option<&std::path::Path>) -> Result<History> {
        let source = Source::find(self.project(), folder)?;
        for ignored in &source.ignored {
            self.say(crate::event::Level::Warn, format!("ignored: {ignored}"));
        }
        let history = if self.exists()? {
            self.session(async |session: &mut Session| History::read(session, &source).await)?
        } else {
            History::empty(&source)
        };
        *self.protection.source.borrow_mut() = Some(source);
        Ok(history)
    }

    /// What lies beside the live database and tells of its migrations.
    pub fn evidence(&self) -> Evidence<'_> {
        Evidence {
            backups: self.backups(),
            target: self.live_target(),
        }
    }

    /// This migration is in or undone: the run log remembers it.
    pub fn note_closed(&self, version: i64) {
        self.close(Some(version), None);
    }

    /// The whole live database is as it was when this set was made: the run log remembers it.
    pub fn note_whole_restored(&self, set: &str) {
        self.close(None, Some(set.to_owned()));
    }

    fn close(&self, version: Option<i64>, set: Option<String>) {
        if !self.in_scratch() {
            self.log().send(&Event::Closed { version, set });
        }
    }

    /// The migrations of these versions, as they were read: what was linted is what is applied.
    ///
    /// # Errors
    /// `Script` for a version that no call looked at.
    pub fn migrations(&self, versions: &[i64]) -> Result<Vec<Migration>> {
        let source = self.protection.source.borrow();
        versions
            .iter()
            .map(|version| {
                let known = source.as_ref().and_then(|source| {
                    source
                        .migrations
                        .iter()
                        .find(|migration| migration.version == *version)
                });
                known.cloned().ok_or_else(|| {
                    Error::new(Kind::Script, format!("no migration has version {version}"))
                        .hint("pass what `migrate::pending` returned")
                })
            })
            .collect()
    }

    /// Remembers what a lint found: what was allowed to go, what may go besides, what gets another name.
    pub fn expect(&self, linted: &Linted) {
        *self.protection.let_go.borrow_mut() = linted.let_go.clone();
        *self.protection.doubts.borrow_mut() = linted.doubts.clone();
        *self.protection.unmet.borrow_mut() = linted.unmet.clone();
        *self.protection.copied.borrow_mut() = linted.copied.clone();
        *self.protection.renamed.borrow_mut() = linted.renamed.clone();
        *self.protection.replaced.borrow_mut() = linted.replaced.clone();
        let allowed = linted
            .findings
            .iter()
            .filter(|found| found.allowed.is_some());
        *self.protection.allowed.borrow_mut() =
            allowed.filter_map(|found| found.table.clone()).collect();
    }

    /// What no row met when a lint asked the data.
    pub fn unmet(&self) -> Vec<Unmet> {
        self.protection.unmet.borrow().clone()
    }

    /// What is copied before it is taken away.
    pub fn copied(&self) -> Vec<Copied> {
        self.protection.copied.borrow().clone()
    }

    /// What may go besides what was allowed.
    pub fn doubts(&self) -> Vec<Doubt> {
        self.protection.doubts.borrow().clone()
    }

    /// Remembers the losses a comparison found.
    pub fn note_losses(&self, losses: &[Change]) {
        let allowances = migrate::allowances(losses, &self.protection.doubts.borrow());
        *self.protection.meant.borrow_mut() = allowances;
    }

    /// The allowances of all the losses the last comparison found; `None` where there is none, or one that cannot be
    /// allowed.
    pub fn meant(&self) -> Option<Vec<String>> {
        self.protection.meant.borrow().clone()
    }

    /// What gets another name.
    pub fn renamed(&self) -> Vec<Renamed> {
        self.protection.renamed.borrow().clone()
    }

    /// The tables whose name another one takes, as they were.
    pub fn replaced(&self) -> Vec<Replaced> {
        self.protection.replaced.borrow().clone()
    }

    /// The tables, columns and views of which a person allowed what becomes of them.
    pub fn allowed(&self) -> Vec<String> {
        self.protection.allowed.borrow().clone()
    }

    /// Looks for the views that do not work where the run is at work now, before anything changes there. What cannot be
    /// looked at is not known.
    pub fn note_broken_views(&self) {
        let found = self.session(async |session: &mut Session| session.broken_views().await);
        self.protection.broken.borrow_mut()[usize::from(self.in_scratch())] = found.ok();
    }

    /// Those that it found; `None` where nobody looked.
    pub fn known_broken_views(&self) -> Option<Vec<BrokenView>> {
        self.protection.broken.borrow()[usize::from(self.in_scratch())].clone()
    }

    /// What was allowed to go.
    pub fn let_go(&self) -> Vec<LetGo> {
        self.protection.let_go.borrow().clone()
    }

    /// How the live database stands, for [`Host::watch`]; `None` where the engine cannot tell.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn marker(&self) -> Result<Option<i64>> {
        self.session(async |session: &mut Session| session.others_marker().await)
    }

    /// Remembers how the live database stood just before this set was made.
    pub fn watch(&self, set: Timestamp, marker: i64) {
        self.protection.watches.borrow_mut().push((set, marker));
    }

    /// Whether others may have written to the live database since this set was made; what cannot be told counts as
    /// written to.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn others_wrote(&self, set: Timestamp) -> Result<bool> {
        let then = self.protection.marker_of(set);
        // Also asked after a stop, and only of the session that was watched: a new one would count from anew.
        let now = self.mend_session(self.workplace(), async |session: &mut Session| {
            session.others_marker().await
        })?;
        Ok(then.is_none() || then != now.flatten())
    }

    /// Hands over the session of the live database, with its marker from before the set was made. `None` if that is not
    /// known: an engine that cannot tell, a set that was not made by this run, a session that was closed since.
    ///
    /// # Errors
    /// As [`Host::release_session`].
    pub fn watched_since(&self, set: Timestamp) -> Result<Option<(Session, i64)>> {
        let marker = self.protection.marker_of(set);
        Ok(self.take_session()?.zip(marker))
    }

    /// Remembers the orphans a backup has, found where it was restored.
    pub fn knows_orphans(&self, orphans: Vec<Orphans>) {
        *self.protection.orphans.borrow_mut() = Some(orphans);
    }

    /// Counters of the copy that are behind their columns and were not when it was made, each with the furthest number its
    /// column holds. Asked for the first time, all of them are.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn new_behind(&self) -> Result<Vec<(String, i64)>> {
        let found = self.session(async |session: &mut Session| {
            let tables = session.catalog().await?.tables;
            let names: Vec<TableName> = tables.into_iter().map(|table| table.name).collect();
            session.drawn_from(&names).await
        })?;
        let behind = found.unwrap_or_default().into_iter();
        let behind = behind.filter(Drawn::is_behind);
        let mut known = self.protection.behind.borrow_mut();
        let mut new = Vec::new();
        for drawn in behind {
            if !known.contains(&drawn.now.name) {
                known.push(drawn.now.name.clone());
                new.push((drawn.now.name, drawn.reached.unwrap_or_default()));
            }
        }
        Ok(new)
    }

    /// The orphans of the backup; `None` if it was restored nowhere in this run.
    pub fn known_orphans(&self) -> Option<Vec<Orphans>> {
        self.protection.orphans.borrow().clone()
    }
}
