//! USING expressions that only cast the column: `a::text::mood`, `CAST(a AS integer)`.

use super::name::Type;
use crate::db::Engine;
use crate::hazard::dialect::{Lexer, unquoted};

/// The types a USING casts the column through, as written; `None` where it does anything else.
pub(super) fn casts(using: &str, column: &str) -> Option<Vec<String>> {
    let (name, casts) = read(using)?;
    (fold(&name) == unquoted(column)).then_some(casts)
}

/// The same of whatever column.
pub(super) fn casts_of_any(using: &str) -> Option<Vec<String>> {
    read(using).map(|(_, casts)| casts)
}

/// A type as SQL, where it is one of PostgreSQL's own and values can be cast to it without loss of meaning.
pub(super) fn type_sql(name: &Type) -> Option<String> {
    Some(match name {
        Type::Smallint => "smallint".to_owned(),
        Type::Integer => "integer".to_owned(),
        Type::Bigint => "bigint".to_owned(),
        Type::Numeric(None) => "numeric".to_owned(),
        Type::Numeric(Some((precision, scale))) => format!("numeric({precision}, {scale})"),
        Type::Real => "real".to_owned(),
        Type::Double => "double precision".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Text(None) => "text".to_owned(),
        Type::Text(Some(length)) => format!("varchar({length})"),
        Type::Char(length) => format!("char({length})"),
        Type::Name => "name".to_owned(),
        Type::Date => "date".to_owned(),
        Type::Time(digits) => format!("time({digits})"),
        Type::TimeTz(digits) => format!("timetz({digits})"),
        Type::Timestamp(digits) => format!("timestamp({digits})"),
        Type::TimestampTz(digits) => format!("timestamptz({digits})"),
        Type::Interval(digits) => format!("interval({digits})"),
        Type::Uuid => "uuid".to_owned(),
        Type::Jsonb => "jsonb".to_owned(),
        Type::Inet => "inet".to_owned(),
        Type::Cidr => "cidr".to_owned(),
        // `json` has no equality.
        Type::Json | Type::Array(_) | Type::Other(_) => return None,
    })
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
