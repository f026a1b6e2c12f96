//! SQLite URLs as they stand in real `.env` files (DATABASE-URLS.md).

use std::path::{Path, PathBuf};

use crate::db::Result;
use crate::db::url::{decoded, refuse};

/// Schemes of SQLite, the longest first.
const SCHEMES: [&str; 3] = ["sqlite://", "sqlite:", "file:"];

/// The file a URL names; a relative one is relative to `project`. Prisma up to version 6 reads `file:` relative to the
/// schema's folder, so `prisma/` is looked into as well when the project folder has no such file.
///
/// # Errors
/// `Error::Url` for another scheme (`crate::db::url` says which are known), an in-memory database or a malformed path.
pub fn path(url: &str, project: &Path) -> Result<PathBuf> {
    let Some((scheme, rest)) = SCHEMES
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme).map(|rest| (*scheme, rest)))
    else {
        return Err(refuse("not an SQLite URL", "write it as `sqlite://app.db`"));
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
    let decoded = decoded(name, "the file name")?;
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

/// Words that mean yes to SQLite.
const YES: [&str; 4] = ["1", "yes", "true", "on"];

/// Whether the URL asks for reading alone, as SQLite's own URIs do (<https://www.sqlite.org/uri.html>): `mode=ro`, or
/// `immutable=1`, which says that nobody writes.
pub fn reads_only(url: &str) -> bool {
    let query = url.split('#').next().and_then(|url| url.split_once('?'));
    let asks = |part: &str| match part.split_once('=') {
        Some(("mode", mode)) => mode == "ro",
        Some(("immutable", word)) => YES.contains(&&*word.to_ascii_lowercase()),
        _ => false,
    };
    query.is_some_and(|(_, query)| query.split('&').any(asks))
}

/// Without `.` parts, so that the name people see is the short one.
fn clean(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| *part != std::path::Component::CurDir)
        .collect()
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
    fn a_url_may_forbid_to_write() {
        for (url, forbids) in [
            ("sqlite://app.db?mode=ro", true),
            ("file:app.db?cache=shared&mode=ro", true),
            ("file:app.db?immutable=TRUE", true),
            ("sqlite://app.db?mode=rwc", false),
            ("sqlite://app.db?immutable=0", false),
            ("sqlite://mode=ro", false),
        ] {
            assert_eq!(reads_only(url), forbids, "{url}");
        }
    }

    #[test]
    fn what_names_no_file_is_refused() {
        for (url, word) in [
            ("oracle://x", "not an SQLite URL"),
            ("sqlite:", "names no file"),
            ("sqlite::memory:", "in-memory"),
        ] {
            let message = path(url, Path::new("/p")).expect_err(url).to_string();
            assert!(message.contains(word), "{url}: {message}");
        }
    }
}
