//! Primary keys, indexes and foreign keys.

use std::collections::HashMap;

use super::catalog::cell;
use super::link::State;
use super::text;
use crate::db::Result;
use crate::db::catalog::{ForeignKey, Index};
use crate::ident::TableName;

/// The keys of one table.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) primary_key: Vec<String>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    pub(super) indexes: Vec<Index>,
}

/// The keys of every table.
pub(super) async fn read(state: &mut State) -> Result<HashMap<String, Keys>> {
    let mut tables = HashMap::new();
    indexes(state, &mut tables).await?;
    foreign_keys(state, &mut tables).await?;
    Ok(tables)
}

async fn indexes(state: &mut State, tables: &mut HashMap<String, Keys>) -> Result<()> {
    let rows = text::rows(
        &mut state.connection,
        "SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME FROM information_schema.STATISTICS
         WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
    )
    .await?;
    for row in rows {
        let keys = tables.entry(cell(&row, 0)).or_default();
        // An expression has no column.
        let (name, column) = (cell(&row, 1), cell(&row, 3));
        if name == "PRIMARY" {
            keys.primary_key.push(column.clone());
        }
        match keys.indexes.last_mut().filter(|index| index.name == name) {
            Some(index) => index.columns.push(column),
            None => keys.indexes.push(Index {
                name,
                columns: vec![column],
                unique: cell(&row, 2) == "0",
                ..Index::default()
            }),
        }
    }
    Ok(())
}

async fn foreign_keys(state: &mut State, tables: &mut HashMap<String, Keys>) -> Result<()> {
    let rows = text::rows(
        &mut state.connection,
        "SELECT k.TABLE_NAME, k.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_NAME,
                k.REFERENCED_COLUMN_NAME, r.DELETE_RULE, r.UPDATE_RULE,
                IF(k.REFERENCED_TABLE_SCHEMA = DATABASE(), NULL, k.REFERENCED_TABLE_SCHEMA)
         FROM information_schema.KEY_COLUMN_USAGE k
         JOIN information_schema.REFERENTIAL_CONSTRAINTS r
           ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.TABLE_NAME = k.TABLE_NAME
          AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
         WHERE k.TABLE_SCHEMA = DATABASE() AND k.CONSTRAINT_SCHEMA = DATABASE()
           AND k.REFERENCED_TABLE_NAME IS NOT NULL
         ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION",
    )
    .await?;
    for row in rows {
        let keys = tables.entry(cell(&row, 0)).or_default();
        let name = Some(cell(&row, 1));
        let (column, parent_column) = (cell(&row, 2), cell(&row, 4));
        match keys.foreign_keys.last_mut().filter(|key| key.name == name) {
            Some(key) => {
                key.columns.push(column);
                key.parent_columns.push(parent_column);
            }
            None => keys.foreign_keys.push(ForeignKey {
                name,
                columns: vec![column],
                parent: TableName {
                    schema: row.get(7).cloned().flatten(),
                    name: cell(&row, 3),
                },
                parent_columns: vec![parent_column],
                on_delete: cell(&row, 5),
                on_update: cell(&row, 6),
            }),
        }
    }
    Ok(())
}
