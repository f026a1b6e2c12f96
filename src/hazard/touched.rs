//! Columns that change by their own definition, such as the time of a change: no loss where nothing else of the set has to
//! do with them.

use super::action::Action;
use super::carries::bare;
use super::desk::Desk;
use super::dialect;
use super::draft::{LetGo, What};
use super::judge::Placed;
use crate::db::Object;

impl Desk<'_> {
    /// What goes without being a hazard, less the columns of which something else may change the values as well.
    pub(super) fn expected(&self, silent: &[LetGo]) -> Vec<LetGo> {
        let silent = silent.iter();
        let stays = silent.filter(|gone| gone.what != What::Touched || self.is_left_alone(gone));
        stays.cloned().collect()
    }

    /// Whether no statement of the set names a column, nor any trigger or routine there is: only then it changes by its own
    /// definition alone.
    fn is_left_alone(&self, gone: &LetGo) -> bool {
        let Some(column) = gone.column.as_ref().map(|column| column.to_lowercase()) else {
            return false;
        };
        let names = |text: &str| dialect::words(self.engine, text).contains(&column);
        let is_unread = |placed: &Placed| {
            let action = &placed.step.action;
            matches!(action, Action::Dynamic(_) | Action::Unparsed(_))
        };
        // One that another one sets off, by however many steps; a view changes nothing.
        let table = bare(&gone.table);
        let may_set = |object: &Object| {
            let is_its_own = object
                .table
                .as_ref()
                .is_some_and(|own| own.to_string() == gone.table);
            let of_it = || is_its_own || dialect::words(self.engine, &object.sql).contains(&table);
            object.kind != "view" && names(&object.sql) && of_it()
        };
        let statements = || self.split.iter().flatten();
        !statements().any(|statement| names(statement.text))
            && !self.steps.iter().any(is_unread)
            && !self.objects.into_iter().flatten().any(may_set)
    }
}
