//! Allowances of a whole run: to which statement each belongs, and what is said of one that covers nothing.

use super::allow::{self, Allowance, Source};
use super::dialect;
use super::draft::{LetGo, What};
use super::lint::SqlFile;
use super::rule;
use super::split::{Kind, Statement};
use super::unsaid::Unsaid;
use super::world::{Table, World};
use crate::db::Engine;
use crate::event::{Finding, Logged, Severity};
use crate::ident::TableName;

/// An allowance and the statements it is for.
pub(super) struct Given {
    pub(super) allowance: Allowance,
    /// File and statement; `None` is all of them.
    pub(super) statement: Option<(usize, usize)>,
    /// Whether a hazard that it covers takes anything away.
    pub(super) gives: bool,
    /// Where it stands, in bytes of the file, within the body of a block: it is for what stands right below it there.
    pub(super) within: Option<usize>,
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
            gives: false,
            within: None,
            misplaced: None,
        })
        .collect();
    for (file, statements) in split.iter().enumerate() {
        let SqlFile { name, text } = &files[file];
        let mut collect = |part, statement: Option<usize>, inside: bool, misplaced| {
            for found in allow::in_comments(engine, name, text, part) {
                let beside = (!found.stands_alone)
                    .then_some("it stands beside SQL, not on a line of its own above it");
                given.push(Given {
                    allowance: found.allowance,
                    statement: Some((file, statement.unwrap_or(usize::MAX))),
                    gives: false,
                    within: inside.then_some(found.at),
                    misplaced: beside.or(misplaced),
                });
            }
        };
        let mut end = 0;
        for (index, statement) in statements.iter().enumerate() {
            let start = statement.offset;
            collect((end, start), Some(index), false, None);
            end = start + statement.text.len();
            if statement.kind == Kind::Sql {
                collect(
                    (start, end),
                    None,
                    false,
                    Some("it stands inside a statement, not above it"),
                );
                for (from, to) in dialect::blocks(engine, statement.text) {
                    collect((start + from, start + to), Some(index), true, None);
                }
            }
        }
        collect(
            (end, text.len()),
            None,
            false,
            Some("no statement follows it"),
        );
    }
    given
}

/// What an allowance lets go of by its own words: the rows, values or whole of a table it names. Offline no table is
/// known; then it is taken at its word above a statement whose deeds cannot be seen.
pub(super) fn names_what_goes(
    allowance: &Allowance,
    world: &World,
    unsaid: &Unsaid,
    unseen: bool,
) -> Option<LetGo> {
    let what = match allowance.rule.as_str() {
        "delete-rows" | "replace-rows" | "truncate" | "truncate-partition" | "drop-partition" => {
            What::Rows
        }
        "update-rows" | "upsert" | "lossy-using" | "narrow-type" => What::Values,
        "drop-table" => What::Table,
        "drop-column" => What::Column,
        _ => return None,
    };
    let object = unsaid.plain(allowance.object.as_deref()?);
    if world.offline && unseen && matches!(what, What::Rows | What::Values) {
        return Some(LetGo {
            table: object,
            column: None,
            what,
            allowed: true,
        });
    }
    let gone = |table: &TableName, column: Option<String>| LetGo {
        table: table.to_string(),
        column,
        what,
        allowed: true,
    };
    world
        .tables()
        .into_iter()
        .filter_map(|table| Some((table, table.live.as_ref()?)))
        .find_map(|(table, live)| {
            let names = [&table.name, live].map(ToString::to_string);
            let short = names.iter().filter_map(|name| world.short(name));
            let names: Vec<String> = short.chain(names.iter().cloned()).collect();
            let names: Vec<String> = names.iter().map(|name| unsaid.plain(name)).collect();
            if what != What::Column && names.contains(&object) {
                return Some(gone(live, None));
            }
            let column = names
                .iter()
                .find_map(|name| object.strip_prefix(name.as_str())?.strip_prefix('.'))?;
            let column = live_column(table, column)?;
            matches!(what, What::Column | What::Values).then(|| gone(live, Some(column)))
        })
}

/// Where the values of a column are now, by the name it has in the end or had before.
fn live_column(table: &Table, name: &str) -> Option<String> {
    if let Some(column) = table.column(name) {
        return table.live_column(&column.name);
    }
    let before = table.columns.iter().flatten();
    let mut before = before.filter_map(|column| column.live.as_ref());
    before.find(|live| live.eq_ignore_ascii_case(name)).cloned()
}

/// The warning about an allowance that covers no hazard; `accepted`: what it names may go all the same.
pub(super) fn unused(given: &Given, accepted: bool) -> Finding {
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
    let message = match accepted {
        true => "the allowance covers nothing that is found here; if the rehearsal finds such a loss, it is accepted".to_owned(),
        false => format!("the allowance covers nothing: {why}"),
    };
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
