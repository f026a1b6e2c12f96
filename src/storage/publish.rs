//! Durable publish: temporary name in the same folder → write → fsync → rename without replacing → fsync the folder.
//!
//! A [`Draft`] owns the file's name and a [`Writer`] its contents, so that the bytes may be written on another thread
//! while the name stays with whoever decides. Until [`Draft::keep`] is called the file goes away with its draft, under
//! its temporary name or its final one: on an error, a panic, or when the work is dropped half-way. An fsync that fails
//! is fatal and never retried: the kernel may already have forgotten the pages it could not write.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempPath;

use crate::error::{self, Kind};

/// How temporary names begin; such a file is litter once its program is gone.
pub const TEMPORARY_PREFIX: &str = ".dbscript-";
/// How temporary names end.
pub const TEMPORARY_SUFFIX: &str = ".partial";

/// A file could not be made durable.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{path}`")]
pub struct Error {
    /// The verb.
    pub action: &'static str,
    /// The file or folder.
    pub path: String,
    /// The operating system's words.
    pub source: io::Error,
}

impl Error {
    fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Error {
            action,
            path: path.display().to_string(),
            source,
        }
    }

    /// Whether the name is taken.
    pub fn is_taken(&self) -> bool {
        self.source.kind() == io::ErrorKind::AlreadyExists
    }
}

/// The result of this module's functions.
pub type Result<T> = std::result::Result<T, Error>;

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let known = match error.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some((
                "disk-full",
                "free space on that disk, or name another folder",
            )),
            io::ErrorKind::FileTooLarge => Some((
                "file-too-large",
                "the file would pass the limit of that file system or account",
            )),
            io::ErrorKind::PermissionDenied => Some((
                "not-writable",
                "make that folder writable for this user, or name another one",
            )),
            io::ErrorKind::ReadOnlyFilesystem => Some((
                "read-only",
                "that file system is mounted read-only: name another folder",
            )),
            io::ErrorKind::AlreadyExists => Some((
                "taken",
                "another program has just written a file of that name",
            )),
            _ => None,
        };
        let mut converted = error::Error::wrap(Kind::Io, error);
        if let Some((code, hint)) = known {
            converted = converted.code(code).hint(hint);
        }
        converted
    }
}

/// A file's name while it is not yet decided that the file stays.
#[derive(Debug)]
pub struct Draft {
    place: Place,
}

#[derive(Debug)]
enum Place {
    Temporary(TempPath),
    Published(PathBuf),
    Kept,
}

impl Draft {
    /// Creates an empty file under a temporary name in `folder`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn begin(folder: &Path) -> Result<(Draft, Writer)> {
        let (file, path) = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .suffix(TEMPORARY_SUFFIX)
            .tempfile_in(folder)
            .map_err(|source| Error::new("create a file in", folder, bare(source)))?
            .into_parts();
        let writer = Writer::over(file, &path);
        let draft = Draft {
            place: Place::Temporary(path),
        };
        Ok((draft, writer))
    }

    /// Gives the file its name, never replacing one that is there. Its contents must be on disk ([`Writer::finish`]);
    /// the name is after [`sync_folder`]. A draft that is refused is as before, and one published already stays where it is.
    ///
    /// # Errors
    /// When the name is taken ([`Error::is_taken`]) or the folder refuses.
    pub fn publish(&mut self, path: &Path) -> Result<()> {
        let Place::Temporary(temporary) = std::mem::replace(&mut self.place, Place::Kept) else {
            return Ok(());
        };
        match temporary.persist_noclobber(path) {
            Ok(()) => {
                self.place = Place::Published(path.to_owned());
                Ok(())
            }
            Err(refused) => {
                self.place = Place::Temporary(refused.path);
                Err(Error::new("publish", path, refused.error))
            }
        }
    }

    /// The file stays from now on.
    pub fn keep(mut self) {
        if let Place::Temporary(path) = std::mem::replace(&mut self.place, Place::Kept) {
            // A file that was never given its name is not worth keeping: dropping its path removes it.
            drop(path);
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Place::Published(path) = &self.place {
            // Nobody is left to tell; what stays behind is litter by FORMAT.md and listed as that.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Writes a draft's contents, counting and hashing them.
#[derive(Debug)]
pub struct Writer {
    file: File,
    path: PathBuf,
    bytes: u64,
    hash: Sha256,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256 as 64 lower-case hex digits.
    pub sha256: String,
}

impl Writer {
    fn over(file: File, path: &Path) -> Self {
        Writer {
            file,
            path: path.to_owned(),
            bytes: 0,
            hash: Sha256::new(),
        }
    }

    /// Writes all of `piece`. Unbuffered: hand over large pieces.
    ///
    /// # Errors
    /// What the operating system refuses: a full disk, a quota.
    pub fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.file
            .write_all(piece)
            .map_err(|source| Error::new("write", &self.path, source))?;
        self.hash.update(piece);
        self.bytes += piece.len() as u64;
        Ok(())
    }

    /// Puts the contents on disk.
    ///
    /// # Errors
    /// When fsync fails: then nothing is known of what is on disk, and the file must not be published.
    pub fn finish(self) -> Result<Written> {
        self.file
            .sync_all()
            .map_err(|source| Error::new("sync", &self.path, source))?;
        Ok(Written {
            bytes: self.bytes,
            sha256: hex::encode(self.hash.finalize()),
        })
    }
}

/// Puts a folder's names on disk, so that files published in it are still there after a power cut.
///
/// # Errors
/// When fsync fails; it must not be retried.
pub fn sync_folder(folder: &Path) -> Result<()> {
    // Only Unix lets a folder be opened and synced; elsewhere the rename is as durable as the system makes it.
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| Error::new("sync the folder", folder, source))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Creates a folder and those above it, durably.
///
/// # Errors
/// When the operating system refuses, or something that is no folder has that name.
pub fn create_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)
        .map_err(|source| Error::new("create the folder", folder, source))?;
    match folder.parent() {
        Some(above) if above.is_dir() => sync_folder(above),
        _ => Ok(()),
    }
}

/// The same error without the temporary path that `tempfile` puts behind its words: ours names what matters.
fn bare(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path ") {
        Some((words, _)) => io::Error::new(error.kind(), words.to_owned()),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .expect("a readable folder")
            .map(|entry| {
                let entry = entry.expect("an entry");
                entry.file_name().to_string_lossy().into_owned()
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_kept_file_has_its_name_and_its_hash() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut draft, mut writer) = Draft::begin(folder.path()).expect("a draft");
        writer.write(b"abc").expect("written");
        let written = writer.finish().expect("on disk");
        assert_eq!(written.bytes, 3);
        assert!(written.sha256.starts_with("ba7816bf8f01cfea"));
        draft.publish(&folder.path().join("a")).expect("published");
        sync_folder(folder.path()).expect("synced");
        draft.keep();
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn a_dropped_draft_leaves_nothing_before_and_after_it_has_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let (draft, _writer) = Draft::begin(folder.path()).expect("a draft");
        assert_eq!(names(folder.path()).len(), 1);
        drop(draft);
        assert!(names(folder.path()).is_empty());
        let (mut draft, _writer) = Draft::begin(folder.path()).expect("a draft");
        draft.publish(&folder.path().join("a")).expect("published");
        drop(draft);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_panic_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_owned();
        let outcome = std::panic::catch_unwind(move || {
            let (mut draft, _writer) = Draft::begin(&path).expect("a draft");
            draft.publish(&path.join("a")).expect("published");
            panic!("half-way");
        });
        assert!(outcome.is_err());
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_name_that_is_taken_is_never_replaced_and_the_draft_may_take_another() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a"), "old").expect("written");
        let (mut draft, _writer) = Draft::begin(folder.path()).expect("a draft");
        let refused = draft.publish(&folder.path().join("a")).expect_err("taken");
        assert!(refused.is_taken());
        draft.publish(&folder.path().join("b")).expect("published");
        draft.keep();
        assert_eq!(names(folder.path()), ["a", "b"]);
        let old = std::fs::read(folder.path().join("a")).expect("readable");
        assert_eq!(old, b"old");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_named_with_the_way_out() {
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("/dev/full");
        let mut writer = Writer::over(full, Path::new("backups/users.json"));
        let refused = writer.write(b"abc").expect_err("no space");
        let error = error::Error::from(refused);
        assert_eq!(error.kind, Kind::Io);
        assert_eq!(error.code.as_deref(), Some("disk-full"));
        assert!(
            error
                .chain()
                .starts_with("cannot write `backups/users.json`: No space left"),
            "{}",
            error.chain()
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_failing_fsync_is_an_error() {
        // Character devices have no pages to sync: fsync answers EINVAL.
        let device = File::options()
            .write(true)
            .open("/dev/null")
            .expect("/dev/null");
        let writer = Writer::over(device, Path::new("backups/users.json"));
        let refused = writer.finish().expect_err("fsync fails");
        assert_eq!(refused.to_string(), "cannot sync `backups/users.json`");
    }

    #[test]
    fn a_folder_that_is_a_file_or_missing_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("none");
        let refused = Draft::begin(&missing).expect_err("no folder");
        let text = error::Error::from(refused).chain();
        assert!(text.contains("none`: No such file"), "{text}");
        assert!(!text.contains(TEMPORARY_PREFIX), "{text}");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        assert!(create_folder(&file.join("below")).is_err());
        assert!(create_folder(&file).is_err());
        create_folder(&folder.path().join("a/b")).expect("created");
    }
}
