//! What is created besides tables and routines: types, domains, sequences, views, triggers, indexes.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::expression;
use super::locks;
use super::reader::{Reader, plain, push, sql, words_of};
use crate::hazard::action::{Action, NewIndex, NewTrigger, NewView, ObjectKind, Step};
use crate::ident::TableName;

impl Reader<'_> {
    /// CREATE of what is no table; `false` where it is something else.
    pub(super) fn create(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) -> bool {
        let node = statement.syntax();
        let mut values = Vec::new();
        let (kind, name) = match statement {
            ast::Stmt::CreateIndex(create) => {
                self.create_index(create, steps);
                return true;
            }
            ast::Stmt::CreateView(create) => {
                push(steps, node, self.view(create.view(), node));
                return true;
            }
            ast::Stmt::CreateMaterializedView(create) => {
                push(steps, node, self.view(create.view(), node));
                self.calls(node, steps);
                return true;
            }
            ast::Stmt::CreateTrigger(create) => {
                self.create_trigger(create, steps);
                return true;
            }
            ast::Stmt::CreateType(create) => {
                if let Some(ast::CreateTypeKind::EnumType(kind)) = create.kind() {
                    let variants = kind
                        .variant_list()
                        .into_iter()
                        .flat_map(|list| list.variants());
                    let literals = variants.filter_map(|variant| variant.literal());
                    values = literals
                        .filter_map(|literal| literal.string_value())
                        .collect();
                }
                (ObjectKind::Type, self.new_name(create.type_name()))
            }
            ast::Stmt::CreateDomain(create) => (ObjectKind::Domain, self.new_name(create.domain())),
            ast::Stmt::CreateSequence(create) => {
                (ObjectKind::Sequence, self.new_name(create.sequence()))
            }
            ast::Stmt::CreateExtension(create) => (
                ObjectKind::Extension,
                TableName::plain(plain(create.extension())),
            ),
            ast::Stmt::CreatePolicy(create) => {
                (ObjectKind::Policy, TableName::plain(plain(create.policy())))
            }
            ast::Stmt::CreateRule(create) => {
                let message =
                    "what the rule does instead of statements, or besides, is not looked at";
                push(steps, create.syntax(), Action::Dynamic(message.to_owned()));
                (ObjectKind::Rule, TableName::plain(plain(create.rule())))
            }
            ast::Stmt::CreateForeignTable(create) => {
                (ObjectKind::ForeignTable, self.new_name(create.table_name()))
            }
            ast::Stmt::CreateSubscription(create) => {
                let message = "a subscription writes rows that come from another server".to_owned();
                push(steps, create.syntax(), Action::Dynamic(message));
                return true;
            }
            ast::Stmt::CreateSchema(create) => {
                self.create_schema(create, steps);
                return true;
            }
            _ => return false,
        };
        push(steps, node, Action::CreateObject { kind, name, values });
        true
    }

    fn view(&self, name: Option<ast::View>, node: &SyntaxNode) -> Action {
        Action::CreateView(NewView {
            name: self.new_name(name),
            words: words_of(&node.text().to_string()),
        })
    }

    fn create_schema(&self, create: &ast::CreateSchema, steps: &mut Vec<Step>) {
        let name = create
            .schema_name()
            .map(|name| ast::normalize_name_node(&name));
        let name = name.unwrap_or_default();
        let action = Action::CreateObject {
            kind: ObjectKind::Schema,
            name: TableName::plain(name.clone()),
            values: Vec::new(),
        };
        push(steps, create.syntax(), action);
        let mut reading = self.reading.clone();
        reading.current_schema = Some(name);
        let inner = Reader {
            reading: &reading,
            variables: self.variables.clone(),
            bodies: self.bodies,
        };
        for element in create.schema_elements() {
            if let Some(statement) = ast::Stmt::cast(element.syntax().clone()) {
                inner.statement(&statement, steps);
            }
        }
    }

    fn create_index(&self, create: &ast::CreateIndex, steps: &mut Vec<Step>) {
        let table = self.name_of(
            create
                .table_relation_name()
                .and_then(|name| name.table_name_ref()),
        );
        let items = create.partition_item_list();
        let items = items.into_iter().flat_map(|list| list.partition_items());
        // An index is always in its table's schema.
        let name = create
            .index()
            .map(|name| self.name(name.syntax()).name)
            .unwrap_or_default();
        let condition = create.where_clause().and_then(|clause| clause.expr());
        let option = create.nulls_distinct_option();
        let index = NewIndex {
            name: TableName {
                schema: table.schema.clone(),
                name,
            },
            table: table.clone(),
            unique: create.unique_token().is_some(),
            terms: items.filter_map(|item| term(&item)).collect(),
            condition: condition.map(|condition| sql(&condition)),
            nulls_equal: matches!(option, Some(ast::NullsDistinctOption::NullsNotDistinct(_))),
        };
        push(steps, create.syntax(), Action::CreateIndex(index));
        let lock = locks::index_created(&table, create.concurrently_token().is_some());
        push(steps, create.syntax(), Action::Lock(lock));
    }

    fn create_trigger(&self, create: &ast::CreateTrigger, steps: &mut Vec<Step>) {
        let name = TableName::plain(plain(create.trigger()));
        let table = self.name_of(create.on_relation().and_then(|on| on.relation_name_ref()));
        let called = create.call_expr().and_then(|call| {
            let mut name = expression::called(&call)?;
            let last = name.pop()?;
            Some(self.qualified(name.pop(), last))
        });
        let body: Vec<Step> = called
            .map(|called| Step {
                action: Action::Call {
                    name: called,
                    alone: true,
                },
                offset: super::reader::start(create.syntax()),
            })
            .into_iter()
            .collect();
        let words = words_of(&sql(create));
        let events = create.trigger_event_list();
        for event in events.into_iter().flat_map(|list| list.trigger_events()) {
            let event = match event {
                ast::TriggerEvent::TriggerEventDelete(_) => "DELETE",
                ast::TriggerEvent::TriggerEventInsert(_) => "INSERT",
                ast::TriggerEvent::TriggerEventTruncate(_) => "TRUNCATE",
                ast::TriggerEvent::TriggerEventUpdate(_) => "UPDATE",
            };
            let action = Action::CreateTrigger(NewTrigger {
                name: name.clone(),
                table: table.clone(),
                event,
                body: body.clone(),
                words: words.clone(),
            });
            push(steps, create.syntax(), action);
        }
    }
}

/// A term of an index: its SQL, and the column where it is nothing else.
fn term(item: &ast::PartitionItem) -> Option<(String, Option<String>)> {
    let expression = item.expr()?;
    let inner = match &expression {
        ast::Expr::Collate(collate) => collate.syntax().children().find_map(ast::Expr::cast),
        _ => None,
    };
    let column = expression::column(inner.as_ref().unwrap_or(&expression));
    Some((sql(&expression), column.map(|(_, name)| name)))
}
