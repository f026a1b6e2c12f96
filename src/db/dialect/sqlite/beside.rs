//! The files that SQLite keeps beside a database (<https://www.sqlite.org/tempfiles.html>). They go by its name alone: of
//! a file that was moved away without them they would be taken for those of the next one of that name, and then be
//! deleted, or replayed into it.

use std::path::{Path, PathBuf};

use crate::db::{Error, Result};

/// Links that are followed at most, as many as SQLite follows.
const LINKS: usize = 200;

/// The file that a link leads to, whether it is there or not: SQLite keeps its own beside that, not beside the link
/// (<https://www.sqlite.org/c3ref/open.html>). Anything else as it is.
pub(in crate::db) fn resolved(path: &Path) -> PathBuf {
    let mut file = path.to_owned();
    for _ in 0..LINKS {
        let Ok(next) = std::fs::read_link(&file) else {
            break;
        };
        file = file.parent().unwrap_or(Path::new("")).join(next);
    }
    file
}

/// Refuses to take a database that is not there for a new one while files with data of an older one lie where its own
/// would be.
///
/// # Errors
/// `LeftBeside`.
pub(in crate::db) fn refuse_left(path: &Path) -> Result<()> {
    let path = &resolved(path);
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

/// Refuses to make a database in a folder that is not there: the engine would only say that it cannot open it.
///
/// # Errors
/// `NoFolder`.
pub(in crate::db) fn refuse_without_folder(path: &Path) -> Result<()> {
    let file = resolved(path);
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.exists() => {
            Err(Error::NoFolder {
                place: file.display().to_string(),
                folder: folder.display().to_string(),
            })
        }
        _ => Ok(()),
    }
}

fn named(path: &Path, ending: &str) -> PathBuf {
    let mut file = path.to_owned().into_os_string();
    file.push(ending);
    file.into()
}
