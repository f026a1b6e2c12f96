//! What the rehearsal cannot tell: it lets go of what an allowance is for, and does not see which statement took it. Where
//! another statement may take the same and is not allowed to, it is asked about right before it runs, or else refused.

use std::collections::HashSet;

use super::dialect;
use super::draft::{LetGo, Question, What};
use super::risk::words_in_strings;
use super::split::Statement;
use crate::db::Engine;

/// File and statement.
pub(super) type At = (usize, usize);

/// A hazard that was left to the rehearsal.
pub(super) struct Open {
    /// Index of its finding.
    pub(super) finding: usize,
    pub(super) at: At,
    /// Index of its step among those of all files.
    pub(super) step: usize,
    pub(super) rule: &'static str,
    pub(super) let_go: Vec<LetGo>,
    /// What tells right before the statement, where that is all that runs.
    pub(super) then: Option<Question>,
    /// It is part of a body, or is done by something else.
    pub(super) within: bool,
}

/// What a statement was allowed to take; `None` are all of them.
pub(super) struct Granted {
    pub(super) at: Option<At>,
    /// The only step of it that was, where it was one of several.
    pub(super) step: Option<usize>,
    pub(super) gone: LetGo,
}

/// Rules of rows that no constraint and no type looks at: what they take is only seen as rows and values that differ.
const OF_ROWS: [&str; 10] = [
    "delete-rows",
    "update-rows",
    "replace-rows",
    "upsert",
    "truncate",
    "truncate-partition",
    "drop-partition",
    "exchange-partition",
    "delete-history",
    "rebuild-loses",
];

impl Open {
    /// The table of which another statement may take what this one would.
    pub(super) fn hidden_by<'g>(&self, granted: &'g [Granted]) -> Option<&'g str> {
        let others = granted.iter().filter(|granted| {
            granted.at != Some(self.at) || granted.step.is_some_and(|step| step != self.step)
        });
        let mut others = others.filter(|granted| granted.at.is_some());
        let hides = |granted: &&Granted| self.let_go.iter().any(|mine| hides(&granted.gone, mine));
        others
            .find(hides)
            .map(|granted| granted.gone.table.as_str())
    }

    /// Whether it must be refused where it cannot be asked about.
    pub(super) fn is_of_rows(&self) -> bool {
        OF_ROWS.contains(&self.rule)
    }
}

/// Whether a comparison that lets one go does not see the other.
fn hides(granted: &LetGo, wanted: &LetGo) -> bool {
    let what = match granted.what {
        What::Table => true,
        What::Rows => matches!(wanted.what, What::Rows | What::Values),
        What::Values => wanted.what == What::Values,
        _ => false,
    };
    what && granted.table.eq_ignore_ascii_case(&wanted.table)
}

/// The table that other statements are allowed to take from and that these texts name: what they hold nobody can read,
/// so that they may take from it as well.
pub(super) fn named_by<'g>(
    engine: Engine,
    texts: &[&str],
    at: At,
    granted: &'g [Granted],
) -> Option<&'g str> {
    let is_taken = |granted: &&Granted| {
        matches!(granted.gone.what, What::Rows | What::Values | What::Table)
            && granted.at.is_some_and(|other| other != at)
    };
    let mut taken = granted.iter().filter(is_taken).peekable();
    taken.peek()?;
    let mut words: HashSet<String> = HashSet::new();
    for text in texts {
        words.extend(words_in_strings(engine, text));
        words.extend(dialect::words(engine, text));
    }
    let is_named = |granted: &&Granted| {
        let name = granted.gone.table.rsplit('.').next();
        name.is_some_and(|name| words.contains(&name.to_lowercase()))
    };
    taken
        .find(is_named)
        .map(|granted| granted.gone.table.as_str())
}

/// Whether the last of these statements leave a transaction open that they began.
pub(super) fn is_in_own_transaction(before: &[Statement<'_>]) -> bool {
    let mut last = before.iter().rev();
    let last =
        last.find(|statement| statement.begins_transaction() || statement.ends_transaction());
    last.is_some_and(Statement::begins_transaction)
}
