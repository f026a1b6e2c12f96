//! Which rights the functions of a module need, their own calls and those of what they call counted: whoever imports it
//! must ask for them.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTNode, Expr, FnCallExpr, FnPtr, Stmt};

use crate::script::api;

/// Rights by function.
pub(super) type Rights = BTreeMap<String, BTreeSet<&'static str>>;

/// The rights that each function of a script needs.
pub(super) fn rights_of(ast: &AST) -> Rights {
    let mut rights = Rights::new();
    let mut callees: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let names: BTreeSet<String> = ast
        .iter_functions()
        .map(|one| one.name.to_owned())
        .collect();
    for name in names {
        let mut alone = ast.clone_functions_only();
        alone.retain_functions(|_, _, function, _| function == name);
        let needed = rights.entry(name.clone()).or_default();
        let called = callees.entry(name).or_default();
        alone.walk(&mut |path: &[ASTNode]| {
            match path.last() {
                Some(
                    ASTNode::Stmt(Stmt::FnCall(call, _)) | ASTNode::Expr(Expr::FnCall(call, _)),
                ) => {
                    look(call, needed, called);
                }
                Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) => {
                    let closure = value.clone().try_cast::<FnPtr>();
                    called.extend(closure.map(|closure| closure.fn_name().to_owned()));
                }
                _ => {}
            }
            true
        });
    }
    spread(&mut rights, &callees);
    rights
}

fn look(call: &FnCallExpr, needed: &mut BTreeSet<&'static str>, called: &mut BTreeSet<String>) {
    if call.namespace.is_empty() {
        called.insert(call.name.to_string());
        return;
    }
    let function = api::function(&format!("{}::{}", call.namespace, call.name));
    needed.extend(function.and_then(|function| function.right));
}

/// Gives every function the rights of what it calls, until nothing changes.
fn spread(rights: &mut Rights, callees: &BTreeMap<String, BTreeSet<String>>) {
    loop {
        let mut changed = false;
        for (name, called) in callees {
            let more: BTreeSet<&'static str> = called
                .iter()
                .filter_map(|callee| rights.get(callee))
                .flatten()
                .copied()
                .collect();
            let own = rights.entry(name.clone()).or_default();
            let before = own.len();
            own.extend(more);
            changed |= own.len() > before;
        }
        if !changed {
            return;
        }
    }
}
