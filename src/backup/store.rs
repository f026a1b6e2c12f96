//! The folder sets lie in: which there are, in what state, and which one is meant.

mod meant;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::names::{self, Role};
use super::origin::Origin;
use super::set::{Problem, Set, first_of};
use crate::clock::Timestamp;
use crate::db::{DatabaseInfo, Target};
use crate::event::Sink;
use crate::storage::publish::{TEMPORARY_PREFIX, TEMPORARY_SUFFIX};

/// The label of the sets made before a restore changes anything.
pub const SAFETY_LABEL: &str = "before-restore";

/// How scratch databases are named by `db` (`Target::scratch`).
const SCRATCH_PREFIX: &str = ".scratch-";

/// How many near timestamps an error names.
const NEAR: usize = 3;

/// A backups folder. It need not exist: then it holds no set.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// One set as far as its summary and its files' sizes tell.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which.
    pub timestamp: Timestamp,
    /// In what state.
    pub state: State,
}

/// The state of a set.
#[derive(Clone, Debug)]
pub enum State {
    /// Every file is there and has its size.
    Complete(Set),
    /// A file is missing or has another size.
    Damaged {
        /// The set; tables without a problem are sound as far as sizes tell.
        set: Set,
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// The summary cannot be trusted.
    Unreadable {
        /// The summary's name.
        file: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Entry {
    /// The set, if its summary is sound.
    pub fn set(&self) -> Option<&Set> {
        match &self.state {
            State::Complete(set) | State::Damaged { set, .. } => Some(set),
            State::Unreadable { .. } => None,
        }
    }

    /// The database it was made of, where that can be read.
    pub fn made_of(&self) -> Option<&DatabaseInfo> {
        Some(&self.set()?.summary().database)
    }

    /// The set, if it is complete.
    ///
    /// # Errors
    /// `Damaged` or `Unreadable`, with what is wrong.
    pub fn complete(self) -> Result<Set> {
        match self.state {
            State::Complete(set) => Ok(set),
            State::Damaged { problems, .. } => Err(Error::Damaged {
                timestamp: self.timestamp,
                why: first_of(&problems),
                older: None,
            }),
            State::Unreadable { file, why } => Err(Error::Unreadable {
                file,
                why,
                older: None,
            }),
        }
    }

    /// Why it cannot be used, if it cannot.
    pub fn fault(&self) -> Option<String> {
        match &self.state {
            State::Complete(_) => None,
            State::Damaged { problems, .. } => Some(format!("damaged: {}", first_of(problems))),
            State::Unreadable { file, why } => Some(format!("`{file}` is unreadable: {why}")),
        }
    }
}

/// What a folder holds.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The sets, newest first.
    pub sets: Vec<Entry>,
    /// Names of files that belong to no set: what a killed backup left behind.
    pub litter: Vec<String>,
}

impl Store {
    /// The store in this folder.
    pub fn open(folder: &Path) -> Store {
        Store {
            folder: folder.to_owned(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The database at this address, as its sets here know it.
    pub fn origin(&self, target: &Target) -> Origin {
        Origin::of(target, &self.folder)
    }

    /// Every set and all litter. Reads summaries and sizes, no rows.
    ///
    /// # Errors
    /// `File` when the folder or a file's size cannot be looked at; a summary that cannot be trusted is an entry.
    pub fn list(&self) -> Result<Listing> {
        let mut with_summary: BTreeMap<Timestamp, bool> = BTreeMap::new();
        let mut files = Vec::new();
        let mut litter = Vec::new();
        for name in self.names()? {
            match names::parse(&name) {
                Some((role, timestamp)) => {
                    *with_summary.entry(timestamp).or_default() |=
                        name == names::summary(timestamp);
                    files.push((name, role, timestamp));
                }
                None if is_temporary(&name) => litter.push(name),
                None => {}
            }
        }
        for (name, role, timestamp) in files {
            if !with_summary.get(&timestamp).is_some_and(|found| *found) && role != Role::Summary {
                litter.push(name);
            }
        }
        litter.sort();
        let sets = with_summary
            .into_iter()
            .rev()
            .filter(|(_, found)| *found)
            .map(|(timestamp, _)| self.look_at(timestamp))
            .collect::<Result<Vec<Entry>>>()?;
        Ok(Listing { sets, litter })
    }

    /// The set that is meant by `latest` or a timestamp, in whatever state it is: `latest` is the newest of all.
    ///
    /// # Errors
    /// `NoBackup`, `Unknown`, `File`.
    pub fn entry(&self, which: &str) -> Result<Entry> {
        let timestamps = self.timestamps()?;
        let Some(newest) = timestamps.first() else {
            return Err(self.no_backup());
        };
        if which == "latest" {
            return self.look_at(*newest);
        }
        let wanted = which.parse::<Timestamp>().ok();
        match wanted.filter(|wanted| timestamps.contains(wanted)) {
            Some(timestamp) => self.look_at(timestamp),
            None => Err(Error::Unknown {
                which: which.to_owned(),
                near: near(which, &timestamps),
            }),
        }
    }

    /// The newest set of this database, if there is one.
    ///
    /// # Errors
    /// `Damaged` and `Unreadable`, with the newest older set that is whole as far as sizes tell; `File`.
    pub fn newest(&self, of: &Origin) -> Result<Option<Entry>> {
        for timestamp in self.timestamps()? {
            let entry = self.look_at(timestamp)?;
            if entry.made_of().is_some_and(|info| !of.made(info)) {
                continue;
            }
            return match entry.clone().complete() {
                Ok(_) => Ok(Some(entry)),
                Err(error) => Err(error.with_older(self.older_than(timestamp, Some(of)))),
            };
        }
        Ok(None)
    }

    /// As [`Store::meant`], but only if it is complete.
    ///
    /// # Errors
    /// As [`Store::meant`]; `Damaged` and `Unreadable`, with the newest older set that is whole as far as sizes tell.
    pub fn find(&self, which: &str, of: Option<&Origin>, sink: &dyn Sink) -> Result<Set> {
        let entry = self.meant(which, of, sink)?;
        let timestamp = entry.timestamp;
        entry
            .complete()
            .map_err(|error| error.with_older(self.older_than(timestamp, of)))
    }

    /// The newest set before this one, of this database if one is given, that is complete as far as sizes tell; what cannot be looked at is not offered.
    pub(super) fn older_than(
        &self,
        timestamp: Timestamp,
        of: Option<&Origin>,
    ) -> Option<Timestamp> {
        let older = self.timestamps().ok()?.into_iter();
        let serves = |entry: Entry| {
            let is_its = |of: &Origin| entry.made_of().is_some_and(|info| of.made(info));
            entry.fault().is_none() && of.is_none_or(is_its)
        };
        older
            .filter(|older| *older < timestamp)
            .find(|older| self.look_at(*older).is_ok_and(serves))
    }

    /// The first timestamp from `wanted` on that no file in the folder bears.
    ///
    /// # Errors
    /// `File` when the folder cannot be read.
    pub(super) fn free_timestamp(&self, wanted: Timestamp) -> Result<Timestamp> {
        let taken: std::collections::HashSet<Timestamp> = self
            .names()?
            .iter()
            .filter_map(|name| names::parse(name).map(|(_, timestamp)| timestamp))
            .collect();
        let mut free = wanted;
        while taken.contains(&free) {
            free = free.next();
        }
        Ok(free)
    }

    fn look_at(&self, timestamp: Timestamp) -> Result<Entry> {
        let state = match Set::open(&self.folder, timestamp) {
            Ok(set) => match set.size_problems()? {
                problems if problems.is_empty() => State::Complete(set),
                problems => State::Damaged { set, problems },
            },
            Err(Error::Unreadable { file, why, .. }) => State::Unreadable { file, why },
            Err(Error::File { source, .. }) => State::Unreadable {
                file: names::summary(timestamp),
                why: source.to_string(),
            },
            Err(error) => return Err(error),
        };
        Ok(Entry { timestamp, state })
    }

    /// The timestamps of all summaries, newest first.
    fn timestamps(&self) -> Result<Vec<Timestamp>> {
        let mut timestamps: Vec<Timestamp> = self
            .names()?
            .iter()
            .filter_map(|name| {
                let (_, timestamp) = names::parse(name)?;
                (*name == names::summary(timestamp)).then_some(timestamp)
            })
            .collect();
        timestamps.sort_unstable_by(|one, other| other.cmp(one));
        Ok(timestamps)
    }

    fn names(&self) -> Result<Vec<String>> {
        let failed = |source| Error::File {
            action: "read the folder",
            path: self.folder.display().to_string(),
            source,
        };
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(source)),
        };
        let mut names = Vec::new();
        for entry in entries {
            // A name that is not UTF-8 is none of ours.
            if let Ok(name) = entry.map_err(failed)?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn no_backup(&self) -> Error {
        Error::NoBackup {
            folder: self.folder.display().to_string(),
        }
    }
}

fn is_temporary(name: &str) -> bool {
    (name.starts_with(TEMPORARY_PREFIX) && name.ends_with(TEMPORARY_SUFFIX))
        || name.starts_with(SCRATCH_PREFIX)
}

/// The timestamps that share most of their beginning with what was asked for; the newest ones among equals.
fn near(which: &str, timestamps: &[Timestamp]) -> Vec<String> {
    let shared = |timestamp: &String| {
        let pairs = timestamp.bytes().zip(which.bytes());
        pairs.take_while(|(one, other)| one == other).count()
    };
    let mut names: Vec<String> = timestamps.iter().map(Timestamp::to_string).collect();
    names.sort_by_key(|name| std::cmp::Reverse(shared(name)));
    names.truncate(NEAR);
    names
}
