//! SQL on one line: for the run log (literals masked) and for findings (shortened).

use std::collections::BTreeSet;

use super::dialect::{Lexer, TokenKind as Kind};
use super::quoted;
use crate::db::Engine;

/// Longest line of a statement in the run log, in bytes.
const LOGGED_BYTES: usize = 4_000;
/// Longest line of a statement in a finding, in bytes.
const SHOWN_BYTES: usize = 160;

/// The statement on one line with `?` for every literal: what the run log may keep. Comments go, since people write
/// values into them; `"…"` that may be a string goes like one; very long statements end in `…`.
pub fn mask_literals(engine: Engine, sql: &str) -> String {
    flatten(engine, sql, true, LOGGED_BYTES)
}

/// The same, however long it is.
pub fn mask_all_literals(engine: Engine, sql: &str) -> String {
    flatten(engine, sql, true, usize::MAX)
}

/// The statement on one line without comments, ended by `…` where it is long.
pub(super) fn shorten(engine: Engine, sql: &str) -> String {
    flatten(engine, sql, false, SHOWN_BYTES)
}

fn flatten(engine: Engine, sql: &str, mask: bool, most: usize) -> String {
    let mut line = String::new();
    let mut gap = false;
    let names = match mask && engine.takes_names_for_values() {
        true => quoted::names(engine, sql),
        false => BTreeSet::new(),
    };
    for token in Lexer::new(engine, sql) {
        if token.kind.is_blank() {
            gap = true;
            continue;
        }
        if gap && !line.is_empty() {
            line.push(' ');
        }
        gap = false;
        let piece = &sql[token.start..token.end];
        let may_be_value = || engine.takes_names_for_values() && piece.starts_with('"');
        match token.kind {
            Kind::Name if mask && may_be_value() && !names.contains(piece) => line.push('?'),
            Kind::Literal | Kind::Number if mask => line.push('?'),
            // Runs, but is rare enough to be left out of the log whole.
            Kind::Executable if mask => line.push_str("/*! ? */"),
            _ => push_flat(&mut line, piece, most),
        }
        if line.len() > most {
            let mut end = most;
            while !line.is_char_boundary(end) {
                end -= 1;
            }
            line.truncate(end);
            line.push('…');
            break;
        }
    }
    line
}

/// Adds a piece, at most what is shown of it, line ends as blanks.
fn push_flat(line: &mut String, piece: &str, most: usize) {
    for character in piece.chars().take(most.saturating_add(1)) {
        line.push(if character.is_control() {
            ' '
        } else {
            character
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn literals_and_comments_do_not_reach_the_log() {
        for (engine, sql, expected) in [
            (
                Engine::Sqlite,
                "UPDATE \"u\"\n  SET mail = 'a''b@c.d', n = 1.5 -- 'secret'\n WHERE id IN (1,2)",
                "UPDATE \"u\" SET mail = ?, n = ? WHERE id IN (?,?)",
            ),
            (
                Engine::Postgres,
                "DO $x$ secret $x$; SELECT E'a\\'b', $1",
                "DO ?; SELECT ?, $?",
            ),
            (
                Engine::Mysql,
                "SET PASSWORD = \"x\" # y",
                "SET PASSWORD = ?",
            ),
            (
                Engine::Sqlite,
                "UPDATE \"u\" SET \"mail\" = \"hunter2\" WHERE \"k\" IN (\"s\") OR \"k\" LIKE \"t%\"",
                "UPDATE \"u\" SET \"mail\" = ? WHERE ? IN (?) OR ? LIKE ?",
            ),
            (
                Engine::Sqlite,
                "INSERT INTO \"u\" (\"a\", \"b\") VALUES (\"x\", lower(\"y\")), (\"z\", 1) ON CONFLICT (\"a\") DO NOTHING",
                "INSERT INTO \"u\" (\"a\", \"b\") VALUES (?, lower(?)), (?, ?) ON CONFLICT (\"a\") DO NOTHING",
            ),
            (
                Engine::Postgres,
                "UPDATE \"u\" SET \"a\" = \"b\"",
                "UPDATE \"u\" SET \"a\" = \"b\"",
            ),
            (Engine::Mysql, "/*!50003 SET @a = 'b' */", "/*! ? */"),
        ] {
            assert_eq!(mask_literals(engine, sql), expected);
        }
    }

    #[test]
    fn strings_in_double_quotes_do_not_reach_the_log() {
        for (sql, expected) in [
            (
                r#"UPDATE u SET password = upper("hunter2")"#,
                "UPDATE u SET password = upper(?)",
            ),
            (r#"UPDATE u SET a = ("x")"#, "UPDATE u SET a = (?)"),
            (
                r#"UPDATE u SET (a,b) = ("x","y")"#,
                "UPDATE u SET (a,b) = (?,?)",
            ),
            (r#"SELECT coalesce("x"), "y""#, "SELECT coalesce(?), ?"),
            (
                r#"UPDATE u SET a = CASE b WHEN "x" THEN "y" END"#,
                "UPDATE u SET a = CASE b WHEN ? THEN ? END",
            ),
            (
                r#"INSERT INTO "new" ("id") SELECT "id" FROM "old""#,
                r#"INSERT INTO "new" ("id") SELECT "id" FROM "old""#,
            ),
        ] {
            assert_eq!(mask_literals(Engine::Sqlite, sql), expected);
        }
    }

    #[test]
    fn long_statements_are_cut_at_a_character() {
        let sql = format!("SELECT 1 FROM \"{}\"", "é".repeat(5_000));
        let masked = mask_literals(Engine::Sqlite, &sql);
        assert!(masked.ends_with('…') && masked.len() <= LOGGED_BYTES + 3);
        assert!(shorten(Engine::Sqlite, &sql).len() <= SHOWN_BYTES + 3);
    }

    proptest! {
        #[test]
        fn masking_never_panics_and_gives_one_line(sql: String) {
            for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
                assert!(!mask_literals(engine, &sql).contains('\n'));
            }
        }
    }
}
