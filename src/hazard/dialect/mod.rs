//! What differs between engines: how text is cut into tokens and statements, and what a statement does.

pub(super) mod conflict;
mod lexer;
mod mysql;
mod outside;
mod path;
mod postgres;
mod routines;
mod shape;
mod sqlite;
mod touch;

pub(super) use lexer::{BREAKPOINT, Kind as TokenKind, Lexer, Token};
pub(super) use outside::outside;
pub(super) use path::SearchPath;
pub(super) use routines::{Deeds, calls_among, deeds, is_built_in};
pub(super) use shape::Shape;
pub(super) use touch::{Touch, leaves_alone, touches};

use super::action::{Action, Step};
use crate::db::{Catalog, DatabaseInfo, Engine};
use crate::ident::TableName;

/// Whether clients of this engine know `DELIMITER //`.
pub(super) fn has_delimiter_lines(engine: Engine) -> bool {
    matches!(engine, Engine::Mysql | Engine::Mariadb)
}

/// SQL that gives the mode in which a session's statements are read, where there are several.
pub(super) fn mode_sql(engine: Engine) -> Option<&'static str> {
    matches!(engine, Engine::Mysql | Engine::Mariadb).then_some("SELECT @@SESSION.sql_mode")
}

/// What decides how a statement is read, besides its text.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// Whose SQL it is.
    pub(super) engine: Engine,
    /// What an unqualified name means; a name qualified with it goes without. `None`: nobody knows.
    pub(super) default_schema: Option<String>,
    /// MySQL's ANSI_QUOTES: what stands in `"…"` is a name.
    pub(super) ansi_quotes: bool,
    /// What an unqualified name means in a CREATE SCHEMA. After SET search_path or USE the judge knows.
    pub(super) current_schema: Option<String>,
    /// Temporary tables so far: PostgreSQL takes a name qualified with the default schema for another table than these.
    pub(super) temporary: Vec<String>,
    /// Where names without a schema are looked for (PostgreSQL, with a database to ask).
    pub(super) path: Option<SearchPath>,
}

impl Reading {
    /// As it is read without a database to ask.
    pub(super) fn offline(engine: Engine) -> Self {
        let default_schema = (engine == Engine::Postgres).then(|| "public".to_owned());
        Reading {
            engine,
            default_schema,
            ansi_quotes: false,
            current_schema: None,
            temporary: Vec::new(),
            path: None,
        }
    }

    /// As this database reads it.
    fn of(engine: Engine, info: &DatabaseInfo) -> Self {
        let default_schema = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => info.default_schema.clone(),
            // A database is what others call a schema.
            Engine::Mysql | Engine::Mariadb => Some(info.name.clone()),
        };
        let unsaid = default_schema.as_deref().unwrap_or("public");
        let path = (engine == Engine::Postgres).then(|| SearchPath::of(&info.searched, unsaid));
        Reading {
            engine,
            default_schema,
            ansi_quotes: false,
            current_schema: None,
            temporary: Vec::new(),
            path,
        }
    }

    /// As this database reads it, with the names that its catalog has.
    pub(super) fn knowing(engine: Engine, info: &DatabaseInfo, catalog: Option<&Catalog>) -> Self {
        let mut reading = Reading::of(engine, info);
        if let (Some(path), Some(catalog)) = (&mut reading.path, catalog) {
            path.learn(catalog);
        }
        reading
    }

    /// What these steps change about how the next statement is read.
    pub(super) fn follow(&mut self, steps: &[Step]) {
        for step in steps {
            if let Action::SqlMode { mode, .. } = &step.action {
                let mode = mode.to_ascii_uppercase();
                // What is added to the mode that stands leaves the rest of it.
                let adds = mode.contains("@@") && !mode.contains("REPLACE");
                self.ansi_quotes = mode.contains("ANSI") || adds && self.ansi_quotes;
            }
            if let (Action::CreateTable(new), Engine::Postgres) = (&step.action, self.engine)
                && new.temporary
            {
                self.temporary.push(new.name.name.clone());
            }
            if let Some(path) = &mut self.path {
                path.follow(&step.action);
            }
        }
    }

    /// What the file after this one is read with: the names that `ended` leaves, in a session that is set as before.
    pub(super) fn end_file(&mut self, ended: Reading) {
        self.path = ended.path;
        if let Some(path) = &mut self.path {
            path.begin_file();
        }
    }

    /// A name as a statement has it; the default schema goes unsaid.
    pub(super) fn name(&self, schema: Option<String>, name: String) -> TableName {
        let found = schema.is_none() && self.current_schema.is_none();
        let found = found && !self.temporary.contains(&name);
        let path = self.path.as_ref().filter(|_| found);
        let schema = schema.or_else(|| path.and_then(|path| path.find(&name).cloned()));
        self.qualified(schema, name)
    }

    /// The name of what is created: in the schema that is searched first.
    pub(super) fn new_name(&self, schema: Option<String>, name: String) -> TableName {
        let path = self.path.as_ref().filter(|_| self.current_schema.is_none());
        let schema = schema.or_else(|| path.and_then(|path| path.first().cloned()));
        self.qualified(schema, name)
    }

    /// A table's name as SQL, which means it whatever is searched.
    pub(super) fn quoted(&self, table: &TableName) -> String {
        let spells_out = self.path.as_ref().is_some_and(SearchPath::spells_out);
        let unsaid = self.default_schema.as_ref().filter(|_| spells_out);
        self.engine.quote_table(&TableName {
            schema: table.schema.as_ref().or(unsaid).cloned(),
            name: table.name.clone(),
        })
    }

    fn qualified(&self, schema: Option<String>, name: String) -> TableName {
        let said = self.temporary.contains(&name);
        let schema = schema.or_else(|| self.current_schema.clone());
        TableName {
            schema: schema.filter(|schema| said || Some(schema) != self.default_schema.as_ref()),
            name,
        }
    }
}

/// What a statement does.
pub(super) fn read(reading: &Reading, statement: &str) -> Vec<Step> {
    match reading.engine {
        Engine::Sqlite => sqlite::read(statement),
        Engine::Postgres => postgres::read(reading, statement),
        Engine::Mysql | Engine::Mariadb => mysql::read(reading, statement),
    }
}

/// Whether an action commits the transaction that is open (MySQL and MariaDB).
pub(super) fn commits_implicitly(engine: Engine, action: &Action) -> bool {
    matches!(engine, Engine::Mysql | Engine::Mariadb) && mysql::commits_implicitly(action)
}

/// What a line for the command-line client does, where it does anything that matters here.
pub(super) fn read_client(line: &str) -> Option<Action> {
    const RUNS: [&str; 12] = [
        "i",
        "ir",
        "include",
        "include_relative",
        "g",
        "gx",
        "gexec",
        "copy",
        "!",
        "c",
        "connect",
        "o",
    ];
    let command = line.trim_start_matches('\\');
    let end =
        command.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let name = match end {
        Some(0) => &command[..command.chars().next().map_or(0, char::len_utf8)],
        Some(end) => &command[..end],
        None => command,
    };
    RUNS.contains(&name)
        .then(|| Action::Dynamic(format!("`\\{name}` runs what cannot be seen here")))
}

/// How an engine compares names of tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Case {
    /// Letter case does not matter (SQLite).
    #[default]
    Folded,
    /// It does (PostgreSQL; readers fold what is not quoted).
    Exact,
    /// It does or does not, as the server is set up: the exact name first (MySQL).
    Either,
}

/// What an engine's schema changes are like.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Habits {
    /// ALTER TABLE can do little, and refuses what it cannot.
    pub(super) limited_alter: bool,
    /// While one transaction writes, no other one does.
    pub(super) one_writer: bool,
    /// So tables are rebuilt: created anew, filled, renamed.
    pub(super) rebuilds: bool,
    /// The table in which it keeps the counters of tables, where that can be written to.
    pub(super) counters: Option<&'static str>,
    /// Counting rows costs others something: no further than is of interest.
    pub(super) bounded_counts: bool,
    /// DROP TABLE deletes the rows first, so that rows elsewhere go with them.
    pub(super) drop_deletes: bool,
    /// A required value that is missing becomes 0 or '' in silence (MySQL).
    pub(super) fills_in: bool,
    /// A NULL in a TIMESTAMP that becomes required is made the current time, in silence (MariaDB).
    pub(super) stamps_nulls: bool,
    /// A change of the schema commits what is open (MySQL).
    pub(super) commits_by_itself: bool,
    /// What an expression calls is not read from it (MySQL).
    pub(super) unread_calls: bool,
    /// Views read a table or column by its new name once it has one.
    pub(super) views_follow: bool,
    /// How names of tables compare.
    pub(super) case: Case,
}

/// The habits of an engine.
pub(super) fn habits(engine: Engine) -> Habits {
    let sqlite = engine == Engine::Sqlite;
    let mysql = matches!(engine, Engine::Mysql | Engine::Mariadb);
    Habits {
        limited_alter: sqlite,
        one_writer: sqlite,
        rebuilds: sqlite,
        counters: sqlite.then_some("sqlite_sequence"),
        bounded_counts: !sqlite,
        drop_deletes: sqlite,
        fills_in: mysql,
        stamps_nulls: engine == Engine::Mariadb,
        commits_by_itself: mysql,
        unread_calls: mysql,
        views_follow: !mysql,
        case: match engine {
            Engine::Sqlite => Case::Folded,
            Engine::Postgres => Case::Exact,
            Engine::Mysql | Engine::Mariadb => Case::Either,
        },
    }
}

/// Names and keywords of a piece of SQL, in lower case and sorted, quotes taken off.
pub(super) fn words(engine: Engine, sql: &str) -> Vec<String> {
    let mut words: Vec<String> = Lexer::new(engine, sql)
        .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Name))
        .map(|token| unquoted(&sql[token.start..token.end]).to_lowercase())
        .collect();
    words.sort();
    words.dedup();
    words
}

/// What stands between quotes in a piece of SQL, in their order.
pub(super) fn strings(engine: Engine, sql: &str) -> Vec<String> {
    Lexer::new(engine, sql)
        .filter(|token| token.kind == TokenKind::Literal)
        .map(|token| unquoted(&sql[token.start..token.end]))
        .collect()
}

/// How this engine spells an INSERT that changes the rows it conflicts with.
pub(super) fn upsert(engine: Engine) -> &'static str {
    match engine {
        Engine::Mysql | Engine::Mariadb => "INSERT … ON DUPLICATE KEY UPDATE",
        Engine::Sqlite | Engine::Postgres => "INSERT … ON CONFLICT (…) DO UPDATE",
    }
}

/// A value as this engine reads it between quotes: a backslash means something to MySQL.
pub(super) fn literal(engine: Engine, value: &str) -> String {
    let value = match engine {
        Engine::Mysql | Engine::Mariadb => value.replace('\\', "\\\\"),
        Engine::Sqlite | Engine::Postgres => value.to_owned(),
    };
    format!("'{}'", value.replace('\'', "''"))
}

/// The condition that there is a value. PostgreSQL's `IS NOT NULL` is false for a row value with one field that is NULL,
/// and its `IS NULL` true for one of nothing but NULLs: constraints ask for the value itself, as IS DISTINCT FROM does
/// (<https://www.postgresql.org/docs/15/functions-comparison.html>).
pub(super) fn has_value(engine: Engine, sql: &str) -> String {
    match engine {
        Engine::Postgres => format!("{sql} IS DISTINCT FROM NULL"),
        Engine::Sqlite | Engine::Mysql | Engine::Mariadb => format!("{sql} IS NOT NULL"),
    }
}

/// The condition that there is none.
pub(super) fn has_none(engine: Engine, sql: &str) -> String {
    match engine {
        Engine::Postgres => format!("{sql} IS NOT DISTINCT FROM NULL"),
        Engine::Sqlite | Engine::Mysql | Engine::Mariadb => format!("{sql} IS NULL"),
    }
}

/// A name without its quotes.
fn unquoted(name: &str) -> String {
    let Some(quote) = name.chars().next() else {
        return String::new();
    };
    let close = match quote {
        '"' | '`' | '\'' => quote,
        '[' => ']',
        _ => return name.to_owned(),
    };
    let inner = &name[1..];
    let inner = inner.strip_suffix(close).unwrap_or(inner);
    match quote {
        '[' => inner.to_owned(),
        _ => inner.replace(&format!("{quote}{quote}"), &quote.to_string()),
    }
}

/// How values change when a column of one type is copied into one of another.
#[derive(Clone, Debug, Default)]
pub(super) struct TypeChange {
    /// The condition of values that do not come back as they were; `None` where all do.
    pub(super) loses: Option<String>,
    /// What happens to them.
    pub(super) verdict: &'static str,
    /// The condition that is asked where `loses` itself fails, values that at least look different, and what it says.
    pub(super) instead: Option<(String, &'static str)>,
    /// A USING computes the new value: without an answer nothing says that it is the old one.
    pub(super) computed: bool,
    /// The condition of values the new type does not take, so that the statement fails; `None` where it takes all.
    pub(super) refuses: Option<String>,
    /// What the new type says to them.
    pub(super) refusal: &'static str,
    /// Why the statement fails whatever the rows, as there is no such cast.
    pub(super) impossible: Option<String>,
    /// Why nothing can be told from the types alone, such as types of the user's own.
    pub(super) unknown: Option<String>,
}

/// What a change of type does to the values of a column (named as SQL), by the expression of its USING where it has one;
/// `None`: nothing. `made_of` gives the type a domain is made of.
pub(super) fn type_change(
    engine: Engine,
    from: &str,
    to: &str,
    column: &str,
    using: Option<&str>,
    made_of: &dyn Fn(&str) -> String,
) -> Option<TypeChange> {
    match engine {
        Engine::Sqlite => sqlite::type_change(from, to, column),
        Engine::Postgres => postgres::type_change(from, to, column, using, made_of),
        Engine::Mysql | Engine::Mariadb => mysql::type_change(from, to, column),
    }
}

/// The bodies of a statement that is a block of code in a literal, from and to which byte (PostgreSQL's DO).
pub(super) fn blocks(engine: Engine, statement: &str) -> Vec<(usize, usize)> {
    match engine {
        Engine::Postgres => postgres::blocks(statement),
        _ => Vec::new(),
    }
}

/// Whether two names are those of one type.
pub(super) fn is_same_type(engine: Engine, one: &str, other: &str) -> bool {
    matches!(engine, Engine::Mysql | Engine::Mariadb) && mysql::is_same_type(one, other)
}

/// Whether a change of type writes every row anew while the table is locked (PostgreSQL).
pub(super) fn rewrites(from: &str, to: &str, using: Option<&str>) -> bool {
    postgres::rewrites(from, to, using)
}
