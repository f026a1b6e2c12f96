//! The engines, and what differs between them where no session is needed: names, quoting, SQL in their spelling.

use super::dialect::{HistorySql, mysql, postgres, sqlite};

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    Mysql,
    /// MariaDB.
    Mariadb,
}

impl Engine {
    /// The name in summaries and for scripts: `sqlite`, `postgres`, `mysql`, `mariadb`.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
            Engine::Mysql => "mysql",
            Engine::Mariadb => "mariadb",
        }
    }

    /// The engine of this name.
    pub fn from_name(name: &str) -> Option<Engine> {
        [
            Engine::Sqlite,
            Engine::Postgres,
            Engine::Mysql,
            Engine::Mariadb,
        ]
        .into_iter()
        .find(|engine| engine.name() == name)
    }

    /// Whether both are reached alike: of MySQL and MariaDB, only the server says which it is.
    pub fn is_kin(self, other: Engine) -> bool {
        let server = |engine| matches!(engine, Engine::Mysql | Engine::Mariadb);
        self == other || (server(self) && server(other))
    }

    /// Whether the engine's own client ends a statement at every semicolon, a body's too, and knows DELIMITER.
    pub fn has_delimiters(self) -> bool {
        matches!(self, Engine::Mysql | Engine::Mariadb)
    }

    /// An object's SQL of a schema file as the catalog has it.
    pub fn object_sql(self, statement: &str) -> String {
        match self {
            Engine::Mysql | Engine::Mariadb => mysql::unowned(statement),
            Engine::Sqlite | Engine::Postgres => statement.to_owned(),
        }
    }

    /// What kind of object a statement of a schema file makes, and its name, where objects can be there that may not be
    /// read.
    pub fn made_by(self, statement: &str) -> Option<(String, String)> {
        match self {
            Engine::Mysql | Engine::Mariadb => mysql::made_by(statement),
            Engine::Sqlite | Engine::Postgres => None,
        }
    }

    /// Whether tables live in schemas below the database.
    pub fn has_schemas(self) -> bool {
        self == Engine::Postgres
    }

    /// Whether `DO` computes what stands behind it, rather than running a block of code.
    pub fn computes_do(self) -> bool {
        matches!(self, Engine::Mysql | Engine::Mariadb)
    }

    /// The statements around sqlx's history table.
    pub fn history_sql(self) -> &'static HistorySql {
        match self {
            Engine::Sqlite => &sqlite::history::HISTORY,
            Engine::Postgres => &postgres::history::HISTORY,
            Engine::Mysql | Engine::Mariadb => &mysql::history::HISTORY,
        }
    }

    /// Whether what stands in `"…"` is a string where there is no column of that name.
    pub fn takes_names_for_values(self) -> bool {
        self == Engine::Sqlite
    }

    /// SQL that lists the databases which a statement on this one can name; `None` where it can name no other.
    pub fn neighbours_sql(self) -> Option<&'static str> {
        match self {
            Engine::Sqlite | Engine::Postgres => None,
            Engine::Mysql | Engine::Mariadb => Some(mysql::NEIGHBOURS),
        }
    }

    /// A question for everything that rights can be given on, each with a statement that gives one, or NULL; `None` where
    /// rights are no matter of the database, or stay with a name.
    pub fn rights_sql(self) -> Option<&'static str> {
        match self {
            Engine::Sqlite => None,
            Engine::Postgres => Some(postgres::RIGHTS),
            Engine::Mysql | Engine::Mariadb => Some(mysql::RIGHTS),
        }
    }

    /// SQL that keeps everybody from a table until the transaction ends, as a change of its schema does, or only those who
    /// write; `None` where nothing does that and lets the transaction go on.
    pub fn lock_sql(self, table: &crate::ident::TableName, from_readers: bool) -> Option<String> {
        let mode = if from_readers {
            "ACCESS EXCLUSIVE"
        } else {
            "EXCLUSIVE"
        };
        match self {
            Engine::Postgres => Some(format!(
                "LOCK TABLE {} IN {mode} MODE",
                self.quote_table(table)
            )),
            Engine::Sqlite | Engine::Mysql | Engine::Mariadb => None,
        }
    }

    /// A question of the lint whose rows nobody changes before the open transaction ends, and that waits for who has changed
    /// them; `None` where there is no such form of it.
    pub fn holding(self, question: &str) -> Option<String> {
        match self {
            Engine::Mysql | Engine::Mariadb => mysql::holding(question),
            Engine::Sqlite | Engine::Postgres => None,
        }
    }

    /// A name as this engine quotes it.
    pub fn quote(self, name: &str) -> String {
        match self {
            Engine::Sqlite | Engine::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
            Engine::Mysql | Engine::Mariadb => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// A table's name as this engine quotes it, with its schema where it is not the default one.
    pub fn quote_table(self, table: &crate::ident::TableName) -> String {
        match &table.schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(&table.name)),
            None => self.quote(&table.name),
        }
    }
}
