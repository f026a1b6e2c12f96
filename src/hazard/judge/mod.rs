//! Weighs what the statements of the pending set do, one after the other, each against the schema as the ones before
//! leave it. The result is drafts: hazards, and the questions that tell whether they are any.

mod columns;
mod constraints;
mod copies;
mod flows;
mod indexes;
mod objects;
mod rebuilds;
mod rows;
mod tables;
mod values;

use std::collections::HashMap;

use super::action::{Action, NewTrigger, Step};
use super::dialect::{self, Habits};
use super::draft::{Draft, LetGo, Question, Weight, What};
use super::rebuild::{self, Rebuild};
use super::world::{Seen, Table, World};
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
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Running {
    /// All of it in one transaction.
    pub(super) in_transaction: bool,
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
    engine: Engine,
    steps: &[Placed],
    files: &[Running],
    catalog: Option<&Catalog>,
    applied_here: bool,
) -> Verdict {
    let mut judge = Judge {
        engine,
        habits: dialect::habits(engine),
        steps,
        applied_here,
        world: World::new(catalog, |sql| dialect::words(engine, sql)),
        drafts: Vec::new(),
        at: 0,
        first: 0,
        file: 0,
        rebuilds: Vec::new(),
        originals: HashMap::new(),
        silent: Vec::new(),
        triggers: Vec::new(),
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
        for rebuild in &self.rebuilds {
            if let Seen::Known(table) = self.world.see(&rebuild.name) {
                self.originals.insert(rebuild.table.clone(), table.clone());
            }
        }
        self.connection = Connection {
            in_transaction: running.in_transaction,
            ..Connection::default()
        };
    }

    fn take(&mut self, action: &Action) {
        match action {
            Action::CreateTable(new) => self.create_table(new),
            Action::DropTable { table, .. } => self.drop_table(table),
            Action::DropTemporary(table) => self.world.drop_temporary(table),
            Action::RenameTable { table, to } => self.rename_table(table, to),
            Action::AddColumn { table, column } => self.add_column(table, column),
            Action::DropColumn { table, column, .. } => self.drop_column(table, column),
            Action::RenameColumn { table, column, to } => self.rename_column(table, column, to),
            Action::CreateIndex(index) => self.create_index(index),
            Action::DropIndex { index, .. } => self.drop_index(index),
            Action::CreateView(view) => self.create_view(view),
            Action::DropView { view, .. } => self.drop_object("view", &view.name),
            Action::CreateTrigger(trigger) => self.create_trigger(trigger),
            Action::DropTrigger { trigger, .. } => self.drop_object("trigger", &trigger.name),
            Action::Delete(change) => self.delete(change),
            Action::Update(update) => self.update(update),
            Action::Insert(insert) => self.insert(insert),
            Action::Impossible { table, what, hint } => {
                let message = format!("ALTER TABLE cannot {what} here");
                self.push(
                    Draft::new("sqlite-refuses", self.at, table.to_string())
                        .is(Severity::Block, message)
                        .hint(hint),
                );
            }
            Action::WriteSchema => self.push(
                Draft::new("writable-schema", self.at, "sqlite_schema")
                    .is(
                        Severity::Block,
                        "the schema table itself is written to; one wrong byte makes the database unreadable",
                    )
                    .hint("rebuild the table instead: create the new one, copy every row, drop the old one, rename"),
            ),
            // Inside a transaction the pragma does nothing (https://www.sqlite.org/pragma.html#pragma_foreign_keys).
            Action::ForeignKeys(on) if !self.connection.in_transaction => {
                self.connection.foreign_keys_off = !on;
            }
            Action::ForeignKeys(_) => {}
            Action::LegacyRename(on) => self.connection.legacy_rename = *on,
            Action::Transaction(begins) => self.connection.in_transaction = *begins,
            // The servers' own actions are weighed as their rules are written.
            Action::AlterColumn { .. }
            | Action::MoveTable { .. }
            | Action::AddConstraint { .. }
            | Action::ValidateConstraint { .. }
            | Action::DropConstraint { .. }
            | Action::Truncate { .. }
            | Action::Partition { .. }
            | Action::DropDatabase(_)
            | Action::DropSchema { .. }
            | Action::DropOwned(_)
            | Action::CreateRoutine(_)
            | Action::Call(_)
            | Action::CreateObject { .. }
            | Action::DropObject { .. }
            | Action::DropAttribute { .. }
            | Action::DomainRule { .. }
            | Action::RenameObject { .. }
            | Action::RestartSequence { .. }
            | Action::WeakenAccess(_)
            | Action::SetUnlogged(_)
            | Action::VolatileEngine { .. }
            | Action::AlterIgnore(_)
            | Action::SqlMode { .. }
            | Action::Charset { .. }
            | Action::DeleteHistory(_)
            | Action::Lock(_)
            | Action::DefaultSchema(_) => {}
            Action::Dynamic(message) => self.general("dynamic-sql", message),
            Action::Unparsed(message) => {
                self.general("unparsed", &format!("cannot analyse this statement: {message}"));
            }
        }
    }

    fn push(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    /// A warning about no table in particular.
    fn general(&mut self, rule: &'static str, message: &str) {
        let mut draft = Draft::new(rule, self.at, "").is(Severity::Warn, message);
        draft.table = None;
        self.push(
            draft.hint(
                "look at it yourself: what it does to data is not checked before the rehearsal",
            ),
        );
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

    fn quote(&self, name: &str) -> String {
        self.engine.quote(name)
    }

    fn quote_all(&self, names: &[String]) -> String {
        let quoted: Vec<String> = names.iter().map(|name| self.quote(name)).collect();
        quoted.join(", ")
    }

    /// A question about the rows of a table that meet a condition, asked of where they are now.
    fn rows_question(
        &self,
        table: &Table,
        condition: Option<&str>,
        verdict: &str,
    ) -> Option<Question> {
        let live = table.live.as_ref()?;
        let from = self.engine.quote_table(live);
        let filter = condition.map_or(String::new(), |condition| format!(" WHERE {condition}"));
        Some(Question {
            met: format!("SELECT count(*) FROM {from}{filter}"),
            of: condition.map(|_| format!("SELECT count(*) FROM {from}")),
            sample: self.sample(table, &from, "", &filter),
            subject: format!("rows of `{}`", table.name),
            verdict: verdict.to_owned(),
            severity: Severity::Block,
        })
    }

    /// SQL that gives a few keys of rows, where the table has a key that can be asked.
    fn sample(
        &self,
        table: &Table,
        from: &str,
        with: &str,
        filter: &str,
    ) -> Option<(String, String)> {
        let key: Vec<String> = table
            .primary_key()
            .iter()
            .map(|column| table.live_column(column))
            .collect::<Option<_>>()?;
        if key.is_empty() {
            return None;
        }
        let columns = self.quote_all(&key);
        Some((
            key.join(", "),
            format!("{with}SELECT {columns} FROM {from}{filter} ORDER BY {columns} LIMIT 3"),
        ))
    }

    /// The question, unless the set has written the table before: then the rows of now do not tell.
    fn weigh(&self, table: &Table, question: Option<Question>) -> Weight {
        if table.moved && !self.world.offline {
            return Weight::Rehearsal(format!("an earlier statement writes `{}`", table.name));
        }
        match question {
            Some(question) => Weight::Ask(question),
            None => Weight::Unknown(format!(
                "where the rows of `{}` are now is not known",
                table.name
            )),
        }
    }

    /// What a delete (or drop) of a table takes elsewhere, in words and as what goes.
    fn reach(&self, table: &TableName) -> (String, Vec<(String, Option<String>, What)>) {
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

/// Adds what goes elsewhere to a draft.
fn let_go_elsewhere(mut draft: Draft, goes: Vec<(String, Option<String>, What)>) -> Draft {
    for (table, column, what) in goes {
        draft = draft.lets_go(&table, column.as_deref(), what);
    }
    draft
}
