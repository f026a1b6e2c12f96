//! Calls: does the function exist, do number and types of its arguments fit, is its right asked for.

use std::collections::BTreeSet;

use rhai::{Expr, FnCallExpr, FnPtr, Namespace, Position};

use super::names::{Functions, is_keyword, language, methods};
use super::walk::Walker;
use crate::script::api::accepts::{Accepts, title, unknown_key};
use crate::script::api::{self, Function};
use crate::script::convert::plain_type;
use crate::script::nearest::did_you_mean;
use crate::script::uncaught::article;

impl Walker<'_, '_> {
    /// A call of a function.
    pub(super) fn call(&mut self, call: &FnCallExpr, place: Position) {
        if call.name == "curry" && self.captured(call) {
            return;
        }
        self.expressions(&call.args);
        if call.op_token.is_some() {
            return;
        }
        if !call.namespace.is_empty() {
            self.qualified_call(call);
            return;
        }
        let name = call.name.as_str();
        if is_keyword(name) || self.scope.has(name) {
            return;
        }
        let count = call.args.len();
        if let Some(arities) = self.names.functions.get(name) {
            // A function of the language may have the same name and another number of arguments.
            let elsewhere = language()
                .get(name)
                .is_some_and(|known| known.contains(&count));
            if !elsewhere {
                self.arity(name, arities, count, None, place);
            }
        } else if let Some(function) = api::function(name) {
            self.host_call("", function, call, place);
        } else if let Some(arities) = language().get(name) {
            self.arity(name, arities, count, None, place);
        } else if !methods().contains_key(name) {
            let own = self.names.functions.keys().map(String::as_str);
            let all = api::function_names().iter().map(String::as_str);
            let hint = did_you_mean(name, own.chain(all));
            self.faults
                .add(place, format!("unknown function `{name}`"), hint);
        }
    }

    /// A closure that captures variables is written as `curry(closure, variables…)` by the parser.
    fn captured(&mut self, call: &FnCallExpr) -> bool {
        let Some((Expr::DynamicConstant(value, _), captured)) = call.args.split_first() else {
            return false;
        };
        let Some(closure) = value.clone().try_cast::<FnPtr>() else {
            return false;
        };
        self.expressions(captured);
        self.closure(closure.fn_name(), captured);
        true
    }

    fn qualified_call(&mut self, call: &FnCallExpr) {
        let space = call.namespace.to_string();
        let place = call.namespace.position();
        let name = call.name.as_str();
        if let Some(import) = self.names.imports.get(&space) {
            let Some(import) = import else {
                return;
            };
            let full = format!("{space}::{name}");
            match import.functions.get(name) {
                Some(arities) => {
                    self.arity(&full, arities, call.args.len(), None, place);
                    for right in import.rights.get(name).into_iter().flatten() {
                        self.right(right, &full, place);
                    }
                }
                None => {
                    let hint = nearest_in(name, &space, &import.functions);
                    self.faults
                        .add(place, format!("unknown function `{full}`"), hint);
                }
            }
            return;
        }
        let Some(namespace) = api::namespace(&space).filter(|space| !space.name.is_empty()) else {
            self.unknown_namespace(&call.namespace);
            return;
        };
        let full = format!("{space}::{name}");
        match api::function(&full) {
            Some(function) => self.host_call(namespace.name, function, call, place),
            None => {
                let hint = did_you_mean(&full, api::function_names().iter().map(String::as_str));
                self.faults
                    .add(place, format!("unknown function `{full}`"), hint);
            }
        }
    }

    /// A namespace that is neither the host's nor an import.
    pub(super) fn unknown_namespace(&mut self, namespace: &Namespace) {
        let name = namespace.to_string();
        let mut known: Vec<&str> = api::namespace_names().collect();
        known.extend(self.names.imports.keys().map(String::as_str));
        let hint = did_you_mean(&name, known);
        self.faults.add(
            namespace.position(),
            format!("unknown namespace `{name}`"),
            hint,
        );
    }

    /// A call of one of the host's functions.
    fn host_call(
        &mut self,
        namespace: &str,
        function: &'static Function,
        call: &FnCallExpr,
        place: Position,
    ) {
        let full = title(namespace, function);
        let arities = (function.least()..=function.arguments.len()).collect();
        self.arity(&full, &arities, call.args.len(), api::usage(&full), place);
        if let Some(right) = function.right {
            self.right(right, &full, place);
        }
        for (argument, given) in function.arguments.iter().zip(&call.args) {
            let of = format!("`{}` of `{full}`", argument.name);
            self.literal(argument.accepts, given, &of);
            if let (Accepts::Options(keys), Expr::Map(map, _)) = (argument.accepts, given) {
                for (name, value) in &map.0 {
                    match keys.iter().find(|key| key.name == name.as_str()) {
                        Some(_) if matches!(value, Expr::Unit(_)) => {}
                        Some(key) => {
                            self.literal(
                                key.accepts,
                                value,
                                &format!("`{}` of `{full}`", key.name),
                            );
                        }
                        None => {
                            let error = unknown_key(name.as_str(), keys, &of);
                            self.faults.add(name.pos, error.message, error.hint);
                        }
                    }
                }
            }
        }
    }

    /// A right that a call needs, by whatever way.
    fn right(&mut self, right: &str, full: &str, place: Position) {
        if self
            .needs
            .is_some_and(|needs| !needs.iter().any(|need| need == right))
        {
            let message = format!("`{full}` needs the right `{right}`");
            let hint = format!("add it to the header: const NEEDS = [\"{right}\", …];");
            self.faults.add(place, message, Some(hint));
        }
    }

    /// A literal of a type that is never accepted.
    fn literal(&mut self, accepts: Accepts, given: &Expr, of: &str) {
        let Some(found) = literal_type(given) else {
            return;
        };
        if !accepts.fits(&found) {
            let message = format!(
                "{of} is {}, not {}",
                article(accepts.name()),
                article(&found)
            );
            self.faults.add(given.start_position(), message, None);
        }
    }

    /// `value.name(…)`: the receiver's type is not known, so only a name that nothing has is wrong, or a number of
    /// arguments that nothing of that name takes.
    pub(super) fn method(&mut self, call: &FnCallExpr, place: Position) {
        self.expressions(&call.args);
        let name = call.name.as_str();
        if is_keyword(name) || self.names.keys.contains(name) {
            return;
        }
        let count = call.args.len();
        let mut arities: BTreeSet<usize> = BTreeSet::new();
        arities.extend(self.names.functions.get(name).into_iter().flatten());
        arities.extend(methods().get(name).into_iter().flatten());
        let of_language = language().get(name).into_iter().flatten();
        // The receiver counts there.
        arities.extend(
            of_language
                .filter(|arguments| **arguments > 0)
                .map(|arguments| arguments - 1),
        );
        if let Some(function) = api::function(name) {
            arities.extend(
                (function.least()..=function.arguments.len()).map(|count| count.saturating_sub(1)),
            );
        }
        if arities.is_empty() {
            let own = self
                .names
                .functions
                .keys()
                .chain(methods().keys())
                .chain(language().keys());
            let words = own.map(String::as_str).filter(|word| !word.contains('$'));
            let hint = did_you_mean(name, words);
            self.faults
                .add(place, format!("unknown method `{name}`"), hint);
        } else {
            self.arity(name, &arities, count, None, place);
        }
    }

    fn arity(
        &mut self,
        name: &str,
        arities: &BTreeSet<usize>,
        count: usize,
        hint: Option<String>,
        place: Position,
    ) {
        if arities.contains(&count) {
            return;
        }
        let numbers: Vec<String> = arities.iter().map(ToString::to_string).collect();
        let (last, others) = match numbers.split_last() {
            Some((last, [])) => (last.clone(), String::new()),
            Some((last, others)) => (last.clone(), format!("{} or ", others.join(", "))),
            None => return,
        };
        let plural = if others.is_empty() && last == "1" {
            ""
        } else {
            "s"
        };
        let message = format!("`{name}` takes {others}{last} argument{plural}, not {count}");
        self.faults.add(place, message, hint);
    }
}

fn nearest_in(name: &str, space: &str, functions: &Functions) -> Option<String> {
    crate::script::nearest::nearest(name, functions.keys().map(String::as_str))
        .map(|near| format!("did you mean `{space}::{near}`?"))
}

/// The type of a literal, in the words of the documentation; `None` for what has to be computed.
fn literal_type(expression: &Expr) -> Option<String> {
    let name = match expression {
        Expr::StringConstant(..) | Expr::InterpolatedString(..) => "string",
        Expr::IntegerConstant(..) => "int",
        Expr::FloatConstant(..) => "float",
        Expr::BoolConstant(..) => "bool",
        Expr::CharConstant(..) => "char",
        Expr::Array(..) => "array",
        Expr::Map(..) => "map",
        Expr::Unit(..) => "()",
        Expr::DynamicConstant(value, _) => return Some(plain_type(value.type_name()).to_owned()),
        _ => return None,
    };
    Some(name.to_owned())
}
