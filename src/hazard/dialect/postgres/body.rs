//! Bodies of routines and DO blocks: SQL, PL/pgSQL, and SQL that EXECUTE runs from text.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::body::BodyLanguage;
use squawk_syntax::decoded_text::DecodedText;
use squawk_syntax::syntax_error::SyntaxError;
use squawk_syntax::{SourceFile, SyntaxNode};

use super::reader::{Reader, push, sql, start, words_of};
use super::{expression, reader, targets};
use crate::hazard::action::{Action, NewRoutine, ObjectKind, Step};
use crate::hazard::dialect::Reading;

/// The languages of bodies that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Sql,
    Plpgsql,
}

impl Language {
    fn of(name: Option<ast::LanguageName>) -> Option<Language> {
        match name?.name.to_ascii_lowercase().as_str() {
            "sql" => Some(Language::Sql),
            "plpgsql" => Some(Language::Plpgsql),
            _ => None,
        }
    }
}

/// Whether names without a schema mean something else from here on.
fn sets_path(action: &Action) -> bool {
    matches!(action, Action::SearchPath { .. })
}

/// A parser's complaint about a statement of this text. What a broken statement does to rows is not told from half of it.
pub(super) fn add_error(steps: &mut Vec<Step>, text: &str, error: &SyntaxError) {
    let at = usize::from(error.range().start()).min(text.len());
    let before = memchr::memrchr(b';', &text.as_bytes()[..at]).map_or(0, |before| before + 1);
    let after = memchr::memchr(b';', &text.as_bytes()[at..]).map_or(text.len(), |after| at + after);
    let mut said = false;
    steps.retain(|step| {
        let broken = (before..=after).contains(&step.offset);
        said |= broken && matches!(step.action, Action::Unparsed(_));
        !broken
            || !matches!(
                step.action,
                Action::Delete(_) | Action::Update(_) | Action::Insert(_)
            )
    });
    // Once a statement is enough.
    if !said {
        steps.push(Step {
            action: Action::Unparsed(error.message().to_owned()),
            offset: at,
        });
    }
}

impl Reader<'_> {
    /// DO.
    pub(super) fn block(&self, block: &ast::Do, steps: &mut Vec<Step>) {
        let language = match block.do_language() {
            None => Some(Language::Plpgsql),
            Some(language) => Language::of(language.language_name()),
        };
        let text = block.body().and_then(|literal| literal.decoded_value());
        match language.zip(text) {
            Some((language, text)) => self.text_body(language, &text, Vec::new(), steps),
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
            None => self.written(create.option_list(), variables),
        };
        let name = self.new_name(create.name());
        self.routine(ObjectKind::Function, name, body, create.syntax(), steps);
    }

    /// CREATE PROCEDURE.
    pub(super) fn create_procedure(&self, create: &ast::CreateProcedure, steps: &mut Vec<Step>) {
        let variables = parameters(create.param_list());
        let body = match create.body() {
            Some(atomic) => self.atomic(&atomic, variables),
            None => self.written(create.option_list(), variables),
        };
        let name = self.new_name(create.name());
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

    /// The same reader where names mean something else.
    fn reading_with<'r>(&self, reading: &'r Reading) -> Reader<'r> {
        Reader {
            reading,
            variables: self.variables.clone(),
            bodies: self.bodies,
        }
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
    fn written(&self, options: Option<ast::FuncOptionList>, variables: Vec<String>) -> Vec<Step> {
        let mut language = None;
        let mut text = None;
        let mut reading = self.reading.clone();
        for option in options.iter().flat_map(|options| options.options()) {
            match option {
                ast::FuncOption::LanguageFuncOption(option) => {
                    language = Language::of(option.language_name());
                }
                ast::FuncOption::AsFuncOption(option) => {
                    if let Some(ast::AsFuncTarget::AsDefinition(definition)) =
                        option.as_func_target()
                    {
                        text = definition
                            .literal()
                            .and_then(|literal| literal.decoded_value());
                    }
                }
                // `SET search_path = app` of the routine itself is written as the statement is.
                other => {
                    let option = SourceFile::parse(&other.syntax().text().to_string());
                    let mut set = Vec::new();
                    for statement in option.tree().stmts() {
                        self.statement(&statement, &mut set);
                    }
                    set.retain(|step| sets_path(&step.action));
                    reading.follow(&set);
                }
            }
        }
        let mut steps = Vec::new();
        let inside = self.reading_with(&reading);
        match language.zip(text) {
            Some((language, text)) => inside.text_body(language, &text, variables, &mut steps),
            None => steps.push(Step {
                action: Action::Dynamic(
                    "its body is not SQL or PL/pgSQL and cannot be seen into".to_owned(),
                ),
                offset: 0,
            }),
        }
        steps
    }

    /// A body that is text; the text tells where in the statement its characters stand.
    fn text_body(
        &self,
        language: Language,
        text: &DecodedText,
        mut variables: Vec<String>,
        steps: &mut Vec<Step>,
    ) {
        let (root, errors) = match language {
            Language::Sql => {
                let parsed = SourceFile::parse(text.text());
                (parsed.syntax_node(), parsed.errors())
            }
            Language::Plpgsql => {
                let (green, errors) = ast::Plpgsql::parse_text(&targets::blanked(text.text()));
                (SyntaxNode::new_root(green), errors)
            }
        };
        variables.extend(declared(&root));
        let Some(inner) = self.within(variables) else {
            return too_deep(steps);
        };
        let mut own = Vec::new();
        inner.walk_along(&root, &mut own);
        for error in &errors {
            add_error(&mut own, text.text(), error);
        }
        for step in &mut own {
            let offset = u32::try_from(step.offset).unwrap_or_default();
            step.offset = text.source_pos(offset.into()).into();
        }
        steps.extend(own);
    }

    /// Every statement in a body or text, in their order. Names behind one that sets the search path are looked for along
    /// that.
    fn walk_along(&self, root: &SyntaxNode, steps: &mut Vec<Step>) {
        let mut reading = self.reading.clone();
        let mut parts = parts(root).into_iter().peekable();
        while parts.peek().is_some() {
            let inside = self.reading_with(&reading);
            let mut own = Vec::new();
            for part in parts.by_ref() {
                let before = own.len();
                inside.part(&part, &mut own);
                if own[before..].iter().any(|step| sets_path(&step.action)) {
                    break;
                }
            }
            reading.follow(&own);
            steps.append(&mut own);
        }
    }

    /// Every statement in a body, whatever control structure it is in: it may run.
    fn walk(&self, root: &SyntaxNode, steps: &mut Vec<Step>) {
        for part in parts(root) {
            self.part(&part, steps);
        }
    }

    /// One of the parts of a body.
    fn part(&self, node: &SyntaxNode, steps: &mut Vec<Step>) {
        if let Some(statement) = ast::Stmt::cast(node.clone()) {
            return self.statement(&statement, steps);
        }
        match executed(node) {
            Some(run) => self.execute(&run, node, steps),
            None => self.calls(node, steps),
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
        inner.walk_along(&parsed.syntax_node(), &mut own);
        for error in &parsed.errors() {
            add_error(&mut own, &text, error);
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

/// What does something in a body, in the order in which it stands: statements, EXECUTE, expressions.
fn parts(node: &SyntaxNode) -> Vec<SyntaxNode> {
    let mut found = Vec::new();
    add_parts(node, &mut found);
    found
}

fn add_parts(node: &SyntaxNode, found: &mut Vec<SyntaxNode>) {
    let is_part = ast::Stmt::can_cast(node.kind())
        || executed(node).is_some()
        || ast::PlpgsqlExpr::can_cast(node.kind());
    match is_part {
        true => found.push(node.clone()),
        false => node.children().for_each(|child| add_parts(&child, found)),
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
