//! Types by their names: as the catalog prints them (`int(11)`, `varchar(191)`) and as people write them (`INTEGER`,
//! `NVARCHAR(191)`, `BOOL`).

use crate::hazard::dialect::TokenKind;
use crate::hazard::dialect::mysql::cursor::unescaped;
use crate::hazard::dialect::mysql::pieces::{Rows, pieces};

/// A type, as far as its values are concerned.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Type {
    pub(super) kind: Kind,
    pub(super) unsigned: bool,
}

/// What a type holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Integers of so many bytes.
    Integer(u32),
    /// So many bits.
    Bit(u32),
    /// Digits in all, and those behind the point.
    Decimal(u32, u32),
    Float,
    Double,
    Year,
    Date,
    /// Digits of a second's fraction, here and below.
    Time(u32),
    Datetime(u32),
    Timestamp(u32),
    /// Characters, here and below.
    Char(u64),
    Varchar(u64),
    /// Bytes, here and below.
    Text(u64),
    Binary(u64),
    Varbinary(u64),
    Blob(u64),
    Enum(Vec<String>),
    Set(Vec<String>),
    Json,
    /// A type of one server's own, by its name.
    Other(String),
}

/// The four sizes of TEXT and BLOB, in bytes.
const SIZES: [(&str, u64); 4] = [
    ("tiny", 255),
    ("", 65_535),
    ("medium", 16_777_215),
    ("long", 4_294_967_295),
];

impl Type {
    /// Reads a type's name; what is not known keeps its name.
    pub(super) fn parse(name: &str) -> Type {
        let pieces = pieces(name, Rows::Kept).unwrap_or_default();
        let mut words = Vec::new();
        let mut numbers = Vec::new();
        let mut values = Vec::new();
        let mut unsigned = false;
        let mut inside = false;
        for piece in &pieces {
            match piece.kind {
                TokenKind::Symbol => inside = piece.text == "(" || inside && piece.text != ")",
                TokenKind::Number if inside => numbers.extend(piece.text.parse::<u64>()),
                TokenKind::Literal if inside => values.push(unescaped(piece.text)),
                TokenKind::Word if piece.is_any(&["unsigned", "zerofill"]) => unsigned = true,
                TokenKind::Word if inside || piece.is_any(&["signed", "precision"]) => {}
                // CHAR(5) BINARY is about its collation.
                TokenKind::Word if piece.is("binary") && !words.is_empty() => {}
                TokenKind::Word => words.push(piece.text.to_lowercase()),
                _ => {}
            }
        }
        let first = words.first().map(String::as_str).unwrap_or_default();
        // SERIAL is BIGINT UNSIGNED.
        unsigned |= first == "serial";
        let kind = number(first, &numbers)
            .or_else(|| time(first, &numbers))
            .or_else(|| text(&words, &numbers))
            .or_else(|| {
                Some(match first {
                    "enum" => Kind::Enum(values),
                    "set" => Kind::Set(values),
                    "json" => Kind::Json,
                    _ => return None,
                })
            });
        Type {
            kind: kind.unwrap_or_else(|| Kind::Other(name.to_lowercase())),
            unsigned,
        }
    }
}

fn at(numbers: &[u64], index: usize, other: u32) -> u32 {
    numbers
        .get(index)
        .and_then(|number| u32::try_from(*number).ok())
        .unwrap_or(other)
}

/// <https://dev.mysql.com/doc/refman/8.4/en/numeric-type-syntax.html> and
/// <https://dev.mysql.com/doc/refman/8.4/en/other-vendor-data-types.html>
fn number(word: &str, numbers: &[u64]) -> Option<Kind> {
    Some(match word {
        "bool" | "boolean" | "tinyint" | "int1" => Kind::Integer(1),
        "smallint" | "int2" => Kind::Integer(2),
        "mediumint" | "middleint" | "int3" => Kind::Integer(3),
        "int" | "integer" | "int4" => Kind::Integer(4),
        "bigint" | "int8" | "serial" => Kind::Integer(8),
        "bit" => Kind::Bit(at(numbers, 0, 1)),
        "decimal" | "dec" | "numeric" | "fixed" | "number" => {
            Kind::Decimal(at(numbers, 0, 10), at(numbers, 1, 0))
        }
        // FLOAT(M,D) rounds as a DECIMAL does; FLOAT(P) is one of the two.
        "float" | "float4" | "double" | "float8" | "real" if numbers.len() == 2 => {
            Kind::Decimal(at(numbers, 0, 10), at(numbers, 1, 0))
        }
        "float" if at(numbers, 0, 0) > 24 => Kind::Double,
        "float" | "float4" => Kind::Float,
        "double" | "float8" | "real" => Kind::Double,
        _ => return None,
    })
}

fn time(word: &str, numbers: &[u64]) -> Option<Kind> {
    let digits = at(numbers, 0, 0);
    Some(match word {
        "year" => Kind::Year,
        "date" => Kind::Date,
        "time" => Kind::Time(digits),
        "datetime" => Kind::Datetime(digits),
        "timestamp" => Kind::Timestamp(digits),
        _ => return None,
    })
}

fn text(words: &[String], numbers: &[u64]) -> Option<Kind> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let length = numbers.first().copied();
    let varies = words
        .iter()
        .any(|word| ["varying", "varchar", "varcharacter", "nvarchar", "varchar2"].contains(word));
    Some(match words.as_slice() {
        ["long", "varbinary", ..] => Kind::Blob(SIZES[2].1),
        ["long", ..] => Kind::Text(SIZES[2].1),
        [
            "char" | "character" | "nchar" | "national" | "varchar" | "varcharacter" | "nvarchar"
            | "varchar2",
            ..,
        ] => match varies {
            true => Kind::Varchar(length.unwrap_or(1)),
            false => Kind::Char(length.unwrap_or(1)),
        },
        ["binary", ..] => Kind::Binary(length.unwrap_or(1)),
        ["varbinary", ..] => Kind::Varbinary(length.unwrap_or(1)),
        ["raw", ..] => Kind::Varbinary(length.unwrap_or(1)),
        [word, ..] => return sized(word, length),
        [] => return None,
    })
}

/// TEXT and BLOB; one with a length is the smallest that holds it.
fn sized(word: &str, length: Option<u64>) -> Option<Kind> {
    let word = if word == "clob" { "longtext" } else { word };
    let bytes = |stem: &str| {
        let (_, bytes) = SIZES.iter().find(|(size, _)| *size == stem)?;
        let asked = length.filter(|_| stem.is_empty());
        let fits = asked.and_then(|asked| SIZES.iter().find(|(_, bytes)| *bytes >= asked));
        Some(fits.map_or(*bytes, |(_, bytes)| *bytes))
    };
    if let Some(stem) = word.strip_suffix("text") {
        return bytes(stem).map(Kind::Text);
    }
    let stem = word.strip_suffix("blob")?;
    bytes(stem).map(Kind::Blob)
}
