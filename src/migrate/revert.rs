//! Going back one migration with its `.down.sql`.

use std::path::Path;

use super::apply::{LOCK_LIMIT_S, LOCK_WAIT_MS};
use super::record::forget;
use super::standing::is_rows_only;
use super::way_back::{Evidence, restore};
use super::{History, State};
use crate::db::{self, Begin, IN_DOUBT, Session};
use crate::error::{Error, Kind, Position, Result};
use crate::event::Event;
use crate::hazard::{self, Kind as StatementKind};
use crate::storage::RunLog;

/// The way back from one migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// The migration.
    pub version: i64,
    /// The `.down.sql` as people see it.
    pub file: String,
    sql: String,
}

impl Reversal {
    /// Finds the `.down.sql` of the last applied migration. Where there is none, the backup made before it is named.
    ///
    /// # Errors
    /// `Usage` if `version` is not the last applied one, or has no such file.
    pub fn find(
        project: &Path,
        history: &History,
        version: i64,
        evidence: &Evidence<'_>,
    ) -> Result<Reversal> {
        let is_applied =
            |state: State| matches!(state, State::Applied | State::Edited | State::Missing);
        let last = history
            .entries
            .iter()
            .rev()
            .find(|entry| is_applied(entry.state));
        let Some(last) = last.filter(|last| last.version == version) else {
            let hint = match last {
                Some(last) => format!("the last applied one is {}", last.version),
                None => "none is applied".to_owned(),
            };
            let message = format!("migration {version} is not the last applied one");
            return Err(Error::new(Kind::Usage, message).hint(hint));
        };
        let up = last
            .migration
            .as_ref()
            .and_then(|migration| migration.file.strip_suffix(".up.sql"));
        let file = up.map(|stem| format!("{stem}.down.sql"));
        let found = file.and_then(|file| {
            std::fs::read_to_string(project.join(&file))
                .ok()
                .map(|sql| (file, sql))
        });
        let (file, sql) = found.ok_or_else(|| {
            let message = format!("migration {version} has no readable `.down.sql`");
            Error::new(Kind::Usage, message).hint(match evidence.set_before(last) {
                Some(set) => format!("restore the backup made before it: {}", restore(&set)),
                None => "write one; no backup made before it was found".to_owned(),
            })
        })?;
        Ok(Reversal { version, file, sql })
    }
}

/// Runs the way back and forgets the migration, in one transaction.
///
/// # Errors
/// `Migration`; everything is then rolled back, or the message says what is not or not known.
pub async fn revert(session: &mut Session, reversal: &Reversal, log: &RunLog) -> Result<()> {
    session.lock_migrations(LOCK_WAIT_MS).await?;
    let result = async {
        session.limit_lock_waits(Some(LOCK_LIMIT_S)).await?;
        undo(session, reversal, log).await
    };
    let result = result.await;
    let unlimited = session.limit_lock_waits(None).await;
    let unlocked = session.unlock_migrations().await;
    result?;
    unlimited?;
    Ok(unlocked?)
}

async fn undo(session: &mut Session, reversal: &Reversal, log: &RunLog) -> Result<()> {
    let engine = session.engine();
    let statements = hazard::split(engine, &reversal.sql);
    let without_keys = hazard::runs_without_keys(engine, &statements);
    session
        .begin(if without_keys {
            Begin::Rebuild
        } else {
            Begin::Write
        })
        .await?;
    let mut stays = false;
    let mut doubt = None;
    let work = async {
        for statement in statements
            .iter()
            .filter(|statement| statement.kind == StatementKind::Sql)
        {
            let place = Position {
                file: reversal.file.clone(),
                line: statement.line,
                column: statement.column,
            };
            let sql = hazard::mask_literals(engine, statement.text);
            log.announce(&Event::Statement {
                sql,
                position: Some(place.clone()),
                rows: None,
            })?;
            let done = session.run(statement.text).await;
            let committed = session.committed_by_itself().await;
            if committed.is_err() && !is_rows_only(statement.text) {
                doubt = Some(format!("{}:{}", place.file, place.line));
            }
            // The statement's own error is the first.
            let committed = done.and(committed);
            stays |= committed.map_err(|error| Error::from(error).at(place))?;
        }
        forget(session, reversal.version).await?;
        Ok::<(), Error>(session.commit().await?)
    };
    match work.await {
        Ok(()) => Ok(()),
        Err(error) => {
            if error.code.as_deref() == Some(IN_DOUBT) {
                doubt = Some("the commit".to_owned());
            }
            // The server rolls back what a connection that broke has left open.
            let refused = session.rollback_all().await.err();
            stays |= matches!(session.kept_by_rollback().await, Ok(Some(_)));
            let refused = refused.filter(|refused| !refused.is_broken_connection());
            let state = state(doubt.as_deref(), refused, stays);
            let message = format!(
                "migration {} could not be undone; {state}",
                reversal.version
            );
            Err(error.context(Kind::Migration, message))
        }
    }
}

/// What is left of a way back that failed. `doubt`: where its connection broke; `refused`: why it was not rolled back.
fn state(doubt: Option<&str>, refused: Option<db::Error>, stays: bool) -> String {
    match (doubt, refused, stays) {
                (Some(place), ..) => format!(
                    "the connection broke at {place}, and it cannot be known whether that took effect: see `dbscript status`"
                ),
                (None, Some(refused), _) => format!(
                    "rolling it back failed ({refused}), and it cannot be known what of it is in: see `dbscript status`"
                ),
                (None, None, false) => {
                    "everything was rolled back, the database is as it was".to_owned()
                }
                (None, None, true) => {
                    "the statements before that stay undone or half done: the database commits such statements by itself, or has tables without transactions"
                        .to_owned()
                }
            }
}
