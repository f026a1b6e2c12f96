//! A migration's statements, one by one: each announced in the journal, run, and told with what it leaves where it is
//! the last.

use std::time::Duration;

use super::apply::Prepared;
use super::meanwhile::asked::{NOT_ALLOWED, WRITTEN_SINCE};
use super::meanwhile::{again, alone};
use super::standing::{
    Doubt, Reached, Settled, commits_at_once, commits_within, is_of_session, is_piecemeal,
    is_rows_only, those_before,
};
use super::{Conditions, WayBack};
use crate::db::{Engine, LOCKED, Session, TABLE_LOCKS, connection_broke};
use crate::error::{Error, Kind, Position, Result};
use crate::event::{Event, Sink};
use crate::hazard::{self, Kind as StatementKind, Statement};

/// How much of a statement is told in a message, in characters.
const TOLD: usize = 80;

/// The code of a statement that ran longer than it may.
pub(super) const STOPPED: &str = "time-limit";

/// Runs a migration's statements. `reached` is kept true after each; what is told as settled is so at every moment, for a
/// stop may come at any.
///
/// # Errors
/// The statement that failed, with its place.
pub(super) async fn statements(
    session: &mut Session,
    prepared: &Prepared<'_>,
    conditions: &Conditions<'_>,
    reached: &mut Reached,
) -> Result<()> {
    let in_transaction = prepared.mode.is_some();
    let commits = in_transaction && session.engine().history_sql().commits_by_itself;
    let mut own = OwnTransaction::default();
    for (index, statement) in prepared.statements.iter().enumerate() {
        let at = At {
            prepared,
            statement,
            index,
        };
        // A question that fails would spoil the file's own transaction. One that refuses leaves what is done as it is.
        if own.begun_at.is_none() {
            let asked = again::ask(session, prepared, index, conditions).await;
            asked.map_err(|error| at.told(session, error))?;
        }
        let foretold = commits && index > 0 && !is_rows_only(statement.text);
        if foretold {
            (conditions.settled)(at.foretold(reached.stays, &conditions.way_back));
        }
        let done = match own.begun_at.is_none() {
            true => at.run_alone(session, conditions).await,
            false => at.run(session, conditions, false).await,
        };
        // Such a statement commits what is before it even where it fails itself.
        let committed = match commits {
            true => session.committed_by_itself().await.map_err(Error::from),
            false => Ok(!in_transaction),
        };
        if done.is_ok() {
            own.after(session.engine(), statement, index);
        }
        if matches!(committed, Ok(true)) {
            let done = index + usize::from(done.is_ok());
            let leaves = |statement: &Statement<'_>| !is_of_session(statement.text);
            // What only the session knew goes with it.
            reached.stays = match prepared.statements[..done].iter().any(leaves) {
                true => own.begun_at.unwrap_or(done),
                false => 0,
            };
        }
        at.settle(session.engine(), &done, &committed, conditions, reached);
        if foretold && matches!(committed, Ok(false)) && reached.stays == 0 {
            (conditions.settled)(Settled::nothing(prepared.migration));
        }
        done.and(committed)
            .map_err(|error| at.told(session, error))?;
    }
    Ok(())
}

/// A transaction that a file begins itself, outside any of ours: what is in it stays only once it is committed.
#[derive(Default)]
struct OwnTransaction {
    /// The index of the statement that began it, while it is open.
    begun_at: Option<usize>,
}

impl OwnTransaction {
    /// This statement was done.
    fn after(&mut self, engine: Engine, statement: &Statement<'_>, index: usize) {
        let commits = engine.history_sql().commits_by_itself && commits_at_once(statement.text);
        if statement.begins_transaction() {
            self.begun_at = Some(index);
        } else if statement.ends_transaction() || commits {
            self.begun_at = None;
        }
    }
}

/// A statement that is at work.
struct At<'a> {
    prepared: &'a Prepared<'a>,
    statement: &'a Statement<'a>,
    index: usize,
}

impl At<'_> {
    fn place_in_count(&self) -> String {
        let count = self.prepared.statements.len();
        format!("statement {} of {count}", self.index + 1)
    }

    /// Runs it, with others kept from what it takes where that can be.
    async fn run_alone(&self, session: &mut Session, conditions: &Conditions<'_>) -> Result<()> {
        let kept = alone::keep(session, self.prepared, self.index, conditions).await?;
        let done = self.run(session, conditions, kept).await;
        let let_in = session.let_others_in().await;
        done?;
        Ok(let_in?)
    }

    /// Runs it, once the journal has it. `kept`: others are kept from its tables.
    async fn run(
        &self,
        session: &mut Session,
        conditions: &Conditions<'_>,
        kept: bool,
    ) -> Result<()> {
        let (statement, migration) = (self.statement, self.prepared.migration);
        if statement.kind != StatementKind::Sql {
            let message = "a line for another program's shell, which a database cannot run";
            return Err(Error::new(Kind::Migration, message).hint("write it as SQL"));
        }
        let mut event = Event::Statement {
            sql: hazard::mask_literals(session.engine(), statement.text),
            position: Some(Position {
                file: migration.file.clone(),
                line: statement.line,
                column: statement.column,
            }),
            rows: None,
        };
        if let Some(log) = conditions.log {
            log.announce(&event)?;
        }
        let mut done = limited(session, statement.text, conditions.statement_limit_s).await;
        if kept
            && done
                .as_ref()
                .is_err_and(|error| has_code(error, TABLE_LOCKS))
        {
            // It needs a table that is not locked, or runs under no locks at all.
            session.let_others_in().await?;
            let mine = again::mine(self.prepared, self.index);
            alone::second_best(session, &mine, conditions).await?;
            done = limited(session, statement.text, conditions.statement_limit_s).await;
        }
        let changed = done?;
        if let Event::Statement { rows, .. } = &mut event {
            *rows = Some(changed);
        }
        if let Some(log) = conditions.log {
            log.send(&event);
        }
        Ok(())
    }

    /// What is in if it is stopped: DDL commits what is before it when it begins, so whatever becomes of it, that stays.
    fn foretold(&self, stays: usize, way_back: &WayBack) -> Settled {
        let migration = self.prepared.migration;
        let place = self.place_in_count();
        if self.index == stays || commits_at_once(self.statement.text) {
            return Settled::in_doubt(migration, self.index, &place, way_back);
        }
        let before = match self.index {
            1 => "statement 1".to_owned(),
            more => format!("statements 1 to {more}"),
        };
        let place = format!("{place}, which may have committed {before},");
        Settled::in_doubt(migration, stays, &place, way_back)
    }

    /// Says what is in for good, and what nobody can know.
    fn settle(
        &self,
        engine: Engine,
        done: &Result<()>,
        committed: &Result<bool>,
        conditions: &Conditions<'_>,
        reached: &mut Reached,
    ) {
        let migration = self.prepared.migration;
        let in_transaction = self.prepared.mode.is_some();
        let text = self.statement.text;
        let piecemeal = engine.history_sql().commits_by_itself;
        let place = || {
            let (file, line) = (&migration.file, self.statement.line);
            format!("{} ({file}:{line})", self.place_in_count())
        };
        let before = || match self.index > reached.stays {
            true => those_before(self.index),
            false => None,
        };
        let doubt = match (committed, done) {
            // The last look at the data stopped it.
            (Ok(_), Err(error)) if never_ran(error) => None,
            (Err(_), _) if !is_rows_only(text) => Some(Doubt::Statement(place(), before())),
            (Ok(true), Err(error)) if has_code(error, STOPPED) => Some(Doubt::Stopped(place())),
            (Ok(_), Err(error)) if !in_transaction && broke(error) => {
                Some(Doubt::Statement(place(), None))
            }
            (Ok(true), Err(_)) if piecemeal && is_piecemeal(text) => Some(Doubt::Partly(place())),
            (Ok(_), Err(_)) if !in_transaction && commits_within(text) => {
                Some(Doubt::Partly(place()))
            }
            _ => None,
        };
        let way_back = &conditions.way_back;
        if let Some(doubt) = doubt {
            let at_work = match &doubt {
                Doubt::Statement(_, Some(before)) => {
                    format!("{}, with which {before} committed,", self.place_in_count())
                }
                _ => self.place_in_count(),
            };
            let told = Settled::in_doubt(migration, reached.stays, &at_work, way_back);
            (conditions.settled)(told);
            reached.doubt = Some(doubt);
        } else if reached.stays > 0 {
            let count = self.prepared.statements.len();
            (conditions.settled)(Settled::half_done(
                migration,
                reached.stays,
                count,
                way_back,
            ));
        }
    }

    /// The error, with the statement and its place.
    fn told(&self, session: &Session, error: Error) -> Error {
        let migration = self.prepared.migration;
        let place = Position {
            file: migration.file.clone(),
            line: self.statement.line,
            column: self.statement.column,
        };
        let mut message = format!(
            "migration {} ({}) failed at {}",
            migration.version,
            migration.description,
            self.place_in_count()
        );
        if has_code(&error, LOCKED) || has_code(&error, STOPPED) {
            let sql = hazard::mask_literals(session.engine(), self.statement.text);
            message.push_str(&format!(" (`{}`)", beginning(&sql)));
        }
        error.context(Kind::Migration, message).at(place)
    }
}

/// Whether an error is that of a statement that was not even begun.
fn never_ran(error: &Error) -> bool {
    has_code(error, WRITTEN_SINCE) || has_code(error, NOT_ALLOWED)
}

fn has_code(error: &Error, code: &str) -> bool {
    error.code.as_deref() == Some(code)
}

/// Whether an error is that of a connection that broke.
pub(super) fn broke(error: &Error) -> bool {
    error.code.as_deref().is_some_and(connection_broke)
}

/// The beginning of a statement, on one line.
fn beginning(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{} …", line[..end].trim_end()),
        None => line,
    }
}

/// Runs it for as long as it may. Its future dropped, the database stops it; what is asked next waits for that.
async fn limited(session: &mut Session, sql: &str, limit_s: Option<u64>) -> Result<u64> {
    let running = session.run(sql);
    let Some(limit_s) = limit_s else {
        return Ok(running.await?);
    };
    match tokio::time::timeout(Duration::from_secs(limit_s), running).await {
        Ok(done) => Ok(done?),
        Err(_) => {
            let message = format!("the statement ran longer than {limit_s} s and was stopped");
            let mut error = Error::new(Kind::Database, message).hint(
                "let it run longer with `--statement-timeout SECONDS`, or have the migration do less at once",
            );
            error.code = Some(STOPPED.to_owned());
            Err(error)
        }
    }
}
