//! Kinds of objects that the server shows this user none of, whether there are any or not
//! (<https://mariadb.com/kb/en/information-schema-triggers-table/>,
//! <https://dev.mysql.com/doc/refman/8.0/en/information-schema-routines-table.html>): what such a user's backup cannot
//! hold, and what a restore of it must leave alone.

use super::account;
use super::catalog::Listed;
use super::grants::Grants;
use super::link::State;
use super::objects::Made;
use crate::db::catalog::Unseen;
use crate::db::{Engine, Result};

/// Any of these shows what routines there are.
const ROUTINES: [&str; 5] = [
    "execute",
    "alter routine",
    "create routine",
    "show create routine",
    "show_routine",
];

/// The kinds that may be there unseen.
pub(super) async fn kinds(
    state: &mut State,
    grants: &Grants,
    listed: &[Listed],
) -> Result<Vec<Unseen>> {
    let database = state.server.database.clone();
    let mut kinds = Vec::new();
    let mut tables = listed.iter().filter(|listed| !listed.is_sequence());
    let on_tables = tables.all(|table| grants.cover_table(&database, &table.name, &["trigger"]));
    if !on_tables && !grants.cover(&database, &["trigger"]) {
        kinds.push(("trigger", "no TRIGGER right", Some("TRIGGER")));
    }
    if !grants.cover(&database, &["event"]) {
        kinds.push(("event", "no EVENT right", Some("EVENT")));
    }
    if !shows_routines(state.engine, grants, &database) {
        kinds.push(("routine", "no right to read what routines do", None));
    }
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let me = account::me(&mut state.connection).await?;
    let on = grants.name_of(&database);
    let told = kinds.into_iter().map(|(kind, lacks, right)| {
        let way_out = match right {
            Some(right) => format!("GRANT {right} ON {on}.* TO {me}"),
            None => account::grant_routines(state.engine, &me),
        };
        Unseen {
            kind: kind.to_owned(),
            why: format!("may be missing, as this user has {lacks} and is shown none: {way_out}"),
        }
    });
    Ok(told.collect())
}

fn shows_routines(engine: Engine, grants: &Grants, database: &str) -> bool {
    // MariaDB keeps them in a table, which may be read like any other.
    let reads_them = engine == Engine::Mariadb
        && (grants.cover("mysql", &["select"]) || grants.cover_table("mysql", "proc", &["select"]));
    reads_them || grants.cover(database, &ROUTINES) || grants.cover_server(&["select"])
}

/// Those of the objects that are there which stay: of a kind that the set could not know of, and not to be made by it.
/// A trigger goes with its table.
pub(super) fn kept(
    kinds: &[String],
    there: Vec<Made>,
    coming: &[Made],
    tables: &[String],
) -> Vec<Made> {
    let stays = |made: &Made| {
        let is_unseen = kinds.iter().any(|kind| Unseen::covers(kind, made.kind));
        let comes = |other: &Made| {
            other.kind == made.kind && other.name.to_lowercase() == made.name.to_lowercase()
        };
        let has_table = made.kind != "trigger"
            || made
                .table
                .as_ref()
                .is_some_and(|table| tables.contains(table));
        is_unseen && has_table && !coming.iter().any(comes)
    };
    there.into_iter().filter(stays).collect()
}
