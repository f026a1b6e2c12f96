//! Routines whose text the server keeps from this user: it shows them to their definer, and to who may read all.

use super::account;
use super::catalog::cell;
use super::link::State;
use super::objects::Made;
use super::text;
use crate::db::Result;
use crate::db::catalog::Unread;

/// Those among what was read. A view that cannot be read here is none: it draws from a sequence, which is no matter of
/// rights.
pub(super) async fn among(state: &mut State, made: &[Made]) -> Result<Vec<Unread>> {
    let unread = made
        .iter()
        .filter(|made| made.sql.is_empty() && made.kind != "view");
    let unread: Vec<&Made> = unread.collect();
    if unread.is_empty() {
        return Ok(Vec::new());
    }
    let me = account::me(&mut state.connection).await?;
    let grant = account::grant_routines(state.engine, &me);
    let definers = text::rows(
        &mut state.connection,
        "SELECT LOWER(ROUTINE_TYPE), ROUTINE_NAME, DEFINER FROM information_schema.ROUTINES
         WHERE ROUTINE_SCHEMA = DATABASE()",
    )
    .await?;
    let told = unread.into_iter().map(|made| {
        let definer = definers
            .iter()
            .find(|row| cell(row, 0) == made.kind && cell(row, 1) == made.name);
        let definer = definer.map(|row| cell(row, 2)).unwrap_or_default();
        Unread {
            kind: made.kind.to_owned(),
            name: made.name.clone(),
            way_out: match definer.as_str() {
                "" => grant.clone(),
                definer => format!("{grant}; or connect as {definer}, who defined it"),
            },
        }
    });
    Ok(told.collect())
}
