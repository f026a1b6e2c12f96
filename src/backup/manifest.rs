//! The summary's stored form: its seal, and the checks that stand between a file and a [`Summary`].

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::history::Migrations;
use super::names;
use super::summary::{Fault, SchemaSummary, Summary, TableSummary};
use crate::clock::Timestamp;
use crate::db::{Column, DatabaseInfo, Engine, NotIncluded, Sequence};
use crate::ident::TableName;
use crate::integrity::Fingerprint;

/// What stands before the seal's value; the seal is the SHA-256 of every byte before this.
const SEAL: &[u8] = b",\"seal\":\"";
/// How many hex digits a SHA-256 has.
const SHA256_DIGITS: usize = 64;

/// Closes a summary that lacks only its seal and its last brace.
pub(super) fn seal(bytes: &mut Vec<u8>) {
    let seal = hex::encode(Sha256::digest(&bytes));
    bytes.extend_from_slice(SEAL);
    bytes.extend_from_slice(seal.as_bytes());
    bytes.extend_from_slice(b"\"}\n");
}

/// The seal's value must be the SHA-256 of all before it, and nothing but the closing brace may follow it.
pub(super) fn check_seal(bytes: &[u8]) -> Result<(), Fault> {
    let closed = bytes
        .trim_ascii_end()
        .strip_suffix(b"\"}")
        .ok_or(Fault::Seal)?;
    let (before, seal) = closed
        .len()
        .checked_sub(SHA256_DIGITS)
        .map(|cut| closed.split_at(cut))
        .ok_or(Fault::Seal)?;
    let sealed = before.strip_suffix(SEAL).ok_or(Fault::Seal)?;
    if hex::encode(Sha256::digest(sealed)).as_bytes() == seal {
        Ok(())
    } else {
        Err(Fault::Seal)
    }
}

/// JSON of a value whose every key is a string: it cannot fail.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// As much as every format has.
#[derive(Deserialize)]
pub(super) struct Form {
    pub(super) format: u64,
}

/// The file's form; `counts` and `backup_date` repeat what stands elsewhere.
#[derive(Deserialize)]
pub(super) struct Stored {
    tool: String,
    pub(super) timestamp: Timestamp,
    label: Option<String>,
    database: DatabaseInfo,
    migrations: Option<Migrations>,
    tables: Vec<StoredTable>,
    #[serde(default)]
    sequences: Vec<Sequence>,
    schema: SchemaSummary,
    #[serde(default)]
    not_included: Vec<NotIncluded>,
    complete: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredTable {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    name: String,
    file: String,
    rows: u64,
    bytes: u64,
    sha256: String,
    fingerprint: Fingerprint,
    columns: Vec<Column>,
    primary_key: Vec<String>,
}

impl StoredTable {
    pub(super) fn new(table: &TableSummary, default_schema: Option<&str>) -> Self {
        let schema = table.name.schema.as_deref().or(default_schema);
        StoredTable {
            schema: schema.map(str::to_owned),
            name: table.name.name.clone(),
            file: table.file.clone(),
            rows: table.rows,
            bytes: table.bytes,
            sha256: table.sha256.clone(),
            fingerprint: table.fingerprint,
            columns: table.columns.clone(),
            primary_key: table.primary_key.clone(),
        }
    }

    fn into_table(self, default_schema: Option<&str>) -> TableSummary {
        TableSummary {
            name: TableName {
                schema: self
                    .schema
                    .filter(|schema| Some(schema.as_str()) != default_schema),
                name: self.name,
            },
            file: self.file,
            rows: self.rows,
            bytes: self.bytes,
            sha256: self.sha256,
            fingerprint: self.fingerprint,
            columns: self.columns,
            primary_key: self.primary_key,
        }
    }
}

impl Stored {
    pub(super) fn into_summary(self) -> Result<Summary, Fault> {
        let malformed = |why: String| Err(Fault::Malformed { why });
        if !self.complete {
            return malformed("`complete` is not true".to_owned());
        }
        if Engine::from_name(&self.database.engine).is_none() {
            return malformed(format!("unknown engine `{}`", self.database.engine));
        }
        let schema = self.database.default_schema.clone();
        let tables: Vec<TableSummary> = self
            .tables
            .into_iter()
            .map(|table| table.into_table(schema.as_deref()))
            .collect();
        let mut seen = HashSet::new();
        let files = tables
            .iter()
            .map(|table| (&table.file, names::Role::Table))
            .chain([(&self.schema.file, names::Role::Schema)]);
        for (file, role) in files {
            // A separator in a name would let a summary point out of its folder.
            let inside = !file.contains(['/', '\\', ':', '\0']);
            if !inside || names::parse(file) != Some((role, self.timestamp)) || !seen.insert(file) {
                return malformed(format!("`{file}` is not a file of this set"));
            }
        }
        let mut names = HashSet::new();
        if let Some(twice) = tables.iter().find(|table| !names.insert(&table.name)) {
            return malformed(format!("the table `{}` stands in it twice", twice.name));
        }
        Ok(Summary {
            tool: self.tool,
            timestamp: self.timestamp,
            label: self.label,
            database: self.database,
            migrations: self.migrations,
            tables,
            sequences: self.sequences,
            schema: self.schema,
            not_included: self.not_included,
        })
    }
}
