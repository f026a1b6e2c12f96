//! SQLite URLs as they stand in real `.env` files (DATABASE-URLS.md).

use std::path::{Path, PathBuf};

use crate::db::{Error, Result};

/// Schemes of SQLite, the longest first.
const SCHEMES: [&str; 3] = ["sqlite://", "sqlite:", "file:"];

/// The file a URL names; a relative one is relative to `project`. Prisma up to version 6 reads `file:` relative to the
/// schema's folder, so `prisma/` is looked into as well when the project folder has no such file.
///
/// # Errors
/// `Error::Url` for another scheme, an in-memory database or a malformed path.
pub fn path(url: &str, project: &Path) -> Result<PathBuf> {
    let Some((scheme, rest)) = SCHEMES
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme).map(|rest| (*scheme, rest)))
    else {
        return Err(unknown(url));
    };
    let name = rest.split(['?', '#']).next().unwrap_or_default();
    if name.is_empty() {
        return Err(refuse(
            "the SQLite URL names no file",
            "write it as `sqlite://app.db`",
        ));
    }
    if name == ":memory:" || rest.contains("mode=memory") {
        return Err(refuse(
            "an in-memory database ends with the program that made it",
            "name a file, such as `sqlite://app.db`",
        ));
    }
    let decoded = decode(name)?;
    // `file:///abs` has an empty host before the path.
    let decoded = match decoded.strip_prefix("//") {
        Some(absolute) if scheme == "file:" => absolute.to_owned(),
        _ => decoded,
    };
    let relative = PathBuf::from(&decoded);
    let here = clean(&project.join(&relative));
    if scheme == "file:" && relative.is_relative() && !here.exists() {
        let beside_schema = clean(&project.join("prisma").join(&relative));
        if beside_schema.exists() {
            return Ok(beside_schema);
        }
    }
    Ok(here)
}

/// Without `.` parts, so that the name people see is the short one.
fn clean(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| *part != std::path::Component::CurDir)
        .collect()
}

fn decode(name: &str) -> Result<String> {
    let bytes = name.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let digits = (bytes[index] == b'%')
            .then(|| name.get(index + 1..index + 3))
            .flatten();
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
            "the SQLite URL's file name is not text",
            "percent-encode UTF-8 only",
        )),
    }
}

fn refuse(message: &str, hint: &str) -> Error {
    Error::Url {
        message: message.to_owned(),
        hint: hint.to_owned(),
    }
}

/// Why another scheme is not taken.
fn unknown(url: &str) -> Error {
    let known = "known are `sqlite://`, `file:`, `postgres://`, `postgresql://`, `mysql://` and `mariadb://`";
    let scheme: String = url
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || "+.-".contains(*letter))
        .collect();
    match scheme.as_str() {
        _ if !url[scheme.len()..].starts_with(':') => refuse(
            "the database URL has no scheme",
            &format!("{known}; an SQLite file is `sqlite://app.db`"),
        ),
        "libsql" | "prisma" | "prisma+postgres" | "jdbc" => refuse(
            &format!("`{scheme}:` URLs lead to a service, not to a database dbscript can read"),
            "use the database's own URL",
        ),
        _ => refuse(&format!("unknown database URL scheme `{scheme}`"), known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str) -> String {
        path(url, Path::new("/p"))
            .expect("a good URL")
            .display()
            .to_string()
    }

    #[test]
    fn every_form_names_its_file() {
        for (url, file) in [
            ("sqlite://app.db", "/p/app.db"),
            ("sqlite:app.db", "/p/app.db"),
            ("sqlite:///srv/app.db", "/srv/app.db"),
            ("sqlite://app.db?mode=rwc", "/p/app.db"),
            ("file:./dev.db", "/p/dev.db"),
            ("file:./my%20db.db", "/p/my db.db"),
            ("file:/abs/dev.db", "/abs/dev.db"),
            ("file:///abs/dev.db", "/abs/dev.db"),
            ("file:./dev.db?connection_limit=1", "/p/dev.db"),
            ("sqlite://100%.db", "/p/100%.db"),
        ] {
            assert_eq!(named(url), file, "{url}");
        }
    }

    #[test]
    fn other_schemes_are_refused_by_name() {
        for (url, word) in [
            ("libsql://x", "libsql"),
            ("prisma+postgres://x", "prisma+postgres"),
            ("oracle://x", "oracle"),
            ("app.db", "no scheme"),
            ("sqlite:", "names no file"),
            ("sqlite::memory:", "in-memory"),
        ] {
            let message = path(url, Path::new("/p")).expect_err(url).to_string();
            assert!(message.contains(word), "{url}: {message}");
        }
    }
}
