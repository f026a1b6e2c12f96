//! What a run has done for good, in words: so that an interruption can say what state the database is in.
//!
//! An effect is announced before it happens, settled when its call returns, and kept once no transaction is open around
//! it.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;

use super::host::Host;
use crate::db::{COMMITTED, IN_DOUBT};
use crate::error::{Error, Result};
use crate::migrate;

/// Different effects that are remembered; a loop repeats a few.
const REMEMBERED: usize = 50;

/// One effect.
struct Effect {
    action: String,
    /// Whether a rollback undoes it: a file stays written.
    in_database: bool,
}

/// What is done for good.
struct Settled {
    /// What it is about; what is settled later about the same replaces it.
    about: String,
    what: String,
    remedy: Option<String>,
}

/// The effects of one run on the live database and the project's files.
#[derive(Default)]
pub(super) struct Ledger {
    wrote: Cell<bool>,
    announced: RefCell<Vec<Effect>>,
    uncommitted: RefCell<Vec<String>>,
    done: RefCell<Vec<Settled>>,
    doubt: RefCell<Option<String>>,
    kept: Cell<bool>,
}

fn push(list: &mut Vec<String>, action: String) {
    if list.len() < REMEMBERED && !list.contains(&action) {
        list.push(action);
    }
}

fn put(list: &mut Vec<Settled>, settled: Settled) {
    let known = list.iter().position(|known| known.about == settled.about);
    match known {
        Some(at) => list[at] = settled,
        None if list.len() < REMEMBERED => list.push(settled),
        None => {}
    }
}

impl Host {
    /// An effect is about to happen.
    pub(super) fn announced(&self, action: String, in_database: bool) {
        self.ledger.wrote.set(true);
        self.ledger.announced.borrow_mut().push(Effect {
            action,
            in_database,
        });
    }

    /// The call that announced effects has returned.
    pub(super) fn returned(&self, succeeded: bool) {
        if self.ledger.announced.borrow().is_empty() {
            return;
        }
        let announced = std::mem::take(&mut *self.ledger.announced.borrow_mut());
        if !succeeded {
            return;
        }
        let open = self.depth() > 0;
        for effect in announced {
            if open && effect.in_database {
                push(&mut self.ledger.uncommitted.borrow_mut(), effect.action);
            } else {
                self.note_done(effect.action, None);
            }
        }
    }

    /// How many effects wait for a commit, to go back to with [`Host::undone_since`].
    pub fn uncommitted(&self) -> usize {
        self.ledger.uncommitted.borrow().len()
    }

    /// A transaction was rolled back: what it did is undone.
    pub fn undone_since(&self, mark: usize) {
        self.ledger.uncommitted.borrow_mut().truncate(mark);
    }

    /// A transaction was rolled back, but what a statement of it has `committed` by itself stays, and so does what was
    /// `kept` by tables without transactions. Returns whether nothing stays.
    pub(super) fn note_kept(&self, mark: usize, committed: bool, kept: Option<String>) -> bool {
        let effects = self.ledger.uncommitted.borrow_mut().split_off(mark);
        if kept.is_some() && !self.in_scratch() {
            self.ledger.kept.set(true);
        }
        let committed = committed.then(|| {
            let effects = effects.join(", ");
            format!("what came before a statement that committed by itself, of {effects}")
        });
        let stays: Vec<String> = committed.into_iter().chain(kept).collect();
        let nothing_stays = stays.is_empty();
        for what in stays {
            self.settle(what);
        }
        nothing_stays
    }

    /// Whether a rollback has left something in tables without transactions since [`Host::forget_kept`].
    pub fn kept(&self) -> bool {
        self.ledger.kept.get()
    }

    /// What earlier rollbacks have left is not what is done from here on.
    pub fn forget_kept(&self) {
        self.ledger.kept.set(false);
    }

    /// The outermost transaction was committed: what it did stays.
    pub fn note_commit(&self) {
        let committed = std::mem::take(&mut *self.ledger.uncommitted.borrow_mut());
        for action in committed {
            self.settle(action);
        }
    }

    /// Says what of the live database is changed for good, in words for a person.
    pub fn settle(&self, what: String) {
        self.settle_with(what, None);
    }

    /// As [`Host::settle`], with what to do about it.
    pub fn settle_with(&self, what: String, remedy: Option<String>) {
        if !self.in_scratch() {
            self.note_done(what, remedy);
        }
    }

    /// The same of a migration: what is settled about it later replaces this.
    pub fn settle_migration(&self, settled: migrate::Settled) {
        let migrate::Settled {
            about,
            what,
            remedy,
        } = settled;
        if self.in_scratch() {
            return;
        }
        let mut done = self.ledger.done.borrow_mut();
        match what {
            None => done.retain(|settled| settled.about != about),
            Some(what) => {
                let settled = Settled {
                    about,
                    what,
                    remedy,
                };
                put(&mut done, settled);
            }
        }
    }

    /// Whether something was settled about this.
    pub fn has_settled(&self, about: &str) -> bool {
        let done = self.ledger.done.borrow();
        done.iter().any(|settled| settled.about == about)
    }

    fn note_done(&self, what: String, remedy: Option<String>) {
        let settled = Settled {
            about: what.clone(),
            what,
            remedy,
        };
        put(&mut self.ledger.done.borrow_mut(), settled);
    }

    /// Call before work with transactions of its own: as [`Host::effect`], but what stays of it is told by
    /// [`Host::settle`].
    ///
    /// # Errors
    /// As [`Host::effect`].
    pub fn begin_work(&self, right: &str, action: impl Into<String>) -> Result<bool> {
        let begun = self.effect(right, action)?;
        self.ledger.announced.borrow_mut().clear();
        Ok(begun)
    }

    /// Waits for a commit to the live database, as [`Host::finish`]; if it is cut off, or its connection breaks, nobody knows whether `what` is in,
    /// and that is remembered.
    ///
    /// # Errors
    /// The commit's own, or a stop.
    pub fn conclude<T, E: Into<Error>>(
        &self,
        what: &str,
        commit: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        self.concluded(what, commit, |commit| self.finish(commit))
    }

    /// As [`Host::conclude`], for the commit of a restore, which is not cut short.
    ///
    /// # Errors
    /// As [`Host::conclude`].
    pub fn conclude_restore<T, E: Into<Error>>(
        &self,
        what: &str,
        commit: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        self.concluded(what, commit, |commit| self.put_in_place(commit))
    }

    fn concluded<T, E: Into<Error>>(
        &self,
        what: &str,
        commit: impl Future<Output = std::result::Result<T, E>>,
        wait: impl FnOnce(Pin<Box<dyn Future<Output = std::result::Result<T, E>> + '_>>) -> Result<T>,
    ) -> Result<T> {
        let returned = Cell::new(false);
        let result = wait(Box::pin(async {
            let result = commit.await;
            returned.set(true);
            result
        }));
        let code = result
            .as_ref()
            .err()
            .and_then(|error| error.code.as_deref());
        if code == Some(COMMITTED) {
            self.settle(format!("{what} is in"));
        }
        let in_doubt = !returned.get() || code == Some(IN_DOUBT);
        if in_doubt {
            self.note_doubt(what.to_owned());
        }
        result
    }

    /// Nobody knows whether `what` is in the live database.
    pub fn note_doubt(&self, what: String) {
        if !self.in_scratch() {
            *self.ledger.doubt.borrow_mut() = Some(what);
        }
    }

    /// What a commit that was cut off may have changed.
    pub fn doubt(&self) -> Option<String> {
        self.ledger.doubt.borrow().clone()
    }

    /// The database is as it was found again: a backup of it was restored.
    pub fn note_restored(&self) {
        self.ledger.doubt.borrow_mut().take();
        self.ledger.done.borrow_mut().clear();
    }

    /// Whether the run has begun to change the live database or the project's files.
    pub fn wrote(&self) -> bool {
        self.ledger.wrote.get()
    }

    /// What the run has done for good, in the order in which it did it.
    pub fn done(&self) -> Vec<String> {
        let done = self.ledger.done.borrow();
        done.iter().map(|settled| settled.what.clone()).collect()
    }

    /// What to do about something that is only half done.
    pub fn remedy(&self) -> Option<String> {
        let done = self.ledger.done.borrow();
        done.iter().rev().find_map(|settled| settled.remedy.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_remembered_once() {
        let mut list = Vec::new();
        for index in 0..1_000 {
            push(&mut list, format!("statement {}", index % 3));
        }
        assert_eq!(list.len(), 3);
        for index in 0..1_000 {
            push(&mut list, format!("statement {index}"));
        }
        assert_eq!(list.len(), REMEMBERED);
    }
}
