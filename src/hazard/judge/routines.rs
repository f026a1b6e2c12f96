//! Functions and procedures: what they do happens when they are called.

use super::Judge;
use super::copies::live_name;
use super::kinds::object_kind;
use super::objects::{does, effect};
use crate::event::Severity;
use crate::hazard::action::NewRoutine;
use crate::hazard::draft::{Draft, Weight, What};
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn create_routine(&mut self, routine: &NewRoutine) {
        let kind = object_kind(routine.kind);
        let when = match kind {
            "event" => "at its time",
            _ => "when it is called",
        };
        for step in &routine.body {
            let Some((rule, table)) = effect(&step.action) else {
                continue;
            };
            if let Some(shown) = self.live_table(table) {
                let message = format!(
                    "the {kind} `{}` {} `{shown}` {when}",
                    routine.name,
                    does(rule)
                );
                let mut draft = Draft::new(rule, self.at, shown).is(Severity::Note, message);
                draft.offset = step.offset;
                self.push(draft);
            }
        }
        self.world.remove_objects(&[kind], &routine.name.name);
        self.world.add_object(kind, &routine.name, &routine.words);
        let names = self.world.names.clone();
        self.routines
            .retain(|other| !names.same(&other.name, &routine.name));
        self.routines.push(routine.clone());
    }

    /// One of the set's own routines does now what it says; one of the database does what cannot be seen here.
    pub(super) fn call(&mut self, name: &TableName) {
        let own = self
            .routines
            .iter()
            .find(|routine| self.world.same(&routine.name, name));
        if let Some(routine) = own.cloned() {
            for (rule, target) in routine.body.iter().filter_map(|step| effect(&step.action)) {
                self.happens(rule, target, &format!("`{}`", routine.name));
            }
            return;
        }
        let kinds = ["function", "procedure"];
        let known = self.world.objects_named(&kinds, &name.name);
        let Some(routine) = known.first().map(|routine| (*routine).clone()) else {
            return;
        };
        // What it may do to rows stands in its words.
        let writes = [
            "delete", "update", "truncate", "drop", "alter", "execute", "insert",
        ];
        if !writes
            .iter()
            .any(|word| routine.words.iter().any(|other| other == word))
        {
            return;
        }
        let message = format!(
            "the {} `{name}` of the database is called: what it does is not seen here",
            routine.kind
        );
        let mut draft =
            Draft::new("dynamic-sql", self.at, name.to_string()).is(Severity::Warn, message);
        draft.aliases = vec![routine.name];
        self.push(
            draft.hint(
                "look at it yourself: what it does to data is not checked before the rehearsal",
            ),
        );
    }

    /// What a trigger or routine does happens here.
    pub(super) fn happens(&mut self, rule: &'static str, target: &TableName, who: &str) {
        let Some(shown) = self.live_table(target) else {
            return;
        };
        let live = self.world.table(target).map_or(shown.clone(), live_name);
        let message = format!("{who} {} `{shown}` here", does(rule));
        let reason = "what it meets shows when it runs";
        let weight = match self.world.table(target) {
            Some(table) => self.rehearsed(table, reason),
            None => Weight::rehearsal(reason),
        };
        let draft = Draft::new(rule, self.at, &shown).weighs(weight, message);
        let draft = match rule {
            "update-rows" => draft,
            "drop-table" => draft.lets_go(&live, None, What::Table),
            _ => draft.lets_go(&live, None, What::Rows),
        };
        self.push(draft.lets_go(&live, None, What::Values));
    }
}
