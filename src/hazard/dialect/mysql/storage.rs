//! ENGINE=…, by what the engine keeps (<https://mariadb.com/kb/en/storage-engines/>,
//! <https://dev.mysql.com/doc/refman/8.4/en/storage-engines.html>).

use super::column;
use super::cursor::{Cursor, Read};
use crate::hazard::action::{Keeps, Storage};

/// How the option is called; TYPE is what old servers called it.
pub(super) const OPTION: [&str; 2] = ["engine", "type"];

/// Engines by what they keep, in lower case.
const ENGINES: [(Keeps, &[&str]); 4] = [
    (Keeps::All, &["innodb", "xtradb", "ndb", "ndbcluster"]),
    (Keeps::Transactions, &["rocksdb", "tokudb"]),
    (
        Keeps::Rows,
        &[
            "myisam",
            "aria",
            "maria",
            "csv",
            "archive",
            "merge",
            "mrg_myisam",
            "columnstore",
            "s3",
        ],
    ),
    (
        Keeps::Nothing,
        &["memory", "heap", "blackhole", "federated", "example"],
    ),
];

/// `ENGINE = InnoDB`, from its first word on.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Read<Storage> {
    cursor.step();
    cursor.eat_symbol("=");
    let name = column::word(cursor)?;
    let known = ENGINES
        .iter()
        .find(|(_, names)| names.iter().any(|known| name.eq_ignore_ascii_case(known)));
    let keeps = known.map_or(Keeps::Unknown, |(keeps, _)| *keeps);
    Ok(Storage { name, keeps })
}
