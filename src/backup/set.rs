//! One set in its folder: its summary, what its files' sizes say, and its contents.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::names;
use super::schema_file;
use super::summary::{Summary, TableSummary};
use super::table_reader::TableReader;
use super::written::{choose, label};
use crate::clock::Timestamp;
use crate::db::SchemaSql;
use crate::event::counted;
use crate::ident::TableName;

/// Larger than any summary; a file beyond it is not read into memory.
const LARGEST_SUMMARY: u64 = 256 << 20;

/// A set whose summary is sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    folder: PathBuf,
    summary: Summary,
}

/// Something wrong with a set: where and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The file, as it is named in the backups folder.
    pub file: String,
    /// The table whose rows it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The row, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.file)?;
        if let Some(row) = self.row {
            write!(formatter, ", row {row}")?;
        }
        write!(formatter, ": {}", self.message)
    }
}

/// The first problem and how many more there are, for a message.
pub(super) fn first_of(problems: &[Problem]) -> String {
    match problems {
        [] => "no problem".to_owned(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

impl Set {
    /// Reads the summary of this timestamp and trusts it only if it is sound.
    ///
    /// # Errors
    /// `Unreadable` for a summary that cannot be trusted, `File` for one that the operating system does not give.
    pub fn open(folder: &Path, timestamp: Timestamp) -> Result<Set> {
        let file = names::summary(timestamp);
        let path = folder.join(&file);
        let failed = |source| Error::File {
            action: "read",
            path: path.display().to_string(),
            source,
        };
        let mut bytes = Vec::new();
        let opened = File::open(&path).map_err(failed)?;
        opened
            .take(LARGEST_SUMMARY)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        let summary =
            Summary::from_bytes(&bytes, timestamp).map_err(|fault| Error::Unreadable {
                file,
                why: fault.to_string(),
                older: None,
            })?;
        Ok(Set::new(folder, summary))
    }

    pub(super) fn new(folder: &Path, summary: Summary) -> Set {
        Set {
            folder: folder.to_owned(),
            summary,
        }
    }

    /// The same set with the names of its tables in small letters.
    pub(super) fn lowered(&self) -> Set {
        let mut set = self.clone();
        for table in &mut set.summary.tables {
            table.name.name = table.name.name.to_lowercase();
        }
        for counter in &mut set.summary.sequences {
            counter.name = counter.name.to_lowercase();
        }
        set
    }

    /// Its schema file.
    pub fn schema_path(&self) -> PathBuf {
        self.folder.join(&self.summary.schema.file)
    }

    /// The folder it lies in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What names without a schema mean in it, where the engine has schemas.
    pub fn naming(&self) -> Option<&str> {
        self.summary.database.default_schema.as_deref()
    }

    /// What it holds.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Which it is.
    pub fn timestamp(&self) -> Timestamp {
        self.summary.timestamp
    }

    /// Where one of its files lies.
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// What its files' sizes tell: missing ones and those of another size. Nothing is read.
    ///
    /// # Errors
    /// `File` when the operating system does not say.
    pub fn size_problems(&self) -> Result<Vec<Problem>> {
        let summary = &self.summary;
        let tables = summary
            .tables
            .iter()
            .map(|table| (&table.file, table.bytes, Some(table.name.to_string())));
        let all = tables.chain([(&summary.schema.file, summary.schema.bytes, None)]);
        let mut problems = Vec::new();
        for (file, bytes, table) in all {
            if let Some(message) = self.size_problem(file, bytes)? {
                problems.push(Problem {
                    file: file.clone(),
                    table,
                    row: None,
                    message,
                });
            }
        }
        Ok(problems)
    }

    /// What one file's size tells, if it is not what the summary says.
    ///
    /// # Errors
    /// `File` when the operating system does not say.
    pub(super) fn size_problem(&self, file: &str, bytes: u64) -> Result<Option<String>> {
        let path = self.path(file);
        match std::fs::metadata(&path) {
            Ok(found) if !found.is_file() => Ok(Some("is not a file".to_owned())),
            Ok(found) if found.len() == bytes => Ok(None),
            Ok(found) => Ok(Some(format!(
                "has {}, and the summary says {bytes}",
                counted(found.len(), "byte")
            ))),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(Some("is missing".to_owned()))
            }
            Err(source) => Err(Error::File {
                action: "look at",
                path: path.display().to_string(),
                source,
            }),
        }
    }

    /// The tables of these names, or all of them, as [`choose`] finds them.
    ///
    /// # Errors
    /// `UnknownTable`, `AlikeTables`, `NoTableNamed`.
    pub fn tables(&self, names: Option<&[String]>) -> Result<Vec<&TableSummary>> {
        let known: Vec<&TableName> = self
            .summary
            .tables
            .iter()
            .map(|table| &table.name)
            .collect();
        let place = format!("the backup {}", self.timestamp());
        let chosen = choose(&known, self.naming(), names, &place)?;
        Ok(chosen
            .into_iter()
            .map(|index| &self.summary.tables[index])
            .collect())
    }

    /// A table's name in lists: no other table of the set is called so.
    pub fn label(&self, table: &TableName) -> String {
        let tables = self.summary.tables.iter();
        label(table, tables.map(|table| &table.name))
    }

    /// Opens the rows of a table as a stream of lines.
    ///
    /// # Errors
    /// `File` when it cannot be opened.
    pub fn rows(&self, table: &TableSummary) -> Result<TableReader> {
        TableReader::open(&self.path(&table.file))
    }

    /// The SQL that rebuilds its schema. Its hash is checked on the way.
    ///
    /// # Errors
    /// `File`; `Damaged` when the file is not the one the summary names.
    pub fn schema(&self) -> Result<SchemaSql> {
        let summary = &self.summary.schema;
        let damaged = |why: String| Error::Damaged {
            timestamp: self.timestamp(),
            why: format!("`{}`: {why}", summary.file),
            older: None,
        };
        if let Some(why) = self.size_problem(&summary.file, summary.bytes)? {
            return Err(damaged(why));
        }
        let path = self.path(&summary.file);
        let bytes = std::fs::read(&path).map_err(|source| Error::File {
            action: "read",
            path: path.display().to_string(),
            source,
        })?;
        if sha256(&bytes) != summary.sha256 {
            return Err(damaged("its SHA-256 is not the summary's".to_owned()));
        }
        let text = String::from_utf8(bytes).map_err(|error| damaged(error.to_string()))?;
        schema_file::read(&text).map_err(|error| damaged(error.to_string()))
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(bytes))
}
