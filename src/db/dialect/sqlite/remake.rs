//! What can be made again here. A schema may call functions and compare by collations that only the application gives its
//! connections (<https://www.sqlite.org/appfunc.html>); this program has none of them.

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ffi};

use super::catalog::{self, Entry};
use super::{fault, lines, math};
use crate::db::Result;
use crate::db::catalog::{Catalog, NotIncluded, SchemaSql, Unmakeable};

/// How many functions and collations one table may be lent.
const MOST: usize = 100;

/// How the statement ends that fills a full-text table from the one it indexes; a set may be of a time when that one was
/// gone already.
pub(super) const REBUILD: &str = " VALUES ('rebuild')";

/// What a statement needs and only the application has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Missing {
    Function(String),
    Collation(String),
}

impl Missing {
    /// What an error says is missing.
    fn of(error: &rusqlite::Error) -> Option<Missing> {
        let said = fault::engine(error).message;
        let rest = |prefix: &str| said.strip_prefix(prefix).map(str::to_owned);
        rest("no such function: ")
            .or_else(|| {
                Some(
                    rest("unknown function: ")?
                        .trim_end_matches("()")
                        .to_owned(),
                )
            })
            .map(Missing::Function)
            .or_else(|| rest("no such collation sequence: ").map(Missing::Collation))
    }

    /// Stands in for it, so that a table can be made whose rows do not need it.
    fn lend(&self, connection: &Connection) -> rusqlite::Result<()> {
        match self {
            Missing::Function(name) => {
                let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
                connection.create_scalar_function(name.as_str(), -1, flags, |_| {
                    Err::<i64, _>(rusqlite::Error::InvalidQuery)
                })
            }
            Missing::Collation(name) => {
                connection.create_collation(name.as_str(), |left, right| left.cmp(right))
            }
        }
    }

    fn take_back(&self, connection: &Connection) -> rusqlite::Result<()> {
        match self {
            Missing::Function(name) => connection.remove_function(name.as_str(), -1),
            Missing::Collation(name) => connection.remove_collation(name.as_str()),
        }
    }

    fn told(&self) -> String {
        match self {
            Missing::Function(name) => {
                format!("it needs the function `{name}`, which only the application has")
            }
            Missing::Collation(name) => {
                format!("it needs the collation `{name}`, which only the application has")
            }
        }
    }
}

/// Runs a statement of a schema file. A table is made also where a CHECK or the like calls what is not here; an index
/// that needs it is left out. Returns what to say of that.
///
/// # Errors
/// What the engine refuses.
pub(super) fn make(connection: &Connection, statement: &str) -> Result<Option<String>> {
    let Err(error) = create(connection, statement) else {
        return Ok(None);
    };
    if begins(statement, &["insert into"])
        && statement.ends_with(REBUILD)
        && fault::code(&error) == Some(ffi::SQLITE_ERROR)
    {
        return Ok(Some(format!(
            "`{statement}` was left out: what it is to find is not there ({}); until that is mended and the statement run, the search finds nothing",
            fault::engine(&error).message
        )));
    }
    match Missing::of(&error)
        .filter(|_| begins(statement, &["create index", "create unique index"]))
    {
        Some(missing) => Ok(Some(format!(
            "`{statement}` was left out: {}; let the application make it again",
            missing.told()
        ))),
        None => Err(fault::statement(error)),
    }
}

fn create(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    let is_table = begins(statement, &["create table"]);
    let mut lent: Vec<Missing> = Vec::new();
    let made = loop {
        // Of the one statement only: a file that was tampered with may hold more behind it.
        let created = connection
            .prepare(statement)
            .and_then(|mut create| create.raw_execute());
        let Err(error) = created else {
            break Ok(());
        };
        let missing = Missing::of(&error).filter(|missing| !lent.contains(missing));
        match missing.filter(|_| is_table && lent.len() < MOST) {
            Some(missing) => {
                missing.lend(connection)?;
                lent.push(missing);
            }
            None => break Err(error),
        }
    };
    for missing in lent {
        missing.take_back(connection)?;
    }
    made
}

fn begins(statement: &str, words: &[&str]) -> bool {
    let start = statement.trim_start().as_bytes();
    words.iter().any(|words| {
        start
            .get(..words.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(words.as_bytes()))
    })
}

/// What making the schema anew has shown.
#[derive(Default)]
pub(super) struct Trial {
    /// Tables whose rows could not be written again.
    pub(super) unmakeable: Vec<Unmakeable>,
    /// What else went wrong, for people.
    pub(super) warnings: Vec<String>,
}

/// Makes the schema in memory, as a restore will. What could not be made again goes from the schema into what is not
/// included.
///
/// # Errors
/// What the engine refuses of its own.
pub(super) fn try_out(
    connection: &Connection,
    catalog: &mut Catalog,
    schema: &mut SchemaSql,
) -> Result<Trial> {
    let entries = catalog::entries(connection)?;
    let memory = Connection::open_in_memory().map_err(fault::statement)?;
    math::add(&memory).map_err(fault::statement)?;
    // As in a restore: keys may point to what comes later, or to nothing.
    memory
        .pragma_update(None, "foreign_keys", false)
        .map_err(fault::statement)?;
    let mut trial = Trial::default();
    for statement in &schema.before {
        let made = create(&memory, statement);
        let Some(table) = entry(&entries, "table", statement)
            .and_then(|entry| {
                let mut tables = catalog.tables.iter();
                tables.find(|table| table.name.name == entry.name)
            })
            .filter(|table| table.module.is_none())
        else {
            continue;
        };
        let table_name = &table.name;
        match made.and_then(|()| lines::try_out(&memory, table)) {
            Ok(()) => {}
            Err(error) => match Missing::of(&error) {
                Some(missing) => trial.unmakeable.push(Unmakeable {
                    table: table_name.clone(),
                    why: missing.told(),
                }),
                None => trial.warnings.push(format!(
                    "`{table_name}` may not come back from this backup: to make it anew, on trial and without rows, failed: {}",
                    fault::engine(&error).message
                )),
            },
        }
    }
    leave_out(&memory, &entries, catalog, schema);
    Ok(trial)
}

/// Takes the indexes that cannot be made from the schema.
fn leave_out(
    memory: &Connection,
    entries: &[Entry],
    catalog: &mut Catalog,
    schema: &mut SchemaSql,
) {
    let mut left_out = Vec::new();
    schema.after.retain(|statement| {
        let Some(index) = entry(entries, "index", statement) else {
            return true;
        };
        let missing = create(memory, statement)
            .err()
            .and_then(|error| Missing::of(&error));
        left_out.extend(missing.as_ref().map(|missing| NotIncluded {
            kind: "index".to_owned(),
            name: index.name.clone(),
            why: format!(
                "{}; let it make the index again after a restore",
                missing.told()
            ),
        }));
        missing.is_none()
    });
    catalog.not_included.extend(left_out);
}

fn entry<'e>(entries: &'e [Entry], kind: &str, sql: &str) -> Option<&'e Entry> {
    entries
        .iter()
        .find(|entry| entry.kind == kind && entry.sql.as_deref() == Some(sql))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_cannot_be_filled_keeps_nothing_else_from_being_made() {
        let memory = Connection::open_in_memory().expect("memory");
        let sql = "CREATE VIRTUAL TABLE s USING fts5(body, content='gone')";
        memory.execute_batch(sql).expect(sql);
        let note = make(&memory, "INSERT INTO \"s\"(\"s\") VALUES ('rebuild')");
        let note = note.expect("no error").expect("a note");
        assert!(note.contains("no such table: main.gone"), "{note}");
        // A statement of another kind fails as ever.
        assert!(make(&memory, "INSERT INTO gone VALUES (1)").is_err());
    }
}
