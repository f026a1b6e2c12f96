//! `stage`: rows put aside in a private temporary file, to be taken up again in another order.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use rhai::{Dynamic, Engine, EvalAltResult, Map};

use super::taken::Taken;
use super::{Accepts, Answer, Call, Form, Function, Namespace, Receiver, required};
use crate::db::{Place, Staged, Staging};
use crate::error::{Error, Kind};
use crate::script::convert::to_dynamic;
use crate::script::fault::Thrown;
use crate::script::host::Host;
use crate::script::unheard::Given;
use crate::value::Value;

/// Keys looked up at once.
const KEYS: usize = 5_000;
/// Rows taken up at once.
const FETCH: usize = 1_000;

const STAGE: Receiver = Receiver {
    name: "Stage",
    id: TypeId::of::<Stage>,
};

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "stage",
    doc: "Rows put aside outside the database, millions if need be: sorted, and each key once.",
    functions: &[
        Function {
            name: "open",
            form: Form::Function,
            arguments: &[],
            right: None,
            doc: "Opens an empty stage: a private file that is gone when the run ends.",
            result: "a Stage",
            errors: "`io` if the folder for temporary files cannot be used",
            body: open,
        },
        Function {
            name: "add",
            form: Form::Method(STAGE),
            arguments: &[
                required("key", Accepts::Text, "what makes the row one of its kind"),
                required(
                    "order",
                    Accepts::Any,
                    "an int, a string or a time to sort by; equals stay as they came",
                ),
                required("row", Accepts::Map, "the row"),
            ],
            right: None,
            doc: "Puts a row aside, unless one of this key is there.",
            result: "whether it was put: `false` if the key was there",
            errors: "`script` for another kind of order, `io` if the disk is full",
            body: add,
        },
        Function {
            name: "len",
            form: Form::Method(STAGE),
            arguments: &[],
            right: None,
            doc: "How many rows were put aside.",
            result: "an int",
            errors: "none",
            body: len,
        },
        Function {
            name: "remove_taken",
            form: Form::Method(STAGE),
            arguments: &[required(
                "taken",
                Accepts::Any,
                "the values that are taken, from `db::taken`",
            )],
            right: None,
            doc: "Removes the rows whose keys are taken; the database is asked for many at a time.",
            result: "how many rows were removed",
            errors: "`script` if `taken` is something else, `database` for what the engine refuses",
            body: remove_taken,
        },
        Function {
            name: "rows",
            form: Form::Method(STAGE),
            arguments: &[],
            right: None,
            doc: "The rows in order: `for staged in stage.rows() { staged.key; staged.row }`.",
            result: "an iterator of maps: `key`, `row`",
            errors: "`io`, while it is walked through",
            body: rows,
        },
    ],
    types,
};

/// Rows put aside.
#[derive(Clone)]
struct Stage {
    staging: Rc<RefCell<Staging>>,
    host: Rc<Host>,
}

/// The rows of a stage in order.
#[derive(Clone)]
struct Rows {
    stage: Stage,
    place: Place,
    fetched: VecDeque<Staged>,
    given: Given,
}

fn open(call: &Call<'_>) -> Answer {
    let staging = Staging::open().map_err(Error::from)?;
    Ok(Dynamic::from(Stage {
        staging: Rc::new(RefCell::new(staging)),
        host: Rc::clone(call.host),
    }))
}

fn add(call: &Call<'_>) -> Answer {
    let stage: Stage = call.receiver()?;
    let (order, row) = (call.value(1)?, call.value(2)?);
    let Value::Map(row) = row else {
        return Err(Error::new(Kind::Script, "`row` must be a map").into());
    };
    let added = stage.staging.borrow_mut().add(&call.text(0), &order, &row);
    Ok(added.map_err(Error::from)?.into())
}

fn len(call: &Call<'_>) -> Answer {
    let stage: Stage = call.receiver()?;
    let rows = stage.staging.borrow().rows();
    Ok(i64::try_from(rows).unwrap_or(i64::MAX).into())
}

fn remove_taken(call: &Call<'_>) -> Answer {
    let stage: Stage = call.receiver()?;
    let taken = call.handle::<Taken>(0, "what `db::taken` returns")?;
    let mut behind: Option<String> = None;
    let mut removed: i64 = 0;
    loop {
        let keys = stage.staging.borrow().keys(behind.as_deref(), KEYS)?;
        behind = keys.last().cloned();
        if keys.is_empty() {
            return Ok(removed.into());
        }
        for key in taken.among(call.host, keys)? {
            stage.staging.borrow_mut().remove(&key)?;
            removed += 1;
        }
    }
}

fn rows(call: &Call<'_>) -> Answer {
    Ok(Dynamic::from(Rows {
        stage: call.receiver()?,
        place: Place::default(),
        fetched: VecDeque::new(),
        given: Given::default(),
    }))
}

fn types(engine: &mut Engine) {
    engine
        .register_type_with_name::<Stage>("Stage")
        .register_type_with_name::<Rows>("StagedRows")
        .register_iterator_result::<Rows, Dynamic>();
}

impl Rows {
    fn fetch(&mut self) -> Result<Option<Staged>, Error> {
        if self.fetched.is_empty() {
            let mut staging = self.stage.staging.borrow_mut();
            self.fetched = staging.next(&mut self.place, FETCH)?.into();
        }
        Ok(self.fetched.pop_front())
    }
}

impl Iterator for Rows {
    type Item = Result<Dynamic, Box<EvalAltResult>>;

    fn next(&mut self) -> Option<Self::Item> {
        let host = Rc::clone(&self.stage.host);
        let mut given = std::mem::take(&mut self.given);
        let item = given.next(host.limits(), || self.staged());
        self.given = given;
        item
    }
}

impl Rows {
    fn staged(&mut self) -> Option<Result<Dynamic, Box<EvalAltResult>>> {
        self.stage.host.limits().reset();
        match self.fetch() {
            Ok(staged) => staged.map(|Staged { key, row }| {
                let mut map = Map::new();
                map.insert("key".into(), key.into());
                map.insert("row".into(), to_dynamic(Value::Map(row)));
                Ok(Dynamic::from_map(map))
            }),
            Err(error) => Some(Err(Thrown::from(error).raise(rhai::Position::NONE))),
        }
    }
}
