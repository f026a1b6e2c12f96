//! What a restore of the whole database takes back besides tables and rows: the objects, columns and migrations that came
//! since.

use std::collections::BTreeSet;

use super::error::Result;
use super::history::keeper;
use super::set::Set;
use super::summary::{Summary, TableSummary};
use super::unread;
use crate::db::{Catalog, Engine, Session};
use crate::value::Value;

/// Objects whose SQL the set's schema file does not hold, and those of which it holds nothing but the SQL.
pub(super) fn objects(catalog: &Catalog, set: &Set, engine: Engine) -> Result<Vec<String>> {
    let schema = set.schema()?;
    let statements = schema.before.iter().chain(&schema.after);
    let kept: BTreeSet<String> = statements.map(|sql| engine.object_sql(sql)).collect();
    let history = catalog.not_included.iter();
    let history = history.filter(|entry| entry.kind == "row history");
    let mut lost: Vec<String> = history
        .map(|entry| format!("the row history of `{}`, which no backup holds", entry.name))
        .collect();
    let stays = unread::left_out(set);
    for object in &catalog.objects {
        let said = format!("{} `{}`", object.kind, object.name);
        let no_backup_has_it = catalog
            .not_included
            .iter()
            .any(|other| other.kind == object.kind && other.name == object.name.name);
        if object.sql.is_empty() || unread::is_among(&stays, object) {
            // It cannot be read with these rights, or could not when the set was made, and stays.
        } else if !kept.contains(&object.sql) {
            lost.push(said);
        } else if object.kind == "virtual table" && no_backup_has_it {
            lost.push(format!("the content of {said}, which no backup holds"));
        }
    }
    Ok(lost)
}

/// The columns with values of their own that the set's tables do not have; what is computed from others is not missed.
pub(super) fn columns(catalog: &Catalog, parts: &[&TableSummary]) -> Vec<String> {
    let mut gone = Vec::new();
    for part in parts {
        let Some(table) = catalog.table(&part.name) else {
            continue;
        };
        let own = table
            .stored_columns()
            .filter(|column| column.identity.as_deref() != Some("rowid"));
        let new = own.filter(|column| part.columns.iter().all(|kept| kept.name != column.name));
        gone.extend(new.map(|column| format!("column `{}.{}`", part.name, column.name)));
    }
    gone
}

/// The migrations that are applied now and not in the set, each as `4 (fax)`: after the restore they are pending. What
/// cannot be looked at is not told.
pub(super) async fn migrations(
    session: &mut Session,
    catalog: &Catalog,
    set: &Summary,
) -> Vec<String> {
    let kept = set.migrations.as_ref();
    let kept = kept.map_or(&[][..], |migrations| &migrations.applied);
    let mut pending = Vec::new();
    for table in &catalog.tables {
        let columns = match keeper(&table.name) {
            Some("sqlx") => "version, description FROM {} WHERE success ORDER BY version",
            Some(_) => {
                "migration_name, NULL FROM {} WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name"
            }
            None => continue,
        };
        let quoted = session.engine().quote_table(&table.name);
        let sql = format!("SELECT {}", columns.replace("{}", &quoted));
        let Ok(found) = session.query(&sql, &[], usize::MAX).await else {
            continue;
        };
        for row in found.rows {
            let mut row = row.into_iter().map(text);
            let version = row.next().flatten().unwrap_or_default();
            let name = row.next().flatten();
            if kept.iter().all(|kept| kept.version != version) {
                pending.push(match name {
                    Some(name) => format!("{version} ({name})"),
                    None => version,
                });
            }
        }
    }
    pending
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Int(number) => Some(number.to_string()),
        Value::Text(text) => Some(text),
        _ => None,
    }
}
