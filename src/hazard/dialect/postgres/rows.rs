//! Statements that write rows: INSERT, UPDATE, DELETE, MERGE, COPY, and those in a WITH.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::change::{Parts, With, items};
use super::reader::{Reader, plain, push, sql};
use super::{expression, locks, query};
use crate::db::Engine;
use crate::hazard::action::{Action, Change, Insert, Step, Update};
use crate::hazard::dialect::conflict;
use crate::ident::TableName;

impl Reader<'_> {
    /// The statements of a WITH that write. Each sees only the queries before it.
    pub(super) fn writes_of(&self, clause: Option<&ast::WithClause>, steps: &mut Vec<Step>) {
        let Some(clause) = clause else {
            return;
        };
        let outer = self.with(Some(clause));
        for table in clause.with_tables() {
            match table.query() {
                Some(ast::WithQuery::Delete(delete)) => self.delete(&delete, &outer, steps),
                Some(ast::WithQuery::Update(update)) => self.update(&update, &outer, steps),
                Some(ast::WithQuery::Insert(insert)) => self.insert(&insert, &outer, steps),
                Some(ast::WithQuery::Merge(merge)) => self.merge(&merge, &outer, steps),
                _ => {}
            }
        }
    }

    /// The WITH that holds for a statement: its own, or that of the statement around it.
    fn around(&self, own: Option<ast::WithClause>, outer: &With, steps: &mut Vec<Step>) -> With {
        self.writes_of(own.as_ref(), steps);
        match own {
            None => outer.clone(),
            Some(own) => {
                let mut with = self.with(Some(&own));
                with.writes.extend(outer.writes.iter().cloned());
                if !outer.prefix.is_empty() {
                    // Two WITHs do not stand side by side: what is outside is out of sight.
                    with.writes.extend(names(&outer.prefix));
                }
                with
            }
        }
    }

    pub(super) fn delete(&self, delete: &ast::Delete, outer: &With, steps: &mut Vec<Step>) {
        let with = self.around(delete.with_clause(), outer, steps);
        let mut parts = self.target(delete.relation_name(), delete.alias());
        parts.from = delete
            .using_clause()
            .and_then(|clause| items(clause.syntax(), SyntaxKind::USING_KW));
        parts.set_where(delete.where_clause_or_current_of());
        let change = self.change(parts, &with, delete.syntax());
        push_at(
            steps,
            delete.delete_token(),
            delete.syntax(),
            Action::Delete(change),
        );
    }

    pub(super) fn update(&self, update: &ast::Update, outer: &With, steps: &mut Vec<Step>) {
        let with = self.around(update.with_clause(), outer, steps);
        let mut parts = self.target(update.relation_name(), update.alias());
        parts.from = update
            .from_clause()
            .and_then(|clause| items(clause.syntax(), SyntaxKind::FROM_KW));
        parts.set_where(update.where_clause_or_current_of());
        let change = self.change(parts, &with, update.syntax());
        let columns = set_columns(update.set_clause());
        let action = Action::Update(Update {
            change,
            columns,
            replace: false,
        });
        push_at(steps, update.update_token(), update.syntax(), action);
    }

    fn target(
        &self,
        relation: Option<ast::RelationName>,
        alias: Option<ast::OptionalAsAlias>,
    ) -> Parts {
        let only = relation
            .as_ref()
            .is_some_and(|name| name.only_token().is_some());
        Parts {
            table: self.name_of(relation.and_then(|name| name.relation_name_ref())),
            only,
            alias: alias
                .and_then(|alias| alias.name())
                .map(|name| plain(Some(name))),
            ..Parts::default()
        }
    }

    pub(super) fn insert(&self, insert: &ast::Insert, outer: &With, steps: &mut Vec<Step>) {
        let with = self.around(insert.with_clause(), outer, steps);
        let select = match insert.insert_source() {
            Some(ast::InsertSource::SelectVariant(select)) => Some(select),
            _ => None,
        };
        let clause = insert.on_conflict_clause();
        let does = clause.as_ref().and_then(|clause| clause.conflict_action());
        let upsert = match &does {
            Some(ast::ConflictAction::ConflictDoUpdateSet(set)) => {
                Some(set_columns(set.set_clause()))
            }
            _ => None,
        };
        let source = select
            .as_ref()
            .map(|select| format!("{}{}", with.prefix, sql(select)));
        let source = source.filter(|source| self.unaskable(source, &with).is_none());
        let list = insert.column_target_list();
        let columns = list.into_iter().flat_map(|list| list.column_targets());
        let action = Action::Insert(Insert {
            table: self.name_of(insert.relation_name_ref()),
            columns: columns.map(|column| plain(column.name())).collect(),
            replace: false,
            ignore: matches!(does, Some(ast::ConflictAction::ConflictDoNothing(_))),
            conflict: clause
                .filter(|_| upsert.is_some())
                .and_then(|clause| conflict::read(Engine::Postgres, &sql(&clause))),
            upsert,
            copy: select
                .as_ref()
                .zip(source.as_deref())
                .and_then(|(select, sql)| query::copy(self, select, sql)),
            source,
        });
        push_at(steps, insert.insert_token(), insert.syntax(), action);
    }

    /// MERGE: of the WHENs of a kind the first that holds decides.
    pub(super) fn merge(&self, merge: &ast::Merge, outer: &With, steps: &mut Vec<Step>) {
        let with = self.around(merge.with_clause(), outer, steps);
        let relation = merge.table_relation_name();
        let table = relation.as_ref().and_then(|name| name.table_name_ref());
        let parts = Parts {
            table: self.name_of(table),
            only: relation.is_some_and(|name| name.only_token().is_some()),
            alias: merge
                .alias()
                .and_then(|alias| alias.name())
                .map(|name| plain(Some(name))),
            ..Parts::default()
        };
        let using = merge.using_on_clause();
        let source = using
            .as_ref()
            .and_then(|using| using.from_list_item())
            .map(|item| sql(&item));
        let on = using
            .and_then(|using| using.on_clause())
            .and_then(|clause| clause.expr())
            .map(|on| sql(&on));
        let (Some(source), Some(on)) = (source, on) else {
            return;
        };
        let mut passed: [Vec<String>; 2] = Default::default();
        for when in merge.merge_when_clauses() {
            let (action, condition, matched) = match &when {
                ast::MergeWhenClause::MergeWhenMatched(when) => {
                    (when.merge_action(), when.merge_condition(), 0)
                }
                ast::MergeWhenClause::MergeWhenNotMatchedSource(when) => {
                    (when.merge_action(), when.merge_condition(), 1)
                }
                ast::MergeWhenClause::MergeWhenNotMatchedTarget(when) => {
                    self.merged_row(&parts.table, when, steps);
                    continue;
                }
            };
            let own = condition.and_then(|condition| condition.expr());
            let own = own.map_or_else(|| "true".to_owned(), |own| sql(&own));
            let before: String = passed[matched]
                .iter()
                .map(|passed| format!(" AND ({passed}\n) IS NOT TRUE"))
                .collect();
            let asked = match matched {
                0 => format!(
                    "EXISTS (SELECT 1 FROM {source}\n WHERE ({on}\n) AND ({own}\n){before})"
                ),
                _ => format!(
                    "NOT EXISTS (SELECT 1 FROM {source}\n WHERE {on}\n) AND ({own}\n){before}"
                ),
            };
            passed[matched].push(own);
            let parts = Parts {
                condition: Some((asked, None)),
                ..parts.clone()
            };
            let change = self.change(parts, &with, merge.syntax());
            self.merged(change, action, when.syntax(), steps);
        }
    }

    fn merged(
        &self,
        change: Change,
        action: Option<ast::MergeAction>,
        when: &SyntaxNode,
        steps: &mut Vec<Step>,
    ) {
        let action = match action {
            Some(ast::MergeAction::MergeDelete(_)) => Action::Delete(change),
            Some(ast::MergeAction::MergeUpdate(update)) => Action::Update(Update {
                change,
                columns: set_columns(update.set_clause()),
                replace: false,
            }),
            _ => return,
        };
        push(steps, when, action);
    }

    fn merged_row(
        &self,
        table: &TableName,
        when: &ast::MergeWhenNotMatchedTarget,
        steps: &mut Vec<Step>,
    ) {
        let Some(ast::MergeAction::MergeInsert(insert)) = when.merge_action() else {
            return;
        };
        let list = insert.column_target_list();
        let columns = list.into_iter().flat_map(|list| list.column_targets());
        let action = Action::Insert(Insert {
            table: table.clone(),
            columns: columns.map(|column| plain(column.name())).collect(),
            ..Insert::default()
        });
        push(steps, when.syntax(), action);
    }

    /// COPY: FROM adds rows, TO may run a statement that writes.
    pub(super) fn copy(&self, copy: &ast::Copy, steps: &mut Vec<Step>) {
        let program = match copy.copy_direction() {
            Some(ast::CopyDirection::CopyFrom(from)) => {
                matches!(from.copy_source(), Some(ast::CopySource::CopyProgram(_)))
            }
            Some(ast::CopyDirection::CopyTo(to)) => {
                matches!(to.copy_target(), Some(ast::CopyTarget::CopyProgram(_)))
            }
            None => false,
        };
        if program {
            let message = "COPY … PROGRAM runs a program on the server".to_owned();
            push(steps, copy.syntax(), Action::Dynamic(message));
        }
        if let Some(inner) = copy.copy_query().and_then(|query| query.preparable_stmt())
            && let Some(statement) = ast::Stmt::cast(inner.syntax().clone())
        {
            self.statement(&statement, steps);
        }
        let (Some(table), Some(ast::CopyDirection::CopyFrom(from))) =
            (copy.copy_table(), copy.copy_direction())
        else {
            return;
        };
        if matches!(from.copy_source(), Some(ast::CopySource::CopyStdin(_))) {
            let lock = locks::copied_from_client(&self.name_of(table.table_name_ref()));
            push(steps, copy.syntax(), Action::Lock(lock));
        }
        let list = table.column_ref_list();
        let columns = list.into_iter().flat_map(|list| list.column_name_refs());
        let action = Action::Insert(Insert {
            table: self.name_of(table.table_name_ref()),
            columns: columns.map(|column| plain(Some(column))).collect(),
            ..Insert::default()
        });
        push(steps, copy.syntax(), action);
    }

    /// What a statement calls: functions of its own may write.
    pub(super) fn calls(&self, node: &SyntaxNode, steps: &mut Vec<Step>) {
        let mut seen: Vec<Vec<String>> = Vec::new();
        for (call, name) in expression::calls(node) {
            if let Some(action) = self.counter(&call, &name) {
                push(steps, call.syntax(), action);
                continue;
            }
            if seen.contains(&name) {
                continue;
            }
            if let Some(action) = self.call(&call, &name) {
                push(steps, call.syntax(), action);
            }
            seen.push(name);
        }
    }

    fn call(&self, call: &ast::CallExpr, name: &[String]) -> Option<Action> {
        const OUTSIDE: [&str; 14] = [
            "dblink",
            "dblink_exec",
            "dblink_send_query",
            "query_to_xml",
            "query_to_xml_and_xmlschema",
            "lo_unlink",
            "lo_import",
            "lo_export",
            "pg_file_write",
            "pg_file_unlink",
            "pg_read_file",
            "pg_terminate_backend",
            "pg_logical_emit_message",
            "crosstab",
        ];
        let last = name.last()?;
        if last == "set_config" {
            let arguments = call.arg_list()?;
            let texts = arguments.args();
            let mut texts = texts.map(|argument| expression::text(&argument.expr()?));
            let parameter = texts.next()??;
            return match texts.next()? {
                Some(value) => self.setting(&parameter, std::slice::from_ref(&value)),
                None => (parameter == "search_path").then(|| {
                    let message = "search_path is set to what is put together as it runs, so that names behind it may mean tables of any schema";
                    Action::Dynamic(message.to_owned())
                }),
            };
        }
        if OUTSIDE.contains(&last.as_str()) {
            return Some(Action::Dynamic(format!(
                "`{last}` runs what cannot be seen here"
            )));
        }
        if name.first().is_some_and(|schema| schema == "pg_catalog") && name.len() > 1 {
            return None;
        }
        let schema = name.len().checked_sub(2).map(|at| name[at].clone());
        Some(Action::Call {
            name: self.qualified(schema, last.clone()),
            alone: expression::is_alone(call),
        })
    }
}

/// The names a WITH's text may define: its words.
fn names(prefix: &str) -> Vec<String> {
    super::reader::words_of(prefix)
}

/// The columns a SET sets.
fn set_columns(clause: Option<ast::SetClause>) -> Vec<String> {
    let list = clause.and_then(|clause| clause.set_column_list());
    let mut columns = Vec::new();
    for set in list.into_iter().flat_map(|list| list.set_columns()) {
        match set {
            ast::SetColumn::SetSingleColumn(one) => {
                columns.extend(one.column_target().map(|target| plain(target.name())));
            }
            ast::SetColumn::SetMultipleColumns(many) => {
                let list = many.column_target_list();
                let targets = list.into_iter().flat_map(|list| list.column_targets());
                columns.extend(targets.map(|target| plain(target.name())));
            }
        }
    }
    columns
}

/// Adds a step at the statement's verb, which may follow a WITH.
fn push_at(
    steps: &mut Vec<Step>,
    verb: Option<squawk_syntax::SyntaxToken>,
    node: &SyntaxNode,
    action: Action,
) {
    match verb {
        Some(verb) => steps.push(Step {
            action,
            offset: usize::from(verb.text_range().start()),
        }),
        None => push(steps, node, action),
    }
}
