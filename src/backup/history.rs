//! What the summary keeps of a migration tool's history table, read from the very rows the set holds.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::ident::TableName;

/// A migration tool's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migrations {
    /// `sqlx` or `prisma`.
    pub engine: String,
    /// What was applied, in the order of the history table.
    pub applied: Vec<Applied>,
}

/// One applied migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Its version; Prisma's is the folder's name.
    pub version: String,
    /// Its description.
    pub name: String,
    /// Lower-case hex.
    pub checksum: String,
}

/// Whose history a table is: `sqlx`, `prisma`, or nobody's.
pub fn keeper(table: &TableName) -> Option<&'static str> {
    match table.name.as_str() {
        "_sqlx_migrations" => Some("sqlx"),
        "_prisma_migrations" => Some("prisma"),
        _ => None,
    }
}

/// Reads one line of a history table; `None` for a migration that did not succeed, was rolled back, or makes no sense.
pub fn applied(keeper: &str, line: &[u8]) -> Option<Applied> {
    let row: HashMap<String, &RawValue> = serde_json::from_slice(line).ok()?;
    let text = |name: &str| {
        let value: serde_json::Value = serde_json::from_str(row.get(name)?.get()).ok()?;
        match value {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text),
            serde_json::Value::Object(wrapped) => {
                let inner = wrapped.values().next()?;
                Some(inner.as_str()?.to_owned())
            }
            other => Some(other.to_string()),
        }
    };
    if keeper == "sqlx" {
        let success = text("success")?;
        (success == "true" || success == "1").then_some(())?;
        return Some(Applied {
            version: text("version")?,
            name: text("description")?,
            checksum: text("checksum")?,
        });
    }
    (text("finished_at").is_some() && text("rolled_back_at").is_none()).then_some(())?;
    let name = text("migration_name")?;
    Some(Applied {
        version: name.clone(),
        name,
        checksum: text("checksum")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlx_rows_of_every_engine_are_read() {
        for success in ["true", "1"] {
            let line = format!(
                r#"{{"version":20250101000000,"description":"init","success":{success},"checksum":{{"$hex":"00ff"}}}}"#
            );
            let applied = applied("sqlx", line.as_bytes()).expect("applied");
            assert_eq!(applied.version, "20250101000000");
            assert_eq!(applied.checksum, "00ff");
        }
        let failed = br#"{"version":1,"description":"x","success":0,"checksum":{"$hex":"00"}}"#;
        assert_eq!(applied("sqlx", failed), None);
        let huge = br#"{"version":{"$int":"9007199254740993"},"description":"x","success":1,"checksum":{"$hex":"00"}}"#;
        let huge = applied("sqlx", huge).expect("applied");
        assert_eq!(huge.version, "9007199254740993");
    }

    #[test]
    fn prisma_rows_that_failed_or_were_rolled_back_are_not_applied() {
        let row = |finished: &str, rolled_back: &str| {
            let line = format!(
                r#"{{"checksum":"ab","finished_at":{finished},"migration_name":"1_init","rolled_back_at":{rolled_back}}}"#
            );
            applied("prisma", line.as_bytes()).map(|applied| applied.version)
        };
        assert_eq!(row("1732269367775", "null"), Some("1_init".to_owned()));
        assert_eq!(row("null", "null"), None);
        assert_eq!(row("1732269367775", "1732269367775"), None);
    }

    #[test]
    fn what_is_no_row_is_no_migration() {
        for line in ["", "[]", "{}", "{\"version\":1}", "\u{0}"] {
            assert_eq!(applied("sqlx", line.as_bytes()), None);
            assert_eq!(applied("prisma", line.as_bytes()), None);
        }
    }
}
