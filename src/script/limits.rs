//! What keeps a script from running away: operations without a host call, sizes of values, depth of calls.
//!
//! Rhai's own size limits walk through a whole value on every operation, which makes filling an array of n items cost
//! n²/2 steps. Here each access of a variable looks at the variable's own size: a value has to be named to grow, so it
//! is stopped at the next step. And rhai's own limit errors lose their position on the way out, so where there is one
//! to be had they are thrown as ordinary errors; [`Limits::exceeded`] then stops a script that catches them.

use std::cell::Cell;
use std::rc::Rc;

use rhai::{Dynamic, Engine, EvalAltResult, Map, Position};

use super::context::Stop;
use super::{engine, fault};
use crate::error::{Error, Kind};

/// Operations a script may do without calling the host.
pub const OPERATIONS: u64 = 100_000_000;
/// Bytes of one string.
pub const STRING_BYTES: usize = 16 * 1024 * 1024;
/// Items of one array or map, and bytes of a blob in units of 1.
pub const ITEMS: usize = 100_000;

/// Operations that may pass between reaching the limit and naming a variable, where the error gets its position.
const GRACE: u64 = 100_000;
/// Bytes of one blob.
const BLOB_BYTES: usize = STRING_BYTES;
/// A map of up to this many entries has the sizes of its values looked at too.
const SMALL_MAP: usize = 16;

/// The counters of one run.
#[derive(Default)]
pub struct Limits {
    operations: Cell<u64>,
    exceeded: Cell<bool>,
}

impl Limits {
    /// Starts the count of operations again: the host was called.
    pub fn reset(&self) {
        self.operations.set(0);
    }

    /// Whether a limit was exceeded: the script must end even if it caught the error.
    pub fn exceeded(&self) -> bool {
        self.exceeded.get()
    }

    fn exceed(&self) {
        self.exceeded.set(true);
        self.operations.set(OPERATIONS);
    }
}

/// Sets the limits of an engine.
pub fn install(engine: &mut Engine, limits: &Rc<Limits>, stop: Stop) {
    let counted = Rc::clone(limits);
    engine.on_progress(move |_| {
        let operations = counted.operations.get() + 1;
        counted.operations.set(operations);
        // A stop is noticed within a fraction of a millisecond.
        if operations % 256 == 0
            && let Some(reason) = stop.reason()
        {
            return Some(reason.name().into());
        }
        if operations > OPERATIONS + GRACE {
            return Some(Dynamic::UNIT);
        }
        None
    });
    let watched = Rc::clone(limits);
    #[allow(deprecated)] // Not deprecated but "volatile"; the version is pinned by Cargo.lock.
    engine.on_var(move |name, _, context| {
        if watched.operations.get() > OPERATIONS {
            return Err(limit(&watched, runaway()));
        }
        if context.call_level() > engine::CALL_DEPTH {
            return Err(limit(&watched, too_deep()));
        }
        let Some(value) = context.scope().get(name) else {
            return Ok(None);
        };
        inspect(&watched, name, value)
    });
}

/// Looks at a variable that is about to be used. A caught error of rhai's own is replaced by a complete one.
fn inspect(
    limits: &Limits,
    name: &str,
    value: &Dynamic,
) -> Result<Option<Dynamic>, Box<EvalAltResult>> {
    if let Some((what, limit_of)) = oversized(value) {
        return Err(limit(limits, too_large(name, what, limit_of)));
    }
    if !value.is_map() {
        return Ok(None);
    }
    let Some(map) = value.read_lock::<Map>() else {
        return Ok(None);
    };
    if map.len() > SMALL_MAP {
        return Ok(None);
    }
    if let Some((what, limit_of)) = map.values().find_map(oversized) {
        return Err(limit(limits, too_large(name, what, limit_of)));
    }
    Ok(fault::complete_caught(&map).map(Dynamic::from_map))
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

fn limit(limits: &Limits, error: Error) -> Box<EvalAltResult> {
    limits.exceed();
    fault::Thrown::from(error).raise(Position::NONE)
}

/// The error of a script that runs and runs without calling the host.
pub fn runaway() -> Error {
    Error::new(
        Kind::Script,
        "the script ran 100 million operations without calling the host",
    )
    .code("limit")
    .hint("a loop that never ends? whole-table work belongs into SQL or a function of the host")
}

fn too_deep() -> Error {
    Error::new(
        Kind::Script,
        format!("calls nest deeper than {}", engine::CALL_DEPTH),
    )
    .code("limit")
    .hint("a function that calls itself must come to an end")
}

fn too_large(name: &str, what: &str, limit_of: String) -> Error {
    Error::new(
        Kind::Script,
        format!("`{name}` holds {what} of more than {limit_of}"),
    )
    .code("limit")
    .hint("stream rows with `for row in db::rows(…)` and write in batches instead of collecting")
}
