//! What a name without its schema means: a migration may change that for the rest of the session, as the first lines of
//! a `pg_dump` file do. Its record, and the migrations after it, are found where they were.

use crate::db::Session;
use crate::error::Result;
use crate::value::Value;

/// Where names led before a migration; `None` where it cannot change that.
pub(super) struct Home(Option<Value>);

impl Home {
    /// Looks where they lead now.
    ///
    /// # Errors
    /// What the database refuses.
    pub(super) async fn before(session: &mut Session) -> Result<Home> {
        Ok(Home(now(session).await?))
    }

    /// Has them lead there again.
    ///
    /// # Errors
    /// What the database refuses.
    pub(super) async fn back(self, session: &mut Session) -> Result<()> {
        let (Some(home), Some(path)) = (self.0, session.engine().history_sql().path) else {
            return Ok(());
        };
        if now(session).await?.as_ref() != Some(&home) {
            session.query(path.set, &[home], 1).await?;
        }
        Ok(())
    }
}

async fn now(session: &mut Session) -> Result<Option<Value>> {
    let Some(path) = session.engine().history_sql().path else {
        return Ok(None);
    };
    let rows = session.query(path.get, &[], 1).await?.rows;
    Ok(rows.into_iter().flatten().next())
}
