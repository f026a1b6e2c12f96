//! What follows from a change: rows of children, what triggers and routines do.

use super::words;
use super::{Edge, Risk};
use crate::db::Object;
use crate::hazard::action::{Action, Step};
use crate::hazard::dialect;
use crate::ident::TableName;

/// Something whose consequences are to be followed. Tables are live ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Follow {
    /// Rows were deleted.
    Deleted(TableName),
    /// Keys may have changed.
    Updated(TableName),
    /// Rows were added, changed or deleted: triggers of this table (or view) fire.
    Written(TableName),
    /// Rows go, and no foreign key has a say.
    Emptied(TableName),
    /// So do those of all that point there.
    EmptiedWithChildren(TableName),
    /// A routine runs: its name, and the SQL that calls it.
    Called(TableName, Vec<String>),
    /// SQL that could not be read.
    Unread(String),
}

/// First words of a call that nothing is read of: only there can a word be the name of a routine that runs.
const DEFINES: [&str; 8] = [
    "create", "alter", "drop", "rename", "truncate", "grant", "revoke", "comment",
];

/// Functions of the server that take names of tables and leave rows alone.
const HARMLESS: [&str; 4] = ["setval", "nextval", "currval", "to_regclass"];

impl Risk<'_> {
    /// Follows everything there is to follow.
    pub(super) fn follow_all(&mut self) {
        while let Some(next) = self.queue.pop() {
            let known = match next {
                Follow::Called(..) | Follow::Unread(_) => &mut self.ran,
                _ => &mut self.followed,
            };
            if !known.insert(next.clone()) {
                continue;
            }
            match next {
                Follow::Deleted(table) => {
                    self.cascade(&table);
                    self.queue.push(Follow::Written(table.clone()));
                    self.lost.insert(table);
                }
                Follow::Updated(table) => {
                    let moved = |edge: &&Edge| acts(&edge.on_update);
                    let children = self.children(&table, moved);
                    self.queue.extend(children.into_iter().map(Follow::Written));
                }
                Follow::Written(table) => self.fire(&table),
                Follow::Emptied(table) => {
                    self.queue.push(Follow::Written(table.clone()));
                    self.lost.insert(table);
                }
                Follow::EmptiedWithChildren(table) => {
                    let children = self.children(&table, |_| true);
                    self.queue
                        .extend(children.into_iter().map(Follow::EmptiedWithChildren));
                    self.queue.push(Follow::Written(table.clone()));
                    self.lost.insert(table);
                }
                Follow::Called(name, texts) => self.call(&name, &texts),
                Follow::Unread(sql) => self.unread(&sql),
            }
        }
    }

    /// A delete reaches children through their foreign keys.
    pub(super) fn cascade(&mut self, table: &TableName) {
        let is = |edge: &&Edge| edge.on_delete.eq_ignore_ascii_case("cascade");
        let deleted = self.children(table, is);
        let changed = self.children(table, |edge| acts(&edge.on_delete) && !is(edge));
        self.queue.extend(deleted.into_iter().map(Follow::Deleted));
        self.queue.extend(changed.into_iter().map(Follow::Written));
    }

    /// What is behind a name that is no table: a view. `deletes`: rows are deleted through it.
    pub(super) fn through_views(&mut self, name: &TableName, deletes: bool) {
        let own = self
            .views
            .iter()
            .filter(|view| bare(&view.name) == bare(name));
        let mut found: Vec<TableName> = Vec::new();
        for view in own {
            let is = |word: &str| {
                view.words
                    .binary_search_by(|known| known.as_str().cmp(word))
                    .is_ok()
            };
            found.extend(self.names.called(&is).cloned());
        }
        let live = self.objects.get(&bare(name)).into_iter().flatten();
        for view in live.filter(|object| object.kind == "view") {
            let words = words::within(self.reading.engine, &view.sql);
            let is = |word: &str| words.contains(word);
            found.extend(self.names.called(&is).cloned());
        }
        self.queue
            .extend(found.into_iter().map(|table| match deletes {
                true => Follow::Deleted(table),
                false => Follow::Written(table),
            }));
        self.queue.push(Follow::Written(name.clone()));
    }

    /// Routines that run where nothing reads calls from SQL: any whose name is a word of it.
    pub(super) fn call_what_is_named(&mut self, sql: &str) {
        if !dialect::habits(self.reading.engine).unread_calls {
            return;
        }
        let first = sql.split(|letter: char| !letter.is_ascii_alphabetic());
        let first = first.into_iter().find(|word| !word.is_empty());
        if first.is_some_and(|word| DEFINES.contains(&word.to_ascii_lowercase().as_str())) {
            return;
        }
        for name in self.routines_among(&dialect::words(self.reading.engine, sql)) {
            self.queue.push(Follow::Called(name, vec![sql.to_owned()]));
        }
    }

    /// The routines that these words name.
    fn routines_among<'w>(&self, words: impl IntoIterator<Item = &'w String>) -> Vec<TableName> {
        let mut found = Vec::new();
        for word in words {
            let live = self.objects.get(word).into_iter().flatten();
            let live = live.filter(|object| is_routine(object));
            found.extend(live.map(|object| object.name.clone()));
            let own = self.routines.iter().map(|(routine, _)| &routine.name);
            found.extend(own.filter(|name| bare(name) == *word).cloned());
        }
        found
    }

    /// Triggers of a table (or view), and rules of it.
    fn fire(&mut self, table: &TableName) {
        let own = self.triggers.iter();
        let own: Vec<(Vec<Step>, String)> = own
            .filter(|(tables, ..)| tables.contains(table))
            .map(|(_, trigger, text)| (trigger.body.clone(), text.clone()))
            .collect();
        for (body, text) in own {
            self.take_body(&body, &[&text]);
        }
        for rule in self.rules.clone() {
            self.queue.push(Follow::Unread(rule));
        }
        let catalog = self.catalog;
        for object in &catalog.objects {
            let here = object.table.as_ref().is_some_and(|other| {
                other == table
                    || self
                        .names
                        .live(other)
                        .is_some_and(|live| live.contains(table))
            });
            match object.kind.as_str() {
                "trigger" if here => self.take_trigger(object),
                "rule" if here => self.queue.push(Follow::Unread(object.sql.clone())),
                _ => {}
            }
        }
    }

    fn take_trigger(&mut self, object: &Object) {
        for step in dialect::read(self.reading, &object.sql) {
            match &step.action {
                Action::CreateTrigger(trigger) => self.take_body(&trigger.body, &[&object.sql]),
                Action::Unparsed(_) | Action::Dynamic(_) => {
                    self.queue.push(Follow::Unread(object.sql.clone()));
                }
                _ => {}
            }
        }
    }

    /// What a trigger or routine does. What it changes of the schema is for whoever looks at that.
    fn take_body(&mut self, body: &[Step], texts: &[&str]) {
        for step in body {
            match &step.action {
                Action::DropTable { table, .. } => self.delete(table),
                Action::Delete(_)
                | Action::Update(_)
                | Action::Insert(_)
                | Action::Truncate { .. }
                | Action::AlterIgnore(_)
                | Action::ChangeEngine { .. }
                | Action::Partition { .. }
                | Action::Call { .. }
                | Action::Dynamic(_)
                | Action::Unparsed(_)
                | Action::WriteSchema => self.take(&step.action, texts),
                Action::RenameTable { .. }
                | Action::MoveTable { .. }
                | Action::DropSchema { .. }
                | Action::DropDatabase(_)
                | Action::DropOwned(_) => self.leave_unread(texts),
                _ => {}
            }
        }
    }

    /// A routine of the set, of the database, or of the server.
    fn call(&mut self, name: &TableName, texts: &[String]) {
        let wanted = bare(name);
        let callers: Vec<&str> = texts.iter().map(String::as_str).collect();
        let own = self.routines.iter();
        let own: Vec<(Vec<Step>, String)> = own
            .filter(|(routine, _)| bare(&routine.name) == wanted)
            .map(|(routine, text)| (routine.body.clone(), text.clone()))
            .collect();
        for (body, text) in &own {
            self.take_body(body, &[&callers[..], &[text]].concat());
        }
        let live = self.objects.get(&wanted).into_iter().flatten();
        let live = live.filter(|object| is_routine(object));
        let live: Vec<&str> = live.map(|object| object.sql.as_str()).collect();
        for sql in &live {
            let texts = [&callers[..], &[*sql]].concat();
            for step in dialect::read(self.reading, sql) {
                match &step.action {
                    Action::CreateRoutine(routine) => self.take_body(&routine.body, &texts),
                    Action::Unparsed(_) | Action::Dynamic(_) => self.leave_unread(&texts),
                    _ => {}
                }
            }
        }
        let server = wanted.starts_with("pg_") || HARMLESS.contains(&wanted.as_str());
        if own.is_empty() && live.is_empty() && !server {
            self.call_unknown(&wanted, &callers);
        }
    }

    /// Code of an extension is nowhere: tables it is told of stand in strings, in a statement that is nothing but a call.
    fn call_unknown(&mut self, wanted: &str, callers: &[&str]) {
        for sql in callers {
            let words = sql.trim_start().split_once(char::is_whitespace);
            let call = words.filter(|(first, _)| {
                first.eq_ignore_ascii_case("select") || first.eq_ignore_ascii_case("call")
            });
            let name = call.and_then(|(_, rest)| Some(rest.split_once('(')?.0.trim()));
            let name = name.and_then(|name| name.rsplit('.').next());
            if name.is_some_and(|name| name.trim_matches('"').to_lowercase() == wanted) {
                let strings = words::in_strings(self.reading.engine, sql);
                self.risk_named(&strings);
            }
        }
    }

    fn unread(&mut self, sql: &str) {
        let words = words::within(self.reading.engine, sql);
        self.risk_named(&words);
        for name in self.routines_among(&words) {
            let texts = vec![sql.to_owned()];
            self.queue.push(Follow::Called(name, texts));
        }
        let live = words.iter().filter_map(|word| self.objects.get(word));
        let views = live.flatten().filter(|object| object.kind == "view");
        let views: Vec<TableName> = views.map(|object| object.name.clone()).collect();
        for view in views {
            self.through_views(&view, true);
        }
    }

    /// What these do cannot be told.
    pub(super) fn leave_unread(&mut self, texts: &[&str]) {
        let texts = texts.iter();
        self.queue
            .extend(texts.map(|text| Follow::Unread((*text).to_owned())));
    }

    /// Nothing is known of what happens to these tables.
    fn risk_named(&mut self, words: &std::collections::HashSet<String>) {
        let is = |word: &str| words.contains(word);
        let named: Vec<TableName> = self.names.called(&is).cloned().collect();
        self.queue
            .extend(named.into_iter().map(Follow::EmptiedWithChildren));
    }

    fn children(&self, table: &TableName, is: impl Fn(&&Edge) -> bool) -> Vec<TableName> {
        let edges = self.edges.iter().filter(|edge| edge.parent == *table);
        edges.filter(is).map(|edge| edge.child.clone()).collect()
    }
}

/// Whether a foreign key's action changes rows of the child.
fn acts(action: &str) -> bool {
    !matches!(
        action.to_ascii_uppercase().as_str(),
        "" | "NO ACTION" | "RESTRICT"
    )
}

fn is_routine(object: &Object) -> bool {
    matches!(
        object.kind.as_str(),
        "function" | "procedure" | "package" | "package body"
    )
}

/// A name without schema and arguments, in lower case.
pub(super) fn bare(name: &TableName) -> String {
    let plain = name.name.split('(').next().unwrap_or_default();
    plain.trim_matches('"').to_lowercase()
}
