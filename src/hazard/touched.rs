//! Columns that become the time of a change by their own definition or by a trigger: no loss where nothing else of the set
//! has to do with them.

use super::action::Action;
use super::carries::bare;
use super::desk::Desk;
use super::dialect::{self, Touch};
use super::draft::{LetGo, What};
use super::judge::Placed;
use super::risk::words_in_strings;
use crate::db::Object;

impl Desk<'_> {
    /// What goes without being a hazard, less the columns of which something else may change the values as well.
    pub(super) fn expected(&self, silent: &[LetGo]) -> Vec<LetGo> {
        let is_touched = |gone: &LetGo| gone.what == What::Touched;
        let touches = match silent.iter().any(is_touched) {
            true => dialect::touches(self.engine, self.objects.unwrap_or_default()),
            false => Vec::new(),
        };
        let silent = silent.iter();
        let stays = silent.filter(|gone| !is_touched(gone) || self.is_left_alone(gone, &touches));
        stays.cloned().collect()
    }

    /// Whether no statement of the set names a column, nor any trigger or routine there is besides those that set it to the
    /// time: only then it becomes that alone.
    fn is_left_alone(&self, gone: &LetGo, touches: &[Touch]) -> bool {
        let Some(column) = gone.column.as_ref().map(|column| column.to_lowercase()) else {
            return false;
        };
        let is_known = |text: &str, word: &String| {
            dialect::words(self.engine, text).contains(word)
                || words_in_strings(self.engine, text).contains(word)
        };
        let names = |text: &str| is_known(text, &column);
        let is_unread = |placed: &Placed| {
            let action = &placed.step.action;
            matches!(action, Action::Dynamic(_) | Action::Unparsed(_))
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
        let objects = || self.objects.into_iter().flatten();
        // A routine that a trigger of the table calls.
        let of_trigger = |object: &Object| {
            let name = called(object);
            let mut own = objects().filter(|other| other.kind == "trigger" && is_own(other));
            name.is_some_and(|name| own.any(|own| is_known(&own.sql, &name)))
        };
        // One that another one sets off, by however many steps; a view changes nothing.
        let may_set = |object: &Object| {
            object.kind != "view"
                && names(&object.sql)
                && (is_own(object) || is_known(&object.sql, &table) || of_trigger(object))
                && !sets_time(object)
        };
        // One that makes another table, or an index, writes no row that is there.
        let may_write = |text: &str| {
            let words = dialect::words(self.engine, text);
            let has = |word: &str| words.iter().any(|known| known == word);
            let makes = text.trim_start().get(..6).is_some_and(|first| {
                first.eq_ignore_ascii_case("create") && (has("table") || has("index"))
            });
            !makes
                || [
                    "select",
                    "trigger",
                    "function",
                    "procedure",
                    "rule",
                    "event",
                ]
                .into_iter()
                .any(has)
        };
        let mut statements = self.split.iter().flatten();
        !statements.any(|statement| names(statement.text) && may_write(statement.text))
            && !self.steps.iter().any(is_unread)
            && !objects().any(may_set)
    }
}

/// The name of a routine without its arguments, in lower case.
fn called(object: &Object) -> Option<String> {
    let is_routine = ["function", "procedure"].contains(&object.kind.as_str());
    let name = object.name.name.split('(').next().unwrap_or_default();
    is_routine.then(|| name.trim_matches('"').to_lowercase())
}
