//! A backup set read by FORMAT.md alone, not with the product's code: what these tests call a sound set, any other
//! program can read too.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_128;

use super::Project;

/// A set of the project's `backups/` that has been checked from end to end.
pub struct BackupSet {
    /// Its timestamp, as it stands in every file's name.
    pub timestamp: String,
    /// The manifest.
    pub summary: Value,
    /// The schema file.
    pub schema: String,
    rows: BTreeMap<String, Vec<Value>>,
}

const SUMMARY: &str = "backup-summary-";

/// The timestamps of the sets whose summary stands there, oldest first.
pub fn timestamps(project: &Project) -> Vec<String> {
    let mut found: Vec<String> = project
        .list("backups")
        .iter()
        .filter_map(|name| name.strip_prefix(SUMMARY)?.strip_suffix(".json"))
        .map(str::to_owned)
        .collect();
    found.sort();
    found
}

impl BackupSet {
    /// The newest set.
    #[track_caller]
    pub fn latest(project: &Project) -> BackupSet {
        let timestamp = timestamps(project).pop();
        BackupSet::read(project, &timestamp.expect("there is a backup"))
    }

    /// The set of this timestamp; anything that FORMAT.md does not allow fails.
    #[track_caller]
    pub fn read(project: &Project, timestamp: &str) -> BackupSet {
        let name = format!("{SUMMARY}{timestamp}.json");
        let text = project.read(&format!("backups/{name}"));
        check_seal(&text);
        let summary: Value = serde_json::from_str(&text).expect("the summary is JSON");
        assert_eq!(summary["format"], 1);
        assert_eq!(summary["complete"], true);
        assert_eq!(summary["timestamp"], timestamp);
        let mut files = vec![name, text_of(&summary["schema"]["file"])];
        let mut rows = BTreeMap::new();
        for table in summary["tables"].as_array().expect("a list of tables") {
            let file = text_of(&table["file"]);
            let content = stored(project, &file, table);
            let lines = lines(&content);
            assert_eq!(table["rows"], lines.len(), "rows of {file}");
            assert_eq!(table["fingerprint"], fingerprint(&lines), "{file}");
            let read: Vec<Value> = serde_json::from_str(&content).expect("a JSON array");
            let columns: Vec<&Value> = table["columns"]
                .as_array()
                .expect("a list of columns")
                .iter()
                .map(|column| &column["name"])
                .collect();
            for row in &read {
                let keys: Vec<&String> = row.as_object().expect("an object").keys().collect();
                assert_eq!(keys, columns, "{file}");
            }
            let mut name = text_of(&table["name"]);
            let schema = &table["schema"];
            if schema.is_string() && *schema != summary["database"]["default_schema"] {
                name = format!("{}.{name}", text_of(schema));
            }
            assert_eq!(summary["counts"][&name], lines.len(), "{name}");
            rows.insert(name, read);
            files.push(file);
        }
        let schema_file = text_of(&summary["schema"]["file"]);
        let schema = stored(project, &schema_file, &summary["schema"]);
        for part in [
            "-- dbscript: before the rows",
            "-- dbscript: after the rows",
        ] {
            assert!(schema.contains(part), "{schema_file} lacks `{part}`");
        }
        files.sort();
        let mut there = project.list("backups");
        there.retain(|name| name.contains(timestamp));
        assert_eq!(there, files, "the set's files, no more and no less");
        BackupSet {
            timestamp: timestamp.to_owned(),
            summary,
            schema,
            rows,
        }
    }

    /// A table's rows.
    #[track_caller]
    pub fn rows(&self, table: &str) -> &[Value] {
        self.rows
            .get(table)
            .unwrap_or_else(|| panic!("no `{table}` in {:?}", self.rows.keys()))
    }

    /// The tables, in name order.
    pub fn tables(&self) -> Vec<&str> {
        self.rows.keys().map(String::as_str).collect()
    }

    /// The path of a table's file.
    pub fn file(&self, project: &Project, table: &str) -> PathBuf {
        let file = format!("backups/{table}-backup-{}.json", self.timestamp);
        project.path().join(file)
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A file's text, whose size and hash must be those of its entry.
#[track_caller]
fn stored(project: &Project, file: &str, entry: &Value) -> String {
    let text = project.read(&format!("backups/{file}"));
    assert_eq!(entry["bytes"], text.len(), "bytes of {file}");
    let hash = hex::encode(Sha256::digest(&text));
    assert_eq!(entry["sha256"], hash, "hash of {file}");
    text
}

/// One row a line, between the brackets.
#[track_caller]
fn lines(content: &str) -> Vec<&str> {
    let inner = content
        .strip_prefix("[\n")
        .and_then(|rest| rest.trim_end_matches('\n').strip_suffix(']'))
        .expect("brackets on lines of their own");
    let lines: Vec<&str> = inner.lines().collect();
    let last = lines.len().saturating_sub(1);
    lines
        .iter()
        .enumerate()
        .map(|(number, line)| match line.strip_suffix(',') {
            Some(row) if number < last => row,
            None if number == last => line,
            _ => panic!("a comma too many or too few in line {number}"),
        })
        .collect()
}

fn fingerprint(lines: &[&str]) -> String {
    let add = |sum: u128, line: &&str| sum.wrapping_add(xxh3_128(line.as_bytes()));
    format!("{:032x}", lines.iter().fold(0, add))
}

/// The seal is the hash of every byte before it.
#[track_caller]
fn check_seal(summary: &str) {
    let (sealed, seal) = summary
        .rsplit_once(",\"seal\"")
        .expect("the summary has a seal");
    let seal: String = seal.chars().filter(char::is_ascii_hexdigit).collect();
    assert_eq!(seal, hex::encode(Sha256::digest(sealed)), "the seal");
}
