//! SQLite's catalog, read from `sqlite_schema` and the table-valued pragmas
//! (<https://www.sqlite.org/pragma.html#pragfunc>).

use rusqlite::Connection;

use super::fault;
use super::virtual_table::{self, Virtual};
use crate::db::catalog::{
    Catalog, Column, ForeignKey, Index, NotIncluded, Object, Sequence, Table,
};
use crate::db::{Engine, Result};
use crate::ident::TableName;

/// One row of `sqlite_schema`, in the order of creation.
pub(super) struct Entry {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) table: String,
    pub(super) sql: Option<String>,
}

/// One row of `PRAGMA table_list`.
struct Listed {
    name: String,
    kind: String,
    without_rowid: bool,
}

/// Every object that a person made.
pub(super) fn entries(connection: &Connection) -> Result<Vec<Entry>> {
    rows(
        connection,
        "SELECT type, name, tbl_name, sql FROM main.sqlite_schema ORDER BY rowid",
        &[],
        |row| {
            Ok(Entry {
                kind: row.get(0)?,
                name: row.get(1)?,
                table: row.get(2)?,
                sql: row.get(3)?,
            })
        },
    )
}

/// The whole catalog.
pub(super) fn read(connection: &Connection) -> Result<Catalog> {
    let entries = entries(connection)?;
    let mut catalog = Catalog::default();
    for listed in listed(connection)? {
        let sql = entries
            .iter()
            .find(|entry| entry.kind == "table" && entry.name == listed.name)
            .and_then(|entry| entry.sql.as_deref())
            .unwrap_or_default();
        match listed.kind.as_str() {
            "table" if listed.name.starts_with("sqlite_") => internal(&listed.name, &mut catalog),
            "table" => catalog.tables.push(table(connection, &listed, &entries)?),
            "virtual" => virtual_table(connection, &listed, sql, &mut catalog)?,
            // Shadow tables belong to their virtual table; views are objects.
            _ => {}
        }
    }
    catalog
        .tables
        .sort_by(|left, right| left.name.cmp(&right.name));
    resolve_parents(&mut catalog.tables);
    catalog.objects.extend(objects(&entries));
    catalog.sequences = sequences(connection, &entries)?;
    Ok(catalog)
}

fn listed(connection: &Connection) -> Result<Vec<Listed>> {
    rows(
        connection,
        "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' ORDER BY name",
        &[],
        |row| {
            Ok(Listed {
                name: row.get(0)?,
                kind: row.get(1)?,
                without_rowid: row.get(2)?,
            })
        },
    )
}

/// What ANALYZE left is not data, but a restore does not bring it back: said, not kept quiet.
fn internal(name: &str, catalog: &mut Catalog) {
    if name.starts_with("sqlite_stat") {
        catalog.not_included.push(NotIncluded {
            kind: "statistics".to_owned(),
            name: name.to_owned(),
            why: "the query planner's statistics; run ANALYZE after a restore".to_owned(),
        });
    }
}

fn virtual_table(
    connection: &Connection,
    listed: &Listed,
    sql: &str,
    catalog: &mut Catalog,
) -> Result<()> {
    let object = |kind: &str| Object {
        kind: kind.to_owned(),
        name: TableName::plain(&listed.name),
        table: None,
        sql: sql.to_owned(),
    };
    match virtual_table::read(connection, &listed.name, sql)? {
        Virtual::Carried { module, rowid } => {
            let mut columns = columns(connection, &listed.name)?;
            if rowid {
                columns.insert(0, rowid_column("rowid"));
            }
            catalog.tables.push(Table {
                name: TableName::plain(&listed.name),
                columns,
                module: Some(module),
                ..Table::default()
            });
        }
        Virtual::Derived => catalog.objects.push(object("virtual table")),
        Virtual::NotCarried { why } => {
            catalog.objects.push(object("virtual table"));
            catalog.not_included.push(NotIncluded {
                kind: "virtual table".to_owned(),
                name: listed.name.clone(),
                why,
            });
        }
        // No object: a restore does not drop it.
        Virtual::Foreign { why } => catalog.not_included.push(NotIncluded {
            kind: "virtual table".to_owned(),
            name: listed.name.clone(),
            why,
        }),
    }
    Ok(())
}

fn table(connection: &Connection, listed: &Listed, entries: &[Entry]) -> Result<Table> {
    let name = &listed.name;
    let mut columns = columns(connection, name)?;
    let primary_key = primary_key(connection, name)?;
    let aliases_rowid = matches!(&primary_key[..], [one] if columns
        .iter()
        .any(|column| column.name == *one && column.type_name.eq_ignore_ascii_case("INTEGER")));
    for column in &mut columns {
        let in_key = primary_key.contains(&column.name);
        if in_key && (listed.without_rowid || aliases_rowid) {
            column.nullable = false;
        }
    }
    if !listed.without_rowid
        && !aliases_rowid
        && virtual_table::something_depends_on_rowid(name, entries)
        && let Some(free) = ["rowid", "_rowid_", "oid"].into_iter().find(|alias| {
            !columns
                .iter()
                .any(|column| column.name.eq_ignore_ascii_case(alias))
        })
    {
        columns.insert(0, rowid_column(free));
    }
    let required = columns
        .iter()
        .filter(|column| {
            // A key that is no alias of the rowid may be NULL here, but then it is none.
            let in_key = primary_key.contains(&column.name);
            let made = column.default.is_some() || column.generated || column.identity.is_some();
            let must = if in_key {
                !aliases_rowid
            } else {
                !column.nullable
            };
            must && !made
        })
        .map(|column| column.name.clone())
        .collect();
    Ok(Table {
        name: TableName::plain(name),
        columns,
        required,
        primary_key,
        foreign_keys: foreign_keys(connection, name)?,
        indexes: indexes(connection, name, entries)?,
        ..Table::default()
    })
}

fn rowid_column(name: &str) -> Column {
    Column {
        name: name.to_owned(),
        type_name: "INTEGER".to_owned(),
        identity: Some("rowid".to_owned()),
        ..Column::default()
    }
}

fn columns(connection: &Connection, table: &str) -> Result<Vec<Column>> {
    // `hidden`: 1 is a virtual table's own, 2 and 3 are generated columns.
    rows(
        connection,
        "SELECT name, type, \"notnull\", dflt_value, hidden FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid",
        &[table],
        |row| {
            let not_null: bool = row.get(2)?;
            let hidden: i64 = row.get(4)?;
            Ok(Column {
                name: row.get(0)?,
                type_name: row.get(1)?,
                nullable: !not_null,
                default: row.get(3)?,
                identity: None,
                generated: hidden >= 2,
            })
        },
    )
}

fn primary_key(connection: &Connection, table: &str) -> Result<Vec<String>> {
    rows(
        connection,
        "SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE pk > 0 ORDER BY pk",
        &[table],
        |row| row.get(0),
    )
}

fn foreign_keys(connection: &Connection, table: &str) -> Result<Vec<ForeignKey>> {
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    let parts = rows(
        connection,
        "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq",
        &[table],
        |row| {
            let to: Option<String> = row.get(3)?;
            Ok((
                row.get::<_, i64>(0)?,
                ForeignKey {
                    name: None,
                    columns: vec![row.get(2)?],
                    parent: TableName::plain(row.get::<_, String>(1)?),
                    parent_columns: to.into_iter().collect(),
                    on_update: row.get(4)?,
                    on_delete: row.get(5)?,
                },
            ))
        },
    )?;
    for (id, part) in parts {
        match keys.last_mut().filter(|(last, _)| *last == id) {
            Some((_, key)) => {
                key.columns.extend(part.columns);
                key.parent_columns.extend(part.parent_columns);
            }
            None => keys.push((id, part)),
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// Foreign keys name their parent in any letter case, and may leave out its columns.
fn resolve_parents(tables: &mut [Table]) {
    let known: Vec<(String, Vec<String>)> = tables
        .iter()
        .map(|table| (table.name.name.clone(), table.primary_key.clone()))
        .collect();
    for key in tables
        .iter_mut()
        .flat_map(|table| table.foreign_keys.iter_mut())
    {
        let Some((name, primary_key)) = known
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&key.parent.name))
        else {
            continue;
        };
        key.parent.name.clone_from(name);
        if key.parent_columns.is_empty() {
            key.parent_columns.clone_from(primary_key);
        }
    }
}

fn indexes(connection: &Connection, table: &str, entries: &[Entry]) -> Result<Vec<Index>> {
    let listed = rows(
        connection,
        "SELECT name, \"unique\", partial FROM pragma_index_list(?1, 'main') ORDER BY name",
        &[table],
        |row| {
            Ok(Index {
                name: row.get(0)?,
                unique: row.get(1)?,
                partial: row.get(2)?,
                ..Index::default()
            })
        },
    )?;
    listed
        .into_iter()
        .map(|mut index| {
            index.columns = rows(
                connection,
                "SELECT name FROM pragma_index_xinfo(?1, 'main') WHERE key = 1 ORDER BY seqno",
                &[&index.name],
                |row| row.get::<_, Option<String>>(0),
            )?
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect();
            index.sql = entries
                .iter()
                .find(|entry| entry.kind == "index" && entry.name == index.name)
                .and_then(|entry| entry.sql.clone());
            Ok(index)
        })
        .collect()
}

fn objects(entries: &[Entry]) -> impl Iterator<Item = Object> + '_ {
    entries
        .iter()
        .filter(|entry| entry.kind == "view" || entry.kind == "trigger")
        .map(|entry| Object {
            kind: entry.kind.clone(),
            name: TableName::plain(&entry.name),
            table: (entry.kind == "trigger").then(|| TableName::plain(&entry.table)),
            sql: entry.sql.clone().unwrap_or_default(),
        })
}

fn sequences(connection: &Connection, entries: &[Entry]) -> Result<Vec<Sequence>> {
    if !entries.iter().any(|entry| entry.name == "sqlite_sequence") {
        return Ok(Vec::new());
    }
    rows(
        connection,
        "SELECT name, seq FROM main.sqlite_sequence WHERE typeof(seq) = 'integer' ORDER BY name",
        &[],
        |row| {
            Ok(Sequence {
                name: row.get(0)?,
                value: row.get(1)?,
                called: true,
            })
        },
    )
}

/// Rows of a small catalog query with text parameters.
pub(super) fn rows<T>(
    connection: &Connection,
    sql: &str,
    params: &[&str],
    mut read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    let mut collect = || {
        let mut statement = connection.prepare_cached(sql)?;
        statement
            .query_map(rusqlite::params_from_iter(params), &mut read)?
            .collect::<rusqlite::Result<Vec<T>>>()
    };
    collect().map_err(fault::statement)
}

/// A name as SQLite quotes it.
pub(super) fn quote(name: &str) -> String {
    Engine::Sqlite.quote(name)
}
