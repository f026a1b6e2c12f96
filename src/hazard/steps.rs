//! Statements of the pending files as steps. What a seed inserts is not kept: it may be more than memory holds.

use std::collections::HashSet;

use super::action::{Action, Insert, Step};
use super::dialect::{self, Reading};
use super::judge::Placed;
use super::split::{Kind, Statement};
use crate::db::Catalog;

/// The functions of the database, by their bare names in lower case.
pub(super) fn functions(catalog: Option<&Catalog>) -> HashSet<String> {
    let objects = catalog.into_iter().flat_map(|catalog| &catalog.objects);
    let functions = objects.filter(|object| object.kind == "function");
    functions
        .map(|function| function.name.name.to_lowercase())
        .collect()
}

/// What the statements of the files do, in their order. `functions` are those there are before.
pub(super) fn steps(
    before: &Reading,
    files: &[Vec<Statement<'_>>],
    mut functions: HashSet<String>,
) -> Vec<Placed> {
    let unread_calls = dialect::habits(before.engine).unread_calls;
    let mut before = before.clone();
    let mut steps: Vec<Placed> = Vec::new();
    for (file, statements) in files.iter().enumerate() {
        let mut reading = before.clone();
        for (index, statement) in statements.iter().enumerate() {
            let here = |step| Placed {
                file,
                statement: index,
                step,
            };
            match statement.kind {
                Kind::CopyData => {}
                Kind::Client => {
                    let action = dialect::read_client(statement.text);
                    steps.extend(action.map(|action| here(Step { action, offset: 0 })));
                }
                Kind::Sql => {
                    let read = dialect::read(&reading, statement.text);
                    reading.follow(&read);
                    if unread_calls && !functions.is_empty() {
                        let calls =
                            dialect::calls_among(reading.engine, statement.text, &functions);
                        steps.extend(calls.into_iter().map(|(name, offset)| {
                            let action = Action::Call { name, alone: false };
                            here(Step { action, offset })
                        }));
                    }
                    for mut step in read {
                        drop_literals(&mut step.action);
                        if let Action::CreateRoutine(routine) = &step.action {
                            functions.insert(routine.name.name.to_lowercase());
                        }
                        let last = steps.last().filter(|last| last.file == file);
                        if !last.is_some_and(|last| repeats(&last.step.action, &step.action)) {
                            steps.push(here(step));
                        }
                    }
                }
            }
        }
        before.end_file(reading);
    }
    steps
}

/// Takes away what is inserted, which is asked for only where it meets rows that are there: a seed may hold more of it than memory does.
fn drop_literals(action: &mut Action) {
    if let Action::Insert(insert) = action
        && !insert.replace
        && insert.conflict.is_none()
    {
        insert.source = None;
    }
}

/// Whether an action tells nothing that the one before has not told: a dump inserts one row a statement, by the million.
fn repeats(before: &Action, action: &Action) -> bool {
    let adds =
        |insert: &Insert| !insert.replace && insert.upsert.is_none() && insert.copy.is_none();
    matches!(action, Action::Insert(insert) if adds(insert)) && before == action
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Engine;
    use crate::hazard::split::split;

    #[test]
    fn a_seed_of_many_rows_is_one_step_in_every_dialect() {
        let rows =
            (0..100).map(|row| format!("INSERT INTO t (a, b) VALUES ({row}, 'text {row}');\n"));
        let text: String = rows.collect();
        for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
            let files = [split(engine, &text)];
            let steps = steps(&Reading::offline(engine), &files, HashSet::new());
            assert_eq!(steps.len(), 1, "{engine:?}");
            let told = format!("{steps:?}");
            assert!(!told.contains("text 0"), "{engine:?}: {told}");
        }
    }
}
