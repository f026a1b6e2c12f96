//! The catalog, read while no schema is searched: every name in it that is not of PostgreSQL itself is then qualified,
//! whoever asks.

use super::schema::Order;
use super::state::State;
use super::worker::Work;
use super::{not_included, objects, order, sql, tables};
use crate::db::Result;
use crate::db::catalog::{Catalog, DatabaseInfo, Object, Searched, Sequence};

/// What the database says of itself.
pub(super) async fn info(state: &mut State) -> Result<DatabaseInfo> {
    let asked = "SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_database()::text, \
        pg_catalog.current_setting('server_encoding'), pg_catalog.current_setting('search_path'), current_user::text";
    let row = state.texts(asked).await?.into_iter().next();
    let mut row = row
        .unwrap_or_default()
        .into_iter()
        .map(Option::unwrap_or_default);
    let mut next = || row.next().unwrap_or_default();
    let version = next();
    let (name, encoding, path, user) = (next(), next(), next(), next());
    let schemas = "SELECT nspname::text FROM pg_catalog.pg_namespace \
        WHERE pg_catalog.has_schema_privilege(oid, 'USAGE') ORDER BY 1";
    let schemas = state.texts(schemas).await?.into_iter().flatten().flatten();
    let searched = Searched {
        path,
        user,
        schemas: schemas.collect(),
    };
    Ok(DatabaseInfo {
        engine: "postgres".to_owned(),
        version: version.split(' ').next().unwrap_or_default().to_owned(),
        name,
        encoding,
        default_schema: Some(state.schema.clone()),
        place: None,
        searched,
    })
}

/// The whole catalog.
pub(super) async fn read(state: &mut State) -> Result<Catalog> {
    qualified(state, |state| {
        Box::pin(async move {
            let nodes = objects::read(state).await?;
            let sorted = order::sorted(state, nodes).await?;
            Ok(Catalog {
                unread: Vec::new(),
                unseen: Vec::new(),
                tables: tables::read(state).await?,
                objects: listed(state, &sorted),
                sequences: sequences(state).await?,
                not_included: not_included::read(state).await?,
                hides: false,
            })
        })
    })
    .await
}

/// Runs something while no schema is searched, at one moment. Questions to the catalog are cheap and look dear to the
/// planner, which would spend seconds on compiling them.
pub(super) async fn qualified<T: Send + 'static>(
    state: &mut State,
    work: impl for<'a> FnOnce(&'a mut State) -> Work<'a, Result<T>> + Send + 'static,
) -> Result<T> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    state
        .in_transaction(begin, |state| {
            Box::pin(async move {
                let settings = "SELECT pg_catalog.current_setting('search_path'), pg_catalog.current_setting('jit')";
                let mut before = state.texts(settings).await?.into_iter().flatten();
                let mut next = || before.next().flatten().unwrap_or_default();
                let (path, jit) = (next(), next());
                let set = |path: &str, jit: &str| {
                    format!(
                        "SELECT pg_catalog.set_config('search_path', {}, true), pg_catalog.set_config('jit', {}, true)",
                        sql::literal(path),
                        sql::literal(jit)
                    )
                };
                state.run(&set("", "off")).await?;
                let result = work(state).await;
                if result.is_ok() {
                    state.run(&set(&path, &jit)).await?;
                }
                result
            })
        })
        .await
}

/// The objects that are no tables and no part of one.
fn listed(state: &State, Order { before, after }: &Order) -> Vec<Object> {
    before
        .iter()
        .chain(after)
        .filter(|node| node.listed)
        .map(|node| Object {
            kind: node.kind.clone(),
            name: state.known(&node.schema, &node.name),
            table: node
                .table
                .as_ref()
                .map(|(schema, table)| state.known(schema, table)),
            sql: node.sql.clone(),
        })
        .collect()
}

/// Every counter, by its name as the rest of the program knows it, with its qualified and quoted one.
pub(super) async fn counters(state: &mut State) -> Result<Vec<(String, String)>> {
    let asked = concat!(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'S' AND ",
        tables::own!(),
        " ORDER BY 1, 2"
    );
    let rows = state.texts(asked).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let [schema, name] = <[Option<String>; 2]>::try_from(row).ok()?;
            let (schema, name) = (schema?, name?);
            let known = state.known(&schema, &name).to_string();
            Some((
                known,
                format!("{}.{}", sql::name(&schema), sql::name(&name)),
            ))
        })
        .collect())
}

async fn sequences(state: &mut State) -> Result<Vec<Sequence>> {
    let mut found = Vec::new();
    let counters = counters(state).await?;
    for batch in counters.chunks(100) {
        let asked: Vec<String> = batch
            .iter()
            .map(|(known, quoted)| {
                format!(
                    "SELECT {}::text, last_value::text, is_called::text FROM {quoted}",
                    sql::literal(known)
                )
            })
            .collect();
        for row in state.texts(&asked.join(" UNION ALL ")).await? {
            let [Some(name), Some(value), Some(called)] = &row[..] else {
                continue;
            };
            found.push(Sequence {
                name: name.clone(),
                value: value.parse().unwrap_or(0),
                called: called == "true",
            });
        }
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}
