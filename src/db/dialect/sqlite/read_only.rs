//! Files that take no writes: SQLite opens them for reading without a word, and needs their folder for its journal
//! (<https://www.sqlite.org/c3ref/open.html>, <https://www.sqlite.org/tempfiles.html#rollback_journals>).

use std::io::ErrorKind;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

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
    let file = path.display();
    if connection.is_readonly("main").map_err(fault::statement)? {
        return Ok(Some((
            format!("this user may not write the file `{file}`, or its disk is mounted read-only"),
            format!("let this user write it and its folder: `chmod u+w '{file}'`, or `chown`"),
        )));
    }
    // What it keeps beside a link stands beside the file itself.
    let path = beside::resolved(path);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // With both files of a write-ahead log in place nothing is created there.
    let is_there = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        Path::new(&name).exists()
    };
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

fn is_refusal(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}
