//! What can go wrong with backup sets.

use crate::clock::Timestamp;
use crate::error::{self, Kind};
use crate::event::counted;

/// A failure of this room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no set at all.
    #[error("there is no backup in `{folder}`")]
    NoBackup {
        /// The backups folder.
        folder: String,
    },
    /// There are only backups of other databases.
    #[error("there is no backup of the database {database}")]
    OnlyOfOthers {
        /// The database that was asked for.
        database: String,
        /// The newest set of another one.
        timestamp: Timestamp,
        /// That other one, in words.
        from: String,
    },
    /// No set has this timestamp.
    #[error("there is no backup `{which}`")]
    Unknown {
        /// What was asked for.
        which: String,
        /// Timestamps like it, or the newest ones.
        near: Vec<String>,
    },
    /// The set is damaged.
    #[error("the backup {timestamp} is damaged: {why}")]
    Damaged {
        /// Which.
        timestamp: Timestamp,
        /// The first problem, and how many more.
        why: String,
        /// An older set that may be restored instead.
        older: Option<Timestamp>,
    },
    /// The summary cannot be trusted.
    #[error("`{file}` cannot be read as a summary: {why}")]
    Unreadable {
        /// The summary's name.
        file: String,
        /// What is wrong with it.
        why: String,
        /// An older set that may be restored instead.
        older: Option<Timestamp>,
    },
    /// A file or folder could not be read.
    #[error("cannot {action} `{path}`")]
    File {
        /// The verb.
        action: &'static str,
        /// The file or folder.
        path: String,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// The database holds nothing to back up.
    #[error("{database} has no table: there is nothing to back up")]
    NothingToBackUp {
        /// The database.
        database: String,
    },
    /// A table that could not be brought back.
    #[error("the backup would hold `{table}`, and no restore could make it again: {why}")]
    Unmakeable {
        /// The table.
        table: String,
        /// What is missing.
        why: String,
    },
    /// The user may not see every table.
    #[error(
        "{database} may hide tables from its user, so that nobody can tell whether the backup is whole"
    )]
    Hidden {
        /// The database.
        database: String,
        /// Its name, as the engine quotes it.
        name: String,
    },
    /// `--tables` names none.
    #[error("`--tables` names no table")]
    NoTableNamed,
    /// `--tables` names one that is not there.
    #[error("there is no table `{table}` in {place}")]
    UnknownTable {
        /// What was asked for.
        table: String,
        /// The database or set.
        place: String,
        /// What there is.
        known: Vec<String>,
    },
    /// `--tables` names one of several.
    #[error("`{table}` may be one of {} tables in {place}", exact.len())]
    AlikeTables {
        /// What was asked for.
        table: String,
        /// The database or set.
        place: String,
        /// The names that tell them apart.
        exact: Vec<String>,
    },
    /// The set is of another engine.
    #[error("the backup {timestamp} is of a {from} database and cannot be restored into {into}")]
    OtherEngine {
        /// Which.
        timestamp: Timestamp,
        /// Its engine.
        from: String,
        /// The engine it was to go into.
        into: &'static str,
    },
    /// Names that the server takes for one.
    #[error(
        "the backup {timestamp} holds names that differ only in capitals, which this server takes for one and the same: {names}"
    )]
    SameButForCase {
        /// Which.
        timestamp: Timestamp,
        /// Those that are alike, in words.
        names: String,
    },
    /// A way of restoring that is not known.
    #[error("unknown restore mode `{mode}`")]
    UnknownMode {
        /// What was asked for.
        mode: String,
    },
    /// The file is missing, and the set is not of it.
    #[error("no database at `{place}`, and the backup {timestamp} was made of another: {from}")]
    NotOfIt {
        /// The file.
        place: String,
        /// Which.
        timestamp: Timestamp,
        /// What it was made of, in words.
        from: String,
    },
    /// A file was to be made that has come meanwhile.
    #[error("`{place}` was made by another program meanwhile, and nothing was restored")]
    MadeMeanwhile {
        /// The file.
        place: String,
    },
    /// A table is not as the set has it.
    #[error("`{table}` cannot take the rows of the backup {timestamp}: {why}")]
    OtherColumns {
        /// The table.
        table: String,
        /// Which.
        timestamp: Timestamp,
        /// The differences.
        why: String,
    },
    /// A table whose rows alone are asked for is not in the database.
    #[error(
        "the rows of `{table}` of the backup {timestamp} cannot be put back: the table is not in the database"
    )]
    AbsentTable {
        /// The table.
        table: String,
        /// Which.
        timestamp: Timestamp,
        /// The set's schema file, as a person finds it.
        schema: String,
    },
    /// The restored rows are not those of the set.
    #[error("the restored `{table}` is not what the backup holds: {why}")]
    NotAsTheSet {
        /// The table.
        table: String,
        /// The difference.
        why: String,
    },
    /// Foreign keys that would point to nothing.
    #[error(
        "`{table}` would have {} whose row of `{parent}` is not there",
        counted(rows, "row")
    )]
    Orphans {
        /// The table that holds them.
        table: String,
        /// The table they point to.
        parent: String,
        /// How many.
        rows: u64,
    },
    /// Objects that would be replaced, or saved, are kept from the user.
    #[error("{}", unread(database, what, *purpose))]
    Unread {
        /// The database.
        database: String,
        /// Each in words.
        what: Vec<String>,
        /// What they were to be read for.
        purpose: Purpose,
        /// The statement that gives the right.
        way_out: String,
    },
    /// Other databases' foreign keys point to tables that would be replaced.
    #[error(
        "foreign keys of other databases point into {database}, and would point to nothing once its tables are replaced: {keys}"
    )]
    TiedFromOutside {
        /// The database.
        database: String,
        /// The keys, in words.
        keys: String,
    },
    /// A worker ended in a panic: a bug.
    #[error("a worker broke down while it was to {action}")]
    Worker {
        /// The verb.
        action: &'static str,
    },
}

/// What an object's definition is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A backup of the whole database.
    BackUp,
    /// A restore that replaces it, and that could not put it back.
    Replace,
}

fn unread(database: &str, what: &[String], purpose: Purpose) -> String {
    let what = what.join(", ");
    match purpose {
        Purpose::BackUp => format!(
            "the definition of {what} in {database} cannot be read with this user's rights, so that the backup would not hold it"
        ),
        Purpose::Replace => format!(
            "the restore would replace {what} in {database}, whose definition cannot be read with this user's rights: it could be neither saved before nor put back"
        ),
    }
}

impl Error {
    /// The same error, naming an older set where it is about a set that cannot be restored.
    pub(super) fn with_older(mut self, found: Option<Timestamp>) -> Error {
        if let Error::Damaged { older, .. } | Error::Unreadable { older, .. } = &mut self {
            *older = found;
        }
        self
    }
}

/// The result of this room's own functions.
pub type Result<T> = std::result::Result<T, Error>;

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let kind = kind(&error);
        let hint = hint(&error);
        let mut converted = error::Error::wrap(kind, error);
        converted.hint = hint;
        converted
    }
}

fn kind(error: &Error) -> Kind {
    match error {
        Error::NoBackup { .. }
        | Error::OnlyOfOthers { .. }
        | Error::Unknown { .. }
        | Error::NoTableNamed
        | Error::UnknownTable { .. }
        | Error::AlikeTables { .. }
        | Error::OtherEngine { .. }
        | Error::UnknownMode { .. } => Kind::Usage,
        Error::Damaged { .. } | Error::Unreadable { .. } | Error::NotAsTheSet { .. } => {
            Kind::Integrity
        }
        Error::OtherColumns { .. }
        | Error::AbsentTable { .. }
        | Error::MadeMeanwhile { .. }
        | Error::Orphans { .. }
        | Error::SameButForCase { .. }
        | Error::TiedFromOutside { .. }
        | Error::Unread {
            purpose: Purpose::Replace,
            ..
        } => Kind::Refused,
        Error::Unread {
            purpose: Purpose::BackUp,
            ..
        } => Kind::Backup,
        Error::NothingToBackUp { .. } | Error::Unmakeable { .. } | Error::Hidden { .. } => {
            Kind::Backup
        }
        Error::File { .. } | Error::Worker { .. } => Kind::Io,
        Error::NotOfIt { .. } => Kind::Connect,
    }
}

/// The way out of a set that cannot be restored: older data, if that is what a person decides.
fn instead(older: Option<Timestamp>) -> String {
    match older {
        Some(older) => format!("or restore older data: `dbscript run restore --from {older}`"),
        None => "no older backup is whole: see `dbscript run verify --from all`".to_owned(),
    }
}

fn hint(error: &Error) -> Option<String> {
    let hint = match error {
        Error::NoBackup { .. } => "make one: `dbscript run backup`".to_owned(),
        Error::OnlyOfOthers {
            timestamp, from, ..
        } => format!(
            "the newest is of the database {from}: if that one is meant, name it with `--from {timestamp}`"
        ),
        Error::Unknown { near, .. } => format!("there are: {}", near.join(", ")),
        Error::Damaged { older, .. } => format!(
            "its sound tables can be restored with `--tables`; {}",
            instead(*older)
        ),
        Error::Unreadable { older, .. } => format!(
            "fetch the file again from where it was copied to (a newer format: upgrade dbscript); {}",
            instead(*older)
        ),
        Error::NothingToBackUp { .. } => {
            "is this the right database? see DATABASE_URL and `--database-url`".to_owned()
        }
        Error::Unmakeable { .. } => {
            "name the other tables with `--tables`, and let the application save this one; or have the table do without it (an index may need it: the application makes one again after a restore); a procedure of your own migrates with a backup of the others, without a rehearsal: `backup::create(#{ tables: [\"…\"] })`, then `migrate::up(pending)`".to_owned()
        }
        Error::Hidden { name, .. } => format!(
            "give its user SELECT on the whole database, such as GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON {name}.*, or name the tables with `--tables`"
        ),
        Error::NoTableNamed => "leave it out to take every table".to_owned(),
        Error::UnknownTable { known, .. } => format!("there are: {}", known.join(", ")),
        Error::AlikeTables { exact, .. } => format!(
            "quote it, and keep the shell from the quotes: `--tables '{}'`",
            exact.join("'` or `--tables '")
        ),
        Error::OtherEngine { .. } => {
            "name a database of the same engine with `--database-url`".to_owned()
        }
        Error::SameButForCase { .. } => {
            "restore it into a server that tells them apart: `SELECT @@lower_case_table_names` says 0 there".to_owned()
        }
        Error::UnknownMode { .. } => "`replace`".to_owned(),
        Error::NotOfIt { place, .. } => format!(
            "check DATABASE_URL; if a new database is to be made there from that backup, make an empty file first: `touch '{place}'`"
        ),
        Error::MadeMeanwhile { .. } => {
            "stop what uses it, look at what it holds, then run this again".to_owned()
        }
        Error::OtherColumns { .. } => "restore the whole set, without `--tables`".to_owned(),
        Error::AbsentTable { table, schema, .. } => format!(
            "make `{table}` again first, by its statements in `{schema}`, then run this again; restoring the whole set, without `--tables`, takes everything else back to then as well"
        ),
        Error::Orphans { .. } => {
            "name the tables they belong to as well, or restore the whole set".to_owned()
        }
        Error::TiedFromOutside { .. } => {
            "drop these keys, restore, and add them again; or restore only the rows of some tables: `--tables`".to_owned()
        }
        Error::File { .. } => {
            "check that it is what it should be, a folder or a file, and that you may read and write it"
                .to_owned()
        }
        Error::Unread { way_out, .. } => way_out.clone(),
        Error::NotAsTheSet { .. } | Error::Worker { .. } => return None,
    };
    Some(hint)
}
