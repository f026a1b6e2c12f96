//! `db`: the database.

use rhai::{Array, Dynamic, Engine, Map};

use super::{Accepts, Answer, Call, Form, Function, Key, Namespace, optional, required};
use crate::db::dialect::Begin;
use crate::db::{self, Session};
use crate::error::{Error, Kind};
use crate::event::Event;
use crate::hazard::mask_literals;
use crate::ident::TableName;
use crate::script::convert::{rows_to_array, to_dynamic, to_value};
use crate::script::fault::Thrown;
use crate::script::nearest::did_you_mean;
use crate::script::{sql, stream};
use crate::value::Value;

/// Rows `db::query` returns at most.
const QUERY_ROWS: usize = 10_000;

const SQL: &str = "one statement; values stand in it as `?` or `:name`, never as text";
const PARAMS: &str = "the values: an array for `?`, a map for `:name`";

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "db",
    doc: "The database. Reading is free; what changes it needs the right `db:write`.",
    functions: &[
        Function {
            name: "name",
            form: Form::Function,
            arguments: &[],
            right: None,
            doc: "Names the database.",
            result: "its name; for SQLite the file's",
            errors: "none",
            body: name,
        },
        Function {
            name: "engine",
            form: Form::Function,
            arguments: &[],
            right: None,
            doc: "Names the engine.",
            result: "`sqlite`, `postgres`, `mysql` or `mariadb`",
            errors: "none",
            body: engine,
        },
        Function {
            name: "tables",
            form: Form::Function,
            arguments: &[],
            right: None,
            doc: "Lists the tables.",
            result: "an array of names in order",
            errors: "`connect`, `database`",
            body: tables,
        },
        Function {
            name: "count",
            form: Form::Function,
            arguments: &[required("table", Accepts::Text, "the table")],
            right: None,
            doc: "Counts the rows of a table.",
            result: "an int",
            errors: "`database` if there is no such table",
            body: count,
        },
        Function {
            name: "query",
            form: Form::Function,
            arguments: &[
                required("sql", Accepts::Text, SQL),
                optional("params", Accepts::Params, PARAMS),
            ],
            right: None,
            doc: "Runs a query and returns all its rows, at most 10,000; `db::rows` streams more.",
            result: "an array of maps, one a row",
            errors: "`database` for what the engine refuses and for too many rows",
            body: query,
        },
        Function {
            name: "rows",
            form: Form::Function,
            arguments: &[
                required("sql", Accepts::Text, SQL),
                optional("params", Accepts::Params, PARAMS),
            ],
            right: None,
            doc: "Streams the rows of a query: `for row in db::rows(…)`. Any number of rows, memory stays flat.",
            result: "a stream of maps, one a row, to walk through once",
            errors: "`database` for what the engine refuses, also while it is walked through",
            body: rows,
        },
        Function {
            name: "value",
            form: Form::Function,
            arguments: &[
                required("sql", Accepts::Text, SQL),
                optional("params", Accepts::Params, PARAMS),
            ],
            right: None,
            doc: "Runs a query for one value.",
            result: "the first column of its row, or () if there is no row",
            errors: "`database` for what the engine refuses and for more than one row",
            body: value,
        },
        Function {
            name: "execute",
            form: Form::Function,
            arguments: &[
                required("sql", Accepts::Text, SQL),
                optional("params", Accepts::Params, PARAMS),
            ],
            right: Some("db:write"),
            doc: "Runs a statement that changes the database. Only told under `--plan`.",
            result: "how many rows it changed; 0 under `--plan`",
            errors: "`database` for what the engine refuses",
            body: execute,
        },
        Function {
            name: "insert",
            form: Form::Function,
            arguments: &[
                required("table", Accepts::Text, "the table"),
                required(
                    "rows",
                    Accepts::List,
                    "maps of column and value, all with the same columns",
                ),
            ],
            right: Some("db:write"),
            doc: "Inserts many rows at once: all or none.",
            result: "how many rows",
            errors: "`database` for what the engine refuses, `script` for a row with other columns",
            body: insert,
        },
        Function {
            name: "transaction",
            form: Form::Function,
            arguments: &[required("work", Accepts::Closure, "what belongs together")],
            right: None,
            doc: "Runs a closure in a transaction: committed at its end, rolled back if it throws or the run is stopped. One inside another is a savepoint.",
            result: "what the closure returns",
            errors: "what the closure throws, and what the engine refuses",
            body: transaction,
        },
        Function {
            name: "quote_name",
            form: Form::Function,
            arguments: &[required(
                "name",
                Accepts::Text,
                "a table's or column's name",
            )],
            right: None,
            doc: "Quotes a name as this engine does, to stand in a statement.",
            result: "the quoted name",
            errors: "none",
            body: quote_name,
        },
        Function {
            name: "taken",
            form: Form::Function,
            arguments: &[
                required("table", Accepts::Text, "the table"),
                required("column", Accepts::Text, "the column"),
                optional(
                    "options",
                    Accepts::Options(TAKEN_OPTIONS),
                    "how values are compared",
                ),
            ],
            right: None,
            doc: "Watches which values of a column are taken, by the database and by this run, over millions of rows: `.has`, `.add`, `.expect`.",
            result: "a handle of type `taken`",
            errors: "none",
            body: super::taken::open,
        },
        super::columns::COLUMNS,
        super::taken::HAS,
        super::taken::ADD,
        super::taken::EXPECT,
    ],
    types: register_types,
};

const TAKEN_OPTIONS: &[Key] = &[Key {
    name: "ignore_case",
    accepts: Accepts::Bool,
    doc: "whether `A` and `a` are the same",
}];

fn register_types(engine: &mut Engine) {
    engine
        .register_type_with_name::<stream::RowStream>("rows")
        .register_iterator_result::<stream::RowStream, Dynamic>()
        .register_type_with_name::<super::taken::Taken>("taken");
}

/// The statement and its bound values.
fn statement(call: &Call<'_>) -> Result<(String, Vec<Value>), Thrown> {
    let text = call.text(0);
    match call.dynamic(1).try_cast::<Map>() {
        Some(values) => sql::positional(&text, values),
        None => Ok((text.to_string(), call.values(1)?)),
    }
}

/// A table by the name a script gives it: `schema.table` where the engine has schemas.
pub fn table_name(call: &Call<'_>, name: &str) -> TableName {
    match name.split_once('.') {
        Some((schema, table)) if call.host.target().engine() != db::Engine::Sqlite => TableName {
            schema: Some(schema.to_owned()),
            name: table.to_owned(),
        },
        _ => TableName::plain(name),
    }
}

fn name(call: &Call<'_>) -> Answer {
    Ok(call.host.target().name().to_owned().into())
}

fn engine(call: &Call<'_>) -> Answer {
    Ok(call.host.target().engine().name().into())
}

fn table_names(call: &Call<'_>) -> Result<Vec<String>, Thrown> {
    let catalog = call
        .host
        .session(async |session: &mut Session| session.catalog().await)?;
    Ok(catalog
        .tables
        .iter()
        .map(|table| table.name.to_string())
        .collect())
}

fn tables(call: &Call<'_>) -> Answer {
    let names = table_names(call)?.into_iter().map(Dynamic::from);
    Ok(Dynamic::from_array(names.collect()))
}

fn count(call: &Call<'_>) -> Answer {
    let name = call.text(0);
    let table = table_name(call, &name);
    let counted = call
        .host
        .session(async |session: &mut Session| session.count(&table).await);
    match counted {
        Ok(rows) => Ok(int(rows)),
        Err(mut error) if error.kind == Kind::Database && error.hint.is_none() => {
            let names = table_names(call)?;
            error.hint = did_you_mean(&name, names.iter().map(String::as_str));
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn int(number: u64) -> Dynamic {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

fn query(call: &Call<'_>) -> Answer {
    let (sql, params) = statement(call)?;
    let rows = call
        .host
        .session(async |session: &mut Session| session.query(&sql, &params, QUERY_ROWS).await)?;
    Ok(rows_to_array(rows))
}

fn rows(call: &Call<'_>) -> Answer {
    let (sql, params) = statement(call)?;
    let stream = stream::RowStream::open(call.host, &sql, &params, call.context.call_position())?;
    Ok(Dynamic::from(stream))
}

fn value(call: &Call<'_>) -> Answer {
    let (sql, params) = statement(call)?;
    let rows = call
        .host
        .session(async |session: &mut Session| session.query(&sql, &params, 1).await)?;
    let first = rows
        .rows
        .into_iter()
        .next()
        .and_then(|row| row.into_iter().next());
    Ok(first.map_or(Dynamic::UNIT, to_dynamic))
}

/// Announces a statement; `false` under `--plan`, where it is only told.
fn announce(call: &Call<'_>, masked: &str, action: String) -> Result<bool, Thrown> {
    let event = Event::Statement {
        sql: masked.to_owned(),
        position: call.position(),
        rows: None,
    };
    Ok(call.host.effect_as("db:write", action, &event)?)
}

/// Records how many rows a statement changed.
fn record(call: &Call<'_>, masked: String, rows: u64) {
    if call.host.in_scratch() {
        return;
    }
    call.host.sink().send(&Event::Statement {
        sql: masked,
        position: call.position(),
        rows: Some(rows),
    });
}

fn execute(call: &Call<'_>) -> Answer {
    let (sql, params) = statement(call)?;
    let masked = mask_literals(call.host.target().engine(), &sql);
    if !announce(call, &masked, format!("run `{masked}`"))? {
        return Ok(0_i64.into());
    }
    let changed = call
        .host
        .session(async |session: &mut Session| session.execute(&sql, &params).await)?;
    record(call, masked, changed);
    Ok(int(changed))
}

fn insert(call: &Call<'_>) -> Answer {
    let table = table_name(call, &call.text(0));
    let (columns, rows) = columns_and_rows(call.array(1))?;
    if rows.is_empty() {
        return Ok(0_i64.into());
    }
    let engine = call.host.target().engine();
    let quoted = |name: &String| engine.quote(name);
    let masked = format!(
        "INSERT INTO {} ({}) VALUES ({})",
        engine.quote_table(&table),
        columns.iter().map(quoted).collect::<Vec<_>>().join(", "),
        vec!["?"; columns.len()].join(", ")
    );
    let count = rows.len();
    if !announce(
        call,
        &masked,
        format!("insert {count} row(s) into `{table}`"),
    )? {
        return Ok(int(count as u64));
    }
    let inserted = call
        .host
        .session(async |session: &mut Session| session.insert_many(&table, &columns, rows).await)?;
    record(call, masked, inserted);
    Ok(int(inserted))
}

/// The columns of the first row, and every row's values in that order.
fn columns_and_rows(maps: Array) -> Result<(Vec<String>, Vec<Vec<Value>>), Thrown> {
    let mut columns: Vec<String> = Vec::new();
    let mut rows = Vec::with_capacity(maps.len());
    for (index, map) in maps.into_iter().enumerate() {
        let number = index + 1;
        let Some(map) = map.try_cast::<Map>() else {
            return Err(Error::new(Kind::Script, format!("row {number} is not a map")).into());
        };
        if index == 0 {
            columns = map.keys().map(ToString::to_string).collect();
        }
        let same = map.len() == columns.len()
            && map
                .keys()
                .zip(&columns)
                .all(|(key, column)| key.as_str() == column);
        if !same || columns.is_empty() {
            return Err(Error::new(
                Kind::Script,
                format!("row {number} has other columns than the first"),
            )
            .hint("give every row the same keys; `()` is NULL")
            .into());
        }
        let values = map.into_values().map(to_value);
        rows.push(values.collect::<Result<Vec<_>, _>>()?);
    }
    Ok((columns, rows))
}

fn transaction(call: &Call<'_>) -> Answer {
    let host = call.host;
    let work = call.closure(0)?;
    let mode = if host.writes() {
        Begin::Write
    } else {
        Begin::Read
    };
    host.session(async |session: &mut Session| session.begin(mode).await)?;
    let place = host.workplace();
    let result = call.run(&work, Vec::new()).and_then(|value| {
        host.finish_session(async |session: &mut Session| session.commit().await)?;
        Ok(value)
    });
    match result {
        Ok(value) => {
            if host.depth() == 0 {
                host.note_commit();
            }
            Ok(value)
        }
        Err(thrown) => {
            let undone = host.mend_session(place, async |session: &mut Session| {
                session.rollback().await
            });
            if let Err(error) = undone {
                // The connection is closed at the end of the run, which rolls back whatever is left.
                host.say(
                    crate::event::Level::Warn,
                    format!("cannot roll back: {}", error.chain()),
                );
            }
            Err(thrown)
        }
    }
}

fn quote_name(call: &Call<'_>) -> Answer {
    Ok(call.host.target().engine().quote(&call.text(0)).into())
}
