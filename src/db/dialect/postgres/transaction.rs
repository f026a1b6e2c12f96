//! A transaction's end: where the truth about a commit is decided.

use super::state::State;
use super::{cursor, fault, quiet};
use crate::db::{Error, Result};

/// Commits, and sets back what the transaction had set.
///
/// # Errors
/// `InDoubt` where nobody knows whether it is in; anything else came before.
pub(super) async fn commit(state: &mut State) -> Result<()> {
    if state.failed {
        // The server would answer COMMIT with a rollback, and no error.
        return Err(fault::refused(
            "25P02",
            "a statement of the transaction failed, so it cannot be committed",
        ));
    }
    quiet::restore(state).await?;
    // What broke before this was sent was rolled back.
    state.run("COMMIT").await.map_err(Error::at_commit)?;
    ended(state);
    Ok(())
}

/// What a transaction takes with it.
pub(super) fn ended(state: &mut State) {
    state.in_transaction = false;
    state.failed = false;
    state.level = 0;
    state.forget_backend();
    cursor::forget(state);
    quiet::forget(state);
}
