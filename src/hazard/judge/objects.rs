//! Views and triggers.

use super::Judge;
use crate::event::Severity;
use crate::hazard::action::{Action, NewTrigger, NewView};
use crate::hazard::draft::Draft;
use crate::hazard::world::{Object, Seen};

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
            let (rule, table, does) = match &step.action {
                Action::Delete(change) => ("delete-rows", &change.table, "deletes rows of"),
                Action::Update(update) if update.replace => {
                    ("replace-rows", &update.change.table, "replaces rows of")
                }
                Action::Update(update) => ("update-rows", &update.change.table, "changes rows of"),
                Action::Insert(insert) if insert.replace => {
                    ("replace-rows", &insert.table, "replaces rows of")
                }
                _ => continue,
            };
            let known = match self.world.see(table) {
                Seen::Known(known) => known.live.is_some().then(|| known.name.to_string()),
                Seen::Temporary | Seen::Missing | Seen::Elsewhere => None,
            };
            if let Some(shown) = known {
                let message = format!(
                    "from now on the trigger `{}` {does} `{shown}` whenever it fires",
                    trigger.name
                );
                self.push(Draft::new(rule, self.at, shown).is(Severity::Note, message));
            }
        }
        self.world.objects.push(Object {
            kind: "trigger".to_owned(),
            name: trigger.name.name.clone(),
            table: Some(trigger.table.clone()),
            created: true,
            words: trigger.words.clone(),
        });
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
