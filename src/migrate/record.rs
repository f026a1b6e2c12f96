//! What the history says of a migration: that it was begun, that it is in, or nothing, once all of it is rolled back.

use super::standing::{Doubt, Reached, Settled};
use super::{Conditions, Migration};
use crate::db::Session;
use crate::error::{Error, Kind, Result};
use crate::value::Value;

/// What sqlx writes as execution time before it is known.
pub(super) const NOT_MEASURED: i64 = -1;

/// Rolls back after an error, which stays the one that is told.
pub(super) async fn roll_back(session: &mut Session, reached: &mut Reached) {
    let rolled_back = match session.rollback_all().await {
        Ok(()) => session.kept_by_rollback().await,
        Err(refused) => Err(refused),
    };
    match rolled_back {
        Ok(Some(kept)) => reached.kept = Some(kept),
        Ok(None) => {}
        // The server rolls back what a connection that broke has left open.
        Err(refused) if refused.is_broken_connection() || reached.doubt.is_some() => {}
        Err(refused) => reached.doubt = Some(Doubt::Rollback(refused.to_string())),
    }
}

/// Has the history say that a migration was begun and is not whole.
///
/// # Errors
/// What the database refuses.
pub async fn record_as_begun(session: &mut Session, migration: &Migration) -> Result<()> {
    let history = session.engine().history_sql();
    let version = [Value::Int(migration.version)];
    session.execute(history.delete, &version).await?;
    let row = migration.row(NOT_MEASURED);
    session.execute(history.begin, &row).await?;
    Ok(())
}

/// Leaves the history say of a migration that it was begun, as something of it stays: run once more, it would do that
/// twice.
pub(super) async fn keep(
    session: &mut Session,
    migration: &Migration,
    conditions: &Conditions<'_>,
    reached: &mut Reached,
) {
    let Some(kept) = &reached.kept else {
        return;
    };
    let told = Settled::kept(migration, reached.stays, kept, &conditions.way_back);
    (conditions.settled)(told);
    let recorded = record_as_begun(session, migration).await;
    if let Err(refused) = recorded {
        reached.doubt = Some(Doubt::Rollback(refused.to_string()));
    }
}

/// Writes into the history that a migration is in; `announced`: it says already that it was begun.
pub(super) async fn record(
    session: &mut Session,
    migration: &Migration,
    nanoseconds: i64,
    announced: bool,
) -> Result<()> {
    let history = session.engine().history_sql();
    if !announced {
        let row = migration.row(nanoseconds);
        session.execute(history.insert, &row).await?;
        return Ok(());
    }
    let row = [Value::Int(nanoseconds), Value::Int(migration.version)];
    match session.execute(history.finish, &row).await? {
        0 => Err(history_gone(migration.version)),
        _ => Ok(()),
    }
}

/// Takes the announcement back of a migration of which nothing stays: its first statement may have committed it before
/// it failed, and it would stand there as begun.
pub(super) async fn take_back(session: &mut Session, migration: &Migration, reached: &mut Reached) {
    let version = [Value::Int(migration.version)];
    let delete = session.engine().history_sql().delete;
    roll_back(session, reached).await;
    if reached.kept.is_some() || reached.doubt.is_some() {
        return;
    }
    let taken_back = session.execute(delete, &version).await;
    if let Err(refused) = taken_back
        && !refused.is_broken_connection()
    {
        reached.doubt = Some(Doubt::Rollback(refused.to_string()));
    }
}

/// Has the history say nothing of a migration.
pub(super) async fn forget(session: &mut Session, version: i64) -> Result<()> {
    let delete = session.engine().history_sql().delete;
    session.execute(delete, &[Value::Int(version)]).await?;
    Ok(())
}

/// The error of a migration whose own row went away while it ran.
fn history_gone(version: i64) -> Error {
    let message = format!("the row of migration {version} went from the history while it ran");
    Error::new(Kind::Migration, message)
        .hint("`dbscript status` shows what is in, and the backups: `dbscript run restore --from` with the one of before goes back")
}
