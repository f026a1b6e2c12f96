//! The files that SQLite keeps beside a database (<https://www.sqlite.org/tempfiles.html>). They go by its name alone: of
//! a file that was moved away without them they would be taken for those of the next one of that name, and then be
//! deleted, or replayed into it.

use std::path::{Path, PathBuf};

use crate::db::{Error, Result};

/// Refuses to take a database that is not there for a new one while files with data of an older one lie where its own
/// would be.
///
/// # Errors
/// `LeftBeside`.
pub(in crate::db) fn refuse_left(path: &Path) -> Result<()> {
    // An empty file may have a journal of its own: that of its first transaction, which was cut off.
    let endings: &[&str] = match std::fs::metadata(path) {
        Ok(data) if data.len() > 0 => &[],
        Ok(_) => &["-wal"],
        Err(_) => &["-wal", "-journal"],
    };
    let left = endings.iter().map(|ending| named(path, ending));
    let holds_data =
        |file: &PathBuf| std::fs::metadata(file).is_ok_and(|data| data.is_file() && data.len() > 0);
    let shown = |file: PathBuf| format!("`{}`", file.display());
    let left: Vec<String> = left.filter(holds_data).map(shown).collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(Error::LeftBeside {
        place: path.display().to_string(),
        files: left.join(" and "),
    })
}

fn named(path: &Path, ending: &str) -> PathBuf {
    let mut file = path.to_owned().into_os_string();
    file.push(ending);
    file.into()
}
