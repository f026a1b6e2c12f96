//! Views and triggers.

use super::Judge;
use super::copies::live_name;
use crate::event::Severity;
use crate::hazard::action::{Action, NewTrigger, NewView};
use crate::hazard::draft::{Draft, Weight, What};
use crate::hazard::world::{Object, Seen, same};
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn create_view(&mut self, view: &NewView) {
        self.world.objects.push(Object {
            kind: "view".to_owned(),
            name: view.name.name.clone(),
            table: None,
            created: true,
            words: view.words.clone(),
        });
    }

    /// What a trigger does when it fires is only noted: nothing happens now.
    pub(super) fn create_trigger(&mut self, trigger: &NewTrigger) {
        for step in &trigger.body {
            let Some((rule, table)) = effect(&step.action) else {
                continue;
            };
            if let Some(shown) = self.live_table(table) {
                let message = format!(
                    "from now on the trigger `{}` {} `{shown}` whenever it fires",
                    trigger.name,
                    does(rule)
                );
                let mut draft = Draft::new(rule, self.at, shown).is(Severity::Note, message);
                draft.offset = step.offset;
                self.push(draft);
            }
        }
        self.triggers.push(trigger.clone());
        self.world.objects.push(Object {
            kind: "trigger".to_owned(),
            name: trigger.name.name.clone(),
            table: Some(trigger.table.clone()),
            created: true,
            words: trigger.words.clone(),
        });
    }

    /// The name of a table whose rows are somebody's data.
    fn live_table(&mut self, name: &TableName) -> Option<String> {
        match self.world.see(name) {
            Seen::Known(known) => known.live.is_some().then(|| known.name.to_string()),
            Seen::Temporary | Seen::Missing | Seen::Elsewhere => None,
        }
    }

    /// Rows of a table are written: triggers of this set fire, and what they do happens now.
    pub(super) fn fire(&mut self, table: &TableName, event: &str) {
        let firing: Vec<NewTrigger> = self
            .triggers
            .iter()
            .filter(|trigger| trigger.event == event && same(&trigger.table, table))
            .filter(|trigger| self.world.object("trigger", &trigger.name.name).is_some())
            .cloned()
            .collect();
        for trigger in firing {
            for (rule, target) in trigger.body.iter().filter_map(|step| effect(&step.action)) {
                let Some(shown) = self.live_table(target) else {
                    continue;
                };
                let live = self.world.table(target).map_or(shown.clone(), live_name);
                let message = format!(
                    "the trigger `{}` {} `{shown}` here",
                    trigger.name,
                    does(rule)
                );
                let weight =
                    Weight::Rehearsal("what a trigger meets shows when it fires".to_owned());
                let draft = Draft::new(rule, self.at, &shown).weighs(weight, message);
                let draft = match rule {
                    "update-rows" => draft,
                    _ => draft.lets_go(&live, None, What::Rows),
                };
                self.push(draft.lets_go(&live, None, What::Values));
            }
        }
    }

    pub(super) fn drop_object(&mut self, kind: &str, name: &str) {
        let known = self.world.object(kind, name);
        let stays_away = match known {
            Some(object) => !object.created,
            None => self.world.offline,
        };
        if stays_away && !self.comes_back(kind, name) {
            let (rule, message) = match kind {
                "view" => (
                    "drop-view",
                    format!("whatever still reads the view `{name}` fails from now on"),
                ),
                _ => (
                    "drop-trigger",
                    format!("what the trigger `{name}` did is no longer done"),
                ),
            };
            self.push(Draft::new(rule, self.at, name).is(Severity::Warn, message));
        }
        self.world
            .objects
            .retain(|object| object.kind != kind || !object.name.eq_ignore_ascii_case(name));
    }
}

/// What a statement of a trigger does to rows that exist: the rule, and whose rows.
fn effect(action: &Action) -> Option<(&'static str, &TableName)> {
    match action {
        Action::Delete(change) => Some(("delete-rows", &change.table)),
        Action::Update(update) if update.replace => Some(("replace-rows", &update.change.table)),
        Action::Update(update) => Some(("update-rows", &update.change.table)),
        Action::Insert(insert) if insert.replace => Some(("replace-rows", &insert.table)),
        _ => None,
    }
}

fn does(rule: &str) -> &'static str {
    match rule {
        "delete-rows" => "deletes rows of",
        "replace-rows" => "replaces rows of",
        _ => "changes rows of",
    }
}
