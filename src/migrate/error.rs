//! What can go wrong with migrations.

use crate::error::{self, Kind};

/// A failure of this room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder is not there or cannot be read.
    #[error("cannot read the migrations folder `{path}`")]
    Folder {
        /// The folder.
        path: String,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read the migration `{file}`")]
    File {
        /// The file.
        file: String,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// A file is not UTF-8.
    #[error("the migration `{file}` is not UTF-8 text (byte {offset})")]
    NotText {
        /// The file.
        file: String,
        /// Where it stops being UTF-8.
        offset: usize,
    },
    /// The part before the `_` is no number.
    #[error("the migration `{file}` has no version: `{version}` is no whole number")]
    Version {
        /// The file.
        file: String,
        /// What stands there.
        version: String,
    },
    /// Two files claim one version.
    #[error("`{first}` and `{second}` both have version {version}")]
    Duplicate {
        /// The version.
        version: i64,
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
    /// There is a Prisma folder and no sqlx one.
    #[error("`{path}` holds Prisma migrations, which this version cannot apply")]
    Prisma {
        /// The folder.
        path: String,
    },
    /// The database and the files tell different stories.
    #[error("{message}")]
    Drift {
        /// Which migration, and how.
        message: String,
        /// What to do.
        hint: String,
    },
}

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let (kind, hint) = match &error {
            Error::Folder { .. } => {
                (Kind::Usage, "create it, run `dbscript init`, or name another with `--dir`".to_owned())
            }
            Error::File { .. } => (Kind::Usage, "check the file's permissions".to_owned()),
            Error::NotText { .. } => (Kind::Usage, "save it as UTF-8".to_owned()),
            Error::Version { .. } => {
                (Kind::Usage, "name it `<number>_<description>.sql`, such as `5_add_referrals.sql`".to_owned())
            }
            Error::Duplicate { .. } => (Kind::Usage, "give one of them a later version".to_owned()),
            Error::Prisma { .. } => (
                Kind::Usage,
                "run `dbscript run pre-migration-backup && npx prisma migrate deploy`, or name a folder of plain SQL with `--dir`".to_owned(),
            ),
            Error::Drift { hint, .. } => (Kind::Refused, hint.clone()),
        };
        error::Error::wrap(kind, error).hint(hint)
    }
}
