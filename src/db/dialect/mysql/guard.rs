//! What a script's statements may not do, whatever rights the user has: reach files on the server, and let a session
//! that only reads write. The server itself refuses writes in a read-only session; here stands only what would talk it
//! out of that. LOAD DATA LOCAL cannot work: the driver does not offer it.

use crate::db::{Access, EngineError, Error, Result};

/// Words with which a statement reaches files on the server.
const FILES: [&str; 4] = ["OUTFILE", "DUMPFILE", "INFILE", "LOAD_FILE"];

/// Statements that hide another in a string.
const HIDING: [&str; 2] = ["PREPARE", "EXECUTE"];

/// Statements of a session that only reads, and those that the server itself refuses it. Others change what the session
/// is or where it is, begin a transaction that writes, or meddle with the server.
const READING: [&str; 26] = [
    "SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "ANALYZE", "CHECK",
    "CHECKSUM", "HELP", "CALL", "DO", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "CREATE",
    "DROP", "ALTER", "TRUNCATE", "RENAME", "GRANT", "REVOKE",
];

/// Refuses what the session has no right to.
pub(super) fn look(access: Access, sql: &str) -> Result<()> {
    if access.write && !access.guarded {
        return Ok(());
    }
    // The server's mode says whether a backslash escapes, in strings and in what stands in double quotes: each reading
    // must be allowed, at the price of a string with an escaped quote and such a word in it.
    for escapes in [(true, true), (false, false), (true, false)] {
        let Some(words) = words(sql, escapes) else {
            return Err(denied("a `/*! */` comment with quotes or comments in it"));
        };
        let first = words.first();
        let hidden = first.filter(|word| HIDING.contains(&word.as_str()));
        let file = words.iter().find(|word| FILES.contains(&word.as_str()));
        let setting = first.filter(|word| !access.write && !READING.contains(&word.as_str()));
        if let Some(word) = file.or(hidden).or(setting) {
            return Err(denied(word));
        }
    }
    Ok(())
}

fn denied(what: &str) -> Error {
    Error::Denied {
        source: EngineError {
            code: "42000".to_owned(),
            message: format!("{what} is not allowed here"),
        },
    }
}

/// The words of a statement in capitals, without strings, quoted names and comments; `/*! … */` is code. `None` where
/// such code could begin or end a string or a comment: whether it is run depends on the server's version.
pub(super) fn words(sql: &str, escapes: (bool, bool)) -> Option<Vec<String>> {
    let bytes = sql.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = &sql[at..];
        at += match byte {
            b'\'' => quoted(&bytes[at..], escapes.0),
            b'"' => quoted(&bytes[at..], escapes.1),
            b'`' => quoted(&bytes[at..], false),
            b'#' => rest.find('\n').unwrap_or(rest.len()),
            b'-' if begins_comment(rest) => rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*!") || rest.starts_with("/*M!") => {
                let code = &rest[2..rest.find("*/").unwrap_or(rest.len())];
                if code.contains(['\'', '"', '`', '#', '/']) || code.contains("--") {
                    return None;
                }
                // The version may stand right before the first word.
                let marks = code
                    .bytes()
                    .take_while(|byte| matches!(byte, b'M' | b'!' | b'0'..=b'9'));
                2 + marks.count()
            }
            b'/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ if byte.is_ascii_alphanumeric() || *byte == b'_' => {
                let length = rest
                    .bytes()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
                    .count();
                if !byte.is_ascii_digit() {
                    words.push(rest[..length].to_ascii_uppercase());
                }
                length
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    Some(words)
}

/// `--` and white space or a control character; without them it is an operator twice.
pub(super) fn begins_comment(rest: &str) -> bool {
    rest.strip_prefix("--").is_some_and(|behind| {
        let next = behind.bytes().next();
        next.is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
    })
}

/// How long the quoted piece at the start is.
pub(super) fn quoted(bytes: &[u8], escapes: bool) -> usize {
    let quote = bytes[0];
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        if *byte == b'\\' && escapes {
            at += 1;
        } else if *byte == quote {
            return at;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_settings_are_refused_and_words_in_strings_are_not() {
        let reader = Access::default();
        let script = Access {
            write: true,
            guarded: true,
            create: false,
        };
        for sql in [
            "SELECT 1 INTO OUTFILE '/tmp/x'",
            "select load_file('/etc/passwd')",
            "LOAD DATA INFILE 'x' INTO TABLE t",
            "SELECT 1 /*!50000 INTO DUMPFILE 'x' */",
        ] {
            assert!(look(reader, sql).is_err(), "{sql}");
            assert!(look(script, sql).is_err(), "{sql}");
        }
        for sql in [
            "SET SESSION TRANSACTION READ WRITE",
            " /* é */ use other",
            "START TRANSACTION READ WRITE",
            "BEGIN NOT ATOMIC DELETE FROM t; END",
            "KILL 7",
            "SHUTDOWN",
        ] {
            assert!(look(reader, sql).is_err(), "{sql}");
            assert!(look(script, sql).is_ok(), "{sql}");
        }
        for sql in [
            "SELECT 'INTO OUTFILE', `infile`, \"it's load_file\" -- dumpfile",
            "SELECT 1 # outfile",
            "UPDATE t SET a = 1",
            "é'",
            "SELECT a--1 /*!50000 , b */ FROM t",
            "(SELECT 1) UNION (SELECT 2)",
        ] {
            assert!(look(reader, sql).is_ok(), "{sql}");
        }
    }

    #[test]
    fn what_is_hidden_from_this_reading_is_refused() {
        let script = Access {
            write: true,
            guarded: true,
            create: false,
        };
        for sql in [
            "EXECUTE IMMEDIATE 'SET SESSION TRANSACTION READ WRITE'",
            "PREPARE s FROM CONCAT('SELECT 1 INTO OUT', 'FILE x')",
            "SELECT 1 --\t'\n INTO OUTFILE 'x'",
            "SELECT 1 /*!99999 ' */ INTO OUTFILE 'x'",
            "SELECT 1 INTO /*M!50000OUTFILE*/ 'x'",
            "SELECT 1 /*!99999 /* */ INTO OUTFILE 'x'",
            "SELECT '\\' INTO OUTFILE 'x' -- '",
            "SELECT \"\\\" INTO OUTFILE 'x' -- \"",
        ] {
            assert!(look(Access::default(), sql).is_err(), "{sql}");
            assert!(look(script, sql).is_err(), "{sql}");
        }
    }
}
