//! Whether a statement may carry rows of a table somewhere else: by its name, through a view, in a block of code, by a
//! function.

use super::action::Action;
use super::copied::Set;
use super::dialect;
use super::draft::LetGo;
use super::risk::words_in_strings;
use super::split::Statement;
use crate::db::Object;

/// The names under which rows of a table may be carried away, looked for once for all statements.
pub(super) struct Names {
    /// Its own, those that the set gives it, and those of views on it.
    read_as: Vec<String>,
    /// The routines of the database that name it.
    routines: Vec<String>,
}

impl Names {
    /// Whether the table is read by this name.
    pub(super) fn reads(&self, name: &str) -> bool {
        self.read_as.contains(&bare(name))
    }
}

impl Set<'_> {
    /// The names of this table.
    pub(super) fn names_of(&self, table: &str) -> Names {
        Names {
            read_as: self.read_as(table),
            routines: self.routines(table),
        }
    }

    /// Whether a statement may carry what goes somewhere else.
    pub(super) fn copies(&self, statement: &Statement<'_>, gone: &LetGo, known: &Names) -> bool {
        let words = self.words(statement);
        let has = |word: &str| words.iter().any(|known| known == word);
        let names = || known.read_as.iter().any(|name| has(name));
        let reads = || has("select") || has("table");
        let carries = match &*statement.first_word() {
            "INSERT" | "REPLACE" => reads(),
            "SELECT" if has("into") => true,
            "CREATE" => reads() && is_filled(&words, statement),
            // What a table's own rows become stays in them.
            "UPDATE" => {
                gone.column.is_some() || ["from", "join", "select"].iter().any(|word| has(word))
            }
            "MERGE" | "WITH" => true,
            "DO" => {
                let inside = words_in_strings(self.engine, statement.text);
                return known.read_as.iter().any(|name| inside.contains(name));
            }
            // A function of the database may copy.
            "SELECT" | "CALL" => {
                return known.routines.iter().any(|name| has(name));
            }
            _ => false,
        };
        let whole = || takes_all(statement.text) || !has("select");
        let columns = gone.column.as_ref().map(|column| self.columns_of(column));
        let of_column = || match &columns {
            Some(columns) => {
                columns.iter().any(|column| has(column))
                    || (statement.first_word() != "UPDATE" && whole())
            }
            None => true,
        };
        carries && of_column() && names()
    }

    /// The names that a column has in the set, one after the other.
    fn columns_of(&self, column: &str) -> Vec<String> {
        let mut names = vec![column.to_lowercase()];
        for placed in self.steps {
            if let Action::RenameColumn { column, to, .. } = &placed.step.action
                && names.contains(&column.to_lowercase())
            {
                names.push(to.to_lowercase());
            }
        }
        names
    }

    /// The names by which a table's rows may be read: its own, those that the set gives it or a view on it, and those of
    /// views on it.
    fn read_as(&self, table: &str) -> Vec<String> {
        let mut names = vec![bare(table)];
        for placed in self.steps {
            match &placed.step.action {
                Action::RenameTable { table, to } if names.contains(&bare(&table.name)) => {
                    names.push(to.to_lowercase());
                }
                Action::CreateView(view) if names.iter().any(|name| view.words.contains(name)) => {
                    names.push(view.name.name.to_lowercase());
                }
                _ => {}
            }
        }
        let objects = || {
            self.catalog
                .into_iter()
                .flat_map(|catalog| &catalog.objects)
        };
        let views = || objects().filter(|object| object.kind.ends_with("view"));
        loop {
            let known = names.len();
            for view in views() {
                let name = view.name.name.to_lowercase();
                let words = dialect::words(self.engine, &view.sql);
                if !names.contains(&name) && names.iter().any(|name| words.contains(name)) {
                    names.push(name);
                }
            }
            if names.len() == known {
                return names;
            }
        }
    }

    /// The routines of the database that name a table.
    fn routines(&self, table: &str) -> Vec<String> {
        let table = bare(table);
        let objects = self
            .catalog
            .into_iter()
            .flat_map(|catalog| &catalog.objects);
        let naming = objects.filter(|object| {
            let is_routine = ["function", "procedure"].contains(&object.kind.as_str());
            let inside = || words_in_strings(self.engine, &object.sql).contains(&table);
            is_routine && (inside() || dialect::words(self.engine, &object.sql).contains(&table))
        });
        let name = |object: &Object| {
            let name = object.name.name.split('(').next().unwrap_or_default();
            name.to_lowercase()
        };
        naming.map(name).collect()
    }
}

/// Whether a SELECT gives every column, as `count(*)` does not.
fn takes_all(text: &str) -> bool {
    text.match_indices('*').any(|(at, _)| {
        let before = text[..at].trim_end();
        let word = before.rsplit(|letter: char| !letter.is_ascii_alphabetic());
        let word = word.into_iter().next().unwrap_or_default();
        before.ends_with(['.', ','])
            || ["select", "distinct", "all"].contains(&word.to_ascii_lowercase().as_str())
    })
}

/// Whether a CREATE makes something that holds rows.
fn is_filled(words: &[String], statement: &Statement<'_>) -> bool {
    let mut first = statement.text.split_whitespace().skip(1);
    let made = first.find(|word| {
        ![
            "OR",
            "REPLACE",
            "TEMP",
            "TEMPORARY",
            "UNLOGGED",
            "GLOBAL",
            "LOCAL",
        ]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word))
    });
    let is = |kind: &str| made.is_some_and(|made| made.eq_ignore_ascii_case(kind));
    is("MATERIALIZED") || (is("TABLE") && words.iter().any(|word| word == "select" || word == "as"))
}

/// A table's name without its schema, in small letters.
pub(super) fn bare(table: &str) -> String {
    table.rsplit('.').next().unwrap_or(table).to_lowercase()
}
