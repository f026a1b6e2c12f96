//! A transaction's beginning and end: where the tables are put in place, and where the truth about a commit is decided.

use super::link::State;
use super::{
    alone, fault, implicit, journal, schema, swap, text, views, watch, without_transactions,
};
use crate::db::dialect::Begin;
use crate::db::{EngineError, Error, Result};

#[cfg(test)]
mod tests;

/// Set at the start of a transaction: it is there as long as no statement has committed by itself.
const START: &str = "dbscript_0";

/// Begins one.
pub(super) async fn begin(state: &mut State, mode: Begin) -> Result<()> {
    (state.undone, state.unmarked) = (false, false);
    // Of what came before, whoever wanted to know has asked.
    (state.kept, state.partly) = (false, false);
    if mode == Begin::Waiting {
        // A plain SELECT then waits for what is not committed, subqueries included.
        state
            .run("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            .await?;
        state.run("SET SESSION autocommit = 0").await?;
        state.run("START TRANSACTION").await?;
    } else if mode == Begin::Read {
        state
            .run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            .await?;
        state
            .run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            .await?;
    } else {
        if mode == Begin::Rebuild {
            state.run("SET SESSION foreign_key_checks = 0").await?;
            journal::lock(state).await?;
            journal::mend(state).await?;
            watch::begin(state).await?;
            // So that a table that is emptied stays empty for others.
            state
                .run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                .await?;
        }
        // So that what follows a statement that commits by itself is again in a transaction. Not before: every look at a
        // table would then begin one, in which MySQL takes no SET TRANSACTION.
        state.run("SET SESSION autocommit = 0").await?;
        state.run("START TRANSACTION").await?;
        state.run(&format!("SAVEPOINT {START}")).await?;
    }
    state.transaction = Some(mode);
    Ok(())
}

/// Runs a statement. MariaDB lets an exchange of a partition wait for its own session, until the limit, while that commits
/// nothing by itself (seen on 10.11); it commits what came before it in any case.
pub(super) async fn make(state: &mut State, statement: &str) -> Result<u64> {
    if state.transaction.is_none() || !implicit::exchanges_partition(statement) {
        return views::make(state, statement).await;
    }
    state.run("SET SESSION autocommit = 1").await?;
    let made = views::make(state, statement).await;
    // Whoever wants it stopped meanwhile finds the session as it was.
    let back = text::surely(&mut state.connection, "SET SESSION autocommit = 0").await;
    made.and_then(|rows| back.map(|_| rows))
}

/// Whether a statement of this transaction has committed by itself what came before it; asked again, since then.
pub(super) async fn committed_by_itself(state: &mut State) -> Result<bool> {
    let gone = match state.unmarked {
        // The transaction that could not be marked is over once one can.
        true => mark(state).await?,
        false => {
            let release = format!("RELEASE SAVEPOINT {START}");
            let gone = match text::attempt(&mut state.connection, &release).await {
                Ok(_) => false,
                Err(error) if fault::number(&error) == Some(fault::NO_SAVEPOINT) => true,
                Err(error) => return Err(fault::statement(&error)),
            };
            mark(state).await?;
            gone
        }
    };
    Ok(gone && !std::mem::take(&mut state.undone))
}

/// Sets the savepoint; `false` where a table that was written to, of Aria, allows none until the transaction is over.
async fn mark(state: &mut State) -> Result<bool> {
    state.wanted()?;
    let marked = savepoint(state, &format!("SAVEPOINT {START}")).await?;
    state.unmarked = !marked;
    Ok(marked)
}

/// Runs a SAVEPOINT; `false` where a table that was written to allows none.
pub(super) async fn savepoint(state: &mut State, sql: &str) -> Result<bool> {
    match text::attempt(&mut state.connection, sql).await {
        Ok(_) => Ok(true),
        Err(error) if fault::number(&error) == Some(fault::NOT_IN_ENGINE) => Ok(false),
        Err(error) => Err(fault::statement(&error)),
    }
}

/// Notices that a statement met a deadlock: the server has then undone the whole transaction
/// (<https://dev.mysql.com/doc/refman/8.4/en/innodb-error-handling.html>).
pub(super) fn noticed<T>(state: &mut State, result: Result<T>) -> Result<T> {
    state.undone |=
        matches!(&result, Err(Error::Statement { source }) if source.code == text::DEADLOCK);
    result
}

/// Writes to the database itself wait for nobody, the lock that keeps others out included.
pub(super) async fn own_writes(state: &mut State) -> Result<()> {
    match state.beside {
        None => watch::let_go(state).await,
        Some(_) => Ok(()),
    }
}

/// Commits, and puts in place what was built beside.
///
/// # Errors
/// `InDoubt` where nobody knows whether it is in, `Committed` where it is; anything else came before.
pub(super) async fn commit(state: &mut State) -> Result<()> {
    let beside = state.beside.is_some();
    if beside {
        text::surely(&mut state.connection, "COMMIT").await?;
        swap::finish(state).await?;
    }
    match end(state, "COMMIT").await {
        // The rows were committed and the tables have moved: there is nothing left that could be undone.
        Err(error) if beside => {
            state.transaction = None;
            state.note(format!(
                "everything is in place, but its connection failed after that: {error}"
            ));
        }
        ended => ended?,
    }
    let counters = std::mem::take(&mut state.counters);
    if counters.is_empty() {
        return Ok(());
    }
    let set = schema::set_sequences(state, &counters).await;
    set.map_err(|error| Error::Committed {
        message: format!("the rows are in, but a counter could not be set: {error}"),
    })
}

/// Ends the transaction, with everything that holds only inside one.
pub(super) async fn end(state: &mut State, how: &str) -> Result<()> {
    state.cursors.retain(|_, open| open.held);
    let ended = text::surely(&mut state.connection, how).await;
    without_transactions::look(state, how).await;
    // Not before: to give locks back commits.
    let unlocked = alone::unlock(state).await;
    let committed = how == "COMMIT";
    if committed && ended.is_err() {
        return ended.map(|_| ()).map_err(Error::at_commit);
    }
    if committed {
        (state.kept, state.partly) = (false, false);
    }
    let set_back = text::surely(
        &mut state.connection,
        "SET SESSION autocommit = 1, SESSION foreign_key_checks = 1",
    )
    .await;
    match committed {
        true => after_commit(set_back, "the session could not be set back")?,
        false => drop(set_back?),
    }
    watch::stop(state).await;
    journal::unlock(state).await;
    state.transaction = None;
    match committed {
        true => after_commit(unlocked, "its tables could not be given back to others"),
        false => ended.and(unlocked),
    }
}

/// What fails once a commit is in must not be told as a commit that failed.
fn after_commit<T>(result: Result<T>, what: &str) -> Result<()> {
    match result {
        // Whoever uses the connection next hears of it.
        Err(error) if error.is_broken_connection() => Ok(()),
        Err(error) => Err(Error::Committed {
            message: format!("it is committed, but {what}: {error}"),
        }),
        Ok(_) => Ok(()),
    }
}

/// A savepoint that is gone says what became of the transaction.
pub(super) fn savepoint_gone(error: &sqlx::Error) -> Error {
    if fault::number(error) != Some(fault::NO_SAVEPOINT) {
        return fault::statement(error);
    }
    Error::Statement {
        source: EngineError {
            code: "42000".to_owned(),
            message: "the transaction is over: a statement such as ALTER TABLE has committed it, or a deadlock has undone it"
                .to_owned(),
        },
    }
}
