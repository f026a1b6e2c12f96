//! Whether Git would take what holds secrets or people's data. A `.gitignore` that is there already is its owner's: what
//! it lacks is said, not written.

use std::path::Path;

/// What must stay out, and why.
const SENSITIVE: [(&str, &str); 2] = [
    (".env", "it holds the database's password"),
    ("backups/", "backups hold the rows of the database"),
];

/// What the project's `.gitignore` lets through, a line for each; nothing where there is no such file.
pub(super) fn missing(project: &Path) -> Vec<String> {
    let read = |name: &str| std::fs::read_to_string(project.join(name)).ok();
    let Some(root) = read(".gitignore") else {
        return Vec::new();
    };
    let is_covered = |name: &str| {
        let inner = name
            .ends_with('/')
            .then(|| read(&format!("{name}.gitignore")));
        names(&root, name) || inner.flatten().is_some_and(|inner| has(&inner, "*"))
    };
    SENSITIVE
        .iter()
        .filter(|(name, _)| !is_covered(name))
        .map(|(name, why)| format!("`.gitignore` does not name `{name}`: add it, {why}"))
        .collect()
}

/// Whether a `.gitignore` names this file or folder at the top, in one of the ways people write it.
fn names(text: &str, name: &str) -> bool {
    let bare = name.trim_end_matches('/');
    let patterns = ["", "/", "/*", "/**"].map(|end| format!("{bare}{end}"));
    let prefixes = ["", "/", "**/"];
    let usual = patterns.iter().flat_map(|pattern| {
        prefixes
            .iter()
            .map(move |prefix| format!("{prefix}{pattern}"))
    });
    // What covers `.env` among others.
    let wide = [format!("{bare}*"), format!("*{bare}"), format!("/{bare}*")];
    let is_file = bare == name;
    usual
        .chain(wide.into_iter().filter(|_| is_file))
        .any(|pattern| has(text, &pattern))
}

/// Whether a line stands there; trailing blanks mean nothing to Git.
fn has(text: &str, pattern: &str) -> bool {
    text.lines().any(|line| line.trim_end() == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_people_write_it() {
        for line in [".env", "/.env", ".env*", "*.env", "**/.env", ".env  "] {
            assert!(names(&format!("node_modules\n{line}\n"), ".env"), "{line}");
        }
        for line in [
            "backups",
            "backups/",
            "/backups",
            "/backups/*",
            "backups/**",
        ] {
            assert!(names(line, "backups/"), "{line}");
        }
        for line in ["# .env", ".env.local", "!.env", ""] {
            assert!(!names(line, ".env"), "{line}");
        }
        assert!(!names("old-backups/", "backups/"));
    }
}
