//! Columns on their way through a copy: which one's values fill which.

use crate::hazard::action::{Copy, Output};
use crate::hazard::world::{Column, Table};

/// How a column of the new table is filled.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// The column that is filled.
    pub(super) to: String,
    pub(super) from: From,
}

/// What a column is filled with.
#[derive(Clone, Debug)]
pub(super) enum From {
    /// A column of the source as it is.
    Same(String),
    /// A column of the source, its NULLs replaced.
    Filled(String),
    /// An expression.
    Made { sql: String, words: Vec<String> },
}

/// The flows of a copy into these columns. `None`: the source's columns are not known and more than `*` is taken.
pub(super) fn flows(copy: &Copy, targets: &[String], source: Option<&Table>) -> Option<Vec<Flow>> {
    let known = source.and_then(|source| source.columns.as_ref());
    let mut filled = Vec::new();
    for output in &copy.outputs {
        match output {
            Output::Star => match known {
                Some(columns) => filled.extend(
                    columns
                        .iter()
                        .map(|column| (column.name.clone(), From::Same(column.name.clone()))),
                ),
                // Nobody knows them: taken for the same columns.
                None => filled.extend(
                    targets
                        .iter()
                        .map(|name| (name.clone(), From::Same(name.clone()))),
                ),
            },
            Output::Column(name) => {
                let columns = known.filter(|_| copy.filters.contains(&"JOIN"));
                let is = |column: &Column| column.name.eq_ignore_ascii_case(name);
                let is_another = columns.is_some_and(|columns| !columns.iter().any(is));
                let from = match is_another {
                    true => From::Made {
                        sql: name.clone(),
                        words: vec![name.to_lowercase()],
                    },
                    false => From::Same(name.clone()),
                };
                filled.push((name.clone(), from));
            }
            Output::Expression {
                sql,
                keeps,
                words,
                alias,
            } => {
                let name = alias
                    .clone()
                    .or(keeps.clone())
                    .unwrap_or_else(|| sql.clone());
                let from = match keeps {
                    Some(column) => From::Filled(column.clone()),
                    None => From::Made {
                        sql: sql.clone(),
                        words: words.clone(),
                    },
                };
                filled.push((name, from));
            }
        }
    }
    if targets.is_empty() {
        return Some(
            filled
                .into_iter()
                .map(|(to, from)| Flow { to, from })
                .collect(),
        );
    }
    let pairs = targets.iter().zip(filled);
    Some(
        pairs
            .map(|(to, (_, from))| Flow {
                to: to.clone(),
                from,
            })
            .collect(),
    )
}
