//! What a restore of the whole database takes back besides tables and rows: the objects, columns and migrations that came
//! since.

use std::collections::BTreeSet;

use super::error::Result;
use super::history::keeper;
use super::set::Set;
use super::summary::{Summary, TableSummary};
use super::unread;
use crate::db::{Catalog, Engine, NotIncluded, Object, Session, Unseen};
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
    let alone = left_alone(catalog, set, engine)?;
    for object in &catalog.objects {
        let said = told(object);
        let no_backup_has_it = catalog
            .not_included
            .iter()
            .any(|other| other.kind == object.kind && other.name == object.name.name);
        if object.sql.is_empty() || unread::is_among(&stays, object) {
            // It cannot be read with these rights, or could not when the set was made, and stays.
        } else if alone.contains(&said) {
            // The set could not know of it.
        } else if !kept.contains(&object.sql) {
            lost.push(said);
        } else if object.kind == "virtual table" && no_backup_has_it {
            lost.push(format!("the content of {said}, which no backup holds"));
        }
    }
    Ok(lost)
}

/// What to say of indexes that could not be made again, so that the set does not hold them.
pub(super) fn left_out(set: &Set) -> Vec<String> {
    let indexes = set.summary().not_included.iter();
    let indexes = indexes.filter(|entry| entry.kind == "index");
    let told = |entry: &NotIncluded| {
        format!(
            "the index `{}` is not there any more: {}",
            entry.name, entry.why
        )
    };
    indexes.map(told).collect()
}

/// Objects that whoever made the set was not shown: they stay, unless the set makes them in another form or drops their
/// table.
pub(super) fn left_alone(catalog: &Catalog, set: &Set, engine: Engine) -> Result<Vec<String>> {
    let unseen = set.summary().unseen();
    if unseen.is_empty() {
        return Ok(Vec::new());
    }
    let schema = set.schema()?;
    let made = schema.before.iter().chain(&schema.after);
    let made: Vec<(String, String)> = made.filter_map(|sql| engine.made_by(sql)).collect();
    let stays = |object: &&Object| {
        let is_unseen = unseen.iter().any(|kind| Unseen::covers(kind, &object.kind));
        let table = object.table.as_ref();
        let has_table = object.kind != "trigger"
            || table.is_some_and(|table| set.summary().table(table).is_some());
        let comes = |(kind, name): &(String, String)| {
            *kind == object.kind && name.to_lowercase() == object.name.name.to_lowercase()
        };
        is_unseen && has_table && !object.sql.is_empty() && !made.iter().any(comes)
    };
    let stay = catalog.objects.iter().filter(stays);
    Ok(stay.map(told).collect())
}

fn told(object: &Object) -> String {
    format!("{} `{}`", object.kind, object.name)
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
