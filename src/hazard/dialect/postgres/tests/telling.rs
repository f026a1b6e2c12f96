//! Steps in a few words, for tables of what SQL does.

use crate::hazard::action::{
    Action, ColumnChange, Constraint, LockWhen, NewConstraint, PartitionChange, Reach,
};

/// An action in a few words.
pub(super) fn words(action: &Action) -> String {
    dropped(action)
        .or_else(|| altered(action))
        .or_else(|| added(action))
        .or_else(|| created(action))
        .or_else(|| written(action))
        .unwrap_or_else(|| format!("{action:?}"))
}

fn and(cascade: &bool) -> &'static str {
    if *cascade { " cascade" } else { "" }
}

fn reach(reach: &Reach) -> String {
    match reach {
        Reach::Every => "every".to_owned(),
        Reach::AlwaysTrue => "always".to_owned(),
        Reach::Never => "never".to_owned(),
        Reach::Some(condition) => {
            let words: Vec<&str> = condition.split_whitespace().collect();
            words.join(" ")
        }
        Reach::Unknown(reason) => format!("? {reason}"),
    }
}

/// What goes.
fn dropped(action: &Action) -> Option<String> {
    Some(match action {
        Action::DropTable { table, cascade } => format!("drop table {table}{}", and(cascade)),
        Action::DropColumn {
            table,
            column,
            cascade,
        } => format!("drop column {table}.{column}{}", and(cascade)),
        Action::DropView { view, cascade } => format!("drop view {view}{}", and(cascade)),
        Action::DropObject {
            kind,
            name,
            table,
            cascade,
        } => {
            let on = table
                .as_ref()
                .map_or(String::new(), |table| format!(" on {table}"));
            format!("drop {kind:?} {name}{on}{}", and(cascade))
        }
        Action::Truncate { tables, cascade } => {
            let names: Vec<String> = tables.iter().map(ToString::to_string).collect();
            format!("truncate {}{}", names.join(", "), and(cascade))
        }
        Action::DropIndex { index, .. } => format!("drop index {index}"),
        Action::DropTrigger { trigger, table } => format!("drop trigger {trigger} on {table:?}"),
        _ => return None,
    })
}

/// What becomes something else.
fn altered(action: &Action) -> Option<String> {
    Some(match action {
        Action::RenameTable { table, to } => format!("rename table {table} to {to}"),
        Action::MoveTable { table, schema } => format!("move {table} to {schema}"),
        Action::RenameColumn { table, column, to } => {
            format!("rename column {table}.{column} to {to}")
        }
        Action::AlterColumn {
            table,
            column,
            change,
        } => match change {
            ColumnChange::Type { type_name, using } => format!(
                "type {table}.{column} {type_name}{}",
                using
                    .as_ref()
                    .map_or(String::new(), |using| format!(" using {using}"))
            ),
            other => format!("alter {table}.{column} {other:?}"),
        },
        Action::Partition { table, change } => match change {
            PartitionChange::Attach { partition, bounds } => {
                format!("attach {partition} to {table} {bounds}")
            }
            PartitionChange::Detach(partition) => format!("detach {partition} from {table}"),
            other => format!("partition {table} {other:?}"),
        },
        _ => return None,
    })
}

/// What is added to a table.
fn added(action: &Action) -> Option<String> {
    Some(match action {
        Action::AddColumn { table, column } => {
            let given = column.default.as_ref().map_or(String::new(), |default| {
                let kind = if default.constant { "" } else { "volatile " };
                format!(" {kind}default {}", default.sql)
            });
            let flags: String = [
                (column.not_null, " not null"),
                (column.primary, " primary"),
                (column.unique, " unique"),
                (column.identity, " identity"),
                (column.generated.is_some(), " generated"),
                (column.references.is_some(), " references"),
                (!column.checks.is_empty(), " check"),
            ]
            .iter()
            .filter_map(|(stands, flag)| stands.then_some(*flag))
            .collect();
            format!(
                "add column {table}.{} {}{flags}{given}",
                column.name, column.type_name
            )
        }
        Action::AddConstraint { table, constraint } => {
            let rule = rule(constraint);
            let valid = if constraint.not_valid {
                " not valid"
            } else {
                ""
            };
            format!("add to {table} {:?} {rule}{valid}", constraint.name)
        }
        _ => return None,
    })
}

/// What is created.
fn created(action: &Action) -> Option<String> {
    Some(match action {
        Action::CreateTable(table) => format!(
            "create{} table {}{} ({}){}",
            if table.temporary { " temporary" } else { "" },
            table.name,
            if table.if_not_exists {
                " if missing"
            } else {
                ""
            },
            table
                .columns
                .iter()
                .map(|column| column.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
            if table.copy.is_some() { " as" } else { "" },
        ),
        Action::CreateIndex(index) => format!(
            "create{} index {} on {} {:?}{}",
            if index.unique { " unique" } else { "" },
            index.name,
            index.table,
            index
                .terms
                .iter()
                .map(|(sql, column)| column.as_ref().unwrap_or(sql))
                .collect::<Vec<_>>(),
            index
                .condition
                .as_ref()
                .map_or(String::new(), |sql| format!(" where {sql}")),
        ),
        Action::CreateView(view) => format!("create view {}", view.name),
        Action::CreateTrigger(trigger) => format!(
            "create trigger {} on {} {} {:?}",
            trigger.name,
            trigger.table,
            trigger.event,
            trigger
                .body
                .iter()
                .map(|step| words(&step.action))
                .collect::<Vec<_>>()
        ),
        Action::CreateRoutine(routine) => format!(
            "create {:?} {} {:?}",
            routine.kind,
            routine.name,
            routine
                .body
                .iter()
                .map(|step| words(&step.action))
                .collect::<Vec<_>>()
        ),
        _ => return None,
    })
}

/// What is done to rows, and the rest.
fn written(action: &Action) -> Option<String> {
    Some(match action {
        Action::Delete(change) => {
            format!("delete {} where {}", change.target, reach(&change.reach))
        }
        Action::Update(update) => format!(
            "update {} {} where {}",
            update.change.target,
            update.columns.join(","),
            reach(&update.change.reach)
        ),
        Action::Insert(insert) => format!(
            "insert {} ({}){}{}",
            insert.table,
            insert.columns.join(","),
            if insert.ignore { " ignore" } else { "" },
            insert
                .upsert
                .as_ref()
                .map_or(String::new(), |set| format!(" upsert {}", set.join(","))),
        ),
        Action::Call { name, .. } => format!("call {name}"),
        Action::Lock(lock) => format!(
            "{} {}{}",
            lock.rule,
            lock.table
                .as_ref()
                .map_or(String::new(), ToString::to_string),
            match &lock.when {
                LockWhen::Always => String::new(),
                other => format!(" {other:?}"),
            }
        ),
        Action::WeakenAccess(weaker) => format!("weaker: {}", weaker.what),
        Action::Dynamic(message) => format!("dynamic: {message}"),
        Action::Unparsed(message) => format!("unparsed: {message}"),
        _ => return None,
    })
}

fn rule(constraint: &NewConstraint) -> String {
    match &constraint.rule {
        Constraint::Key(key) if key.primary => format!("primary {}", key.columns.join(",")),
        Constraint::Key(key) => format!(
            "unique {}{}",
            key.columns.join(","),
            if key.nulls_equal { " nulls equal" } else { "" }
        ),
        Constraint::UsingIndex { index, .. } => format!("using {index}"),
        Constraint::Check(check) => format!("check {check}"),
        Constraint::References(key) => format!(
            "references {} {}->{} {}",
            key.parent,
            key.columns.join(","),
            key.parent_columns.join(","),
            key.on_delete
        ),
        Constraint::Exclusion { elements, .. } => format!("exclude {elements:?}"),
    }
}
