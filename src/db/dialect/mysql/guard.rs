//! What a script's statements may not do, whatever rights the user has: reach files on the server, and let a session
//! that only reads write. The server itself refuses writes in a read-only session; here stands only what would talk it
//! out of that. LOAD DATA LOCAL cannot work: the driver does not offer it.

use crate::db::{Access, EngineError, Error, Result};

/// Words with which a statement reaches files on the server.
const FILES: [&str; 4] = ["OUTFILE", "DUMPFILE", "INFILE", "LOAD_FILE"];

/// Statements that change what a session is, or where it is.
const SETTINGS: [&str; 4] = ["SET", "USE", "RESET", "PREPARE"];

/// Refuses what the session has no right to.
pub(super) fn look(access: Access, sql: &str) -> Result<()> {
    if access.write && !access.guarded {
        return Ok(());
    }
    let words = words(sql);
    let file = words.iter().find(|word| FILES.contains(&word.as_str()));
    let setting = words
        .first()
        .filter(|word| !access.write && SETTINGS.contains(&word.as_str()));
    match file.or(setting) {
        None => Ok(()),
        Some(word) => Err(Error::Denied {
            source: EngineError {
                code: "42000".to_owned(),
                message: format!("{word} is not allowed here"),
            },
        }),
    }
}

/// The words of a statement in capitals, without strings, quoted names and comments; `/*! … */` is code.
fn words(sql: &str) -> Vec<String> {
    let bytes = sql.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = &sql[at..];
        at += match byte {
            b'\'' | b'"' | b'`' => quoted(&bytes[at..]),
            b'#' => rest.find('\n').unwrap_or(rest.len()),
            b'-' if rest.starts_with("-- ") || rest.starts_with("--\n") => {
                rest.find('\n').unwrap_or(rest.len())
            }
            b'/' if rest.starts_with("/*!") || rest.starts_with("/*M!") => 3,
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
    words
}

/// How long the quoted piece at the start is.
fn quoted(bytes: &[u8]) -> usize {
    let quote = bytes[0];
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        if *byte == b'\\' && quote != b'`' {
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
        for sql in ["SET SESSION TRANSACTION READ WRITE", " /* é */ use other"] {
            assert!(look(reader, sql).is_err(), "{sql}");
            assert!(look(script, sql).is_ok(), "{sql}");
        }
        for sql in [
            "SELECT 'INTO OUTFILE', `infile`, \"it\\\"s load_file\" -- dumpfile",
            "SELECT 1 # outfile",
            "UPDATE t SET a = 1",
            "é'",
        ] {
            assert!(look(reader, sql).is_ok(), "{sql}");
        }
    }
}
