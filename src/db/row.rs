//! Lines of table files, as far as all engines agree: a JSON object a line, keys in column order.

use serde_json::value::RawValue;

use super::catalog::Column;
use super::dialect::{mysql, postgres, sqlite};
use super::{Engine, Error, Result};
use crate::ident::TableName;

/// The members of a line, in order, values unread.
pub(super) struct Members<'a>(pub Vec<(std::borrow::Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        struct Visitor<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> serde::de::Visitor<'de> for Visitor<'a> {
            type Value = Members<'a>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str("a row object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Members<'a>, A::Error> {
                let mut members = Vec::new();
                while let Some(key) = map.next_key::<Name<'de>>()? {
                    members.push((key.0, map.next_value::<&'de RawValue>()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor(std::marker::PhantomData))
    }
}

/// A key, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

/// Whether a line of a table file fits its columns: the same keys in the same order, each value of a form this engine
/// writes. `row` is its number from 1, for the message.
///
/// # Errors
/// `Error::Row` that says which column does not fit.
pub fn check_line(
    engine: Engine,
    table: &TableName,
    columns: &[Column],
    row: u64,
    line: &[u8],
) -> Result<()> {
    let wrong = |message: String| Error::Row {
        table: table.to_string(),
        row,
        message,
    };
    let members = parse(line).map_err(wrong)?;
    if members.0.len() != columns.len()
        || members
            .0
            .iter()
            .zip(columns)
            .any(|((name, _), column)| *name != column.name)
    {
        return Err(wrong("its columns are not those of the summary".to_owned()));
    }
    for ((name, value), column) in members.0.iter().zip(columns) {
        let fits = match engine {
            Engine::Sqlite => sqlite::line::cell(value.get()).map(|_| ()),
            Engine::Mysql | Engine::Mariadb => mysql::line::check(&column.type_name, value.get()),
            Engine::Postgres => postgres::line::check(&column.type_name, value.get()),
        };
        fits.map_err(|message| {
            wrong(format!("column `{name}` ({}): {message}", column.type_name))
        })?;
    }
    Ok(())
}

/// The same row with only these columns, each under its second name, in their order in the line; the values' bytes stay
/// as they are.
///
/// # Errors
/// `Error::Row` when the line is no row object.
pub fn project_line(
    table: &TableName,
    keep: &[(&str, &str)],
    row: u64,
    line: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    let members = parse(line).map_err(|message| Error::Row {
        table: table.to_string(),
        row,
        message,
    })?;
    out.push(b'{');
    let mut first = true;
    for (name, value) in &members.0 {
        let Some((_, to)) = keep.iter().find(|(from, _)| *from == name.as_ref()) else {
            continue;
        };
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        push_string(out, to);
        out.push(b':');
        out.extend_from_slice(value.get().as_bytes());
    }
    out.push(b'}');
    Ok(())
}

/// A JSON string as table files write it.
pub(super) fn push_string(out: &mut Vec<u8>, text: &str) {
    // Writing to a Vec cannot fail, and a string is always representable.
    let _ = serde_json::to_writer(out, text);
}

pub(super) fn parse(line: &[u8]) -> std::result::Result<Members<'_>, String> {
    serde_json::from_slice(line).map_err(|error| format!("not a row object ({error})"))
}
