//! A set restored beside the real database: for rehearsals, and as the proof that it restores at all.

use std::path::Path;
use std::sync::Arc;

use super::fit::same_engine;
use super::letters;
use super::load::load_all;
use super::set::Set;
use crate::db::{Access, Begin, Engine, MayBeLeft, Scratch, Target};
use crate::error::{Error, Result};
use crate::event::Sink;

/// Restores a set into a new scratch database of the target's kind; an embedded one lies in `folder`. The scratch
/// database goes away when it is closed or dropped, also when this fails.
///
/// # Errors
/// Usage for a set of another engine; Integrity for a damaged one; else what the engine refuses. Where the scratch
/// database may be left, the message says so.
pub async fn restore_into_scratch(
    set: &Set,
    target: &Target,
    folder: &Path,
    sink: &Arc<dyn Sink>,
) -> Result<Scratch> {
    same_engine(set, target.engine(), Engine::is_kin)?;
    let scratch = target.scratch(folder, sink.as_ref()).await?;
    match fill(&scratch, set, sink).await {
        Ok(()) => Ok(scratch),
        Err(error) => Err(and_left(error, scratch.abandon().await)),
    }
}

async fn fill(scratch: &Scratch, set: &Set, sink: &Arc<dyn Sink>) -> Result<()> {
    // The file is there already. A connection that may create it would bring it back after an interrupted restore has
    // removed it: its thread may open it only then.
    let access = Access {
        write: true,
        create: false,
        guarded: false,
    };
    // The session is dropped before the scratch database, on every way out.
    let mut session = scratch.target().connect(access).await?;
    same_engine(set, session.engine(), |left, right| left == right)?;
    session.name_by(set.naming()).await?;
    let set = letters::fitted(set.clone(), &mut session, sink.as_ref()).await?;
    session.begin(Begin::Rebuild).await?;
    load_all(&mut session, &set, sink).await?;
    session.commit().await?;
    Ok(())
}

/// The same error, with what it may have left.
fn and_left(error: Error, left: Option<MayBeLeft>) -> Error {
    let Some(left) = left else { return error };
    let hint = match &error.hint {
        Some(hint) => format!("{hint}; {}", left.hint),
        None => left.hint,
    };
    Error {
        message: format!("{}; {}", error.chain(), left.message),
        hint: Some(hint),
        source: None,
        ..error
    }
}
