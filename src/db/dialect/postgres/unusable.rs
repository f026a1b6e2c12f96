//! Indexes that slow every write and answer no query: `CREATE INDEX CONCURRENTLY` and `REINDEX CONCURRENTLY` leave one
//! where they are cut off or fail (<https://www.postgresql.org/docs/15/sql-createindex.html>, "Building Indexes
//! Concurrently"), and with `IF NOT EXISTS` it counts as there.

use sqlx::Row;

use super::fault;
use super::state::State;
use crate::db::{Result, UnusableIndex};

/// Whoever builds one concurrently holds SHARE UPDATE EXCLUSIVE on its table meanwhile.
const SQL: &str = "SELECT i.relname::text,
           pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(i.relname),
           pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.relname),
           EXISTS (SELECT 1 FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.granted
                   AND l.mode = 'ShareUpdateExclusiveLock' AND l.relation = x.indrelid
                   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
    FROM pg_catalog.pg_index x
    JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace
    WHERE NOT x.indisvalid AND i.relkind = 'i' AND n.nspname !~ '^pg_'
    ORDER BY 2";

/// Every one of this database. That of a partitioned table is none: it waits for those of its partitions.
pub(super) async fn unusable(state: &mut State) -> Result<Vec<UnusableIndex>> {
    let rows = sqlx::raw_sql(SQL)
        .fetch_all(&mut state.connection)
        .await
        .map_err(fault::statement)?;
    let read = |row: &sqlx::postgres::PgRow| {
        Ok(UnusableIndex {
            name: row.try_get(0)?,
            quoted: row.try_get(1)?,
            table: row.try_get(2)?,
            may_be_at_work: row.try_get(3)?,
        })
    };
    rows.iter()
        .map(read)
        .collect::<sqlx::Result<_>>()
        .map_err(fault::statement)
}

/// What of them runs that were cut off have left, with the way out.
pub(super) async fn leftovers(state: &mut State) -> Result<Vec<String>> {
    let mut indexes = unusable(state).await?;
    indexes.retain(|index| !index.may_be_at_work);
    Ok(indexes.iter().map(told).collect())
}

fn told(index: &UnusableIndex) -> String {
    let UnusableIndex { quoted, table, .. } = index;
    format!(
        "the index {quoted} of {table} is invalid: what built it did not come to its end, it slows writes and answers no query; `DROP INDEX CONCURRENTLY {quoted}` and create it again"
    )
}
