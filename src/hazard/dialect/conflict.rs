//! What an INSERT does to the rows it conflicts with, so that it can be asked whether that changes any:
//! `ON CONFLICT … DO UPDATE SET …`, `ON DUPLICATE KEY UPDATE …`.

use super::{Lexer, TokenKind, unquoted};
use crate::db::Engine;
use crate::hazard::action::Conflict;

/// What the new rows are called in what is asked.
pub(in crate::hazard) const INCOMING: &str = "incoming";

/// What a column of them is called there: no other name is taken for it.
pub(in crate::hazard) fn incoming(column: &str) -> String {
    format!("new {}", column.to_lowercase())
}

#[derive(Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    kind: TokenKind,
    start: usize,
    end: usize,
    depth: usize,
}

impl Token<'_> {
    fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    fn named(&self) -> Option<String> {
        let names = matches!(self.kind, TokenKind::Word | TokenKind::Name);
        names.then(|| unquoted(self.text))
    }
}

/// Reads the clause; `None` where it is not understood to its end. What MySQL has before it, `AS new`, may come too.
pub(super) fn read(engine: Engine, text: &str) -> Option<Conflict> {
    let tokens = tokens(engine, text);
    let at = |word: &str| {
        tokens
            .iter()
            .position(|token| token.depth == 0 && token.is(word))
    };
    let mysql = matches!(engine, Engine::Mysql | Engine::Mariadb);
    let (target, start) = match mysql {
        true => (
            Vec::new(),
            at("key").filter(|key| tokens[key + 1].is("update"))? + 2,
        ),
        false => (target(&tokens)?, at("set")? + 1),
    };
    let alias = at("as").and_then(|at| tokens.get(at + 1)?.named());
    let names = if mysql {
        alias
    } else {
        Some("excluded".to_owned())
    };
    let stop = |from: usize, words: &[&str]| {
        tokens[from..]
            .iter()
            .position(|token| token.depth == 0 && words.iter().any(|word| token.is(word)))
            .map_or(tokens.len(), |at| from + at)
    };
    let end = stop(start, &["where", "returning", "on"]);
    let mut sets = Vec::new();
    for part in split(&tokens[start..end]) {
        let equals = part.iter().position(|token| token.text == "=")?;
        // `(a, b) = (…)` is none of these; `t.a` is.
        let column = part[..equals].last()?.named()?;
        sets.push((
            column,
            spelt(engine, text, &part[equals + 1..], names.as_deref())?,
        ));
    }
    let filter = match tokens.get(end) {
        Some(token) if token.is("where") => {
            let until = stop(end + 1, &["returning", "on"]);
            Some(spelt(
                engine,
                text,
                &tokens[end + 1..until],
                names.as_deref(),
            )?)
        }
        // Another ON CONFLICT decides about other rows.
        Some(token) if token.is("on") => return None,
        _ => None,
    };
    Some(Conflict {
        target,
        sets,
        filter,
    })
}

fn tokens(engine: Engine, text: &str) -> Vec<Token<'_>> {
    let mut depth = 0usize;
    let mut tokens = Vec::new();
    for token in Lexer::new(engine, text).filter(|token| !token.kind.is_blank()) {
        let piece = &text[token.start..token.end];
        depth -= usize::from(piece == ")" && depth > 0);
        tokens.push(Token {
            text: piece,
            kind: token.kind,
            start: token.start,
            end: token.end,
            depth,
        });
        depth += usize::from(piece == "(");
    }
    tokens
}

/// The columns of `ON CONFLICT (a, b)`; empty for none and for a constraint's name, `None` for expressions.
fn target(tokens: &[Token<'_>]) -> Option<Vec<String>> {
    let conflict = tokens.iter().position(|token| token.is("conflict"))?;
    let rest = &tokens[conflict + 1..];
    if rest.first()?.text != "(" {
        return Some(Vec::new());
    }
    let close = rest
        .iter()
        .position(|token| token.depth == 0 && token.text == ")")?;
    split_at(&rest[1..close], 1)
        .into_iter()
        .map(|part| match part {
            [name] => name.named(),
            _ => None,
        })
        .collect()
}

/// Parts between commas outside brackets.
fn split<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    split_at(tokens, 0)
}

fn split_at<'t, 'a>(tokens: &'t [Token<'a>], depth: usize) -> Vec<&'t [Token<'a>]> {
    tokens
        .split(|token| token.depth == depth && token.text == ",")
        .collect()
}

/// An expression as it stands, in which the new rows have the name they are asked by.
fn spelt(engine: Engine, text: &str, tokens: &[Token<'_>], new: Option<&str>) -> Option<String> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    let column = |name: &Token<'_>| {
        let name = incoming(&name.named()?);
        Some(format!(
            "{}.{}",
            engine.quote(INCOMING),
            engine.quote(&name)
        ))
    };
    let is_new = |token: &Token<'_>| {
        token
            .named()
            .is_some_and(|name| new.is_some_and(|new| new.eq_ignore_ascii_case(&name)))
    };
    let mysql = matches!(engine, Engine::Mysql | Engine::Mariadb);
    let mut written = String::new();
    let (mut from, mut at) = (first.start, 0);
    while at < tokens.len() {
        let (reference, length) = match &tokens[at..] {
            [new, dot, name, ..] if dot.text == "." && is_new(new) => (column(name)?, 3),
            [values, open, name, close, ..]
                if mysql
                    && (values.is("values") || values.is("value"))
                    && open.text == "("
                    && close.text == ")" =>
            {
                (column(name)?, 4)
            }
            // A value of its own kind: DEFAULT is none that can be asked.
            [word, ..] if word.is("default") || mysql && word.is("values") => return None,
            _ => {
                at += 1;
                continue;
            }
        };
        written.push_str(&text[from..tokens[at].start]);
        written.push_str(&reference);
        from = tokens[at + length - 1].end;
        at += length;
    }
    written.push_str(&text[from..last.end]);
    Some(written)
}

/// The condition that a column of this type has another value than this one, letter by letter, as a comparison of rows
/// sees it.
pub(in crate::hazard) fn differs(
    engine: Engine,
    type_name: &str,
    column: &str,
    value: &str,
) -> String {
    let lower = type_name.to_ascii_lowercase();
    match engine {
        Engine::Sqlite => format!("{column} COLLATE BINARY IS NOT ({value}\n)"),
        Engine::Postgres => format!(
            "CAST({column} AS text) IS DISTINCT FROM CAST(CAST(({value}\n) AS {type_name}) AS text)"
        ),
        Engine::Mysql | Engine::Mariadb => {
            let textual = ["char", "text", "enum", "set"];
            let bytes = |sql: &str| format!("CAST(CONVERT({sql} USING utf8mb4) AS BINARY)");
            let (column, value) = match lower.as_str() {
                "json" => (column.to_owned(), format!("CAST(({value}\n) AS JSON)")),
                kind if textual.iter().any(|word| kind.contains(word)) => {
                    (bytes(column), bytes(&format!("({value}\n)")))
                }
                kind if kind.starts_with("decimal") => {
                    let plain = kind.split(')').next().unwrap_or_default();
                    let close = if plain.contains('(') { ")" } else { "" };
                    (
                        column.to_owned(),
                        format!("CAST(({value}\n) AS {plain}{close})"),
                    )
                }
                _ => (column.to_owned(), format!("({value}\n)")),
            };
            format!("NOT ({column} <=> {value})")
        }
    }
}

/// A value that is to be found in a column of this type.
pub(in crate::hazard) fn as_stored(engine: Engine, type_name: &str, value: &str) -> String {
    match engine {
        Engine::Postgres => format!("CAST({value} AS {type_name})"),
        Engine::Sqlite | Engine::Mysql | Engine::Mariadb => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(engine: &str, text: &str) -> Option<String> {
        let engine = Engine::from_name(engine).expect("it is one");
        let Conflict {
            target,
            sets,
            filter,
        } = read(engine, text)?;
        Some(format!("{target:?} {sets:?} {filter:?}"))
    }

    #[test]
    fn the_clause_is_read_to_its_end_or_not_at_all() {
        assert_eq!(
            shown("postgres", "ON CONFLICT (id, \"B\") DO UPDATE SET a = excluded.a, n = t.n + 1 WHERE t.a <> excluded.a RETURNING id").as_deref(),
            Some(r#"["id", "B"] [("a", "\"incoming\".\"new a\""), ("n", "t.n + 1")] Some("t.a <> \"incoming\".\"new a\"")"#)
        );
        assert_eq!(
            shown(
                "mysql",
                "ON DUPLICATE KEY UPDATE a = VALUES(`a`), n = n + 1"
            )
            .as_deref(),
            Some(r#"[] [("a", "`incoming`.`new a`"), ("n", "n + 1")] None"#)
        );
        assert_eq!(
            shown(
                "mysql",
                "AS fresh ON DUPLICATE KEY UPDATE a = CONCAT(fresh.a, 'VALUES(b)')"
            )
            .as_deref(),
            Some(r#"[] [("a", "CONCAT(`incoming`.`new a`, 'VALUES(b)')")] None"#)
        );
        for text in [
            "ON CONFLICT (lower(mail)) DO UPDATE SET a = excluded.a",
            "ON CONFLICT (id) DO UPDATE SET (a, b) = (excluded.a, excluded.b)",
            "ON CONFLICT (id) DO UPDATE SET a = DEFAULT",
            "ON CONFLICT (id) DO UPDATE SET a = 1 ON CONFLICT (b) DO UPDATE SET a = 2",
            "ON CONFLICT (id) DO NOTHING",
            "ON CONFLICT",
            "",
        ] {
            assert_eq!(shown("sqlite", text), None, "{text}");
        }
    }
}
