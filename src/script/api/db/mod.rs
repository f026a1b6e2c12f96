//! `db`: the database.

use rhai::{Dynamic, Engine, Map};

use super::{Accepts, Answer, Call, Form, Function, Namespace, columns, optional, required, taken};
use crate::db::{Catalog, Session, patiently};
use crate::error::{Error, Kind};
use crate::ident::TableName;
use crate::script::convert::{rows_to_array, to_dynamic};
use crate::script::fault::Thrown;
use crate::script::nearest::did_you_mean;
use crate::script::{sql, stream};
use crate::value::Value;

mod refusal;
mod write;

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
            errors: "`database` for what the engine refuses, and with the code `commits` for what would commit the open transaction by itself (on MySQL and MariaDB all that changes tables), before it runs",
            body: write::execute,
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
            doc: "Inserts many rows at once: all or none. Inside a transaction what came before stays where they are refused; `db::refusal` tells whether a row is to blame.",
            result: "how many rows",
            errors: "`database` for what the engine refuses, `script` for a row with other columns",
            body: write::insert,
        },
        Function {
            name: "transaction",
            form: Form::Function,
            arguments: &[required("work", Accepts::Closure, "what belongs together")],
            right: None,
            doc: "Runs a closure in a transaction: committed at its end, rolled back if it throws or the run is stopped. One inside another is a savepoint. On a server a statement waits for others' locks no longer than 30 s.",
            result: "what the closure returns",
            errors: "what the closure throws, and what the engine refuses; the code is `not-rolled-back` where something stays all the same, as in MySQL's tables without transactions",
            body: write::transaction,
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
                    Accepts::Options(taken::OPTIONS),
                    "how values are compared",
                ),
            ],
            right: None,
            doc: "Watches which values of a column are taken, by the database and by this run, over millions of rows: `.has`, `.add`, `.expect`.",
            result: "a handle of type `taken`",
            errors: "none",
            body: taken::open,
        },
        refusal::REFUSAL,
        columns::COLUMNS,
        taken::HAS,
        taken::ADD,
        taken::EXPECT,
    ],
    types: register_types,
};

fn register_types(engine: &mut Engine) {
    engine
        .register_type_with_name::<stream::RowStream>("rows")
        .register_iterator_result::<stream::RowStream, Dynamic>()
        .register_type_with_name::<taken::Taken>("taken");
}

/// The statement and its bound values.
fn statement(call: &Call<'_>) -> Result<(String, Vec<Value>), Thrown> {
    let text = call.text(0);
    match call.dynamic(1).try_cast::<Map>() {
        Some(values) => sql::positional(&text, values),
        None => Ok((text.to_string(), call.values(1)?)),
    }
}

/// A statement that only asks: what writes must be announced, and that is `db::execute`'s business.
fn question(call: &Call<'_>) -> Result<(String, Vec<Value>), Thrown> {
    let (text, values) = statement(call)?;
    // What a procedure does is not seen here; where the script has no right to write the database itself keeps it from that.
    let is_kept = |word: &String| word == "CALL" && call.host.require("db:write").is_err();
    let writes = sql::writes(call.host.target().engine(), &text);
    if let Some(word) = writes.filter(|word| !is_kept(word)) {
        let message = format!("a query does not write, and this one has `{word}`");
        return Err(Error::new(Kind::Script, message)
            .hint("use `db::execute`; it is written to the run log before it runs")
            .into());
    }
    Ok((text, values))
}

/// A table by the name a script gives it: `schema.table` where the engine has schemas, or as the session searches for it.
///
/// # Errors
/// What the database refuses.
pub fn table_name(call: &Call<'_>, name: &str) -> Result<TableName, Error> {
    if !call.host.target().engine().has_schemas() {
        return Ok(TableName::plain(name));
    }
    match name.split_once('.') {
        Some((schema, table)) => Ok(TableName {
            schema: Some(schema.to_owned()),
            name: table.to_owned(),
        }),
        None => {
            let host = call.host;
            host.session(async |session: &mut Session| session.table_named(name).await)
        }
    }
}

fn name(call: &Call<'_>) -> Answer {
    Ok(call.host.target().name().to_owned().into())
}

fn engine(call: &Call<'_>) -> Answer {
    // The server says whether it is MySQL or MariaDB.
    let engine = call
        .host
        .session(async |session: &mut Session| Ok::<_, Error>(session.engine()))?;
    Ok(engine.name().into())
}

/// What the database consists of.
pub fn catalog(call: &Call<'_>) -> crate::error::Result<Catalog> {
    let host = call.host;
    host.session(async |session: &mut Session| {
        patiently(session, host.sink(), "the database", async |session| {
            session.catalog().await
        })
        .await
    })
}

fn table_names(call: &Call<'_>) -> Result<Vec<String>, Thrown> {
    Ok(catalog(call)?
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
    let table = table_name(call, &name)?;
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
    let (sql, params) = question(call)?;
    let rows = call
        .host
        .session(async |session: &mut Session| session.query(&sql, &params, QUERY_ROWS).await)?;
    Ok(rows_to_array(rows))
}

fn rows(call: &Call<'_>) -> Answer {
    let (sql, params) = question(call)?;
    let stream = stream::RowStream::open(call.host, &sql, &params, call.context.call_position())?;
    Ok(Dynamic::from(stream))
}

fn value(call: &Call<'_>) -> Answer {
    let (sql, params) = question(call)?;
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

fn quote_name(call: &Call<'_>) -> Answer {
    Ok(call.host.target().engine().quote(&call.text(0)).into())
}
