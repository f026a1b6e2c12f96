//! The walk through a script's statements and expressions, with the variables that are visible.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTNode, Expr, FnPtr, Position, ScriptFuncDef, Shared, Stmt};

use super::Faults;
use super::names::Names;
use super::scope::Scope;
use crate::script::nearest::did_you_mean;
use crate::script::parameter::Parameter;

/// Walks through one script.
pub(super) struct Walker<'a, 'f> {
    pub(super) names: &'a Names,
    pub(super) faults: &'a mut Faults<'f>,
    /// The header's parameters, where it could be read.
    pub(super) parameters: Option<&'a [Parameter]>,
    /// The header's rights, where they must be asked for.
    pub(super) needs: Option<&'a [String]>,
    pub(super) scope: Scope,
    ast: &'a AST,
    closures: BTreeMap<String, Shared<ScriptFuncDef>>,
    visited: BTreeSet<String>,
}

impl<'a, 'f> Walker<'a, 'f> {
    /// A walker that knows these names.
    pub(super) fn new(ast: &'a AST, names: &'a Names, faults: &'a mut Faults<'f>) -> Self {
        let closures = ast
            .iter_fn_def()
            .filter(|function| function.name.starts_with("anon$"))
            .map(|function| (function.name.to_string(), Shared::clone(function)))
            .collect();
        Walker {
            names,
            faults,
            parameters: None,
            needs: None,
            scope: Scope::default(),
            ast,
            closures,
            visited: BTreeSet::new(),
        }
    }

    /// The whole script: its own statements, then each function.
    pub(super) fn all(&mut self) {
        let names = self.names;
        for (module, place) in &names.missing {
            let message = format!("there is no module `{module}` to import");
            self.faults.add(*place, message, None);
        }
        self.statements(self.ast.statements());
        for function in self.ast.iter_fn_def() {
            if function.name.starts_with("anon$") {
                continue;
            }
            self.scope = Scope::default();
            for parameter in &function.params {
                if function.name == "main" {
                    self.scope.add_arguments(parameter);
                } else {
                    self.scope.add(parameter);
                }
            }
            self.body(function);
        }
    }

    fn body(&mut self, function: &ScriptFuncDef) {
        // Rhai does not name the type of a function's body, so it is reached through an AST of that function alone.
        let mut alone = self.ast.clone_functions_only();
        alone.retain_functions(|_, _, name, arguments| {
            name == function.name && arguments == function.params.len()
        });
        let mut statements = Vec::new();
        alone.walk(&mut |path: &[ASTNode]| {
            if let [ASTNode::Stmt(statement)] = path {
                statements.push((*statement).clone());
            }
            true
        });
        self.block(&statements);
    }

    fn block(&mut self, statements: &[Stmt]) {
        let mark = self.scope.mark();
        self.statements(statements);
        self.scope.rewind(mark);
    }

    fn statements(&mut self, statements: &[Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::If(flow, _) => {
                self.expression(&flow.expr);
                self.block(flow.body.statements());
                self.block(flow.branch.statements());
            }
            Stmt::While(flow, _) => {
                self.expression(&flow.expr);
                self.block(flow.body.statements());
            }
            Stmt::Do(flow, ..) => {
                self.block(flow.body.statements());
                self.expression(&flow.expr);
            }
            Stmt::For(parts, _) => {
                let (variable, counter, flow) = &**parts;
                self.expression(&flow.expr);
                let mark = self.scope.mark();
                if let Some(counter) = counter {
                    self.scope.add(&counter.name);
                }
                self.scope.add(&variable.name);
                self.block(flow.body.statements());
                self.scope.rewind(mark);
            }
            Stmt::Switch(parts, _) => {
                self.expression(&parts.0);
                for case in &parts.1.expressions {
                    self.expression(&case.lhs);
                    self.expression(&case.rhs);
                }
            }
            Stmt::Var(parts, ..) => {
                self.expression(&parts.1);
                self.scope.add(&parts.0.name);
            }
            Stmt::Assignment(parts) => {
                let (_, sides) = &**parts;
                self.expression(&sides.rhs);
                self.expression(&sides.lhs);
                if let Expr::Variable(variable, ..) = &sides.lhs {
                    self.scope.reassigned(&variable.1);
                }
            }
            Stmt::FnCall(call, place) => self.call(call, *place),
            Stmt::Block(block) => self.block(block.statements()),
            Stmt::TryCatch(flow, _) => {
                self.block(flow.body.statements());
                let mark = self.scope.mark();
                if let Expr::Variable(variable, ..) = &flow.expr {
                    self.scope.add(&variable.1);
                }
                self.block(flow.branch.statements());
                self.scope.rewind(mark);
            }
            Stmt::Expr(expression) => self.expression(expression),
            Stmt::BreakLoop(value, ..) | Stmt::Return(value, ..) => {
                if let Some(value) = value {
                    self.expression(value);
                }
            }
            Stmt::Import(parts, _) => self.expression(&parts.0),
            Stmt::Export(parts, _) => {
                self.variable(&parts.0.name, parts.0.pos);
            }
            _ => {}
        }
    }

    /// Checks an expression and everything in it.
    pub(super) fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::DynamicConstant(value, _) => {
                if let Some(closure) = value.clone().try_cast::<FnPtr>() {
                    self.closure(closure.fn_name(), &[]);
                }
            }
            Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => self.expressions(parts),
            Expr::Map(map, _) => map.0.iter().for_each(|(_, value)| self.expression(value)),
            Expr::Variable(parts, _, place) if parts.2.is_empty() => {
                self.variable(&parts.1, *place);
            }
            Expr::Variable(parts, ..) => self.qualified(&parts.2, &parts.1),
            Expr::Stmt(block) => self.block(block.statements()),
            Expr::FnCall(call, place) => self.call(call, *place),
            Expr::MethodCall(call, place) => self.method(call, *place),
            Expr::Dot(sides, ..) => {
                self.expression(&sides.lhs);
                self.parameter(&sides.lhs, &sides.rhs);
                self.expression(&sides.rhs);
            }
            Expr::Index(sides, ..) => {
                self.expression(&sides.lhs);
                self.expression(&sides.rhs);
            }
            Expr::And(parts, _) | Expr::Or(parts, _) | Expr::Coalesce(parts, _) => {
                self.expressions(parts.iter());
            }
            _ => {}
        }
    }

    pub(super) fn expressions<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>) {
        for expression in expressions {
            self.expression(expression);
        }
    }

    /// A closure where it is written: it sees what it captures, and its own parameters.
    pub(super) fn closure(&mut self, name: &str, captured: &[Expr]) {
        let Some(function) = self.closures.get(name).cloned() else {
            return;
        };
        if !self.visited.insert(name.to_owned()) {
            return;
        }
        let mut inner = Scope::default();
        for (index, parameter) in function.params.iter().enumerate() {
            if index < captured.len() && self.scope.is_arguments(parameter) {
                inner.add_arguments(parameter);
            } else {
                inner.add(parameter);
            }
        }
        let outer = std::mem::replace(&mut self.scope, inner);
        self.body(&function);
        self.scope = outer;
    }

    fn variable(&mut self, name: &str, place: Position) {
        if self.scope.has(name) {
            return;
        }
        let hint = if self.names.constants.contains(name) {
            Some(format!(
                "a constant of the script is read as `global::{name}` inside a function"
            ))
        } else {
            did_you_mean(name, self.scope.names())
        };
        self.faults
            .add(place, format!("unknown variable `{name}`"), hint);
    }

    /// `global::NAME` or `module::NAME`.
    fn qualified(&mut self, namespace: &rhai::Namespace, name: &str) {
        let space = namespace.to_string();
        let known: Option<&BTreeSet<String>> = if space == "global" {
            Some(&self.names.constants)
        } else {
            match self.names.imports.get(&space) {
                Some(Some(import)) => Some(&import.variables),
                Some(None) => None,
                None => return self.unknown_namespace(namespace),
            }
        };
        if known.is_some_and(|known| !known.contains(name)) {
            let hint = known.and_then(|known| did_you_mean(name, known.iter().map(String::as_str)));
            let message = format!("there is no constant `{name}`");
            self.faults.add(namespace.position(), message, hint);
        }
    }

    /// `args.name` must be a parameter of the header.
    fn parameter(&mut self, left: &Expr, right: &Expr) {
        let Expr::Variable(variable, ..) = left else {
            return;
        };
        let Some(parameters) = self.parameters else {
            return;
        };
        if !variable.2.is_empty() || !self.scope.is_arguments(&variable.1) {
            return;
        }
        let property = match right {
            Expr::Dot(sides, ..) | Expr::Index(sides, ..) => &sides.lhs,
            other => other,
        };
        let Expr::Property(property, place) = property else {
            return;
        };
        let name = property.2.as_str();
        if parameters.iter().any(|parameter| parameter.key == name) {
            return;
        }
        let keys = parameters.iter().map(|parameter| parameter.key.as_str());
        let hint = did_you_mean(name, keys)
            .or_else(|| Some(format!("`PARAMS` of the header does not name `{name}`")));
        self.faults
            .add(*place, format!("there is no parameter `{name}`"), hint);
    }
}
