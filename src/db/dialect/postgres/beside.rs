//! What a right is missing for, before anything is made or changed: a database beside this one, or tables to drop.

use super::state::State;
use super::tables::own;
use crate::db::dialect::Beside;
use crate::db::{EngineError, Error, Result};

/// What the server says of what its user may not do.
pub(super) const DENIED: &str = "42501";

/// The way to a database beside this one.
pub(super) const CREATEDB: &str =
    "give the user the right to create databases: `ALTER ROLE … CREATEDB`";

/// Gives a row where the user may not create databases.
const NO_ROOM: &str = "SELECT r.rolname FROM pg_catalog.pg_roles r \
    WHERE r.rolname = current_user AND NOT r.rolcreatedb AND NOT r.rolsuper";

/// A table that a restore of the whole would drop and may not, with its owner. Those that go with another are left out.
const OTHERS: &str = concat!(
    "SELECT pg_catalog.format('%s', c.oid::regclass), pg_catalog.pg_get_userbyid(c.relowner)::text \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) AND c.reloftype = 0 \
     AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') AND NOT pg_catalog.pg_has_role(n.nspowner, 'USAGE') AND ",
    own!(),
    " ORDER BY 1 LIMIT 1"
);

/// Refuses what needs a right that its user surely has not.
pub(super) async fn refuse(state: &mut State, what: Beside) -> Result<()> {
    match what {
        Beside::Scratch => refuse_scratch(state).await,
        Beside::Restore => refuse_drops(state).await,
    }
}

async fn refuse_scratch(state: &mut State) -> Result<()> {
    match state.texts(NO_ROOM).await?.is_empty() {
        true => Ok(()),
        false => Err(Error::NoScratch {
            place: state.place.clone(),
            source: EngineError {
                code: DENIED.to_owned(),
                message: "permission denied to create database".to_owned(),
            },
            hint: CREATEDB.to_owned(),
        }),
    }
}

async fn refuse_drops(state: &mut State) -> Result<()> {
    let row = state.texts(OTHERS).await?.into_iter().next();
    let Some([Some(table), Some(owner)]) = row.and_then(|row| <[_; 2]>::try_from(row).ok()) else {
        return Ok(());
    };
    Err(Error::Unsupported {
        message: format!(
            "a restore of everything drops `{table}` too, and only its owner `{owner}` may: must be owner of table {table}; \
             nothing was changed"
        ),
        hint: "connect as the owner of the tables, let the user be a member of that role (`GRANT owner TO user`), or \
               restore some tables only with `--tables`"
            .to_owned(),
    })
}
