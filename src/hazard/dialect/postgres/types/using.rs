//! USING expressions that only cast the column: `a::text::mood`, `CAST(a AS integer)`.

use super::name::Type;
use crate::db::Engine;
use crate::hazard::dialect::{Lexer, unquoted, words};

/// The types a USING casts the column through, as written; `None` where it does anything else.
pub(super) fn casts(using: &str, column: &str) -> Option<Vec<String>> {
    let (name, casts) = read(using)?;
    (fold(&name) == unquoted(column)).then_some(casts)
}

/// The same of whatever column.
pub(super) fn casts_of_any(using: &str) -> Option<Vec<String>> {
    read(using).map(|(_, casts)| casts)
}

/// Whether it names the column anywhere.
pub(super) fn names(using: &str, column: &str) -> bool {
    let column = unquoted(column).to_lowercase();
    words(Engine::Postgres, using).contains(&column)
}

/// Whether values of a type are the same where `=` says so.
pub(super) fn has_equality(name: &Type) -> bool {
    match name {
        // `json` has none; nobody knows of the others.
        Type::Json | Type::Other(_) => false,
        Type::Array(element) => has_equality(element),
        _ => true,
    }
}

/// Whether a USING is one of the few calls whose every result tells which value it was made of.
pub(super) fn keeps_all(using: &str, column: &str, from: &Type, to: &Type) -> bool {
    let tokens: Vec<&str> = Lexer::new(Engine::Postgres, using)
        .filter(|token| !token.kind.is_blank())
        .map(|token| &using[token.start..token.end])
        .collect();
    let is_column = |name: &str| fold(name) == unquoted(column);
    let lower: Vec<String> = tokens.iter().map(|token| token.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    match (tokens.as_slice(), lower.as_slice()) {
        ([name, ..], [_, "at", "time", "zone", zone])
            if is_column(name) && zone.starts_with('\'') =>
        {
            match (from, to) {
                (Type::Timestamp(before), Type::TimestampTz(after))
                | (Type::TimestampTz(before), Type::Timestamp(after)) => after >= before,
                _ => false,
            }
        }
        ([_, _, name, ..], ["array", "[", _, "]"]) if is_column(name) => {
            matches!(to, Type::Array(element) if **element == *from)
        }
        ([_, _, name, ..], ["to_jsonb" | "jsonb_build_array", "(", _, ")"]) if is_column(name) => {
            *to == Type::Jsonb
        }
        ([_, _, name, ..], ["to_json" | "json_build_array", "(", _, ")"]) if is_column(name) => {
            *to == Type::Json
        }
        ([_, _, name, ..], ["to_timestamp", "(", _, ")"]) if is_column(name) => {
            *to == Type::TimestampTz(6) && matches!(from, Type::Smallint | Type::Integer)
        }
        ([_, _, name, ..], ["encode", "(", _, ",", "'hex'" | "'base64'", ")"])
            if is_column(name) =>
        {
            *to == Type::Text(None)
        }
        _ => false,
    }
}

fn fold(name: &str) -> String {
    match name.starts_with('"') {
        true => unquoted(name),
        false => name.to_ascii_lowercase(),
    }
}

/// The column and its casts, innermost first.
fn read(using: &str) -> Option<(String, Vec<String>)> {
    let tokens: Vec<&str> = Lexer::new(Engine::Postgres, using)
        .filter(|token| !token.kind.is_blank())
        .map(|token| &using[token.start..token.end])
        .collect();
    let (name, casts, rest) = operand(&tokens, 0)?;
    rest.is_empty().then_some((name, casts))
}

/// How deep brackets may nest; deeper ones are not casts anybody writes.
const MOST_NESTED: usize = 16;

type Operand<'a> = (String, Vec<String>, &'a [&'a str]);

fn operand<'a>(tokens: &'a [&'a str], depth: usize) -> Option<Operand<'a>> {
    if depth > MOST_NESTED {
        return None;
    }
    let (name, mut casts, mut rest) = match tokens {
        ["(", inner @ ..] => {
            let (name, casts, rest) = operand(inner, depth + 1)?;
            (name, casts, rest.strip_prefix(&[")"])?)
        }
        [cast, "(", inner @ ..] if cast.eq_ignore_ascii_case("cast") => {
            let (name, mut casts, rest) = operand(inner, depth + 1)?;
            let (word, rest) = rest.split_first()?;
            if !word.eq_ignore_ascii_case("as") {
                return None;
            }
            let length = type_length(rest);
            casts.push(spelt(&rest[..length])?);
            (name, casts, rest[length..].strip_prefix(&[")"])?)
        }
        [name, rest @ ..] if is_name(name) => ((*name).to_owned(), Vec::new(), rest),
        _ => return None,
    };
    while let [":", ":", after @ ..] = rest {
        let length = type_length(after);
        casts.push(spelt(&after[..length])?);
        rest = &after[length..];
    }
    Some((name, casts, rest))
}

fn is_name(token: &str) -> bool {
    let first = token.chars().next();
    first.is_some_and(|first| first == '"' || first == '_' || first.is_alphabetic())
        && !token.ends_with('\'')
}

/// How many tokens a type's name takes: `double precision`, `varchar(10)`, `text[]`, `timestamp(3) with time zone`.
fn type_length(tokens: &[&str]) -> usize {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match *token {
            "(" | "[" => {
                let close = if *token == "(" { ")" } else { "]" };
                match tokens[at..].iter().position(|token| *token == close) {
                    Some(end) => at += end + 1,
                    None => return at,
                }
            }
            "." => at += 1,
            token if is_name(token) => at += 1,
            _ => return at,
        }
    }
    at
}

fn spelt(tokens: &[&str]) -> Option<String> {
    (!tokens.is_empty()).then(|| {
        tokens
            .join(" ")
            .replace(" . ", ".")
            .replace(" (", "(")
            .replace("( ", "(")
            .replace(" )", ")")
    })
}
