//! What a person allows: `-- dbscript: allow RULE[(object)] [reason]` above a statement, or `--allow RULE[(object)]`.

use super::dialect::{Lexer, TokenKind};
use super::split::Place;
use super::unsaid::Unsaid;
use crate::db::Engine;

/// One allowance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The rule it is for.
    pub rule: String,
    /// The one object it is for; `None` is any.
    pub object: Option<String>,
    /// Why, in the person's words; empty for a flag.
    pub reason: String,
    /// Where it was given.
    pub from: Source,
    /// Whether it covered anything.
    pub used: bool,
}

/// Where an allowance was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// On the command line: for every statement.
    Flag,
    /// In a comment: for the statement right below.
    Comment {
        /// The file.
        file: String,
        /// Line of the comment, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
}

impl Allowance {
    /// It as it was given, for reports.
    pub fn text(&self) -> String {
        let object = self.object.as_ref();
        let object = object.map_or(String::new(), |object| format!("({object})"));
        let given = format!("{}{object}", self.rule);
        match &self.from {
            Source::Flag => format!("--allow {given}"),
            Source::Comment { file, line, .. } if self.reason.is_empty() => {
                format!("allow {given} ({file}:{line})")
            }
            Source::Comment { file, line, .. } => {
                format!("allow {given} {} ({file}:{line})", self.reason)
            }
        }
    }

    /// Whether it is for this rule, and this object by one of its names.
    pub(super) fn covers<'a>(
        &self,
        rule: &str,
        mut names: impl Iterator<Item = &'a str>,
        unsaid: &Unsaid,
    ) -> bool {
        let Some(object) = &self.object else {
            return self.rule == rule;
        };
        self.rule == rule && names.any(|name| unsaid.plain(name) == unsaid.plain(object))
    }
}

/// The allowances of `--allow`, each flag one or several joined by commas.
pub fn from_flags(flags: &[String]) -> Vec<Allowance> {
    let mut allowances = Vec::new();
    for flag in flags {
        let mut depth = 0usize;
        let parts = flag.split(|character| {
            match character {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            character == ',' && depth == 0
        });
        for part in parts {
            if let Some((rule, object, _)) = parse(part) {
                allowances.push(Allowance {
                    rule,
                    object,
                    reason: String::new(),
                    from: Source::Flag,
                    used: false,
                });
            }
        }
    }
    allowances
}

/// `RULE[(object)] [reason]`.
fn parse(text: &str) -> Option<(String, Option<String>, String)> {
    let text = text.trim();
    let end = text.find(|character: char| character == '(' || character.is_whitespace());
    let (rule, rest) = text.split_at(end.unwrap_or(text.len()));
    if rule.is_empty() {
        return None;
    }
    let rest = rest.trim_start();
    let (object, reason) = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((object, reason)) => (Some(object.trim().to_owned()), reason),
        None => (None, rest),
    };
    Some((rule.to_owned(), object, reason.trim().to_owned()))
}

/// An allowance found in a text, and whether it stands on a line of its own above what follows.
pub(super) struct Found {
    pub(super) allowance: Allowance,
    pub(super) stands_alone: bool,
    /// Where it begins in the file, in bytes.
    pub(super) at: usize,
}

/// The allowances in comments of `text`, which begins at `offset` of the file.
pub(super) fn in_comments(
    engine: Engine,
    file: &str,
    whole: &str,
    part: (usize, usize),
) -> Vec<Found> {
    let (start, end) = part;
    let text = &whole[start..end];
    // Most statements have none; a file is not tokenised twice for nothing.
    if memchr::memmem::find(text.as_bytes(), b"dbscript:").is_none() {
        return Vec::new();
    }
    let mut place = Place::default();
    let mut found = Vec::new();
    for token in Lexer::new(engine, text).filter(|token| token.kind == TokenKind::Comment) {
        let comment = &text[token.start..token.end];
        let Some(words) = comment.strip_prefix("--") else {
            continue;
        };
        let words = words
            .trim_start()
            .strip_prefix("dbscript:")
            .map(str::trim_start);
        let Some(given) = words.and_then(|words| words.strip_prefix("allow")) else {
            continue;
        };
        if !given.starts_with(char::is_whitespace) {
            continue;
        }
        let Some((rule, object, reason)) = parse(given) else {
            continue;
        };
        let at = start + token.start;
        let (line, column) = place.of(whole, at);
        let line_start = memchr::memrchr(b'\n', &whole.as_bytes()[..at]).map_or(0, |at| at + 1);
        let before = whole[line_start..at].trim_matches(['\u{feff}', ' ', '\t']);
        found.push(Found {
            allowance: Allowance {
                rule,
                object,
                reason,
                from: Source::Comment {
                    file: file.to_owned(),
                    line,
                    column,
                },
                used: false,
            },
            stands_alone: before.is_empty(),
            at,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hazard::world::World;

    #[test]
    fn flags_and_comments_have_one_grammar() {
        let flags = [
            "drop-column(users.fax),drop-table".to_owned(),
            " delete-rows( a.b ) ".to_owned(),
        ];
        let parsed: Vec<(String, Option<String>)> = from_flags(&flags)
            .into_iter()
            .map(|allowance| (allowance.rule, allowance.object))
            .collect();
        assert_eq!(
            parsed,
            [
                ("drop-column".to_owned(), Some("users.fax".to_owned())),
                ("drop-table".to_owned(), None),
                ("delete-rows".to_owned(), Some("a.b".to_owned())),
            ]
        );
        assert_eq!(
            parse("drop-column(users.fax) copied to contacts"),
            Some((
                "drop-column".to_owned(),
                Some("users.fax".to_owned()),
                "copied to contacts".to_owned()
            ))
        );
        assert_eq!(
            parse("drop-table old (and empty) one"),
            Some((
                "drop-table".to_owned(),
                None,
                "old (and empty) one".to_owned()
            ))
        );
    }

    #[test]
    fn objects_match_without_quotes_case_and_default_schema() {
        let allowance = &from_flags(&["drop-column(\"Users\".Fax)".to_owned()])[0];
        let unsaid = Unsaid::of(&World::default(), None);
        let covers = |rule, name| allowance.covers(rule, [name].into_iter(), &unsaid);
        assert!(covers("drop-column", "users.fax"));
        assert!(covers("drop-column", "main.users.fax"));
        assert!(!covers("drop-column", "users.phone"));
        assert!(!covers("drop-table", "users.fax"));
    }

    #[test]
    fn only_line_comments_allow() {
        let text = "-- dbscript: allow drop-table why not\n/* dbscript: allow x */ '-- dbscript: allow y'\nSELECT 1 --dbscript: allow z\n-- dbscript: allowed w\n";
        let found = in_comments(Engine::Sqlite, "a.sql", text, (0, text.len()));
        let rules: Vec<(&str, bool)> = found
            .iter()
            .map(|found| (found.allowance.rule.as_str(), found.stands_alone))
            .collect();
        assert_eq!(rules, [("drop-table", true), ("z", false)]);
        assert_eq!(
            found[0].allowance.text(),
            "allow drop-table why not (a.sql:1)"
        );
    }
}
