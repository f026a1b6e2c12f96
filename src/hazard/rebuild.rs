//! Table rebuilds: SQLite's way to change what ALTER TABLE cannot, and what its tools write for it (create a new table,
//! copy the rows, drop the old table, rename). The rows live on, so it is no drop-table; whether they all do is for the
//! judge.

use std::collections::HashMap;

use super::action::Action;
use super::dialect::{self, Reading};
use super::split::Statement;
use crate::db::Engine;
use crate::ident::TableName;

/// One rebuild of a file. Places are indexes into the file's steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rebuild {
    /// The table, by the name it has before and after, in lower case.
    pub(super) table: String,
    /// The same as it is first spelt.
    pub(super) name: TableName,
    /// Where the table that takes its place is created.
    pub(super) create: usize,
    /// Where rows are copied, in order: straight to the new table, or there and back.
    pub(super) copies: Vec<usize>,
    /// Where the old table is dropped.
    pub(super) drop: usize,
    /// Where the old table was renamed out of the way, if it was.
    pub(super) moved_away: Option<usize>,
    /// Where the new table gets the name, if it has another first.
    pub(super) rename: Option<usize>,
}

/// Whether a file rebuilds a table, so that foreign keys must be off while it runs.
pub fn is_rebuild(engine: Engine, statements: &[Statement<'_>]) -> bool {
    // Without a DROP there is none, and most files are told by that.
    let drops = |statement: &Statement<'_>| {
        let first = statement.text.get(..4);
        first.is_some_and(|word| word.eq_ignore_ascii_case("drop"))
    };
    if !dialect::habits(engine).rebuilds || !statements.iter().any(drops) {
        return false;
    }
    let reading = Reading::offline(engine);
    let read = statements
        .iter()
        .flat_map(|statement| dialect::read(&reading, statement.text));
    let mut file = File::default();
    for (index, step) in read.enumerate() {
        file.take(index, &step.action);
    }
    !file.rebuilds().is_empty()
}

/// Whether a file that runs in a transaction is to run with foreign keys off: one that rebuilds a table, and one that
/// says so itself before anything could cascade. In a transaction the pragma does nothing
/// (<https://www.sqlite.org/pragma.html#pragma_foreign_keys>).
pub fn runs_without_keys(engine: Engine, statements: &[Statement<'_>]) -> bool {
    if !dialect::habits(engine).rebuilds {
        return false;
    }
    let mut before = statements
        .iter()
        .take_while(|statement| !may_cascade(statement));
    before.any(|statement| switches_keys_off(engine, statement)) || is_rebuild(engine, statements)
}

/// Whether a statement has SQLite enforce foreign keys no longer.
pub fn switches_keys_off(engine: Engine, statement: &Statement<'_>) -> bool {
    dialect::habits(engine).rebuilds
        && statement.first_word() == "PRAGMA"
        && dialect::read(&Reading::offline(engine), statement.text)
            .iter()
            .any(|step| step.action == Action::ForeignKeys(false))
}

/// Whether it may take rows elsewhere along.
fn may_cascade(statement: &Statement<'_>) -> bool {
    match &*statement.first_word() {
        "PRAGMA" | "CREATE" | "ALTER" | "SELECT" | "ANALYZE" | "REINDEX" => false,
        "INSERT" => statement.text.to_ascii_uppercase().contains("REPLACE"),
        _ => true,
    }
}

/// The rebuilds among a file's actions.
pub(super) fn find<'a>(actions: impl Iterator<Item = &'a Action>) -> Vec<Rebuild> {
    let mut file = File::default();
    for (index, action) in actions.enumerate() {
        file.take(index, action);
    }
    file.rebuilds()
}

/// One table as it goes through a file, whatever it is called on the way.
#[derive(Debug, Default)]
struct Tracked {
    /// Its first name in the file, in lower case.
    name: String,
    spelt: TableName,
    /// Every name it has had, in lower case.
    borne: Vec<String>,
    /// Where it is created, if it is.
    created: Option<usize>,
    dropped: Option<usize>,
    renamed: Option<usize>,
    /// Rows it took from others: whose, and where.
    copied: Vec<(usize, usize)>,
}

#[derive(Debug, Default)]
struct File {
    tables: Vec<Tracked>,
    /// Names in use, in lower case.
    names: HashMap<String, usize>,
}

fn key(table: &TableName) -> String {
    table.to_string().to_lowercase()
}

impl File {
    fn take(&mut self, index: usize, action: &Action) {
        match action {
            Action::CreateTable(new) => {
                if new.if_not_exists && self.names.contains_key(&key(&new.name)) {
                    return;
                }
                let copied = new.copy.as_ref().and_then(|copy| copy.from.as_ref());
                let source = copied.map(|from| (self.id(from), index));
                self.tables.push(Tracked {
                    name: key(&new.name),
                    spelt: new.name.clone(),
                    borne: vec![key(&new.name)],
                    created: Some(index),
                    copied: source.into_iter().collect(),
                    ..Tracked::default()
                });
                self.names.insert(key(&new.name), self.tables.len() - 1);
            }
            Action::Insert(insert) => {
                let Some(from) = insert.copy.as_ref().and_then(|copy| copy.from.as_ref()) else {
                    return;
                };
                let source = self.id(from);
                let target = self.id(&insert.table);
                self.tables[target].copied.push((source, index));
            }
            Action::DropTable { table, .. } => {
                let dropped = self.id(table);
                self.tables[dropped].dropped = Some(index);
                self.names.remove(&key(table));
            }
            Action::RenameTable { table, to } => {
                let renamed = self.id(table);
                self.tables[renamed].renamed = Some(index);
                self.names.remove(&key(table));
                let to = TableName {
                    schema: table.schema.clone(),
                    name: to.clone(),
                };
                self.tables[renamed].borne.push(key(&to));
                self.names.insert(key(&to), renamed);
            }
            _ => {}
        }
    }

    /// The table of this name now; one that was not met is one that was there before.
    fn id(&mut self, table: &TableName) -> usize {
        let name = key(table);
        if let Some(id) = self.names.get(&name) {
            return *id;
        }
        self.tables.push(Tracked {
            name: name.clone(),
            spelt: table.clone(),
            ..Tracked::default()
        });
        self.names.insert(name, self.tables.len() - 1);
        self.tables.len() - 1
    }

    fn rebuilds(&self) -> Vec<Rebuild> {
        let mut rebuilds = Vec::new();
        for (old, tracked) in self.tables.iter().enumerate() {
            let (None, Some(drop)) = (tracked.created, tracked.dropped) else {
                continue;
            };
            // What happens to the new table after it took the name is another matter.
            let heirs = self.tables.iter().enumerate().filter(|(_, table)| {
                table.created.is_some() && table.borne.contains(&tracked.name)
            });
            let mut found = heirs.filter_map(|(new, table)| {
                let copies = self.path(old, new)?;
                Some((table.created?, copies, table.renamed))
            });
            let Some((create, copies, rename)) = found.next_back() else {
                continue;
            };
            rebuilds.push(Rebuild {
                table: tracked.name.clone(),
                name: tracked.spelt.clone(),
                create,
                copies,
                drop,
                moved_away: tracked.renamed.filter(|renamed| *renamed < drop),
                rename,
            });
        }
        rebuilds.sort_by_key(|rebuild| rebuild.drop);
        rebuilds
    }

    /// Where the old table's rows go on their way to the new one: directly, or over a table between.
    fn path(&self, old: usize, new: usize) -> Option<Vec<usize>> {
        let from = |target: usize, source: usize| {
            let mut copies = self.tables[target].copied.iter();
            copies.find(|(id, _)| *id == source).map(|(_, at)| *at)
        };
        if let Some(at) = from(new, old) {
            return Some(vec![at]);
        }
        let mut between = self.tables[new].copied.iter();
        between.find_map(|(id, back)| from(*id, old).map(|there| vec![there, *back]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hazard::split;

    fn rebuilds(sql: &str) -> bool {
        is_rebuild(Engine::Sqlite, &split(Engine::Sqlite, sql))
    }

    #[test]
    fn every_known_form_of_a_rebuild_is_one() {
        for sql in [
            "CREATE TABLE new_users (id); INSERT INTO new_users SELECT * FROM users; DROP TABLE users; ALTER TABLE new_users RENAME TO users",
            "CREATE TABLE \"new_User\" (id); INSERT INTO \"new_User\" (\"id\") SELECT \"id\" FROM \"User\"; DROP TABLE \"User\"; ALTER TABLE \"new_User\" RENAME TO \"User\";",
            "ALTER TABLE users RENAME TO old; CREATE TABLE users (id); INSERT INTO users SELECT id FROM old; DROP TABLE old",
            "-- a\nCREATE TABLE n (id);\n-- b\nINSERT INTO n SELECT * FROM users;\n-- c\n/* d */ DROP /* e */ TABLE users;\n/* f */\n-- g\nALTER TABLE n RENAME TO users",
            "CREATE TABLE n (id); INSERT INTO n SELECT * FROM users;\r\n\t;drop table users; ALTER TABLE n RENAME TO users",
            "CREATE TEMPORARY TABLE bak AS SELECT * FROM users; DROP TABLE users; CREATE TABLE users (id); INSERT INTO users SELECT * FROM bak; DROP TABLE bak",
            "CREATE TABLE n AS SELECT * FROM users; DROP TABLE Users; ALTER TABLE n RENAME TO USERS",
            "CREATE TABLE n (id); INSERT INTO n SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users; DROP TABLE users",
        ] {
            assert!(rebuilds(sql), "{sql}");
        }
    }

    #[test]
    fn a_file_that_switches_foreign_keys_off_before_anything_cascades_runs_without_them() {
        let sqlite = |sql: &str| {
            let statements = split(Engine::Sqlite, sql);
            runs_without_keys(Engine::Sqlite, &statements)
        };
        for spelt in [
            "PRAGMA foreign_keys = OFF",
            "pragma foreign_keys=0",
            "PRAGMA main.foreign_keys(0)",
            "PRAGMA \"foreign_keys\" = 'off'",
            "/* a */ PRAGMA /* b */ foreign_keys /* c */ = no",
            "PRAGMA foreign_keys = false",
        ] {
            assert!(sqlite(&format!("{spelt}; DROP TABLE users")), "{spelt}");
            assert!(
                sqlite(&format!(
                    "CREATE TABLE n (id); INSERT INTO n SELECT 1; {spelt}; DELETE FROM users"
                )),
                "{spelt}"
            );
            assert!(!sqlite(&format!("DELETE FROM users; {spelt}")), "{spelt}");
        }
        for sql in [
            "DELETE FROM users",
            "PRAGMA foreign_keys = ON; DROP TABLE users",
            "PRAGMA foreign_keys; DROP TABLE users",
            "PRAGMA defer_foreign_keys = OFF; DROP TABLE users",
            "-- PRAGMA foreign_keys = OFF;\nDROP TABLE users",
            "REPLACE INTO users VALUES (1); PRAGMA foreign_keys = OFF",
        ] {
            assert!(!sqlite(sql), "{sql}");
        }
        let statements = split(
            Engine::Mysql,
            "SET foreign_key_checks = 0; DROP TABLE users",
        );
        assert!(!runs_without_keys(Engine::Mysql, &statements));
    }

    #[test]
    fn what_leaves_no_copy_under_the_old_name_is_none() {
        for sql in [
            "DROP TABLE users",
            "CREATE TABLE archive AS SELECT * FROM users; DROP TABLE users",
            "CREATE TABLE n (id); DROP TABLE users; ALTER TABLE n RENAME TO users",
            "CREATE TABLE n (id); INSERT INTO n SELECT id FROM other; DROP TABLE users; ALTER TABLE n RENAME TO users",
            "CREATE TABLE n (id); INSERT INTO n VALUES (1); DROP TABLE users; ALTER TABLE n RENAME TO users",
            "CREATE TABLE n (id); INSERT INTO n SELECT id FROM users; ALTER TABLE users RENAME TO o; ALTER TABLE n RENAME TO users",
            "-- CREATE TABLE n; INSERT INTO n SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users\nSELECT 1",
            "not sql at all; DROP",
        ] {
            assert!(!rebuilds(sql), "{sql}");
        }
    }
}
