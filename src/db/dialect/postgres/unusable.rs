//! Indexes that slow every write and answer no query: `CREATE INDEX CONCURRENTLY` and `REINDEX CONCURRENTLY` leave one
//! where they are cut off or fail (<https://www.postgresql.org/docs/15/sql-createindex.html>, "Building Indexes
//! Concurrently"), and with `IF NOT EXISTS` it counts as there.

use super::state::State;
use crate::db::{Result, UnusableIndex};

/// That of a partitioned table is none: it waits for those of its partitions.
const SQL: &str = "SELECT i.relname::text,
           pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(i.relname),
           pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.relname)
    FROM pg_catalog.pg_index x
    JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace
    WHERE NOT x.indisvalid AND i.relkind = 'i' AND n.nspname !~ '^pg_'
    ORDER BY 2";

/// Tables of which somebody may be building an index just now: whoever does so concurrently holds this lock meanwhile.
const AT_WORK: &str = "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.relname)
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_class t ON t.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_catalog.pg_backend_pid() AND l.mode = 'ShareUpdateExclusiveLock'
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";

/// Every one of this database.
pub(super) async fn unusable(state: &mut State) -> Result<Vec<UnusableIndex>> {
    let rows = state.texts(SQL).await?;
    let mut found = Vec::new();
    for row in rows {
        if let Ok([Some(name), Some(quoted), Some(table)]) = <[_; 3]>::try_from(row) {
            found.push(UnusableIndex {
                name,
                quoted,
                table,
                may_be_at_work: false,
            });
        }
    }
    if !found.is_empty() {
        let at_work: Vec<String> = at_work(state).await?;
        for index in &mut found {
            index.may_be_at_work = at_work.contains(&index.table);
        }
    }
    Ok(found)
}

/// Tables on which somebody else may be building one.
async fn at_work(state: &mut State) -> Result<Vec<String>> {
    let may = "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_locks', 'SELECT')::text";
    let may = state.texts(may).await?;
    if may.first().and_then(|row| row.first()?.as_deref()) != Some("true") {
        return Ok(Vec::new());
    }
    let tables = state.texts(AT_WORK).await?;
    Ok(tables.into_iter().flatten().flatten().collect())
}

/// What of them runs that were cut off have left, with the way out. What this user may not look at is not told.
pub(super) async fn leftovers(state: &mut State) -> Vec<String> {
    let indexes = unusable(state).await.unwrap_or_default();
    let left = indexes.iter().filter(|index| !index.may_be_at_work);
    left.map(told).collect()
}

fn told(index: &UnusableIndex) -> String {
    let UnusableIndex { quoted, table, .. } = index;
    format!(
        "the index {quoted} of {table} is invalid: what built it did not come to its end, it slows writes and answers no query; `DROP INDEX CONCURRENTLY {quoted}` and create it again"
    )
}
