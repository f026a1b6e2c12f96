//! The words of SQL that could not be read: names in it, and those in the strings and comments of it that may run.

use std::collections::HashSet;

use crate::db::Engine;
use crate::hazard::dialect::{self, Lexer, TokenKind};

/// How deep strings are looked into: SQL in a string in SQL in a string.
const DEEPEST: usize = 4;

/// Every name and keyword, in lower case, in strings too.
pub(super) fn within(engine: Engine, sql: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    collect(engine, sql, DEEPEST, &mut found);
    found
}

/// The same of what stands in strings only.
pub(in crate::hazard) fn in_strings(engine: Engine, sql: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    look_into(engine, sql, DEEPEST, &mut found);
    found
}

fn collect(engine: Engine, sql: &str, deeper: usize, found: &mut HashSet<String>) {
    found.extend(dialect::words(engine, sql));
    look_into(engine, sql, deeper, found);
}

fn look_into(engine: Engine, sql: &str, deeper: usize, found: &mut HashSet<String>) {
    for token in Lexer::new(engine, sql) {
        let hides = matches!(
            token.kind,
            TokenKind::Literal | TokenKind::Executable | TokenKind::Client
        );
        // Another language's string is a quoted name to this one.
        let hides = hides || (token.kind == TokenKind::Name && deeper < DEEPEST);
        if !hides {
            continue;
        }
        let text = &sql[token.start..token.end];
        let inner = inside(token.kind, text);
        // `DELETE FROM my-table` in pieces, `'my table'`: the string as a whole may be a name.
        found.insert(inner.to_lowercase());
        match deeper {
            // What is left is cut where no name can go on.
            0 => found.extend(
                inner
                    .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .filter(|word| !word.is_empty())
                    .map(str::to_lowercase),
            ),
            _ => collect(engine, &inner, deeper - 1, found),
        }
    }
}

/// What stands between the quotes of a token.
fn inside(kind: TokenKind, text: &str) -> String {
    match kind {
        TokenKind::Executable => {
            let inner = text.trim_start_matches(['/', '*', 'M', '!']);
            let inner = inner.trim_start_matches(|letter: char| letter.is_ascii_digit());
            inner.strip_suffix("*/").unwrap_or(inner).to_owned()
        }
        TokenKind::Literal if text.starts_with('$') => {
            let tag = text[1..].find('$').map_or(text.len(), |end| end + 2);
            let (tag, rest) = text.split_at(tag);
            rest.strip_suffix(tag).unwrap_or(rest).to_owned()
        }
        TokenKind::Literal | TokenKind::Name => {
            let start = text.find(['\'', '"', '`']).unwrap_or_default();
            let quoted = &text[start..];
            let Some(quote) = quoted.chars().next() else {
                return String::new();
            };
            let inner = &quoted[quote.len_utf8()..];
            let inner = inner.strip_suffix(quote).unwrap_or(inner);
            inner.replace(&format!("{quote}{quote}"), &quote.to_string())
        }
        _ => text.trim_start_matches('\\').to_owned(),
    }
}
