//! Tables whose triggers, rules and foreign keys are out of force for a while: rows of a backup come as they were, and neither
//! their arrival nor what they replace is to set anything off.
//!
//! `session_replication_role` does it where the user may set it. Everybody else owns the tables at most: user triggers and
//! rules are then disabled, foreign keys dropped and made again, in the same transaction, before its end.

use std::collections::BTreeSet;

use super::state::State;
use super::{catalog, exclusive, sql};
use crate::db::Result;
use crate::db::catalog::Table;
use crate::ident::TableName;

/// What is to be done again before the transaction ends.
#[derive(Default)]
pub(super) struct Quiet {
    /// Whether the role may be set; `None` until it was tried.
    privileged: Option<bool>,
    /// Statements that put things back, in their order.
    later: Vec<String>,
    /// Tables that are quiet already.
    done: Vec<TableName>,
    /// The tables with the foreign keys they had before any was dropped.
    keyed: Option<Vec<Table>>,
}

/// Runs something while a table is quiet. The transaction must be open.
pub(super) async fn with<T: Send>(
    state: &mut State,
    table: &TableName,
    keys_too: bool,
    work: impl for<'a> FnOnce(&'a mut State) -> super::worker::Work<'a, Result<T>> + Send,
) -> Result<T> {
    if privileged(state).await? {
        state
            .run("SET LOCAL session_replication_role = replica")
            .await?;
        let result = work(state).await;
        if result.is_ok() {
            state
                .run("SET LOCAL session_replication_role = origin")
                .await?;
        }
        return result;
    }
    let mut put_back = disable_triggers(state, table).await?;
    put_back.extend(disable_rules(state, table).await?);
    if keys_too && !state.quiet.done.contains(table) {
        if state.quiet.keyed.is_none() {
            state.quiet.keyed = Some(catalog::read(state).await?.tables);
        }
        drop_keys(state, table).await?;
        state.quiet.done.push(table.clone());
    }
    let result = work(state).await;
    if result.is_ok() {
        for statement in put_back {
            state.run(&statement).await?;
        }
    }
    result
}

/// The tables with every foreign key they have, or will have again before the transaction ends.
pub(super) async fn tables(state: &mut State) -> Result<Vec<Table>> {
    match &state.quiet.keyed {
        Some(tables) => Ok(tables.clone()),
        None => Ok(catalog::read(state).await?.tables),
    }
}

/// Puts foreign keys back; each is checked against every row.
pub(super) async fn restore(state: &mut State) -> Result<()> {
    for statement in std::mem::take(&mut state.quiet.later) {
        state.run(&statement).await?;
    }
    state.quiet.done.clear();
    state.quiet.keyed = None;
    Ok(())
}

/// Forgets what a rollback has put back.
pub(super) fn forget(state: &mut State) {
    state.quiet.later.clear();
    state.quiet.done.clear();
    state.quiet.keyed = None;
}

async fn privileged(state: &mut State) -> Result<bool> {
    if let Some(known) = state.quiet.privileged {
        return Ok(known);
    }
    state.run("SAVEPOINT dbscript_quiet").await?;
    let known = state
        .run("SET LOCAL session_replication_role = replica")
        .await
        .is_ok();
    state
        .run("ROLLBACK TO SAVEPOINT dbscript_quiet; RELEASE SAVEPOINT dbscript_quiet")
        .await?;
    state.failed = false;
    state.quiet.privileged = Some(known);
    Ok(known)
}

/// Disables a table's own triggers. Returns what brings each back to the state it had.
async fn disable_triggers(state: &mut State, table: &TableName) -> Result<Vec<String>> {
    let named = state.table(table);
    let enabled = format!(
        "SELECT tgname, tgenabled::text FROM pg_catalog.pg_trigger \
         WHERE tgrelid = {}::regclass AND NOT tgisinternal AND tgenabled <> 'D' ORDER BY tgname",
        sql::literal(&named)
    );
    let mut put_back = Vec::new();
    for row in state.texts(&enabled).await? {
        let [Some(trigger), Some(mode)] = &row[..] else {
            continue;
        };
        let how = match mode.as_str() {
            "A" => "ENABLE ALWAYS",
            "R" => "ENABLE REPLICA",
            _ => "ENABLE",
        };
        let trigger = sql::name(trigger);
        put_back.push(format!("ALTER TABLE {named} {how} TRIGGER {trigger}"));
    }
    if !put_back.is_empty() {
        state
            .run(&format!("ALTER TABLE {named} DISABLE TRIGGER USER"))
            .await?;
    }
    Ok(put_back)
}

/// Disables a table's rules, which would make a DELETE of its rows something else. Returns what brings each back.
async fn disable_rules(state: &mut State, table: &TableName) -> Result<Vec<String>> {
    let named = state.table(table);
    let enabled = format!(
        "SELECT rulename, ev_enabled::text FROM pg_catalog.pg_rewrite \
         WHERE ev_class = {}::regclass AND ev_type <> '1' AND ev_enabled IN ('O', 'A') ORDER BY rulename",
        sql::literal(&named)
    );
    let mut put_back = Vec::new();
    for row in state.texts(&enabled).await? {
        let [Some(rule), Some(mode)] = &row[..] else {
            continue;
        };
        let rule = sql::name(rule);
        let how = if mode == "A" {
            "ENABLE ALWAYS"
        } else {
            "ENABLE"
        };
        put_back.push(format!("ALTER TABLE {named} {how} RULE {rule}"));
        state
            .run(&format!("ALTER TABLE {named} DISABLE RULE {rule}"))
            .await?;
    }
    Ok(put_back)
}

/// Drops the foreign keys that start or end at a table, and remembers them.
async fn drop_keys(state: &mut State, table: &TableName) -> Result<()> {
    let named = state.table(table);
    // With their schemas: where the connection beside looks, a name alone is another table or none.
    let keys = format!(
        "SELECT k.own, k.other, pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', k.own, k.conname), \
                pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.own, k.conname, k.told) \
         FROM (SELECT f.conname, pg_catalog.pg_get_constraintdef(f.oid) AS told, \
                pg_catalog.format('%I.%I', cn.nspname, c.relname) AS own, \
                pg_catalog.format('%I.%I', pn.nspname, p.relname) AS other \
            FROM pg_catalog.pg_constraint f \
            JOIN pg_catalog.pg_class c ON c.oid = f.conrelid JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace \
            JOIN pg_catalog.pg_class p ON p.oid = f.confrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace \
            WHERE f.contype = 'f' AND f.conparentid = 0 AND {named_literal}::regclass IN (f.conrelid, f.confrelid)) k \
         ORDER BY 1, k.conname",
        named_literal = sql::literal(&named)
    );
    let keys = state.texts(&keys).await?;
    // A key is dropped where nobody reads either of its tables.
    let tables = keys.iter().flat_map(|row| row.iter().take(2).flatten());
    let tables: BTreeSet<String> = tables.cloned().collect();
    let tables: Vec<String> = tables.into_iter().collect();
    exclusive::take_over(state, &tables).await?;
    for row in keys {
        let [_, _, Some(drop), Some(add)] = &row[..] else {
            continue;
        };
        state.run(drop).await?;
        state.quiet.later.push(add.clone());
    }
    Ok(())
}
