//! Tables without transactions: MyISAM, Aria, MEMORY, CSV, ARCHIVE. What is written to them is in at once, and no rollback
//! undoes it; a statement that fails on its way leaves what it has done so far.
//!
//! The server says so when it rolls back: by ER_WARNING_NOT_COMPLETE_ROLLBACK
//! (<https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html>), without naming the tables.

use super::catalog::cell;
use super::guard;
use super::link::State;
use super::text::{self, Texts};
use crate::db::Result;

/// The number of that warning.
const NOT_COMPLETE: &str = "1196";

/// Tables that have no transactions; of which database follows.
const TABLES: &str = "SELECT t.TABLE_NAME, t.ENGINE FROM information_schema.TABLES t
    JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
    WHERE t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
    AND COALESCE(e.TRANSACTIONS, 'NO') <> 'YES' AND t.TABLE_SCHEMA = ";

/// How many of them are named.
const NAMED: usize = 3;

/// Looks, right behind a statement that was a rollback, whether it undid everything. Returns whether it did not.
pub(super) async fn look(state: &mut State, statement: &str) -> bool {
    if !statement.starts_with("ROLLBACK") {
        return false;
    }
    // A connection that broke says nothing, and neither does who asks it.
    let warnings = text::rows(&mut state.connection, "SHOW WARNINGS").await;
    let warnings = warnings.unwrap_or_default();
    let kept = warnings.iter().any(|row| cell(row, 1) == NOT_COMPLETE);
    // What is built beside the database goes with the rollback, whatever its tables are.
    state.kept |= kept && state.beside.is_none();
    kept
}

/// Notices that a statement outside a transaction failed that names such a table: it may have been on its way.
pub(super) async fn noticed<T>(state: &mut State, sql: &str, result: Result<T>) -> Result<T> {
    if result.is_err() && state.transaction.is_none() {
        let tables = tables(state).await;
        let named = |row: &Texts| names_it(sql, &cell(row, 0));
        state.partly |= tables.iter().any(named);
    }
    result
}

/// Whether a statement names a table, whichever way the server takes a backslash.
fn names_it(sql: &str, table: &str) -> bool {
    let table = table.to_lowercase();
    [true, false].iter().any(|escapes| {
        let code = without_strings(sql, *escapes).to_lowercase();
        let is_whole = |(at, found): (usize, &str)| {
            let behind = code[at + found.len()..].chars().next();
            let before = code[..at].chars().next_back();
            !before.is_some_and(is_of_name) && !behind.is_some_and(is_of_name)
        };
        code.match_indices(&table).any(is_whole)
    })
}

/// What a name may have without quotes
/// (<https://dev.mysql.com/doc/refman/8.4/en/identifiers.html>).
fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '$') || letter >= '\u{80}'
}

/// A statement without its comments and strings. What stands in double quotes may be a name, and `/*! … */` is code.
fn without_strings(sql: &str, escapes: bool) -> String {
    let mut code = String::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let line = rest.find('\n').unwrap_or(rest.len());
        let (length, is_code) = match first {
            '\'' => (guard::quoted(rest.as_bytes(), escapes), false),
            '"' => (guard::quoted(rest.as_bytes(), escapes), true),
            '`' => (guard::quoted(rest.as_bytes(), false), true),
            '#' => (line, false),
            '-' if guard::begins_comment(rest) => (line, false),
            '/' if rest.starts_with("/*!") || rest.starts_with("/*M!") => (1, true),
            '/' if rest.starts_with("/*") => {
                (rest.find("*/").map_or(rest.len(), |end| end + 2), false)
            }
            _ => (first.len_utf8(), true),
        };
        let (piece, behind) = rest.split_at(length);
        code.push_str(if is_code { piece } else { " " });
        rest = behind;
    }
    code
}

/// Another user's rights may hide them; temporary ones stand in no list.
async fn tables(state: &mut State) -> Vec<Texts> {
    let sql = format!("{TABLES}DATABASE() ORDER BY 1");
    let rows = text::rows(&mut state.connection, &sql).await;
    rows.unwrap_or_default()
}

/// What rollbacks could not undo since this was asked last, and statements that failed outside a transaction.
pub(super) async fn kept(state: &mut State) -> Result<Option<String>> {
    let partly = std::mem::take(&mut state.partly);
    let what = match (std::mem::take(&mut state.kept), partly) {
        (true, _) => "what was written",
        (false, true) => "whatever the statement that failed had written by then",
        (false, false) => return Ok(None),
    };
    let rows = tables(state).await;
    let named = rows.iter().take(NAMED);
    let mut named: Vec<String> = named
        .map(|row| format!("`{}`: {}", cell(row, 0), cell(row, 1)))
        .collect();
    if rows.len() > NAMED {
        named.push("…".to_owned());
    }
    let tables = format!("{what} to tables without transactions");
    Ok(Some(match named.is_empty() {
        true => tables,
        false => format!("{tables} ({})", named.join(", ")),
    }))
}

/// Their names in a database.
pub(super) async fn names(state: &mut State, database: &str) -> Result<Vec<String>> {
    // What is written to a MERGE table is written to those below it.
    let merged = "AND t.ENGINE <> 'MRG_MYISAM'";
    let sql = format!("{TABLES}{} {merged} ORDER BY 1", text::literal(database));
    let rows = text::rows(&mut state.connection, &sql).await?;
    Ok(rows.iter().map(|row| cell(row, 0)).collect())
}

#[cfg(test)]
mod tests {
    use super::names_it;

    #[test]
    fn a_statement_names_whole_names_outside_its_strings() {
        for sql in [
            "INSERT INTO log VALUES (1)",
            "insert into `Log` values (1)",
            "UPDATE shop.log SET a = 'it''s'",
            "SELECT 1 -- it's\nFROM log",
            "/*!50000 DELETE FROM log */",
            "UPDATE t SET a = '\\', b = (SELECT a FROM log), c = ''",
            "INSERT INTO \"log\" VALUES (1)",
        ] {
            assert!(names_it(sql, "log"), "{sql}");
        }
        for sql in [
            "INSERT INTO catalog VALUES (1)",
            "UPDATE log_2 SET $log = log$",
            "UPDATE t SET a = 'log', élog = 1",
            "UPDATE t SET a = 'it''s log' /* log */ # log",
        ] {
            assert!(!names_it(sql, "log"), "{sql}");
        }
        assert!(names_it("INSERT INTO `my-log` VALUES (1)", "my-log"));
    }
}
