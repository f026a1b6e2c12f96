//! Database URLs as they stand in real `.env` files (DATABASE-URLS.md), parsed once into options of our own. The drivers'
//! own parsers know neither Prisma's parameters nor a good word for what is wrong.

use std::path::{Path, PathBuf};

use super::dialect::sqlite;
use super::server::{self, Server};
use super::{Engine, Error, Result};

/// Where a URL leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// An SQLite file.
    File(PathBuf),
    /// A database of a server.
    Server(Engine, Box<Server>),
}

/// What people are told they can write.
const KNOWN: &str =
    "known are `sqlite://`, `file:`, `postgres://`, `postgresql://`, `mysql://` and `mariadb://`";

/// Reads a URL; relative files in it are relative to `project`.
///
/// # Errors
/// `Error::Url` for a scheme that is not known, and for what is wrong with the rest.
pub(super) fn parse(text: &str, project: &Path) -> Result<Address> {
    let text = unquoted(text);
    let scheme = text.split(':').next().unwrap_or_default();
    let engine = match scheme.to_ascii_lowercase().as_str() {
        "sqlite" | "file" => {
            return sqlite::url::path(text, project).map(Address::File);
        }
        "postgres" | "postgresql" => Engine::Postgres,
        "mysql" => Engine::Mysql,
        "mariadb" => Engine::Mariadb,
        _ => return Err(unknown(text)),
    };
    let Some(rest) = text[scheme.len()..].strip_prefix("://") else {
        return Err(refuse(
            format!("the `{scheme}:` URL has no `//` after its scheme"),
            format!("write it as `{scheme}://user:password@host/database`"),
        ));
    };
    server::parse(engine, rest, project).map(|server| Address::Server(engine, Box::new(server)))
}

/// Without white space and the quotes that some tools leave around a value.
pub(super) fn unquoted(text: &str) -> &str {
    let text = text.trim();
    ['"', '\'', '`']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .map_or(text, str::trim)
}

pub(super) fn refuse(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::Url {
        message: message.into(),
        hint: hint.into(),
    }
}

/// Why another scheme is not taken.
fn unknown(text: &str) -> Error {
    let scheme: String = text
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || "+.-".contains(*letter))
        .collect();
    match scheme.as_str() {
        _ if !text[scheme.len()..].starts_with(':') => refuse(
            "the database URL has no scheme",
            format!("{KNOWN}; an SQLite file is `sqlite://app.db`"),
        ),
        "libsql" | "prisma" | "prisma+postgres" => refuse(
            format!("`{scheme}:` URLs lead to a service, not to a database dbscript can read"),
            "use the database's own URL",
        ),
        "jdbc" => refuse(
            "`jdbc:` URLs are Java's own form",
            "write it as `postgres://user:password@host/database` or `mysql://user:password@host/database`",
        ),
        _ => refuse(format!("unknown database URL scheme `{scheme}`"), KNOWN),
    }
}

/// The text behind percent-encoding; a `%` without two hex digits stands for itself.
pub(super) fn decoded(text: &str, what: &str) -> Result<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let digits = (bytes[index] == b'%')
            .then(|| text.get(index + 1..index + 3))
            .flatten()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                index += 3;
            }
            None => {
                out.push(bytes[index]);
                index += 1;
            }
        }
    }
    match String::from_utf8(out) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(refuse(
            format!("{what} in the database URL is not text"),
            "percent-encode UTF-8 only",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_lead_to_their_engines() {
        for (text, engine) in [
            ("postgres://h/d", Engine::Postgres),
            ("POSTGRESQL://h/d", Engine::Postgres),
            ("mysql://h/d", Engine::Mysql),
            ("mariadb://h/d", Engine::Mariadb),
            ("\"postgres://h/d\"", Engine::Postgres),
            (" 'mysql://h/d'\r\n", Engine::Mysql),
            ("`postgres://h/d`", Engine::Postgres),
        ] {
            let found = parse(text, Path::new("/p"));
            assert!(
                matches!(&found, Ok(Address::Server(found, _)) if *found == engine),
                "{text}: {found:?}"
            );
        }
        let file = parse("\"file:./dev.db\"", Path::new("/p")).expect("a good URL");
        assert_eq!(file, Address::File(PathBuf::from("/p/dev.db")));
    }

    #[test]
    fn other_schemes_are_refused_by_name() {
        for (text, word) in [
            ("libsql://x", "libsql"),
            ("prisma://x", "prisma"),
            ("prisma+postgres://x", "prisma+postgres"),
            ("jdbc:postgresql://x/y", "jdbc"),
            ("oracle://x", "oracle"),
            ("app.db", "no scheme"),
            ("postgres:h/d", "no `//`"),
        ] {
            let error = parse(text, Path::new("/p")).expect_err(text);
            assert!(error.to_string().contains(word), "{text}: {error}");
        }
    }
}
