//! Weighs what the statements of the pending set do, one after the other, each against the schema as the ones before
//! leave it. The result is drafts: hazards, and the questions that tell whether they are any.

mod added;
mod alter;
mod attach;
mod carried;
mod cascades;
mod charset;
mod columns;
mod conflicts;
mod constraints;
mod copies;
mod counters;
mod demands;
mod dispatch;
mod dropped;
mod enums;
mod exclusion;
mod flows;
mod history;
mod indexes;
mod kinds;
mod locks;
mod objects;
mod partitions;
mod questions;
mod rebuilds;
mod redefine;
mod retouched;
mod routines;
mod rows;
mod sequences;
mod settings;
mod storage;
mod tables;
mod truncates;
mod types;
mod unique;
mod upserts;
mod values;
mod whole;

use std::collections::HashMap;

use super::action::{Action, NewRoutine, NewTrigger, ObjectKind, Step};
use super::dialect::{self, Habits, Reading};
use super::draft::{Draft, LetGo, What};
use super::rebuild::{self, Rebuild};
use kinds::object_kind;

use super::world::{Names, Seen, Table, World};
use crate::db::{Catalog, Engine};
use crate::event::Severity;
use crate::ident::TableName;

/// One step of the pending set.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// Index of its file.
    pub(super) file: usize,
    /// Index of its statement in the file.
    pub(super) statement: usize,
    pub(super) step: Step,
}

/// How a file is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Running {
    /// All of it in one transaction.
    pub(super) in_transaction: bool,
    /// dbscript switches foreign keys off before that transaction, and on after it.
    pub(super) without_keys: bool,
}

/// What the judge found.
pub(super) struct Verdict {
    pub(super) drafts: Vec<Draft>,
    /// What goes without being a hazard, such as NULLs that a rebuild fills.
    pub(super) silent: Vec<LetGo>,
    /// The schema at the end.
    pub(super) world: World,
}

/// Judges the steps of the pending set. `files` says how each file runs, `catalog` is that of the live database, if one
/// was asked; `applied_here` says that dbscript itself runs the files.
pub(super) fn judge(
    reading: &Reading,
    steps: &[Placed],
    files: &[Running],
    catalog: Option<&Catalog>,
    applied_here: bool,
) -> Verdict {
    let engine = reading.engine;
    let names = Names::of(engine, reading.default_schema.clone());
    let names = names.searching(reading.path.as_ref());
    let mut judge = Judge {
        engine,
        habits: dialect::habits(engine),
        steps,
        applied_here,
        world: World::new(catalog, names, engine),
        drafts: Vec::new(),
        at: 0,
        first: 0,
        file: 0,
        rebuilds: Vec::new(),
        originals: HashMap::new(),
        silent: Vec::new(),
        triggers: Vec::new(),
        routines: Vec::new(),
        running: Vec::new(),
        connection: Connection::default(),
    };
    let mut first = 0;
    while first < steps.len() {
        let file = steps[first].file;
        let count = steps[first..]
            .iter()
            .take_while(|placed| placed.file == file)
            .count();
        judge.begin_file(first, count, files.get(file).copied().unwrap_or_default());
        for (index, placed) in steps[first..first + count].iter().enumerate() {
            judge.at = first + index;
            judge.take(&placed.step.action);
        }
        first += count;
    }
    Verdict {
        drafts: judge.drafts,
        silent: judge.silent,
        world: judge.world,
    }
}

/// What the connection is set to while a file runs.
#[derive(Clone, Copy, Debug, Default)]
struct Connection {
    foreign_keys_off: bool,
    legacy_rename: bool,
    in_transaction: bool,
    /// The step that has switched the refusal of bad values off (MySQL).
    relaxed: Option<usize>,
    /// It is still off.
    lax: bool,
    /// 0 is a number like any other for a column that counts (MySQL).
    keeps_zero: Option<bool>,
}

struct Judge<'a> {
    engine: Engine,
    habits: Habits,
    steps: &'a [Placed],
    applied_here: bool,
    world: World,
    drafts: Vec<Draft>,
    /// The step at hand.
    at: usize,
    /// The first step of the file at hand.
    first: usize,
    file: usize,
    /// Rebuilds of the file at hand; their places count from `first`.
    rebuilds: Vec<Rebuild>,
    /// Their tables as they were when the file began.
    originals: HashMap<String, Table>,
    silent: Vec<LetGo>,
    /// Triggers the set has created.
    triggers: Vec<NewTrigger>,
    /// Functions and procedures the set has created.
    routines: Vec<NewRoutine>,
    /// Those of them whose bodies are being followed.
    running: Vec<TableName>,
    connection: Connection,
}

impl Judge<'_> {
    fn begin_file(&mut self, first: usize, count: usize, running: Running) {
        let actions = self.steps[first..first + count].iter();
        self.rebuilds = match self.habits.rebuilds {
            true => rebuild::find(actions.map(|placed| &placed.step.action)),
            false => Vec::new(),
        };
        self.first = first;
        self.file = self.steps[first].file;
        self.originals.clear();
        self.world.begin_file();
        for rebuild in &self.rebuilds {
            if let Seen::Known(table) = self.world.see(&rebuild.name) {
                self.originals.insert(rebuild.table.clone(), table.clone());
            }
        }
        self.connection = Connection {
            // A transaction that a migration tool opens is not one the file counts on.
            in_transaction: running.in_transaction && !self.habits.commits_by_itself,
            foreign_keys_off: running.without_keys && self.applied_here,
            ..Connection::default()
        };
    }

    /// A table whose rows are somebody's data.
    fn live(&mut self, name: &TableName) -> Option<Table> {
        match self.world.see(name) {
            Seen::Known(table) => table.live.is_some().then(|| table.clone()),
            Seen::Temporary | Seen::Missing | Seen::Elsewhere => None,
        }
    }

    fn push(&mut self, mut draft: Draft) {
        let short = draft
            .table
            .as_ref()
            .and_then(|table| self.world.short(table));
        draft.aliases.extend(short);
        self.drafts.push(draft);
    }

    /// A warning about no table in particular; about a rule where one is created.
    fn general(&mut self, rule: &'static str, message: &str) {
        let mut draft = Draft::new(rule, self.at, "").is(Severity::Warn, message);
        draft.table = self.rule_at_hand();
        self.push(
            draft.hint(
                "look at it yourself: what it does to data is not checked before the rehearsal",
            ),
        );
    }

    /// The name of the rule that the statement at hand creates.
    fn rule_at_hand(&self) -> Option<String> {
        let here = self.steps.get(self.at)?;
        let next = self.steps.get(self.at + 1)?;
        match &next.step.action {
            Action::CreateObject {
                kind: ObjectKind::Rule,
                name,
                ..
            } if (next.file, next.statement) == (here.file, here.statement) => {
                Some(name.to_string())
            }
            _ => None,
        }
    }

    /// The action of each step of the file at hand.
    fn file_actions(&self) -> impl Iterator<Item = &Action> {
        let file = self.file;
        self.steps[self.first..]
            .iter()
            .take_while(move |placed| placed.file == file)
            .map(|placed| &placed.step.action)
    }

    /// What comes after the step at hand, in all files.
    fn ahead(&self) -> impl Iterator<Item = &Action> {
        self.steps[self.at + 1..]
            .iter()
            .map(|placed| &placed.step.action)
    }

    /// Whether a later step of the set brings an object of this name back.
    fn comes_back(&self, kind: &str, name: &str) -> bool {
        let is = |other: &TableName| other.name.eq_ignore_ascii_case(name);
        self.ahead().any(|action| match action {
            Action::CreateView(view) => kind == "view" && is(&view.name),
            Action::CreateTrigger(trigger) => kind == "trigger" && is(&trigger.name),
            Action::CreateIndex(index) => kind == "index" && is(&index.name),
            Action::CreateRoutine(routine) => {
                kind == object_kind(routine.kind) && is(&routine.name)
            }
            Action::CreateObject {
                kind: other, name, ..
            } => kind == object_kind(*other) && is(name),
            _ => false,
        })
    }

    /// The rebuild whose step at `place` is at hand.
    fn rebuild_at(&self, place: impl Fn(&Rebuild) -> Option<usize>) -> Option<Rebuild> {
        let here = self.at - self.first;
        self.rebuilds
            .iter()
            .find(|rebuild| place(rebuild) == Some(here))
            .cloned()
    }

    /// What a delete (or drop) of a table takes elsewhere, in words and as what goes.
    fn reach(&self, table: &TableName) -> (String, Vec<(String, Option<String>, What)>) {
        if self.connection.foreign_keys_off && self.habits.rebuilds {
            return (self.left_by(table), Vec::new());
        }
        let mut goes = Vec::new();
        let mut cascades = Vec::new();
        let mut nulled = Vec::new();
        let mut seen = vec![table.clone()];
        let mut next = vec![table.clone()];
        while let Some(parent) = next.pop() {
            for (child, reference) in self.world.children(&parent) {
                let name = child.name.to_string();
                let live = child
                    .live
                    .as_ref()
                    .map_or(name.clone(), ToString::to_string);
                match reference.on_delete.to_ascii_uppercase().as_str() {
                    "CASCADE" if !seen.contains(&child.name) => {
                        seen.push(child.name.clone());
                        next.push(child.name.clone());
                        cascades.push(format!("`{name}`"));
                        goes.push((live, None, What::Rows));
                    }
                    "SET NULL" | "SET DEFAULT" => {
                        for column in &reference.columns {
                            nulled.push(format!("`{name}.{column}`"));
                            goes.push((live.clone(), Some(column.clone()), What::Values));
                        }
                    }
                    _ => {}
                }
            }
        }
        let mut words = String::new();
        if !cascades.is_empty() {
            words = format!(
                "; rows of {} that point to them go too (ON DELETE CASCADE)",
                cascades.join(", ")
            );
        }
        if !nulled.is_empty() {
            words.push_str(&format!(
                "; {} that point to them are emptied",
                nulled.join(", ")
            ));
        }
        (words, goes)
    }
}

impl Judge<'_> {
    /// What a delete (or drop) of a table leaves elsewhere while foreign keys are off, in words.
    fn left_by(&self, table: &TableName) -> String {
        let children = self.world.children(table).into_iter();
        let mut children: Vec<String> = children
            .map(|(child, _)| format!("`{}`", child.name))
            .collect();
        children.dedup();
        let refused = match self.connection.in_transaction {
            true => ", and the commit is refused if they point to nothing then",
            false => "",
        };
        match children.is_empty() {
            true => String::new(),
            false => format!(
                "; foreign keys are off here: rows of {} that point to them stay{refused}",
                children.join(", ")
            ),
        }
    }
}

/// Adds what goes elsewhere to a draft.
fn let_go_elsewhere(mut draft: Draft, goes: Vec<(String, Option<String>, What)>) -> Draft {
    for (table, column, what) in goes {
        draft = draft.lets_go(&table, column.as_deref(), what);
    }
    draft
}
