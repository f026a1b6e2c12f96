//! What an SQLite database holds, as one hash: the schema, every row with its storage classes, and the header's numbers.
//! Equal hashes mean that nobody can tell the two apart by SQL.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

/// The hash of a database file; `missing` where there is none.
pub fn database_hash(path: &Path) -> String {
    if !path.exists() {
        return "missing".to_owned();
    }
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .expect("the database can be opened");
    let mut hash = Sha256::new();
    for pragma in ["user_version", "application_id", "encoding"] {
        digest_rows(&database, &format!("PRAGMA {pragma}"), &mut hash);
    }
    digest_rows(
        &database,
        "SELECT type, name, tbl_name, sql FROM sqlite_schema",
        &mut hash,
    );
    for (name, rowid) in tables(&database) {
        hash.update(&name);
        let rowid = if rowid { "_rowid_, " } else { "" };
        let quoted = name.replace('"', "\"\"");
        digest_rows(
            &database,
            &format!("SELECT {rowid}* FROM \"{quoted}\""),
            &mut hash,
        );
    }
    hex::encode(hash.finalize())
}

/// Tables with rows of their own, and whether `_rowid_` is their rowid.
fn tables(database: &Connection) -> Vec<(String, bool)> {
    let mut statement = database
        .prepare(
            "SELECT name, NOT wr AND NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(t.name) c
                 WHERE lower(c.name) = '_rowid_')
             FROM pragma_table_list t WHERE schema = 'main' AND type IN ('table', 'shadow')
                 AND name <> 'sqlite_schema' ORDER BY name",
        )
        .expect("SQLite knows its own pragmas");
    statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .expect("the catalog is readable")
}

/// Adds a query's rows, in an order that depends on nothing but themselves.
fn digest_rows(database: &Connection, sql: &str, hash: &mut Sha256) {
    let mut statement = database
        .prepare(sql)
        .unwrap_or_else(|error| panic!("{error} in: {sql}"));
    let columns = statement.column_count();
    let mut cursor = statement.query([]).expect("the query has no parameters");
    let mut rows: Vec<Vec<u8>> = Vec::new();
    while let Some(row) = cursor.next().expect("the database is readable") {
        let mut encoded = Vec::new();
        for column in 0..columns {
            encode(
                row.get_ref(column).expect("the column is there"),
                &mut encoded,
            );
        }
        rows.push(encoded);
    }
    rows.sort();
    hash.update((rows.len() as u64).to_be_bytes());
    for row in rows {
        hash.update((row.len() as u64).to_be_bytes());
        hash.update(row);
    }
}

fn encode(value: ValueRef<'_>, out: &mut Vec<u8>) {
    let (class, bytes) = match value {
        ValueRef::Null => (b'n', Vec::new()),
        ValueRef::Integer(value) => (b'i', value.to_be_bytes().to_vec()),
        ValueRef::Real(value) => (b'r', value.to_bits().to_be_bytes().to_vec()),
        ValueRef::Text(bytes) => (b't', bytes.to_vec()),
        ValueRef::Blob(bytes) => (b'b', bytes.to_vec()),
    };
    out.push(class);
    out.extend((bytes.len() as u64).to_be_bytes());
    out.extend(bytes);
}

#[test]
fn the_hash_sees_every_change_and_only_changes() {
    let project = super::Project::new();
    project.sql("CREATE TABLE t(a); INSERT INTO t VALUES (1), ('1'), (1.0), (x'31'), (NULL)");
    let before = project.hash();
    project.sql("BEGIN; UPDATE t SET a = 2; ROLLBACK; VACUUM");
    assert_eq!(project.hash(), before);
    for change in [
        "UPDATE t SET a = 1 WHERE typeof(a) = 'text'",
        "PRAGMA user_version = 7",
        "CREATE INDEX i ON t(a)",
        "UPDATE t SET _rowid_ = 99 WHERE a IS NULL",
        "DELETE FROM t WHERE a IS NULL",
    ] {
        let before = project.hash();
        project.sql(change);
        assert_ne!(project.hash(), before, "{change}");
    }
}
