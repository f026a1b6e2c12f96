//! Functions and procedures: what they do happens when they are called.

use super::Judge;
use super::copies::live_name;
use super::kinds::object_kind;
use super::objects::{does, effect};
use crate::event::Severity;
use crate::hazard::action::{Action, NewRoutine};
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, Weight, What};
use crate::hazard::world::Object;
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
    pub(super) fn call(&mut self, name: &TableName, alone: bool) {
        let own = self
            .routines
            .iter()
            .find(|routine| self.world.same(&routine.name, name));
        if let Some(routine) = own.cloned() {
            return self.run_own(&routine);
        }
        let unseen = match self.world.offline {
            true => self.unseen_offline(name, alone),
            false => self.unseen(name, alone),
        };
        let Some(message) = unseen else {
            return;
        };
        let mut draft =
            Draft::new("dynamic-sql", self.at, name.to_string()).is(Severity::Warn, message);
        draft.aliases = vec![name.name.clone()];
        self.push(
            draft.hint(
                "look at it yourself: what it does to data is not checked before the rehearsal",
            ),
        );
    }

    /// What its body says happens here, what that calls too. One that calls itself says nothing new.
    fn run_own(&mut self, routine: &NewRoutine) {
        if self.running.contains(&routine.name) {
            return;
        }
        self.running.push(routine.name.clone());
        for step in &routine.body {
            match &step.action {
                Action::Call { name, alone } => self.call(name, *alone),
                Action::Dynamic(message) | Action::Unparsed(message) => {
                    let message = format!("`{}` is called: {message}", routine.name);
                    self.general("dynamic-sql", &message);
                }
                action => {
                    if let Some((rule, target)) = effect(action) {
                        self.happens(rule, target, &format!("`{}`", routine.name));
                    }
                }
            }
        }
        self.running.pop();
    }

    /// Nobody knows the routines there: only what is called for its own sake is told, and not the server's own functions.
    fn unseen_offline(&self, name: &TableName, alone: bool) -> Option<String> {
        (alone && !dialect::is_built_in(name)).then(|| {
            format!("the routine `{name}` is called: what it does is known to the database only")
        })
    }

    /// A routine of the database that may write. Functions of the server and of extensions are not in its catalog.
    fn unseen(&self, name: &TableName, alone: bool) -> Option<String> {
        let schema = name.schema.as_deref();
        let mut named = self
            .world
            .objects_named(&["function", "procedure"], &name.name);
        match schema {
            Some(_) => named.retain(|routine| routine.schema.as_deref() == schema),
            // The server's own come first.
            None if dialect::is_built_in(name) && self.engine.has_schemas() => return None,
            None => {}
        }
        let Some(kind) = named.first().map(|routine| routine.kind.as_str()) else {
            // One of another database, or hidden from this user.
            let hidden = alone && self.habits.commits_by_itself;
            return hidden.then(|| format!("the routine `{name}` is called: it is not seen here"));
        };
        let writes = self.writes_of(named.iter().copied())?;
        Some(format!(
            "the {kind} `{name}` of the database is called, and what it does is not seen here: {writes}"
        ))
    }

    /// Why routines may write: what they say, or what they call says.
    fn writes_of<'o>(&'o self, routines: impl Iterator<Item = &'o Object>) -> Option<String> {
        let mut open: Vec<&Object> = routines.collect();
        let mut seen: Vec<&str> = Vec::new();
        while let Some(routine) = open.pop() {
            if seen.contains(&routine.name.as_str()) {
                continue;
            }
            seen.push(&routine.name);
            let Some(deeds) = &routine.deeds else {
                continue;
            };
            if let Some(writes) = &deeds.writes {
                let told = match writes.starts_with("it") {
                    true => writes.clone(),
                    false => format!("it may write ({writes})"),
                };
                return Some(told);
            }
            let others = self.world.objects.iter();
            open.extend(others.filter(|other| {
                let bare = other.name.split('(').next().unwrap_or_default();
                other.deeds.is_some() && deeds.calls.contains(&bare.to_lowercase())
            }));
        }
        None
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
