//! The databases that this program makes for itself beside a real one: what their names say, and what is left of runs
//! that were cut off.

use super::catalog::cell;
use super::link::State;
use super::{history, journal, quote, scratch, text};
use crate::db::dialect::{HALF_RESTORED, NOT_RESTORED, copies};
use crate::db::{Error, Result};

/// Stands in the name of every database that this program makes for itself.
const MARK: &str = "_dbscript_";

/// Stands behind it in the name of one that a restore builds.
const NEW: &str = "new_";

/// Stands behind it in the name of one that keeps what was replaced.
const WAS: &str = "was_";

/// How many letters of a database's name stand before the mark: names have at most 64.
const LETTERS: usize = 38;

/// A name for a throw-away copy of a database of which nothing can prove whose it is.
pub(super) fn scratch_name(database: &str) -> Result<String> {
    name(database, "")
}

/// A name for the database that a restore builds.
pub(super) fn new_name(database: &str) -> Result<String> {
    name(database, NEW)
}

/// A name for the database that the tables go to which a restore replaces.
pub(super) fn old_name(database: &str) -> Result<String> {
    name(database, WAS)
}

fn name(database: &str, what: &str) -> Result<String> {
    let random = copies::random::<6>()?;
    Ok(format!("{}{what}{random}", beginning(database)))
}

/// How the names of databases of ours beside this one begin. Long names that begin alike are told apart.
pub(super) fn beginning(database: &str) -> String {
    if database.chars().count() <= LETTERS {
        return format!("{database}{MARK}");
    }
    let sum = format!("_{:08x}", history::crc32(database.as_bytes()));
    let start: String = database.chars().take(LETTERS - sum.len()).collect();
    format!("{start}{sum}{MARK}")
}

/// Whether a database is one of ours.
pub(super) fn is_ours(database: &str) -> bool {
    database.contains(MARK)
}

/// What a database beside this one was left by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// A restore that was cut off while it put its tables in place.
    Unfinished,
    /// One that was cut off before that: nothing of it is needed.
    Unused,
    /// One of which this user may not know how far it came.
    Unreadable,
    /// Something else: a rehearsal that may be at work, or tables that others wrote to.
    Unknown,
}

/// The databases of ours beside this one, of this run or another.
pub(super) async fn look(state: &mut State) -> Result<Vec<(String, Left)>> {
    let sql = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY 1";
    let start = beginning(&state.server.database);
    let rows = text::rows(&mut state.connection, sql).await?;
    let mut found = Vec::new();
    for row in rows {
        let name = cell(&row, 0);
        let Some(rest) = name.strip_prefix(&start) else {
            continue;
        };
        let left = match rest {
            rest if rest.starts_with(NEW) => Left::Unused,
            rest if rest.starts_with(WAS) => journal::look(state, &name).await?,
            _ => Left::Unknown,
        };
        found.push((name, left));
    }
    Ok(found)
}

/// Refuses to go on beside what may be half done.
pub(super) async fn refuse_unreadable(state: &mut State) -> Result<()> {
    let found = look(state).await?.into_iter();
    let mut unreadable = found.filter(|(_, left)| *left == Left::Unreadable);
    let Some((name, _)) = unreadable.next() else {
        return Ok(());
    };
    Err(Error::Unsupported {
        message: format!(
            "a restore was cut off, and this user may not read how far it came: its journal is in the database `{name}`"
        ),
        hint: format!("run this as the user who restored, or grant SELECT on `{name}`"),
    })
}

/// Removes what restores that were cut off early have left. The lock of restores is held: none of them is at work.
pub(super) async fn tidy(state: &mut State) -> Result<()> {
    for (name, left) in look(state).await? {
        if left != Left::Unused {
            continue;
        }
        let sql = format!("DROP DATABASE IF EXISTS {}", quote(&name));
        match state.run(&sql).await {
            Ok(_) => state.note(format!(
                "`{name}`, left by a restore that was cut off before it changed anything, was removed"
            )),
            // It is in nobody's way.
            Err(error) => tracing::warn!("`{name}` stays: {error}"),
        }
    }
    Ok(())
}

/// What is left beside this database of runs that were cut off, for people.
pub(super) async fn leftovers(state: &mut State) -> Result<Vec<String>> {
    let copies = scratch::look(state).await;
    let is_copy = |name: &String| copies.iter().any(|(copy, _)| copy == name);
    let copies_told = copies
        .iter()
        .map(|(name, used)| copies::told(name, &quote(name), *used));
    let copies_told: Vec<String> = copies_told.collect();
    if journal::is_at_work(state).await? {
        return Ok(copies_told);
    }
    let mut found = look(state).await?;
    found.retain(|(name, _)| !is_copy(name));
    if found.iter().any(|(_, left)| *left == Left::Unfinished) {
        // What was built belongs to what is told of that.
        found.retain(|(_, left)| *left != Left::Unused);
    }
    let told = |(name, left): (String, Left)| match left {
        Left::Unfinished => format!(
            "{HALF_RESTORED}: views, triggers, routines or events may be missing \
             (the journal is in `{name}`); the next `dbscript run restore` ends it first"
        ),
        Left::Unreadable => format!(
            "a restore was cut off, and this user may not read how far it came (the journal is in `{name}`): ask the user who \
             restored"
        ),
        Left::Unused => format!(
            "the database `{name}` {NOT_RESTORED}; the next \
             `dbscript run restore` removes it"
        ),
        Left::Unknown => format!(
            "the database `{name}`: unless a run is going on now, it was left by one that was cut off, or keeps what others \
             wrote during a restore; look, then DROP DATABASE {}",
            quote(&name)
        ),
    };
    let restores_told = found.into_iter().map(told);
    Ok(restores_told.chain(copies_told).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_that_begin_alike_are_told_apart_and_fit() {
        let long = |end: &str| format!("{}{end}", "é".repeat(50));
        assert_eq!(beginning("app"), "app_dbscript_");
        assert_ne!(beginning(&long("a")), beginning(&long("b")));
        for database in [long("a"), "a".repeat(38), "a".repeat(64)] {
            let name = old_name(&database).expect("there is randomness");
            assert!(name.chars().count() <= 64, "{name}");
        }
    }
}
