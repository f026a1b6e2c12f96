//! The catalog, read from `information_schema`
//! (<https://mariadb.com/kb/en/information-schema-tables/>, <https://dev.mysql.com/doc/refman/8.0/en/information-schema.html>).
//! Whatever is asked is asked of the current database.

use std::collections::HashMap;

use super::link::State;
use super::objects::{self, Made};
use super::text::{self, Texts};
use super::{attributes, grants, keys, nowhere, quote, unread, unseen};
use crate::db::catalog::{Catalog, Column, NotIncluded, Object, Sequence, Table};
use crate::db::{Engine, Result};
use crate::ident::TableName;

/// One row of `information_schema.TABLES`.
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) kind: String,
    /// The storage engine.
    pub(super) engine: String,
    /// What AUTO_INCREMENT gives next.
    pub(super) next: Option<i64>,
}

impl Listed {
    /// MariaDB's sequences are listed among the tables.
    pub(super) fn is_sequence(&self) -> bool {
        self.kind == "SEQUENCE"
    }
}

/// Tables and sequences in name order, without views, and without what is one in all but name: a MERGE table's rows are
/// those of the tables below it, and it stays where those change places.
pub(super) async fn listed(state: &mut State) -> Result<Vec<Listed>> {
    let rows = text::rows(
        &mut state.connection,
        "SELECT TABLE_NAME, TABLE_TYPE, ENGINE, AUTO_INCREMENT FROM information_schema.TABLES
         WHERE TABLE_SCHEMA = DATABASE()
           AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE') AND COALESCE(ENGINE, '') <> 'MRG_MYISAM'
         ORDER BY CAST(TABLE_NAME AS BINARY)",
    )
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Listed {
            name: cell(&row, 0),
            kind: cell(&row, 1),
            engine: cell(&row, 2),
            next: row
                .get(3)
                .cloned()
                .flatten()
                .and_then(|next| next.parse().ok()),
        })
        .collect())
}

/// A text of a row; NULL is empty.
pub(super) fn cell(row: &Texts, index: usize) -> String {
    row.get(index).cloned().flatten().unwrap_or_default()
}

/// The whole catalog.
pub(super) async fn read(state: &mut State) -> Result<Catalog> {
    let listed = listed(state).await?;
    let grants = grants::read(&mut state.connection).await?;
    let mut catalog = Catalog {
        // `information_schema` shows only what one has a right to.
        hides: !grants.cover(&state.server.database, &["select"]),
        unseen: unseen::kinds(state, &grants, &listed).await?,
        ..Catalog::default()
    };
    objects::for_printing(state).await?;
    let columns = columns(state).await;
    text::surely(&mut state.connection, objects::AFTER_PRINTING).await?;
    let mut columns = columns?;
    let mut keys = keys::read(state).await?;
    let mut attributes = attributes::read(state).await?;
    catalog.not_included = nowhere::left_out(&columns, &listed);
    catalog.not_included.extend(merged(state).await?);
    for entry in listed {
        if entry.is_sequence() {
            catalog.sequences.push(sequence(state, &entry.name).await?);
            continue;
        }
        if let Some(next) = entry.next {
            catalog.sequences.push(Sequence {
                name: entry.name.clone(),
                value: next - 1,
                called: true,
            });
        }
        if entry.kind == "SYSTEM VERSIONED" {
            catalog.not_included.push(NotIncluded {
                kind: "row history".to_owned(),
                name: entry.name.clone(),
                why: "a system-versioned table keeps what its rows were; a backup holds what they are"
                    .to_owned(),
            });
        }
        let columns = columns.remove(&entry.name).unwrap_or_default();
        let keys = keys.remove(&entry.name).unwrap_or_default();
        catalog.tables.push(Table {
            name: TableName::plain(&entry.name),
            required: required(&columns),
            columns,
            primary_key: keys.primary_key,
            foreign_keys: keys.foreign_keys,
            indexes: keys.indexes,
            attributes: attributes.remove(&entry.name).unwrap_or_default(),
            ..Table::default()
        });
    }
    let made = objects::read(state).await?;
    catalog.unread = unread::among(state, &made).await?;
    catalog.not_included.extend(left_out(&made));
    catalog.objects = made.into_iter().map(object).collect();
    Ok(catalog)
}

/// The MERGE tables (<https://mariadb.com/kb/en/merge/>), which are not among those that are listed.
async fn merged(state: &mut State) -> Result<Vec<NotIncluded>> {
    let rows = text::rows(
        &mut state.connection,
        "SELECT TABLE_NAME FROM information_schema.TABLES
         WHERE TABLE_SCHEMA = DATABASE() AND ENGINE = 'MRG_MYISAM' ORDER BY TABLE_NAME",
    )
    .await?;
    let named = rows.iter().map(|row| NotIncluded {
        kind: "merge table".to_owned(),
        name: cell(row, 0),
        why: "its rows are those of the tables it merges, which are included; a restore leaves it where it is, and makes none"
            .to_owned(),
    });
    Ok(named.collect())
}

fn object(made: Made) -> Object {
    Object {
        kind: made.kind.to_owned(),
        name: TableName::plain(made.name),
        table: made.table.map(TableName::plain),
        sql: made.sql,
    }
}

/// Objects whose text the server keeps from who has too few rights, or from who only reads.
fn left_out(made: &[Made]) -> impl Iterator<Item = NotIncluded> {
    let unread = made.iter().filter(|made| made.sql.is_empty());
    unread.map(|made| {
        let why = match made.kind {
            "view" => ": a right is missing, or it draws from a sequence",
            _ => " with these rights",
        };
        NotIncluded::unreadable(made.kind, &made.name, why)
    })
}

/// Columns that every INSERT must name.
fn required(columns: &[Column]) -> Vec<String> {
    columns
        .iter()
        .filter(|column| {
            !column.nullable
                && column.default.is_none()
                && column.identity.is_none()
                && !column.generated
        })
        .map(|column| column.name.clone())
        .collect()
}

/// The columns of every table.
async fn columns(state: &mut State) -> Result<HashMap<String, Vec<Column>>> {
    let json = json_columns(state).await?;
    // A default that draws from a sequence names the database; it is to be the same in a copy.
    let here = format!("{}.", quote(state.current()));
    let rows = text::rows(
        &mut state.connection,
        "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA,
                GENERATION_EXPRESSION
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
         ORDER BY TABLE_NAME, ORDINAL_POSITION",
    )
    .await?;
    let mut tables: HashMap<String, Vec<Column>> = HashMap::new();
    for row in rows {
        let (table, name) = (cell(&row, 0), cell(&row, 1));
        let extra = cell(&row, 5).to_lowercase();
        let is_json = json.contains(&(table.clone(), name.clone()));
        let type_name = if is_json {
            "json".to_owned()
        } else {
            cell(&row, 2)
        };
        tables.entry(table).or_default().push(Column {
            default: default(state.engine, &row, &extra, &type_name)
                .map(|default| default.replace(&here, "")),
            name,
            type_name,
            nullable: cell(&row, 3) == "YES",
            identity: extra
                .contains("auto_increment")
                .then(|| "auto_increment".to_owned()),
            generated: !cell(&row, 6).is_empty(),
        });
    }
    Ok(tables)
}

/// The default as SQL. MariaDB prints it so; MySQL prints a literal's value without quotes.
fn default(engine: Engine, row: &Texts, extra: &str, type_name: &str) -> Option<String> {
    let text = row.get(4).cloned().flatten()?;
    let is_number = type_name.contains("int") || text.starts_with("b'");
    match engine {
        Engine::Mariadb => (text != "NULL").then_some(text),
        _ if is_number || extra.contains("default_generated") => Some(text),
        _ if text.starts_with("CURRENT_TIMESTAMP") => Some(text),
        _ => Some(format!("'{}'", text.replace('\'', "''"))),
    }
}

/// MariaDB's JSON is text with a check; the check tells which columns were declared so.
async fn json_columns(state: &mut State) -> Result<Vec<(String, String)>> {
    if state.engine != Engine::Mariadb {
        return Ok(Vec::new());
    }
    let rows = text::rows(
        &mut state.connection,
        "SELECT TABLE_NAME, CONSTRAINT_NAME FROM information_schema.CHECK_CONSTRAINTS
         WHERE CONSTRAINT_SCHEMA = DATABASE() AND LEVEL = 'Column'
           AND CHECK_CLAUSE = CONCAT('json_valid(`', CONSTRAINT_NAME, '`)')",
    )
    .await?;
    Ok(rows
        .iter()
        .map(|row| (cell(row, 0), cell(row, 1)))
        .collect())
}

/// Where a sequence of MariaDB stands. What its cache has handed out is lost to it anyhow: it goes on behind that.
async fn sequence(state: &mut State, name: &str) -> Result<Sequence> {
    let sql = format!("SELECT next_not_cached_value FROM {}", quote(name));
    let next = text::value(&mut state.connection, &sql).await?;
    Ok(Sequence {
        name: name.to_owned(),
        value: next.and_then(|next| next.parse().ok()).unwrap_or(1),
        called: false,
    })
}
