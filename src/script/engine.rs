//! The rhai engine: limits, what the language may do, and the host's functions.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicBlobPackage, BasicFnPackage, BasicIteratorPackage,
    BasicMapPackage, BasicMathPackage, BasicStringPackage, BitFieldPackage, LanguageCorePackage,
    LogicPackage, MoreStringPackage, Package,
};
use rhai::{AST, Engine, EvalAltResult, Module, ModuleResolver, OptimizationLevel, Scope, Shared};

use super::fault::{self, Thrown};
use super::host::Host;
use super::sources::Sources;
use super::{api, library, limits, moment, uncaught};
use crate::error::{Error, Kind, Result};
use crate::event::Level;

/// How deep expressions may nest: the same in every build, and far more than a person writes.
const EXPRESSION_DEPTH: usize = 128;
/// How deep calls may nest.
pub const CALL_DEPTH: usize = 64;
/// The stack of the script's thread: enough for both depths in an unoptimised build. Only what is used is taken.
pub const STACK_BYTES: usize = 256 * 1024 * 1024;

/// The language without the host's functions: what compiles a script or reads its header.
fn language() -> Engine {
    let mut engine = Engine::new_raw();
    // All of rhai's standard library but its clock, whose type would be one more than SCRIPTING.md allows.
    let packages = [
        LanguageCorePackage::new().as_shared_module(),
        ArithmeticPackage::new().as_shared_module(),
        BasicStringPackage::new().as_shared_module(),
        BasicIteratorPackage::new().as_shared_module(),
        BasicFnPackage::new().as_shared_module(),
        BitFieldPackage::new().as_shared_module(),
        LogicPackage::new().as_shared_module(),
        BasicMathPackage::new().as_shared_module(),
        BasicArrayPackage::new().as_shared_module(),
        BasicBlobPackage::new().as_shared_module(),
        BasicMapPackage::new().as_shared_module(),
        MoreStringPackage::new().as_shared_module(),
    ];
    for package in packages {
        engine.register_global_module(package);
    }
    engine
        .set_optimization_level(OptimizationLevel::None)
        .set_max_expr_depths(EXPRESSION_DEPTH, EXPRESSION_DEPTH)
        // A little more than our own limit, which keeps its position.
        .set_max_call_levels(CALL_DEPTH + 8)
        .set_fail_on_invalid_map_property(true)
        .disable_symbol("eval");
    engine
}

/// Compiles a text.
///
/// # Errors
/// `Script` with its position.
pub fn compile(text: &str, label: &str) -> Result<AST> {
    compile_with(&language(), text, label)
}

fn compile_with(engine: &Engine, text: &str, label: &str) -> Result<AST> {
    let plain = without_mark(text);
    let mut ast = engine
        .compile(plain)
        .map_err(|error| uncaught::explain_parse(&error, label, plain))?;
    ast.set_source(label);
    Ok(ast)
}

/// A byte order mark would be an unexpected character.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The functions rhai itself offers, with how many arguments they take.
pub fn language_functions() -> Vec<(String, usize)> {
    let mut engine = language();
    moment::register(&mut engine);
    engine.collect_fn_metadata(
        None,
        |info| Some((info.metadata.name.to_string(), info.metadata.num_params)),
        true,
    )
}

/// An engine and the scripts it has compiled.
pub struct Machine {
    limits: Rc<limits::Limits>,
    /// The engine.
    pub engine: Engine,
    /// The texts, for errors.
    pub sources: Sources,
}

impl Machine {
    /// The engine of a run. `scripts` is the folder that imports come from.
    pub fn new(host: &Rc<Host>, scripts: PathBuf) -> Machine {
        let mut engine = language();
        let sources = Sources::default();
        limits::install(&mut engine, host.limits(), host.context().stop.clone());
        let teller = Rc::clone(host);
        engine.on_print(move |text| teller.say(Level::Info, text));
        let teller = Rc::clone(host);
        engine.on_debug(move |text, source, position| {
            let place =
                source.map_or_else(String::new, |source| format!("{source}:{position:?}: "));
            teller.say(Level::Info, format!("{place}{text}"));
        });
        engine.set_module_resolver(Modules {
            scripts,
            sources: sources.clone(),
            loaded: RefCell::default(),
            limits: Rc::clone(host.limits()),
        });
        moment::register(&mut engine);
        fault::register(&mut engine);
        api::register(&mut engine, host);
        Machine {
            limits: Rc::clone(host.limits()),
            engine,
            sources,
        }
    }

    /// Compiles a script of the run.
    ///
    /// # Errors
    /// `Script` with its position.
    pub fn compile(&self, text: &str, label: &str) -> Result<AST> {
        self.sources.add(label, text);
        let ast = compile_with(&self.engine, text, label)?;
        self.limits.watch(&ast);
        Ok(ast)
    }
}

/// Resolves imports from `scripts/` and the embedded library, each once.
struct Modules {
    scripts: PathBuf,
    sources: Sources,
    loaded: RefCell<BTreeMap<String, Option<Shared<Module>>>>,
    limits: Rc<limits::Limits>,
}

impl ModuleResolver for Modules {
    fn resolve(
        &self,
        engine: &Engine,
        _: Option<&str>,
        path: &str,
        place: rhai::Position,
    ) -> std::result::Result<Shared<Module>, Box<EvalAltResult>> {
        let name = path.strip_suffix(".rhai").unwrap_or(path);
        match self.loaded.borrow().get(name) {
            Some(Some(module)) => return Ok(Shared::clone(module)),
            Some(None) => {
                let message = format!("`{name}` imports itself");
                return Err(Thrown::from(Error::new(Kind::Script, message)).raise(place));
            }
            None => {}
        }
        let script = library::load(&self.scripts, name)
            .and_then(|found| found.ok_or_else(|| no_module(&self.scripts, name)))
            .map_err(|error| Thrown::from(error).raise(place))?;
        self.sources.add(&script.label, &script.text);
        let in_module = |error| EvalAltResult::ErrorInModule(script.label.clone(), error, place);
        let mut ast = engine
            .compile(without_mark(&script.text))
            .map_err(|error| in_module(Box::new(EvalAltResult::ErrorParsing(*error.0, error.1))))?;
        ast.set_source(&script.label);
        self.limits.watch(&ast);
        self.loaded.borrow_mut().insert(name.to_owned(), None);
        let module = Module::eval_ast_as_new(Scope::new(), &ast, engine);
        let result = module.map(|mut module| {
            module.set_id(script.label.clone());
            Shared::new(module)
        });
        match result {
            Ok(module) => {
                let known = Some(Shared::clone(&module));
                self.loaded.borrow_mut().insert(name.to_owned(), known);
                Ok(module)
            }
            Err(error) => {
                self.loaded.borrow_mut().remove(name);
                Err(in_module(error).into())
            }
        }
    }
}

fn no_module(scripts: &std::path::Path, name: &str) -> Error {
    let mut error = Error::new(
        Kind::Script,
        format!("there is no module `{name}` to import"),
    );
    let files = library::files(scripts);
    let known = files.iter().map(|(name, _)| name.as_str());
    let all = known.chain(super::embedded::SCRIPTS.iter().map(|(name, _)| *name));
    error.hint = super::nearest::did_you_mean(name, all).or_else(|| {
        Some("imports are named by their path below `scripts/`, such as `lib/checks`".to_owned())
    });
    error
}
