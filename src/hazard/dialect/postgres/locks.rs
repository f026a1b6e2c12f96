//! How statements lock what others use. The rules are those of squawk (<https://squawkhq.com/docs/rules>), the reasons
//! PostgreSQL's manual (<https://www.postgresql.org/docs/15/explicit-locking.html>). Its linter looks at files as a whole
//! and gives no tables, so the few rules are told here.

use crate::hazard::action::{Lock, LockWhen};
use crate::ident::TableName;

/// A lock on a table.
pub(super) fn on(table: &TableName, rule: &'static str, message: String, hint: &str) -> Lock {
    Lock {
        rule,
        table: Some(table.clone()),
        message,
        hint: Some(hint.to_owned()),
        when: LockWhen::Always,
    }
}

/// CREATE INDEX (<https://www.postgresql.org/docs/15/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>).
pub(super) fn index_created(table: &TableName, concurrently: bool) -> Lock {
    match concurrently {
        false => on(
            table,
            "lock-require-concurrent-index-creation",
            format!("writes to `{table}` wait until the index is built"),
            "CREATE INDEX CONCURRENTLY, in a file of its own that starts with `-- no-transaction`",
        ),
        true => Lock {
            when: LockWhen::InTransaction,
            ..on(
                table,
                "lock-ban-concurrent-index-creation-in-transaction",
                "CREATE INDEX CONCURRENTLY cannot run in a transaction, and this file runs in one"
                    .to_owned(),
                "put it in a file of its own that starts with `-- no-transaction`",
            )
        },
    }
}

/// DROP INDEX (<https://www.postgresql.org/docs/15/sql-dropindex.html>).
pub(super) fn index_dropped(index: &TableName, concurrently: bool) -> Lock {
    match concurrently {
        false => Lock {
            rule: "lock-require-concurrent-index-deletion",
            table: None,
            message: format!("reads and writes of the table of `{index}` wait for each other while it is dropped"),
            hint: Some(
                "DROP INDEX CONCURRENTLY, in a file of its own that starts with `-- no-transaction`".to_owned(),
            ),
            when: LockWhen::Index(index.clone()),
        },
        true => Lock {
            rule: "lock-ban-concurrent-index-creation-in-transaction",
            table: None,
            message: "DROP INDEX CONCURRENTLY cannot run in a transaction, and this file runs in one".to_owned(),
            hint: Some("put it in a file of its own that starts with `-- no-transaction`".to_owned()),
            when: LockWhen::InTransaction,
        },
    }
}

/// REINDEX (<https://www.postgresql.org/docs/15/sql-reindex.html>).
pub(super) fn reindexed(table: Option<TableName>, index: Option<TableName>) -> Lock {
    Lock {
        rule: "lock-require-concurrent-reindex",
        message: "writes wait until the index is built anew".to_owned(),
        hint: Some("REINDEX … CONCURRENTLY, outside a transaction".to_owned()),
        when: index.map_or(LockWhen::Always, LockWhen::Index),
        table,
    }
}

/// VACUUM FULL and CLUSTER (<https://www.postgresql.org/docs/15/sql-cluster.html>).
pub(super) fn repacked(table: &TableName, what: &str) -> Lock {
    on(
        table,
        "lock-prefer-repack",
        format!("{what} writes `{table}` anew; reads and writes wait until it is done"),
        "use pg_repack, or plain VACUUM",
    )
}

/// A key that is added with its index (<https://www.postgresql.org/docs/15/sql-altertable.html>).
pub(super) fn key_added(table: &TableName, primary: bool) -> Lock {
    let rule = match primary {
        true => "lock-adding-serial-primary-key-field",
        false => "lock-disallowed-unique-constraint",
    };
    on(
        table,
        rule,
        format!("reads and writes of `{table}` wait until the index of the key is built"),
        "CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT … USING INDEX",
    )
}

/// FOREIGN KEY: both tables are locked against writes while the rows are looked at.
pub(super) fn foreign_key_added(table: &TableName, parent: &TableName) -> Lock {
    on(
        table,
        "lock-adding-foreign-key-constraint",
        format!("writes to `{table}` and `{parent}` wait until every row was looked at"),
        "add it NOT VALID, then VALIDATE CONSTRAINT in a later migration",
    )
}

/// CHECK: the table is locked while the rows are looked at.
pub(super) fn check_added(table: &TableName) -> Lock {
    on(
        table,
        "lock-constraint-missing-not-valid",
        format!("reads and writes of `{table}` wait until every row was looked at"),
        "add it NOT VALID, then VALIDATE CONSTRAINT in a later migration",
    )
}

/// SET NOT NULL looks at every row, unless a CHECK has proven it (since PostgreSQL 12).
pub(super) fn not_null_set(table: &TableName, column: &str) -> Lock {
    on(
        table,
        "lock-adding-not-nullable-field",
        format!("reads and writes of `{table}` wait until `{column}` of every row was looked at"),
        "add CHECK (… IS NOT NULL) NOT VALID, VALIDATE it, then SET NOT NULL: it needs no look at the rows then",
    )
}

/// ADD COLUMN that writes every row anew: since PostgreSQL 11 only where the default is volatile
/// (<https://www.postgresql.org/docs/15/sql-altertable.html#SQL-ALTERTABLE-NOTES>).
pub(super) fn column_filled(table: &TableName, column: &str) -> Lock {
    on(
        table,
        "lock-adding-field-with-default",
        format!(
            "`{column}` is computed for every row of `{table}`; reads and writes wait until the table is written anew"
        ),
        "add the column without it, set the default, then fill the rows in batches",
    )
}

/// ALTER COLUMN … TYPE, which writes the table anew unless the types are alike.
pub(super) fn retyped(table: &TableName) -> Lock {
    on(
        table,
        "lock-changing-column-type",
        format!("reads and writes of `{table}` wait until the table is written anew"),
        "add a new column, fill it in batches, then swap the two",
    )
}

/// DETACH PARTITION (<https://www.postgresql.org/docs/15/sql-altertable.html>).
pub(super) fn partition_detached(table: &TableName) -> Lock {
    on(
        table,
        "lock-require-concurrent-partition-detach",
        format!("reads and writes of `{table}` wait while the partition is detached"),
        "DETACH PARTITION … CONCURRENTLY, outside a transaction",
    )
}

/// What the engine refuses inside a transaction block.
pub(super) fn refused_in_transaction(what: &str) -> Lock {
    Lock {
        rule: "cannot-run",
        table: None,
        message: format!("{what} cannot run in a transaction, and this file runs in one"),
        hint: Some("put it in a file of its own that starts with `-- no-transaction`".to_owned()),
        when: LockWhen::InTransaction,
    }
}

/// COPY FROM STDIN, whose rows only a client such as psql sends.
pub(super) fn copied_from_client(table: &TableName) -> Lock {
    Lock {
        rule: "cannot-run",
        table: Some(table.clone()),
        message: "COPY FROM STDIN cannot run in a migration: nobody sends its rows".to_owned(),
        hint: Some("write the rows as INSERT".to_owned()),
        when: LockWhen::InFile,
    }
}
