//! The file of a database that a restore makes: where one may be made, and that none stays of a restore that fails.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::error::Error;
use super::origin::Origin;
use super::progress::say;
use super::set::Set;
use super::store::Store;
use crate::db::Target;
use crate::error::Result;
use crate::event::{Level, Sink};

/// Where a restore may make a database file that is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Creation {
    /// Nowhere.
    #[default]
    Never,
    /// Where the database lay that the set was made of: it was lost. A URL with a mistake in it names no such place.
    Lost,
    /// Wherever the URL says (`--into`).
    Anywhere,
}

/// Whether the database is missing and the restore makes it, which is said.
///
/// # Errors
/// `NotOfIt`; no folder to make it in.
pub(super) fn creates(
    creation: Creation,
    target: &Target,
    set: &Set,
    store: &Store,
    sink: &dyn Sink,
) -> Result<bool> {
    let Some(file) = target.file().filter(|_| !target.exists()) else {
        return Ok(false);
    };
    let place = file.display().to_string();
    let here = store.origin(target);
    match creation {
        Creation::Never => return Ok(false),
        Creation::Lost if !here.made(&set.summary().database) => {
            let from = Origin::said(&set.summary().database).told_from(&here);
            let timestamp = set.timestamp();
            return Err(Error::NotOfIt {
                place,
                timestamp,
                from,
            }
            .into());
        }
        Creation::Lost | Creation::Anywhere => {}
    }
    target.refuse_unmakeable()?;
    let message = format!(
        "there is no file at `{place}`: a restore makes a new one; if only its disk or folder is not there, bring that back instead"
    );
    say(sink, Level::Warn, message);
    Ok(true)
}

/// A database file that the restore has made. It goes away again unless the restore is done, but for what others have
/// written to it.
pub(super) struct NewFile(Option<PathBuf>);

impl NewFile {
    /// Makes it, empty, where a plan `creates` a database: what is there by now is not the restore's to remove.
    ///
    /// # Errors
    /// `MadeMeanwhile`; it cannot be made.
    pub(super) fn claim(target: &Target, creates: bool) -> super::error::Result<NewFile> {
        let Some(path) = target.real_file().filter(|_| creates) else {
            return Ok(NewFile(None));
        };
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_) => Ok(NewFile(Some(path))),
            Err(source) => {
                let place = path.display().to_string();
                Err(match source.kind() {
                    ErrorKind::AlreadyExists => Error::MadeMeanwhile { place },
                    _ => Error::File {
                        action: "make the database",
                        path: place,
                        source,
                    },
                })
            }
        }
    }

    pub(super) fn keep(&mut self) {
        self.0 = None;
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        let Some(path) = self.0.take() else { return };
        // Rolled back it is as empty as it was made. One that could not be rolled back is at its next opening, by the
        // journal beside it.
        if std::fs::metadata(&path).is_ok_and(|data| data.len() == 0) {
            // Nobody is left to tell.
            let _ = std::fs::remove_file(&path);
        }
    }
}
