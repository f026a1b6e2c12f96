//! Tables that are created, dropped and renamed.

use super::{Judge, let_go_elsewhere};
use crate::event::Severity;
use crate::hazard::action::{Action, NewTable, References};
use crate::hazard::draft::{Draft, Weight, What};
use crate::hazard::world::{Seen, Table};
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn create_table(&mut self, new: &NewTable) {
        if let Some(rebuild) = self.rebuild_at(|rebuild| Some(rebuild.create)) {
            self.judge_new_definition(&rebuild, new);
        } else if !new.temporary {
            for reference in &new.references {
                self.note_cascade(&new.name, reference);
            }
        }
        self.note_storage(new);
        self.world.create(new, self.file);
        if let Some(copy) = &new.copy {
            self.take_copy(&new.name, &[], copy);
            if let Some(rebuild) = self.rebuild_at(|rebuild| Some(rebuild.create)) {
                self.take_place(&rebuild, &new.name);
            }
        }
    }

    /// A foreign key that takes rows along, to a table that is not of this set.
    pub(super) fn note_cascade(&mut self, child: &TableName, reference: &References) {
        let cascades = reference.on_delete.eq_ignore_ascii_case("cascade");
        if !cascades || self.world.same(child, &reference.parent) {
            return;
        }
        let parent = match self.world.see(&reference.parent) {
            Seen::Known(table) if table.created.is_none() => table.name.to_string(),
            _ => return,
        };
        let message = format!(
            "from now on deleting a row of `{parent}` deletes the rows of `{child}` that point to it"
        );
        self.push(
            Draft::new("add-cascade", self.at, child.to_string()).is(Severity::Note, message),
        );
    }

    pub(super) fn drop_table(&mut self, name: &TableName, cascade: bool) {
        self.history_goes(name);
        if let Some(rebuild) = self.rebuild_at(|rebuild| Some(rebuild.drop)) {
            self.judge_rebuild_drop(&rebuild, name);
            self.world.drop(name);
            return;
        }
        let at = self.at;
        if self.is_sequence(name) && self.world.table(name).is_none() {
            return self.drop_sequence(name, false);
        }
        match self.world.see(name) {
            Seen::Temporary | Seen::Missing => {}
            Seen::Elsewhere => {
                let mut draft = Draft::new("drop-table", at, name.to_string());
                draft.weight = Weight::Unknown(self.world.why_elsewhere(name));
                draft.message = format!("rows of `{name}` would be lost");
                self.push(draft);
            }
            Seen::Known(table) => {
                let table = table.clone();
                if table.live.is_some() {
                    let mut draft = self.lost_table(&table);
                    if self.is_read_before(&table) {
                        draft = draft.adding(
                            "; an earlier statement of the file copies from it: whether every row lives on there is not known here",
                        );
                    }
                    if cascade {
                        draft = draft.adding(&self.cascade_from(&table));
                    }
                    self.push(draft);
                }
            }
        }
        self.world.drop(name);
    }

    /// Whether the file has copied from this table before, so that the drop may be the end of a rebuild.
    fn is_read_before(&self, table: &Table) -> bool {
        let name = table.name.name.to_lowercase();
        let mut before = self.steps[self.first..self.at].iter();
        self.habits.rebuilds
            && before.any(|placed| {
                let copy = match &placed.step.action {
                    Action::Insert(insert) => &insert.copy,
                    Action::CreateTable(new) => &new.copy,
                    _ => return false,
                };
                copy.as_ref().is_some_and(|copy| copy.words.contains(&name))
            })
    }

    fn lost_table(&self, table: &Table) -> Draft {
        let shown = table.name.to_string();
        let live = table
            .live
            .as_ref()
            .map_or(shown.clone(), ToString::to_string);
        // Only SQLite deletes the rows first, so that those that point to them go or are emptied.
        let (words, goes) = match self.habits.drop_deletes {
            true => self.reach(&table.name),
            false => (String::new(), Vec::new()),
        };
        let question = self.rows_question(table, None, "would be lost");
        let mut draft = Draft::new("drop-table", self.at, &shown);
        draft.weight = self.weigh_whole(table, question);
        draft.message = format!("rows of `{shown}` would be lost");
        let orphaned: Vec<String> = self
            .world
            .children(&table.name)
            .into_iter()
            .filter(|_| self.habits.drop_deletes && !self.connection.foreign_keys_off)
            .filter(|(_, reference)| {
                let action = reference.on_delete.to_ascii_uppercase();
                !["CASCADE", "SET NULL", "SET DEFAULT"].contains(&action.as_str())
            })
            .map(|(child, reference)| format!("`{}.{}`", child.name, reference.columns.join(", ")))
            .collect();
        if !orphaned.is_empty() {
            draft = draft.adding(&format!("; left unprotected: {}", orphaned.join(", ")));
        }
        let draft = draft
            .adding(&words)
            .hint(format!(
                "move the rows first, or allow it: `-- dbscript: allow drop-table({shown}) why` above the statement"
            ))
            .lets_go(&live, None, What::Table);
        let draft = match &table.partition_of {
            Some(parent) => draft.lets_go(&parent.to_string(), None, What::Rows),
            None => draft,
        };
        let_go_elsewhere(draft, goes)
    }

    pub(super) fn rename_table(&mut self, name: &TableName, to: &str) {
        if self.is_sequence(name) && self.world.table(name).is_none() {
            self.drop_sequence(name, false);
            return self
                .world
                .add_object("sequence", &TableName::plain(to), &[]);
        }
        if let Some(rebuild) = self.rebuild_at(|rebuild| rebuild.rename) {
            self.judge_rebuild_rename(&rebuild, name);
        } else if let Some(rebuild) = self.rebuild_at(|rebuild| rebuild.moved_away) {
            self.judge_moved_away(&rebuild, name, to);
        } else if let Seen::Known(table) = self.world.see(name)
            && table.live.is_some()
        {
            let shown = table.name.to_string();
            let message = format!("whatever still asks for `{shown}` fails from now on");
            self.push(
                Draft::new("rename-table", self.at, &shown)
                    .is(Severity::Warn, message)
                    .hint(format!(
                        "leave a view behind: CREATE VIEW {shown} AS SELECT * FROM {to}"
                    )),
            );
        }
        self.world.rename(name, to);
    }
}
