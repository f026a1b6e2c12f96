//! `stage`: rows put aside in a private temporary file, to be taken up again in another order.

use std::any::TypeId;
use std::cell::RefCell;
use std::rc::Rc;

use rhai::{Dynamic, Engine, EvalAltResult};

use super::{Accepts, Answer, Call, Form, Function, Namespace, Receiver, required};
use crate::db::{Place, Staging};
use crate::error::{Error, Kind};
use crate::script::convert::to_dynamic;
use crate::script::fault::Thrown;
use crate::script::host::Host;
use crate::script::limits::ITEMS;
use crate::value::Value;

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
            name: "batches",
            form: Form::Method(STAGE),
            arguments: &[required(
                "size",
                Accepts::Int,
                "rows in a batch, 1 to 100,000",
            )],
            right: None,
            doc: "The rows in order, many at a time: `for batch in stage.batches(1000) { … }`.",
            result: "an iterator of arrays of rows",
            errors: "`script` if the size is out of range",
            body: batches,
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

/// The rows of a stage, batch by batch.
#[derive(Clone)]
struct Batches {
    stage: Stage,
    place: Place,
    size: usize,
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
        return Err(Error::new(Kind::Script, "`row` is a map").into());
    };
    let added = stage.staging.borrow_mut().add(&call.text(0), &order, &row);
    Ok(added.map_err(Error::from)?.into())
}

fn len(call: &Call<'_>) -> Answer {
    let stage: Stage = call.receiver()?;
    let rows = stage.staging.borrow().rows();
    Ok(i64::try_from(rows).unwrap_or(i64::MAX).into())
}

fn batches(call: &Call<'_>) -> Answer {
    let size = usize::try_from(call.int(0)).unwrap_or(0);
    if !(1..=ITEMS).contains(&size) {
        return Err(Error::new(Kind::Script, format!("a batch has 1 to {ITEMS} rows")).into());
    }
    Ok(Dynamic::from(Batches {
        stage: call.receiver()?,
        place: Place::default(),
        size,
    }))
}

fn types(engine: &mut Engine) {
    engine
        .register_type_with_name::<Stage>("Stage")
        .register_type_with_name::<Batches>("Batches")
        .register_iterator_result::<Batches, Dynamic>();
}

impl Iterator for Batches {
    type Item = Result<Dynamic, Box<EvalAltResult>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.stage.host.limits().reset();
        let rows = self
            .stage
            .staging
            .borrow_mut()
            .next(&mut self.place, self.size);
        match rows {
            Ok(rows) if rows.is_empty() => None,
            Ok(rows) => {
                let rows = rows.into_iter().map(|row| to_dynamic(Value::Map(row)));
                Some(Ok(Dynamic::from_array(rows.collect())))
            }
            Err(error) => Some(Err(
                Thrown::from(Error::from(error)).raise(rhai::Position::NONE)
            )),
        }
    }
}
