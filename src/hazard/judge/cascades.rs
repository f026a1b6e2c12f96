//! What goes, or fails, with a table or column that goes: views that read it, foreign keys that point to it.

use super::Judge;
use crate::event::Severity;
use crate::hazard::draft::Draft;
use crate::hazard::world::Table;
use crate::ident::TableName;

/// What can be read like a table without being one.
const VIEWS: [&str; 2] = ["view", "materialized view"];

impl Judge<'_> {
    /// Views that name a table (or view), and views that read those.
    pub(super) fn views_of(&self, name: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut open = vec![name.to_lowercase()];
        while let Some(read) = open.pop() {
            for object in &self.world.objects {
                let reads =
                    object.words.contains(&read) && !object.name.eq_ignore_ascii_case(&read);
                if VIEWS.contains(&object.kind.as_str()) && reads && !found.contains(&object.name) {
                    found.push(object.name.clone());
                    open.push(object.name.to_lowercase());
                }
            }
        }
        found.sort();
        found
    }

    /// Views that read a column of a table.
    pub(super) fn views_of_column(&self, table: &Table, column: &str) -> Vec<String> {
        let column = column.to_lowercase();
        let mut found: Vec<String> = self
            .world
            .objects
            .iter()
            .filter(|object| VIEWS.contains(&object.kind.as_str()))
            .filter(|object| {
                object.words.contains(&column)
                    && object.words.contains(&table.name.name.to_lowercase())
            })
            .map(|object| object.name.clone())
            .collect();
        found.sort();
        found
    }

    /// What to say of views that read what gets another name.
    pub(super) fn left_behind(&self, views: &[String]) -> String {
        match self.habits.views_follow || views.is_empty() {
            true => String::new(),
            false => format!("; the view {} may read it", listed(views)),
        }
    }

    /// What CASCADE takes with a table besides its rows, in words, and out of the world.
    pub(super) fn cascade_from(&mut self, table: &Table) -> String {
        let mut words = String::new();
        let views = self.views_of(&table.name.name);
        if !views.is_empty() {
            words.push_str(&format!("; CASCADE takes the view {}", listed(&views)));
        }
        let children = self.unprotected(table);
        if !children.is_empty() {
            words.push_str(&format!(
                "; CASCADE takes the foreign key of {}, left unprotected",
                children.join(", ")
            ));
        }
        for view in views {
            self.world.remove_objects(&VIEWS, &view);
        }
        self.world.forget_references_to(&table.name);
        words
    }

    pub(super) fn drop_view(&mut self, kinds: &[&str], view: &TableName, cascade: bool) {
        let mut taken = Vec::new();
        if cascade {
            taken = self.views_of(&view.name);
        }
        let name = view.name.as_str();
        let known = self.world.objects_named(kinds, name);
        let stays_away = match known.first() {
            Some(object) => !object.created,
            None => self.world.offline,
        };
        let back =
            kinds.iter().any(|kind| self.comes_back(kind, name)) || self.comes_back("view", name);
        if stays_away && !back {
            let mut message = format!("whatever still reads the view `{name}` fails from now on");
            let reading = self.views_of(name);
            match (taken.is_empty(), reading.is_empty()) {
                (false, _) => {
                    message.push_str(&format!("; CASCADE takes the view {} too", listed(&taken)));
                }
                (true, false) => {
                    message.push_str(&format!("; the view {} reads it", listed(&reading)));
                }
                (true, true) => {}
            }
            self.push(Draft::new("drop-view", self.at, name).is(Severity::Warn, message));
        }
        self.world.remove_objects(kinds, name);
        for view in taken {
            self.world.remove_objects(&VIEWS, &view);
        }
    }

    /// ALTER TABLE … SET SCHEMA: the rows stay, the name does not.
    pub(super) fn move_table(&mut self, name: &TableName, schema: &str) {
        let Some(table) = self.target("rename-table", name, "rows of") else {
            return;
        };
        let default = self.world.default_schema() == Some(schema);
        let moved = TableName {
            schema: (!default).then(|| schema.to_owned()),
            name: table.name.name.clone(),
        };
        if table.live.is_some() {
            let shown = table.name.to_string();
            let message = format!(
                "whatever still asks for `{shown}` fails from now on: it becomes `{moved}`"
            );
            self.push(Draft::new("rename-table", self.at, &shown).is(Severity::Warn, message));
        }
        self.world.move_to(name, moved);
    }
}

fn listed(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
