//! `db::taken`: which values of a column are taken, by the database and by this run, over millions of rows.
//!
//! Values are compared exactly: then the database is asked, many at a time, for it has an index for that. Or without
//! regard to case: no index answers that, so the column is read once and kept in a private file. Memory stays flat
//! either way.

use std::any::TypeId;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;

use rhai::Dynamic;

use super::{Accepts, Answer, Call, Form, Function, Key, Receiver, required};
use crate::db::{self, Lookup, Names, Session};
use crate::error::Result;
use crate::script::convert::to_value;
use crate::script::host::Host;
use crate::script::workplace::WorkplaceId;
use crate::value::Value;

/// Values known to be free that are remembered at most.
const REMEMBERED: usize = 100_000;
/// Rows of the column read at once.
const FETCH: usize = 5_000;

const RECEIVER: Receiver = Receiver {
    name: "taken",
    id: TypeId::of::<Taken>,
};

/// How values are compared.
pub const OPTIONS: &[Key] = &[
    Key {
        name: "ignore_case",
        accepts: Accepts::Bool,
        doc: "whether `A` and `a` are the same",
    },
    Key {
        name: "ignore_prefix",
        accepts: Accepts::Text,
        doc: "what may stand before a value: with and without it is the same",
    },
];

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
    doc: "Takes a value: call it for each value that this run is going to write.",
    result: "whether it was free; always for ()",
    errors: "`database` for what the engine refuses, `io` if the temporary file cannot be written",
    body: add,
};

/// `taken.expect(values)`.
pub const EXPECT: Function = Function {
    name: "expect",
    form: Form::Method(RECEIVER),
    arguments: &[required(
        "values",
        Accepts::List,
        "the values that `has` and `add` will be asked for next",
    )],
    right: None,
    doc: "Asks the database for many values at once, so that it need not be asked for each.",
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
    /// What may stand before a value and does not count.
    prefix: String,
    /// The taken values that are known.
    names: RefCell<Names>,
    /// Whether those are all of them.
    complete: Cell<bool>,
    /// Whether the table was read: as long as that transaction lasts, nobody can lock it any more.
    reached: Cell<bool>,
    /// Values the database was asked for in vain.
    free: RefCell<HashSet<String>>,
}

/// `db::taken(table, column[, options])`.
pub(super) fn open(call: &Call<'_>) -> Answer {
    let lookup = Lookup {
        table: super::db::table_name(call, &call.text(0))?,
        column: call.text(1).to_string(),
        ignore_case: call.options(2).bool("ignore_case"),
    };
    let names = Names::open(lookup.ignore_case)?;
    let prefix = call.options(2).text("ignore_prefix").unwrap_or_default();
    Ok(Dynamic::from(Taken(Rc::new(Watch {
        place: call.host.workplace(),
        lookup,
        prefix,
        names: RefCell::new(names),
        complete: Cell::new(false),
        reached: Cell::new(false),
        free: RefCell::default(),
    }))))
}

fn has(call: &Call<'_>) -> Answer {
    let Taken(watch) = call.receiver()?;
    let value = to_value(call.dynamic(0))?;
    Ok(watch.has(call.host, value)?.into())
}

fn add(call: &Call<'_>) -> Answer {
    let Taken(watch) = call.receiver()?;
    let value = to_value(call.dynamic(0))?;
    Ok(watch.add(call.host, value)?.into())
}

fn expect(call: &Call<'_>) -> Answer {
    let Taken(watch) = call.receiver()?;
    let mut values = call.values(0)?;
    values.retain(|value| *value != Value::Null);
    watch.expect(call.host, values)?;
    Ok(().into())
}

impl Taken {
    /// Which of these texts are taken.
    ///
    /// # Errors
    /// What the engine refuses.
    pub fn among(&self, host: &Rc<Host>, texts: Vec<String>) -> Result<Vec<String>> {
        let Taken(watch) = self;
        watch.expect(host, texts.iter().cloned().map(Value::Text).collect())?;
        let mut taken = Vec::new();
        for text in texts {
            if watch.has(host, Value::Text(text.clone()))? {
                taken.push(text);
            }
        }
        Ok(taken)
    }

    /// Takes this name or the first free one of `name_2`, `name_3` …
    ///
    /// # Errors
    /// What the engine refuses, or a temporary file that cannot be written.
    pub fn unique(&self, host: &Rc<Host>, name: &str) -> Result<String> {
        let Taken(watch) = self;
        if watch.lookup.ignore_case {
            watch.expect(host, Vec::new())?;
            return Ok(watch.names.borrow_mut().unique(name)?);
        }
        loop {
            let candidate = watch.names.borrow_mut().unique(name)?;
            // Free of what is known; a name that only the database knows is taken now, and passed over.
            if !watch.stands(host, Value::Text(candidate.clone()))? {
                return Ok(candidate);
            }
        }
    }
}

impl Watch {
    fn has(&self, host: &Rc<Host>, value: Value) -> Result<bool> {
        let Some(key) = self.key(&value) else {
            return Ok(false);
        };
        if self.names.borrow().has(&key)? {
            return Ok(true);
        }
        self.stands(host, value)
    }

    fn add(&self, host: &Rc<Host>, value: Value) -> Result<bool> {
        let Some(key) = self.key(&value) else {
            return Ok(true);
        };
        // With all of the column at hand, to add is to look.
        if self.lookup.ignore_case {
            self.expect(host, Vec::new())?;
        } else if self.has(host, value)? {
            return Ok(false);
        }
        self.free.borrow_mut().remove(&key);
        Ok(self.names.borrow_mut().add(&key)?)
    }

    /// Whether the value stands in the column.
    fn stands(&self, host: &Rc<Host>, value: Value) -> Result<bool> {
        let Some(key) = self.key(&value) else {
            return Ok(false);
        };
        if !self.complete.get() && !self.free.borrow().contains(&key) {
            let found = self.expect(host, vec![value])?;
            return Ok(found || (self.complete.get() && self.names.borrow().has(&key)?));
        }
        Ok(false)
    }

    /// Learns which of these values stand in the column; returns whether one does that was asked for alone.
    fn expect(&self, host: &Rc<Host>, values: Vec<Value>) -> Result<bool> {
        if self.complete.get() {
            return Ok(false);
        }
        if self.lookup.ignore_case {
            self.read_column(host)?;
            return Ok(false);
        }
        let values = self.forms(values);
        let found = self.patiently(host, async |session: &mut Session| {
            session.present(&self.lookup, &values).await
        })?;
        let mut names = self.names.borrow_mut();
        for key in found.iter().filter_map(|value| self.key(value)) {
            names.add(&key)?;
        }
        let mut free = self.free.borrow_mut();
        if free.len() + values.len() > REMEMBERED {
            free.clear();
        }
        for key in values.iter().filter_map(|value| self.key(value)) {
            if !names.has(&key)? {
                free.insert(key);
            }
        }
        Ok(!found.is_empty())
    }

    /// Reads the whole column.
    fn read_column(&self, host: &Rc<Host>) -> Result<()> {
        let engine = host.target().engine();
        let (column, table) = (
            engine.quote(&self.lookup.column),
            engine.quote_table(&self.lookup.table),
        );
        let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
        self.patiently(host, async |session: &mut Session| {
            let (cursor, _) = session.open_cursor(&sql, &[]).await?;
            loop {
                let rows = session.fetch(cursor, FETCH).await?;
                if rows.is_empty() {
                    break;
                }
                let mut names = self.names.borrow_mut();
                for key in rows.iter().flatten().filter_map(|value| self.key(value)) {
                    names.add(&key)?;
                }
            }
            session.close_cursor(cursor).await?;
            Ok::<_, db::Error>(())
        })?;
        self.complete.set(true);
        Ok(())
    }

    /// Reads from the table. The first time somebody may have locked it; later that is not worth a look at each value.
    fn patiently<T>(
        &self,
        host: &Rc<Host>,
        work: impl AsyncFn(&mut Session) -> db::Result<T>,
    ) -> Result<T> {
        let what = format!("`{}`", self.lookup.table);
        let done = host.session_of(self.place, async |session: &mut Session| {
            if self.reached.get() {
                return work(session).await;
            }
            db::patiently(session, host.sink(), &what, &work).await
        })?;
        self.reached.set(true);
        Ok(done)
    }

    /// A value as it is remembered; numbers of different types that a column would hold as the same are written the same.
    fn key(&self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Null => return None,
            Value::Text(text) => text.strip_prefix(&self.prefix).unwrap_or(text).to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Decimal(number) => number.normalize().to_string(),
            other => format!("{other:?}"),
        })
    }

    /// The forms in which a value may stand in the column.
    fn forms(&self, values: Vec<Value>) -> Vec<Value> {
        if self.prefix.is_empty() {
            return values;
        }
        let mut forms = Vec::with_capacity(values.len() * 2);
        for value in values {
            if let (Value::Text(_), Some(key)) = (&value, self.key(&value)) {
                forms.push(Value::Text(format!("{}{key}", self.prefix)));
                forms.push(Value::Text(key));
            } else {
                forms.push(value);
            }
        }
        forms
    }
}
