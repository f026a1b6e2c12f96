//! Whose objects they are that the end of a restore that was cut off would make again: in this user's name they would run
//! with other rights, for good.

use super::journal::{self, Piece};
use super::link::State;
use super::{account, definer, objects, surroundings};
use crate::db::dialect::HALF_RESTORED;
use crate::db::{Error, Result};

/// Refuses where this user surely has not the right to end what was cut off, if there is such a thing.
pub(super) async fn refuse_unable_to_end(state: &mut State) -> Result<()> {
    // One that is at work ends by itself.
    if journal::is_at_work(state).await? {
        return Ok(());
    }
    for old in journal::unfinished(state).await? {
        let written = journal::read(state, &old).await?;
        let target = match written.moved {
            true => written.is,
            false => written.was,
        };
        refuse_to_take_over(state, &target).await?;
    }
    Ok(())
}

/// Refuses to make objects of others' again in this user's name.
pub(super) async fn refuse_to_take_over(state: &mut State, target: &[Piece]) -> Result<()> {
    if account::may_name_others(state).await? != Some(false) {
        return Ok(());
    }
    let there = surroundings::pieces(&objects::read(state).await?);
    let me = account::me(&mut state.connection).await?;
    let taken = target.iter().filter_map(|piece| {
        let definer = definer::of(&piece.sql).filter(|definer| !account::is_same(definer, &me))?;
        let stays = there.iter().any(|now| journal::is_same(now, piece));
        (!stays).then(|| {
            format!(
                "the {} `{}` with those of {definer}",
                piece.kind, piece.name
            )
        })
    });
    let taken: Vec<String> = taken.collect();
    if taken.is_empty() {
        return Ok(());
    }
    Err(Error::Unsupported {
        message: format!(
            "{HALF_RESTORED}, and to end that takes a right that {me} lacks: what runs with others' rights must be made \
             again ({})",
            taken.join(", ")
        ),
        hint: account::grant_definers(state.engine, &me),
    })
}
