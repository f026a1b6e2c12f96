//! Which virtual tables a backup carries, and how (FORMAT.md): through their content, never through shadow tables.

use rusqlite::Connection;

use super::catalog::{Entry, quote, rows};
use super::full_text;
use crate::db::Result;

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
    /// Its module is not in this program, or its tokenizer: it cannot be made, and is not dropped.
    Foreign {
        /// Why.
        why: String,
    },
}

/// As [`classify`], for a table of a database whose modules are known.
pub(super) fn read(connection: &Connection, name: &str, sql: &str) -> Result<Virtual> {
    let Some(Made { module, arguments }) = made(sql) else {
        return Ok(classify(sql));
    };
    let known = "SELECT 1 FROM pragma_module_list WHERE name = ?1 COLLATE NOCASE";
    if rows(connection, known, &[&module], |_| Ok(()))?.is_empty() {
        let why = format!(
            "the module `{module}` is not in this program; a restore leaves the table where it is and does not make it"
        );
        return Ok(Virtual::Foreign { why });
    }
    if module.starts_with("fts")
        && option(&arguments, "tokenize").is_some()
        && let Some(why) = full_text::without_tokenizer(name, sql)?
    {
        let why = format!(
            "only the application can write to it ({why}); a restore leaves the table where it is and does not make it; let the application keep or make its rows again"
        );
        return Ok(Virtual::Foreign { why });
    }
    let found = classify(sql);
    if found == Virtual::Derived
        && let Some(content) = option(&arguments, "content")
        && let rowid = option(&arguments, "content_rowid")
        && let Some(why) = full_text::without_content(connection, name, &content, rowid.as_deref())?
    {
        let why = format!(
            "what it indexes cannot be read ({why}), and a restore makes it without a word in it; make it again over a table that is there, or drop it"
        );
        return Ok(Virtual::NotCarried { why });
    }
    Ok(found)
}

/// Reads the module and its options from the CREATE VIRTUAL TABLE statement.
pub(super) fn classify(sql: &str) -> Virtual {
    let Some(Made { module, arguments }) = made(sql) else {
        return Virtual::NotCarried {
            why: "its module is not known".to_owned(),
        };
    };
    match module.as_str() {
        "fts5" | "fts4" | "fts3" => match option(&arguments, "content") {
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

/// The statements that give an FTS5 table the settings it was given since it was made, which are in none of its rows
/// (<https://www.sqlite.org/fts5.html#special_insert_commands>).
pub(super) fn settings(connection: &Connection, name: &str, sql: &str) -> Result<Vec<String>> {
    if made(sql).is_none_or(|made| made.module != "fts5") {
        return Ok(Vec::new());
    }
    let kept = format!(
        "SELECT quote(k), quote(v) FROM main.{} WHERE k IN ('automerge', 'crisismerge', 'deletemerge', 'pgsz', 'rank', 'secure-delete', 'usermerge') ORDER BY k",
        quote(&format!("{name}_config"))
    );
    let name = quote(name);
    rows(connection, &kept, &[], |row| {
        let (setting, value): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(format!(
            "INSERT INTO {name}({name}, rank) VALUES ({setting}, {value})"
        ))
    })
}

/// The table, in lower case, whose rows this one indexes.
pub(super) fn content(sql: &str) -> Option<String> {
    made(sql).and_then(|made| option(&made.arguments, "content"))
}

/// What stands after USING, in lower case.
struct Made {
    module: String,
    arguments: Vec<Token>,
}

fn made(sql: &str) -> Option<Made> {
    let mut tokens = tokens(&sql.to_ascii_lowercase()).into_iter();
    tokens.find(|token| matches!(token, Token::Word(word) if word == "using"))?;
    let (Token::Word(module) | Token::Quoted(module)) = tokens.next()? else {
        return None;
    };
    Some(Made {
        module,
        arguments: tokens.skip(1).collect(),
    })
}

/// The value of an option of an FTS table, such as `content=`.
fn option(arguments: &[Token], wanted: &str) -> Option<String> {
    arguments
        .split(|token| *token == Token::Sign(','))
        .find_map(|argument| match argument {
            [Token::Word(name), Token::Sign('='), value @ ..] if name == wanted => {
                let parts = value.iter().map_while(|token| match token {
                    Token::Word(text) | Token::Quoted(text) => Some(text.as_str()),
                    Token::Sign(_) => None,
                });
                Some(parts.collect())
            }
            _ => None,
        })
}

/// A piece of SQL; comments and white space are none.
#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(char),
}

fn tokens(sql: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        rest = match first {
            '-' if after.starts_with('-') => past(rest, "\n"),
            '/' if after.starts_with('*') => past(&after[1..], "*/"),
            '\'' | '"' | '`' | '[' => {
                let (text, after) = quoted(after, if first == '[' { ']' } else { first });
                found.push(Token::Quoted(text));
                after
            }
            _ if part_of_word(first) => {
                let end = rest.find(|letter| !part_of_word(letter));
                let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                found.push(Token::Word(word.to_owned()));
                after
            }
            _ => {
                if !first.is_whitespace() {
                    found.push(Token::Sign(first));
                }
                after
            }
        };
    }
    found
}

/// What follows the end of a comment; an open one goes on to the end.
fn past<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, after)| after)
}

/// A quoted text, which a doubled quote does not end, and what follows it.
fn quoted(text: &str, quote: char) -> (String, &str) {
    let mut inside = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(quote) {
        inside.push_str(before);
        match after.strip_prefix(quote) {
            Some(after) if quote != ']' => {
                inside.push(quote);
                rest = after;
            }
            _ => return (inside, after),
        }
    }
    inside.push_str(rest);
    (inside, "")
}

fn part_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
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
                content(&sql).is_some_and(|content| content == table)
            }
            _ => false,
        }
    })
}

/// Whether the word stands in the text, not inside a longer word.
fn mentions(text: &str, word: &str) -> bool {
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
    fn a_module_is_found_however_the_statement_is_laid_out() {
        let carried = Virtual::Carried {
            module: "fts5".to_owned(),
            rowid: true,
        };
        for sql in [
            "CREATE VIRTUAL TABLE t\nUSING\tfts5(a)",
            "CREATE VIRTUAL TABLE t/* using csv */USING--it's\nfts5(a)",
            "CREATE VIRTUAL TABLE \"a using \"\"csv(\"USING \"fts5\"(a)",
            "CREATE VIRTUAL TABLE [it's using rtree] USING fts5(a, tokenize = \"unicode61 separators ',content=x,'\")",
        ] {
            assert_eq!(classify(sql), carried, "{sql}");
        }
        assert_eq!(
            content("CREATE VIRTUAL TABLE \"f(\" USING fts5(a, /* b, */ content\n=[Two Words])"),
            Some("two words".to_owned())
        );
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
