//! Sets whose names have capitals, and servers that do not: MySQL and MariaDB tell `Users` from `users` on one server and
//! take them for one table on another (`lower_case_table_names`).

use std::collections::BTreeMap;

use super::error::{Error, Result};
use super::progress::say;
use super::set::Set;
use crate::db::{Capitals, Engine, Session};
use crate::event::{Level, Sink};

/// The set with its names as the server has them.
///
/// # Errors
/// `SameButForCase`: several of its names would be one.
pub(super) async fn fitted(
    set: Set,
    session: &mut Session,
    sink: &dyn Sink,
) -> crate::error::Result<Set> {
    let capitals = session.capitals().await?;
    if capitals == Capitals::Kept {
        return Ok(set);
    }
    refuse_same(&set, session.engine())?;
    if capitals == Capitals::Ignored {
        return Ok(set);
    }
    let lowered = set.lowered();
    let (then, now) = (&set.summary().tables, &lowered.summary().tables);
    let other = then
        .iter()
        .zip(now)
        .find(|(then, now)| then.name != now.name);
    if let Some((then, now)) = other {
        let message = format!(
            "this server writes the names of tables in small letters: `{}` is `{}` there",
            then.name, now.name
        );
        say(sink, Level::Info, message);
    }
    Ok(lowered)
}

fn refuse_same(set: &Set, engine: Engine) -> Result<()> {
    let summary = set.summary();
    let tables = summary.tables.iter().map(|table| table.name.name.clone());
    // Those of counters are the names of their tables once more.
    let counters = summary.sequences.iter().map(|counter| counter.name.clone());
    let schema = set.schema()?;
    let made = schema.before.iter().chain(&schema.after);
    let views = made.filter_map(|sql| engine.made_by(sql));
    let views = views
        .filter(|(kind, _)| kind == "view")
        .map(|(_, name)| name);
    let mut alike: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in tables.chain(counters).chain(views) {
        let names = alike.entry(name.to_lowercase()).or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let same = alike.into_values().filter(|names| names.len() > 1);
    let told = same.map(|mut names| {
        names.sort();
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(" and ")
    });
    let names: Vec<String> = told.collect();
    match names.is_empty() {
        true => Ok(()),
        false => Err(Error::SameButForCase {
            timestamp: set.timestamp(),
            names: names.join(", "),
        }),
    }
}
