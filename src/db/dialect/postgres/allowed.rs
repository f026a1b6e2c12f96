//! What may be sent to the server as one statement.

use super::fault;
use super::sql::{Piece, pieces};
use crate::db::{Access, EngineError, Error, Result};

/// Functions on large objects that a read-only transaction does not refuse before version 16
/// (<https://www.postgresql.org/docs/16/release-16.html>).
const WRITES_ALL_THE_SAME: [&str; 10] = [
    "LO_CREAT",
    "LO_CREATE",
    "LO_FROM_BYTEA",
    "LO_IMPORT",
    "LO_OPEN",
    "LO_PUT",
    "LO_TRUNCATE",
    "LO_TRUNCATE64",
    "LO_UNLINK",
    "LOWRITE",
];

/// Refuses what the protocol, the session's rights, or the count of its transactions do not stand.
///
/// # Errors
/// `Statement` for several statements in one text and for COPY with the client; `Denied`.
pub(super) fn allowed(text: &str, access: Access) -> Result<()> {
    if text.contains('\0') {
        return Err(fault::refused(
            "22021",
            "the statement holds a NUL character",
        ));
    }
    let Some(words) = words_of_one(text) else {
        let message = "several statements in one text; run them one by one";
        return Err(fault::refused("42601", message));
    };
    let first = words.first().map_or("", String::as_str);
    if first == "COPY" {
        if words.iter().any(|word| word == "STDIN" || word == "STDOUT") {
            let message = "COPY with the client's own data cannot be run here";
            return Err(fault::refused("0A000", message));
        }
        if access.guarded {
            return Err(denied(
                "COPY with a file or program of the server is not allowed here",
            ));
        }
    }
    if !access.write
        && let Some(name) = words
            .iter()
            .find(|word| WRITES_ALL_THE_SAME.contains(&&***word))
    {
        return Err(denied(&format!(
            "`{}` writes a large object",
            name.to_lowercase()
        )));
    }
    let ends = ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"];
    if (access.guarded || !access.write) && ends.contains(&first) {
        return Err(denied(
            "transactions are begun and ended with `db::transaction`",
        ));
    }
    Ok(())
}

/// The words and other pieces of a text in capitals; `None` if it holds more than one statement.
fn words_of_one(text: &str) -> Option<Vec<String>> {
    let mut ended = false;
    let mut words: Vec<String> = Vec::new();
    let mut nesting = Nesting::default();
    for (piece, part) in pieces(text) {
        match piece {
            Piece::Blank => {}
            // No CASE spans a `;`: what was taken for one is a name.
            Piece::End if nesting.blocks > 1 => return None,
            Piece::End if nesting.is_open() => words.push(part.to_owned()),
            Piece::End => ended = !words.is_empty(),
            _ if ended => return None,
            _ => {
                let word = part.to_ascii_uppercase();
                nesting.meet(&words, &word);
                words.push(word);
            }
        }
    }
    // What is never closed could hide where a statement ends.
    (!nesting.is_open()).then_some(words)
}

/// Where a `;` ends no statement: between the commands of a rule, in parentheses, and in a routine's body in SQL
/// (<https://www.postgresql.org/docs/15/sql-createrule.html>, <https://www.postgresql.org/docs/15/sql-createfunction.html>).
/// `psql` counts the same.
#[derive(Default)]
struct Nesting {
    parentheses: usize,
    /// BEGIN ATOMIC, and CASE in it, each to its END.
    blocks: usize,
}

impl Nesting {
    fn is_open(&self) -> bool {
        self.parentheses > 0 || self.blocks > 0
    }

    /// Meets a word that stands behind these.
    fn meet(&mut self, before: &[String], word: &str) {
        let last = before.last().map_or("", String::as_str);
        match word {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            "ATOMIC" if last == "BEGIN" && !self.is_open() && makes_routine(before) => {
                self.blocks = 1;
            }
            "CASE" if self.blocks > 0 && last != "AS" => self.blocks += 1,
            "END" if last != "AS" => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
    }
}

/// Whether a statement that begins with these words makes a function or procedure.
fn makes_routine(words: &[String]) -> bool {
    let mut words = words.iter().map(String::as_str);
    if words.next() != Some("CREATE") {
        return false;
    }
    let kind = match words.next() {
        Some("OR") => words.nth(1),
        kind => kind,
    };
    matches!(kind, Some("FUNCTION" | "PROCEDURE"))
}

fn denied(message: &str) -> Error {
    Error::Denied {
        source: EngineError {
            code: "42501".to_owned(),
            message: message.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_run_is_refused() {
        let owner = Access {
            write: true,
            ..Access::default()
        };
        let script = Access {
            guarded: true,
            ..owner
        };
        for text in [
            "SELECT 1; SELECT 2",
            "; SELECT 1; ;SELECT 2",
            "COPY t FROM stdin",
            "a\0",
            "SELECT (; DROP TABLE t",
            "SELECT (1); DROP TABLE t",
            "CREATE TABLE begin (atomic INT); DROP TABLE t",
            "CREATE FUNCTION f(begin atomic) RETURNS INT LANGUAGE sql RETURN 1; DROP TABLE t",
            "CREATE FUNCTION f() RETURNS INT LANGUAGE sql BEGIN ATOMIC SELECT 1; END; DROP TABLE t",
            "CREATE FUNCTION f() RETURNS INT LANGUAGE sql BEGIN ATOMIC SELECT 1 AS case; END; DROP TABLE t",
            "CREATE FUNCTION f() RETURNS INT LANGUAGE sql BEGIN ATOMIC SELECT 1 case; END; DROP TABLE t",
            "CREATE FUNCTION f() RETURNS INT LANGUAGE sql BEGIN ATOMIC SELECT 1 case; END; COPY t TO PROGRAM 'x'; END",
        ] {
            assert!(
                matches!(allowed(text, owner), Err(Error::Statement { .. })),
                "{text}"
            );
        }
        for text in ["commit", "/* x */ ROLLBACK", "COPY t TO PROGRAM 'x'"] {
            assert!(
                matches!(allowed(text, script), Err(Error::Denied { .. })),
                "{text}"
            );
        }
        let reader = Access {
            write: false,
            ..script
        };
        assert!(matches!(
            allowed("SELECT lo_create (0)", reader),
            Err(Error::Denied { .. })
        ));
        assert!(allowed("SELECT lo_get(1), 'lo_create(0)'", reader).is_ok());
        for text in [
            "SELECT 1;",
            "SELECT ';' ; -- ;",
            "",
            "COMMIT",
            "COPY t TO '/x'",
            "CREATE FUNCTION f() RETURNS INT LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
            "create or replace procedure s.f() language sql begin atomic delete from t; insert into t values (';'); end;",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM t; INSERT INTO u VALUES (1); )",
        ] {
            assert!(allowed(text, owner).is_ok(), "{text}");
        }
    }
}
