//! One parsed statement as steps.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::change::With;
use super::locks;
use super::reader::{Reader, plain, push};
use crate::hazard::action::{Action, Step};

impl Reader<'_> {
    /// The steps of a statement. What is harmless gives none.
    pub(super) fn statement(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) {
        let known = self.writes(statement, steps)
            || self.drop(statement, steps)
            || self.alter(statement, steps)
            || self.create(statement, steps)
            || self.runs(statement, steps);
        if !known {
            self.other(statement, steps);
        }
    }

    /// What reads and writes rows.
    fn writes(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) -> bool {
        let outer = With::default();
        match statement {
            ast::Stmt::Insert(insert) => self.insert(insert, &outer, steps),
            ast::Stmt::Update(update) => self.update(update, &outer, steps),
            ast::Stmt::Delete(delete) => self.delete(delete, &outer, steps),
            ast::Stmt::Merge(merge) => self.merge(merge, &outer, steps),
            ast::Stmt::Copy(copy) => {
                self.copy(copy, steps);
                return true;
            }
            ast::Stmt::Select(_)
            | ast::Stmt::SelectInto(_)
            | ast::Stmt::CompoundSelect(_)
            | ast::Stmt::ParenSelect(_)
            | ast::Stmt::Values(_)
            | ast::Stmt::Table(_) => {
                self.query(statement, steps);
                return true;
            }
            ast::Stmt::CreateTable(create) => {
                self.create_table(create, steps);
                return true;
            }
            ast::Stmt::CreateTableAs(create) => {
                self.create_table_as(create, steps);
                return true;
            }
            _ => return false,
        }
        self.calls(statement.syntax(), steps);
        true
    }

    /// What runs something else.
    fn runs(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) -> bool {
        match statement {
            ast::Stmt::Do(block) => self.block(block, steps),
            ast::Stmt::CreateFunction(create) => self.create_function(create, steps),
            ast::Stmt::CreateProcedure(create) => self.create_procedure(create, steps),
            ast::Stmt::Call(call) => {
                let name = self.name_of(call.procedure_name_ref());
                push(steps, call.syntax(), Action::Call { name, alone: true });
                if let Some(arguments) = call.arg_list() {
                    self.calls(arguments.syntax(), steps);
                }
            }
            ast::Stmt::Explain(explain) => {
                if analyzes(explain)
                    && let Some(inner) = explain.explain_stmt()
                    && let Some(inner) = ast::Stmt::cast(inner.syntax().clone())
                {
                    self.statement(&inner, steps);
                }
            }
            // It is judged where it is prepared: what its EXECUTE does is not seen there.
            ast::Stmt::Prepare(prepare) => {
                if let Some(inner) = prepare.stmt()
                    && let Some(inner) = ast::Stmt::cast(inner.syntax().clone())
                {
                    self.statement(&inner, steps);
                }
            }
            ast::Stmt::Load(load) => {
                let message = "LOAD runs a library on the server".to_owned();
                push(steps, load.syntax(), Action::Dynamic(message));
            }
            _ => return false,
        }
        true
    }

    fn other(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) {
        let node = statement.syntax();
        match statement {
            ast::Stmt::Set(set) => self.set(set, steps),
            ast::Stmt::Reset(reset) => self.reset(reset, steps),
            ast::Stmt::Discard(_) => push(steps, node, self.usual_path()),
            ast::Stmt::Begin(_) => push(steps, node, Action::Transaction(true)),
            ast::Stmt::Commit(ast::Commit::CommitTransaction(_))
            | ast::Stmt::Rollback(ast::Rollback::RollbackTransaction(_))
            | ast::Stmt::PrepareTransaction(_) => push(steps, node, Action::Transaction(false)),
            ast::Stmt::Reindex(reindex) => self.reindex(reindex, steps),
            ast::Stmt::Cluster(cluster) => {
                if let Some(table) = cluster.table_name_ref() {
                    let lock = locks::repacked(&self.name(table.syntax()), "CLUSTER");
                    push(steps, node, Action::Lock(lock));
                }
            }
            ast::Stmt::Vacuum(vacuum) => self.vacuum(vacuum, steps),
            ast::Stmt::CreateDatabase(_) => self.refuse(node, "CREATE DATABASE", steps),
            ast::Stmt::AlterSystem(_) => self.refuse(node, "ALTER SYSTEM", steps),
            ast::Stmt::CreateTablespace(_) => self.refuse(node, "CREATE TABLESPACE", steps),
            ast::Stmt::DropTablespace(_) => self.refuse(node, "DROP TABLESPACE", steps),
            _ => {}
        }
    }

    fn refuse(&self, node: &SyntaxNode, what: &str, steps: &mut Vec<Step>) {
        push(
            steps,
            node,
            Action::Lock(locks::refused_in_transaction(what)),
        );
    }

    fn reindex(&self, reindex: &ast::Reindex, steps: &mut Vec<Step>) {
        let options = reindex.reindex_option_list();
        let concurrently = options
            .into_iter()
            .flat_map(|list| list.reindex_options())
            .any(|option| matches!(option, ast::ReindexOption::ReindexOptionConcurrently(_)));
        let target = reindex.reindex_target();
        let concurrently = concurrently
            || match &target {
                Some(ast::ReindexTarget::ReindexTargetTable(target)) => {
                    target.concurrently_token().is_some()
                }
                Some(ast::ReindexTarget::ReindexTargetIndex(target)) => {
                    target.concurrently_token().is_some()
                }
                _ => false,
            };
        if concurrently {
            return self.refuse(reindex.syntax(), "REINDEX CONCURRENTLY", steps);
        }
        let lock = match target {
            Some(ast::ReindexTarget::ReindexTargetTable(target)) => {
                locks::reindexed(Some(self.name_of(target.table_name_ref())), None)
            }
            Some(ast::ReindexTarget::ReindexTargetIndex(target)) => {
                locks::reindexed(None, Some(self.name_of(target.index_ref())))
            }
            _ => return,
        };
        push(steps, reindex.syntax(), Action::Lock(lock));
    }

    fn vacuum(&self, vacuum: &ast::Vacuum, steps: &mut Vec<Step>) {
        self.refuse(vacuum.syntax(), "VACUUM", steps);
        let options = vacuum.vacuum_option_list();
        let mut options = options.into_iter().flat_map(|list| list.vacuum_options());
        let full = vacuum.full_token().is_some()
            || options.any(|option| {
                let name = plain(option.vacuum_option_name());
                name == "full"
                    && !is_off(
                        option
                            .vacuum_option_value()
                            .map(|value| value.syntax().text().to_string()),
                    )
            });
        if !full {
            return;
        }
        let tables = vacuum.table_and_columns_list();
        for table in tables
            .into_iter()
            .flat_map(|list| list.table_and_columnss())
        {
            let name = table
                .table_relation_name()
                .and_then(|name| name.table_name_ref());
            let lock = locks::repacked(&self.name_of(name), "VACUUM FULL");
            push(steps, vacuum.syntax(), Action::Lock(lock));
        }
    }
}

/// Whether an EXPLAIN runs its statement.
fn analyzes(explain: &ast::Explain) -> bool {
    match explain.explain_mode() {
        Some(ast::ExplainMode::ExplainAnalyze(_)) => true,
        Some(ast::ExplainMode::ExplainOptionList(list)) => list.explain_options().any(|option| {
            let name = option
                .explain_option_name()
                .map(|name| name.syntax().text().to_string());
            let name = name.unwrap_or_default().to_ascii_lowercase();
            let value = option
                .explain_option_value()
                .map(|value| value.syntax().text().to_string());
            ["analyze", "analyse"].contains(&name.trim()) && !is_off(value)
        }),
        _ => false,
    }
}

fn is_off(value: Option<String>) -> bool {
    let value = value.unwrap_or_default().trim().to_ascii_lowercase();
    ["off", "false", "0", "no"].contains(&value.as_str())
}
