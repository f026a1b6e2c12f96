//! The names a script can use: its own functions and constants, those of its imports, those of the language.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use rhai::{AST, ASTFlags, ASTNode, Expr, Position, Stmt};

use super::rights::{Rights, rights_of};
use crate::script::api::{Form, NAMESPACES};
use crate::script::engine::{compile, language_functions};
use crate::script::library::load;
use crate::script::procedure::constants;

/// Functions by name, with the numbers of arguments they take.
pub(super) type Functions = BTreeMap<String, BTreeSet<usize>>;

/// Words that are called like functions but are part of the language.
const KEYWORDS: [&str; 12] = [
    "Fn",
    "call",
    "curry",
    "debug",
    "eval",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "print",
    "this",
    "throw",
    "type_of",
];

/// What an import offers.
pub(super) struct Import {
    /// Its functions, without private ones.
    pub(super) functions: Functions,
    /// The rights they need.
    pub(super) rights: Rights,
    /// Its exported variables.
    pub(super) variables: BTreeSet<String>,
}

/// The names of one script.
pub(super) struct Names {
    /// Its own functions.
    pub(super) functions: Functions,
    /// Its constants.
    pub(super) constants: BTreeSet<String>,
    /// Its imports by alias; `None` where nothing is known of one.
    pub(super) imports: BTreeMap<String, Option<Import>>,
    /// Imports of modules that do not exist.
    pub(super) missing: Vec<(String, Position)>,
    /// Every key of a map it writes, since a closure may be called through one.
    pub(super) keys: BTreeSet<String>,
}

impl Names {
    /// The names of a script whose imports come from this folder.
    pub(super) fn of(ast: &AST, scripts: &Path) -> Names {
        let mut names = Names {
            functions: functions(ast, true),
            constants: constants(ast).into_iter().map(|(name, _)| name).collect(),
            imports: BTreeMap::new(),
            missing: Vec::new(),
            keys: BTreeSet::new(),
        };
        ast.walk(&mut |path: &[ASTNode]| {
            match path.last() {
                Some(ASTNode::Stmt(Stmt::Import(import, _))) => {
                    names.import(&import.0, &import.1.name, scripts)
                }
                Some(ASTNode::Expr(Expr::Map(map, _))) => {
                    names
                        .keys
                        .extend(map.0.iter().map(|(key, _)| key.name.to_string()));
                }
                Some(ASTNode::Expr(Expr::Property(property, _))) => {
                    names.keys.insert(property.2.to_string());
                }
                _ => {}
            }
            true
        });
        names
    }

    fn import(&mut self, path: &Expr, alias: &str, scripts: &Path) {
        let Expr::StringConstant(path, place) = path else {
            self.imports.insert(alias.to_owned(), None);
            return;
        };
        let name = path.strip_suffix(".rhai").unwrap_or(path);
        let loaded = load(scripts, name);
        if !matches!(loaded, Ok(Some(_))) {
            self.missing.push((name.to_owned(), *place));
        }
        // A module that does not compile is told where it is checked itself.
        let ast = loaded
            .ok()
            .flatten()
            .and_then(|script| compile(&script.text, &script.label).ok());
        self.imports
            .insert(alias.to_owned(), ast.as_ref().map(import_of));
    }
}

fn import_of(ast: &AST) -> Import {
    let mut variables = BTreeSet::new();
    for statement in ast.statements() {
        match statement {
            Stmt::Var(variable, flags, _) if flags.intersects(ASTFlags::EXPORTED) => {
                variables.insert(variable.0.name.to_string());
            }
            Stmt::Export(export, _) => {
                let alias = if export.1.name.is_empty() {
                    &export.0
                } else {
                    &export.1
                };
                variables.insert(alias.name.to_string());
            }
            _ => {}
        }
    }
    Import {
        functions: functions(ast, false),
        rights: rights_of(ast),
        variables,
    }
}

fn functions(ast: &AST, private_too: bool) -> Functions {
    let mut functions = Functions::new();
    for function in ast.iter_functions() {
        let visible = private_too || function.access.is_public();
        if visible && !function.name.starts_with("anon$") {
            functions
                .entry(function.name.to_owned())
                .or_default()
                .insert(function.params.len());
        }
    }
    functions
}

/// The functions of the language. A method counts its receiver as an argument.
pub(super) fn language() -> &'static Functions {
    static FUNCTIONS: OnceLock<Functions> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let mut functions = Functions::new();
        for (name, arguments) in language_functions() {
            functions.entry(name).or_default().insert(arguments);
        }
        functions
    })
}

/// The methods of the types that the host's functions return, with the numbers of arguments they take.
pub(super) fn methods() -> &'static Functions {
    static METHODS: OnceLock<Functions> = OnceLock::new();
    METHODS.get_or_init(|| {
        let mut methods = Functions::new();
        for function in NAMESPACES.iter().flat_map(|namespace| namespace.functions) {
            if matches!(function.form, Form::Method(_)) {
                methods
                    .entry(function.name.to_owned())
                    .or_default()
                    .extend(function.least()..=function.arguments.len());
            }
        }
        methods
    })
}

/// Whether the word is part of the language, though it is called like a function.
pub(super) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}
