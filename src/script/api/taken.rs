//! `db::taken`: which values of a column are taken, by the database and by this run, over millions of rows.
//!
//! What this run adds is kept as 128-bit hashes and moved to a temporary file when it grows; what the database holds is
//! asked for in batches (`expect`). Memory stays flat, and most answers cost no round trip.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use rhai::Dynamic;
use xxhash_rust::xxh3::xxh3_128;

use super::{Accepts, Answer, Call, Form, Function, Receiver, required};
use crate::db::{Lookup, Names, Session};
use crate::error::Result;
use crate::script::convert::to_value;
use crate::script::host::Host;
use crate::script::workplace::WorkplaceId;
use crate::value::Value;

/// Values kept in memory before they are moved to a file; also the most answers that are remembered.
const IN_MEMORY: usize = 100_000;

const RECEIVER: Receiver = Receiver {
    name: "taken",
    id: TypeId::of::<Taken>,
};

/// `taken.has(value)`.
pub const HAS: Function = Function {
    name: "has",
    form: Form::Method(RECEIVER),
    arguments: &[required("value", Accepts::Any, "the value")],
    right: None,
    doc: "Whether the value stands in the column or was added in this run. () never is.",
    result: "a bool",
    errors: "`database` for what the engine refuses",
    body: has,
};

/// `taken.add(value)`.
pub const ADD: Function = Function {
    name: "add",
    form: Form::Method(RECEIVER),
    arguments: &[required("value", Accepts::Any, "the value")],
    right: None,
    doc: "Marks a value as taken: call it for each value that this run is going to write.",
    result: "()",
    errors: "`io` if the temporary file cannot be written",
    body: add,
};

/// `taken.expect(values)`.
pub const EXPECT: Function = Function {
    name: "expect",
    form: Form::Method(RECEIVER),
    arguments: &[required(
        "values",
        Accepts::List,
        "the values that `has` will be asked for next",
    )],
    right: None,
    doc: "Asks the database for many values at once, so that `has` need not ask for each.",
    result: "()",
    errors: "`database` for what the engine refuses",
    body: expect,
};

/// A handle; clones share it.
#[derive(Clone)]
pub struct Taken(Rc<Watch>);

struct Watch {
    place: WorkplaceId,
    lookup: Lookup,
    added: RefCell<HashSet<u128>>,
    answers: RefCell<HashMap<u128, bool>>,
    moved: RefCell<Option<Names>>,
}

/// `db::taken(table, column[, options])`.
pub(super) fn open(call: &Call<'_>) -> Answer {
    let lookup = Lookup {
        table: super::db::table_name(call, &call.text(0)),
        column: call.text(1).to_string(),
        ignore_case: call.options(2).bool("ignore_case"),
    };
    Ok(Dynamic::from(Taken(Rc::new(Watch {
        place: call.host.workplace(),
        lookup,
        added: RefCell::default(),
        answers: RefCell::default(),
        moved: RefCell::default(),
    }))))
}

fn has(call: &Call<'_>) -> Answer {
    let Taken(watch) = call.receiver()?;
    let value = to_value(call.dynamic(0))?;
    if value == Value::Null {
        return Ok(false.into());
    }
    Ok(watch.has(call.host, value)?.into())
}

fn add(call: &Call<'_>) -> Answer {
    let Taken(watch) = call.receiver()?;
    let value = to_value(call.dynamic(0))?;
    if value != Value::Null {
        watch.add(&value)?;
    }
    Ok(().into())
}

fn expect(call: &Call<'_>) -> Answer {
    let Taken(watch) = call.receiver()?;
    let mut values = call.values(0)?;
    values.retain(|value| *value != Value::Null);
    watch.expect(call.host, values)?;
    Ok(().into())
}

impl Watch {
    /// The value's hash; letter case is folded where it does not matter.
    fn key(&self, value: &Value) -> u128 {
        let bytes = match value {
            Value::Text(text) if self.lookup.ignore_case => format!("s{}", text.to_lowercase()),
            Value::Text(text) => format!("s{text}"),
            // Numbers of different types that a column would hold as the same are written the same.
            Value::Int(number) => format!("n{number}"),
            Value::Decimal(number) => format!("n{}", number.normalize()),
            other => format!("{}{other:?}", other.kind()),
        };
        xxh3_128(bytes.as_bytes())
    }

    fn has(&self, host: &Rc<Host>, value: Value) -> Result<bool> {
        let key = self.key(&value);
        if self.added.borrow().contains(&key) {
            return Ok(true);
        }
        if let Some(answer) = self.answers.borrow().get(&key) {
            return Ok(*answer);
        }
        self.expect(host, vec![value])?;
        Ok(self.answers.borrow().get(&key).copied().unwrap_or(false))
    }

    fn add(&self, value: &Value) -> Result<()> {
        let key = self.key(value);
        self.answers.borrow_mut().remove(&key);
        self.added.borrow_mut().insert(key);
        if self.added.borrow().len() >= IN_MEMORY {
            let keys = std::mem::take(&mut *self.added.borrow_mut());
            self.move_out(keys)?;
        }
        Ok(())
    }

    fn expect(&self, host: &Rc<Host>, values: Vec<Value>) -> Result<()> {
        let keys: Vec<u128> = values.iter().map(|value| self.key(value)).collect();
        if self.answers.borrow().len() + keys.len() > IN_MEMORY {
            self.answers.borrow_mut().clear();
        }
        let mut present: HashSet<u128> = HashSet::new();
        let found = host.session_of(self.place, async |session: &mut Session| {
            session.present(&self.lookup, &values).await
        })?;
        present.extend(found.iter().map(|value| self.key(value)));
        present.extend(self.moved_out(&keys)?);
        let mut answers = self.answers.borrow_mut();
        answers.extend(keys.into_iter().map(|key| (key, present.contains(&key))));
        Ok(())
    }

    /// Moves hashes to the temporary file.
    fn move_out(&self, keys: HashSet<u128>) -> Result<()> {
        let mut moved = self.moved.borrow_mut();
        let names = match &mut *moved {
            Some(names) => names,
            none => none.insert(Names::open(false)?),
        };
        // In order, so that neighbours are written together.
        let mut keys: Vec<u128> = keys.into_iter().collect();
        keys.sort_unstable();
        for key in keys {
            names.add(&name(key))?;
        }
        Ok(())
    }

    /// Which of these hashes are in the temporary file.
    fn moved_out(&self, keys: &[u128]) -> Result<Vec<u128>> {
        let moved = self.moved.borrow();
        let Some(names) = &*moved else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for key in keys {
            if names.has(&name(*key))? {
                found.push(*key);
            }
        }
        Ok(found)
    }
}

/// A hash as the temporary file keeps it.
fn name(key: u128) -> String {
    format!("{key:032x}")
}
