//! What ALTER TABLE does to partitions.

use super::cursor::{Cursor, Read};
use super::key;
use crate::hazard::action::{Action, PartitionChange};
use crate::ident::TableName;

/// The names behind PARTITION; ALL is none.
fn names(cursor: &mut Cursor<'_>) -> Read<Vec<String>> {
    if cursor.eat("all") {
        return Ok(Vec::new());
    }
    let mut names = vec![cursor.name()?];
    // A comma may also begin the next action, which no name of a partition does.
    while cursor.is_symbol(",") && !starts_action(cursor) {
        cursor.step();
        names.push(cursor.name()?);
    }
    Ok(names)
}

fn starts_action(cursor: &Cursor<'_>) -> bool {
    const ACTIONS: [&str; 8] = [
        "add",
        "drop",
        "modify",
        "change",
        "alter",
        "rename",
        "algorithm",
        "lock",
    ];
    let named = cursor.nth(1).is_some_and(|next| next.is_any(&ACTIONS));
    let alone = cursor.nth(2).is_none_or(|next| next.is_symbol(","));
    named && !alone
}

/// `PARTITION p, q` behind DROP.
pub(super) fn dropped(table: &TableName, cursor: &mut Cursor<'_>) -> Read<Action> {
    cursor.expect("partition")?;
    cursor.eat_if_exists();
    Ok(Action::Partition {
        table: table.clone(),
        change: PartitionChange::Drop(names(cursor)?),
    })
}

/// MariaDB's `CONVERT PARTITION p TO TABLE t` and `CONVERT TABLE t TO PARTITION …`.
pub(super) fn converted(table: &TableName, cursor: &mut Cursor<'_>) -> Read<Action> {
    let leaves = cursor.is("partition");
    cursor.step();
    let other = cursor.table()?;
    cursor.expect("to")?;
    let change = match leaves {
        true => {
            cursor.expect("table")?;
            PartitionChange::Detach(cursor.table()?)
        }
        false => {
            cursor.until(|_| false);
            PartitionChange::Exchange {
                partition: String::new(),
                with: other,
            }
        }
    };
    Ok(Action::Partition {
        table: table.clone(),
        change,
    })
}

/// The other changes of partitions, and options of a table, which do nothing here.
pub(super) fn change(table: &TableName, cursor: &mut Cursor<'_>) -> Read<Option<Action>> {
    let of = |change| Action::Partition {
        table: table.clone(),
        change,
    };
    if cursor.eat_all(&["truncate", "partition"]) || cursor.eat_all(&["discard", "partition"]) {
        let change = PartitionChange::Truncate(names(cursor)?);
        cursor.eat("tablespace");
        return Ok(Some(of(change)));
    }
    if cursor.eat_all(&["exchange", "partition"]) {
        let partition = cursor.name()?;
        cursor.expect("with")?;
        cursor.expect("table")?;
        let with = cursor.table()?;
        return Ok(Some(of(PartitionChange::Exchange { partition, with })));
    }
    let anew = [
        &["reorganize", "partition"][..],
        &["coalesce", "partition"],
        &["remove", "partitioning"],
        &["partition", "by"],
    ];
    for words in anew {
        if cursor.eat_all(words) {
            cursor.until(|_| false);
            return Ok(Some(of(PartitionChange::Repartition)));
        }
    }
    let upkeep = [
        "analyze", "check", "optimize", "rebuild", "repair", "import",
    ];
    if cursor.is_any(&upkeep) && cursor.nth(1).is_some_and(|next| next.is("partition")) {
        cursor.until(|_| false);
        return Ok(None);
    }
    option(cursor)?;
    Ok(None)
}

/// Options that may stand without `=`, and actions that change no row.
const OPTIONS: [&str; 42] = [
    "algorithm",
    "autoextend_size",
    "auto_increment",
    "avg_row_length",
    "character",
    "charset",
    "checksum",
    "collate",
    "comment",
    "compression",
    "connection",
    "data",
    "default",
    "delay_key_write",
    "disable",
    "enable",
    "encryption",
    "engine_attribute",
    "first",
    "force",
    "import",
    "index",
    "insert_method",
    "key_block_size",
    "lock",
    "max_rows",
    "min_rows",
    "nowait",
    "pack_keys",
    "page_checksum",
    "partitions",
    "password",
    "row_format",
    "secondary_engine",
    "stats_auto_recalc",
    "stats_persistent",
    "stats_sample_pages",
    "storage",
    "tablespace",
    "union",
    "with",
    "without",
];

/// `ROW_FORMAT = DYNAMIC`, `ALGORITHM=INPLACE`, `FORCE`, `ORDER BY a, b`.
fn option(cursor: &mut Cursor<'_>) -> Read<()> {
    const MORE: [&str; 11] = [
        "character",
        "set",
        "charset",
        "directory",
        "collate",
        "keys",
        "tablespace",
        "validation",
        "system",
        "versioning",
        "parser",
    ];
    if cursor.eat_all(&["order", "by"]) {
        cursor.until(|_| false);
        return Ok(());
    }
    // Engines have options of their own: `ietf_quotes=yes`.
    let known = cursor.is_any(&OPTIONS) || cursor.nth(1).is_some_and(|next| next.is_symbol("="));
    if !known || cursor.peek_name().is_none() {
        return Err(cursor.stop());
    }
    cursor.step();
    while cursor.eat_any(&MORE) {}
    cursor.eat_symbol("=");
    if cursor.is_symbol("(") {
        cursor.skip();
    } else if key::is_value(cursor) {
        cursor.step();
    }
    Ok(())
}
