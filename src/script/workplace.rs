//! The databases a script works on: the live one, and scratch ones above it. Each has one session, opened when it is
//! first needed and lent out while a future runs, so that nothing is borrowed while the script runs.

use std::cell::{Cell, RefCell};

use super::host::Host;
use crate::db::{Access, CursorId, NO_SCHEMA, Session, Target};
use crate::error::{Error, Kind, Result};
use crate::value::Value;

/// Names one workplace of a run; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkplaceId(u64);

/// A database the script works on.
struct Workplace {
    id: WorkplaceId,
    target: Target,
    access: Access,
    session: Option<Session>,
    cursors: usize,
}

/// The stack of workplaces; the last one is current, the first one is the live database.
pub(super) struct Workplaces {
    stack: RefCell<Vec<Workplace>>,
    next: Cell<u64>,
}

impl Workplaces {
    /// The live database, with this access.
    pub(super) fn new(target: Target, write: bool) -> Self {
        let places = Workplaces {
            stack: RefCell::default(),
            next: Cell::new(0),
        };
        places.push(
            target,
            Access {
                write,
                create: false,
                guarded: true,
            },
        );
        places
    }

    fn push(&self, target: Target, access: Access) {
        let id = WorkplaceId(self.next.get());
        self.next.set(id.0 + 1);
        self.stack.borrow_mut().push(Workplace {
            id,
            target,
            access,
            session: None,
            cursors: 0,
        });
    }

    /// Looks at a workplace; nothing is called back meanwhile.
    fn with<T>(&self, id: WorkplaceId, look: impl FnOnce(&mut Workplace) -> T) -> Option<T> {
        let mut stack = self.stack.borrow_mut();
        let place = stack.iter_mut().find(|place| place.id == id)?;
        Some(look(place))
    }
}

impl Host {
    /// The current workplace.
    pub fn workplace(&self) -> WorkplaceId {
        let stack = self.places.stack.borrow();
        stack.last().map_or(WorkplaceId(0), |place| place.id)
    }

    /// Does something with the session of the current workplace; connects first if that was not done yet.
    ///
    /// # Errors
    /// No connection, the work's own error, or a stop.
    pub fn session<T, E: Into<Error>>(
        &self,
        work: impl AsyncFnOnce(&mut Session) -> std::result::Result<T, E>,
    ) -> Result<T> {
        self.session_of(self.workplace(), work)
    }

    /// As [`Host::session`], in a workplace that need not be the current one, such as that of a stream of rows.
    ///
    /// # Errors
    /// As [`Host::session`]; also if that workplace is gone.
    pub fn session_of<T, E: Into<Error>>(
        &self,
        place: WorkplaceId,
        work: impl AsyncFnOnce(&mut Session) -> std::result::Result<T, E>,
    ) -> Result<T> {
        let mut session = self.borrow_session(place)?;
        let result = self.wait(work(&mut session));
        self.return_session(place, session);
        result
    }

    /// As [`Host::session`], for a commit: a stop gives it 3 s more instead of cutting it off.
    ///
    /// # Errors
    /// The work's own, or a stop.
    pub fn finish_session<T, E: Into<Error>>(
        &self,
        work: impl AsyncFnOnce(&mut Session) -> std::result::Result<T, E>,
    ) -> Result<T> {
        let place = self.workplace();
        let mut session = self.borrow_session(place)?;
        let outermost = session.depth() == 1;
        let commit = work(&mut session);
        let result = match outermost {
            true => self.conclude("the last transaction", commit),
            false => self.finish(commit),
        };
        self.return_session(place, session);
        result
    }

    /// As [`Host::session`], for clean-up: a stop does not cancel it, but it has 3 s at most. `None` if the workplace has
    /// no session.
    ///
    /// # Errors
    /// The work's own.
    pub fn mend_session<T, E: Into<Error>>(
        &self,
        place: WorkplaceId,
        work: impl AsyncFnOnce(&mut Session) -> std::result::Result<T, E>,
    ) -> Result<Option<T>> {
        let lent = self.places.with(place, |place| place.session.take());
        let Some(mut session) = lent.flatten() else {
            return Ok(None);
        };
        let result = self.mend(work(&mut session));
        self.return_session(place, session);
        result.map(Some)
    }

    fn borrow_session(&self, place: WorkplaceId) -> Result<Session> {
        let found = self.places.with(place, |place| {
            let session = place.session.take();
            (session, place.target.clone(), place.access)
        });
        match found {
            Some((Some(session), ..)) => Ok(session),
            Some((None, target, access)) => self.wait(target.connect_telling(access, self.sink())),
            None => Err(Error::new(
                Kind::Script,
                "the scratch database this belongs to is gone",
            )),
        }
    }

    fn return_session(&self, place: WorkplaceId, session: Session) {
        self.places
            .with(place, |place| place.session = Some(session));
    }

    /// Whether the database the script works on is there, with the schema that its URL names.
    ///
    /// # Errors
    /// No connection, or a stop.
    pub fn exists(&self) -> Result<bool> {
        let target = self.target();
        target.refuse_left_beside()?;
        if !target.exists() {
            return Ok(false);
        }
        if !target.names_schema() {
            return Ok(true);
        }
        match self.session(async |_: &mut Session| Ok::<_, Error>(())) {
            Err(error) if error.code.as_deref() == Some(NO_SCHEMA) => Ok(false),
            opened => opened.map(|()| true),
        }
    }

    /// How deep the script's transactions are nested in the current workplace.
    pub fn depth(&self) -> usize {
        let stack = self.places.stack.borrow();
        let session = stack.last().and_then(|place| place.session.as_ref());
        session.map_or(0, Session::depth)
    }

    /// Whether the current workplace may be written.
    pub fn writes(&self) -> bool {
        let stack = self.places.stack.borrow();
        stack.last().is_some_and(|place| place.access.write)
    }

    /// The database the script works on now: the live one or a scratch one.
    pub fn target(&self) -> Target {
        let stack = self.places.stack.borrow();
        stack
            .last()
            .map_or_else(|| self.live_target().clone(), |place| place.target.clone())
    }

    /// Whether the script works on a scratch database.
    pub fn in_scratch(&self) -> bool {
        self.places.stack.borrow().len() > 1
    }

    /// Lets the script work on a scratch database until [`Host::pop_scratch`].
    pub fn push_scratch(&self, target: Target) {
        self.places.push(
            target,
            Access {
                write: true,
                create: false,
                guarded: true,
            },
        );
    }

    /// Lets the current workplace create its database if it is missing: only migrations do.
    pub fn create_if_missing(&self) {
        self.places
            .with(self.workplace(), |place| place.access.create = true);
    }

    /// How long the current workplace's database may be kept from being opened by other programs, in seconds.
    pub fn limit_opening(&self, limit_s: u64) {
        self.places.with(self.workplace(), |place| {
            place.target = place.target.clone().opened_within(limit_s);
        });
    }

    /// Ends the work on the scratch database: its session is closed, the one below is current again.
    pub fn pop_scratch(&self) {
        let popped = {
            let mut stack = self.places.stack.borrow_mut();
            if stack.len() > 1 { stack.pop() } else { None }
        };
        // Dropping the session closes its connection, which may take a moment: outside the borrow.
        drop(popped);
    }

    /// Closes the session of the current workplace, so that other work has the database to itself; it opens again when
    /// it is needed.
    ///
    /// # Errors
    /// `Script` inside a transaction of the script or a loop over `db::rows`.
    pub fn release_session(&self) -> Result<()> {
        drop(self.take_session()?);
        Ok(())
    }

    /// As [`Host::release_session`], but hands the session over.
    ///
    /// # Errors
    /// As [`Host::release_session`].
    pub(super) fn take_session(&self) -> Result<Option<Session>> {
        if self.depth() > 0 {
            return Err(
                Error::new(Kind::Script, "this cannot be done inside `db::transaction`")
                    .hint("end the transaction first"),
            );
        }
        let open = self.places.with(self.workplace(), |place| place.cursors);
        if open.is_some_and(|cursors| cursors > 0) {
            return Err(Error::new(
                Kind::Script,
                "this cannot be done while a stream of `db::rows` is open",
            )
            .hint("end the loop over it first"));
        }
        if !self.in_scratch() {
            // The next session counts others' commits from anew.
            self.protection.forget_watches();
        }
        let taken = self
            .places
            .with(self.workplace(), |place| place.session.take());
        Ok(taken.flatten())
    }

    /// Rolls back the innermost transaction, whose first effect had this `mark`. Returns whether nothing of it stays.
    ///
    /// # Errors
    /// As [`Host::mend_session`].
    pub(super) fn undo(&self, place: WorkplaceId, mark: usize) -> Result<bool> {
        let undone = self.mend_session(place, async |session: &mut Session| {
            let committed = session.depth() == 1 && committed_by_itself(session).await;
            session.rollback().await?;
            Ok::<_, Error>((committed, session.kept_by_rollback().await?))
        });
        let Ok(Some((committed, kept))) = undone else {
            self.undone_since(mark);
            return undone.map(|_| true);
        };
        Ok(self.note_kept(mark, committed, kept))
    }

    /// Rolls back what is open, everywhere. Returns whether something was.
    ///
    /// # Errors
    /// When the database refuses or does not answer in time; closing the connection rolls back too.
    pub fn roll_back_all(&self) -> Result<bool> {
        while self.in_scratch() {
            self.pop_scratch();
        }
        if self.depth() == 0 {
            return Ok(false);
        }
        let outermost = self.depth() == 1;
        let undone = self.mend_session(self.workplace(), async |session: &mut Session| {
            let committed = outermost && committed_by_itself(session).await;
            session.rollback_all().await?;
            Ok::<_, Error>((committed, session.kept_by_rollback().await?))
        })?;
        if let Some((committed, kept)) = &undone {
            self.note_kept(0, *committed, kept.clone());
        }
        Ok(undone.is_some())
    }

    /// Opens a cursor in the current workplace. Returns its columns too.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn open_cursor(
        &self,
        sql: &str,
        params: &[Value],
    ) -> Result<(WorkplaceId, CursorId, Vec<String>)> {
        let place = self.workplace();
        let (cursor, columns) =
            self.session(async |session: &mut Session| session.open_cursor(sql, params).await)?;
        self.places.with(place, |place| place.cursors += 1);
        Ok((place, cursor, columns))
    }

    /// Closes a cursor; quiet, since there is nothing a script could do about it.
    pub fn close_cursor(&self, place: WorkplaceId, cursor: CursorId) {
        self.places.with(place, |place| {
            place.cursors = place.cursors.saturating_sub(1)
        });
        // It ends with its session at the latest.
        let _ = self.mend_session(place, async |session: &mut Session| {
            session.close_cursor(cursor).await
        });
    }
}

/// Whether a statement has committed the transaction by itself. Who cannot be asked has not.
async fn committed_by_itself(session: &mut Session) -> bool {
    session.committed_by_itself().await.unwrap_or(false)
}
