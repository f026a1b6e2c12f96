//! Statements and what the reader makes of them.

mod objects;
mod robust;
mod rows;
mod silent;
mod tables;

use crate::db::Engine;
use crate::hazard::action::{
    Action, Change, ColumnChange, Constraint, Insert, NewColumn, NewConstraint, NewTable,
    PartitionChange, Reach, Step,
};
use crate::hazard::dialect::Reading;

fn reading(engine: Engine) -> Reading {
    Reading {
        default_schema: Some("app".to_owned()),
        ..Reading::offline(engine)
    }
}

fn steps(engine: Engine, sql: &str) -> Vec<Step> {
    super::read(&reading(engine), sql)
}

/// Each step on a line of its own words.
fn shown(engine: Engine, sql: &str) -> Vec<String> {
    steps(engine, sql)
        .iter()
        .map(|step| show(&step.action))
        .collect()
}

/// Both servers read it so.
fn reads(sql: &str, expected: &[&str]) {
    for engine in [Engine::Mysql, Engine::Mariadb] {
        assert_eq!(shown(engine, sql), expected, "{engine:?}: {sql}");
    }
}

fn show(action: &Action) -> String {
    match action {
        Action::CreateTable(table) => created(table),
        Action::DropTable { table, .. } => format!("drop table {table}"),
        Action::DropTemporary(table) => format!("drop temporary {table}"),
        Action::RenameTable { table, to } => format!("rename table {table} {to}"),
        Action::MoveTable { table, schema } => format!("move table {table} {schema}"),
        Action::AddColumn { table, column: new } => format!("add {table} {}", column(new)),
        Action::DropColumn { table, column, .. } => format!("drop column {table}.{column}"),
        Action::RenameColumn { table, column, to } => {
            format!("rename column {table}.{column} {to}")
        }
        Action::CreateIndex(index) => {
            let terms: Vec<&str> = index.terms.iter().map(|(sql, _)| sql.as_str()).collect();
            let unique = if index.unique { "unique " } else { "" };
            format!(
                "{unique}index {} on {} ({})",
                index.name,
                index.table,
                terms.join(", ")
            )
        }
        Action::DropIndex { index, table } => {
            format!(
                "drop index {index} on {}",
                table.clone().unwrap_or_default()
            )
        }
        Action::Delete(change) => format!("delete {}", met(change)),
        Action::Update(update) => {
            format!(
                "update {} set {}",
                met(&update.change),
                update.columns.join(",")
            )
        }
        Action::Insert(insert) => inserted(insert),
        Action::AlterColumn {
            table,
            column: name,
            change,
        } => {
            format!("alter {table}.{name} {}", changed(change))
        }
        Action::AddConstraint { table, constraint } => {
            format!("constrain {table} {}", constrained(constraint))
        }
        Action::DropConstraint {
            table, name, kind, ..
        } => {
            format!("drop {kind:?} {table} {name}")
        }
        other => show_more(other),
    }
}

fn show_more(action: &Action) -> String {
    match action {
        Action::Truncate { tables, .. } => format!("truncate {}", tables[0]),
        Action::Partition { table, change } => match change {
            PartitionChange::Exchange { partition, with } => {
                format!("partition {table} exchange {partition} {with}")
            }
            PartitionChange::Detach(to) => format!("partition {table} detach {to}"),
            other => format!("partition {table} {other:?}"),
        },
        Action::CreateRoutine(routine) => {
            let body: Vec<String> = routine.body.iter().map(|step| show(&step.action)).collect();
            format!("routine {} {{{}}}", routine.name, body.join("; "))
        }
        Action::CreateTrigger(trigger) => {
            let body: Vec<String> = trigger.body.iter().map(|step| show(&step.action)).collect();
            format!(
                "trigger {} {} {} {{{}}}",
                trigger.name,
                trigger.event,
                trigger.table,
                body.join("; ")
            )
        }
        Action::CreateView(view) => format!("view {}", view.name),
        Action::DropView { view, .. } => format!("drop view {view}"),
        Action::DropTrigger { trigger, .. } => format!("drop trigger {trigger}"),
        Action::DropObject { kind, name, .. } => format!("drop {kind:?} {name}"),
        Action::CreateObject { kind, name, values } => {
            format!("create {kind:?} {name} {}", values.join(" "))
                .trim_end()
                .to_owned()
        }
        Action::Call { name, .. } => format!("call {name}"),
        Action::DeleteHistory(table) => format!("history {table}"),
        Action::AlterIgnore(table) => format!("ignore {table}"),
        Action::ChangeEngine { table, storage } => {
            format!("engine {table} {} keeps {:?}", storage.name, storage.keeps)
        }
        Action::Charset {
            table,
            column,
            charset,
        } => {
            format!(
                "charset {table} {} {charset}",
                column.as_deref().unwrap_or("*")
            )
        }
        Action::WeakenAccess(weakening) => format!("weaken {}", weakening.what),
        other => format!("{other:?}"),
    }
}

fn created(table: &NewTable) -> String {
    let columns: Vec<String> = table.columns.iter().map(column).collect();
    let mut shown = format!("create table {} [{}]", table.name, columns.join(", "));
    for key in &table.keys {
        let kind = if key.primary { "primary" } else { "unique" };
        shown.push_str(&format!(" {kind}({})", key.columns.join(",")));
    }
    for reference in &table.references {
        shown.push_str(&format!(" -> {}", reference.parent));
    }
    for check in &table.checks {
        shown.push_str(&format!(" check({check})"));
    }
    if let Some(copy) = &table.copy {
        shown.push_str(&format!(
            " from {:?}",
            copy.from.as_ref().map(ToString::to_string)
        ));
    }
    shown
}

fn inserted(insert: &Insert) -> String {
    let mut shown = format!("insert {} ({})", insert.table, insert.columns.join(","));
    if insert.replace {
        shown.push_str(&format!(" replace {:?}", insert.source));
    }
    if insert.ignore {
        shown.push_str(" ignore");
    }
    if let Some(columns) = &insert.upsert {
        shown.push_str(&format!(" upsert {}", columns.join(",")));
    }
    if let Some(copy) = &insert.copy {
        let from = copy.from.clone().unwrap_or_default();
        shown.push_str(&format!(" copy {from} {:?}", copy.filters));
    }
    shown
}

fn column(column: &NewColumn) -> String {
    let mut shown = format!("{} {}", column.name, column.type_name);
    let flags = [
        (column.not_null, "not null"),
        (column.primary, "primary"),
        (column.unique, "unique"),
        (column.identity, "identity"),
        (column.generated.is_some(), "generated"),
    ];
    for (is, flag) in flags {
        if is {
            shown.push(' ');
            shown.push_str(flag);
        }
    }
    if let Some(default) = &column.default {
        shown.push_str(&format!(" = {}", default.sql));
    }
    for check in &column.checks {
        shown.push_str(&format!(" check({check})"));
    }
    if let Some(reference) = &column.references {
        shown.push_str(&format!(" -> {}", reference.parent));
    }
    shown
}

fn met(change: &Change) -> String {
    let reach = match &change.reach {
        Reach::Some(condition) => {
            let with = change
                .with
                .split_whitespace()
                .collect::<Vec<&str>>()
                .join(" ");
            let sql = format!("{with} FROM {} WHERE {condition}", change.target);
            sql.split_whitespace().collect::<Vec<&str>>().join(" ")
        }
        Reach::Unknown(_) => "unknown".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    };
    format!("{}: {reach}", change.table)
}

fn changed(change: &ColumnChange) -> String {
    match change {
        ColumnChange::Whole(definition) => {
            let mut shown = column(&definition.column);
            let flags = [
                (definition.comment, "comment"),
                (definition.on_update, "on update"),
                (definition.invisible, "invisible"),
            ];
            for (is, flag) in flags {
                if is {
                    shown.push(' ');
                    shown.push_str(flag);
                }
            }
            shown
        }
        ColumnChange::SetDefault(default) => format!("default {}", default.sql),
        other => format!("{other:?}"),
    }
}

fn constrained(constraint: &NewConstraint) -> String {
    let name = constraint.name.as_deref().unwrap_or("-");
    let valid = if constraint.not_valid {
        " not valid"
    } else {
        ""
    };
    let rule = match &constraint.rule {
        Constraint::Key(key) => format!("primary {} ({})", key.primary, key.columns.join(",")),
        Constraint::Check(check) => format!("check {check}"),
        Constraint::References(reference) => format!(
            "({}) -> {} ({}) {} {}",
            reference.columns.join(","),
            reference.parent,
            reference.parent_columns.join(","),
            reference.on_delete,
            reference.on_update
        ),
        other => format!("{other:?}"),
    };
    format!("{name} {rule}{valid}")
}
