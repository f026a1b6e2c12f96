//! Which `"…"` of SQLite is a name: where no column of that name is, SQLite takes it for a string
//! (<https://www.sqlite.org/quirks.html#dblquote>). Nobody here knows the columns: a name is only what stands where no
//! value can, and what the same statement shows as one elsewhere.

use std::collections::BTreeSet;

use super::dialect::{Lexer, TokenKind as Kind};
use crate::db::Engine;

/// Words before a name.
const BEFORE: [&str; 26] = [
    "UPDATE",
    "INTO",
    "FROM",
    "TABLE",
    "VIEW",
    "INDEX",
    "TRIGGER",
    "JOIN",
    "EXISTS",
    "COLUMN",
    "TO",
    "AS",
    "REFERENCES",
    "CONSTRAINT",
    "COLLATE",
    "RENAME",
    "ADD",
    "DROP",
    "OF",
    "SAVEPOINT",
    "RELEASE",
    "REINDEX",
    "IGNORE",
    "ABORT",
    "FAIL",
    "INDEXED",
];

/// Words before a list of names in parentheses.
const LISTS: [&str; 4] = ["KEY", "UNIQUE", "CONFLICT", "USING"];

/// Words that end what UPDATE sets.
const AFTER_SET: [&str; 5] = ["WHERE", "FROM", "RETURNING", "ORDER", "LIMIT"];

/// Every `"…"` of a statement that is surely a name, as it is written.
pub(super) fn names(engine: Engine, sql: &str) -> BTreeSet<&str> {
    let mut reader = Reader::default();
    let mut names = BTreeSet::new();
    let tokens = Lexer::new(engine, sql).filter(|token| !token.kind.is_blank());
    let mut before = None;
    for token in tokens {
        let piece = &sql[token.start..token.end];
        // No value has a part behind a dot.
        if piece == "." {
            names.extend(before);
        }
        let is_quoted = token.kind == Kind::Name && piece.starts_with('"');
        before = is_quoted.then_some(piece);
        if reader.take(token.kind, piece) && is_quoted {
            names.insert(piece);
        }
    }
    names
}

/// What a pair of parentheses holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Names, or columns with what is said of them: a name comes first, and behind each comma.
    Names,
    /// Anything.
    Anything,
}

/// Follows a statement from token to token.
#[derive(Default)]
struct Reader {
    /// The parentheses that are open.
    open: Vec<Inside>,
    /// How many were open at SET, while what it sets goes on.
    set: Option<usize>,
    /// The first word, and the token before this one, in capitals.
    first: String,
    last: String,
    /// Behind CREATE INDEX and CREATE TRIGGER: what comes behind ON is a table.
    on: bool,
    /// The name of what may have a list of names behind it comes next, or was just read.
    listed: Listed,
}

/// How far a name with a list of names behind it is read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Listed {
    #[default]
    No,
    Next,
    Read,
}

impl Reader {
    /// Whether a name has to stand where this token does; it is the next one.
    fn take(&mut self, kind: Kind, piece: &str) -> bool {
        let word = match kind {
            Kind::Word => piece.to_ascii_uppercase(),
            Kind::Symbol => piece.to_owned(),
            _ => String::new(),
        };
        let is_name = self.is_name();
        match word.as_str() {
            "(" => self.open.push(self.inside()),
            ")" => _ = self.open.pop(),
            "SET" => self.set = Some(self.open.len()),
            ";" => *self = Reader::default(),
            word if self.set.is_some_and(|depth| {
                self.open.len() < depth || (self.open.len() == depth && AFTER_SET.contains(&word))
            }) =>
            {
                self.set = None;
            }
            _ => {}
        }
        self.follow(kind, &word);
        is_name
    }

    fn is_name(&self) -> bool {
        let last = self.last.as_str();
        match last {
            "." => true,
            "(" | "," if self.open.last() == Some(&Inside::Names) => true,
            "SET" | "," => self.sets(),
            "ON" => self.on,
            // Its file may be given as a string.
            "INTO" => self.first != "VACUUM",
            _ => BEFORE.contains(&last),
        }
    }

    /// Whether what comes next is set, unless it is still a value.
    fn sets(&self) -> bool {
        self.set == Some(self.open.len())
    }

    fn inside(&self) -> Inside {
        let is_list = LISTS.contains(&self.last.as_str())
            || self.listed == Listed::Read
            || (["SET", ","].contains(&self.last.as_str()) && self.sets());
        match is_list {
            true => Inside::Names,
            false => Inside::Anything,
        }
    }

    fn follow(&mut self, kind: Kind, word: &str) {
        let last = std::mem::take(&mut self.last);
        if self.first.is_empty() {
            self.first = word.to_owned();
        }
        self.listed = match word {
            "INTO" | "REFERENCES" | "TABLE" => Listed::Next,
            "IF" | "NOT" | "EXISTS" | "." if self.listed != Listed::No => Listed::Next,
            "" if self.listed == Listed::Next => Listed::Read,
            _ if self.listed == Listed::Next && kind == Kind::Word => Listed::Read,
            _ => Listed::No,
        };
        self.on = match word {
            "INDEX" | "TRIGGER" => {
                ["CREATE", "UNIQUE", "TEMP", "TEMPORARY"].contains(&last.as_str())
            }
            _ => self.on && last != "ON",
        };
        // `IS DISTINCT FROM` compares, and functions may be named `key` and `conflict`.
        self.last = match (last.as_str(), word) {
            (before, "KEY") if !["PRIMARY", "FOREIGN"].contains(&before) => String::new(),
            (before, "CONFLICT") if before != "ON" => String::new(),
            ("DISTINCT", "FROM") => String::new(),
            ("INDEXED", "BY") => "INDEXED".to_owned(),
            _ => word.to_owned(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_stands_where_no_value_can() {
        for (sql, expected) in [
            (
                r#"UPDATE "u" SET "a" = upper("x"), "b" = ("y") WHERE "z" = 1"#,
                &[r#""a""#, r#""b""#, r#""u""#][..],
            ),
            (
                r#"UPDATE u SET ("a","b") = ("x","y") RETURNING 1, "z""#,
                &[r#""a""#, r#""b""#],
            ),
            (
                r#"CREATE TABLE IF NOT EXISTS "main"."t" ("a" TEXT DEFAULT "x" CHECK ("y" <> 'v'), PRIMARY KEY ("k"), FOREIGN KEY ("f") REFERENCES "o" ("i"))"#,
                &[
                    r#""a""#,
                    r#""f""#,
                    r#""i""#,
                    r#""k""#,
                    r#""main""#,
                    r#""o""#,
                    r#""t""#,
                ],
            ),
            (
                r#"INSERT INTO "n" ("a", "b") SELECT "a", "x" FROM "t" WHERE "t"."c" IS DISTINCT FROM "y""#,
                &[r#""a""#, r#""b""#, r#""c""#, r#""n""#, r#""t""#],
            ),
            (
                r#"CREATE UNIQUE INDEX "i" ON "t" (lower("x")) WHERE "y""#,
                &[r#""i""#, r#""t""#],
            ),
            (
                r#"ALTER TABLE "t" RENAME COLUMN "a" TO "b""#,
                &[r#""a""#, r#""b""#, r#""t""#],
            ),
            (r#"SELECT 1 FROM a JOIN b ON "x" = a.c"#, &[]),
            (r#"SELECT key("x"), conflict("y")"#, &[]),
            (r#"VACUUM INTO "x""#, &[]),
            (r#"ATTACH "x" AS "d""#, &[r#""d""#]),
            (
                r#"UPDATE u SET a = (SELECT "x", "y" FROM t), b = coalesce("z", "w")"#,
                &[],
            ),
        ] {
            let found: Vec<&str> = names(Engine::Sqlite, sql).into_iter().collect();
            assert_eq!(found, expected, "{sql}");
        }
    }
}
