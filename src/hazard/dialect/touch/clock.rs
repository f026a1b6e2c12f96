//! Expressions that are the time of now and nothing else. What is not plainly one of the known forms is none.

use super::Piece;
use crate::db::Engine;
use crate::hazard::dialect::TokenKind;

/// How deep brackets may nest.
const DEEPEST: usize = 16;

/// Functions that tell the time: called without arguments, or with how many digits of a second.
const CALLED: [&str; 9] = [
    "now",
    "current_timestamp",
    "localtimestamp",
    "localtime",
    "statement_timestamp",
    "transaction_timestamp",
    "clock_timestamp",
    "sysdate",
    "utc_timestamp",
];

/// Those that take no digits.
const DATES: [&str; 3] = ["unix_timestamp", "curdate", "current_date"];

/// Words that tell the time alone, as no column can be called that without quotes.
const ALONE: [&str; 5] = [
    "current_timestamp",
    "current_date",
    "localtimestamp",
    "localtime",
    "utc_timestamp",
];

/// Types that a time is made, as far as it stays one.
const TYPES: [&str; 12] = [
    "timestamp",
    "timestamptz",
    "datetime",
    "date",
    "time",
    "bigint",
    "integer",
    "int",
    "numeric",
    "signed",
    "unsigned",
    "text",
];

/// What makes milliseconds of seconds, or seconds of days, and so on.
const UNITS: [&str; 8] = [
    "1000",
    "1000.0",
    "1000000",
    "1000000.0",
    "86400",
    "86400.0",
    "86400000",
    "86400000.0",
];

/// The day that Unix counts seconds from, as SQLite's `julianday` tells it: <https://www.sqlite.org/lang_datefunc.html>.
const FIRST_DAY: [&str; 1] = ["2440587.5"];

/// Whether the time is all that these pieces say.
pub(super) fn is_clock(engine: Engine, pieces: &[Piece]) -> bool {
    let mut reader = Reader {
        engine,
        pieces,
        depth: 0,
    };
    reader.time() && reader.pieces.is_empty()
}

/// What is left to read. Each part is taken where it stands, or nothing is and the answer is no.
struct Reader<'a> {
    engine: Engine,
    pieces: &'a [Piece],
    depth: usize,
}

impl Reader<'_> {
    fn next(&mut self, kind: TokenKind) -> Option<&str> {
        let (first, rest) = self.pieces.split_first()?;
        (first.kind == kind).then(|| {
            self.pieces = rest;
            first.text.as_str()
        })
    }

    /// A symbol or a word that is no quoted name.
    fn takes(&mut self, text: &str) -> bool {
        let first = self.pieces.first();
        let is_it = first.is_some_and(|first| {
            first.text == text && matches!(first.kind, TokenKind::Word | TokenKind::Symbol)
        });
        self.pieces = &self.pieces[usize::from(is_it)..];
        is_it
    }

    fn all(&mut self, texts: &[&str]) -> bool {
        texts.iter().all(|text| self.takes(text))
    }

    /// A time, in whatever time zone and type.
    fn time(&mut self) -> bool {
        if self.depth == DEEPEST {
            return false;
        }
        self.depth += 1;
        let mut is_time = self.told();
        while is_time {
            is_time = match () {
                () if self.takes(":") => self.takes(":") && self.kind(),
                () if self.takes("*") => self.number(&UNITS),
                () if self.takes("-") => self.number(&FIRST_DAY),
                () if self.takes("at") => self.all(&["time", "zone"]) && self.zone(),
                () => break,
            };
        }
        self.depth -= 1;
        is_time
    }

    fn number(&mut self, known: &[&str]) -> bool {
        let number = self.next(TokenKind::Number);
        number.is_some_and(|number| known.contains(&number))
    }

    fn told(&mut self) -> bool {
        if self.takes("(") {
            return self.time() && self.takes(")");
        }
        if self.takes("pg_catalog") && !self.takes(".") {
            return false;
        }
        let Some(word) = self.next(TokenKind::Word).map(str::to_owned) else {
            return false;
        };
        let sqlite = self.engine == Engine::Sqlite;
        match word.as_str() {
            "cast" => {
                self.takes("(") && self.time() && self.takes("as") && self.kind() && self.takes(")")
            }
            "extract" => self.all(&["(", "epoch", "from"]) && self.time() && self.takes(")"),
            "date_trunc" | "timezone" => {
                self.takes("(") && self.zone() && self.takes(",") && self.time() && self.takes(")")
            }
            "date" | "time" | "datetime" | "julianday" | "unixepoch" if sqlite => {
                self.takes("(") && (self.takes(")") || self.moment() && self.takes(")"))
            }
            "strftime" if sqlite => {
                let written = self.takes("(") && self.format();
                written && (!self.takes(",") || self.moment()) && self.takes(")")
            }
            "date" | "timestamp" | "to_timestamp" => {
                self.takes("(") && self.time() && self.takes(")")
            }
            clock => self.clock(clock),
        }
    }

    fn clock(&mut self, word: &str) -> bool {
        let sqlite = self.engine == Engine::Sqlite;
        if sqlite || !self.takes("(") {
            return ALONE.contains(&word)
                && (!sqlite || ["current_timestamp", "current_date"].contains(&word));
        }
        if self.takes(")") {
            return CALLED.contains(&word) || DATES.contains(&word);
        }
        let digits = CALLED.contains(&word) && self.next(TokenKind::Number).is_some();
        let of_time = || word == "unix_timestamp";
        (digits || of_time() && self.time()) && self.takes(")")
    }

    /// What SQLite's functions are told: <https://www.sqlite.org/lang_datefunc.html>.
    fn moment(&mut self) -> bool {
        let now = self.next(TokenKind::Literal);
        let now = now.map(|text| ["now", "subsec", "subsecond"].contains(&text));
        if !now.unwrap_or_else(|| self.takes("current_timestamp")) {
            return false;
        }
        while self.takes(",") {
            let modifier = self.next(TokenKind::Literal);
            let keeps = ["localtime", "utc", "subsec", "subsecond"];
            if !modifier.is_some_and(|modifier| keeps.contains(&modifier)) {
                return false;
            }
        }
        true
    }

    /// `'%Y-%m-%d'`: one that shows some part of the time.
    fn format(&mut self) -> bool {
        let format = self.next(TokenKind::Literal).unwrap_or_default();
        let mut parts = format.split('%').skip(1);
        parts.any(|part| part.starts_with(|letter: char| letter.is_ascii_alphabetic()))
    }

    /// `'utc'`, `'day'`: a name, and no span of hours.
    fn zone(&mut self) -> bool {
        let name = self.next(TokenKind::Literal).unwrap_or_default();
        let is_name = |letter: char| letter.is_ascii_alphabetic() || ['_', '/'].contains(&letter);
        let known = !name.is_empty() && name.chars().all(is_name);
        known && (!self.takes(":") || self.all(&[":", "text"]))
    }

    /// A type, with how many digits and whether with a time zone.
    fn kind(&mut self) -> bool {
        let word = self.next(TokenKind::Word).unwrap_or_default();
        if !TYPES.contains(&word) {
            return false;
        }
        if self.takes("(") && !(self.next(TokenKind::Number).is_some() && self.takes(")")) {
            return false;
        }
        let zoned = self.takes("with") || self.takes("without");
        !zoned || self.all(&["time", "zone"])
    }
}
