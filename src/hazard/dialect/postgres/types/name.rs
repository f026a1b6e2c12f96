//! Names of PostgreSQL's types, in all their spellings (<https://www.postgresql.org/docs/15/datatype.html>).

use crate::db::Engine;
use crate::hazard::dialect::{Lexer, unquoted};

/// A type with what limits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Smallint,
    Integer,
    Bigint,
    /// Its precision and scale; `None` takes any number.
    Numeric(Option<(i32, i32)>),
    Real,
    Double,
    Boolean,
    /// `varchar(n)`, or `varchar` and `text` without a limit.
    Text(Option<i64>),
    /// `char(n)`, padded with blanks.
    Char(i64),
    /// The type of names in the catalog: 63 bytes.
    Name,
    Date,
    /// The digits behind the second.
    Time(i64),
    TimeTz(i64),
    Timestamp(i64),
    TimestampTz(i64),
    Interval(i64),
    Uuid,
    Json,
    Jsonb,
    Inet,
    Cidr,
    /// A type of these elements.
    Array(Box<Type>),
    /// Any other, in the spelling it has.
    Other(String),
}

impl Type {
    /// Reads a type's name as a migration or the catalog spells it.
    pub(super) fn parse(name: &str) -> Type {
        let tokens: Vec<&str> = Lexer::new(Engine::Postgres, name)
            .filter(|token| !token.kind.is_blank())
            .map(|token| &name[token.start..token.end])
            .collect();
        let bracket = tokens.iter().position(|token| *token == "[");
        let array = tokens
            .iter()
            .position(|token| token.eq_ignore_ascii_case("array"));
        if let Some(end) = bracket.or(array).filter(|end| *end > 0) {
            return Type::Array(Box::new(parse(&tokens[..end])));
        }
        parse(&tokens)
    }

    /// Whether it holds text.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Type::Text(_) | Type::Char(_) | Type::Name)
            || matches!(self, Type::Other(name) if name == "citext")
    }

    /// The whole numbers it holds, and how many digits the largest has.
    pub(super) fn whole(&self) -> Option<(&'static str, &'static str, i32)> {
        match self {
            Type::Smallint => Some(("-32768", "32767", 5)),
            Type::Integer => Some(("-2147483648", "2147483647", 10)),
            Type::Bigint => Some(("-9223372036854775808", "9223372036854775807", 19)),
            _ => None,
        }
    }

    /// Whether it holds numbers.
    pub(super) fn is_number(&self) -> bool {
        self.whole().is_some() || matches!(self, Type::Numeric(_) | Type::Real | Type::Double)
    }
}

fn parse(tokens: &[&str]) -> Type {
    let mut tokens = tokens;
    if let [schema, ".", rest @ ..] = tokens
        && unquoted(schema).eq_ignore_ascii_case("pg_catalog")
    {
        tokens = rest;
    }
    let open = tokens.iter().position(|token| *token == "(");
    let close = tokens.iter().position(|token| *token == ")");
    let numbers: Vec<i64> = match (open, close) {
        (Some(open), Some(close)) if open < close => numbers(&tokens[open + 1..close]),
        _ => Vec::new(),
    };
    let inside = |index: usize| {
        open.is_some_and(|open| index >= open) && close.is_none_or(|close| index <= close)
    };
    let words: Vec<String> = tokens
        .iter()
        .enumerate()
        .filter(|(index, _)| !inside(*index))
        .map(|(_, token)| fold(token))
        .collect();
    let words = words.join(" ").replace(" . ", ".");
    named(&words, &numbers)
}

/// A quoted name keeps its case, any other is in lower case.
fn fold(token: &str) -> String {
    match token.starts_with('"') {
        true => unquoted(token),
        false => token.to_ascii_lowercase(),
    }
}

fn numbers(tokens: &[&str]) -> Vec<i64> {
    let mut numbers = Vec::new();
    let mut sign = 1;
    for token in tokens {
        match token.parse::<i64>() {
            Ok(number) => numbers.push(std::mem::replace(&mut sign, 1) * number),
            Err(_) if *token == "-" => sign = -1,
            Err(_) => {}
        }
    }
    numbers
}

fn named(words: &str, numbers: &[i64]) -> Type {
    let first = numbers.first().copied();
    // Six digits are all there are.
    let digits = first.unwrap_or(6);
    match words {
        "smallint" | "int2" | "smallserial" | "serial2" => Type::Smallint,
        "integer" | "int" | "int4" | "serial" | "serial4" => Type::Integer,
        "bigint" | "int8" | "bigserial" | "serial8" => Type::Bigint,
        "numeric" | "decimal" | "dec" => Type::Numeric(first.map(|precision| {
            let scale = numbers.get(1).copied().unwrap_or(0);
            (clamp(precision), clamp(scale))
        })),
        "real" | "float4" => Type::Real,
        "float" if first.is_some_and(|bits| bits <= 24) => Type::Real,
        "double precision" | "float8" | "float" => Type::Double,
        "boolean" | "bool" => Type::Boolean,
        "text" => Type::Text(None),
        "varchar"
        | "character varying"
        | "char varying"
        | "national character varying"
        | "national char varying"
        | "nchar varying" => Type::Text(first),
        "char" | "character" | "nchar" | "national character" | "national char" => {
            Type::Char(first.unwrap_or(1))
        }
        "bpchar" => first.map_or(Type::Text(None), Type::Char),
        "name" => Type::Name,
        "date" => Type::Date,
        "time" | "time without time zone" => Type::Time(digits),
        "timetz" | "time with time zone" => Type::TimeTz(digits),
        "timestamp" | "timestamp without time zone" => Type::Timestamp(digits),
        "timestamptz" | "timestamp with time zone" => Type::TimestampTz(digits),
        "interval" => Type::Interval(digits),
        "uuid" => Type::Uuid,
        "json" => Type::Json,
        "jsonb" => Type::Jsonb,
        "inet" => Type::Inet,
        "cidr" => Type::Cidr,
        _ => Type::Other(match numbers.is_empty() {
            true => words.to_owned(),
            false => format!("{words} {numbers:?}"),
        }),
    }
}

/// Precisions are at most 1000; what is more is refused anyway.
fn clamp(number: i64) -> i32 {
    i32::try_from(number.clamp(-2000, 2000)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_type_is_the_same_type() {
        for (spelt, expected) in [
            ("VARCHAR(10)", Type::Text(Some(10))),
            ("character varying(10)", Type::Text(Some(10))),
            ("character varying", Type::Text(None)),
            ("pg_catalog.int4", Type::Integer),
            ("INT", Type::Integer),
            ("bigserial", Type::Bigint),
            ("DECIMAL(10, 2)", Type::Numeric(Some((10, 2)))),
            ("numeric(5)", Type::Numeric(Some((5, 0)))),
            ("numeric(3, -2)", Type::Numeric(Some((3, -2)))),
            ("numeric", Type::Numeric(None)),
            ("char", Type::Char(1)),
            ("character(3)", Type::Char(3)),
            ("timestamp(3) without time zone", Type::Timestamp(3)),
            ("TIMESTAMP(3)", Type::Timestamp(3)),
            ("timestamp with time zone", Type::TimestampTz(6)),
            ("timestamptz(0)", Type::TimestampTz(0)),
            ("float(24)", Type::Real),
            ("float", Type::Double),
            ("text[]", Type::Array(Box::new(Type::Text(None)))),
            ("integer array", Type::Array(Box::new(Type::Integer))),
            ("\"Role\"", Type::Other("Role".to_owned())),
            ("app.mood", Type::Other("app.mood".to_owned())),
            (
                "geometry(Point,4326)",
                Type::Other("geometry [4326]".to_owned()),
            ),
        ] {
            assert_eq!(Type::parse(spelt), expected, "{spelt}");
        }
    }
}
