//! Rows and names put aside while a run works, more than memory should hold: in a private SQLite file that has no name
//! and is gone when it is dropped, also after a crash. Nothing of it ever lies in the application's database.
//!
//! Synchronous: each call takes microseconds and touches no other program's lock.

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OptionalExtension, params};

use super::dialect::sqlite::fault;
use super::error::{Error, Result};
use super::packed;
use crate::value::Value;

/// Rows with a key each, to be read in an order of their own.
pub struct Staging {
    connection: Connection,
    rows: u64,
    /// The number of the row that came last.
    last: i64,
    indexed: bool,
}

/// A row that was put aside.
#[derive(Clone, Debug, PartialEq)]
pub struct Staged {
    /// What makes it one of its kind.
    pub key: String,
    /// Its values.
    pub row: Vec<(String, Value)>,
}

/// Where reading stands: behind the row of this order and number, or before the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place(Option<(Cell, i64)>);

impl Staging {
    /// An empty one.
    ///
    /// # Errors
    /// When the system's folder for temporary files cannot be used.
    pub fn open() -> Result<Staging> {
        // Keys have a table of their own: it is filled in no order, and must stay small for that to be fast.
        let connection = private(
            "CREATE TABLE keys (key TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID;
             CREATE TABLE rows (number INTEGER PRIMARY KEY, place ANY, key TEXT, row BLOB) STRICT;",
        )?;
        Ok(Staging {
            connection,
            rows: 0,
            last: 0,
            indexed: false,
        })
    }

    /// Puts a row aside, unless one with this key is there; returns whether it was put. `order` is an integer, a text or
    /// a time; rows of the same order stay in the order in which they came.
    ///
    /// # Errors
    /// When the disk is full, or `order` is of another type.
    pub fn add(&mut self, key: &str, order: &Value, row: &[(String, Value)]) -> Result<bool> {
        let place = place(order)?;
        let new = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO keys VALUES (?1, ?2)")
            .and_then(|mut statement| statement.execute(params![key, self.last + 1]))
            .map_err(failed)?;
        if new == 0 {
            return Ok(false);
        }
        self.connection
            .prepare_cached("INSERT INTO rows VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut statement| {
                statement.execute(params![self.last + 1, place, key, packed::pack(row)])
            })
            .map_err(failed)?;
        self.last += 1;
        self.rows += 1;
        Ok(true)
    }

    /// The next keys behind this one, at most `most`, in an order of their own; empty at the end.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn keys(&self, behind: Option<&str>, most: usize) -> Result<Vec<String>> {
        let sql = "SELECT key FROM keys WHERE ?1 IS NULL OR key > ?1 ORDER BY key LIMIT ?2";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let keys = statement
            .query_map(params![behind, most], |row| row.get(0))
            .map_err(failed)?;
        keys.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    /// Removes the row of this key. None there is no error.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn remove(&mut self, key: &str) -> Result<()> {
        let removed = self
            .connection
            .prepare_cached(
                "DELETE FROM rows WHERE number = (SELECT number FROM keys WHERE key = ?1)",
            )
            .and_then(|mut statement| statement.execute([key]))
            .map_err(failed)?;
        self.connection
            .prepare_cached("DELETE FROM keys WHERE key = ?1")
            .and_then(|mut statement| statement.execute([key]))
            .map_err(failed)?;
        self.rows -= removed as u64;
        Ok(())
    }

    /// How many rows are there.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The next rows in order, at most `most`, behind `place`, which moves on; empty at the end.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn next(&mut self, place: &mut Place, most: usize) -> Result<Vec<Staged>> {
        if !self.indexed {
            self.connection
                .execute_batch("CREATE INDEX in_order ON rows (place, number)")
                .map_err(failed)?;
            self.indexed = true;
        }
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        // No integer sorts before this one, no number is zero, and a text sorts behind every integer.
        let start = (Cell::Integer(i64::MIN), 0);
        let (order, number) = place.0.clone().unwrap_or(start);
        let sql = "SELECT place, number, key, row FROM rows WHERE (place, number) > (?1, ?2)
                   ORDER BY place, number LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let mut found = statement
            .query(params![order, number, most])
            .map_err(failed)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(failed)? {
            place.0 = Some((row.get(0).map_err(failed)?, row.get(1).map_err(failed)?));
            let bytes = row.get_ref(3).map_err(failed)?;
            let bytes = bytes.as_blob().unwrap_or_default();
            rows.push(Staged {
                key: row.get(2).map_err(failed)?,
                row: packed::unpack(bytes).ok_or(Error::Closed)?,
            });
        }
        Ok(rows)
    }
}

/// Names that are taken, without regard to letter case if asked for.
pub struct Names {
    connection: Connection,
    ignore_case: bool,
}

impl Names {
    /// None yet.
    ///
    /// # Errors
    /// When the system's folder for temporary files cannot be used.
    pub fn open(ignore_case: bool) -> Result<Names> {
        // `last`: the highest number that `unique` has put behind this name.
        let connection = private(
            "CREATE TABLE names (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;",
        )?;
        Ok(Names {
            connection,
            ignore_case,
        })
    }

    /// Whether the name is taken.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn has(&self, name: &str) -> Result<bool> {
        Ok(self.last(&self.folded(name))?.is_some())
    }

    /// Takes a name; returns whether it was free.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn add(&mut self, name: &str) -> Result<bool> {
        let added = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO names VALUES (?1, 1)")
            .and_then(|mut statement| statement.execute([self.folded(name)]))
            .map_err(failed)?;
        Ok(added == 1)
    }

    /// Takes this name or, where it is taken, the first free one of `name_2`, `name_3` …; returns the one it took. The
    /// last number of each name is remembered: a million of one name is no million times a million looks.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn unique(&mut self, name: &str) -> Result<String> {
        if self.add(name)? {
            return Ok(name.to_owned());
        }
        let folded = self.folded(name);
        let mut number = self.last(&folded)?.unwrap_or(1);
        loop {
            number += 1;
            let candidate = format!("{name}_{number}");
            if self.add(&candidate)? {
                self.connection
                    .prepare_cached("UPDATE names SET last = ?2 WHERE name = ?1")
                    .and_then(|mut statement| statement.execute(params![folded, number]))
                    .map_err(failed)?;
                return Ok(candidate);
            }
        }
    }

    fn last(&self, folded: &str) -> Result<Option<i64>> {
        self.connection
            .prepare_cached("SELECT last FROM names WHERE name = ?1")
            .and_then(|mut statement| statement.query_row([folded], |row| row.get(0)).optional())
            .map_err(failed)
    }

    fn folded(&self, name: &str) -> String {
        if self.ignore_case {
            name.to_lowercase()
        } else {
            name.to_owned()
        }
    }
}

/// A private database (<https://www.sqlite.org/inmemorydb.html#temp_db>): it spills to a nameless file once its cache is
/// full. One transaction without a journal, for nothing in it is worth a crash.
fn private(schema: &str) -> Result<Connection> {
    let connection = Connection::open("").map_err(failed)?;
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8192;
             PRAGMA temp_store = FILE; {schema} BEGIN;"
        ))
        .map_err(failed)?;
    Ok(connection)
}

/// An order as SQLite compares it: times as microseconds.
fn place(order: &Value) -> Result<Cell> {
    match order {
        Value::Int(order) => Ok(Cell::Integer(*order)),
        Value::Time(order) => Ok(Cell::Integer(order.timestamp_micros())),
        Value::Text(order) => Ok(Cell::Text(order.clone())),
        other => Err(Error::Order { kind: other.kind() }),
    }
}

fn failed(error: rusqlite::Error) -> Error {
    Error::Staging {
        source: fault::engine(&error),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn row(number: i64) -> Vec<(String, Value)> {
        vec![("number".to_owned(), Value::Int(number))]
    }

    fn all(staging: &mut Staging, most: usize) -> Vec<Value> {
        let mut place = Place::default();
        let mut found = Vec::new();
        loop {
            let rows = staging.next(&mut place, most).expect("a temporary file");
            if rows.is_empty() {
                return found;
            }
            assert!(rows.len() <= most);
            found.extend(rows.into_iter().map(|staged| staged.row[0].1.clone()));
        }
    }

    #[test]
    fn rows_come_in_their_order_and_the_same_order_as_they_came() {
        let mut staging = Staging::open().expect("a temporary file");
        for (number, order) in [5, 3, 5, i64::MIN, 3].into_iter().enumerate() {
            let number = i64::try_from(number).expect("small");
            let added = staging.add(&number.to_string(), &Value::Int(order), &row(number));
            assert!(added.expect("a temporary file"));
        }
        for most in [1, 2, 100] {
            assert_eq!(all(&mut staging, most), [3, 1, 4, 0, 2].map(Value::Int));
        }
    }

    #[test]
    fn a_key_is_taken_once() {
        let mut staging = Staging::open().expect("a temporary file");
        let time = Value::Time(DateTime::UNIX_EPOCH);
        assert!(staging.add("a", &time, &row(1)).expect("a temporary file"));
        assert!(!staging.add("a", &time, &row(2)).expect("a temporary file"));
        assert!(staging.add("A", &time, &row(3)).expect("a temporary file"));
        assert_eq!(staging.rows(), 2);
        assert_eq!(all(&mut staging, 10), [1, 3].map(Value::Int));
        assert!(staging.add("b", &Value::Null, &row(4)).is_err());
    }

    #[test]
    fn rows_are_removed_by_their_keys() {
        let mut staging = Staging::open().expect("a temporary file");
        for (number, key) in ["c", "a", "d", "b"].into_iter().enumerate() {
            let number = i64::try_from(number).expect("small");
            let added = staging.add(key, &Value::Int(-number), &row(number));
            assert!(added.expect("a temporary file"));
        }
        assert_eq!(
            staging.keys(None, 3).expect("a temporary file"),
            ["a", "b", "c"]
        );
        assert_eq!(staging.keys(Some("c"), 3).expect("a temporary file"), ["d"]);
        for key in ["a", "d", "e"] {
            staging.remove(key).expect("a temporary file");
        }
        assert_eq!(staging.rows(), 2);
        assert_eq!(all(&mut staging, 1), [3, 0].map(Value::Int));
        let back = staging.add("a", &Value::Int(1), &row(9));
        assert!(back.expect("a temporary file"));
    }

    #[test]
    fn names_are_numbered_without_regard_to_case() {
        let mut names = Names::open(true).expect("a temporary file");
        assert!(names.add("Info").expect("a temporary file"));
        assert!(names.add("info_3").expect("a temporary file"));
        let given: Vec<String> = (0..3)
            .map(|_| names.unique("info").expect("a temporary file"))
            .collect();
        assert_eq!(given, ["info_2", "info_4", "info_5"]);
        assert!(names.has("INFO_5").expect("a temporary file"));
        let mut exact = Names::open(false).expect("a temporary file");
        assert!(
            exact.add("a").expect("a temporary file") && exact.add("A").expect("a temporary file")
        );
    }

    #[test]
    fn the_numbers_of_a_name_are_not_looked_through_again() {
        let mut names = Names::open(true).expect("a temporary file");
        for _ in 0..20_000 {
            names.unique("same").expect("a temporary file");
        }
        assert_eq!(
            names.unique("same").expect("a temporary file"),
            "same_20001"
        );
    }
}
