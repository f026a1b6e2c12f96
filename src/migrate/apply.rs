//! Applying what is pending: statement by statement, each announced in the journal before it runs.
//!
//! Where the engine can, neighbouring migrations share one transaction, so that whatever fails, all of them are undone.
//! A file that rebuilds tables runs with foreign keys off (<https://www.sqlite.org/lang_altertable.html#otheralter>): with
//! them on, dropping the old table empties children with ON DELETE CASCADE. Rows that lose their parent that way refuse
//! the commit, as do rows that nobody allowed to go.

use std::time::Instant;

use super::control;
use super::guard::Guard;
use super::standing::{Settled, named, with_state};
use super::{HISTORY_TABLES, Migration};
use crate::db::{Begin, LOCKED, Session, telling};
use crate::error::{Error, Kind, Position, Result};
use crate::event::{Event, Sink};
use crate::hazard::{self, Kind as StatementKind, Statement};
use crate::ident::TableName;
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
    /// How long a statement may wait for what others have locked, in seconds; `None` on a scratch database, which nobody
    /// else uses.
    pub lock_limit_s: Option<u64>,
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

/// What sqlx writes as execution time before it is known.
const NOT_MEASURED: i64 = -1;

/// A migration with its statements.
struct Prepared<'a> {
    migration: &'a Migration,
    statements: Vec<Statement>,
    /// `None`: outside a transaction.
    mode: Option<Begin>,
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
    let prepared = pending
        .iter()
        .map(|migration| {
            let statements = hazard::split(engine, &migration.sql);
            let rebuild = hazard::is_rebuild(engine, &statements);
            control::refuse(migration, &statements, rebuild)?;
            let mode = match (migration.no_transaction, rebuild) {
                (true, _) => None,
                (false, true) => Some(Begin::Rebuild),
                (false, false) => Some(Begin::Write),
            };
            Ok(Prepared {
                migration,
                statements,
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
        in_groups(session, &prepared, conditions).await
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
        let mut stays = 0;
        match group_of(session, group, conditions, &mut stays).await {
            Ok(applied) => {
                for migration in &applied {
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
                        let in_transaction =
                            group.first().is_some_and(|first| first.mode.is_some());
                        with_state(error, in_transaction, &done, stays)
                    }
                    None => error,
                });
            }
        }
    }
    Ok(done)
}

/// Applies migrations that share a transaction, or one that has none. `stays`: how many statements of the last one begun
/// stay done whatever is rolled back.
async fn group_of(
    session: &mut Session,
    group: &[Prepared<'_>],
    conditions: &Conditions<'_>,
    stays: &mut usize,
) -> Result<Vec<Applied>> {
    let Some(mode) = group.first().and_then(|first| first.mode) else {
        return outside(session, group, conditions, stays).await;
    };
    telling(conditions.sink, "the database", session.begin(mode)).await?;
    let result = async {
        let applied = inside(session, group, mode, conditions, stays).await?;
        session.commit().await?;
        Ok(applied)
    }
    .await;
    if result.is_err() {
        session.rollback_all().await?;
    }
    result
}

async fn inside(
    session: &mut Session,
    group: &[Prepared<'_>],
    mode: Begin,
    conditions: &Conditions<'_>,
    stays: &mut usize,
) -> Result<Vec<Applied>> {
    create_history(session, group).await?;
    let text: Vec<&str> = group
        .iter()
        .map(|prepared| prepared.migration.sql.as_str())
        .collect();
    let guard = Guard::before(session, &text, mode, conditions.let_go).await?;
    let mut applied = Vec::new();
    for prepared in group {
        applied.push(one(session, prepared, conditions, stays).await?);
    }
    guard.after(session).await?;
    Ok(applied)
}

async fn outside(
    session: &mut Session,
    group: &[Prepared<'_>],
    conditions: &Conditions<'_>,
    stays: &mut usize,
) -> Result<Vec<Applied>> {
    create_history(session, group).await?;
    let mut applied = Vec::new();
    for prepared in group {
        let count = prepared.statements.len();
        (conditions.settled)(Settled::half_done(prepared.migration, 0, count));
        let result = one(session, prepared, conditions, stays).await;
        // What the file left open or switched off must not reach what comes after it.
        session.rollback_all().await?;
        applied.push(result?);
    }
    Ok(applied)
}

/// Creates the history table if need be, and makes sure that nobody else applied these meanwhile.
async fn create_history(session: &mut Session, group: &[Prepared<'_>]) -> Result<()> {
    let sql = session.engine().history_sql();
    if session
        .catalog()
        .await?
        .table(&TableName::plain(HISTORY_TABLES[0]))
        .is_none()
    {
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
    stays: &mut usize,
) -> Result<Applied> {
    let start = Instant::now();
    let migration = prepared.migration;
    let history = session.engine().history_sql();
    *stays = 0;
    if let Some(announced) = history.announced {
        if prepared.mode.is_some() {
            // The history table may just have been created: from here on it counts.
            session.committed_by_itself().await?;
        }
        session
            .execute(announced.begin, &migration.row(NOT_MEASURED))
            .await?;
    }
    let done = statements(session, prepared, conditions, stays).await;
    if let Err(error) = &done
        && history.announced.is_some()
        && *stays == 0
        && error.code.as_deref() == Some(LOCKED)
    {
        // What only waited has done nothing, but may have committed the announcement: it would stand there as failed.
        session.rollback_all().await?;
        let version = [Value::Int(migration.version)];
        session.execute(history.delete, &version).await?;
    }
    done?;
    let elapsed = start.elapsed();
    let nanoseconds = i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX);
    match history.announced {
        Some(announced) => {
            let row = [Value::Int(nanoseconds), Value::Int(migration.version)];
            session.execute(announced.finish, &row).await?;
        }
        None => {
            let row = migration.row(nanoseconds);
            session.execute(history.insert, &row).await?;
        }
    }
    Ok(Applied {
        version: migration.version,
        description: migration.description.clone(),
        elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
    })
}

async fn statements(
    session: &mut Session,
    prepared: &Prepared<'_>,
    conditions: &Conditions<'_>,
    stays: &mut usize,
) -> Result<()> {
    let migration = prepared.migration;
    let count = prepared.statements.len();
    let in_transaction = prepared.mode.is_some();
    let commits = in_transaction && session.engine().history_sql().announced.is_some();
    for (index, statement) in prepared.statements.iter().enumerate() {
        let done = run(session, migration, statement, conditions).await;
        // Such a statement commits what is before it even where it fails itself.
        if !in_transaction || (commits && session.committed_by_itself().await?) {
            *stays = index + usize::from(done.is_ok());
            (conditions.settled)(Settled::half_done(migration, *stays, count));
        }
        done.map_err(|error| {
            let place = Position {
                file: migration.file.clone(),
                line: statement.line,
                column: statement.column,
            };
            let mut message = format!(
                "migration {} ({}) failed at statement {} of {count}",
                migration.version,
                migration.description,
                index + 1
            );
            if error.code.as_deref() == Some(LOCKED) {
                let sql = hazard::mask_literals(session.engine(), &statement.text);
                message.push_str(&format!(" (`{}`)", beginning(&sql)));
            }
            error.context(Kind::Migration, message).at(place)
        })?;
    }
    Ok(())
}

/// How much of a statement is told in a message, in characters.
const TOLD: usize = 80;

/// The beginning of a statement, on one line.
fn beginning(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{} …", line[..end].trim_end()),
        None => line,
    }
}

async fn run(
    session: &mut Session,
    migration: &Migration,
    statement: &Statement,
    conditions: &Conditions<'_>,
) -> Result<()> {
    if statement.kind != StatementKind::Sql {
        let message = "a line for another program's shell, which a database cannot run";
        return Err(Error::new(Kind::Migration, message).hint("write it as SQL"));
    }
    let mut event = Event::Statement {
        sql: hazard::mask_literals(session.engine(), &statement.text),
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
    let changed = session.run(&statement.text).await?;
    if let Event::Statement { rows, .. } = &mut event {
        *rows = Some(changed);
    }
    if let Some(log) = conditions.log {
        log.send(&event);
    }
    Ok(())
}
