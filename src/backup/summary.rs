//! The manifest of a set: what it holds, sealed, and trusted only as far as its seal and its form go.
//!
//! One entry a line, so that people can read it, in compact JSON, so that it is found by searching for `"complete":true`.

use serde::{Deserialize, Serialize};

use super::history::Migrations;
use super::manifest::{Form, Stored, StoredTable, check_seal, json, seal};
use super::names;
use crate::clock::Timestamp;
use crate::db::{Column, DatabaseInfo, Engine, NotIncluded, Sequence, Unseen};
use crate::ident::TableName;
use crate::integrity::Fingerprint;

/// The format this program writes and reads.
pub const FORMAT: u32 = 1;

/// Why a table that was left out by `--tables` is in `not_included`; a set with such an entry is partial.
pub const NOT_ASKED_FOR: &str = "not among the tables asked for with `--tables`";

/// What a set holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The program that made it, with its version.
    pub tool: String,
    /// When, as in the files' names.
    pub timestamp: Timestamp,
    /// What the person called it.
    pub label: Option<String>,
    /// The database it was taken from.
    pub database: DatabaseInfo,
    /// What a migration tool had applied, where one keeps its history in the database.
    pub migrations: Option<Migrations>,
    /// The tables it holds.
    pub tables: Vec<TableSummary>,
    /// Where counters stood.
    pub sequences: Vec<Sequence>,
    /// The schema file.
    pub schema: SchemaSummary,
    /// What the database has and the set does not, and why.
    pub not_included: Vec<NotIncluded>,
}

/// One table of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSummary {
    /// Its name; without a schema where it was in the default one.
    pub name: TableName,
    /// Its file, beside the summary.
    pub file: String,
    /// How many rows.
    pub rows: u64,
    /// The size of the stored file.
    pub bytes: u64,
    /// The SHA-256 of the stored file, 64 hex digits.
    pub sha256: String,
    /// The fingerprint of its rows.
    pub fingerprint: Fingerprint,
    /// The columns its rows carry, in their order.
    pub columns: Vec<Column>,
    /// Columns of the primary key.
    pub primary_key: Vec<String>,
}

/// The schema file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaSummary {
    /// Its name, beside the summary.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, 64 hex digits.
    pub sha256: String,
}

/// Why a summary cannot be trusted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not the JSON this program writes.
    #[error("it is not a complete summary ({why})")]
    Malformed {
        /// What is wrong.
        why: String,
    },
    /// Bytes were changed since it was written.
    #[error("its seal does not match: it was changed or damaged after it was written")]
    Seal,
    /// A format of another version.
    #[error("it has format {format}, and this dbscript reads format {FORMAT}")]
    Format {
        /// What it says.
        format: u64,
    },
    /// Renamed, or a copy of another one.
    #[error("it says it is of {timestamp}, and its file name says otherwise")]
    Timestamp {
        /// What it says.
        timestamp: Timestamp,
    },
}

impl Summary {
    /// The engine the set was taken from.
    pub fn engine(&self) -> Option<Engine> {
        Engine::from_name(&self.database.engine)
    }

    /// The table of this name.
    pub fn table(&self, name: &TableName) -> Option<&TableSummary> {
        self.tables.iter().find(|table| table.name == *name)
    }

    /// Whether tables were left out on purpose, so that it cannot stand for the whole database.
    pub fn is_partial(&self) -> bool {
        self.not_included
            .iter()
            .any(|entry| entry.why == NOT_ASKED_FOR)
    }

    /// The kinds of objects of which whoever made the set was shown none, whether there were any or not.
    pub fn unseen(&self) -> Vec<String> {
        let every = self.not_included.iter();
        let every = every.filter(|entry| entry.name == Unseen::EVERY);
        every.map(|entry| entry.kind.clone()).collect()
    }

    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// Bytes of all files but the summary.
    pub fn bytes(&self) -> u64 {
        let tables: u64 = self.tables.iter().map(|table| table.bytes).sum();
        tables + self.schema.bytes
    }

    /// The names of its files: tables, schema, and the summary itself last.
    pub fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = self.tables.iter().map(|table| table.file.clone()).collect();
        files.push(self.schema.file.clone());
        files.push(names::summary(self.timestamp));
        files
    }

    /// The sealed file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{{\"format\":{FORMAT}");
        let mut put = |name: &str, json: String| {
            text.push_str(",\n \"");
            text.push_str(name);
            text.push_str("\":");
            text.push_str(&json);
        };
        put("tool", json(&self.tool));
        put("timestamp", json(&self.timestamp));
        put("backup_date", json(&self.timestamp.iso()));
        if let Some(label) = &self.label {
            put("label", json(label));
        }
        put("database", json(&self.database));
        let counts: serde_json::Map<String, serde_json::Value> = self
            .tables
            .iter()
            .map(|table| (table.name.to_string(), table.rows.into()))
            .collect();
        put("counts", json(&counts));
        if let Some(migrations) = &self.migrations {
            put("migrations", json(migrations));
        }
        let schema = self.database.default_schema.as_deref();
        let tables: Vec<String> = self
            .tables
            .iter()
            .map(|table| json(&StoredTable::new(table, schema)))
            .collect();
        put("tables", format!("[\n   {}]", tables.join(",\n   ")));
        put("sequences", json(&self.sequences));
        put("schema", json(&self.schema));
        put("not_included", json(&self.not_included));
        put("complete", json(&true));
        let mut bytes = text.into_bytes();
        seal(&mut bytes);
        bytes
    }

    /// Reads a summary, trusting nothing: format, seal, `complete`, the timestamp against that of its file's name, and
    /// that every file it names lies beside it and belongs to it.
    ///
    /// # Errors
    /// The first [`Fault`].
    pub fn from_bytes(bytes: &[u8], timestamp: Timestamp) -> Result<Summary, Fault> {
        let malformed = |error: serde_json::Error| Fault::Malformed {
            why: error.to_string(),
        };
        if bytes.is_empty() {
            return Err(Fault::Malformed {
                why: "the file is empty".to_owned(),
            });
        }
        let form: Form = serde_json::from_slice(bytes).map_err(malformed)?;
        if form.format != u64::from(FORMAT) {
            return Err(Fault::Format {
                format: form.format,
            });
        }
        check_seal(bytes)?;
        let stored: Stored = serde_json::from_slice(bytes).map_err(malformed)?;
        if stored.timestamp != timestamp {
            return Err(Fault::Timestamp {
                timestamp: stored.timestamp,
            });
        }
        stored.into_summary()
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::backup::history::Applied;

    fn timestamp() -> Timestamp {
        "2025-07-05T21-00-00-000Z".parse().expect("a timestamp")
    }

    fn sample() -> Summary {
        Summary {
            tool: "dbscript 0.1.0".to_owned(),
            timestamp: timestamp(),
            label: Some("before \"the\" change".to_owned()),
            database: DatabaseInfo {
                engine: "postgres".to_owned(),
                version: "15.18".to_owned(),
                name: "app".to_owned(),
                encoding: "UTF8".to_owned(),
                default_schema: Some("public".to_owned()),
                ..DatabaseInfo::default()
            },
            migrations: Some(Migrations {
                engine: "sqlx".to_owned(),
                applied: vec![Applied {
                    version: "1".to_owned(),
                    name: "init".to_owned(),
                    checksum: "ab".to_owned(),
                }],
            }),
            tables: ["users", "audit"].map(table).to_vec(),
            sequences: vec![Sequence {
                name: "users_id_seq".to_owned(),
                value: i64::MAX,
                called: true,
            }],
            schema: SchemaSummary {
                file: names::schema(timestamp()),
                bytes: 12,
                sha256: "00".repeat(32),
            },
            not_included: vec![],
        }
    }

    fn table(name: &str) -> TableSummary {
        TableSummary {
            name: TableName {
                schema: (name == "audit").then(|| "logs".to_owned()),
                name: name.to_owned(),
            },
            file: names::table(name, timestamp()),
            rows: 3,
            bytes: 40,
            sha256: "00".repeat(32),
            fingerprint: Fingerprint::default(),
            columns: vec![Column {
                name: "id".to_owned(),
                type_name: "bigint".to_owned(),
                ..Column::default()
            }],
            primary_key: vec!["id".to_owned()],
        }
    }

    /// The same text sealed anew, to reach the checks behind the seal.
    fn resealed(text: &str) -> Vec<u8> {
        let cut = text.rfind(",\"seal\"").expect("a seal");
        let seal = hex::encode(Sha256::digest(&text[..cut]));
        format!("{},\"seal\":\"{seal}\"}}\n", &text[..cut]).into_bytes()
    }

    #[test]
    fn a_summary_is_read_back_as_it_was_written() {
        let summary = sample();
        let bytes = summary.to_bytes();
        assert_eq!(Summary::from_bytes(&bytes, timestamp()), Ok(summary));
    }

    #[test]
    fn its_form_is_that_of_the_format() {
        let bytes = sample().to_bytes();
        let text = String::from_utf8(bytes.clone()).expect("UTF-8");
        assert!(text.starts_with("{\"format\":1,"), "{text}");
        assert!(text.contains("\"complete\":true,\"seal\":\""), "{text}");
        let value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(value["backup_date"], "2025-07-05T21:00:00.000Z");
        assert_eq!(value["counts"]["logs.audit"], 3);
        assert_eq!(value["tables"][0]["schema"], "public");
        assert_eq!(value["tables"][1]["schema"], "logs");
        let cut = text.find(",\"seal\"").expect("a seal");
        assert_eq!(value["seal"], hex::encode(Sha256::digest(&text[..cut])));
    }

    #[test]
    fn every_changed_byte_and_every_torn_end_is_noticed() {
        let bytes = sample().to_bytes();
        for at in 0..bytes.len() - 1 {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Summary::from_bytes(&changed, timestamp()).is_err(), "{at}");
            assert!(
                Summary::from_bytes(&bytes[..at], timestamp()).is_err(),
                "{at}"
            );
        }
    }

    #[test]
    fn another_format_is_named_before_its_seal_is_looked_at() {
        let fault = Summary::from_bytes(b"{\"format\":2}", timestamp());
        assert_eq!(fault, Err(Fault::Format { format: 2 }));
    }

    #[test]
    fn another_sets_summary_under_this_name_is_refused() {
        let fault = Summary::from_bytes(&sample().to_bytes(), timestamp().next());
        assert_eq!(
            fault,
            Err(Fault::Timestamp {
                timestamp: timestamp()
            })
        );
    }

    #[test]
    fn what_is_incomplete_or_points_elsewhere_is_refused_though_sealed() {
        let text = String::from_utf8(sample().to_bytes()).expect("UTF-8");
        let stem = names::table("users", timestamp());
        for (from, to) in [
            ("\"complete\":true", "\"complete\":false".to_owned()),
            (
                "\"engine\":\"postgres\"",
                "\"engine\":\"oracle\"".to_owned(),
            ),
            (stem.as_str(), format!("../{stem}")),
            (stem.as_str(), names::table("audit", timestamp())),
            (stem.as_str(), names::table("users", timestamp().next())),
            (
                "\"schema\":\"logs\",\"name\":\"audit\"",
                "\"name\":\"users\"".to_owned(),
            ),
        ] {
            let bytes = resealed(&text.replacen(from, &to, 1));
            let fault = Summary::from_bytes(&bytes, timestamp());
            assert!(
                matches!(fault, Err(Fault::Malformed { .. })),
                "{to}: {fault:?}"
            );
        }
    }

    #[test]
    fn a_set_is_partial_when_tables_were_left_out_on_purpose() {
        let mut summary = sample();
        assert!(!summary.is_partial());
        summary.not_included.push(NotIncluded {
            kind: "other".to_owned(),
            name: "comments".to_owned(),
            why: NOT_ASKED_FOR.to_owned(),
        });
        assert!(summary.is_partial());
    }
}
