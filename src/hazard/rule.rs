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
    rule("drop-table", "probe", "a table with rows is dropped"),
    rule("drop-column", "probe", "a column with values is dropped"),
    rule("delete-rows", "probe", "rows are deleted"),
    rule("update-rows", "probe", "values that exist are overwritten"),
    rule(
        "replace-rows",
        "probe",
        "REPLACE deletes the rows it conflicts with",
    ),
    rule(
        "upsert",
        "warn",
        "ON CONFLICT DO UPDATE over rows that exist",
    ),
    rule(
        "narrow-type",
        "probe",
        "values change with the type of their column",
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
        "a rebuild does not bring back triggers, indexes, foreign keys",
    ),
    rule(
        "writable-schema",
        "block",
        "the schema table itself is written to",
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
    rule(
        "add-cascade",
        "note",
        "from now on a delete takes rows elsewhere with it",
    ),
    rule(
        "sqlite-refuses",
        "block",
        "what SQLite's ALTER TABLE cannot do",
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
    rule("drop-trigger", "warn", "what it did is no longer done"),
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
