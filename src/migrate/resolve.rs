//! Correcting the history by hand, once somebody has seen to a migration.

use super::indexes::refuse_unusable;
use super::record::forget;
use super::{Entry, History, Migration, State, way_back};
use crate::db::{Begin, Session};
use crate::error::{Error, Kind, Result};

/// How a person corrects the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It is in, by other means.
    Applied,
    /// It is not in.
    RolledBack,
}

impl Resolution {
    /// The resolution of this name.
    ///
    /// # Errors
    /// `Usage` for another word.
    pub fn from_name(name: &str) -> Result<Resolution> {
        match name {
            "applied" => Ok(Resolution::Applied),
            "rolled-back" => Ok(Resolution::RolledBack),
            _ => Err(Error::new(
                Kind::Usage,
                format!("a migration cannot be resolved as `{name}`"),
            )
            .hint("`applied` or `rolled-back`")),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Resolution::Applied => "applied",
            Resolution::RolledBack => "rolled-back",
        }
    }
}

/// A correction of the history that makes sense as the history stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The migration.
    pub version: i64,
    /// Whether its row goes.
    forgets: bool,
    /// What is recorded as applied.
    records: Option<Migration>,
}

impl Correction {
    /// Finds what is to be corrected.
    ///
    /// # Errors
    /// `Usage` where there is nothing to correct.
    pub fn find(history: &History, version: i64, how: Resolution) -> Result<Correction> {
        let nothing =
            |message: String| Error::new(Kind::Usage, message).hint("see `dbscript status`");
        let is_it = |entry: &&Entry| entry.version == version;
        let Some(entry) = history.entries.iter().find(is_it) else {
            return Err(nothing(format!("no migration has version {version}")));
        };
        let is_recorded = !matches!(entry.state, State::Pending | State::OutOfOrder);
        let corrects = match how {
            Resolution::RolledBack => is_recorded,
            Resolution::Applied => !is_recorded || entry.state == State::Failed,
        };
        let records = match how {
            Resolution::RolledBack => None,
            Resolution::Applied => entry.migration.clone(),
        };
        if corrects && how == Resolution::Applied && records.is_none() {
            let message =
                format!("migration {version} has no file whose checksum could be recorded");
            return Err(Error::new(Kind::Usage, message).hint(format!(
                "bring it back under its name, or have it forgotten: {}",
                way_back::resolve(version)
            )));
        }
        if !corrects {
            return Err(nothing(format!(
                "migration {version} is {}: there is nothing to correct",
                entry.state.name()
            )));
        }
        Ok(Correction {
            version,
            forgets: is_recorded,
            records,
        })
    }
}

/// Corrects the history without running a migration.
///
/// # Errors
/// `Refused` where an index that the migration makes is invalid; what the database refuses. Nothing is then corrected.
pub async fn resolve(session: &mut Session, correction: &Correction) -> Result<()> {
    if let Some(migration) = &correction.records {
        refuse_unusable(session, migration).await?;
    }
    session.begin(Begin::Write).await?;
    let work = async {
        if correction.forgets {
            forget(session, correction.version).await?;
        }
        if let Some(migration) = &correction.records {
            record(session, migration).await?;
        }
        Ok(session.commit().await?)
    };
    let done = work.await;
    if done.is_err() {
        session.rollback_all().await?;
    }
    done
}

async fn record(session: &mut Session, migration: &Migration) -> Result<()> {
    let sql = session.engine().history_sql();
    session.execute(sql.create, &[]).await?;
    session.execute(sql.insert, &migration.row(0)).await?;
    Ok(())
}
