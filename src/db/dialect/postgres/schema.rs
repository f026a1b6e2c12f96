//! The schema as SQL, and what changes or asks whole tables.

use super::objects::{self, Node};
use super::state::State;
use super::{access, catalog, exclusive, order, quiet, sql};
use crate::db::Result;
use crate::db::catalog::{Orphans, SchemaSql, Sequence, Table};
use crate::ident::TableName;

/// Objects in the order of their creation.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// What rows need.
    pub(super) before: Vec<Node>,
    /// The rest.
    pub(super) after: Vec<Node>,
}

/// The SQL that rebuilds the schema.
pub(super) async fn sql(state: &mut State) -> Result<SchemaSql> {
    let (Order { before, after }, access) = catalog::qualified(state, |state| {
        Box::pin(async move {
            let nodes = objects::read(state).await?;
            let sorted = order::sorted(state, nodes).await?;
            Ok((sorted, access::statement(state).await?))
        })
    })
    .await?;
    let mut schema = SchemaSql::default();
    if before
        .iter()
        .chain(&after)
        .any(|node| node.id.0 == "pg_proc")
    {
        // A function's body may speak of what comes later.
        schema
            .before
            .push("SET check_function_bodies = off".to_owned());
    }
    schema
        .before
        .extend(before.into_iter().map(|node| node.sql));
    schema.after.extend(after.into_iter().map(|node| node.sql));
    schema.after.extend(access);
    Ok(schema)
}

/// Rows of a table, without those of tables that inherit from it.
pub(super) async fn count(state: &mut State, table: &TableName) -> Result<u64> {
    let table = Table {
        name: table.clone(),
        ..Table::default()
    };
    let begin = state.single();
    state
        .in_transaction(begin, move |state| {
            Box::pin(async move {
                let from = super::lines::only(state, &table).await?;
                let counted = state
                    .texts(&format!("SELECT pg_catalog.count(*) FROM {from}"))
                    .await?;
                let counted = counted.into_iter().flatten().flatten().next();
                Ok(counted.and_then(|text| text.parse().ok()).unwrap_or(0))
            })
        })
        .await
}

/// Rows whose foreign key points to nothing. A key with a NULL in it points nowhere and is none.
pub(super) async fn orphans(state: &mut State) -> Result<Vec<Orphans>> {
    let tables = quiet::tables(state).await?;
    let mut found = Vec::new();
    for table in tables {
        for key in &table.foreign_keys {
            let present: Vec<String> = key
                .columns
                .iter()
                .map(|column| format!("c.{} IS NOT NULL", sql::name(column)))
                .collect();
            let same: Vec<String> = key
                .columns
                .iter()
                .zip(&key.parent_columns)
                .map(|(column, parent)| {
                    format!("p.{} = c.{}", sql::name(parent), sql::name(column))
                })
                .collect();
            let asked = format!(
                "SELECT pg_catalog.count(*) FROM {} c WHERE {} AND NOT EXISTS (SELECT 1 FROM {} p WHERE {})",
                state.table(&table.name),
                present.join(" AND "),
                state.table(&key.parent),
                same.join(" AND ")
            );
            let counted = state.texts(&asked).await?;
            let counted = counted.into_iter().flatten().flatten().next();
            let rows = counted.and_then(|text| text.parse().ok()).unwrap_or(0);
            if rows > 0 {
                found.push(Orphans {
                    table: table.name.clone(),
                    columns: key.columns.clone(),
                    parent: key.parent.clone(),
                    rows,
                });
            }
        }
    }
    Ok(found)
}

/// Removes every row; nothing cascades and no trigger fires.
pub(super) async fn clear(state: &mut State, table: TableName) -> Result<u64> {
    let begin = state.single();
    state
        .in_transaction(begin, move |state| {
            Box::pin(async move { clear_within(state, &table).await })
        })
        .await
}

async fn clear_within(state: &mut State, table: &TableName) -> Result<u64> {
    let full = Table {
        name: table.clone(),
        ..Table::default()
    };
    let from = super::lines::only(state, &full).await?;
    let table = table.clone();
    quiet::with(state, &table, true, move |state| {
        Box::pin(async move { state.run(&format!("DELETE FROM {from}")).await })
    })
    .await
}

/// Statements that drop what a schema file makes. What it does not carry stays, with the schema it lies in. (The columns
/// of a partition key depend internally on their table, so the table's own number is looked for.)
const DROPS: &[&str] = &[
    "SELECT pg_catalog.format('DROP %s IF EXISTS %I.%I CASCADE', CASE c.relkind WHEN 'v' THEN 'VIEW' \
        WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname) \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
     AND n.nspname !~ '^pg_(toast|temp)' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
        WHERE e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid AND e.objsubid = 0 AND e.deptype IN ('e', 'i')) \
     ORDER BY c.relkind = 'S', n.nspname, c.relname",
    "SELECT pg_catalog.format('DROP %s IF EXISTS %I.%I(%s) CASCADE', CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, \
        n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) \
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
     WHERE p.prokind IN ('f', 'p', 'w') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_temp' \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_proc'::regclass \
        AND e.objid = p.oid AND e.deptype IN ('e', 'i')) ORDER BY 1",
    "SELECT pg_catalog.format('DROP %s IF EXISTS %I.%I CASCADE', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, \
        n.nspname, t.typname) \
     FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
     LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid \
     WHERE (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
     AND n.nspname !~ '^pg_(toast|temp)' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
        WHERE e.classid = 'pg_catalog.pg_type'::regclass AND e.objid = t.oid AND e.deptype = 'e') ORDER BY 1",
    "SELECT pg_catalog.format('DROP COLLATION IF EXISTS %I.%I CASCADE', n.nspname, o.collname) \
     FROM pg_catalog.pg_collation o JOIN pg_catalog.pg_namespace n ON n.oid = o.collnamespace \
     WHERE o.oid >= 16384 AND n.nspname !~ '^pg_temp' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
        WHERE e.classid = 'pg_catalog.pg_collation'::regclass AND e.objid = o.oid AND e.deptype = 'e') ORDER BY 1",
    "SELECT pg_catalog.format('DROP SCHEMA IF EXISTS %I', n.nspname) FROM pg_catalog.pg_namespace n \
     WHERE n.nspname NOT IN ('public', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_' \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass \
        AND d.refobjid = n.oid) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
        WHERE e.classid = 'pg_catalog.pg_namespace'::regclass AND e.objid = n.oid AND e.deptype = 'e') ORDER BY 1",
];

/// Drops every user object.
pub(super) async fn drop_all(state: &mut State) -> Result<()> {
    if state.in_transaction {
        exclusive::keep_everybody_out(state).await?;
    }
    for asked in DROPS {
        for drop in state.texts(asked).await?.into_iter().flatten().flatten() {
            state.run(&drop).await.map_err(exclusive::deadlocked)?;
        }
    }
    Ok(())
}

/// Sets counters; one that is not there is passed over.
pub(super) async fn set_sequences(state: &mut State, sequences: &[Sequence]) -> Result<()> {
    let known = catalog::counters(state).await?;
    let calls: Vec<String> = sequences
        .iter()
        .filter_map(|sequence| {
            let (_, quoted) = known.iter().find(|(name, _)| *name == sequence.name)?;
            Some(format!(
                "pg_catalog.setval({}::regclass, {}::int8, {})",
                sql::literal(quoted),
                sql::literal(&sequence.value.to_string()),
                sequence.called
            ))
        })
        .collect();
    for batch in calls.chunks(500) {
        state.run(&format!("SELECT {}", batch.join(", "))).await?;
    }
    Ok(())
}
