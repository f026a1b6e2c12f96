//! What a statement of a set may have to do with a table that it does not name: by keys, triggers, routines and views.

use std::collections::BTreeSet;

use crate::db::{Catalog, Engine};

/// Statements that run what is not seen here, or lead names elsewhere.
const UNSEEN: [&str; 4] = ["BEGIN", "CALL", "EXECUTE", "USE"];

/// Runs a block of code, or only computes what it says.
const DO: &str = "DO";

/// Statements that write rows, and by that what keys and triggers bring about.
const WRITING: [&str; 8] = [
    "COPY", "DELETE", "INSERT", "LOAD", "MERGE", "REPLACE", "UPDATE", "WITH",
];

/// What can be reached in a database.
pub(super) struct Reach<'a> {
    catalog: &'a Catalog,
    engine: Engine,
}

impl<'a> Reach<'a> {
    /// In this one.
    pub(super) fn of(catalog: &'a Catalog, engine: Engine) -> Reach<'a> {
        Reach { catalog, engine }
    }

    /// Whether a statement may give a table's name to something else, or may have written to it.
    pub(super) fn touches(&self, statement: &str, table: &str) -> bool {
        let first = statement.split_whitespace().next().unwrap_or_default();
        let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(first));
        let text = statement.to_lowercase();
        let name = bare(table);
        let unseen = is(&UNSEEN) || (is(&[DO]) && !self.engine.computes_do());
        if unseen || text.contains("search_path") {
            return true;
        }
        if has_word(&text, &name) && !leaves_rows(&text, &name) {
            return true;
        }
        let writes = is(&WRITING) || self.calls_routine(&text);
        writes && (self.is_written_by_others(&name) || self.reaches_by_keys(&text, &name))
    }

    /// Whether a trigger, routine, rule or view has to do with it, which a statement may set off that does not name it.
    fn is_written_by_others(&self, name: &str) -> bool {
        self.catalog.objects.iter().any(|object| {
            let is_its_own = object
                .table
                .as_ref()
                .is_some_and(|table| table.name.to_lowercase() == name);
            !is_its_own && has_word(&object.sql.to_lowercase(), name)
        })
    }

    /// Whether a statement names a routine of the database, whatever its first word: a function may write too.
    fn calls_routine(&self, text: &str) -> bool {
        let routines = self.catalog.objects.iter();
        let mut routines =
            routines.filter(|object| object.table.is_none() && object.kind != "view");
        routines.any(|object| {
            let name = object.name.name.split('(').next().unwrap_or_default();
            has_word(text, &name.to_lowercase())
        })
    }

    /// Whether a statement names a table that this one's keys lead to, by however many steps.
    fn reaches_by_keys(&self, text: &str, name: &str) -> bool {
        let mut known: BTreeSet<String> = BTreeSet::from([name.to_owned()]);
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            let tables = self.catalog.tables.iter();
            let its = tables.filter(|table| table.name.name.to_lowercase() == name);
            for parent in its.flat_map(|table| &table.foreign_keys) {
                let parent = parent.parent.name.to_lowercase();
                if known.insert(parent.clone()) {
                    open.push(parent);
                }
            }
        }
        known.remove(name);
        known.iter().any(|name| has_word(text, name))
    }
}

/// Whether a statement that names a table surely leaves what its rows hold, and its name: it changes other parts of its
/// schema, or only reads it. The text is in small letters.
fn leaves_rows(text: &str, name: &str) -> bool {
    let is_of_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    let mut words = text
        .split(|letter| !is_of_name(letter))
        .filter(|word| !word.is_empty());
    let has = |word: &str| has_word(text, word);
    match (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    ) {
        ("create" | "drop", "index") | ("create", "unique") => true,
        ("alter", "table") => {
            let actions = text.trim_start().strip_prefix("alter").unwrap_or(text);
            !CHANGES.iter().any(|word| has_word(actions, word))
        }
        ("create", "table") => !has("or") && !is_first_table(text, "table", name),
        ("insert" | "replace", _) => !is_first_table(text, "into", name) && has("into"),
        ("update", first) => {
            first != name && !["join", "only"].iter().any(|word| has(word)) && {
                let written = text.split(" set ").next().unwrap_or(text);
                !has_word(written, name)
            }
        }
        _ => false,
    }
}

/// Parts of ALTER TABLE that may change what rows hold, which they are, or what the table is called.
const CHANGES: [&str; 15] = [
    "alter",
    "attach",
    "change",
    "convert",
    "detach",
    "engine",
    "exchange",
    "modify",
    "partition",
    "rename",
    "set",
    "system",
    "truncate",
    "type",
    "using",
];

/// Whether the table behind this word is the one of this name; a list of columns or `IF NOT EXISTS` may stand around it.
fn is_first_table(text: &str, word: &str, name: &str) -> bool {
    let Some((_, behind)) = text.split_once(word) else {
        return true;
    };
    let end = behind.find(['(', ';']).unwrap_or(behind.len());
    let named = behind[..end]
        .split_whitespace()
        .take(5)
        .take_while(|word| !["select", "as", "values", "like", "table", "with"].contains(word));
    has_word(&named.collect::<Vec<&str>>().join(" "), name)
}

/// A table's name without its schema, in small letters.
fn bare(table: &str) -> String {
    table.rsplit('.').next().unwrap_or(table).to_lowercase()
}

/// Whether a text has this as a whole word; both in small letters.
fn has_word(text: &str, word: &str) -> bool {
    let is_of_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    text.match_indices(word).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + found.len()..].chars().next();
        !before.is_some_and(is_of_name) && !behind.is_some_and(is_of_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{ForeignKey, Object, Table};
    use crate::ident::TableName;

    #[test]
    fn a_statement_reaches_what_it_names_and_what_hangs_on_that() {
        let table = |name: &str, parent: Option<&str>| Table {
            name: TableName::plain(name),
            foreign_keys: parent
                .map(|parent| ForeignKey {
                    parent: TableName::plain(parent),
                    ..ForeignKey::default()
                })
                .into_iter()
                .collect(),
            ..Table::default()
        };
        let catalog = Catalog {
            tables: vec![
                table("n", None),
                table("people", None),
                table("orders", Some("people")),
                table("lines", Some("Orders")),
                table("log", None),
            ],
            objects: vec![Object {
                kind: "trigger".to_owned(),
                name: TableName::plain("logs"),
                table: Some(TableName::plain("people")),
                sql: "CREATE TRIGGER logs AFTER INSERT ON people INSERT INTO log VALUES (1)"
                    .to_owned(),
            }],
            ..Catalog::default()
        };
        let reach = Reach::of(&catalog, Engine::Postgres);
        for (statement, table, touches) in [
            ("ALTER TABLE n ADD COLUMN phone TEXT", "n", false),
            (
                "ALTER TABLE n DROP FOREIGN KEY fku, ADD KEY k (a)",
                "n",
                false,
            ),
            ("ALTER TABLE n MODIFY a INT", "n", true),
            ("ALTER TABLE n RENAME COLUMN a TO b", "n", true),
            ("CREATE INDEX i ON n (a)", "n", false),
            ("CREATE TABLE m AS SELECT * FROM n", "n", false),
            ("CREATE OR REPLACE TABLE n (a INT)", "n", true),
            ("INSERT INTO m (a) SELECT a FROM n", "n", false),
            ("INSERT INTO n SELECT a FROM m", "n", true),
            ("INSERT n SELECT a FROM m", "n", true),
            ("UPDATE big SET u = (SELECT max(a) FROM n)", "n", false),
            ("UPDATE big, n SET n.a = u", "n", true),
            ("UPDATE big JOIN n SET n.a = u", "n", true),
            ("DROP TABLE n", "n", true),
            ("UPDATE big SET u = t WHERE u IS NULL", "n", false),
            ("CREATE INDEX i ON big (t)", "n", false),
            ("ALTER TABLE s.\"N\" RENAME TO m", "n", true),
            ("DELETE FROM people WHERE id = 1", "lines", true),
            ("DELETE FROM lines", "orders", false),
            ("INSERT INTO people VALUES (1)", "log", true),
            ("CREATE INDEX i ON people (id)", "log", false),
            ("CALL anything()", "n", true),
            ("SET search_path = ''", "n", true),
        ] {
            assert_eq!(
                reach.touches(statement, table),
                touches,
                "{statement}: {table}"
            );
        }
    }

    /// `DO` is a block of code on PostgreSQL; on MySQL it computes, and writes what the functions write that it calls.
    #[test]
    fn do_reaches_what_it_names_and_what_its_functions_do() {
        let catalog = Catalog {
            objects: vec![Object {
                kind: "function".to_owned(),
                name: TableName::plain("notes"),
                table: None,
                sql: "CREATE FUNCTION notes() RETURNS INT BEGIN INSERT INTO log VALUES (1); RETURN 1; END"
                    .to_owned(),
            }],
            ..Catalog::default()
        };
        for (engine, statement, table, touches) in [
            (
                Engine::Postgres,
                "DO $$ BEGIN PERFORM f(); END $$",
                "n",
                true,
            ),
            (Engine::Mysql, "DO SLEEP(1)", "n", false),
            (Engine::Mariadb, "DO GET_LOCK('n', 1)", "n", true),
            (Engine::Mysql, "DO notes()", "log", true),
            (Engine::Mysql, "DO notes()", "n", false),
            (Engine::Mysql, "SELECT notes()", "log", true),
            (Engine::Mysql, "SET @a = `notes`()", "log", true),
            (Engine::Mysql, "SET @a = 1", "log", false),
        ] {
            let reach = Reach::of(&catalog, engine);
            assert_eq!(
                reach.touches(statement, table),
                touches,
                "{engine:?} {statement}: {table}"
            );
        }
    }
}
