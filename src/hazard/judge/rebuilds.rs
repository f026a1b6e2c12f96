//! What a table rebuild does around its rows: to children, views, triggers and indexes
//! (<https://www.sqlite.org/lang_altertable.html#otheralter>).

use super::Judge;
use super::copies::live_name;
use crate::event::Severity;
use crate::hazard::action::{Action, DefaultValue, NewColumn, NewTable};
use crate::hazard::draft::{Draft, Weight};
use crate::hazard::rebuild::Rebuild;
use crate::hazard::world::Table;
use crate::ident::TableName;

impl Judge<'_> {
    /// The old table is dropped: with foreign keys on that deletes its rows first, and children go with them.
    pub(super) fn judge_rebuild_drop(&mut self, rebuild: &Rebuild, name: &TableName) {
        let Some(original) = self.original(rebuild).cloned() else {
            return;
        };
        let cross_file =
            self.world.offline && original.created.is_some_and(|file| file != self.file);
        if original.live.is_none() && !cross_file {
            return;
        }
        self.judge_cascades(&original, name);
        self.judge_forgotten(rebuild, &original, name);
        self.judge_counter(rebuild, &original);
    }

    fn judge_cascades(&mut self, original: &Table, dropped: &TableName) {
        if self.connection.foreign_keys_off && !self.applied_here {
            return;
        }
        let mut taken: Vec<String> = Vec::new();
        for (child, reference) in self.world.children(dropped) {
            match reference.on_delete.to_ascii_uppercase().as_str() {
                "CASCADE" => taken.push(format!("deletes the rows of `{}`", child.name)),
                "SET NULL" | "SET DEFAULT" => {
                    let columns = reference.columns.join(", ");
                    taken.push(format!("empties `{}.{columns}`", child.name));
                }
                _ => {}
            }
        }
        taken.dedup();
        let shown = original.name.to_string();
        let hint = "let dbscript apply it (it switches foreign keys off for this file), or run it outside a transaction after PRAGMA foreign_keys = OFF";
        let draft = Draft::new("rebuild-cascades", self.at, &shown);
        if taken.is_empty() {
            if self.world.offline && original.created.is_none() {
                let message = format!(
                    "if another table points to `{shown}` with ON DELETE CASCADE, dropping it deletes the rows there while foreign keys are on"
                );
                let weight = Weight::Unknown("the children are not known".to_owned());
                self.push(draft.weighs(weight, message).hint(hint));
            }
            return;
        }
        let taken = taken.join(" and ");
        if self.applied_here {
            let message = format!(
                "dropping `{shown}` with foreign keys on {taken}: they are switched off for this file; sqlx and others leave them on"
            );
            self.push(draft.is(Severity::Note, message));
        } else {
            let message = format!("dropping `{shown}` {taken}, since foreign keys are on");
            self.push(draft.is(Severity::Block, message).hint(hint));
        }
    }

    /// What hung on the old table and does not come back.
    fn judge_forgotten(&mut self, rebuild: &Rebuild, original: &Table, dropped: &TableName) {
        let mut forgotten: Vec<String> = Vec::new();
        for object in &self.world.objects {
            let on_it = object
                .table
                .as_ref()
                .is_some_and(|table| self.world.same(table, dropped));
            if on_it && !self.comes_back("trigger", &object.name) {
                forgotten.push(format!("the trigger `{}`", object.name));
            }
        }
        for index in &self.world.indexes {
            if self.world.same(&index.table, dropped)
                && !self.index_comes_back(index.unique, &index.name, &index.columns)
            {
                let unique = if index.unique { "unique " } else { "" };
                forgotten.push(format!("the {unique}index `{}`", index.name));
            }
        }
        let again =
            (!forgotten.is_empty()).then_some("create them again at the end of the rebuild");
        let said = self.lost_keys(rebuild, original, dropped);
        let repeat = (!said.is_empty())
            .then_some("repeat in the new table's definition what of it is meant to stay");
        forgotten.extend(said);
        let hints: Vec<&str> = again.into_iter().chain(repeat).collect();
        if forgotten.is_empty() {
            return;
        }
        let message = format!(
            "the rebuild of `{}` does not bring back {}",
            original.name,
            forgotten.join(", ")
        );
        self.push(
            Draft::new("rebuild-forgets", self.at, live_name(original))
                .is(Severity::Warn, message)
                .hint(hints.join("; ")),
        );
    }

    /// Keys, foreign keys and defaults that the new definition does not repeat.
    fn lost_keys(&self, rebuild: &Rebuild, original: &Table, dropped: &TableName) -> Vec<String> {
        let Some(new) = self
            .new_definition(rebuild)
            .filter(|new| new.copy.is_none())
        else {
            return Vec::new();
        };
        let mut lost = Vec::new();
        let kept = |columns: &[String]| columns.iter().all(|name| has_column(new, name));
        for key in &original.keys {
            let stays = new
                .keys
                .iter()
                .any(|other| lower(&other.columns) == key.columns);
            let explicit = self.world.indexes.iter().any(|index| {
                self.world.same(&index.table, dropped) && index.columns == key.columns
            });
            if !stays
                && !explicit
                && kept(&key.columns)
                && !self.index_comes_back(true, "", &key.columns)
            {
                let kind = if key.primary { "primary key" } else { "UNIQUE" };
                lost.push(format!("the {kind} over `{}`", key.columns.join(", ")));
            }
        }
        let same =
            |left: &TableName, right: &TableName| left.name.eq_ignore_ascii_case(&right.name);
        // The rename takes along what points to the table by the name it is made under.
        let to_itself = |parent: &TableName, other: &TableName| {
            same(parent, dropped) && same(other, &new.name) && !self.connection.legacy_rename
        };
        for reference in &original.references {
            let parent = &reference.parent;
            let stays = new.references.iter().any(|other| {
                lower(&other.columns) == lower(&reference.columns)
                    && (same(&other.parent, parent) || to_itself(parent, &other.parent))
            });
            if !stays && kept(&reference.columns) {
                let columns = reference.columns.join(", ");
                lost.push(format!(
                    "the foreign key `{columns}` to `{}`",
                    reference.parent
                ));
            }
        }
        for column in original.columns.iter().flatten() {
            let mut columns = new.columns.iter();
            let same = columns.find(|known| known.name.eq_ignore_ascii_case(&column.name));
            if column.default.is_some() && same.is_some_and(says_no_default) {
                lost.push(format!("the default of `{}`", column.name));
            }
        }
        lost
    }

    fn index_comes_back(&self, unique: bool, name: &str, columns: &[String]) -> bool {
        self.ahead().any(|action| match action {
            Action::CreateIndex(index) => {
                let others = index
                    .terms
                    .iter()
                    .map(|(_, column)| column.clone().unwrap_or_default().to_lowercase());
                let alike =
                    !columns.iter().any(String::is_empty) && others.eq(columns.iter().cloned());
                index.unique >= unique && (index.name.name.eq_ignore_ascii_case(name) || alike)
            }
            _ => false,
        })
    }

    /// The definition of the table that takes the old one's place.
    pub(super) fn new_definition(&self, rebuild: &Rebuild) -> Option<&NewTable> {
        match &self.steps.get(self.first + rebuild.create)?.step.action {
            Action::CreateTable(new) => Some(new),
            _ => None,
        }
    }

    /// The new table gets the old one's name: SQLite refuses while a view or trigger elsewhere reads a table that is not there.
    pub(super) fn judge_rebuild_rename(&mut self, rebuild: &Rebuild, _new: &TableName) {
        let here = self.at - self.first;
        if self.connection.legacy_rename || here < rebuild.drop {
            return;
        }
        let readers: Vec<String> = self
            .world
            .objects
            .iter()
            .filter(|object| object.words.contains(&rebuild.table))
            .map(|object| format!("the {} `{}`", object.kind, object.name))
            .collect();
        if readers.is_empty() {
            return;
        }
        let message = format!(
            "the rename fails while `{}` is gone and {} reads it",
            rebuild.table,
            readers.join(", ")
        );
        self.push(
            Draft::new("sqlite-refuses", self.at, &rebuild.table)
                .refused(message)
                .hint("drop it before the rebuild and create it again at the end, or set PRAGMA legacy_alter_table = ON around the rebuild"),
        );
    }

    /// The old table is renamed out of the way: foreign keys and views follow it, and point to nothing once it is dropped.
    pub(super) fn judge_moved_away(&mut self, rebuild: &Rebuild, name: &TableName, to: &str) {
        let keys_off = self.connection.foreign_keys_off || self.applied_here;
        if self.connection.legacy_rename && keys_off {
            return;
        }
        let mut follow: Vec<String> = self
            .world
            .children(name)
            .into_iter()
            .map(|(child, _)| format!("the foreign key of `{}`", child.name))
            .collect();
        if !self.connection.legacy_rename {
            let readers = self.world.objects.iter().filter(|object| {
                let own = object
                    .table
                    .as_ref()
                    .is_some_and(|table| self.world.same(table, name));
                !own && object.words.contains(&rebuild.table)
            });
            follow.extend(readers.map(|object| format!("the {} `{}`", object.kind, object.name)));
        }
        follow.dedup();
        if follow.is_empty() {
            return;
        }
        let message = format!(
            "{} follows the rename to `{to}` and is left pointing at nothing when that is dropped",
            follow.join(", ")
        );
        self.push(
            Draft::new("rebuild-loses", self.at, name.to_string())
                .is(Severity::Block, message)
                .hint("create the new table under another name, copy, drop the old one, then rename the new one"),
        );
    }
}

fn says_no_default(column: &NewColumn) -> bool {
    let says = |default: &DefaultValue| !default.null;
    column.generated.is_none() && !column.default.as_ref().is_some_and(says)
}

fn lower(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.to_lowercase()).collect()
}

fn has_column(table: &NewTable, name: &str) -> bool {
    table
        .columns
        .iter()
        .any(|column| column.name.eq_ignore_ascii_case(name))
}
