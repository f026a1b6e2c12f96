//! ALTER TABLE: each action is a step of its own, at its own place.

use squawk_syntax::ast::{self, AstNode};

use super::counters::restarted;
use super::locks;
use super::reader::{Reader, cascades, plain, push, sql};
use super::table::default_value;
use crate::hazard::action::{
    Action, ColumnChange, Constraint, ConstraintKind, Generated, Lock, LockWhen, NewColumn,
    PartitionChange, Step, Weakening,
};
use crate::ident::TableName;

impl Reader<'_> {
    pub(super) fn alter_table(
        &self,
        table: &TableName,
        action: &ast::AlterTableAction,
        steps: &mut Vec<Step>,
    ) {
        let node = action.syntax();
        let owned = table.clone();
        let simple = match action {
            ast::AlterTableAction::AddColumn(add) => {
                return self.add_column(table, add, steps);
            }
            ast::AlterTableAction::AddConstraint(add) => {
                return self.add_constraint(table, add, steps);
            }
            ast::AlterTableAction::AlterColumn(alter) => {
                return self.alter_column(table, alter, steps);
            }
            ast::AlterTableAction::AttachPartition(_)
            | ast::AlterTableAction::DetachPartition(_)
            | ast::AlterTableAction::NoInheritTable(_)
            | ast::AlterTableAction::SplitPartition(_)
            | ast::AlterTableAction::MergePartitions(_) => {
                return self.alter_partition(table, action, steps);
            }
            ast::AlterTableAction::DropColumn(drop) => Action::DropColumn {
                table: owned,
                column: plain(drop.column_name_ref()),
                cascade: cascades(drop.drop_behavior()),
            },
            ast::AlterTableAction::DropConstraint(drop) => Action::DropConstraint {
                table: owned,
                name: self.name_of(drop.constraint_name_ref()).name,
                kind: ConstraintKind::Unknown,
                cascade: cascades(drop.drop_behavior()),
            },
            ast::AlterTableAction::ValidateConstraint(validate) => Action::ValidateConstraint {
                table: owned,
                name: self.name_of(validate.constraint_name_ref()).name,
            },
            ast::AlterTableAction::RenameColumn(rename) => Action::RenameColumn {
                table: owned,
                column: plain(rename.column_name_ref()),
                to: plain(rename.column_name()),
            },
            ast::AlterTableAction::TableRenameTo(rename) => Action::RenameTable {
                table: owned,
                to: self.name_of(rename.table_name()).name,
            },
            ast::AlterTableAction::SetSchema(set) => Action::MoveTable {
                table: owned,
                schema: plain(set.schema_ref()),
            },
            other => match loosened(table, other) {
                Some(action) => action,
                None => return,
            },
        };
        push(steps, node, simple);
    }

    fn add_column(&self, table: &TableName, add: &ast::AddColumn, steps: &mut Vec<Step>) {
        if add.if_not_exists().is_some() && add.column_name().is_none() {
            return;
        }
        let column = self.added_column(add);
        let node = add.syntax();
        let locks = column_locks(table, &column);
        push(
            steps,
            node,
            Action::AddColumn {
                table: table.clone(),
                column,
            },
        );
        for lock in locks {
            push(steps, node, Action::Lock(lock));
        }
    }

    fn add_constraint(&self, table: &TableName, add: &ast::AddConstraint, steps: &mut Vec<Step>) {
        let Some(constraint) = add.constraint().and_then(|one| self.constraint(&one)) else {
            return;
        };
        let lock = match &constraint.rule {
            _ if constraint.not_valid => None,
            Constraint::Key(key) => Some(locks::key_added(table, key.primary)),
            Constraint::Check(_) => Some(locks::check_added(table)),
            Constraint::References(key) => Some(locks::foreign_key_added(table, &key.parent)),
            Constraint::UsingIndex { .. } => None,
            Constraint::Exclusion { .. } => Some(locks::key_added(table, false)),
        };
        let action = Action::AddConstraint {
            table: table.clone(),
            constraint,
        };
        push(steps, add.syntax(), action);
        if let Some(lock) = lock {
            push(steps, add.syntax(), Action::Lock(lock));
        }
    }

    fn alter_column(&self, table: &TableName, alter: &ast::AlterColumn, steps: &mut Vec<Step>) {
        let column = plain(alter.column_name_ref());
        let mut lock: Option<Lock> = None;
        let Some(option) = alter.option() else {
            return;
        };
        let change = match &option {
            ast::AlterColumnOption::SetType(set) => {
                let to = set.ty().map(|ty| sql(&ty)).unwrap_or_default();
                let using = set
                    .using_expr()
                    .and_then(|using| using.expr())
                    .map(|using| sql(&using));
                lock = Some(Lock {
                    when: LockWhen::Retype {
                        column: column.clone(),
                        to: to.clone(),
                        using: using.clone(),
                    },
                    ..locks::retyped(table)
                });
                ColumnChange::Type {
                    type_name: to,
                    using,
                }
            }
            ast::AlterColumnOption::SetNotNull(_) => {
                lock = Some(locks::not_null_set(table, &column));
                ColumnChange::SetNotNull
            }
            ast::AlterColumnOption::DropNotNull(_) => ColumnChange::DropNotNull,
            ast::AlterColumnOption::SetDefault(set) => match set.expr() {
                Some(value) => ColumnChange::SetDefault(default_value(&value)),
                None => return,
            },
            ast::AlterColumnOption::DropDefault(_) => ColumnChange::DropDefault,
            ast::AlterColumnOption::DropIdentity(_) => ColumnChange::DropIdentity,
            ast::AlterColumnOption::DropExpression(_) => ColumnChange::DropExpression,
            other => {
                let restart = other.syntax().descendants().find_map(ast::Restart::cast);
                if let Some(restart) = restart {
                    let action = Action::RestartSequence {
                        name: table.clone(),
                        column: Some(column),
                        next: restarted(restart.syntax()),
                    };
                    push(steps, alter.syntax(), action);
                }
                return;
            }
        };
        // Before the change itself: whether it matters is told by what the column is until then.
        if let Some(lock) = lock {
            push(steps, alter.syntax(), Action::Lock(lock));
        }
        let action = Action::AlterColumn {
            table: table.clone(),
            column,
            change,
        };
        push(steps, alter.syntax(), action);
    }

    fn alter_partition(
        &self,
        table: &TableName,
        action: &ast::AlterTableAction,
        steps: &mut Vec<Step>,
    ) {
        let node = action.syntax();
        let change = match action {
            ast::AlterTableAction::AttachPartition(attach) => PartitionChange::Attach {
                partition: self.name_of(attach.table_name_ref()),
                bounds: attach
                    .partition_type()
                    .map(|bounds| sql(&bounds))
                    .unwrap_or_default(),
            },
            ast::AlterTableAction::DetachPartition(detach) => {
                let lock = match detach.detach_partition_option() {
                    None => Some(locks::partition_detached(table)),
                    Some(ast::DetachPartitionOption::DetachConcurrently(_)) => {
                        let what = "DETACH PARTITION … CONCURRENTLY";
                        Some(locks::refused_in_transaction(what))
                    }
                    Some(_) => None,
                };
                if let Some(lock) = lock {
                    push(steps, node, Action::Lock(lock));
                }
                PartitionChange::Detach(self.name_of(detach.table_name_ref()))
            }
            ast::AlterTableAction::NoInheritTable(leave) => {
                // Said of the child: its rows leave the parent.
                let action = Action::Partition {
                    table: self.name_of(leave.table_name_ref()),
                    change: PartitionChange::Detach(table.clone()),
                };
                return push(steps, node, action);
            }
            _ => PartitionChange::Repartition,
        };
        let action = Action::Partition {
            table: table.clone(),
            change,
        };
        push(steps, node, action);
    }
}

/// What makes a table less safe, or writes it anew.
fn loosened(table: &TableName, action: &ast::AlterTableAction) -> Option<Action> {
    Some(match action {
        ast::AlterTableAction::SetUnlogged(_) => Action::SetUnlogged(table.clone()),
        ast::AlterTableAction::DisableRls(_) => weaker(
            table,
            format!("row level security of `{table}` is switched off"),
        ),
        ast::AlterTableAction::NoForceRls(_) => weaker(
            table,
            format!("row level security of `{table}` no longer holds for its owner"),
        ),
        ast::AlterTableAction::DisableTrigger(disable) => {
            let which = disable.trigger_target().map(|target| sql(&target));
            let which = which.unwrap_or_default();
            weaker(
                table,
                format!("trigger {which} of `{table}` is switched off"),
            )
        }
        ast::AlterTableAction::DisableRule(disable) => weaker(
            table,
            format!(
                "rule {} of `{table}` is switched off",
                plain(disable.rule_ref())
            ),
        ),
        ast::AlterTableAction::SetAccessMethod(_) => {
            Action::Lock(locks::column_filled(table, "every column"))
        }
        _ => return None,
    })
}

/// What adding a column locks: an index that is built with it, rows that are looked at, a table that is written anew.
fn column_locks(table: &TableName, column: &NewColumn) -> Vec<Lock> {
    let mut locks = Vec::new();
    let given = column.default.as_ref().is_some_and(|default| !default.null);
    let volatile = column
        .default
        .as_ref()
        .is_some_and(|default| !default.constant);
    if volatile || column.identity || column.generated == Some(Generated::Stored) {
        locks.push(locks::column_filled(table, &column.name));
    }
    if column.primary || column.unique {
        locks.push(locks::key_added(table, column.primary));
    }
    if let Some(references) = column.references.as_ref().filter(|_| given) {
        locks.push(locks::foreign_key_added(table, &references.parent));
    }
    if !column.checks.is_empty() {
        locks.push(locks::check_added(table));
    }
    locks
}

fn weaker(table: &TableName, what: String) -> Action {
    Action::WeakenAccess(Weakening {
        table: Some(table.clone()),
        what,
    })
}
