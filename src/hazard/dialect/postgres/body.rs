//! Bodies of routines and DO blocks: SQL, PL/pgSQL, and SQL that EXECUTE runs from text.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::body::{Body, BodyLanguage};
use squawk_syntax::decoded_text::DecodedText;
use squawk_syntax::plpgsql::Plpgsql;
use squawk_syntax::sql_body::SqlBody;
use squawk_syntax::{SourceFile, SyntaxNode};

use super::reader::{Reader, push, sql, start, words_of};
use super::{expression, reader};
use crate::hazard::action::{Action, NewRoutine, ObjectKind, Step};

/// A parser's complaint. What a broken statement does to rows is not told from half of it.
pub(super) fn add_error(steps: &mut Vec<Step>, message: &str, offset: u32) {
    steps.retain(|step| {
        !matches!(
            step.action,
            Action::Delete(_) | Action::Update(_) | Action::Insert(_)
        )
    });
    steps.push(Step {
        action: Action::Unparsed(message.to_owned()),
        offset: offset as usize,
    });
}

impl Reader<'_> {
    /// DO.
    pub(super) fn block(&self, block: &ast::Do, steps: &mut Vec<Step>) {
        let text = block.body().and_then(|literal| literal.decoded_value());
        match block.plpgsql().zip(text) {
            Some((body, text)) => self.text_body(&body, &text, Vec::new(), steps),
            None => {
                let message = "DO in another language than PL/pgSQL cannot be seen into".to_owned();
                push(steps, block.syntax(), Action::Dynamic(message));
            }
        }
    }

    /// CREATE FUNCTION.
    pub(super) fn create_function(&self, create: &ast::CreateFunction, steps: &mut Vec<Step>) {
        let mut variables = parameters(create.param_list());
        let returned = create
            .ret_type()
            .map(|kind| sql(&kind).to_ascii_lowercase());
        if returned.is_some_and(|kind| kind.contains("trigger")) {
            variables.extend(["new".to_owned(), "old".to_owned()]);
        }
        let body = match create.body() {
            Some(atomic) => self.atomic(&atomic, variables),
            None => self.written(
                create.option_list(),
                create.plpgsql(),
                create.sql_body(),
                variables,
            ),
        };
        let name = self.name_of(create.name());
        self.routine(ObjectKind::Function, name, body, create.syntax(), steps);
    }

    /// CREATE PROCEDURE.
    pub(super) fn create_procedure(&self, create: &ast::CreateProcedure, steps: &mut Vec<Step>) {
        let variables = parameters(create.param_list());
        let body = match create.body() {
            Some(atomic) => self.atomic(&atomic, variables),
            None => self.written(
                create.option_list(),
                create.plpgsql(),
                create.sql_body(),
                variables,
            ),
        };
        let name = self.name_of(create.name());
        self.routine(ObjectKind::Procedure, name, body, create.syntax(), steps);
    }

    fn routine(
        &self,
        kind: ObjectKind,
        name: crate::ident::TableName,
        body: Vec<Step>,
        node: &SyntaxNode,
        steps: &mut Vec<Step>,
    ) {
        let text = node.text().to_string();
        let mut words = words_of(&text);
        // What a body names stands in a literal.
        for literal in node.descendants().filter_map(ast::AsDefinition::cast) {
            let text = literal.literal().and_then(|literal| literal.string_value());
            words.extend(words_of(&text.unwrap_or_default()));
        }
        words.sort();
        words.dedup();
        let action = Action::CreateRoutine(NewRoutine {
            kind,
            name,
            body,
            words,
        });
        push(steps, node, action);
    }

    /// BEGIN ATOMIC … END, or RETURN.
    fn atomic(&self, body: &ast::RoutineBody, variables: Vec<String>) -> Vec<Step> {
        let mut steps = Vec::new();
        match self.within(variables) {
            Some(inner) => inner.walk(body.syntax(), &mut steps),
            None => too_deep(&mut steps),
        }
        steps
    }

    /// A body that is written as text, in a language of its own.
    fn written(
        &self,
        options: Option<ast::FuncOptionList>,
        plpgsql: Option<Plpgsql>,
        sql: Option<SqlBody>,
        variables: Vec<String>,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let definitions = options
            .iter()
            .flat_map(|options| options.syntax().descendants());
        let definition = definitions.filter_map(ast::AsDefinition::cast).last();
        let text = definition.and_then(|definition| definition.literal()?.decoded_value());
        match (text, plpgsql, sql) {
            (Some(text), Some(body), _) => self.text_body(&body, &text, variables, &mut steps),
            (Some(text), None, Some(body)) => self.text_body(&body, &text, variables, &mut steps),
            _ => steps.push(Step {
                action: Action::Dynamic(
                    "its body is not SQL or PL/pgSQL and cannot be seen into".to_owned(),
                ),
                offset: 0,
            }),
        }
        steps
    }

    /// A body in SQL or PL/pgSQL; `text` tells where in the statement its characters stand.
    fn text_body<T: BodyLanguage>(
        &self,
        body: &Body<T>,
        text: &DecodedText,
        mut variables: Vec<String>,
        steps: &mut Vec<Step>,
    ) {
        let root = body.syntax();
        variables.extend(declared(&root));
        let Some(inner) = self.within(variables) else {
            return too_deep(steps);
        };
        let mut own = Vec::new();
        inner.walk(&root, &mut own);
        for step in &mut own {
            let offset = u32::try_from(step.offset).unwrap_or_default();
            step.offset = text.source_pos(offset.into()).into();
        }
        if let Some(error) = body.errors().first() {
            add_error(&mut own, error.message(), error.range().start().into());
        }
        steps.extend(own);
    }

    /// Every statement in a body, whatever control structure it is in: it may run.
    fn walk(&self, node: &SyntaxNode, steps: &mut Vec<Step>) {
        if let Some(statement) = ast::Stmt::cast(node.clone()) {
            return self.statement(&statement, steps);
        }
        if let Some(run) = executed(node) {
            return self.execute(&run, node, steps);
        }
        if ast::PlpgsqlExpr::can_cast(node.kind()) {
            return self.calls(node, steps);
        }
        for child in node.children() {
            self.walk(&child, steps);
        }
    }

    /// EXECUTE: text that is known is read, any other is said to be unknown.
    fn execute(&self, run: &ast::PlpgsqlExpr, node: &SyntaxNode, steps: &mut Vec<Step>) {
        let targets = run.target_list();
        let mut targets = targets.into_iter().flat_map(|list| list.targets());
        let expression = targets.next().and_then(|target| target.expr());
        let text = expression.as_ref().and_then(expression::text);
        let Some(text) = text else {
            let beginning = run.syntax().descendants().find_map(ast::Literal::cast);
            let beginning = beginning.and_then(|literal| literal.string_value());
            let words = beginning.unwrap_or_default();
            let words: Vec<&str> = words.split_whitespace().take(3).collect();
            let message = match words.is_empty() {
                true => "EXECUTE runs SQL that is put together as it runs".to_owned(),
                false => format!(
                    "EXECUTE runs SQL that is put together as it runs, beginning with `{}`",
                    words.join(" ")
                ),
            };
            return push(steps, node, Action::Dynamic(message));
        };
        let Some(inner) = self.within(Vec::new()) else {
            return too_deep(steps);
        };
        let literal = match &expression {
            Some(ast::Expr::Literal(literal)) => literal.decoded_value(),
            _ => None,
        };
        let parsed = SourceFile::parse(&text);
        let mut own = Vec::new();
        for statement in parsed.tree().stmts() {
            inner.statement(&statement, &mut own);
        }
        if let Some(error) = parsed.errors().first() {
            add_error(&mut own, error.message(), error.range().start().into());
        }
        let here = start(node);
        steps.extend(own.into_iter().map(|step| {
            let inside = u32::try_from(step.offset).ok().zip(literal.as_ref());
            let offset = inside.map_or(here, |(offset, literal)| {
                usize::from(literal.source_pos(offset.into()))
            });
            Step { offset, ..step }
        }));
    }
}

/// The expression an EXECUTE of whatever kind runs.
fn executed(node: &SyntaxNode) -> Option<ast::PlpgsqlExpr> {
    if let Some(execute) = ast::PlpgsqlDynExecuteStmt::cast(node.clone()) {
        return execute.query();
    }
    if let Some(query) = ast::PlpgsqlReturnQueryExecuteStmt::cast(node.clone()) {
        return query.query();
    }
    if let Some(open) = ast::PlpgsqlOpenExecute::cast(node.clone()) {
        return open.query();
    }
    None
}

/// What nests too deep is not looked into.
fn too_deep(steps: &mut Vec<Step>) {
    steps.push(Step {
        action: Action::Dynamic("its body is nested too deep to be seen into".to_owned()),
        offset: 0,
    });
}

/// The names of a routine's parameters.
fn parameters(list: Option<ast::ParamList>) -> Vec<String> {
    let parameters = list
        .into_iter()
        .flat_map(|list| list.all_params().collect::<Vec<_>>());
    parameters
        .filter_map(|parameter| parameter.name())
        .map(|name| reader::plain(Some(name)).to_lowercase())
        .collect()
}

/// The variables a block declares, its loops' among them.
fn declared(root: &SyntaxNode) -> Vec<String> {
    root.descendants()
        .filter_map(|node| {
            if let Some(variable) = ast::PlpgsqlForVariable::cast(node.clone()) {
                return variable.name().map(|name| reader::plain(Some(name)));
            }
            ast::PlpgsqlVarName::cast(node).map(|name| reader::plain(Some(name)))
        })
        .map(|name| name.to_lowercase())
        .collect()
}
