//! Allowances of a whole run: to which statement each belongs, and what is said of one that covers nothing.

use super::allow::{self, Allowance, Source};
use super::lint::SqlFile;
use super::rule;
use super::split::{Kind, Statement};
use crate::db::Engine;
use crate::event::{Finding, Logged, Severity};

/// An allowance and the statements it is for.
pub(super) struct Given {
    pub(super) allowance: Allowance,
    /// File and statement; `None` is all of them.
    pub(super) statement: Option<(usize, usize)>,
    /// Why it can cover nothing.
    pub(super) misplaced: Option<&'static str>,
}

/// Every allowance, of flags and of comments.
pub(super) fn allowances(
    engine: Engine,
    files: &[SqlFile<'_>],
    split: &[Vec<Statement<'_>>],
    flags: &[String],
) -> Vec<Given> {
    let mut given: Vec<Given> = allow::from_flags(flags)
        .into_iter()
        .map(|allowance| Given {
            allowance,
            statement: None,
            misplaced: None,
        })
        .collect();
    for (file, statements) in split.iter().enumerate() {
        let SqlFile { name, text } = &files[file];
        let mut collect = |part, statement: Option<usize>, misplaced| {
            for found in allow::in_comments(engine, name, text, part) {
                let beside = (!found.stands_alone)
                    .then_some("it stands beside SQL, not on a line of its own above it");
                given.push(Given {
                    allowance: found.allowance,
                    statement: Some((file, statement.unwrap_or(usize::MAX))),
                    misplaced: beside.or(misplaced),
                });
            }
        };
        let mut end = 0;
        for (index, statement) in statements.iter().enumerate() {
            let start = statement.offset;
            collect((end, start), Some(index), None);
            end = start + statement.text.len();
            if statement.kind == Kind::Sql {
                collect(
                    (start, end),
                    None,
                    Some("it stands inside a statement, not above it"),
                );
            }
        }
        collect((end, text.len()), None, Some("no statement follows it"));
    }
    given
}

/// The warning about an allowance that covers nothing.
pub(super) fn unused(given: &Given) -> Finding {
    let Allowance {
        rule, object, from, ..
    } = &given.allowance;
    let known = rule::RULES.iter().any(|known| known.name == rule);
    let why = match (known, given.misplaced) {
        (false, _) => format!("no rule is named `{rule}`"),
        (true, Some(why)) => why.to_owned(),
        (true, None) => "nothing here needs it".to_owned(),
    };
    let hint = match (known, rule::nearest(rule)) {
        (false, Some(near)) => Some(format!("did you mean `{near}`?")),
        (false, None) => Some("the rules: `dbscript doc hazards`".to_owned()),
        (true, _) => None,
    };
    let (file, line, column) = match from {
        Source::Flag => ("--allow".to_owned(), 1, 1),
        Source::Comment { file, line, column } => (file.clone(), *line, *column),
    };
    let message = format!("the allowance covers nothing: {why}");
    Finding {
        rule: "unused-allowance".to_owned(),
        severity: Severity::Warn,
        file,
        line,
        column,
        statement: given.allowance.text(),
        table: object.clone(),
        logged: Logged {
            statement: given.allowance.text(),
            message: message.clone(),
            probe: None,
        },
        message,
        hint,
        probe: None,
        allowed: None,
        destroys: false,
        fails: false,
    }
}
