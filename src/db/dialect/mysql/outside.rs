//! Foreign keys of other databases that point to this one's tables. Those of tables that the user may not see are not
//! found.

use super::catalog::cell;
use super::link::State;
use super::text::READ;
use super::{quote, schema, text};
use crate::db::catalog::Orphans;
use crate::db::{Error, Result};
use crate::ident::TableName;

/// Foreign keys of other databases that point here, as people are told of them.
pub(super) async fn keys(state: &mut State) -> Result<Vec<String>> {
    let rows = text::rows(
        &mut state.connection,
        "SELECT DISTINCT CONSTRAINT_NAME, TABLE_SCHEMA, TABLE_NAME FROM information_schema.KEY_COLUMN_USAGE
         WHERE REFERENCED_TABLE_SCHEMA = DATABASE() AND TABLE_SCHEMA <> DATABASE() ORDER BY 2, 3, 1",
    )
    .await?;
    let told = |row: &text::Texts| {
        let (key, database, table) = (cell(row, 0), cell(row, 1), cell(row, 2));
        format!("`{key}` of `{database}.{table}`")
    };
    Ok(rows.iter().map(told).collect())
}

/// Rows of other databases whose row of one of these tables is not there.
pub(super) async fn orphans(state: &mut State, parents: &[TableName]) -> Result<Vec<Orphans>> {
    let rows = text::rows(
        &mut state.connection,
        "SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, REFERENCED_TABLE_NAME, COLUMN_NAME, REFERENCED_COLUMN_NAME
         FROM information_schema.KEY_COLUMN_USAGE
         WHERE REFERENCED_TABLE_SCHEMA = DATABASE() AND TABLE_SCHEMA <> DATABASE()
         ORDER BY 1, 2, 3, ORDINAL_POSITION",
    )
    .await?;
    let mut found = Vec::new();
    let is_same = |one: &text::Texts, other: &text::Texts| one[..4] == other[..4];
    for key in rows.chunk_by(is_same) {
        let parent = TableName::plain(cell(&key[0], 3));
        if !parents.contains(&parent) {
            continue;
        }
        let child = TableName {
            schema: Some(cell(&key[0], 0)),
            name: cell(&key[0], 1),
        };
        let sql = lonely(&child, &parent, key);
        let rows = match schema::number(state, &sql).await {
            Err(Error::NotGranted { .. } | Error::Denied { .. }) => {
                state.note(format!(
                    "whether rows of `{child}` lose theirs of `{parent}` cannot be looked at: this user may not read it"
                ));
                continue;
            }
            rows => rows?,
        };
        if rows > 0 {
            found.push(Orphans {
                table: child,
                columns: key.iter().map(|row| cell(row, 4)).collect(),
                parent,
                rows,
            });
        }
    }
    Ok(found)
}

/// SQL that counts the rows of a key whose parent is not there.
fn lonely(child: &TableName, parent: &TableName, key: &[text::Texts]) -> String {
    let (mut equal, mut set) = (Vec::new(), Vec::new());
    for row in key {
        let (column, other) = (quote(&cell(row, 4)), quote(&cell(row, 5)));
        equal.push(format!("p.{other} = c.{column}"));
        set.push(format!("c.{column} IS NOT NULL"));
    }
    let first = quote(&cell(&key[0], 5));
    format!(
        "{READ} COUNT(*) FROM {}.{} c LEFT JOIN {} p ON {} WHERE {} AND p.{first} IS NULL",
        quote(child.schema.as_deref().unwrap_or_default()),
        quote(&child.name),
        quote(&parent.name),
        equal.join(" AND "),
        set.join(" AND ")
    )
}
