//! One statement of a migration: announced in the journal, run, and told in a message.

use std::time::Duration;

use super::{Conditions, Migration};
use crate::db::Session;
use crate::error::{Error, Kind, Position, Result};
use crate::event::{Event, Sink};
use crate::hazard::{self, Kind as StatementKind, Statement};

/// How much of a statement is told in a message, in characters.
const TOLD: usize = 80;

/// The code of a statement that ran longer than it may.
pub(super) const STOPPED: &str = "time-limit";

/// The beginning of a statement, on one line.
pub(super) fn beginning(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{} …", line[..end].trim_end()),
        None => line,
    }
}

/// Runs it, once the journal has it.
pub(super) async fn run(
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
    let changed = limited(session, &statement.text, conditions.statement_limit_s).await?;
    if let Event::Statement { rows, .. } = &mut event {
        *rows = Some(changed);
    }
    if let Some(log) = conditions.log {
        log.send(&event);
    }
    Ok(())
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
