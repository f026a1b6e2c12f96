//! What the database says of the migrations, held against the files.

use super::half;
use super::way_back::{Evidence, resolve, restore};
use super::{Error, Migration, Source};
use crate::db::{self, Session};
use crate::value::Value;

/// How a migration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Applied, and the file is as it was then.
    Applied,
    /// Not applied yet, after everything that is.
    Pending,
    /// Not applied, though a later one is.
    OutOfOrder,
    /// Applied, and the file has been edited since.
    Edited,
    /// Applied, and the file is gone.
    Missing,
    /// Begun and not finished: what of it is done no rollback undid.
    Failed,
}

impl State {
    /// The name in `status` and for scripts.
    pub fn name(self) -> &'static str {
        match self {
            State::Applied => "applied",
            State::Pending => "pending",
            State::OutOfOrder => "out-of-order",
            State::Edited => "edited",
            State::Missing => "missing",
            State::Failed => "failed",
        }
    }
}

/// One migration in files, database or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its version.
    pub version: i64,
    /// Its description.
    pub description: String,
    /// How it stands.
    pub state: State,
    /// When it was applied, as the database says.
    pub applied_at: Option<String>,
    /// The file, unless it is missing.
    pub migration: Option<Migration>,
}

/// Every migration by version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The entries.
    pub entries: Vec<Entry>,
}

struct Row {
    version: i64,
    description: String,
    installed_on: Option<String>,
    success: bool,
    checksum: Vec<u8>,
}

impl History {
    /// Reads the history of a database; a database without the table has an empty one.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn read(session: &mut Session, source: &Source) -> db::Result<History> {
        Ok(History::compare(recorded(session).await?, source))
    }

    /// The versions that the database has recorded, each with whether it succeeded.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn versions(session: &mut Session) -> db::Result<Vec<(i64, bool)>> {
        let rows = recorded(session).await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.version, row.success))
            .collect())
    }

    /// The history of a database that is not there: everything is pending.
    pub fn empty(source: &Source) -> History {
        History::compare(Vec::new(), source)
    }

    fn compare(rows: Vec<Row>, source: &Source) -> History {
        let last = rows.iter().map(|row| row.version).max();
        let mut entries: Vec<Entry> = Vec::new();
        for row in rows {
            let migration = source
                .migrations
                .iter()
                .find(|migration| migration.version == row.version);
            let state = match migration {
                _ if !row.success => State::Failed,
                None => State::Missing,
                Some(migration) if migration.checksum != row.checksum => State::Edited,
                Some(_) => State::Applied,
            };
            entries.push(Entry {
                version: row.version,
                description: row.description,
                state,
                applied_at: row.installed_on,
                migration: migration.cloned(),
            });
        }
        for migration in &source.migrations {
            if entries
                .iter()
                .any(|entry| entry.version == migration.version)
            {
                continue;
            }
            let late = last.is_some_and(|last| migration.version < last);
            entries.push(Entry {
                version: migration.version,
                description: migration.description.clone(),
                state: if late {
                    State::OutOfOrder
                } else {
                    State::Pending
                },
                applied_at: None,
                migration: Some(migration.clone()),
            });
        }
        entries.sort_by_key(|entry| entry.version);
        History { entries }
    }

    /// Migrations that are to be applied, by version.
    pub fn pending(&self) -> Vec<Migration> {
        self.entries
            .iter()
            .filter(|entry| matches!(entry.state, State::Pending | State::OutOfOrder))
            .filter_map(|entry| entry.migration.clone())
            .collect()
    }

    /// Refuses to go on where files and database tell different stories, or a migration was begun and did not finish.
    ///
    /// # Errors
    /// `Drift` that names the first migration that does not fit.
    pub fn refuse_drift(&self, evidence: &Evidence<'_>) -> Result<(), Error> {
        let Some((entry, message, hint)) = self.entries.iter().find_map(|entry| {
            let (message, hint) = explain(entry)?;
            Some((entry, message, hint))
        }) else {
            return Ok(());
        };
        let (message, hint) = match (entry.state, half::half_applied(entry, evidence)) {
            (State::Failed, Some(half)) => (half.told, half.remedy),
            (State::Failed, None) => (
                match entry.migration {
                    Some(_) => message.to_owned(),
                    None => format!("{message}, and its file is missing"),
                },
                half_done(entry.version, evidence.set_before(entry)),
            ),
            _ => (message.to_owned(), hint.to_owned()),
        };
        let message = format!(
            "migration {} ({}) {message}",
            entry.version, entry.description
        );
        Err(Error::Drift { message, hint })
    }
}

fn explain(entry: &Entry) -> Option<(&'static str, &'static str)> {
    match entry.state {
        State::Applied | State::Pending => None,
        State::Edited => Some((
            "was edited after it was applied",
            "bring the file back as it was, and put the change into a new migration",
        )),
        State::Missing => Some((
            "is applied, but its file is missing",
            "bring the file back from version control; if it was deleted on purpose, this database belongs to another branch",
        )),
        State::OutOfOrder => Some((
            "is not applied, though a later one is",
            "give it a version after the last applied one; sqlx would apply it silently, on a schema it was not written for",
        )),
        State::Failed => Some(("was begun and did not finish", "")),
    }
}

/// What helps where a migration was begun and did not finish.
fn half_done(version: i64, set: Option<String>) -> String {
    let look = "look at the database for what of it is in, as no run log here tells";
    match set {
        Some(set) => format!(
            "{look}; then restore the backup made before it: {}; or undo that by hand and {}",
            restore(&set),
            resolve(version)
        ),
        None => format!(
            "{look}, undo that by hand, then {}; no backup made before it was found",
            resolve(version)
        ),
    }
}

/// The rows of the history table; none where there is no such table.
async fn recorded(session: &mut Session) -> db::Result<Vec<Row>> {
    match is_there(session).await? {
        true => rows(session).await,
        false => Ok(Vec::new()),
    }
}

/// Whether the database has a history table.
pub(super) async fn is_there(session: &mut Session) -> db::Result<bool> {
    let exists = session.engine().history_sql().exists;
    let found = session.query(exists, &[], 1).await?;
    Ok(!found.rows.is_empty())
}

async fn rows(session: &mut Session) -> db::Result<Vec<Row>> {
    let sql = session.engine().history_sql().select;
    let found = session.query(sql, &[], usize::MAX).await?;
    Ok(found
        .rows
        .into_iter()
        .filter_map(|row| {
            let [version, description, installed_on, success, checksum] =
                <[Value; 5]>::try_from(row).ok()?;
            let Value::Int(version) = version else {
                return None;
            };
            Some(Row {
                version,
                description: text(&description).unwrap_or_default(),
                installed_on: text(&installed_on),
                success: !matches!(success, Value::Int(0) | Value::Bool(false)),
                checksum: if let Value::Blob(bytes) = checksum {
                    bytes
                } else {
                    Vec::new()
                },
            })
        })
        .collect())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Time(moment) => Some(moment.to_rfc3339()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Target;

    fn migration(version: i64, checksum: u8) -> Migration {
        Migration {
            version,
            description: format!("m{version}"),
            file: format!("migrations/{version}_m.sql"),
            sql: "".into(),
            checksum: vec![checksum],
            no_transaction: false,
        }
    }

    fn row(version: i64, checksum: u8, success: bool) -> Row {
        Row {
            version,
            description: format!("m{version}"),
            installed_on: None,
            success,
            checksum: vec![checksum],
        }
    }

    fn states(rows: Vec<Row>, migrations: Vec<Migration>) -> Vec<State> {
        let source = Source {
            migrations,
            ..Source::default()
        };
        History::compare(rows, &source)
            .entries
            .into_iter()
            .map(|entry| entry.state)
            .collect()
    }

    #[test]
    fn every_state_is_told() {
        let rows = vec![
            row(1, 1, true),
            row(2, 9, true),
            row(4, 4, true),
            row(6, 6, false),
        ];
        let files = vec![
            migration(1, 1),
            migration(2, 2),
            migration(3, 3),
            migration(6, 6),
            migration(7, 7),
        ];
        use State::{Applied, Edited, Failed, Missing, OutOfOrder, Pending};
        assert_eq!(
            states(rows, files),
            [Applied, Edited, OutOfOrder, Missing, Failed, Pending]
        );
    }

    fn nothing() -> Evidence<'static> {
        static NOWHERE: std::sync::LazyLock<Target> = std::sync::LazyLock::new(|| {
            let folder = std::path::Path::new("nowhere");
            Target::sqlite_file(&folder.join("app.db"), folder)
        });
        Evidence {
            backups: std::path::Path::new("nowhere"),
            target: &NOWHERE,
        }
    }

    #[test]
    fn drift_is_refused_with_the_way_out() {
        let source = Source {
            migrations: vec![migration(1, 2)],
            ..Source::default()
        };
        let history = History::compare(vec![row(1, 1, true)], &source);
        let error =
            crate::error::Error::from(history.refuse_drift(&nothing()).expect_err("edited"));
        assert_eq!(error.kind, crate::error::Kind::Refused);
        assert!(
            error.message.contains("migration 1 (m1) was edited"),
            "{}",
            error.message
        );
        assert!(error.hint.is_some());
        assert!(History::empty(&source).refuse_drift(&nothing()).is_ok());
    }
}
