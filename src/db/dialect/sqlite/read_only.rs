//! Files that take no writes: SQLite opens them for reading without a word, and needs their folder for its journal
//! (<https://www.sqlite.org/c3ref/open.html>, <https://www.sqlite.org/tempfiles.html#rollback_journals>).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, ffi};

use super::{beside, fault};
use crate::db::Result;

/// Why this file surely takes no writes from this user, and the way out; `None` where it may. Nothing is written.
///
/// # Errors
/// What SQLite refuses.
pub(in crate::db) fn why_read_only(path: &Path) -> Result<Option<(String, String)>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Only SQLite may open it: any other handle that is closed would take the locks of this process with it.
    let connection = Connection::open_with_flags(path, flags).map_err(fault::statement)?;
    let said = |file: &Path| {
        let file = file.display();
        format!("this user may not write the file `{file}`, or its disk is mounted read-only")
    };
    // A backup of a file that may only be read leaves those beside it with the same rights.
    let beside: Vec<PathBuf> = ["-wal", "-shm"]
        .map(|ending| with_ending(&beside::resolved(path), ending))
        .into_iter()
        .filter(|file| is_for_reading(file))
        .collect();
    if connection.is_readonly("main").map_err(fault::statement)? {
        let files = named(
            [path]
                .into_iter()
                .chain(beside.iter().map(PathBuf::as_path)),
        );
        return Ok(Some((
            said(path),
            format!("let this user write it and its folder: `chmod u+w {files}`, or `chown`"),
        )));
    }
    if let Some(first) = beside.first()
        && takes_no_writes(&connection)
    {
        let files = named(beside.iter().map(PathBuf::as_path));
        return Ok(Some((
            said(first),
            format!("let this user write it: `chmod u+w {files}`, or `chown`"),
        )));
    }
    // What it keeps beside a link stands beside the file itself.
    let path = beside::resolved(path);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // With both files of a write-ahead log in place nothing is created there.
    let is_there = |ending: &str| with_ending(&path, ending).exists();
    if is_there("-wal") && is_there("-shm") {
        return Ok(None);
    }
    match tempfile::tempfile_in(folder) {
        Err(error) if is_refusal(error.kind()) => {
            let folder = folder.display();
            Ok(Some((
                format!(
                    "this user may not write the folder `{folder}`, in which SQLite keeps its journal, or its disk is mounted read-only"
                ),
                format!("let this user write the folder too: `chmod u+w '{folder}'`, or `chown`"),
            )))
        }
        // Of anything else, such as a full disk, the write itself tells.
        _ => Ok(None),
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Whether nobody but a superuser may write it.
fn is_for_reading(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|found| found.permissions().readonly())
}

/// Whether a transaction that is to write cannot even begin; one that others keep waiting could.
fn takes_no_writes(connection: &Connection) -> bool {
    let begun = connection
        .busy_timeout(Duration::ZERO)
        .and_then(|()| connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK"));
    let code = begun.err().as_ref().and_then(fault::code);
    code.map(fault::primary) == Some(ffi::SQLITE_READONLY)
}

/// As a shell takes them.
fn named<'a>(files: impl Iterator<Item = &'a Path>) -> String {
    let files = files.map(|file| format!("'{}'", file.display()));
    files.collect::<Vec<_>>().join(" ")
}

fn is_refusal(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}
