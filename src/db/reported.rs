//! Errors of this room as the one that crosses rooms: their kind, their code and the way out.

use super::broken::{CLOSED, COMMITTED, IN_DOUBT};
use super::error::{CORRUPT_INDEX, Engine, Error, FORBIDDEN, LOCKED, NEVER_INSIDE, NO_SCHEMA, TLS};
use crate::error::{self, Kind};

/// The way out of a database that cannot be read: a restore needs one it can read, to save what is there.
const ANEW: &str = "is it the right file? If it is damaged, stop what uses it and move the file aside (keep it), with those beside it that end in `-wal`, `-shm` and `-journal`, which may hold its newest rows (`sqlite3 FILE .recover` shows what can still be read); then `dbscript run restore` makes it again from its newest backup";

/// The way out of a database of which an index alone is damaged.
const REINDEX: &str = "no row is missing as far as can be seen, only entries of the index: stop what uses the database, keep a copy of the file, make its indexes anew with `sqlite3 FILE REINDEX`, and run this again; nothing needs to be restored";

/// The way out where files of another database lie beside the one that is to be made.
const TOGETHER: &str = "move them to the file they belong to and give them its name, as `broken.db-wal` beside `broken.db`, so that its newest rows are there when it is opened; where that file is lost, move them aside (keep them); then run this again";

/// The way out of a connection that does not come about.
fn way_in(source: &Engine) -> String {
    let said = source.message.to_lowercase();
    match source.code.as_str() {
        TLS if said.contains("certificate") => "name the authority that signed the server's certificate with `sslrootcert=FILE` (MySQL: `ssl-ca=FILE`); `sslmode=no-verify` encrypts without looking at it",
        TLS => "if the way to the server is safe without TLS, write `sslmode=prefer` or `sslmode=disable`",
        code if code.starts_with("28") => "check the user and the password in the URL; `#`, `/`, `?`, `@`, `:` and `%` in them are percent-encoded",
        "53300" | "08004" => "every place on the server is taken: end what is idle, or wait longer with `pool_timeout=SECONDS` in the URL",
        "42501" | "42000" => "grant this user access to the database, or name another user in the URL",
        code if is_of_disk(code) => DISK,
        FORBIDDEN => "take `mode=ro` (or `immutable=1`) out of DATABASE_URL: what only reads changes no row all the same",
        code if code.starts_with("SQLITE_") => "check that the URL names the right file, and that you may read and write it and its folder",
        _ if said.contains("certificate file") => "check the path: a relative one starts in the project folder",
        _ => "check that the server runs and lets this machine in, and the scheme, host and port in the URL",
    }
    .to_owned()
}

/// The way out of a write that this session refuses.
const MAY_NOT: &str = "what writes needs `db:write` in the script's `NEEDS`, and a database that may be written (a replica may not); SQLite's ATTACH and VACUUM INTO are never allowed";

/// The way out of what the server keeps its user from.
const GRANT: &str =
    "grant it to the user that DATABASE_URL names, or connect as the owner of the tables";

/// The way out where row level security hides rows, from owners too where it is forced
/// (<https://www.postgresql.org/docs/current/ddl-rowsecurity.html>).
const BYPASS: &str = "a backup reads every row, and a policy would hide some: `ALTER ROLE … BYPASSRLS`, with the name of the user that DATABASE_URL names, lets it see them all";

fn way_to_right(source: &Engine) -> &'static str {
    match source.message.contains("row-level security") {
        true => BYPASS,
        false => GRANT,
    }
}

/// The way round where no scratch database can be made.
const UNREHEARSED: &str = "or go without a rehearsal: `--rehearse off`";

/// The way out of a schema that is not there.
const MAKE_SCHEMA: &str =
    "check `?schema=` in the URL; only a migration creates it: `dbscript run safe-migration`";

/// The way out of a commit that nobody knows the end of.
const STATUS: &str = "`dbscript status` shows what is in";

/// The way out of what another program has locked.
const WAIT: &str = "wait for the other program, then run this again";

/// The code of a statement that would commit.
const COMMITS: &str = "commits";

/// The way out of a statement that would commit.
const APART: &str = "on MySQL and MariaDB what changes tables cannot be in a transaction: run it before `db::transaction` or after it, or write a migration";

/// The way out of a statement that runs in no transaction.
const OUTSIDE: &str = "run it outside a transaction: in a migration file of its own, whose first line is `-- no-transaction`";

/// The way out of too many rows.
const NARROW: &str = "narrow it, or stream it with `for row in db::rows(…)`";

/// The way out of temporary files that cannot be written.
const ROOM: &str = "free space in the folder for temporary files, or set SQLITE_TMPDIR";

/// The way out of a disk that takes no more.
const DISK: &str = "free space on the disk of the database and on that for temporary files (`df`), then run this again; where there is space, look whether the disk fails";

/// Whether a code tells of a disk: full, or failing (<https://www.sqlite.org/rescode.html>, PostgreSQL's class 53).
fn is_of_disk(code: &str) -> bool {
    ["SQLITE_FULL", "SQLITE_IOERR", "53100"].contains(&code)
}

/// The way out where there is no database: no run of ours makes one on a server.
fn way_to_one(place: &str) -> String {
    match place.contains("://") && !place.starts_with("sqlite:") {
        true => "check the name in DATABASE_URL; a new database is made with `CREATE DATABASE`, then `dbscript run restore` fills it if it was lost",
        false => "check DATABASE_URL; if it was lost, `dbscript run restore` makes it again from its newest backup; a new one is made by a migration: `dbscript run safe-migration`",
    }
    .to_owned()
}

/// The way out where a database is to be made in a folder that is not there.
fn way_to_folder(folder: &str) -> String {
    format!(
        "check DATABASE_URL, and that the disk it names is there; a new folder is made with `mkdir -p '{folder}'`"
    )
}

/// Kind, code and way out.
type Report = (Kind, Option<String>, Option<String>);

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let (kind, code, hint) = report(&error);
        let data = match &error {
            Error::Raised { text, .. } => Some(text.clone()),
            _ => None,
        };
        let mut converted = error::Error::wrap(kind, error);
        converted.code = code;
        converted.hint = hint;
        converted.data = data;
        converted
    }
}

/// What there is to say of it besides its message.
fn report(error: &Error) -> Report {
    let of = |kind: Kind, source: &Engine, hint: &str| {
        (kind, Some(source.code.clone()), Some(hint.to_owned()))
    };
    let with =
        |kind: Kind, code: &str, hint: &str| (kind, Some(code.to_owned()), Some(hint.to_owned()));
    let bare = |kind: Kind, code: &str| (kind, Some(code.to_owned()), None);
    match error {
        Error::Url { hint, .. } => (Kind::Usage, None, Some(hint.clone())),
        Error::Missing { place } => (Kind::Connect, None, Some(way_to_one(place))),
        Error::NoFolder { folder, .. } => (Kind::Connect, None, Some(way_to_folder(folder))),
        Error::LeftBeside { .. } => (Kind::Connect, None, Some(TOGETHER.to_owned())),
        Error::NoSchema { .. } => with(Kind::Connect, NO_SCHEMA, MAKE_SCHEMA),
        Error::NoSchemaAmongOthers { schema, .. } => {
            let hint = format!(
                "check `?schema=` in the URL; if it is to be a new one, `CREATE SCHEMA \"{schema}\"` first: what the others hold is backed up and looked after then"
            );
            (Kind::Connect, Some("no-schema".to_owned()), Some(hint))
        }
        Error::Connect { source, .. } => of(Kind::Connect, source, &way_in(source)),
        Error::Corrupt { source, .. } => of(Kind::Connect, source, ANEW),
        Error::Damaged { source } if source.code == CORRUPT_INDEX => {
            of(Kind::Integrity, source, REINDEX)
        }
        Error::Damaged { source } => of(Kind::Integrity, source, ANEW),
        Error::Statement { source } if is_of_disk(&source.code) => of(Kind::Database, source, DISK),
        Error::Statement { source } if source.code == NEVER_INSIDE => {
            of(Kind::Database, source, OUTSIDE)
        }
        Error::Statement { source } => bare(Kind::Database, &source.code),
        Error::Raised { code, .. } => bare(Kind::Database, code),
        Error::ReadOnly { source } | Error::Denied { source } => of(Kind::Refused, source, MAY_NOT),
        Error::NotGranted { source } => of(Kind::Refused, source, way_to_right(source)),
        Error::TooManyRows { .. } => (Kind::Database, None, Some(NARROW.to_owned())),
        Error::Row { .. } => (Kind::Integrity, None, None),
        Error::Locked { .. } | Error::LockWait { .. } => with(Kind::Database, LOCKED, WAIT),
        Error::CommitsByItself { .. } => with(Kind::Database, COMMITS, APART),
        Error::NoScratch { source, hint, .. } => {
            of(Kind::Refused, source, &format!("{hint}; {UNREHEARSED}"))
        }
        Error::Unsupported { hint, .. } => (Kind::Refused, None, Some(hint.clone())),
        Error::File { .. } => (Kind::Io, None, None),
        Error::Order { .. } => (Kind::Script, None, None),
        Error::Staging { source } => of(Kind::Io, source, ROOM),
        Error::InDoubt { .. } => with(Kind::Database, IN_DOUBT, STATUS),
        Error::Closed => bare(Kind::Database, CLOSED),
        Error::CursorClosed | Error::NoTable { .. } | Error::Parameter { .. } => {
            (Kind::Database, None, None)
        }
        Error::Committed { .. } => bare(Kind::Database, COMMITTED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_with_its_way_out() {
        let source = |code: &str| Engine {
            code: code.to_owned(),
            message: "disk".to_owned(),
        };
        for code in ["SQLITE_FULL", "SQLITE_IOERR", "53100"] {
            let place = "app.db".to_owned();
            let opened = Error::Connect {
                place,
                source: source(code),
            };
            let run = Error::Statement {
                source: source(code),
            };
            for error in [opened, run] {
                let hint = report(&error).2.unwrap_or_default();
                assert!(hint.contains("free space"), "{code}: {hint}");
                assert!(!hint.contains("URL"), "{code}: {hint}");
            }
        }
        assert_eq!(
            report(&Error::Statement {
                source: source("42601")
            })
            .2,
            None
        );
    }
}
