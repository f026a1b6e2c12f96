//! The names of a set's files (FORMAT.md): what a table's name becomes, and what a file's name says.
//!
//! Names are safe on every file system: they never depend on letter case, hold no separator, and fit the usual 255 bytes
//! with room for `.zst`, `.age`.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::ident::TableName;

/// The longest an encoded table name may be, in bytes.
const LONGEST: usize = 180;
/// How many hex digits of the hash end a name that was cut.
const HASH_DIGITS: usize = 8;
/// The length of a timestamp in a file's name.
const TIMESTAMP: usize = "2025-07-05T21-00-00-000Z".len();

/// What a file's name says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The manifest.
    Summary,
    /// The schema.
    Schema,
    /// A table's rows.
    Table,
}

/// What a file's name says, if it is that of a set's file. Endings of compressed and encrypted files are seen through.
pub fn parse(file: &str) -> Option<(Role, Timestamp)> {
    let file = file.strip_suffix(".age").unwrap_or(file);
    let file = file.strip_suffix(".zst").unwrap_or(file);
    let (stem, json) = match file.strip_suffix(".json") {
        Some(stem) => (stem, true),
        None => (file.strip_suffix(".sql")?, false),
    };
    let cut = stem.len().checked_sub(TIMESTAMP)?;
    if !stem.is_char_boundary(cut) {
        return None;
    }
    let (before, timestamp) = stem.split_at(cut);
    let timestamp = timestamp.parse().ok()?;
    let before = before.strip_suffix('-')?;
    let role = match (before, json) {
        ("backup-summary", true) => Role::Summary,
        ("schema-backup", false) => Role::Schema,
        (table, true) if table.ends_with("-backup") => Role::Table,
        _ => return None,
    };
    Some((role, timestamp))
}

/// The manifest's name.
pub fn summary(timestamp: Timestamp) -> String {
    format!("backup-summary-{timestamp}.json")
}

/// The schema file's name.
pub fn schema(timestamp: Timestamp) -> String {
    format!("schema-backup-{timestamp}.sql")
}

/// The name of a table's file, from its [`stems`].
pub fn table(stem: &str, timestamp: Timestamp) -> String {
    format!("{stem}-backup-{timestamp}.json")
}

/// What stands for each table of one set in its file's name, in the order given; no two are equal, not even on a file
/// system that ignores letter case.
pub fn stems(tables: &[&TableName]) -> Vec<String> {
    let mut cases: HashMap<String, usize> = HashMap::new();
    for table in tables {
        *cases
            .entry(encode(table, false).to_ascii_lowercase())
            .or_default() += 1;
    }
    tables
        .iter()
        .map(|table| {
            let encoded = encode(table, false);
            let unique = cases.get(&encoded.to_ascii_lowercase()) == Some(&1);
            cut(if unique { encoded } else { encode(table, true) })
        })
        .collect()
}

fn encode(table: &TableName, upper_too: bool) -> String {
    let mut encoded = String::new();
    if let Some(schema) = &table.schema {
        push_encoded(&mut encoded, schema, upper_too);
        encoded.push('.');
    }
    push_encoded(&mut encoded, &table.name, upper_too);
    encoded
}

fn push_encoded(encoded: &mut String, name: &str, upper_too: bool) {
    for byte in name.bytes() {
        let plain = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if plain && !(upper_too && byte.is_ascii_uppercase()) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
}

fn cut(mut encoded: String) -> String {
    if encoded.len() <= LONGEST {
        return encoded;
    }
    let hash = hex::encode(Sha256::digest(&encoded));
    encoded.truncate(LONGEST - HASH_DIGITS - 1);
    encoded.push('~');
    encoded.push_str(&hash[..HASH_DIGITS]);
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn stems_of(names: &[&str]) -> Vec<String> {
        let tables: Vec<TableName> = names.iter().map(|name| TableName::plain(*name)).collect();
        stems(&tables.iter().collect::<Vec<_>>())
    }

    #[test]
    fn names_are_percent_encoded_byte_by_byte() {
        assert_eq!(
            stems_of(&[
                "users",
                "Order-Items_2",
                "a.b",
                "a/b",
                "größe",
                "100%",
                "../x"
            ]),
            [
                "users",
                "Order-Items_2",
                "a%2Eb",
                "a%2Fb",
                "gr%C3%B6%C3%9Fe",
                "100%25",
                "%2E%2E%2Fx"
            ]
        );
        let table = TableName {
            schema: Some("my.app".to_owned()),
            name: "users".to_owned(),
        };
        assert_eq!(stems(&[&table]), ["my%2Eapp.users"]);
    }

    #[test]
    fn upper_case_is_encoded_only_where_names_differ_in_nothing_else() {
        assert_eq!(
            stems_of(&["users", "Users", "USERS", "Comments"]),
            ["users", "%55sers", "%55%53%45%52%53", "Comments"]
        );
    }

    #[test]
    fn long_names_are_cut_and_told_apart_by_their_hash() {
        let long = "ä".repeat(100);
        let longer = format!("{long}x");
        let stems = stems_of(&[&long, &longer, &"u".repeat(180)]);
        assert_eq!(stems[0].len(), 180);
        assert_eq!(&stems[0][171..172], "~");
        assert_ne!(stems[0], stems[1]);
        assert_eq!(stems[2], "u".repeat(180));
    }

    #[test]
    fn a_file_name_says_what_it_is() {
        let timestamp: Timestamp = "2025-07-05T21-00-00-000Z".parse().expect("a timestamp");
        let cases = [
            (summary(timestamp), Some(Role::Summary)),
            (schema(timestamp), Some(Role::Schema)),
            (table("users", timestamp), Some(Role::Table)),
            (table("schema", timestamp), Some(Role::Table)),
            (table("backup-summary", timestamp), Some(Role::Table)),
            (
                format!("{}.zst.age", table("users", timestamp)),
                Some(Role::Table),
            ),
            (format!("notes-{timestamp}.json"), None),
            (format!("ä{}", &summary(timestamp)[1..]), None),
            (
                "users-backup-2025-13-05T21-00-00-000Z.json".to_owned(),
                None,
            ),
            ("ääääääääääääääääääääää.json".to_owned(), None),
            (".json".to_owned(), None),
            ("README.md".to_owned(), None),
        ];
        for (name, role) in cases {
            assert_eq!(parse(&name), role.map(|role| (role, timestamp)), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_two_tables_of_a_set_share_a_file(names in prop::collection::hash_set("[aAbB.%~_é/\\-]{0,6}", 1..12), schema in "[aA.]{0,2}") {
            let tables: Vec<TableName> = names
                .iter()
                .enumerate()
                .map(|(index, name)| TableName {
                    schema: (index % 2 == 0 && !schema.is_empty()).then(|| schema.clone()),
                    name: name.clone(),
                })
                .collect();
            let stems = stems(&tables.iter().collect::<Vec<_>>());
            let mut folded: Vec<String> = stems.iter().map(|stem| stem.to_lowercase()).collect();
            folded.sort();
            folded.dedup();
            prop_assert_eq!(folded.len(), tables.len());
            for stem in stems {
                prop_assert!(stem.len() <= LONGEST);
                prop_assert!(stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-%.~".contains(&byte)));
            }
        }

        #[test]
        fn no_file_name_panics(name in ".{0,60}") {
            parse(&name);
        }
    }
}
