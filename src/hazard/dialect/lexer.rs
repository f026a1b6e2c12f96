//! Tokens of SQL, one rule set an engine. Lossless: the tokens of a text, laid side by side, are the text. Never fails:
//! what is not closed reaches to the end.
//!
//! Only what decides where literals, comments and statements end is told apart; grammar is the parsers' business.

use crate::db::Engine;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hazard) enum Kind {
    /// White space.
    Space,
    /// A comment that does nothing.
    Comment,
    /// A `/*! … */` of MySQL and MariaDB: a comment that runs.
    Executable,
    /// A string, bytes or dollar-quoted literal.
    Literal,
    /// A quoted name.
    Name,
    /// A number.
    Number,
    /// A keyword or plain name.
    Word,
    /// Anything else, one character at a time.
    Symbol,
    /// A line for psql.
    Client,
}

impl Kind {
    /// Whether it means nothing to the database.
    pub(in crate::hazard) fn is_blank(self) -> bool {
        matches!(self, Kind::Space | Kind::Comment)
    }
}

/// One token: what it is and where, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hazard) struct Token {
    /// What it is.
    pub(in crate::hazard) kind: Kind,
    /// First byte.
    pub(in crate::hazard) start: usize,
    /// Byte after the last.
    pub(in crate::hazard) end: usize,
}

/// What drizzle writes between statements.
pub(in crate::hazard) const BREAKPOINT: &str = "--> statement-breakpoint";

/// Walks over a text.
pub(in crate::hazard) struct Lexer<'a> {
    engine: Engine,
    text: &'a str,
    position: usize,
    /// What ends a statement instead of `;` (MySQL's DELIMITER): words stop before it.
    delimiter: Option<&'a str>,
    /// A backslash is a character like any other (MySQL's NO_BACKSLASH_ESCAPES).
    plain_backslashes: bool,
}

impl<'a> Lexer<'a> {
    /// Starts at the beginning.
    pub(in crate::hazard) fn new(engine: Engine, text: &'a str) -> Self {
        Lexer {
            engine,
            text,
            position: 0,
            delimiter: None,
            plain_backslashes: false,
        }
    }

    /// The same where a backslash is a character like any other.
    pub(in crate::hazard) fn with_plain_backslashes(engine: Engine, text: &'a str) -> Self {
        let mut lexer = Lexer::new(engine, text);
        lexer.plain_backslashes = true;
        lexer
    }

    /// Goes on from this byte, which must start a character.
    pub(in crate::hazard) fn jump(&mut self, position: usize) {
        self.position = position;
    }

    /// Sets what ends a statement; `None` is `;`.
    pub(in crate::hazard) fn set_delimiter(&mut self, delimiter: Option<&'a str>) {
        self.delimiter = delimiter;
    }

    fn is_mysql(&self) -> bool {
        matches!(self.engine, Engine::Mysql | Engine::Mariadb)
    }

    fn measure(&self) -> Option<(Kind, usize)> {
        let rest = &self.text[self.position..];
        let bytes = rest.as_bytes();
        let first = *bytes.first()?;
        if let Some(delimiter) = self.delimiter
            && rest.starts_with(delimiter)
        {
            return Some((Kind::Symbol, delimiter.len()));
        }
        if self.position == 0 && rest.starts_with('\u{feff}') {
            return Some((Kind::Space, '\u{feff}'.len_utf8()));
        }
        if first.is_ascii_whitespace() || first == 0x0b {
            let end = bytes
                .iter()
                .position(|byte| !byte.is_ascii_whitespace() && *byte != 0x0b);
            return Some((Kind::Space, end.unwrap_or(bytes.len())));
        }
        self.comment(rest)
            .or_else(|| self.quoted(rest))
            .or_else(|| self.plain(rest))
    }

    fn comment(&self, rest: &str) -> Option<(Kind, usize)> {
        let bytes = rest.as_bytes();
        let line = || memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
        match bytes[0] {
            // MySQL wants a blank or control character after `--` (https://dev.mysql.com/doc/refman/8.4/en/comments.html).
            b'-' if rest.starts_with("--")
                && (!self.is_mysql()
                    || rest.starts_with(BREAKPOINT)
                    || bytes.get(2).is_none_or(|byte| *byte <= b' ')) =>
            {
                Some((Kind::Comment, line()))
            }
            b'#' if self.is_mysql() => Some((Kind::Comment, line())),
            b'/' if rest.starts_with("/*") => {
                if self.is_mysql() && runs(rest) {
                    return Some((Kind::Executable, executable(bytes)));
                }
                let nested = self.engine == Engine::Postgres;
                Some((Kind::Comment, block_comment(bytes, nested)))
            }
            _ => None,
        }
    }

    fn quoted(&self, rest: &str) -> Option<(Kind, usize)> {
        let bytes = rest.as_bytes();
        let mysql = self.is_mysql();
        let escapes = mysql && !self.plain_backslashes;
        match bytes[0] {
            b'\'' => Some((Kind::Literal, quoted(bytes, 0, b'\'', escapes))),
            b'"' if mysql => Some((Kind::Literal, quoted(bytes, 0, b'"', escapes))),
            b'"' => Some((Kind::Name, quoted(bytes, 0, b'"', false))),
            b'`' if self.engine != Engine::Postgres => {
                Some((Kind::Name, quoted(bytes, 0, b'`', false)))
            }
            b'[' if self.engine == Engine::Sqlite => {
                let end = memchr::memchr(b']', bytes).map_or(bytes.len(), |end| end + 1);
                Some((Kind::Name, end))
            }
            b'$' if self.engine == Engine::Postgres => {
                dollar_quoted(rest).map(|end| (Kind::Literal, end))
            }
            b'\\' if self.engine == Engine::Postgres => {
                let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
                Some((Kind::Client, end))
            }
            first if first.is_ascii_alphabetic() => self.prefixed(bytes),
            _ => None,
        }
    }

    /// `E'…'`, `B'…'`, `X'…'`, `N'…'`, `U&'…'` and `U&"…"`.
    fn prefixed(&self, bytes: &[u8]) -> Option<(Kind, usize)> {
        let first = bytes[0].to_ascii_lowercase();
        let postgres = self.engine == Engine::Postgres;
        if postgres && first == b'u' && bytes.get(1) == Some(&b'&') {
            return match bytes.get(2) {
                Some(b'\'') => Some((Kind::Literal, quoted(bytes, 2, b'\'', false))),
                Some(b'"') => Some((Kind::Name, quoted(bytes, 2, b'"', false))),
                _ => None,
            };
        }
        if bytes.get(1) != Some(&b'\'') {
            return None;
        }
        let escapes = (postgres && first == b'e')
            || (self.is_mysql() && first == b'n' && !self.plain_backslashes);
        let known = match self.engine {
            Engine::Sqlite => first == b'x',
            Engine::Postgres => matches!(first, b'e' | b'b' | b'x' | b'n'),
            Engine::Mysql | Engine::Mariadb => matches!(first, b'b' | b'x' | b'n'),
        };
        known.then(|| (Kind::Literal, quoted(bytes, 1, b'\'', escapes)))
    }

    fn plain(&self, rest: &str) -> Option<(Kind, usize)> {
        let bytes = rest.as_bytes();
        let first = bytes[0];
        if first.is_ascii_digit() || (first == b'.' && bytes.get(1).is_some_and(u8::is_ascii_digit))
        {
            return Some((Kind::Number, self.stop_at_delimiter(rest, number(bytes))));
        }
        if is_word_start(first) {
            let end = bytes
                .iter()
                .position(|byte| !is_word_start(*byte) && !byte.is_ascii_digit() && *byte != b'$');
            let end = end.unwrap_or(bytes.len());
            return Some((Kind::Word, self.stop_at_delimiter(rest, end)));
        }
        let character = rest.chars().next()?;
        Some((Kind::Symbol, character.len_utf8()))
    }

    /// `END$$` is a word and a delimiter.
    fn stop_at_delimiter(&self, rest: &str, end: usize) -> usize {
        let Some(delimiter) = self.delimiter else {
            return end;
        };
        let reach = (end + delimiter.len()).min(rest.len());
        match memchr::memmem::find(&rest.as_bytes()[..reach], delimiter.as_bytes()) {
            Some(found) => found.min(end),
            None => end,
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let (kind, length) = self.measure()?;
        let start = self.position;
        self.position += length;
        Some(Token {
            kind,
            start,
            end: self.position,
        })
    }
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// The end of what is quoted from `open` on; a doubled quote stands for one.
fn quoted(bytes: &[u8], open: usize, quote: u8, escapes: bool) -> usize {
    let mut at = open + 1;
    while at < bytes.len() {
        if escapes && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    bytes.len()
}

fn block_comment(bytes: &[u8], nested: bool) -> usize {
    let mut depth = 1usize;
    let mut at = 2;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else if nested && bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// Whether a comment runs: `/*!` or `/*M!`, unless no version will ever do so, as the line dumps begin with.
fn runs(rest: &str) -> bool {
    let inner = rest
        .strip_prefix("/*!")
        .or_else(|| rest.strip_prefix("/*M!"));
    inner.is_some_and(|inner| !inner.starts_with("999999"))
}

/// The end of a comment that runs: literals and comments in it may hold a `*/` of their own. Where one of them is not
/// closed, the first `*/` is taken.
fn executable(bytes: &[u8]) -> usize {
    let mut depth = 1usize;
    let mut at = 3;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if depth == 1 && matches!(bytes[at], b'\'' | b'"' | b'`') {
            at = quoted(bytes, at, bytes[at], bytes[at] != b'`');
        } else {
            at += 1;
        }
    }
    block_comment(bytes, false)
}

/// The end of `$tag$ … $tag$`, or `None` for a lone `$` such as that of `$1`.
fn dollar_quoted(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let close = 1 + memchr::memchr(b'$', &bytes[1..])?;
    let tag = &bytes[1..close];
    let is_tag = tag
        .iter()
        .all(|byte| is_word_start(*byte) || byte.is_ascii_digit())
        && !tag.first().is_some_and(u8::is_ascii_digit);
    if !is_tag {
        return None;
    }
    let open = &bytes[..=close];
    let body = &bytes[close + 1..];
    Some(memchr::memmem::find(body, open).map_or(bytes.len(), |at| close + 1 + at + open.len()))
}

fn number(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        let exponent = matches!(bytes[at - 1], b'e' | b'E')
            && matches!(bytes[at], b'+' | b'-')
            && !bytes.starts_with(b"0x");
        if !bytes[at].is_ascii_alphanumeric() && !matches!(bytes[at], b'.' | b'_') && !exponent {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(engine: Engine, text: &str) -> Vec<(Kind, &str)> {
        Lexer::new(engine, text)
            .map(|token| (token.kind, &text[token.start..token.end]))
            .filter(|(kind, _)| *kind != Kind::Space)
            .collect()
    }

    #[test]
    fn each_engine_quotes_in_its_own_way() {
        use Engine::{Mysql, Postgres, Sqlite};
        for (engine, text, expected) in [
            (Sqlite, "'it''s; '", Kind::Literal),
            (Sqlite, "x'00;'", Kind::Literal),
            (Sqlite, "\"a;\"\"b\"", Kind::Name),
            (Sqlite, "[a;b]", Kind::Name),
            (Sqlite, "`a;b`", Kind::Name),
            (Sqlite, "/* a /* b; */", Kind::Comment),
            (Postgres, "/* a /* b */ ; */", Kind::Comment),
            (Postgres, r"E'\';'", Kind::Literal),
            (Postgres, "$$;'$$", Kind::Literal),
            (Postgres, "$é1$;$$;$é1$", Kind::Literal),
            (Postgres, "U&\"a;\"", Kind::Name),
            (Postgres, r"\i other.sql;", Kind::Client),
            (Mysql, r"'\';'", Kind::Literal),
            (Mysql, r#""\";""#, Kind::Literal),
            (Mysql, "`a;b`", Kind::Name),
            (Mysql, "# a;", Kind::Comment),
            (Mysql, "--> statement-breakpoint", Kind::Comment),
            (Mysql, "/*!50003 DROP TABLE a; */", Kind::Executable),
            (Mysql, "/*M!100100 x */", Kind::Executable),
            (Mysql, "/*!50003 a '*/' /* b */ `*/` c */", Kind::Executable),
            (Mysql, "/*! don't */", Kind::Executable),
            (
                Mysql,
                "/*M!999999\\- enable the sandbox mode */",
                Kind::Comment,
            ),
        ] {
            assert_eq!(kinds(engine, text), [(expected, text)], "{engine:?}");
        }
    }

    #[test]
    fn what_looks_like_a_quote_but_is_none() {
        assert_eq!(kinds(Engine::Postgres, "$1").len(), 2);
        assert_eq!(kinds(Engine::Postgres, "a$b$c"), [(Kind::Word, "a$b$c")]);
        assert_eq!(kinds(Engine::Mysql, "1--1").len(), 4);
        assert_eq!(kinds(Engine::Sqlite, "#a").len(), 2);
        assert_eq!(kinds(Engine::Sqlite, r"'\'").len(), 1);
        assert_eq!(kinds(Engine::Sqlite, "1.5e-3+0xFF").len(), 3);
    }
}
