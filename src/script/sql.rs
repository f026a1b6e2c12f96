//! As much of SQL as the host must read: where a `:name` stands for a value. What a statement means is the business of
//! `hazard`.

use crate::db::Engine;
use rhai::Map;

use super::convert::to_value;
use super::fault::Thrown;
use super::nearest::did_you_mean;
use crate::error::{Error, Kind};
use crate::value::Value;

/// A piece of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// Anything else.
    Plain,
    /// `:name`.
    Named,
}

/// The statement with `?` for each `:name`, and the values in that order.
///
/// # Errors
/// A name without a value, or a value without a name.
pub fn positional(sql: &str, values: Map) -> Result<(String, Vec<Value>), Thrown> {
    let mut text = String::with_capacity(sql.len());
    let mut bound = Vec::new();
    let mut used = Vec::new();
    for (piece, part) in pieces(sql) {
        if piece != Piece::Named {
            text.push_str(part);
            continue;
        }
        let name = &part[1..];
        let Some(value) = values.get(name) else {
            let mut error = Error::new(Kind::Script, format!("the parameters have no `{name}`"));
            error.hint = did_you_mean(name, values.keys().map(|key| key.as_str()));
            return Err(error.into());
        };
        used.push(name);
        bound.push(to_value(value.clone())?);
        text.push('?');
    }
    match values.keys().find(|key| !used.contains(&key.as_str())) {
        Some(name) => Err(Error::new(
            Kind::Script,
            format!("the statement has no `:{name}` for the parameter of that name"),
        )
        .into()),
        None => Ok((text, bound)),
    }
}

/// The pieces of a statement, which together are all of it.
fn pieces(sql: &str) -> Vec<(Piece, &str)> {
    let mut found = Vec::new();
    let mut plain_from = 0;
    let mut at = 0;
    while at < sql.len() {
        let rest = &sql[at..];
        let before = sql[..at].chars().next_back();
        let (piece, length) = next(rest, before);
        if piece != Piece::Plain {
            found.push((Piece::Plain, &sql[plain_from..at]));
            found.push((piece, &sql[at..at + length]));
            plain_from = at + length;
        }
        at += length;
    }
    found.push((Piece::Plain, &sql[plain_from..]));
    found
}

/// What stands at the start of `rest`, and its length in bytes.
fn next(rest: &str, before: Option<char>) -> (Piece, usize) {
    let in_word = before.is_some_and(is_word);
    let mut characters = rest.chars();
    let first = characters.next().unwrap_or_default();
    let second = characters.next();
    match first {
        '\'' => (Piece::Plain, quoted(rest, '\'')),
        '"' | '`' => (Piece::Plain, quoted(rest, first)),
        '-' if second == Some('-') => (Piece::Plain, rest.find('\n').unwrap_or(rest.len())),
        '/' if second == Some('*') => (
            Piece::Plain,
            rest.find("*/").map_or(rest.len(), |end| end + 2),
        ),
        '$' if !in_word => match dollar_quoted(rest) {
            Some(length) => (Piece::Plain, length),
            None => (Piece::Plain, 1),
        },
        // `a::text` is a cast, `a[1:n]` a slice.
        ':' if second == Some(':') => (Piece::Plain, 2),
        ':' if second.is_some_and(|next| next.is_alphabetic() || next == '_') && !in_word => {
            (Piece::Named, 1 + word(&rest[1..]))
        }
        other => (Piece::Plain, other.len_utf8()),
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

fn word(text: &str) -> usize {
    text.find(|character: char| !(character.is_alphanumeric() || character == '_'))
        .unwrap_or(text.len())
}

/// The length of a quoted text, a doubled quote inside it counting as one character of it; all that is left if it is
/// never closed.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != quote {
            continue;
        }
        if characters.peek().is_some_and(|(_, next)| *next == quote) {
            characters.next();
        } else {
            return at + quote.len_utf8();
        }
    }
    text.len()
}

/// The length of `$tag$…$tag$`, if that is what stands here.
fn dollar_quoted(text: &str) -> Option<usize> {
    let tag_end = text[1..].find('$')? + 2;
    let tag = &text[..tag_end];
    if !tag[1..tag_end - 1]
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_')
    {
        return None;
    }
    let close = text[tag_end..].find(tag)?;
    Some(tag_end + close + tag.len())
}

/// The word for which a statement is none that only reads, if it is so: literals, comments and quoted names do not count.
/// What is not known to read may write.
pub fn writes(engine: Engine, text: &str) -> Option<String> {
    const READING: [&str; 5] = ["SHOW", "DESCRIBE", "DESC", "HELP", "CHECKSUM"];
    let masked = crate::hazard::mask_all_literals(engine, text);
    let words: Vec<String> = masked
        .split(|letter: char| !(letter.is_alphanumeric() || "_\"`[]$.@#".contains(letter)))
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_uppercase)
        .collect();
    let hidden = masked.contains("/*!").then(|| "/*!".to_owned());
    match words.first().map(String::as_str) {
        // The engine has its own words for what is no statement.
        None => hidden,
        Some("EXPLAIN" | "ANALYZE") => explains(&words).or(hidden),
        Some("WITH") => first_of(&WRITING, &words)
            .or_else(|| first_of(&["INTO"], &words))
            .or(hidden),
        // PostgreSQL makes a table of it, MySQL a file.
        Some("SELECT" | "TABLE" | "VALUES") => first_of(&["INTO"], &words),
        // SQLite sets it.
        Some("PRAGMA") => sets(&masked, &words),
        Some(first) if READING.contains(&first) => None,
        Some(first) => Some(first.to_owned()),
    }
}

/// As [`writes`], for SQLite's PRAGMA: one with a value sets it, but for those that take the name of what they tell of.
fn sets(masked: &str, words: &[String]) -> Option<String> {
    const TELLING: [&str; 9] = [
        "TABLE_INFO",
        "TABLE_XINFO",
        "TABLE_LIST",
        "INDEX_INFO",
        "INDEX_XINFO",
        "INDEX_LIST",
        "FOREIGN_KEY_LIST",
        "FOREIGN_KEY_CHECK",
        "INTEGRITY_CHECK",
    ];
    let name = words.get(1).map_or("", String::as_str);
    let name = name.rsplit('.').next().unwrap_or(name);
    let is_telling = TELLING.contains(&name) || name == "QUICK_CHECK";
    let has_value = masked.contains('=') || (masked.contains('(') && !is_telling);
    has_value.then(|| format!("PRAGMA {name}"))
}

/// Words by which a query that begins as one writes further on; elsewhere they are functions, as in `replace(name, …)`.
const WRITING: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "MERGE"];

fn first_of(wanted: &[&str], words: &[String]) -> Option<String> {
    let found = words.iter().find(|word| wanted.contains(&word.as_str()));
    found.cloned()
}

/// As [`writes`], for what shows how a statement runs, and may run it: it must then be one that reads. `ANALYZE TABLE` is
/// another statement.
fn explains(words: &[String]) -> Option<String> {
    const OPTIONS: [&str; 26] = [
        "ANALYZE",
        "ANALYSE",
        "VERBOSE",
        "FORMAT",
        "JSON",
        "TREE",
        "TRADITIONAL",
        "TEXT",
        "XML",
        "YAML",
        "COSTS",
        "SETTINGS",
        "BUFFERS",
        "WAL",
        "TIMING",
        "SUMMARY",
        "MEMORY",
        "SERIALIZE",
        "GENERIC_PLAN",
        "EXTENDED",
        "PARTITIONS",
        "ON",
        "OFF",
        "TRUE",
        "FALSE",
        "NONE",
    ];
    if let Some(word) = first_of(&WRITING, words) {
        return Some(word);
    }
    let runs = words.iter().any(|word| word.starts_with("ANALY"));
    let is_option = |word: &&String| OPTIONS.contains(&word.as_str());
    let explained = words.iter().skip(1).find(|word| !is_option(word));
    let is_query = explained.is_some_and(|word| match word.as_str() {
        "SELECT" | "WITH" | "VALUES" => true,
        "TABLE" => words.first().is_some_and(|first| first == "EXPLAIN"),
        _ => false,
    });
    match is_query {
        true => first_of(&["INTO"], words),
        false if runs => words.first().cloned(),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_positions_in_the_order_of_the_text() {
        let mut values = Map::new();
        values.insert("a".into(), 1_i64.into());
        values.insert("b".into(), "x".into());
        let (sql, bound) = positional(
            "select ':a', x::text from t where p = :b and q = :a or r=:b -- :c",
            values.clone(),
        )
        .expect("all are there");
        assert_eq!(
            sql,
            "select ':a', x::text from t where p = ? and q = ? or r=? -- :c"
        );
        assert_eq!(bound, [Value::from("x"), Value::Int(1), Value::from("x")]);
        assert!(positional("select :a", values.clone()).is_err());
        assert!(positional("select :a, :b, :c", values).is_err());
    }

    #[test]
    fn what_is_not_known_to_read_may_write() {
        let engines = [
            Engine::Sqlite,
            Engine::Postgres,
            Engine::Mysql,
            Engine::Mariadb,
        ];
        for sql in [
            "select replace(a, 'x', 'y') from t for update",
            "(SELECT 1) UNION (SELECT 2)",
            "-- what for\nWITH n AS (SELECT 'delete') SELECT `update` FROM n",
            "VALUES (1)",
            "show tables",
            "EXPLAIN SELECT * FROM t",
            "EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1",
            "DESCRIBE t",
            "PRAGMA table_info(t)",
            "",
        ] {
            for engine in engines {
                assert_eq!(writes(engine, sql), None, "{sql}");
            }
        }
        let long = format!("WITH n AS (SELECT {} 1) DELETE FROM t", "a, ".repeat(5_000));
        for (sql, word) in [
            ("RENAME TABLE a TO b", "RENAME"),
            ("IF 1 THEN DELETE FROM t; END IF", "IF"),
            ("call p()", "CALL"),
            ("OPTIMIZE TABLE t", "OPTIMIZE"),
            ("FOR i IN 1..2 DO DELETE FROM t; END FOR", "FOR"),
            ("WHILE 1 DO DELETE FROM t; END WHILE", "WHILE"),
            ("CASE 1 WHEN 1 THEN DELETE FROM t; END CASE", "CASE"),
            ("ANALYZE UPDATE t SET a = 1", "UPDATE"),
            ("ANALYZE FORMAT=JSON DELETE FROM t", "DELETE"),
            ("ANALYZE TABLE t", "ANALYZE"),
            ("EXPLAIN ANALYZE EXECUTE s", "EXPLAIN"),
            (
                "SET STATEMENT max_statement_time = 1 FOR DELETE FROM t",
                "SET",
            ),
            ("SELECT 1 AS a INTO made", "INTO"),
            ("VACUUM", "VACUUM"),
            ("DO $$ BEGIN DELETE FROM t; END $$", "DO"),
            (long.as_str(), "DELETE"),
        ] {
            for engine in engines {
                assert_eq!(writes(engine, sql).as_deref(), Some(word), "{sql}");
            }
        }
        for sql in ["/*!50000 DELETE */ FROM t", "/*M! CALL p() */"] {
            assert!(writes(Engine::Mariadb, sql).is_some(), "{sql}");
        }
        assert_eq!(
            writes(Engine::Mariadb, "ANALYZE FORMAT=JSON SELECT 1"),
            None
        );
    }

    #[test]
    fn no_text_is_lost() {
        for sql in [
            "",
            "$",
            "é'ü",
            "a$b$c",
            "/* open",
            "--",
            ":",
            "$tag$ open",
            "1e",
        ] {
            let joined: String = pieces(sql).into_iter().map(|(_, part)| part).collect();
            assert_eq!(joined, sql);
        }
    }
}
