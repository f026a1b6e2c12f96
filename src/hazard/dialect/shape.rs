//! Which `;` belong to a statement: those in a trigger's or routine's body.

use crate::db::Engine;

/// What the statement at hand looks like so far: enough to know which `;` belong to it.
#[derive(Debug, Default)]
pub(in crate::hazard) struct Shape {
    /// Its first words, upper case; symbols stand for themselves.
    head: Vec<String>,
    /// The token before.
    last: String,
    /// Open brackets.
    brackets: usize,
    /// Open BEGIN and CASE of a PostgreSQL routine.
    depth: usize,
    /// Open blocks of a MySQL routine.
    blocks: Vec<Block>,
    /// The token before was an END whose next word tells what it ends.
    ending: bool,
    /// An SQLite trigger whose body has begun.
    in_trigger: bool,
    /// `COPY … FROM STDIN` was met.
    from_stdin: bool,
}

/// A block of a MySQL routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// BEGIN or CASE, ended by END (or END CASE).
    Begin,
    /// IF, LOOP …, ended by END IF, END LOOP …
    Inner,
}

const INNER_BLOCKS: [&str; 5] = ["IF", "LOOP", "WHILE", "REPEAT", "FOR"];

/// How many words are enough to tell what a statement creates, a DEFINER among them.
const HEAD: usize = 12;

impl Shape {
    /// Adds a token that is not blank; words in upper case.
    pub(in crate::hazard) fn take(&mut self, engine: Engine, token: &str) {
        if self.head.len() < HEAD {
            self.head.push(token.to_owned());
        }
        match token {
            "(" => self.brackets += 1,
            ")" => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        match engine {
            Engine::Sqlite => self.take_sqlite(token),
            Engine::Postgres => self.take_postgres(token),
            Engine::Mysql | Engine::Mariadb => self.take_mysql(token),
        }
        token.clone_into(&mut self.last);
    }

    /// Whether a `;` now is part of the statement.
    pub(in crate::hazard) fn holds(&self, engine: Engine) -> bool {
        match engine {
            Engine::Sqlite => self.in_trigger,
            // As psql does: `CREATE RULE … DO (a; b)`.
            Engine::Postgres => self.depth > 0 || self.brackets > 0,
            Engine::Mysql | Engine::Mariadb => self.blocks.len() > usize::from(self.ending),
        }
    }

    /// Whether rows follow it, up to a line `\\.`.
    pub(in crate::hazard) fn copies_from_stdin(&self) -> bool {
        self.from_stdin
    }

    /// As `sqlite3_complete` does: a trigger ends with `; END`.
    fn take_sqlite(&mut self, token: &str) {
        let ended = matches!(self.last.as_str(), ";" | "BEGIN");
        if self.in_trigger {
            self.in_trigger = !(token == "END" && ended);
        } else if token == "BEGIN" && self.last != "." {
            let head: Vec<&str> = self.head.iter().map(String::as_str).collect();
            self.in_trigger = matches!(
                head.as_slice(),
                ["CREATE", "TRIGGER", ..]
                    | ["CREATE", "TEMP" | "TEMPORARY", "TRIGGER", ..]
                    | ["EXPLAIN", "CREATE", ..]
            );
        }
    }

    fn take_postgres(&mut self, token: &str) {
        let routine = self.creates(&["FUNCTION", "PROCEDURE"]);
        match token {
            "ATOMIC" if routine && self.last == "BEGIN" => self.depth = 1,
            "CASE" | "BEGIN" if self.depth > 0 => self.depth += 1,
            "END" => self.depth = self.depth.saturating_sub(1),
            "STDIN" if self.last == "FROM" && self.head.first().is_some_and(|w| w == "COPY") => {
                self.from_stdin = true;
            }
            _ => {}
        }
    }

    fn take_mysql(&mut self, token: &str) {
        // MariaDB runs compound statements outside routines too: `BEGIN NOT ATOMIC`.
        let compound = self.head.first().is_some_and(|word| word == "BEGIN");
        if compound && self.blocks.is_empty() {
            if token == "ATOMIC" && self.last == "NOT" {
                self.blocks.push(Block::Begin);
            }
            return;
        }
        if !compound && !self.creates(&["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"]) {
            return;
        }
        if std::mem::take(&mut self.ending) {
            let inner = INNER_BLOCKS.contains(&token);
            if !inner || self.counts_inner() {
                self.blocks.pop();
            }
            if inner || token == "CASE" {
                return;
            }
        }
        match token {
            "BEGIN" | "CASE" => self.blocks.push(Block::Begin),
            "END" => self.ending = true,
            _ if INNER_BLOCKS.contains(&token) && self.counts_inner() && self.at_start() => {
                self.blocks.push(Block::Inner);
            }
            _ => {}
        }
    }

    /// Inside BEGIN … END a `;` is held anyway, so blocks within it need no counting; without one they do.
    fn counts_inner(&self) -> bool {
        self.blocks.first() != Some(&Block::Begin)
    }

    /// Whether the token before lets a statement of a routine begin, so that IF is not the function.
    fn at_start(&self) -> bool {
        const BEFORE: [&str; 12] = [
            ";",
            ")",
            ":",
            "ROW",
            "DO",
            "THEN",
            "ELSE",
            "LOOP",
            "REPEAT",
            "DETERMINISTIC",
            "SQL",
            "DATA",
        ];
        BEFORE.contains(&self.last.as_str())
    }

    fn creates(&self, what: &[&str]) -> bool {
        self.head
            .first()
            .is_some_and(|word| word == "CREATE" || word == "ALTER")
            && self.head.iter().any(|word| what.contains(&word.as_str()))
    }
}
