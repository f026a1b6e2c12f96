//! Materialized views are what their query gave when they were filled: where the rows of some tables are replaced, those
//! over them are filled again (<https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html>).

use super::sql;
use super::state::State;
use crate::db::{Error, Result};
use crate::ident::TableName;

/// The filled ones over these tables (their parents and the views over them among what is followed), those first that
/// others stand on, each with whether this user may fill it.
fn dependents(tables: &[String]) -> String {
    let tables: Vec<String> = tables
        .iter()
        .map(|table| format!("pg_catalog.to_regclass({})", sql::literal(table)))
        .collect();
    format!(
        "WITH RECURSIVE over (oid, depth) AS (
             SELECT t.oid, 0 FROM pg_catalog.unnest(ARRAY[{}]::oid[]) t (oid)
             UNION
             SELECT n.oid, o.depth + 1 FROM over o CROSS JOIN LATERAL (
                 SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE i.inhrelid = o.oid
                 UNION ALL
                 SELECT v.oid FROM pg_catalog.pg_depend d
                 JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
                 JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
                 WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.refobjid = o.oid
                     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                     AND v.relkind IN ('v', 'm') AND v.oid <> o.oid) n (oid)
         )
         SELECT pg_catalog.format('%I.%I', s.nspname, m.relname),
             pg_catalog.pg_has_role(m.relowner, 'USAGE')::text
         FROM over o JOIN pg_catalog.pg_class m ON m.oid = o.oid JOIN pg_catalog.pg_namespace s ON s.oid = m.relnamespace
         WHERE m.relkind = 'm' AND m.relispopulated
         GROUP BY 1, 2 ORDER BY max(o.depth), 1",
        tables.join(", ")
    )
}

/// Fills again the materialized views over these tables; those of others are left, and those whose query fails, which is
/// noted: the rows are in either way.
pub(super) async fn refresh(state: &mut State, tables: &[TableName]) -> Result<()> {
    let names: Vec<String> = tables.iter().map(|table| state.table(table)).collect();
    for row in state.texts(&dependents(&names)).await? {
        let [Some(view), Some(may)] = &row[..] else {
            continue;
        };
        let why = match may == "true" {
            true => match refilled(state, view).await? {
                Some(error) => format!("it could not be filled again ({error}): once it can be,"),
                None => continue,
            },
            false => "its owner alone may".to_owned(),
        };
        state.notes.push(format!(
            "the materialized view {view} is as it was before its tables' rows were replaced: {why} do `REFRESH MATERIALIZED VIEW {view}`"
        ));
    }
    Ok(())
}

/// Fills one. Returns why it is as it was.
async fn refilled(state: &mut State, view: &str) -> Result<Option<Error>> {
    if !state.in_transaction {
        let filled = state
            .run(&format!("REFRESH MATERIALIZED VIEW {view}"))
            .await;
        return left(state, filled);
    }
    state.run("SAVEPOINT dbscript_refresh").await?;
    let filled = state
        .run(&format!("REFRESH MATERIALIZED VIEW {view}"))
        .await;
    let filled = left(state, filled)?;
    if filled.is_some() {
        state.run("ROLLBACK TO SAVEPOINT dbscript_refresh").await?;
        state.failed = false;
    }
    state.run("RELEASE SAVEPOINT dbscript_refresh").await?;
    Ok(filled)
}

/// What a statement gives that somebody has stopped.
const STOPPED: &str = "57014";

/// Only where there is no connection any more, or somebody wanted no more of it, is it everything that failed.
fn left(state: &State, filled: Result<u64>) -> Result<Option<Error>> {
    match filled {
        Ok(_) => Ok(None),
        Err(error) if state.broken || error.is_broken_connection() => Err(error),
        Err(Error::Statement { source }) if source.code == STOPPED => {
            Err(Error::Statement { source })
        }
        Err(error) => Ok(Some(error)),
    }
}
