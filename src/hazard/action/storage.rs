//! Storage engines of MySQL and MariaDB, by what a table in them keeps.

/// An ENGINE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hazard) struct Storage {
    /// As the statement names it.
    pub(in crate::hazard) name: String,
    pub(in crate::hazard) keeps: Keeps,
}

/// What an engine keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hazard) enum Keeps {
    /// Rows, transactions, foreign keys: InnoDB.
    All,
    /// Rows and transactions: RocksDB.
    Transactions,
    /// Rows: MyISAM, Aria, CSV.
    Rows,
    /// Nothing over a restart, or nothing at all: MEMORY, BLACKHOLE.
    Nothing,
    /// Nobody knows here.
    Unknown,
}
