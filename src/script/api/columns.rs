//! `db::columns`: what a table consists of.

use rhai::Dynamic;

use super::{Accepts, Answer, Call, Form, Function, required};
use crate::db::Error;
use crate::script::convert::to_dynamic;
use crate::script::nearest::did_you_mean;
use crate::value::Value;

/// `db::columns(table)`.
pub const COLUMNS: Function = Function {
    name: "columns",
    form: Form::Function,
    arguments: &[required("table", Accepts::Text, "the table")],
    right: None,
    doc: "Lists the columns of a table. An INSERT must name those that are `required`: they have no default, take no NULL, and the engine does not fill them in.",
    result: "an array of maps: `name`, `type`, `nullable`, `generated`, `required`",
    errors: "`database` if there is no such table",
    body: columns,
};

fn columns(call: &Call<'_>) -> Answer {
    let name = call.text(0);
    let catalog = super::db::catalog(call)?;
    let Some(table) = catalog.table(&super::db::table_name(call, &name)?) else {
        let names: Vec<String> = catalog
            .tables
            .iter()
            .map(|table| table.name.to_string())
            .collect();
        let table = name.to_string();
        let mut error = crate::error::Error::from(Error::NoTable { table });
        error.hint = did_you_mean(&name, names.iter().map(String::as_str));
        return Err(error.into());
    };
    let columns = table.columns.iter().map(|column| {
        let required = table.required.contains(&column.name);
        to_dynamic(Value::Map(vec![
            ("name".to_owned(), column.name.as_str().into()),
            ("type".to_owned(), column.type_name.as_str().into()),
            ("nullable".to_owned(), Value::Bool(column.nullable)),
            ("generated".to_owned(), Value::Bool(column.generated)),
            ("required".to_owned(), Value::Bool(required)),
        ]))
    });
    Ok(Dynamic::from_array(columns.collect()))
}
