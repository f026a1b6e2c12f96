//! What a database has against the values of a row, in words that hold none of them: for a run that takes the row out
//! and goes on.
//!
//! The codes are SQLSTATE's classes 22 (data exception), 23 (integrity constraint violation) and 44 (a view's check
//! option), what triggers give (PostgreSQL's P0001 and P0004, class 45), and SQLite's names of its result codes.

/// Codes, or how they begin, and what they mean for a row; the first that fits counts.
const MEANINGS: &[(&str, &str)] = &[
    ("22001", TOO_LONG),
    ("SQLITE_TOOBIG", TOO_LONG),
    ("22003", "a number is out of range"),
    ("22007", "a date or time is none"),
    ("22008", "a date or time is out of range"),
    ("22018", ANOTHER_TYPE),
    ("22P02", ANOTHER_TYPE),
    ("SQLITE_MISMATCH", ANOTHER_TYPE),
    ("SQLITE_CONSTRAINT_DATATYPE", ANOTHER_TYPE),
    ("22021", CHARACTERS),
    ("22P05", CHARACTERS),
    ("22", "a value does not fit its column"),
    ("23502", MISSING),
    ("SQLITE_CONSTRAINT_NOTNULL", MISSING),
    ("23503", POINTS_NOWHERE),
    ("SQLITE_CONSTRAINT_FOREIGNKEY", POINTS_NOWHERE),
    ("23505", TAKEN),
    ("SQLITE_CONSTRAINT_UNIQUE", TAKEN),
    ("SQLITE_CONSTRAINT_PRIMARYKEY", TAKEN),
    ("SQLITE_CONSTRAINT_ROWID", TAKEN),
    ("23514", CHECK_FAILS),
    ("44", CHECK_FAILS),
    ("SQLITE_CONSTRAINT_CHECK", CHECK_FAILS),
    ("SQLITE_CONSTRAINT_TRIGGER", TRIGGER),
    ("P0001", TRIGGER),
    ("P0004", TRIGGER),
    ("45", TRIGGER),
    ("23", VIOLATED),
    ("SQLITE_CONSTRAINT", VIOLATED),
];

const TOO_LONG: &str = "a value is too long";
const ANOTHER_TYPE: &str = "a value is of another type";
const CHARACTERS: &str = "a value has characters that cannot be stored";
const MISSING: &str = "a value is missing";
const POINTS_NOWHERE: &str = "a value points to a row that is not there";
const TAKEN: &str = "a value is taken";
const CHECK_FAILS: &str = "a check fails";
const TRIGGER: &str = "a trigger forbids it";
const VIOLATED: &str = "a constraint is violated";

/// MySQL's SQLSTATE for every constraint, and how its messages begin.
const ANY_CONSTRAINT: &str = "23000";
const CONSTRAINTS: &[(&str, &str)] = &[
    ("Duplicate entry", TAKEN),
    ("Column ", MISSING),
    ("Cannot add or update a child row", POINTS_NOWHERE),
];

/// How a message begins that an engine makes itself, and what stands before and behind the name of a column or
/// constraint in it. Nothing else of a message is taken: a trigger's may hold anything.
const NAMES: &[[&str; 3]] = &[
    // PostgreSQL.
    ["duplicate key value", "unique constraint \"", "\""],
    ["new row for relation", "check constraint \"", "\""],
    ["insert or update on", "foreign key constraint \"", "\""],
    ["conflicting key value", "exclusion constraint \"", "\""],
    ["null value in column", " \"", "\""],
    // MySQL and MariaDB.
    ["Duplicate entry", "' for key '", "'"],
    ["Data ", "for column '", "' at row "],
    ["Out of range value", "for column '", "' at row "],
    ["Incorrect ", "for column '", "' at row "],
    ["Incorrect ", "for column `", "` at row "],
    ["Column '", "'", "' cannot be null"],
    ["Check constraint '", "'", "' is violated"],
    ["Cannot add or update", "CONSTRAINT `", "`"],
    ["CONSTRAINT `", "`", "` failed"],
    // SQLite.
    ["UNIQUE constraint", " failed: ", ""],
    ["NOT NULL constraint", " failed: ", ""],
    ["CHECK constraint", " failed: ", ""],
];

/// What the database has against the values of a row, with the name of the column or constraint where it is told, from
/// the code and the message of its error. `None` for an error about anything else: no row is to blame for that.
pub fn refusal(code: &str, message: &str) -> Option<String> {
    let mut meanings = MEANINGS.iter();
    let (_, meaning) = meanings.find(|(start, _)| code.starts_with(start))?;
    let mut constraints = CONSTRAINTS.iter();
    let meaning = match constraints.find(|(start, _)| message.starts_with(start)) {
        Some((_, meaning)) if code == ANY_CONSTRAINT => meaning,
        _ => meaning,
    };
    Some(match named(message) {
        Some(name) => format!("{meaning} ({name})"),
        None => (*meaning).to_owned(),
    })
}

/// The name in a message of the engine's own making.
fn named(message: &str) -> Option<&str> {
    NAMES.iter().find_map(|[start, before, behind]| {
        let (_, rest) = message.split_once(before)?;
        let name = match *behind {
            "" => rest,
            behind => rest.split_once(behind)?.0,
        };
        // MariaDB names the database and the table before the column, MySQL the table before the key.
        let name = name.rsplit_once("`.`").map_or(name, |(_, column)| column);
        let name = match *start {
            "Duplicate entry" => name.split_once('.').map_or(name, |(_, key)| key),
            _ => name,
        };
        message.starts_with(start).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn a_refused_value_is_told_with_the_name_of_what_refuses_it() {
        for (code, message, wanted) in [
            (
                "23000",
                "Duplicate entry '…' for key 'users.one_email'",
                "a value is taken (one_email)",
            ),
            (
                "23505",
                "duplicate key value violates unique constraint \"users_email_key\"",
                "a value is taken (users_email_key)",
            ),
            (
                "23502",
                "null value in column \"email\" of relation \"users\" violates not-null constraint",
                "a value is missing (email)",
            ),
            (
                "22001",
                "value too long for type character varying(50)",
                "a value is too long",
            ),
            ("23505", "ada@example.org is known", "a value is taken"),
            (
                "23000",
                "Duplicate entry '…' for key 'one_email'",
                "a value is taken (one_email)",
            ),
            (
                "23000",
                "Cannot add or update a child row: a foreign key constraint fails (`d`.`c`, CONSTRAINT `of` FOREIGN KEY …)",
                "a value points to a row that is not there (of)",
            ),
            (
                "22018",
                "Incorrect integer value: '…' for column `d`.`t`.`a` at row 1: the value is of another type",
                "a value is of another type (a)",
            ),
            (
                "23514",
                "CONSTRAINT `short` failed for `d`.`users`",
                "a check fails (short)",
            ),
            (
                "SQLITE_CONSTRAINT_UNIQUE",
                "UNIQUE constraint failed: users.email",
                "a value is taken (users.email)",
            ),
            (
                "SQLITE_CONSTRAINT_TRIGGER",
                "ada@example.org is banned",
                "a trigger forbids it",
            ),
        ] {
            assert_eq!(refusal(code, message).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn a_trigger_that_refuses_a_row_is_told_without_its_words() {
        for code in ["P0001", "P0004", "45000", "SQLITE_CONSTRAINT_TRIGGER"] {
            let told = refusal(code, "no more from ada@example.org");
            assert_eq!(told.as_deref(), Some("a trigger forbids it"), "{code}");
        }
    }

    #[test]
    fn what_no_row_is_to_blame_for_is_no_refusal() {
        for code in [
            "",
            "08006",
            "25006",
            "25P02",
            "40001",
            "40P01",
            "42501",
            "42P01",
            "53100",
            "57014",
            "HY000",
            "locked",
            "SQLITE_FULL",
            "SQLITE_BUSY",
            "SQLITE_ABORT",
            "SQLITE_READONLY",
        ] {
            assert_eq!(refusal(code, "no"), None, "{code}");
        }
    }
}
