//! Locks that make others wait: worth a word where there is something to wait for.

use super::Judge;
use crate::event::Severity;
use crate::hazard::action::{Lock, LockWhen};
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, Weight};
use crate::hazard::world::Table;

impl Judge<'_> {
    pub(super) fn note_lock(&mut self, lock: &Lock) {
        if matches!(lock.when, LockWhen::InTransaction | LockWhen::InFile) {
            return self.refuse_there(lock);
        }
        let table = match &lock.table {
            Some(name) => match self.live(name) {
                Some(table) => Some(table),
                None => return,
            },
            None => None,
        };
        if !self.matters(&lock.when, table.as_ref()) {
            return;
        }
        let weight = match (&lock.when, &table) {
            (_, None) => Weight::Is(Severity::Warn),
            (_, Some(table)) => self.where_rows(table, Severity::Warn),
        };
        let mut draft = Draft::new(lock.rule, self.at, "")
            .weighs(weight, lock.message.clone())
            .offline(Severity::Warn);
        draft.table = table.map(|table| table.name.to_string());
        draft.hint.clone_from(&lock.hint);
        self.push(draft);
    }

    /// What the engine refuses whatever the rows, because of how the file runs.
    fn refuse_there(&mut self, lock: &Lock) {
        if !self.matters(&lock.when, None) {
            return;
        }
        let mut draft = Draft::new(lock.rule, self.at, "").refused(lock.message.clone());
        draft.table = lock.table.as_ref().map(ToString::to_string);
        draft.hint.clone_from(&lock.hint);
        self.push(draft);
    }

    fn matters(&self, when: &LockWhen, table: Option<&Table>) -> bool {
        match when {
            LockWhen::Always | LockWhen::InFile => true,
            LockWhen::Index(index) => match self.world.index(&index.name, None) {
                Some(index) => !index.created,
                None => self.world.offline,
            },
            LockWhen::Retype { column, to, using } => {
                let known = table.and_then(|table| table.column(column));
                known.is_none_or(|known| {
                    known.live.is_some()
                        && dialect::rewrites(&known.type_name, to, using.as_deref())
                })
            }
            LockWhen::InTransaction | LockWhen::IgnoredInTransaction => {
                self.connection.in_transaction
            }
        }
    }
}
