//! What columns are besides their type: what MODIFY and CHANGE take away from a column unless they repeat it.

use std::collections::HashMap;

use super::catalog::cell;
use super::link::State;
use super::text;
use crate::db::Result;
use crate::db::catalog::Attributes;

/// The attributes of every table's columns, in the order of the columns.
pub(super) async fn read(state: &mut State) -> Result<HashMap<String, Vec<Attributes>>> {
    let rows = text::rows(
        &mut state.connection,
        "SELECT c.TABLE_NAME, c.EXTRA, c.COLUMN_COMMENT, c.CHARACTER_SET_NAME,
                IF(c.COLLATION_NAME = t.TABLE_COLLATION, NULL, c.COLLATION_NAME)
         FROM information_schema.COLUMNS c JOIN information_schema.TABLES t
           ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
         WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE <> 'VIEW'
         ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION",
    )
    .await?;
    let mut tables: HashMap<String, Vec<Attributes>> = HashMap::new();
    for row in rows {
        let extra = cell(&row, 1).to_lowercase();
        let collation = row.get(4).cloned().flatten();
        tables.entry(cell(&row, 0)).or_default().push(Attributes {
            comment: !cell(&row, 2).is_empty(),
            charset: collation
                .as_ref()
                .and_then(|_| row.get(3).cloned().flatten()),
            collation,
            on_update: extra.contains("on update"),
            invisible: extra.contains("invisible"),
        });
    }
    Ok(tables)
}
