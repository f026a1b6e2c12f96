//! `csv`: records of delimited text files.

use std::any::TypeId;
use std::cell::RefCell;
use std::fs::File;
use std::rc::Rc;

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext};

use super::{Accepts, Answer, Call, Form, Function, Key, Namespace, Receiver, optional, required};
use crate::csv::{Delimiter, Options, Reader, Record};
use crate::error::{Error, Kind};
use crate::event::Event;
use crate::script::fault::Thrown;
use crate::script::host::Host;
use crate::script::nearest::did_you_mean;
use crate::script::unheard::Given;

/// Bytes between two events of progress.
const PROGRESS_BYTES: u64 = 1 << 20;

const FILE: Receiver = Receiver {
    name: "CsvFile",
    id: TypeId::of::<CsvFile>,
};
const RECORD: Receiver = Receiver {
    name: "CsvRecord",
    id: TypeId::of::<Record>,
};

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "csv",
    doc: "Comma-, tab- and otherwise separated files, record by record: `for record in csv::open(path) { record[\"Email\"] }`.",
    functions: &[
        Function {
            name: "open",
            form: Form::Function,
            arguments: &[
                required("path", Accepts::Text, "the file, relative to the project"),
                optional(
                    "options",
                    Accepts::Options(&[
                        Key {
                            name: "delimiter",
                            accepts: Accepts::Text,
                            doc: "`tab`, `comma`, `semicolon`, `pipe` or a sign; the header shows it if left out",
                        },
                        Key {
                            name: "required",
                            accepts: Accepts::List,
                            doc: "columns without which the file is refused",
                        },
                        Key {
                            name: "optional",
                            accepts: Accepts::List,
                            doc: "columns that read as empty where the file lacks them",
                        },
                        Key {
                            name: "trim",
                            accepts: Accepts::Bool,
                            doc: "whether blanks around a cell are left away",
                        },
                    ]),
                    "how it is read",
                ),
            ],
            right: None,
            doc: "Opens a file with a header line, in UTF-8. It is looked through once, and refused as a whole if it cannot be used. Column names are matched without regard to case and outer blanks.",
            result: "a CsvFile: `for record in file` gives its records, `record[\"Column\"]` a cell",
            errors: "`usage` if the file cannot be used as a whole, `refused` if it is out of reach",
            body: open,
        },
        Function {
            name: "has",
            form: Form::Method(FILE),
            arguments: &[required("column", Accepts::Text, "a column's name")],
            right: None,
            doc: "Whether the file has this column.",
            result: "a bool",
            errors: "none",
            body: has,
        },
        Function {
            name: "columns",
            form: Form::Property(FILE),
            arguments: &[],
            right: None,
            doc: "The columns in the file's order and spelling.",
            result: "an array of strings",
            errors: "none",
            body: columns,
        },
        Function {
            name: "line",
            form: Form::Property(RECORD),
            arguments: &[],
            right: None,
            doc: "The line of the file the record starts on, from 1.",
            result: "an int",
            errors: "none",
            body: line,
        },
        Function {
            name: "problem",
            form: Form::Property(RECORD),
            arguments: &[],
            right: None,
            doc: "Why the record cannot be used: too few or too many cells, a NUL byte, a quote that is not closed. Its cells may then be empty or cut.",
            result: "a string, or `()` for a sound record",
            errors: "none",
            body: problem,
        },
    ],
    types,
};

/// An open file. Clones read on where the others are.
#[derive(Clone)]
struct CsvFile(Rc<Open>);

struct Open {
    path: String,
    reader: RefCell<Reader<File>>,
    host: Rc<Host>,
}

fn open(call: &Call<'_>) -> Answer {
    let path = call.text(0);
    let options = call.options(1);
    let delimiter = options.text("delimiter");
    let options = Options {
        delimiter: delimiter
            .map(|text| Delimiter::named(&text))
            .transpose()
            .map_err(Error::from)?,
        required: options.texts("required")?.unwrap_or_default(),
        optional: options.texts("optional")?.unwrap_or_default(),
        trim: options.bool("trim"),
    };
    let real = call
        .host
        .files()
        .readable(&path)
        .map_err(|error| match error.code.as_deref() {
            // An input that is not there is one that cannot be used.
            Some("not-found") => Error {
                kind: Kind::Usage,
                ..error
            },
            _ => error,
        })?;
    let reader = Reader::open(&real, &path, &options).map_err(Error::from)?;
    Ok(Dynamic::from(CsvFile(Rc::new(Open {
        path: path.into(),
        reader: RefCell::new(reader),
        host: Rc::clone(call.host),
    }))))
}

fn has(call: &Call<'_>) -> Answer {
    let file: CsvFile = call.receiver()?;
    let has = file.0.reader.borrow().header().has(&call.text(0));
    Ok(has.into())
}

fn columns(call: &Call<'_>) -> Answer {
    let file: CsvFile = call.receiver()?;
    let reader = file.0.reader.borrow();
    let names = reader.header().names().iter();
    Ok(Dynamic::from_array(
        names.map(|name| Dynamic::from(name.clone())).collect(),
    ))
}

fn line(call: &Call<'_>) -> Answer {
    let record: Record = call.receiver()?;
    Ok(i64::try_from(record.line()).unwrap_or(i64::MAX).into())
}

fn problem(call: &Call<'_>) -> Answer {
    let record: Record = call.receiver()?;
    Ok(record
        .problem()
        .map_or(Dynamic::UNIT, |problem| problem.to_string().into()))
}

fn types(engine: &mut Engine) {
    engine
        .register_type_with_name::<CsvFile>("CsvFile")
        .register_iterator_result::<CsvFile, Record>()
        .register_type_with_name::<Record>("CsvRecord")
        .register_indexer_get(cell);
}

/// `record["Column"]`, called for every cell a script looks at: no detour through a [`Call`].
fn cell(
    context: NativeCallContext<'_>,
    record: &mut Record,
    name: &str,
) -> Result<ImmutableString, Box<EvalAltResult>> {
    record.cell(name).map(ImmutableString::from).ok_or_else(|| {
        let mut error = Error::new(Kind::Script, format!("the file has no column `{name}`"));
        let names = record.header().names().iter();
        error.hint = did_you_mean(name, names.map(String::as_str))
            .or_else(|| Some("name it in `required` or `optional` of `csv::open`".to_owned()));
        Thrown::from(error).raise(context.call_position())
    })
}

impl IntoIterator for CsvFile {
    type Item = Result<Record, Box<EvalAltResult>>;
    type IntoIter = Records;

    fn into_iter(self) -> Records {
        Records {
            file: self,
            told: 0,
            given: Given::default(),
        }
    }
}

/// The records of a file, with events of progress.
struct Records {
    file: CsvFile,
    told: u64,
    given: Given,
}

impl Records {
    fn record(&mut self) -> Option<Result<Record, Box<EvalAltResult>>> {
        let host = Rc::clone(&self.file.0.host);
        host.limits().reset();
        let (record, done, total) = {
            let mut reader = self.file.0.reader.borrow_mut();
            (reader.next_record(), reader.passed(), reader.size())
        };
        match record {
            Ok(record) => {
                let done = if record.is_none() { total } else { done };
                if self.told < total {
                    self.tell(done, total);
                }
                Ok(record).transpose()
            }
            Err(error) => Some(Err(
                Thrown::from(Error::from(error)).raise(rhai::Position::NONE)
            )),
        }
    }

    fn tell(&mut self, done: u64, total: u64) {
        if done == total || done >= self.told + PROGRESS_BYTES {
            self.told = done;
            self.file.0.host.sink().send(&Event::Progress {
                task: self.file.0.path.clone(),
                done,
                total: Some(total),
                unit: "bytes".to_owned(),
            });
        }
    }
}

impl Iterator for Records {
    type Item = Result<Record, Box<EvalAltResult>>;

    fn next(&mut self) -> Option<Self::Item> {
        let host = Rc::clone(&self.file.0.host);
        let mut given = std::mem::take(&mut self.given);
        let item = given.next(host.limits(), || self.record());
        self.given = given;
        item
    }
}
