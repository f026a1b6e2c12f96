//! Applying what is pending: statement by statement, each announced in the journal before it runs.
//!
//! Where the engine can, neighbouring migrations share one transaction, so that whatever fails, all of them are undone.
//! A file that rebuilds tables, or says so itself, runs with foreign keys off
//! (<https://www.sqlite.org/lang_altertable.html#otheralter>): with them on, dropping the old table empties children with
//! ON DELETE CASCADE. Rows that lose their parent that way refuse
//! the commit, as do rows that nobody allowed to go.

use std::time::Instant;

use super::control;
use super::guard::{self, Guard};
use super::history;
use super::home::Home;
use super::indexes::Indexes;
use super::meanwhile::again;
use super::meanwhile::apart::{self, Lock};
use super::record::{NOT_MEASURED, keep, record, roll_back, take_back};
use super::rights::Rights;
use super::standing::{Doubt, Reached, Settled, named, with_state};
use super::statement::{broke, statements};
use super::{Migration, WayBack};
use crate::db::{Begin, Catalog, IN_DOUBT, Session, commit_telling, telling};
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Sink};
use crate::hazard::{self, Copied, Statement, Unmet};
use crate::integrity::LetGo;
use crate::storage::RunLog;
use crate::value::Value;

/// How long another program's migration lock is waited for, in milliseconds.
pub(super) const LOCK_WAIT_MS: u64 = 10_000;

/// How long a statement may wait for what others have locked where nothing else is said, in seconds: while it waits, so
/// does every query of the table that comes after it.
pub const LOCK_LIMIT_S: u64 = 10;

/// Where progress and the journal go, and what may be lost.
pub struct Conditions<'a> {
    /// The journal; `None` on a scratch database, whose statements are nobody's history.
    pub log: Option<&'a RunLog>,
    /// Who watches.
    pub sink: &'a dyn Sink,
    /// What was allowed to go.
    pub let_go: &'a [LetGo],
    /// What no row met when the data was asked.
    pub unmet: &'a [Unmet],
    /// What is copied before it is taken away: others are kept from it meanwhile.
    pub copied: &'a [Copied],
    /// What may go besides: how to allow it is said where it does.
    pub doubts: &'a [super::Doubt],
    /// How long a statement may wait for what others have locked, in seconds; `None` on a scratch database, which nobody
    /// else uses.
    pub lock_limit_s: Option<u64>,
    /// How long a statement may run, in seconds; `None`: as long as it takes.
    pub statement_limit_s: Option<u64>,
    /// Where to go back to, if something stays half done.
    pub way_back: WayBack,
    /// Told what is in for good as soon as it is, so that an interruption tells the truth.
    pub settled: &'a dyn Fn(Settled),
}

/// One migration that is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its version.
    pub version: i64,
    /// Its description.
    pub description: String,
    /// How long its statements took, in milliseconds.
    pub elapsed_ms: u64,
}

/// A migration with its statements.
pub(super) struct Prepared<'a> {
    pub(super) migration: &'a Migration,
    pub(super) statements: Vec<Statement<'a>>,
    /// What is asked once more right before its statements.
    pub(super) unmet: Vec<&'a Unmet>,
    /// What keeps others from a table that it copies.
    pub(super) locks: Vec<Lock>,
    /// `None`: outside a transaction.
    pub(super) mode: Option<Begin>,
}

/// Applies migrations in their order.
///
/// # Errors
/// `Kind::Migration`, with the statement that failed, the engine's words and the state the database is in; `Database`
/// where another program keeps the migration lock.
pub async fn apply(
    session: &mut Session,
    pending: &[Migration],
    conditions: &Conditions<'_>,
) -> Result<Vec<Applied>> {
    let engine = session.engine();
    let mut prepared = pending
        .iter()
        .map(|migration| {
            let statements = hazard::split(engine, &migration.sql);
            control::refuse(engine, migration, &statements)?;
            let without_keys = hazard::runs_without_keys(engine, &statements);
            let mode = match (migration.no_transaction, without_keys) {
                (true, _) => None,
                (false, true) => Some(Begin::Rebuild),
                (false, false) => Some(Begin::Write),
            };
            Ok(Prepared {
                migration,
                statements,
                unmet: Vec::new(),
                locks: Vec::new(),
                mode,
            })
        })
        .collect::<Result<Vec<Prepared<'_>>>>()?;
    // A journal is kept of the real database only.
    if conditions.log.is_none() {
        let all = prepared
            .iter()
            .map(|one| (one.migration, one.statements.as_slice()));
        control::keep_inside(session, all).await?;
    }
    let lock = session.lock_migrations(LOCK_WAIT_MS);
    telling(conditions.sink, "the migration lock", lock).await?;
    let result = async {
        session.limit_lock_waits(conditions.lock_limit_s).await?;
        let mut took = None;
        if conditions.log.is_some() {
            // On a copy nobody else writes.
            took = Some(again::ask_all(session, conditions.unmet).await?);
        }
        let catalog = match conditions.unmet.is_empty() {
            true => Catalog::default(),
            false => session.catalog().await?,
        };
        again::plan(
            &mut prepared,
            conditions,
            took.as_deref(),
            (engine, &catalog),
        );
        if conditions.log.is_some() {
            apart::plan(&mut prepared, conditions.copied);
        }
        let rights = Rights::of(session).await;
        let applied = in_groups(session, &prepared, conditions).await;
        if applied.is_ok() {
            rights.tell_gone(session, &prepared, conditions).await;
        }
        applied
    };
    let result = result.await;
    let unlimited = session.limit_lock_waits(None).await;
    let unlocked = session.unlock_migrations().await;
    let applied = result?;
    unlimited?;
    unlocked?;
    Ok(applied)
}

/// Applies them group by group. The lock is held; it also goes with the session's connection.
async fn in_groups(
    session: &mut Session,
    prepared: &[Prepared<'_>],
    conditions: &Conditions<'_>,
) -> Result<Vec<Applied>> {
    let mut done = Vec::new();
    let together = session.engine().history_sql().one_transaction;
    for group in
        prepared.chunk_by(|left, right| together && left.mode.is_some() && left.mode == right.mode)
    {
        let mut reached = Reached::default();
        match group_of(session, group, conditions, &mut reached).await {
            Ok(applied) => {
                for migration in &applied {
                    if let (Some(log), None) = (conditions.log, group[0].mode) {
                        log.send(&Event::Closed {
                            version: Some(migration.version),
                            set: None,
                        });
                    }
                    (conditions.settled)(Settled::applied(migration.version));
                }
                done.extend(applied);
            }
            Err(error) => {
                let versions = group.iter().map(|one| one.migration.version);
                let error = named(error, versions);
                // What stays done on a copy is nobody's state.
                return Err(match conditions.log {
                    Some(_) => {
                        let in_transaction = group[0].mode.is_some();
                        let way_back = (&conditions.way_back, group[0].migration.version);
                        with_state(error, in_transaction, &done, &reached, way_back)
                    }
                    None => error,
                });
            }
        }
    }
    Ok(done)
}

/// Applies migrations that share a transaction, or one that has none.
async fn group_of(
    session: &mut Session,
    group: &[Prepared<'_>],
    conditions: &Conditions<'_>,
    reached: &mut Reached,
) -> Result<Vec<Applied>> {
    let Some(mode) = group.first().and_then(|first| first.mode) else {
        return outside(session, group, conditions, reached).await;
    };
    telling(conditions.sink, "the database", session.begin(mode)).await?;
    let result = match inside(session, group, mode, conditions, reached).await {
        Ok(applied) => commit_telling(session, conditions.sink)
            .await
            .map(|()| applied)
            .map_err(Error::from),
        Err(error) => Err(error),
    };
    if let Err(error) = &result {
        if error.code.as_deref() == Some(IN_DOUBT) {
            reached.doubt = Some(Doubt::Commit);
            for prepared in group {
                let settled = Settled::in_doubt(
                    prepared.migration,
                    reached.stays,
                    "the commit",
                    &conditions.way_back,
                );
                (conditions.settled)(settled);
            }
        }
        roll_back(session, reached).await;
        if let Some(prepared) = group.last()
            && reached.kept.is_some()
        {
            keep(session, prepared.migration, conditions, reached).await;
        }
    }
    result
}

async fn inside(
    session: &mut Session,
    group: &[Prepared<'_>],
    mode: Begin,
    conditions: &Conditions<'_>,
    reached: &mut Reached,
) -> Result<Vec<Applied>> {
    create_history(session, group).await?;
    apart::lock(session, group, conditions.sink).await?;
    let text: Vec<&str> = group
        .iter()
        .map(|prepared| &*prepared.migration.sql)
        .collect();
    let guard = Guard::before(session, &text, mode, conditions.let_go).await?;
    let indexes = Indexes::before(session).await?;
    let mut applied = Vec::new();
    for prepared in group {
        applied.push(one(session, prepared, conditions, reached, &indexes).await?);
    }
    guard.after(session, conditions.doubts).await?;
    Ok(applied)
}

async fn outside(
    session: &mut Session,
    group: &[Prepared<'_>],
    conditions: &Conditions<'_>,
    reached: &mut Reached,
) -> Result<Vec<Applied>> {
    create_history(session, group).await?;
    let mut applied = Vec::new();
    for prepared in group {
        let count = prepared.statements.len();
        (conditions.settled)(Settled::half_done(
            prepared.migration,
            0,
            count,
            &conditions.way_back,
        ));
        let indexes = Indexes::before(session).await?;
        let orphans = match hazard::runs_without_keys(session.engine(), &prepared.statements) {
            true => Some(session.keep_orphans().await?),
            false => None,
        };
        let result = one(session, prepared, conditions, reached, &indexes).await;
        // What the file left open or switched off must not reach what comes after it.
        match result {
            Ok(done) => {
                session.rollback_all().await?;
                match orphans {
                    Some(before) if conditions.log.is_some() => {
                        let told = (prepared.migration.version, conditions.sink);
                        guard::tell_orphans(session, &before, told).await;
                    }
                    Some(before) => guard::refuse_orphans(session, &before).await?,
                    None => {}
                }
                applied.push(done);
            }
            Err(mut error) => {
                roll_back(session, reached).await;
                // What is left on a copy goes with it.
                if conditions.log.is_some()
                    && !broke(&error)
                    && let Some(left) = indexes.left(session, prepared).await
                {
                    error.message = format!("{}; {left}", error.message);
                }
                return Err(error);
            }
        }
    }
    Ok(applied)
}

/// Creates the history table if need be, and makes sure that nobody else applied these meanwhile.
async fn create_history(session: &mut Session, group: &[Prepared<'_>]) -> Result<()> {
    let sql = session.engine().history_sql();
    if !history::is_there(session).await? {
        session.execute(sql.create, &[]).await?;
    }
    let rows = session.query(sql.select, &[], usize::MAX).await?;
    for prepared in group {
        let version = Value::Int(prepared.migration.version);
        if rows.rows.iter().any(|row| row.first() == Some(&version)) {
            let message = format!(
                "migration {} was applied by another program meanwhile",
                prepared.migration.version
            );
            return Err(Error::new(Kind::Migration, message)
                .hint("run this again: it sees what is left to do"));
        }
    }
    Ok(())
}

async fn one(
    session: &mut Session,
    prepared: &Prepared<'_>,
    conditions: &Conditions<'_>,
    reached: &mut Reached,
    indexes: &Indexes,
) -> Result<Applied> {
    let start = Instant::now();
    let migration = prepared.migration;
    let history = session.engine().history_sql();
    *reached = Reached::default();
    let announced = prepared.mode.is_none() || history.commits_by_itself;
    if announced {
        if prepared.mode.is_some() {
            // The history table may just have been created: from here on it counts.
            session.committed_by_itself().await?;
        }
        let row = migration.row(NOT_MEASURED);
        session.execute(history.begin, &row).await?;
    }
    let home = Home::before(session).await?;
    let done = statements(session, prepared, conditions, reached).await;
    if done.is_ok() {
        home.back(session).await?;
    } else if prepared.mode.is_none() {
        // In a transaction that goes with the rollback. The statement's own error is the one that is told.
        roll_back(session, reached).await;
        home.back(session).await.ok();
    }
    if done.is_err() && announced && reached.stays == 0 && reached.doubt.is_none() {
        take_back(session, migration, reached).await;
    }
    done?;
    indexes.refuse_unusable(session, prepared).await?;
    let elapsed = start.elapsed();
    let nanoseconds = i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX);
    let recorded = record(session, migration, nanoseconds, announced).await;
    if let Err(error) = &recorded
        && prepared.mode.is_none()
        && broke(error)
    {
        // Outside a transaction it is in as soon as the server has done it.
        let way_back = &conditions.way_back;
        let told = Settled::in_doubt(migration, reached.stays, "its record", way_back);
        (conditions.settled)(told);
        reached.doubt = Some(Doubt::Record);
    }
    recorded?;
    Ok(Applied {
        version: migration.version,
        description: migration.description.clone(),
        elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
    })
}
