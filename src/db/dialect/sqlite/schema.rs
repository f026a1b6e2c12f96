//! The SQL that rebuilds an SQLite schema, what `sqlite_schema` does not hold included.

use rusqlite::Connection;

use super::catalog::{self, quote, rows};
use super::virtual_table::{self, Virtual};
use super::{fault, remake};
use crate::db::catalog::{DatabaseInfo, SchemaSql, Searched, Sequence};
use crate::db::{BrokenView, Result, Target};
use crate::ident::TableName;

/// What the database says of itself.
pub(super) fn info(connection: &Connection, target: &Target) -> Result<DatabaseInfo> {
    let encoding: String = pragma(connection, "encoding")?;
    Ok(DatabaseInfo {
        engine: "sqlite".to_owned(),
        version: rusqlite::version().to_owned(),
        name: target.name().to_owned(),
        encoding,
        default_schema: None,
        place: None,
        searched: Searched::default(),
    })
}

/// Tables before the rows, everything else after them.
pub(super) fn sql(connection: &Connection) -> Result<SchemaSql> {
    let mut schema = SchemaSql::default();
    let encoding: String = pragma(connection, "encoding")?;
    if encoding != "UTF-8" {
        schema
            .before
            .push(format!("PRAGMA encoding = '{encoding}'"));
    }
    for name in ["application_id", "user_version"] {
        let value: i64 = pragma(connection, name)?;
        schema.before.push(format!("PRAGMA {name} = {value}"));
    }
    let shadows = shadows(connection)?;
    // Last: what a rebuild reads may be a view, however late it was made.
    let mut rebuilds = Vec::new();
    for entry in catalog::entries(connection)? {
        let Some(sql) = entry.sql else { continue };
        if entry.name.starts_with("sqlite_")
            || shadows.contains(&entry.name)
            || shadows.contains(&entry.table)
        {
            continue;
        }
        if entry.kind != "table" {
            schema.after.push(sql);
            continue;
        }
        match classified(connection, &entry.name, &sql)? {
            Some(Virtual::Foreign { .. }) => continue,
            Some(Virtual::Derived) => rebuilds.push(rebuild_sql(&entry.name)),
            _ => {}
        }
        rebuilds.extend(virtual_table::settings(connection, &entry.name, &sql)?);
        schema.before.push(sql);
    }
    schema.after.extend(rebuilds);
    Ok(schema)
}

fn rebuild_sql(name: &str) -> String {
    let name = quote(name);
    format!("INSERT INTO {name}({name}){}", remake::REBUILD)
}

/// Rebuilds the virtual tables that index the rows of these tables, or of a view, which may show them.
pub(super) fn rebuild_from(connection: &Connection, tables: &[TableName]) -> Result<()> {
    let entries = catalog::entries(connection)?;
    for entry in &entries {
        let sql = entry.sql.as_deref().unwrap_or_default();
        if classified(connection, &entry.name, sql)? != Some(Virtual::Derived) {
            continue;
        }
        let Some(content) = virtual_table::content(sql) else {
            continue;
        };
        let restored = tables
            .iter()
            .any(|table| table.name.eq_ignore_ascii_case(&content));
        let view = entries
            .iter()
            .any(|other| other.kind == "view" && other.name.eq_ignore_ascii_case(&content));
        if restored || view {
            connection
                .execute_batch(&rebuild_sql(&entry.name))
                .map_err(fault::statement)?;
        }
    }
    Ok(())
}

fn is_virtual(sql: &str) -> bool {
    sql.to_ascii_lowercase().starts_with("create virtual")
}

/// What a virtual table is; `None` for everything else.
fn classified(connection: &Connection, name: &str, sql: &str) -> Result<Option<Virtual>> {
    if !is_virtual(sql) {
        return Ok(None);
    }
    virtual_table::read(connection, name, sql).map(Some)
}

/// Tables that belong to a virtual table and come with it.
fn shadows(connection: &Connection) -> Result<Vec<String>> {
    rows(
        connection,
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'",
        &[],
        |row| row.get(0),
    )
}

fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> Result<T> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .map_err(fault::statement)
}

/// Drops every object a person made but virtual tables that could not be made again here; foreign keys
/// must be off.
pub(super) fn drop_all(connection: &Connection) -> Result<()> {
    let shadows = shadows(connection)?;
    let mut entries = Vec::new();
    for entry in catalog::entries(connection)? {
        let sql = entry.sql.as_deref().unwrap_or_default();
        let found = classified(connection, &entry.name, sql)?;
        if !matches!(found, Some(Virtual::Foreign { .. })) {
            entries.push(entry);
        }
    }
    let of = |kind: &'static str, wanted: bool| {
        let shadows = &shadows;
        entries.iter().filter(move |entry| {
            entry.kind == kind
                && entry.sql.as_deref().is_some_and(is_virtual) == wanted
                && !entry.name.starts_with("sqlite_")
                && !shadows.contains(&entry.name)
        })
    };
    // Views and triggers first: a later DROP would complain of one that no longer compiles.
    let statements: Vec<String> = of("trigger", false)
        .map(|entry| format!("DROP TRIGGER {}", quote(&entry.name)))
        .chain(of("view", false).map(|entry| format!("DROP VIEW {}", quote(&entry.name))))
        .chain(of("table", true).map(|entry| format!("DROP TABLE {}", quote(&entry.name))))
        .chain(of("table", false).map(|entry| format!("DROP TABLE {}", quote(&entry.name))))
        .collect();
    for statement in statements {
        connection
            .execute_batch(&statement)
            .map_err(fault::statement)?;
    }
    Ok(())
}

/// Sets AUTOINCREMENT counters; a table without one is passed over.
pub(super) fn set_sequences(connection: &Connection, sequences: &[Sequence]) -> Result<()> {
    if !catalog::entries(connection)?
        .iter()
        .any(|entry| entry.name == "sqlite_sequence")
    {
        return Ok(());
    }
    let set = || {
        connection.execute("DELETE FROM main.sqlite_sequence", [])?;
        for sequence in sequences {
            connection.execute(
                "INSERT INTO main.sqlite_sequence(name, seq) VALUES (?1, ?2)",
                rusqlite::params![sequence.name, sequence.value],
            )?;
        }
        Ok(())
    };
    set().map_err(fault::statement)
}

/// Views that the engine cannot compile: it looks into one only where it is used
/// (<https://www.sqlite.org/lang_createview.html>).
pub(super) fn broken_views(connection: &Connection) -> Result<Vec<BrokenView>> {
    let views = catalog::entries(connection)?.into_iter();
    let views = views.filter(|entry| entry.kind == "view");
    let broken = views.filter_map(|view| {
        let sql = format!("SELECT 1 FROM {}", quote(&view.name));
        let error = connection.prepare(&sql).err()?;
        let is_of_view = error.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown);
        is_of_view.then(|| BrokenView {
            name: TableName::plain(view.name),
            why: fault::statement(error).to_string(),
        })
    });
    Ok(broken.collect())
}
