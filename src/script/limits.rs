//! What keeps a script from running away: operations without a host call, sizes of values, depth of calls.
//!
//! Rhai's own size limits walk through a whole value on every operation, which makes filling an array of n items cost
//! n²/2 steps. Here about every fourth access of a variable looks at the variable's own size: a value has to be named to grow,
//! and can at most double at each step, so it is stopped soon enough. And rhai's own limit errors lose their position on the way out, so where there is one
//! to be had they are thrown as ordinary errors; [`Limits::exceeded`] then stops a script that catches them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rhai::{
    AST, ASTNode, Array, Blob, Dynamic, Engine, EvalAltResult, Expr, ImmutableString, Map,
    Position, Stmt,
};

use super::context::Stop;
use super::unheard::Unheard;
use super::{engine, fault};
use crate::error::{Error, Kind};

/// Operations a script may do without calling the host.
pub const OPERATIONS: u64 = 100_000_000;
/// Bytes of one string.
pub const STRING_BYTES: usize = 16 * 1024 * 1024;
/// Items of one array or map.
pub const ITEMS: usize = 100_000;

/// Arrays and maps inside one another.
const NESTING: usize = 20;

/// Operations that may pass between reaching the limit and naming a variable, where the error gets its position.
const GRACE: u64 = 100_000;
/// Of so many accesses of variables one looks at the size.
const LOOKED_AT: u32 = 4;
/// Bytes of one blob.
const BLOB_BYTES: usize = STRING_BYTES;
/// A map of up to this many entries has the sizes of its values looked at too.
const SMALL_MAP: usize = 16;

/// The counters of one run.
#[derive(Default)]
pub struct Limits {
    operations: Cell<u64>,
    dice: Cell<u32>,
    tripped: Cell<bool>,
    exceeded: RefCell<Option<Exceeded>>,
    /// Names that a `catch` gives its error, each once: a handful, looked through at every access of a variable.
    caught: RefCell<Vec<String>>,
    unheard: RefCell<Option<Unheard>>,
}

/// A limit that was exceeded, in words.
#[derive(Clone, Debug)]
struct Exceeded {
    message: String,
    hint: &'static str,
}

impl From<Exceeded> for Error {
    fn from(limit: Exceeded) -> Self {
        Error::new(Kind::Script, limit.message)
            .code("limit")
            .hint(limit.hint)
    }
}

impl Limits {
    /// Starts the count of operations again: the host was called.
    pub fn reset(&self) {
        if !self.tripped.get() {
            self.operations.set(0);
        }
    }

    /// Learns the names that this script gives to caught errors.
    pub fn watch(&self, ast: &AST) {
        ast.walk(&mut |path: &[ASTNode]| {
            if let Some(ASTNode::Stmt(Stmt::TryCatch(flow, _))) = path.last()
                && let Expr::Variable(variable, ..) = &flow.expr
            {
                let mut caught = self.caught.borrow_mut();
                if !caught.iter().any(|known| known == variable.1.as_str()) {
                    caught.push(variable.1.to_string());
                }
            }
            true
        });
    }

    /// The limit that was exceeded, if one was: the script must end even if it caught the error.
    pub fn exceeded(&self) -> Option<Error> {
        self.exceeded.borrow().clone().map(Error::from)
    }

    /// The next number of a sequence without a pattern: a loop that names its variables in turn must not slip through.
    fn roll(&self) -> u32 {
        let next = self
            .dice
            .get()
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        self.dice.set(next);
        next
    }

    /// Ends the script at its next step, because of an error that its loop did not hear.
    pub fn end_with(&self, unheard: Unheard) {
        *self.unheard.borrow_mut() = Some(unheard);
        self.tripped.set(true);
        self.operations.set(OPERATIONS + GRACE);
    }

    /// The error that the script was ended with by [`Limits::end_with`].
    pub fn unheard(&self) -> Option<Unheard> {
        self.unheard.borrow_mut().take()
    }

    /// The error of this limit; whatever the script does with it, it does not go on for long.
    fn exceed(&self, limit: Exceeded) -> Box<EvalAltResult> {
        let first = self.exceeded.borrow_mut().get_or_insert(limit).clone();
        self.tripped.set(true);
        self.operations.set(OPERATIONS);
        fault::Thrown::from(Error::from(first)).raise(Position::NONE)
    }
}

/// Sets the limits of an engine.
pub fn install(engine: &mut Engine, limits: &Rc<Limits>, stop: Stop) {
    bound_growth(engine, limits);
    let counted = Rc::clone(limits);
    engine.on_progress(move |_| {
        let operations = counted.operations.get() + 1;
        counted.operations.set(operations);
        // A stop is noticed within a fraction of a millisecond.
        if operations.is_multiple_of(256)
            && let Some(reason) = stop.reason()
        {
            return Some(reason.name().into());
        }
        if operations > OPERATIONS + GRACE {
            if counted.unheard.borrow().is_none() {
                // A loop that reads no variable comes here first.
                counted.exceeded.borrow_mut().get_or_insert_with(runaway);
            }
            return Some(Dynamic::UNIT);
        }
        None
    });
    let watched = Rc::clone(limits);
    #[allow(deprecated)] // Not deprecated but "volatile"; the version is pinned by Cargo.lock.
    engine.on_var(move |name, _, context| {
        if watched.tripped.get() || watched.operations.get() > OPERATIONS {
            return Err(watched.exceed(runaway()));
        }
        if context.call_level() > engine::CALL_DEPTH {
            return Err(watched.exceed(too_deep()));
        }
        let dice = watched.roll();
        let caught = watched.caught.borrow().iter().any(|known| known == name);
        if !caught && dice >= u32::MAX / LOOKED_AT {
            return Ok(None);
        }
        let Some(value) = context.scope().get(name) else {
            return Ok(None);
        };
        if caught && let Some(map) = value.read_lock::<Map>() {
            return Ok(fault::complete_caught(&map).map(Dynamic::from_map));
        }
        inspect(&watched, name, value)
    });
}

/// Looks at the size of a variable that is about to be used.
fn inspect(
    limits: &Limits,
    name: &str,
    value: &Dynamic,
) -> Result<Option<Dynamic>, Box<EvalAltResult>> {
    if depth(value) > NESTING {
        return Err(limits.exceed(Exceeded {
            message: format!("`{name}` is nested deeper than {NESTING}"),
            hint: "an array that is put into itself grows without end",
        }));
    }
    let mut large = oversized(value);
    if large.is_none()
        && value.is_map()
        && let Some(map) = value.read_lock::<Map>()
        && map.len() <= SMALL_MAP
    {
        large = map.values().find_map(oversized);
    }
    match large {
        Some((what, limit)) => Err(limits.exceed(too_large(name, what, limit))),
        None => Ok(None),
    }
}

/// How deep arrays and maps stand in one another, looking at the last item of each: the one that was added last.
fn depth(value: &Dynamic) -> usize {
    if let Some(array) = value.read_lock::<Array>() {
        return 1 + array.last().map_or(0, depth);
    }
    if let Some(map) = value.read_lock::<Map>() {
        return 1 + map.values().next_back().map_or(0, depth);
    }
    0
}

/// What is too large about a value itself, and the limit.
fn oversized(value: &Dynamic) -> Option<(&'static str, String)> {
    if value.is_int() || value.is_unit() || value.is_bool() {
        return None;
    }
    if value.is_string() {
        let bytes = value.as_immutable_string_ref().map_or(0, |text| text.len());
        return (bytes > STRING_BYTES).then(|| ("a string", "16 MiB".to_owned()));
    }
    if value.is_map() {
        let items = value.as_map_ref().map_or(0, |map| map.len());
        return (items > ITEMS).then(|| ("a map", format!("{ITEMS} items")));
    }
    if value.is_array() {
        let items = value.as_array_ref().map_or(0, |array| array.len());
        return (items > ITEMS).then(|| ("an array", format!("{ITEMS} items")));
    }
    if value.is_blob() {
        let bytes = value.as_blob_ref().map_or(0, |blob| blob.len());
        return (bytes > BLOB_BYTES).then(|| ("a blob", "16 MiB".to_owned()));
    }
    None
}

/// The error of a script that runs and runs without calling the host.
fn runaway() -> Exceeded {
    Exceeded {
        message: "the script ran 100 million operations without calling the host".to_owned(),
        hint: "a loop that never ends? whole-table work belongs into SQL or a function of the host",
    }
}

fn too_deep() -> Exceeded {
    Exceeded {
        message: format!("calls nest deeper than {}", engine::CALL_DEPTH),
        hint: "a function that calls itself must come to an end",
    }
}

fn too_large(name: &str, what: &str, limit: String) -> Exceeded {
    Exceeded {
        message: format!("`{name}` holds {what} of more than {limit}"),
        hint: "stream rows with `for row in db::rows(…)` and write in batches instead of collecting",
    }
}

/// Replaces the few functions of the language that make a value of any size in one step.
fn bound_growth(engine: &mut Engine, limits: &Rc<Limits>) {
    let bound = |name: &'static str, what: &'static str, most: usize| {
        let limits = Rc::clone(limits);
        move |wanted: i64| -> Result<usize, Box<EvalAltResult>> {
            let wanted = usize::try_from(wanted).unwrap_or_default();
            if wanted <= most {
                return Ok(wanted);
            }
            let limit = if what == "an array" {
                format!("{most} items")
            } else {
                "16 MiB".to_owned()
            };
            Err(limits.exceed(Exceeded {
                message: format!("`{name}` would make {what} of more than {limit}"),
                hint: "work through large data in parts",
            }))
        }
    };
    let array = bound("pad", "an array", ITEMS);
    engine.register_fn(
        "pad",
        move |value: &mut Array, length: i64, item: Dynamic| {
            array(length).map(|length| value.resize(length.max(value.len()), item))
        },
    );
    let blob = bound("pad", "a blob", STRING_BYTES);
    engine.register_fn("pad", move |value: &mut Blob, length: i64, byte: i64| {
        blob(length).map(|length| value.resize(length.max(value.len()), low_byte(byte)))
    });
    let blob = bound("blob", "a blob", STRING_BYTES);
    engine.register_fn("blob", move |length: i64| {
        blob(length).map(|length| vec![0_u8; length])
    });
    let blob = bound("blob", "a blob", STRING_BYTES);
    engine.register_fn("blob", move |length: i64, byte: i64| {
        blob(length).map(|length| vec![low_byte(byte); length])
    });
    let text = bound("pad", "a string", STRING_BYTES / 4);
    engine.register_fn(
        "pad",
        move |value: &mut ImmutableString, length: i64, with: char| {
            text(length).map(|length| *value = padded(value, length, with.encode_utf8(&mut [0; 4])))
        },
    );
    let text = bound("pad", "a string", STRING_BYTES / 4);
    engine.register_fn(
        "pad",
        move |value: &mut ImmutableString, length: i64, with: ImmutableString| {
            text(length).map(|length| *value = padded(value, length, &with))
        },
    );
}

/// The low eight bits, as the language itself takes a byte from a number.
fn low_byte(number: i64) -> u8 {
    number.to_le_bytes()[0]
}

/// The text, lengthened to this many characters.
fn padded(text: &str, length: usize, with: &str) -> ImmutableString {
    let missing = length.saturating_sub(text.chars().count());
    let filling = with.chars().cycle().take(missing);
    text.chars().chain(filling).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_reads_no_variable_is_told_as_one_without_end() {
        let limits = Rc::new(Limits::default());
        let mut engine = Engine::new_raw();
        install(&mut engine, &limits, Stop::default());
        limits.operations.set(OPERATIONS + GRACE);
        assert!(engine.run("loop { }").is_err(), "it is ended");
        let told = limits.exceeded().expect("it is known why");
        assert!(told.message.contains("operations"), "{}", told.message);
        assert!(told.hint.is_some());
    }
}
