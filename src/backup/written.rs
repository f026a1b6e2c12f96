//! Tables as people write them: `--tables` names them, lists show them. A dot may be part of a name (PostgreSQL), so that
//! two tables may be written alike; then quotes tell them apart, as in SQL.

use super::error::{Error, Result};
use crate::ident::TableName;

/// A table's name in a list of these, where no other one is called so: parts with a dot in them are quoted where that is
/// needed.
pub(super) fn label<'a>(table: &TableName, mut all: impl Iterator<Item = &'a TableName>) -> String {
    let length =
        |name: &TableName| name.schema.as_ref().map_or(0, |it| it.len() + 1) + name.name.len();
    let written = table.to_string();
    let is_alike = |other: &TableName| {
        other != table && length(other) == written.len() && other.to_string() == written
    };
    if !all.any(is_alike) {
        return written;
    }
    let part = |part: &str| match part.contains('.') {
        true => quoted(part),
        false => part.to_owned(),
    };
    joined(table, part)
}

/// A table's name that no other one has, whatever there is.
pub(super) fn exact(table: &TableName) -> String {
    joined(table, quoted)
}

fn joined(table: &TableName, part: impl Fn(&str) -> String) -> String {
    match &table.schema {
        Some(schema) => format!("{}.{}", part(schema), part(&table.name)),
        None => part(&table.name),
    }
}

fn quoted(part: &str) -> String {
    format!("\"{}\"", part.replace('"', "\"\""))
}

/// The indexes of the tables that were asked for, in the order of `known`; all of them where nothing was. A name is
/// matched as it is written (`schema.table`, the default schema's tables with it or without), with quotes as in SQL, and
/// without regard to letter case where that leaves no doubt.
///
/// # Errors
/// `UnknownTable`, `NoTableNamed`; `AlikeTables` for what may be one or another.
pub(super) fn choose(
    known: &[&TableName],
    default_schema: Option<&str>,
    asked: Option<&[String]>,
    place: &str,
) -> Result<Vec<usize>> {
    let Some(asked) = asked else {
        return Ok((0..known.len()).collect());
    };
    if asked.is_empty() {
        return Err(Error::NoTableNamed);
    }
    let mut chosen = Vec::new();
    for wanted in asked {
        chosen.push(one(known, default_schema, wanted, place)?);
    }
    chosen.sort_unstable();
    chosen.dedup();
    Ok(chosen)
}

fn one(
    known: &[&TableName],
    default_schema: Option<&str>,
    wanted: &str,
    place: &str,
) -> Result<usize> {
    let found = |matches: &dyn Fn(&TableName) -> bool| -> Vec<usize> {
        (0..known.len())
            .filter(|index| matches(known[*index]))
            .collect()
    };
    let parts = wanted.contains('"').then(|| parts(wanted)).flatten();
    let in_default = |table: &TableName| match (&table.schema, default_schema) {
        (None, Some(schema)) => format!("{schema}.{}", table.name) == wanted,
        _ => false,
    };
    let is_quoted = |table: &TableName| match parts.as_deref() {
        Some([name]) => table.schema.is_none() && table.name == *name,
        Some([schema, name]) => {
            table.schema.as_deref().or(default_schema) == Some(schema) && table.name == *name
        }
        _ => false,
    };
    let is_named =
        |table: &TableName| table.to_string() == wanted || in_default(table) || is_quoted(table);
    let named = found(&is_named);
    let named = match named.is_empty() {
        true => found(&|table| table.to_string().eq_ignore_ascii_case(wanted)),
        false => named,
    };
    match named.as_slice() {
        [index] => Ok(*index),
        [first, _, ..] if is_named(known[*first]) => Err(Error::AlikeTables {
            table: wanted.to_owned(),
            place: place.to_owned(),
            exact: named.iter().map(|index| exact(known[*index])).collect(),
        }),
        _ => Err(Error::UnknownTable {
            table: wanted.to_owned(),
            place: place.to_owned(),
            known: known
                .iter()
                .map(|table| label(table, known.iter().copied()))
                .collect(),
        }),
    }
}

/// The parts of a name in which some are quoted; nothing if it is none.
fn parts(wanted: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = wanted;
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(inner) => quoted_part(inner)?,
            None => {
                let end = rest.find(['.', '"']).unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        parts.push(part);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(parts),
            None => return None,
        }
    }
}

/// What stands before the closing quote, and what behind it.
fn quoted_part(inner: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = inner;
    loop {
        let end = rest.find('"')?;
        part.push_str(&rest[..end]);
        match rest[end + 1..].strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return Some((part, &rest[end + 1..])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_chosen_by_name_once_and_in_order() {
        let known = ["comments", "Users", "users", "Points"].map(TableName::plain);
        let known: Vec<&TableName> = known.iter().collect();
        let choose = |asked: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
            choose(&known, None, Some(&asked), "`app.db`")
        };
        assert_eq!(
            choose(&["users", "comments", "users"]).ok(),
            Some(vec![0, 2])
        );
        assert_eq!(choose(&["points"]).ok(), Some(vec![3]));
        assert!(matches!(
            choose(&["USERS"]),
            Err(Error::UnknownTable { .. })
        ));
        assert!(matches!(choose(&["user"]), Err(Error::UnknownTable { .. })));
        assert!(matches!(choose(&[]), Err(Error::NoTableNamed)));
    }

    #[test]
    fn names_with_dots_in_them_are_told_apart_by_quotes() {
        let table = |schema: Option<&str>, name: &str| TableName {
            schema: schema.map(str::to_owned),
            name: name.to_owned(),
        };
        let known = [
            table(Some("s"), "u"),
            table(None, "s.u"),
            table(None, "plain"),
            table(Some("a.b"), "c"),
            table(Some("a"), "b.c"),
            table(None, "q\"t"),
        ];
        let known: Vec<&TableName> = known.iter().collect();
        let labels: Vec<String> = known
            .iter()
            .map(|table| label(table, known.iter().copied()))
            .collect();
        assert_eq!(
            labels,
            ["s.u", "\"s.u\"", "plain", "\"a.b\".c", "a.\"b.c\"", "q\"t"]
        );
        let choose =
            |asked: &str| choose(&known, Some("public"), Some(&[asked.to_owned()]), "`shop`");
        for (asked, index) in [
            ("s.\"u\"", 0),
            ("\"s\".u", 0),
            ("\"s.u\"", 1),
            ("public.\"s.u\"", 1),
            ("public.s.u", 1),
            ("public.plain", 2),
            ("\"public\".\"plain\"", 2),
            ("Plain", 2),
            ("\"a.b\".c", 3),
            ("a.\"b.c\"", 4),
            ("q\"t", 5),
            ("\"q\"\"t\"", 5),
        ] {
            assert_eq!(choose(asked).ok(), Some(vec![index]), "{asked}");
        }
        for asked in ["s.u", "a.b.c"] {
            let error = choose(asked).expect_err("it may be either");
            assert!(
                matches!(error, Error::AlikeTables { .. }),
                "{asked}: {error}"
            );
        }
        for asked in ["\"s.u", "\"Plain\"", "other.plain", "\"a\"b.c", ""] {
            let error = choose(asked).expect_err("there is none");
            assert!(
                matches!(error, Error::UnknownTable { .. }),
                "{asked}: {error}"
            );
        }
        for (index, table) in known.iter().enumerate() {
            assert_eq!(choose(&exact(table)).ok(), Some(vec![index]), "{table}");
        }
    }
}
