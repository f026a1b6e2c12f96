//! Statements that commit the open transaction by themselves
//! (<https://dev.mysql.com/doc/refman/8.0/en/implicit-commit.html>,
//! <https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/>), seen before they run.

use super::guard::words;

/// Those that always do.
const ALWAYS: [&str; 22] = [
    "ALTER",
    "BEGIN",
    "CACHE",
    "CHANGE",
    "COMMIT",
    "CREATE",
    "DROP",
    "FLUSH",
    "GRANT",
    "INSTALL",
    "LOCK",
    "OPTIMIZE",
    "RENAME",
    "REPAIR",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SHUTDOWN",
    "START",
    "STOP",
    "TRUNCATE",
    "UNINSTALL",
];

/// The words that say so, if the statement is one of them.
pub(in crate::db) fn commits_by_itself(sql: &str) -> Option<String> {
    // However the server takes a backslash: one reading is enough, since a wrong one ends in an error of the server's or
    // in a look afterwards.
    let words = words(sql, (true, true))?;
    of(&words)
}

/// Whether it exchanges a partition with a table.
pub(super) fn exchanges_partition(sql: &str) -> bool {
    let words = words(sql, (true, true)).unwrap_or_default();
    let mut pairs = words.windows(2);
    words.first().is_some_and(|first| first == "ALTER")
        && pairs.any(|pair| pair[0] == "EXCHANGE" && pair[1] == "PARTITION")
}

fn of(words: &[String]) -> Option<String> {
    let first = words.first()?.as_str();
    let second = words.get(1).map_or("", String::as_str);
    let has = |word: &str| words.iter().any(|one| one == word);
    let temporary = || words.iter().take(4).any(|word| word == "TEMPORARY");
    let commits = match first {
        "CREATE" | "DROP" => !temporary(),
        "ROLLBACK" => !has("TO"),
        "ANALYZE" => ["TABLE", "LOCAL", "NO_WRITE_TO_BINLOG"].contains(&second),
        "CHECK" => second == "TABLE",
        "LOAD" => second == "INDEX",
        "SET" if second == "STATEMENT" => {
            let inner = words.iter().position(|word| word == "FOR")?;
            return of(&words[inner + 1..]);
        }
        "SET" => has("PASSWORD") || has("AUTOCOMMIT"),
        _ => ALWAYS.contains(&first),
    };
    let named = |word: &&str| !word.is_empty() && ["ALTER", "CREATE", "DROP"].contains(&first);
    let second = Some(second).filter(named);
    commits.then(|| second.map_or_else(|| first.to_owned(), |second| format!("{first} {second}")))
}

#[cfg(test)]
mod tests {
    use super::{commits_by_itself, exchanges_partition};

    #[test]
    fn an_exchange_of_a_partition_is_told_from_other_changes() {
        assert!(exchanges_partition(
            "alter table `t` exchange partition p with table u"
        ));
        for sql in [
            "ALTER TABLE t DROP PARTITION p",
            "SELECT 'EXCHANGE PARTITION'",
        ] {
            assert!(!exchanges_partition(sql), "{sql}");
        }
    }

    #[test]
    fn what_commits_is_told_from_what_does_not() {
        for sql in [
            "alter table t comment 'x'",
            "/* a */ CREATE TABLE t (a INT)",
            "create or replace table t (a int)",
            "/*!50000 DROP */ TABLE t",
            "SET STATEMENT lock_wait_timeout = 1 FOR ALTER TABLE t FORCE",
            "SET autocommit = 1",
            "SET @@session.autocommit = 1",
            "START TRANSACTION",
            "ROLLBACK",
            "ANALYZE TABLE t",
            "-- note\nTRUNCATE t",
            "COMMIT",
        ] {
            assert!(commits_by_itself(sql).is_some(), "{sql}");
        }
        for sql in [
            "INSERT INTO t VALUES ('ALTER')",
            "CREATE TEMPORARY TABLE t (a INT)",
            "CREATE OR REPLACE TEMPORARY TABLE t (a INT)",
            "DROP TEMPORARY TABLE t",
            "ROLLBACK TO SAVEPOINT a",
            "ANALYZE FORMAT = JSON SELECT 1",
            "SET @a = 1",
            "CALL p()",
            "SET STATEMENT max_statement_time = 1 FOR UPDATE t SET a = 1",
            "CHECKSUM TABLE t",
            "",
        ] {
            assert_eq!(commits_by_itself(sql), None, "{sql}");
        }
        assert_eq!(
            commits_by_itself("alter table t force").as_deref(),
            Some("ALTER TABLE")
        );
    }
}
