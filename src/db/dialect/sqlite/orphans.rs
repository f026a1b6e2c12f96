//! Rows whose foreign key points to nothing, and which of them are new since they were kept.
//!
//! Which they are is known by their keys' values: a table that is made anew may give its rows other rowids. The values
//! are kept in a temporary table, as they may be many.

use std::fmt::Write as _;

use rusqlite::{Connection, params_from_iter};

use super::catalog::{self, quote, rows};
use super::fault;
use crate::db::Result;
use crate::db::catalog::{Catalog, ForeignKey, Orphans, Table};

/// Where they are kept: each foreign key with an empty value, and each value with its rows. A rollback takes it along.
const KEPT: &str = "temp.dbscript_orphans";

/// Rows of one foreign key that point to nothing.
struct Found {
    orphans: Orphans,
    /// See [`identity`].
    identity: String,
    /// What follows SELECT to read them, as `c`.
    source: String,
}

/// Rows whose foreign key points to nothing (<https://www.sqlite.org/pragma.html#pragma_foreign_key_check>).
pub(super) fn all(connection: &Connection) -> Result<Vec<Orphans>> {
    let catalog = catalog::read(connection)?;
    let found = find(connection, &catalog)?.into_iter();
    Ok(found.map(|found| found.orphans).collect())
}

/// As [`all`], and keeps which they are for [`new`], until the open transaction ends.
pub(super) fn keep(connection: &Connection) -> Result<Vec<Orphans>> {
    let catalog = catalog::read(connection)?;
    let make = format!(
        "DROP TABLE IF EXISTS {KEPT};
         CREATE TABLE {KEPT} (of TEXT, value TEXT, rows INTEGER, PRIMARY KEY (of, value)) WITHOUT ROWID"
    );
    connection.execute_batch(&make).map_err(fault::statement)?;
    let known = format!("INSERT OR REPLACE INTO {KEPT} VALUES (?1, '', 0)");
    for identity in identities(&catalog) {
        connection
            .execute(&known, [identity])
            .map_err(fault::statement)?;
    }
    let found = find(connection, &catalog)?;
    for one in &found {
        let values = format!(
            "INSERT OR REPLACE INTO {KEPT} SELECT ?1, {} AS value, count(*) {} GROUP BY 2",
            value(&one.orphans.columns),
            one.source
        );
        connection
            .execute(&values, [&one.identity])
            .map_err(fault::statement)?;
    }
    Ok(found.into_iter().map(|found| found.orphans).collect())
}

/// Those there are more of than were kept, value by value. A foreign key that was not there then, as its table or column
/// had another name, is compared with those that are not there any more.
pub(super) fn new(connection: &Connection) -> Result<Vec<Orphans>> {
    let catalog = catalog::read(connection)?;
    let now: Vec<String> = identities(&catalog).collect();
    let known = rows(
        connection,
        &format!("SELECT of FROM {KEPT} WHERE value = ''"),
        &[],
        |row| row.get::<_, String>(0),
    )?;
    let gone: Vec<&String> = known.iter().filter(|one| !now.contains(one)).collect();
    let mut more = Vec::new();
    for mut found in find(connection, &catalog)? {
        let before = match known.contains(&found.identity) {
            true => vec![&found.identity],
            false => gone.clone(),
        };
        let rows = beyond(connection, &found, &before)?.min(found.orphans.rows);
        if rows > 0 {
            found.orphans.rows = rows;
            more.push(found.orphans);
        }
    }
    connection
        .execute_batch(&format!("DROP TABLE {KEPT}"))
        .map_err(fault::statement)?;
    Ok(more)
}

/// How many rows there are more than these foreign keys had of the same value.
fn beyond(connection: &Connection, found: &Found, before: &[&String]) -> Result<u64> {
    let marks = vec!["?"; before.len()].join(", ");
    let sql = format!(
        "SELECT coalesce(sum(max(0, now.rows - coalesce(
            (SELECT sum(kept.rows) FROM {KEPT} AS kept WHERE kept.of IN ({marks}) AND kept.value = now.value), 0))), 0)
         FROM (SELECT {} AS value, count(*) AS rows {} GROUP BY 1) AS now",
        value(&found.orphans.columns),
        found.source
    );
    let count: i64 = connection
        .query_row(&sql, params_from_iter(before), |row| row.get(0))
        .map_err(fault::statement)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The values of these columns as one text, the same whatever type of number or text they are stored as.
fn value(columns: &[String]) -> String {
    let parts = columns.iter().map(|column| {
        let stored = format!("c.{}", quote(column));
        let whole = format!("CAST({stored} AS INTEGER)");
        let text = format!(
            "CASE typeof({stored}) WHEN 'blob' THEN hex({stored}) WHEN 'real' THEN
             CAST(iif({stored} = {whole}, {whole}, {stored}) AS TEXT) ELSE CAST({stored} AS TEXT) END"
        );
        format!("length({text}) || ':' || {text}")
    });
    parts.collect::<Vec<_>>().join(" || ")
}

fn identities(catalog: &Catalog) -> impl Iterator<Item = String> + '_ {
    catalog.tables.iter().flat_map(|table| {
        let keys = table.foreign_keys.iter();
        keys.map(|key| identity(table, key))
    })
}

/// What a foreign key is known by: its table, the columns, and the table and columns it points to.
fn identity(table: &Table, key: &ForeignKey) -> String {
    let mut identity = quote(&table.name.name);
    for column in &key.columns {
        // Writing to a text cannot fail.
        let _ = write!(identity, ".{}", quote(column));
    }
    let _ = write!(identity, " {}", quote(&key.parent.name));
    for column in &key.parent_columns {
        let _ = write!(identity, ".{}", quote(column));
    }
    identity.to_ascii_lowercase()
}

fn find(connection: &Connection, catalog: &Catalog) -> Result<Vec<Found>> {
    let mut found: Vec<Found> = Vec::new();
    for table in &catalog.tables {
        if table.foreign_keys.is_empty() {
            continue;
        }
        let counted = rows(
            connection,
            "SELECT fkid, count(*) FROM pragma_foreign_key_check(?1) GROUP BY fkid ORDER BY fkid",
            &[&table.name.name],
            |row| Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?)),
        );
        let counted = match counted {
            Ok(counted) => counted,
            Err(error) if error.to_string().contains("foreign key mismatch") => {
                found.extend(key_by_key(connection, catalog, table)?);
                continue;
            }
            Err(error) => return Err(error),
        };
        // The ids are the places in the list of the table's keys.
        let keys = counted.into_iter().filter_map(|(id, rows)| {
            let key = table.foreign_keys.get(usize::try_from(id).ok()?)?;
            let source = source(catalog, table, key, true);
            Some(found_in(table, key, rows, source))
        });
        found.extend(keys);
    }
    Ok(found)
}

fn found_in(table: &Table, key: &ForeignKey, rows: i64, source: String) -> Found {
    Found {
        orphans: Orphans {
            table: table.name.clone(),
            columns: key.columns.clone(),
            parent: key.parent.clone(),
            rows: u64::try_from(rows).unwrap_or(0),
        },
        identity: identity(table, key),
        source,
    }
}

/// Orphans of a table of which a key points to columns without a unique index ("foreign key mismatch"): SQLite neither
/// checks its keys nor lets anyone write to it. Every row that uses such a key counts.
fn key_by_key(connection: &Connection, catalog: &Catalog, table: &Table) -> Result<Vec<Found>> {
    // Where columns do not tell which one is meant (an index of another collation), none is trusted.
    let told = !table.foreign_keys.iter().all(|key| usable(catalog, key));
    let mut found = Vec::new();
    for key in &table.foreign_keys {
        let source = source(catalog, table, key, told);
        let count: i64 = connection
            .query_row(&format!("SELECT count(*) {source}"), [], |row| row.get(0))
            .map_err(fault::statement)?;
        if count > 0 {
            found.push(found_in(table, key, count, source));
        }
    }
    Ok(found)
}

/// What reads the rows of a key that point to nothing: all that use it where it cannot be `trusted`.
fn source(catalog: &Catalog, table: &Table, key: &ForeignKey, trusted: bool) -> String {
    let used = key
        .columns
        .iter()
        .map(|column| format!("c.{} IS NOT NULL", quote(column)));
    let mut wanted: Vec<String> = used.collect();
    if trusted && usable(catalog, key) {
        // The parent's affinity and collation decide: `+` takes the child's away.
        let pairs = key.columns.iter().zip(&key.parent_columns);
        let same = pairs.map(|(from, to)| format!("p.{} = +c.{}", quote(to), quote(from)));
        wanted.push(format!(
            "NOT EXISTS (SELECT 1 FROM main.{} AS p WHERE {})",
            quote(&key.parent.name),
            same.collect::<Vec<_>>().join(" AND ")
        ));
    }
    format!(
        "FROM main.{} AS c WHERE {}",
        quote(&table.name.name),
        wanted.join(" AND ")
    )
}

fn usable(catalog: &Catalog, key: &ForeignKey) -> bool {
    let parent = catalog.table(&key.parent);
    parent.is_some_and(|parent| is_unique(parent, &key.parent_columns))
        && key.columns.len() == key.parent_columns.len()
}

/// Whether no two rows can have the same values in these columns.
fn is_unique(table: &Table, columns: &[String]) -> bool {
    let same = |key: &[String]| {
        key.len() == columns.len()
            && columns
                .iter()
                .all(|column| key.iter().any(|other| other.eq_ignore_ascii_case(column)))
    };
    !columns.is_empty()
        && (same(&table.primary_key)
            || table
                .indexes
                .iter()
                .any(|index| index.unique && !index.partial && same(&index.columns)))
}
