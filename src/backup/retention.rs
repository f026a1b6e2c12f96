//! Which sets stay and which go. Damaged sets are never counted and never removed here: they may be all that is left.
//! Only a whole set that a person or a procedure asked for stands for its database.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::error::Error;
use super::names;
use super::origin::Origin;
use super::set::{Set, first_of};
use super::store::{SAFETY_LABEL, State, Store};
use super::verify::{Depth, verify};
use crate::error::Result;
use crate::event::Sink;
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
    /// Those of them that would go for their age and are needed.
    pub held: Vec<(String, String)>,
    /// Sets and litter that go.
    pub removed: Vec<(String, String)>,
}

impl PrunePlan {
    /// Keeps the newest `count` sets of each database that are whole and have their hashes, every set that is not older
    /// than those, and those that are `held` for a reason.
    ///
    /// # Errors
    /// `File` when the folder or a set cannot be looked at.
    pub async fn keep_last(
        store: &Store,
        count: usize,
        held: &[(String, String)],
        sink: &Arc<dyn Sink>,
    ) -> Result<PrunePlan> {
        let listing = store.list()?;
        let mut plan = PrunePlan {
            folder: store.folder().to_owned(),
            ..PrunePlan::default()
        };
        // The sets of one database say nothing of another's.
        let mut counted: HashMap<(String, Origin), usize> = HashMap::new();
        for entry in &listing.sets {
            let name = entry.timestamp.to_string();
            match &entry.state {
                State::Complete(set) => {
                    let database = &set.summary().database;
                    let key = (database.engine.clone(), Origin::said(database));
                    let counted = counted.entry(key).or_default();
                    let needed = held.iter().find(|(set, _)| *set == name);
                    if let Some(needed) = needed.filter(|_| *counted >= count) {
                        plan.held.push(needed.clone());
                        plan.kept.push(needed.clone());
                    } else if *counted >= count {
                        plan.remove(set, format!("older than the newest {count}"));
                    } else if let Some(why) = uncounted(set, sink).await? {
                        plan.kept.push((name, why));
                    } else {
                        *counted += 1;
                        plan.kept.push((name, format!("one of the newest {count}")));
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
        plan.remove_litter(listing.litter);
        Ok(plan)
    }

    fn remove(&mut self, set: &Set, why: String) {
        let mut files = set.summary().files();
        // The summary first: a set whose removal is interrupted is then litter, not a damaged set.
        files.sort_by_key(|file| *file != names::summary(set.timestamp()));
        self.files.extend(files);
        self.removed.push((set.timestamp().to_string(), why));
    }

    fn remove_litter(&mut self, litter: Vec<String>) {
        for name in litter {
            if is_old(&self.folder.join(&name)) {
                self.files.push(name.clone());
                self.removed.push((
                    name,
                    "left behind by a backup that did not finish".to_owned(),
                ));
            }
        }
    }

    /// Removes what the plan says. What somebody else has removed meanwhile is gone as well.
    ///
    /// # Errors
    /// `File` for the first file that cannot be removed; what was removed before stays removed.
    pub fn apply(&self) -> Result<()> {
        for file in &self.files {
            let path = self.folder.join(file);
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::File {
                        action: "remove",
                        path: path.display().to_string(),
                        source,
                    }
                    .into());
                }
                _ => {}
            }
        }
        Ok(publish::sync_folder(&self.folder)?)
    }
}

/// Why a set cannot stand for its database, so that older ones must stay; `None` if it can.
async fn uncounted(set: &Set, sink: &Arc<dyn Sink>) -> Result<Option<String>> {
    let summary = set.summary();
    if summary.label.as_deref() == Some(SAFETY_LABEL) {
        return Ok(Some("made before a restore: not counted".to_owned()));
    }
    if summary.is_partial() {
        return Ok(Some("holds only some tables: not counted".to_owned()));
    }
    let report = verify(set, None, Depth::Hashes, sink).await?;
    Ok((!report.is_sound()).then(|| {
        format!(
            "damaged: removed by hand only ({})",
            first_of(&report.problems)
        )
    }))
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
