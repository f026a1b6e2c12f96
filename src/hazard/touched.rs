//! Columns that become the time of a change by their own definition or by a trigger: no loss where nothing else of the set
//! has to do with them.

use std::collections::HashSet;

use super::action::Action;
use super::carries::bare;
use super::desk::Desk;
use super::dialect::{self, Touch};
use super::draft::{LetGo, What};
use super::judge::Placed;
use super::risk::words_in_strings;
use crate::db::{Engine, Object};

/// What is looked for in the set and the database, read once for all columns.
struct Texts<'a> {
    /// Every word of the statements that may write rows that are there.
    statements: HashSet<String>,
    /// Each object but views, which change nothing, with the words of its SQL.
    objects: Vec<(&'a Object, HashSet<String>)>,
}

impl Desk<'_> {
    /// What goes without being a hazard, less the columns of which something else may change the values as well. `touches`:
    /// what the triggers there are set.
    pub(super) fn expected(&self, silent: &[LetGo], touches: &[Touch]) -> Vec<LetGo> {
        let is_touched = |gone: &&LetGo| gone.what == What::Touched;
        let others = silent.iter().filter(|gone| !is_touched(gone));
        let mut expected: Vec<LetGo> = others.cloned().collect();
        let mut known = HashSet::new();
        let mut touched: Vec<&LetGo> = silent.iter().filter(is_touched).collect();
        // One for each statement that changes rows of the table.
        touched.retain(|gone| known.insert((&gone.table, &gone.column)));
        let is_unread = |placed: &Placed| {
            let action = &placed.step.action;
            matches!(action, Action::Dynamic(_) | Action::Unparsed(_))
        };
        if !touched.is_empty() && !self.steps.iter().any(is_unread) {
            let texts = self.texts(&touched);
            let stays = touched.into_iter();
            expected.extend(stays.filter(|gone| texts.leave(gone, touches)).cloned());
        }
        expected
    }

    fn texts(&self, touched: &[&LetGo]) -> Texts<'_> {
        let columns = touched.iter().filter_map(|gone| gone.column.as_ref());
        let columns: HashSet<String> = columns.map(|column| column.to_lowercase()).collect();
        let mut statements = HashSet::new();
        for statement in self.split.iter().flatten() {
            let plain = dialect::words(self.engine, statement.text);
            if may_write(statement.text, &plain) {
                let mut words = within(self.engine, statement.text, plain);
                // Of all that is inserted nothing else is kept.
                words.retain(|word| columns.contains(word));
                statements.extend(words);
            }
        }
        let objects = self.objects.into_iter().flatten();
        let objects = objects.filter(|object| object.kind != "view");
        let words = |object: &Object| {
            let plain = dialect::words(self.engine, &object.sql);
            within(self.engine, &object.sql, plain)
        };
        Texts {
            statements,
            objects: objects.map(|object| (object, words(object))).collect(),
        }
    }
}

impl Texts<'_> {
    /// Whether no statement of the set names a column, nor any trigger or routine there is besides those that set it to the
    /// time: only then it becomes that alone.
    fn leave(&self, gone: &LetGo, touches: &[Touch]) -> bool {
        let Some(column) = gone.column.as_ref().map(|column| column.to_lowercase()) else {
            return false;
        };
        let table = bare(&gone.table);
        let is_own = |object: &Object| {
            let on = object.table.as_ref();
            on.is_some_and(|own| own.to_string() == gone.table)
        };
        let sets_time = |object: &Object| {
            let mut touches = touches.iter();
            touches.any(|touch| {
                let by_itself = is_own(object) && object.name.name == touch.trigger;
                let by_routine = || touch.routine.is_some() && touch.routine == called(object);
                touch.of_time
                    && touch.column == column
                    && touch.table.to_string() == gone.table
                    && (by_itself || by_routine())
            })
        };
        // A routine that a trigger of the table calls.
        let of_trigger = |object: &Object| {
            let mut own = self.objects.iter();
            called(object).is_some_and(|name| {
                own.any(|(own, words)| {
                    own.kind == "trigger" && is_own(own) && words.contains(&name)
                })
            })
        };
        // One that another one sets off, by however many steps.
        let may_set = |(object, words): &(&Object, HashSet<String>)| {
            words.contains(&column)
                && (is_own(object) || words.contains(&table) || of_trigger(object))
                && !sets_time(object)
        };
        !self.statements.contains(&column) && !self.objects.iter().any(may_set)
    }
}

/// Every word of a text, in strings too.
fn within(engine: Engine, text: &str, plain: Vec<String>) -> HashSet<String> {
    let mut words = words_in_strings(engine, text);
    words.extend(plain);
    words
}

/// Whether a statement with these words may write rows that are there: one that makes another table, or an index, does not.
fn may_write(text: &str, words: &[String]) -> bool {
    const WRITING: [&str; 6] = [
        "select",
        "trigger",
        "function",
        "procedure",
        "rule",
        "event",
    ];
    let has = |word: &str| words.iter().any(|known| known == word);
    let first = text.trim_start().get(..6);
    let makes = first.is_some_and(|first| {
        first.eq_ignore_ascii_case("create") && (has("table") || has("index"))
    });
    !makes || WRITING.into_iter().any(has)
}

/// The name of a routine without its arguments, in lower case.
fn called(object: &Object) -> Option<String> {
    let is_routine = ["function", "procedure"].contains(&object.kind.as_str());
    let name = object.name.name.split('(').next().unwrap_or_default();
    is_routine.then(|| name.trim_matches('"').to_lowercase())
}
