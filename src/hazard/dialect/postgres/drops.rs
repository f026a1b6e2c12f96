//! DROP and TRUNCATE.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::locks;
use super::reader::{Reader, cascades, plain, push, sql};
use crate::hazard::action::{Action, ObjectKind, Step};
use crate::ident::TableName;

impl Reader<'_> {
    /// DROP of whatever; `false` where the statement is none that is read here.
    pub(super) fn drop(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) -> bool {
        match statement {
            ast::Stmt::DropTable(drop) => {
                let cascade = cascades(drop.drop_behavior());
                for name in drop.table_name_refs() {
                    let table = self.name(name.syntax());
                    push(steps, name.syntax(), Action::DropTable { table, cascade });
                }
            }
            ast::Stmt::DropView(drop) => {
                let cascade = cascades(drop.drop_behavior());
                for name in drop.view_refs() {
                    let view = self.name(name.syntax());
                    push(steps, name.syntax(), Action::DropView { view, cascade });
                }
            }
            ast::Stmt::DropIndex(drop) => {
                for name in drop.index_refs() {
                    let index = self.name(name.syntax());
                    let lock = locks::index_dropped(&index, drop.concurrently_token().is_some());
                    // Before the index is gone: whether it matters is told by where it was.
                    push(steps, name.syntax(), Action::Lock(lock));
                    push(
                        steps,
                        name.syntax(),
                        Action::DropIndex { index, table: None },
                    );
                }
            }
            ast::Stmt::DropTrigger(drop) => {
                let trigger = TableName::plain(plain(drop.trigger_ref()));
                let table = drop.on_relation().and_then(|on| on.relation_name_ref());
                let table = table.map(|table| self.name(table.syntax()));
                push(steps, drop.syntax(), Action::DropTrigger { trigger, table });
            }
            other => return self.drop_whole(other, steps) || self.drop_object(other, steps),
        }
        true
    }

    /// What takes many rows at once.
    fn drop_whole(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) -> bool {
        match statement {
            ast::Stmt::DropSchema(drop) => {
                let cascade = cascades(drop.drop_behavior());
                for name in drop.schema_refs() {
                    let action = Action::DropSchema {
                        name: plain(Some(name.clone())),
                        cascade,
                    };
                    push(steps, name.syntax(), action);
                }
            }
            ast::Stmt::DropDatabase(drop) => {
                let name = plain(drop.database_ref());
                push(steps, drop.syntax(), Action::DropDatabase(name));
            }
            ast::Stmt::DropOwned(drop) => {
                for role in drop
                    .role_ref_list()
                    .into_iter()
                    .flat_map(|list| list.role_refs())
                {
                    push(steps, drop.syntax(), Action::DropOwned(sql(&role)));
                }
            }
            ast::Stmt::Truncate(truncate) => {
                let list = truncate.table_list();
                let tables = list
                    .into_iter()
                    .flat_map(|list| list.table_relation_names());
                let action = Action::Truncate {
                    tables: tables
                        .map(|name| self.name_of(name.table_name_ref()))
                        .collect(),
                    cascade: cascades(truncate.drop_behavior()),
                };
                push(steps, truncate.syntax(), action);
            }
            _ => return false,
        }
        true
    }

    fn drop_object(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) -> bool {
        let (kind, names, behavior): (_, Vec<SyntaxNode>, _) = match statement {
            ast::Stmt::DropType(drop) => (
                ObjectKind::Type,
                nodes(drop.type_name_refs()),
                drop.drop_behavior(),
            ),
            ast::Stmt::DropDomain(drop) => (
                ObjectKind::Domain,
                nodes(drop.domain_refs()),
                drop.drop_behavior(),
            ),
            ast::Stmt::DropSequence(drop) => (
                ObjectKind::Sequence,
                nodes(drop.sequence_refs()),
                drop.drop_behavior(),
            ),
            ast::Stmt::DropMaterializedView(drop) => (
                ObjectKind::MaterializedView,
                nodes(drop.view_refs()),
                drop.drop_behavior(),
            ),
            ast::Stmt::DropExtension(drop) => (
                ObjectKind::Extension,
                nodes(drop.extension_refs()),
                drop.drop_behavior(),
            ),
            ast::Stmt::DropForeignTable(drop) => (
                ObjectKind::ForeignTable,
                nodes(drop.table_name_refs()),
                drop.drop_behavior(),
            ),
            ast::Stmt::DropFunction(_)
            | ast::Stmt::DropProcedure(_)
            | ast::Stmt::DropRoutine(_)
            | ast::Stmt::DropAggregate(_) => return self.drop_routine(statement, steps),
            ast::Stmt::DropEventTrigger(drop) => (
                ObjectKind::Event,
                nodes(drop.event_trigger_ref()),
                drop.drop_behavior(),
            ),
            ast::Stmt::DropPolicy(_) | ast::Stmt::DropRule(_) => {
                return self.drop_of_table(statement, steps);
            }
            other => return drop_other(other, steps),
        };
        let cascade = cascades(behavior);
        for node in names {
            let action = Action::DropObject {
                kind,
                name: self.name(&node),
                table: None,
                cascade,
            };
            push(steps, &node, action);
        }
        true
    }

    fn drop_routine(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) -> bool {
        let (kind, names, behavior): (_, Vec<SyntaxNode>, _) = match statement {
            ast::Stmt::DropFunction(drop) => {
                let list = drop.function_sig_list().into_iter();
                let names = list.flat_map(|list| list.function_sigs());
                (
                    ObjectKind::Function,
                    nodes(names.filter_map(|one| one.function_name_ref())),
                    drop.drop_behavior(),
                )
            }
            ast::Stmt::DropProcedure(drop) => {
                let list = drop.procedure_sig_list().into_iter();
                let names = list.flat_map(|list| list.procedure_sigs());
                (
                    ObjectKind::Procedure,
                    nodes(names.filter_map(|one| one.procedure_name_ref())),
                    drop.drop_behavior(),
                )
            }
            ast::Stmt::DropRoutine(drop) => {
                let list = drop.routine_sig_list().into_iter();
                let names = list.flat_map(|list| list.routine_sigs());
                (
                    ObjectKind::Function,
                    nodes(names.filter_map(|one| one.routine_name_ref())),
                    drop.drop_behavior(),
                )
            }
            ast::Stmt::DropAggregate(drop) => (
                ObjectKind::Function,
                nodes(drop.aggregates().filter_map(|one| one.path_ref())),
                drop.drop_behavior(),
            ),
            _ => return false,
        };
        let cascade = cascades(behavior);
        for node in names {
            let action = Action::DropObject {
                kind,
                name: self.name(&node),
                table: None,
                cascade,
            };
            push(steps, &node, action);
        }
        true
    }

    fn drop_of_table(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) -> bool {
        let (kind, name, table, behavior) = match statement {
            ast::Stmt::DropPolicy(drop) => (
                ObjectKind::Policy,
                plain(drop.policy_ref()),
                drop.on_table()
                    .and_then(|on| on.table_name_ref())
                    .map(|on| self.name(on.syntax())),
                drop.drop_behavior(),
            ),
            ast::Stmt::DropRule(drop) => (
                ObjectKind::Rule,
                plain(drop.rule_ref()),
                drop.on_relation()
                    .and_then(|on| on.relation_name_ref())
                    .map(|on| self.name(on.syntax())),
                drop.drop_behavior(),
            ),
            _ => return false,
        };
        let action = Action::DropObject {
            kind,
            name: TableName::plain(name),
            table,
            cascade: cascades(behavior),
        };
        push(steps, statement.syntax(), action);
        true
    }
}

/// What holds no data itself, but may take with it what does.
fn drop_other(statement: &ast::Stmt, steps: &mut Vec<Step>) -> bool {
    let (what, behavior) = match statement {
        ast::Stmt::DropServer(drop) => ("SERVER", drop.drop_behavior()),
        ast::Stmt::DropForeignDataWrapper(drop) => ("FOREIGN DATA WRAPPER", drop.drop_behavior()),
        ast::Stmt::DropCollation(drop) => ("COLLATION", drop.drop_behavior()),
        ast::Stmt::DropLanguage(drop) => ("LANGUAGE", drop.drop_behavior()),
        ast::Stmt::DropOperator(drop) => ("OPERATOR", drop.drop_behavior()),
        ast::Stmt::DropOperatorClass(drop) => ("OPERATOR CLASS", drop.drop_behavior()),
        ast::Stmt::DropOperatorFamily(drop) => ("OPERATOR FAMILY", drop.drop_behavior()),
        ast::Stmt::DropAccessMethod(drop) => ("ACCESS METHOD", drop.drop_behavior()),
        ast::Stmt::DropCast(drop) => ("CAST", drop.drop_behavior()),
        ast::Stmt::DropTextSearchConfig(drop) => {
            ("TEXT SEARCH CONFIGURATION", drop.drop_behavior())
        }
        _ => return false,
    };
    if cascades(behavior) {
        let message =
            format!("DROP {what} … CASCADE takes what hangs on it, which cannot be seen here");
        push(steps, statement.syntax(), Action::Dynamic(message));
    }
    true
}

fn nodes<N: AstNode>(names: impl IntoIterator<Item = N>) -> Vec<SyntaxNode> {
    names
        .into_iter()
        .map(|name| name.syntax().clone())
        .collect()
}
