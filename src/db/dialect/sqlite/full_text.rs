//! Full-text tables that could not be made, or not be filled, once more here: a tokenizer that only the application has
//! (<https://www.sqlite.org/fts5.html#tokenizers>), a content table that is not there any more.

use rusqlite::Connection;

use super::catalog::{quote, rows};
use super::fault;
use crate::db::{Error, Result};

/// Why this program cannot write to such a table: its tokenizer is unknown, which is looked for with the first word.
pub(super) fn without_tokenizer(name: &str, sql: &str) -> Result<Option<String>> {
    let memory = Connection::open_in_memory().map_err(fault::statement)?;
    // One statement: behind it a file that was tampered with may hold others, which SQLite itself passes over.
    let made = memory
        .prepare(sql)
        .and_then(|mut create| create.raw_execute())
        .map_err(fault::statement)
        .and_then(|_| {
            let columns = columns(&memory, name)?;
            let words = vec!["'x'"; columns.len()].join(", ");
            let insert = format!(
                "INSERT INTO {} ({}) VALUES ({words})",
                quote(name),
                columns.join(", ")
            );
            memory.execute_batch(&insert).map_err(fault::statement)
        });
    // Whatever else it lacks, such as its content table, is not here to be looked at.
    let of_tokenizer = |said: &String| said.contains("tokenizer");
    Ok(made.err().map(|error| words(&error)).filter(of_tokenizer))
}

/// Why the rows of `content` cannot be read as the index reads them (`rowid`: its `content_rowid`), in SQLite's words.
///
/// # Errors
/// What the engine refuses beside that.
pub(super) fn without_content(
    connection: &Connection,
    name: &str,
    content: &str,
    rowid: Option<&str>,
) -> Result<Option<String>> {
    let asked = columns(connection, name).and_then(|columns| {
        let columns = columns.iter().map(|column| format!("T.{column}"));
        let rowid = quote(rowid.unwrap_or("rowid"));
        let read: Vec<String> = std::iter::once(format!("T.{rowid}"))
            .chain(columns)
            .collect();
        let sql = format!(
            "SELECT {} FROM main.{} AS T",
            read.join(", "),
            quote(content)
        );
        connection
            .prepare(&sql)
            .map(|_| ())
            .map_err(fault::statement)
    });
    match asked {
        Ok(()) => Ok(None),
        Err(Error::Statement { source }) => Ok(Some(source.message)),
        Err(error) => Err(error),
    }
}

/// Its columns, quoted.
fn columns(connection: &Connection, name: &str) -> Result<Vec<String>> {
    rows(
        connection,
        "SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0 ORDER BY cid",
        &[name],
        |row| row.get::<_, String>(0).map(|column| quote(&column)),
    )
}

fn words(error: &Error) -> String {
    match error {
        Error::Statement { source } => source.message.clone(),
        error => error.to_string(),
    }
}
