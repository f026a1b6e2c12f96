//! The file of a database that a restore makes.

use std::path::PathBuf;

use super::restore_plan::RestorePlan;

/// A database file that the restore creates; it goes away again unless the restore is done.
pub(super) struct NewFile(Option<PathBuf>);

impl NewFile {
    pub(super) fn expect(plan: &RestorePlan) -> NewFile {
        NewFile(match plan.creates {
            true => plan.target.file().map(PathBuf::from),
            false => None,
        })
    }

    pub(super) fn keep(&mut self) {
        self.0 = None;
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        let Some(path) = self.0.take() else { return };
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut beside = path.clone().into_os_string();
            beside.push(suffix);
            // Most are not there; nobody is left to tell of the others.
            let _ = std::fs::remove_file(beside);
        }
    }
}
