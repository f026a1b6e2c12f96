//! The rules by name: what `dbscript doc hazards` lists and what an allowance may name.

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name: kebab-case, stable.
    pub name: &'static str,
    /// `block`, `probe`, `warn` or `note`.
    pub severity: &'static str,
    /// What it catches.
    pub catches: &'static str,
}

const fn rule(name: &'static str, severity: &'static str, catches: &'static str) -> Rule {
    Rule {
        name,
        severity,
        catches,
    }
}

/// Every rule this version applies.
pub const RULES: &[Rule] = &[
    rule("drop-database", "block", "a whole database is dropped"),
    rule("drop-schema", "block", "a whole schema is dropped"),
    rule("drop-owned", "block", "everything a role owns is dropped"),
    rule("drop-table", "probe", "a table with rows is dropped"),
    rule("drop-column", "probe", "a column with values is dropped"),
    rule(
        "truncate",
        "probe",
        "a table with rows is emptied, and with CASCADE those that point to it",
    ),
    rule(
        "drop-partition",
        "probe",
        "a partition with rows is dropped",
    ),
    rule(
        "truncate-partition",
        "probe",
        "a partition with rows is emptied",
    ),
    rule(
        "exchange-partition",
        "probe",
        "a partition and a table change places, rows and all",
    ),
    rule(
        "detach-partition",
        "warn",
        "rows leave the table with their partition",
    ),
    rule("delete-rows", "probe", "rows are deleted"),
    rule("update-rows", "probe", "values that exist are overwritten"),
    rule(
        "replace-rows",
        "probe",
        "REPLACE deletes the rows it conflicts with",
    ),
    rule(
        "upsert",
        "probe",
        "ON CONFLICT DO UPDATE, ON DUPLICATE KEY UPDATE that give rows that exist other values",
    ),
    rule(
        "narrow-type",
        "probe",
        "values change with the type of their column",
    ),
    rule(
        "lossy-using",
        "probe",
        "values after a USING, cast back, are not what they were",
    ),
    rule(
        "remove-enum-value",
        "probe",
        "an enum loses a value that rows have",
    ),
    rule(
        "narrow-charset",
        "probe",
        "characters that the new character set does not have",
    ),
    rule(
        "rebuild-cascades",
        "block",
        "dropping the old table of a rebuild deletes rows of its children",
    ),
    rule(
        "rebuild-loses",
        "block",
        "a rebuild leaves out a column, rows, or keys and defaults",
    ),
    rule(
        "rebuild-forgets",
        "warn",
        "a rebuild does not bring back triggers, indexes, keys, defaults, or sets a counter back",
    ),
    rule(
        "alter-ignore",
        "block",
        "ALTER IGNORE deletes rows that break a new key",
    ),
    rule(
        "relax-sql-mode",
        "block",
        "strict mode is switched off before a change of type or NOT NULL",
    ),
    rule(
        "delete-history",
        "probe",
        "what rows were before is deleted (system versioning)",
    ),
    rule(
        "volatile-engine",
        "block",
        "a table with rows gets an engine that forgets them",
    ),
    rule(
        "weaker-engine",
        "warn",
        "a table gets an engine without transactions or foreign keys",
    ),
    rule(
        "repartition",
        "warn",
        "every row moves to another partition",
    ),
    rule(
        "writable-schema",
        "block",
        "the schema table itself is written to",
    ),
    rule(
        "set-unlogged",
        "warn",
        "a crash empties the table from now on",
    ),
    rule(
        "add-required-column",
        "probe",
        "a NOT NULL column without a default, on a table with rows",
    ),
    rule("set-not-null", "probe", "NOT NULL where NULLs are"),
    rule("add-unique", "probe", "UNIQUE where duplicates are"),
    rule(
        "change-primary-key",
        "probe",
        "a primary key over duplicates or NULLs",
    ),
    rule("add-check", "probe", "CHECK that rows break"),
    rule("add-foreign-key", "probe", "a foreign key that rows break"),
    rule("add-exclusion", "probe", "EXCLUDE that rows break"),
    rule(
        "attach-partition",
        "probe",
        "rows outside the bounds of the partition they become",
    ),
    rule(
        "add-cascade",
        "note",
        "from now on a delete takes rows elsewhere with it",
    ),
    rule("not-castable", "probe", "values the new type refuses"),
    rule(
        "sqlite-refuses",
        "block",
        "what SQLite's ALTER TABLE cannot do",
    ),
    rule(
        "modify-drops-attributes",
        "block",
        "MODIFY, CHANGE without NOT NULL, DEFAULT … that the column has",
    ),
    rule(
        "drop-default",
        "warn",
        "an INSERT without the column gets no default any more",
    ),
    rule(
        "drop-identity",
        "warn",
        "the column no longer numbers new rows",
    ),
    rule(
        "drop-constraint",
        "warn",
        "what a key, foreign key or CHECK kept out becomes possible",
    ),
    rule("drop-unique-index", "warn", "duplicates become possible"),
    rule(
        "rename-table",
        "warn",
        "clients that know the old name break",
    ),
    rule(
        "rename-column",
        "warn",
        "clients that know the old name break",
    ),
    rule("drop-view", "warn", "clients that read it break"),
    rule("drop-type", "warn", "what uses it breaks"),
    rule("drop-function", "warn", "what calls it breaks"),
    rule("drop-trigger", "warn", "what it did is no longer done"),
    rule(
        "drop-sequence",
        "warn",
        "columns it numbers lose their default; on MariaDB their inserts fail (block)",
    ),
    rule(
        "restart-sequence",
        "warn",
        "the next insert collides, or numbers of rows that are gone are given out again",
    ),
    rule(
        "weaken-access",
        "warn",
        "rights are taken away, rows become visible",
    ),
    rule(
        "copy-race",
        "warn",
        "what is written to a table between its copy and its end is in neither (block outside a transaction, where one could hold both)",
    ),
    rule(
        "implicit-commit",
        "warn",
        "a change of the schema inside a transaction commits it (MySQL)",
    ),
    rule(
        "lock-adding-field-with-default",
        "warn",
        "a column with a default that writes every row anew",
    ),
    rule(
        "lock-adding-foreign-key-constraint",
        "warn",
        "a foreign key whose check keeps writers of both tables waiting",
    ),
    rule(
        "lock-adding-not-nullable-field",
        "warn",
        "SET NOT NULL reads every row while others wait",
    ),
    rule(
        "lock-adding-serial-primary-key-field",
        "warn",
        "a primary key that is added writes or reads every row while others wait",
    ),
    rule(
        "lock-ban-concurrent-index-creation-in-transaction",
        "block",
        "CONCURRENTLY inside a transaction, which PostgreSQL refuses",
    ),
    rule(
        "lock-changing-column-type",
        "warn",
        "a change of type that writes every row anew while others wait",
    ),
    rule(
        "lock-constraint-missing-not-valid",
        "warn",
        "a constraint that reads every row while others wait",
    ),
    rule(
        "lock-disallowed-unique-constraint",
        "warn",
        "a UNIQUE constraint whose index is built while others wait",
    ),
    rule(
        "lock-prefer-repack",
        "warn",
        "VACUUM FULL and CLUSTER keep everybody out",
    ),
    rule(
        "lock-require-concurrent-index-creation",
        "warn",
        "an index that keeps writers waiting",
    ),
    rule(
        "lock-require-concurrent-index-deletion",
        "warn",
        "DROP INDEX waits for everybody, and everybody for it",
    ),
    rule(
        "lock-require-concurrent-partition-detach",
        "warn",
        "DETACH PARTITION that keeps everybody out",
    ),
    rule(
        "lock-require-concurrent-reindex",
        "warn",
        "REINDEX keeps writers waiting",
    ),
    rule(
        "cannot-run",
        "block",
        "VACUUM and the like inside a transaction, COPY FROM STDIN: what a migration cannot run",
    ),
    rule("dynamic-sql", "warn", "what cannot be seen here is run"),
    rule("unparsed", "warn", "a statement that could not be read"),
    rule(
        "unused-allowance",
        "warn",
        "an allowance that matches nothing",
    ),
];

/// The known rule nearest to a name, where one is near.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    RULES
        .iter()
        .map(|rule| (strsim::damerau_levenshtein(rule.name, name), rule.name))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, name)| name)
}
