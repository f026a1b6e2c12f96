//! Views and triggers.

use super::Judge;
use crate::event::Severity;
use crate::hazard::action::{Action, NewTrigger, NewView};
use crate::hazard::draft::Draft;
use crate::hazard::world::{Object, Seen};
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn create_view(&mut self, view: &NewView) {
        self.world.objects.push(Object {
            kind: "view".to_owned(),
            name: view.name.name.clone(),
            table: None,
            created: true,
            words: view.words.clone(),
            ..Object::default()
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
            ..Object::default()
        });
    }

    /// The name of a table whose rows are somebody's data.
    pub(super) fn live_table(&mut self, name: &TableName) -> Option<String> {
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
            .filter(|trigger| trigger.event == event && self.world.same(&trigger.table, table))
            .filter(|trigger| self.world.object("trigger", &trigger.name.name).is_some())
            .cloned()
            .collect();
        for trigger in firing {
            for (rule, target) in trigger.body.iter().filter_map(|step| effect(&step.action)) {
                self.happens(rule, target, &format!("the trigger `{}`", trigger.name));
            }
        }
    }

    pub(super) fn drop_trigger(&mut self, trigger: &TableName, table: Option<&TableName>) {
        let name = trigger.name.as_str();
        let names = self.world.names.clone();
        let is = |object: &Object| {
            object.kind == "trigger"
                && object.name.eq_ignore_ascii_case(name)
                && match (&object.table, table) {
                    (Some(on), Some(table)) => names.same(on, table),
                    _ => true,
                }
        };
        let stays_away = match self.world.objects.iter().find(|object| is(object)) {
            Some(object) => !object.created,
            None => self.world.offline,
        };
        if stays_away && !self.comes_back("trigger", name) {
            let message = format!("what the trigger `{name}` did is no longer done");
            self.push(Draft::new("drop-trigger", self.at, name).is(Severity::Warn, message));
        }
        self.world.objects.retain(|object| !is(object));
    }
}

/// What a statement of a trigger does to rows that exist: the rule, and whose rows.
pub(super) fn effect(action: &Action) -> Option<(&'static str, &TableName)> {
    match action {
        Action::Delete(change) => Some(("delete-rows", &change.table)),
        Action::Update(update) if update.replace => Some(("replace-rows", &update.change.table)),
        Action::Update(update) => Some(("update-rows", &update.change.table)),
        Action::Insert(insert) if insert.replace => Some(("replace-rows", &insert.table)),
        Action::Truncate { tables, .. } => Some(("truncate", tables.first()?)),
        Action::DropTable { table, .. } => Some(("drop-table", table)),
        Action::DropColumn { table, .. } => Some(("drop-column", table)),
        _ => None,
    }
}

pub(super) fn does(rule: &str) -> &'static str {
    match rule {
        "delete-rows" => "deletes rows of",
        "truncate" => "empties",
        "drop-table" => "drops",
        "drop-column" => "drops a column of",
        "replace-rows" => "replaces rows of",
        _ => "changes rows of",
    }
}
