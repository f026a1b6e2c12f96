//! ALTER of what is no table, and rights that are taken away.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::counters::restarted;
use super::reader::{Reader, cascades, plain, push, sql};
use crate::hazard::action::{Action, ObjectKind, Step, Weakening};
use crate::ident::TableName;

impl Reader<'_> {
    /// ALTER of what is no table; `false` where it is something else.
    pub(super) fn alter(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) -> bool {
        match statement {
            ast::Stmt::AlterTable(alter) => {
                let table = alter
                    .table_relation_name()
                    .and_then(|name| name.table_name_ref());
                let table = self.name_of(table);
                for action in alter.actions() {
                    self.alter_table(&table, &action, steps);
                }
            }
            ast::Stmt::AlterType(alter) => {
                let name = self.name_of(alter.type_name_ref());
                if let Some(action) = alter.action() {
                    self.alter_type(name, &action, steps);
                }
            }
            ast::Stmt::AlterDomain(alter) => {
                let name = self.name_of(alter.domain_ref());
                if let Some(action) = alter.action() {
                    self.alter_domain(name, &action, steps);
                }
            }
            ast::Stmt::AlterSequence(alter) => {
                let name = self.name_of(alter.sequence_ref());
                for action in alter.actions() {
                    self.alter_sequence(&name, &action, steps);
                }
            }
            ast::Stmt::AlterMaterializedView(_)
            | ast::Stmt::AlterView(_)
            | ast::Stmt::AlterFunction(_)
            | ast::Stmt::AlterProcedure(_)
            | ast::Stmt::AlterRoutine(_)
            | ast::Stmt::AlterSchema(_) => self.rename_object(statement, steps),
            ast::Stmt::AlterDefaultPrivileges(alter) => {
                if let Some(ast::AlterDefaultPrivilegesAction::RevokeDefaultPrivileges(_)) =
                    alter.action()
                {
                    push(steps, alter.syntax(), weaker(None, alter.syntax()));
                }
            }
            ast::Stmt::Revoke(revoke) => {
                let tables = revoke.on_privilege_objects_clause();
                let table = tables.and_then(|clause| {
                    clause
                        .syntax()
                        .descendants()
                        .find_map(ast::RelationNameRef::cast)
                });
                let table = table.map(|table| self.name(table.syntax()));
                push(steps, revoke.syntax(), weaker(table, revoke.syntax()));
            }
            _ => return false,
        }
        true
    }

    fn alter_type(&self, name: TableName, action: &ast::AlterTypeAction, steps: &mut Vec<Step>) {
        // What a type is made of is shown as `type.part`.
        let part = |of: &TableName, part: String| TableName {
            schema: Some(of.to_string()),
            name: part,
        };
        let kind = ObjectKind::Type;
        let action = match action {
            ast::AlterTypeAction::TypeRenameTo(rename) => Action::RenameObject {
                kind,
                name,
                to: self.name_of(rename.type_name()).name,
            },
            ast::AlterTypeAction::SetSchema(set) => Action::RenameObject {
                kind,
                to: format!("{}.{}", plain(set.schema_ref()), name.name),
                name,
            },
            ast::AlterTypeAction::RenameValue(rename) => {
                let text = |literal: Option<ast::Literal>| {
                    literal
                        .and_then(|literal| literal.string_value())
                        .unwrap_or_default()
                };
                Action::RenameObject {
                    kind,
                    name: part(&name, text(rename.from())),
                    to: text(rename.to()),
                }
            }
            ast::AlterTypeAction::RenameAttribute(rename) => Action::RenameObject {
                kind,
                name: part(&name, plain(rename.composite_field_ref())),
                to: plain(rename.composite_field()),
            },
            ast::AlterTypeAction::AlterTypeAttributeActionList(list) => {
                for action in list.actions() {
                    if let ast::AlterTypeAttributeAction::AddAttribute(add) = &action {
                        push(steps, add.syntax(), Action::AddAttribute(name.clone()));
                    }
                    if let ast::AlterTypeAttributeAction::DropAttribute(drop) = action {
                        let dropped = Action::DropAttribute {
                            type_name: name.clone(),
                            attribute: plain(drop.composite_field_ref()),
                            cascade: cascades(drop.drop_behavior()),
                        };
                        push(steps, drop.syntax(), dropped);
                    }
                }
                return;
            }
            ast::AlterTypeAction::AddValue(_)
            | ast::AlterTypeAction::OwnerTo(_)
            | ast::AlterTypeAction::SetOptions(_) => return,
        };
        steps.push(Step { action, offset: 0 });
    }

    fn alter_domain(
        &self,
        domain: TableName,
        action: &ast::AlterDomainAction,
        steps: &mut Vec<Step>,
    ) {
        let node = action.syntax();
        let action = match action {
            ast::AlterDomainAction::AddConstraint(add) => {
                let Some(constraint) = add.constraint() else {
                    return;
                };
                let check = match &constraint {
                    ast::Constraint::CheckConstraint(check) => {
                        check.expr().map(|check| sql(&check))
                    }
                    ast::Constraint::NotNullConstraint(_) => None,
                    _ => return,
                };
                Action::DomainRule {
                    domain,
                    check,
                    not_valid: constraint.is_not_valid(),
                }
            }
            ast::AlterDomainAction::SetNotNull(_) => Action::DomainRule {
                domain,
                check: None,
                not_valid: false,
            },
            ast::AlterDomainAction::DomainRenameTo(rename) => Action::RenameObject {
                kind: ObjectKind::Domain,
                name: domain,
                to: self.name_of(rename.domain()).name,
            },
            ast::AlterDomainAction::SetSchema(set) => Action::RenameObject {
                kind: ObjectKind::Domain,
                to: format!("{}.{}", plain(set.schema_ref()), domain.name),
                name: domain,
            },
            _ => return,
        };
        push(steps, node, action);
    }

    fn alter_sequence(
        &self,
        name: &TableName,
        action: &ast::AlterSequenceAction,
        steps: &mut Vec<Step>,
    ) {
        let node = action.syntax();
        let kind = ObjectKind::Sequence;
        let action = match action {
            ast::AlterSequenceAction::SequenceOption(ast::SequenceOption::OptionRestart(
                restart,
            )) => Action::RestartSequence {
                name: name.clone(),
                column: None,
                next: restarted(restart.syntax()),
            },
            ast::AlterSequenceAction::SequenceRenameTo(rename) => Action::RenameObject {
                kind,
                name: name.clone(),
                to: self.name_of(rename.sequence()).name,
            },
            ast::AlterSequenceAction::SetSchema(set) => Action::RenameObject {
                kind,
                name: name.clone(),
                to: format!("{}.{}", plain(set.schema_ref()), name.name),
            },
            _ => return,
        };
        push(steps, node, action);
    }

    /// RENAME TO and SET SCHEMA of views, routines and schemas.
    fn rename_object(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) {
        let node = statement.syntax();
        let child =
            |kinds: &dyn Fn(&SyntaxNode) -> bool| node.children().find(|child| kinds(child));
        let (kind, name) = match statement {
            ast::Stmt::AlterMaterializedView(alter) => {
                (ObjectKind::MaterializedView, self.name_of(alter.view_ref()))
            }
            ast::Stmt::AlterView(alter) => (ObjectKind::View, self.name_of(alter.view_ref())),
            ast::Stmt::AlterFunction(alter) => {
                let name = alter.function_sig().and_then(|sig| sig.function_name_ref());
                (ObjectKind::Function, self.name_of(name))
            }
            ast::Stmt::AlterProcedure(alter) => {
                let name = alter
                    .procedure_sig()
                    .and_then(|sig| sig.procedure_name_ref());
                (ObjectKind::Procedure, self.name_of(name))
            }
            ast::Stmt::AlterRoutine(alter) => {
                let name = alter.routine_sig().and_then(|sig| sig.routine_name_ref());
                (ObjectKind::Function, self.name_of(name))
            }
            ast::Stmt::AlterSchema(alter) => (
                ObjectKind::Schema,
                TableName::plain(plain(alter.schema_ref())),
            ),
            _ => return,
        };
        if let Some(rename) = child(&|child| {
            child
                .children_with_tokens()
                .any(|part| part.kind() == squawk_syntax::SyntaxKind::RENAME_KW)
        }) {
            if let Some(column) = ast::RenameColumn::cast(rename.clone()) {
                let action = Action::RenameColumn {
                    table: name,
                    column: plain(column.column_name_ref()),
                    to: plain(column.column_name()),
                };
                return push(steps, &rename, action);
            }
            let to = rename
                .children()
                .last()
                .map(|to| self.name(&to).name)
                .unwrap_or_default();
            return push(steps, &rename, Action::RenameObject { kind, name, to });
        }
        if let Some(set) = node.children().find_map(ast::SetSchema::cast) {
            let to = format!("{}.{}", plain(set.schema_ref()), name.name);
            push(steps, set.syntax(), Action::RenameObject { kind, name, to });
        }
    }
}

fn weaker(table: Option<TableName>, node: &SyntaxNode) -> Action {
    let text = node.text().to_string();
    let words: Vec<&str> = text.split_whitespace().take(20).collect();
    Action::WeakenAccess(Weakening {
        table,
        what: format!(
            "rights are taken away: {}",
            words.join(" ").trim_end_matches(';')
        ),
    })
}
