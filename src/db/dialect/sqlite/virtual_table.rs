//! Which virtual tables a backup carries, and how (FORMAT.md): through their content, never through shadow tables.

use super::catalog::Entry;

/// How a virtual table is backed up.
#[derive(Debug, PartialEq)]
pub(super) enum Virtual {
    /// Its rows are read and inserted like a table's; `rowid` says whether the rowid goes with them.
    Carried {
        /// The module, lower case.
        module: String,
        /// Whether rows are known by rowid.
        rowid: bool,
    },
    /// It indexes another table's rows and is rebuilt from them.
    Derived,
    /// Its content cannot be read back.
    NotCarried {
        /// Why.
        why: String,
    },
}

/// Reads the module and its options from the CREATE VIRTUAL TABLE statement.
pub(super) fn classify(sql: &str) -> Virtual {
    let lower = sql.to_ascii_lowercase();
    let Some(rest) = lower
        .split_once(" using ")
        .map(|(_, rest)| rest.trim_start())
    else {
        return Virtual::NotCarried {
            why: "its module is not known".to_owned(),
        };
    };
    let module: String = rest
        .chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect();
    match module.as_str() {
        "fts5" | "fts4" | "fts3" => match content_option(rest) {
            Some(content) if content.is_empty() => Virtual::NotCarried {
                why: format!("a contentless {module} table keeps no text to read back"),
            },
            Some(_) => Virtual::Derived,
            None => Virtual::Carried {
                module,
                rowid: true,
            },
        },
        "rtree" | "rtree_i32" | "geopoly" => Virtual::Carried {
            rowid: module == "geopoly",
            module,
        },
        _ => Virtual::NotCarried {
            why: format!("the module `{module}` keeps its rows elsewhere"),
        },
    }
}

/// The value of the `content=` option of an FTS table.
fn content_option(arguments: &str) -> Option<String> {
    let start = arguments.find('(')? + 1;
    arguments[start..].split(',').find_map(|argument| {
        let (name, value) = argument.split_once('=')?;
        (name.trim() == "content").then(|| {
            value
                .trim()
                .trim_end_matches(')')
                .trim()
                .trim_matches(['\'', '"', '`', '[', ']'])
                .to_owned()
        })
    })
}

/// Whether a rowid that no column shows must survive: another object of the schema speaks of this table and of rowids.
pub(super) fn something_depends_on_rowid(table: &str, entries: &[Entry]) -> bool {
    let table = table.to_ascii_lowercase();
    entries.iter().any(|entry| {
        let Some(sql) = entry.sql.as_deref().map(str::to_ascii_lowercase) else {
            return false;
        };
        match entry.kind.as_str() {
            "view" | "trigger" => {
                mentions(&sql, &table)
                    && ["rowid", "_rowid_", "oid"]
                        .iter()
                        .any(|word| mentions(&sql, word))
            }
            "table" if sql.starts_with("create virtual") => {
                content_option(&sql).is_some_and(|content| content == table)
            }
            _ => false,
        }
    })
}

/// Whether the word stands in the text, not inside a longer word.
fn mentions(text: &str, word: &str) -> bool {
    let part_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(start, _)| {
        !text[..start].chars().next_back().is_some_and(part_of_word)
            && !text[start + word.len()..]
                .chars()
                .next()
                .is_some_and(part_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_told_apart() {
        let carried = |module: &str, rowid| Virtual::Carried {
            module: module.to_owned(),
            rowid,
        };
        assert_eq!(
            classify("CREATE VIRTUAL TABLE t USING fts5(a, b)"),
            carried("fts5", true)
        );
        assert_eq!(
            classify("CREATE VIRTUAL TABLE t USING FTS5(a, content = 'posts')"),
            Virtual::Derived
        );
        assert_eq!(
            classify("CREATE VIRTUAL TABLE t USING rtree(id, a, b)"),
            carried("rtree", false)
        );
        assert!(matches!(
            classify("CREATE VIRTUAL TABLE t USING fts5(a, content='')"),
            Virtual::NotCarried { .. }
        ));
        assert!(matches!(
            classify("CREATE VIRTUAL TABLE t USING csv(filename='x')"),
            Virtual::NotCarried { .. }
        ));
    }

    #[test]
    fn rowids_matter_only_where_something_names_them() {
        let entry = |kind: &str, sql: &str| Entry {
            kind: kind.to_owned(),
            name: "x".to_owned(),
            table: "x".to_owned(),
            sql: Some(sql.to_owned()),
        };
        let trigger = [entry(
            "trigger",
            "CREATE TRIGGER x AFTER DELETE ON notes BEGIN DELETE FROM log WHERE id = old.rowid; END",
        )];
        assert!(something_depends_on_rowid("notes", &trigger));
        assert!(!something_depends_on_rowid("note", &trigger));
        let external = [entry(
            "table",
            "CREATE VIRTUAL TABLE x USING fts5(body, content='notes')",
        )];
        assert!(something_depends_on_rowid("Notes", &external));
        assert!(!something_depends_on_rowid(
            "notes",
            &[entry("view", "CREATE VIEW x AS SELECT id FROM notes")]
        ));
    }
}
