//! Which sets stay and which go. Damaged sets are never counted and never removed here: they may be all that is left.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::error::Error;
use super::names;
use super::store::{State, Store};
use crate::error::Result;
use crate::storage::publish;

/// Litter younger than this may belong to a backup that is being made.
const LITTER_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// What pruning would do: names with their reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrunePlan {
    folder: PathBuf,
    files: Vec<String>,
    /// Sets that stay.
    pub kept: Vec<(String, String)>,
    /// Sets and litter that go.
    pub removed: Vec<(String, String)>,
}

impl PrunePlan {
    /// Keeps the newest `count` complete sets.
    ///
    /// # Errors
    /// `File` when the folder cannot be looked at.
    pub fn keep_last(store: &Store, count: usize) -> Result<PrunePlan> {
        let listing = store.list()?;
        let mut plan = PrunePlan {
            folder: store.folder().to_owned(),
            ..PrunePlan::default()
        };
        let mut complete = 0;
        for entry in &listing.sets {
            let name = entry.timestamp.to_string();
            match &entry.state {
                State::Complete(set) => {
                    complete += 1;
                    if complete <= count {
                        plan.kept.push((name, format!("one of the newest {count}")));
                    } else {
                        let mut files = set.summary().files();
                        // The summary first: a set whose removal is interrupted is then litter, not a damaged set.
                        files.sort_by_key(|file| *file != names::summary(entry.timestamp));
                        plan.files.extend(files);
                        plan.removed
                            .push((name, format!("older than the newest {count}")));
                    }
                }
                State::Damaged { .. } => plan
                    .kept
                    .push((name, "damaged: removed by hand only".to_owned())),
                State::Unreadable { .. } => {
                    plan.kept
                        .push((name, "unreadable: removed by hand only".to_owned()));
                }
            }
        }
        for name in listing.litter {
            if is_old(&plan.folder.join(&name)) {
                plan.files.push(name.clone());
                plan.removed.push((
                    name,
                    "left behind by a backup that did not finish".to_owned(),
                ));
            }
        }
        Ok(plan)
    }

    /// Removes what the plan says.
    ///
    /// # Errors
    /// `File` for the first file that cannot be removed; what was removed before stays removed.
    pub fn apply(&self) -> Result<()> {
        for file in &self.files {
            let path = self.folder.join(file);
            std::fs::remove_file(&path).map_err(|source| Error::File {
                action: "remove",
                path: path.display().to_string(),
                source,
            })?;
        }
        Ok(publish::sync_folder(&self.folder)?)
    }
}

fn is_old(path: &std::path::Path) -> bool {
    let modified = std::fs::metadata(path).and_then(|data| data.modified());
    modified
        .ok()
        .and_then(|modified| SystemTime::now().duration_since(modified).ok())
        .is_some_and(|age| age > LITTER_AGE)
}

impl fmt::Display for PrunePlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.removed.iter().map(|(name, _)| name.as_str()).collect();
        match names.is_empty() {
            true => write!(formatter, "remove no backup"),
            false => write!(formatter, "remove {}", names.join(", ")),
        }
    }
}
