//! Statements that reach outside their database: run on a copy beside the real one, they would do for real what is only
//! meant to be tried. Told by their words, whatever else they are, since one that is missed harms and one too many only
//! asks for a decision.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Lexer, TokenKind, mysql, unquoted};
use crate::db::Engine;

/// How many words of a statement decide what it does.
const HEAD: usize = 16;

/// Words after which another statement begins inside a body.
const BEGINS: [&str; 6] = [";", "BEGIN", "THEN", "ELSE", "LOOP", "DO"];

/// Databases every server has whose tables cannot be changed.
const READ_ONLY: [&str; 3] = ["information_schema", "performance_schema", "sys"];

/// Beginnings of statements about the whole server; `|` between words stands for either.
const MYSQL: &[&[&str]] = &[
    &["USE"],
    &["CREATE|DROP", "DATABASE|SCHEMA"],
    &["CREATE|DROP|ALTER|RENAME", "USER"],
    &["CREATE|DROP", "ROLE"],
    &["CREATE|DROP|ALTER", "SERVER|TABLESPACE|LOGFILE"],
    &["GRANT"],
    &["REVOKE"],
    &["SET", "PASSWORD"],
    &["SET", "DEFAULT", "ROLE"],
    &["INSTALL|UNINSTALL|FLUSH|RESET|PURGE|KILL|SHUTDOWN|CHANGE"],
    &["START|STOP", "SLAVE|REPLICA|ALL|GROUP_REPLICATION"],
];

/// The same of PostgreSQL.
const POSTGRES: &[&[&str]] = &[
    &[
        "CREATE|DROP|ALTER",
        "DATABASE|ROLE|USER|GROUP|TABLESPACE|SUBSCRIPTION|SYSTEM",
    ],
    &["REASSIGN|DROP", "OWNED"],
    &["COMMENT", "ON", "DATABASE|ROLE|TABLESPACE"],
];

/// The same of SQLite: other files.
const SQLITE: &[&[&str]] = &[&["ATTACH"]];

/// PostgreSQL's functions that reach the server, its files or other databases.
const FUNCTIONS: [&str; 12] = [
    "dblink",
    "dblink_connect",
    "dblink_exec",
    "dblink_send_query",
    "lo_export",
    "pg_cancel_backend",
    "pg_create_logical_replication_slot",
    "pg_create_physical_replication_slot",
    "pg_drop_replication_slot",
    "pg_reload_conf",
    "pg_switch_wal",
    "pg_terminate_backend",
];

/// What of a statement reaches outside its database, and where in it, in bytes. `neighbours` are the databases of the
/// server, this one among them, that SQL can name.
pub(in crate::hazard) fn outside(
    engine: Engine,
    statement: &str,
    neighbours: &[String],
) -> Option<(String, usize)> {
    let text = match engine {
        Engine::Mysql | Engine::Mariadb => mysql::opened(statement),
        Engine::Sqlite | Engine::Postgres => Cow::Borrowed(statement),
    };
    let mut walk = Walk {
        engine,
        head: Vec::new(),
        start: 0,
        neighbours: neighbours
            .iter()
            .map(|name| name.to_lowercase())
            .filter(|name| !READ_ONLY.contains(&name.as_str()))
            .map(|name| (name, Mentions::default()))
            .collect(),
        before: String::new(),
        pending: None,
    };
    for token in Lexer::new(engine, &text).filter(|token| !token.kind.is_blank()) {
        let piece = &text[token.start..token.end];
        let found = match token.kind {
            TokenKind::Literal => walk.literal(piece, token.start),
            _ => walk.take(piece, token.start),
        };
        if found.is_some() {
            return found;
        }
    }
    walk.finish()
}

/// How a name that is a database's occurs.
#[derive(Default)]
struct Mentions {
    /// Before a dot: where first.
    qualifies: Option<usize>,
    /// By itself: then it is a table or an alias too, and says nothing.
    alone: bool,
}

struct Walk {
    engine: Engine,
    /// The first words of the statement at hand, upper case.
    head: Vec<String>,
    start: usize,
    neighbours: HashMap<String, Mentions>,
    /// The token before.
    before: String,
    /// A neighbour's name whose next token is not known yet.
    pending: Option<(String, usize)>,
}

impl Walk {
    fn take(&mut self, piece: &str, at: usize) -> Option<(String, usize)> {
        if let Some((name, place)) = self.pending.take() {
            let mentions = self.neighbours.entry(name).or_default();
            match piece {
                "." => {
                    mentions.qualifies.get_or_insert(place);
                }
                _ => mentions.alone = true,
            }
        }
        let plain = unquoted(piece);
        let name = plain.to_lowercase();
        if self.before != "." && self.neighbours.contains_key(&name) {
            self.pending = Some((name, at));
        }
        let word = plain.to_ascii_uppercase();
        if self.head.is_empty() {
            self.start = at;
        }
        let call = piece == "(" && FUNCTIONS.contains(&self.before.to_lowercase().as_str());
        if call && self.engine == Engine::Postgres {
            return Some((format!("`{}`", self.before.to_lowercase()), at));
        }
        if self.head.len() < HEAD {
            self.head.push(word.clone());
            if let Some(what) = self.statement() {
                return Some((what, self.start));
            }
        }
        self.before.clone_from(&word);
        if BEGINS.contains(&word.as_str()) {
            self.head.clear();
            if word == "DO" && self.engine == Engine::Postgres {
                self.head.push(word);
            }
        }
        None
    }

    /// A literal: the body of a DO block is SQL, and a file's name is outside.
    fn literal(&mut self, piece: &str, at: usize) -> Option<(String, usize)> {
        self.pending_alone();
        if self.engine != Engine::Postgres {
            return None;
        }
        let first = self.head.first().map(String::as_str);
        let before = std::mem::take(&mut self.before);
        let is_block =
            self.head.len() == 1 || self.head.get(1).is_some_and(|word| word == "LANGUAGE");
        match first {
            Some("DO") if is_block => {
                let inner = body(piece);
                let names: Vec<String> = self.neighbours.keys().cloned().collect();
                let (what, place) = outside(self.engine, inner, &names)?;
                let start = piece.find(inner).unwrap_or_default();
                Some((what, at + start + place))
            }
            Some("COPY") if before == "TO" || before == "PROGRAM" => {
                Some((format!("`COPY … {before}`"), self.start))
            }
            _ => None,
        }
    }

    fn pending_alone(&mut self) {
        if let Some((name, _)) = self.pending.take() {
            self.neighbours.entry(name).or_default().alone = true;
        }
    }

    /// What the words so far begin.
    fn statement(&self) -> Option<String> {
        let words: Vec<&str> = self.head.iter().map(String::as_str).collect();
        let (beginnings, own) = match self.engine {
            Engine::Sqlite => (SQLITE, sqlite(&words)),
            Engine::Postgres => (POSTGRES, postgres(&words)),
            Engine::Mysql | Engine::Mariadb => (MYSQL, self.mysql(&words)),
        };
        let begun = beginnings
            .iter()
            .find(|beginning| beginning.len() == words.len() && begins(&words, beginning));
        begun.map(|_| words.join(" ")).or(own)
    }

    fn mysql(&self, words: &[&str]) -> Option<String> {
        match words {
            ["SET", .., "GLOBAL" | "PERSIST" | "PERSIST_ONLY"] => Some(words.join(" ")),
            ["CREATE" | "ALTER", .., "EVENT"] => Some("an event".to_owned()),
            [.., "INTO", "OUTFILE" | "DUMPFILE"] => Some("INTO OUTFILE".to_owned()),
            // Without a name it is about this very database.
            ["ALTER", "DATABASE" | "SCHEMA", name]
                if self.neighbours.contains_key(&name.to_lowercase()) =>
            {
                Some(words.join(" "))
            }
            _ => None,
        }
    }

    fn finish(mut self) -> Option<(String, usize)> {
        self.pending_alone();
        let mut named: Vec<(usize, String)> = self
            .neighbours
            .into_iter()
            .filter(|(_, mentions)| !mentions.alone)
            .filter_map(|(name, mentions)| Some((mentions.qualifies?, name)))
            .collect();
        named.sort();
        let (place, name) = named.into_iter().next()?;
        Some((format!("a name in the database `{name}`"), place))
    }
}

fn begins(words: &[&str], beginning: &[&str]) -> bool {
    words
        .iter()
        .zip(beginning)
        .all(|(word, either)| either.split('|').any(|other| other == *word))
}

fn sqlite(words: &[&str]) -> Option<String> {
    match words {
        ["VACUUM", .., "INTO"] => Some("VACUUM INTO".to_owned()),
        _ => None,
    }
}

fn postgres(words: &[&str]) -> Option<String> {
    match words {
        // GRANT a role TO somebody; one ON something of the database goes with the copy.
        ["GRANT" | "REVOKE", middle @ .., "TO" | "FROM"] if !middle.contains(&"ON") => {
            Some(format!("{} of a role", words[0]))
        }
        [
            "GRANT" | "REVOKE",
            ..,
            "ON",
            what @ ("DATABASE" | "TABLESPACE" | "PARAMETER"),
        ] => Some(format!("{} ON {what}", words[0])),
        _ => None,
    }
}

/// What stands between the quotes of a literal.
fn body(literal: &str) -> &str {
    let quote = match literal.strip_prefix('$').and_then(|rest| rest.find('$')) {
        Some(end) => &literal[..end + 2],
        None => "'",
    };
    let inner = literal.strip_prefix(quote).unwrap_or(literal);
    inner.strip_suffix(quote).unwrap_or(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(engine: Engine, sql: &str) -> Option<String> {
        let named = ["app", "other", "information_schema"].map(str::to_owned);
        let neighbours = match engine {
            Engine::Mysql | Engine::Mariadb => &named[..],
            Engine::Sqlite | Engine::Postgres => &[],
        };
        outside(engine, sql, neighbours).map(|(what, at)| format!("{at} {what}"))
    }

    #[test]
    fn what_reaches_outside_on_mysql_is_named() {
        for (sql, what) in [
            ("DELETE FROM other.t", "12 a name in the database `other`"),
            (
                "alter table `APP`.users add x int",
                "12 a name in the database `app`",
            ),
            (
                "UPDATE a JOIN app . b ON 1 SET x = 1",
                "14 a name in the database `app`",
            ),
            ("/*!50001 CREATE USER x */", "9 CREATE USER"),
            ("use other", "0 USE"),
            ("SET @@GLOBAL.sql_mode = ''", "0 SET @ @ GLOBAL"),
            ("SET GLOBAL max_connections = 1", "0 SET GLOBAL"),
            ("GRANT SELECT ON users TO x", "0 GRANT"),
            (
                "CREATE DEFINER=`a`@`b` EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
                "0 an event",
            ),
            (
                "CREATE PROCEDURE p() BEGIN DROP DATABASE x; END",
                "27 DROP DATABASE",
            ),
            ("SELECT 1 INTO OUTFILE '/tmp/x'", "0 INTO OUTFILE"),
            (
                "ALTER DATABASE app CHARACTER SET utf8mb4",
                "0 ALTER DATABASE APP",
            ),
        ] {
            assert_eq!(found(Engine::Mysql, sql).as_deref(), Some(what), "{sql}");
        }
    }

    #[test]
    fn what_stays_inside_on_mysql_is_silent() {
        for sql in [
            "ALTER TABLE users DROP COLUMN role",
            "ALTER DATABASE CHARACTER SET utf8mb4",
            "SELECT app.id FROM users AS app WHERE app.x = 1",
            "SELECT 'other.t' FROM t -- other.t",
            "SELECT count(*) FROM information_schema.columns WHERE t.app = 1",
            "CREATE TABLE other (id INT, `use` INT, user INT)",
            "UPDATE other SET other.x = 1",
            "SET FOREIGN_KEY_CHECKS = 0",
            "CREATE DEFINER=`app`@`localhost` VIEW v AS SELECT 1",
        ] {
            assert_eq!(found(Engine::Mariadb, sql), None, "{sql}");
        }
    }

    #[test]
    fn what_reaches_outside_on_postgres_and_sqlite_is_named() {
        for (sql, what) in [
            ("CREATE ROLE app", "0 CREATE ROLE"),
            ("alter system set x = 1", "0 ALTER SYSTEM"),
            ("GRANT admin TO bob", "0 GRANT of a role"),
            (
                "GRANT CONNECT ON DATABASE app TO bob",
                "0 GRANT ON DATABASE",
            ),
            ("REASSIGN OWNED BY a TO b", "0 REASSIGN OWNED"),
            ("COPY users TO '/tmp/x'", "0 `COPY … TO`"),
            (
                "SELECT dblink_exec('x', 'DELETE FROM t')",
                "18 `dblink_exec`",
            ),
            (
                "DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN CREATE ROLE app; END IF; END $$",
                "42 CREATE ROLE",
            ),
        ] {
            assert_eq!(found(Engine::Postgres, sql).as_deref(), Some(what), "{sql}");
        }
        let attach = found(Engine::Sqlite, "ATTACH 'x.db' AS x");
        assert_eq!(attach.as_deref(), Some("0 ATTACH"));
    }

    #[test]
    fn what_stays_inside_on_postgres_is_silent() {
        for sql in [
            "GRANT SELECT ON users TO bob",
            "ALTER TABLE app.users DROP COLUMN role",
            "COPY users FROM STDIN",
            "SELECT 'CREATE ROLE x'",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
            "DO $$ BEGIN PERFORM 1; END $$",
            "ALTER TABLE t DROP user",
        ] {
            assert_eq!(found(Engine::Postgres, sql), None, "{sql}");
        }
    }
}
