//! Columns that become the time of a change by their own definition or by a trigger: no loss where nothing else of the set
//! has to do with them.

use std::collections::{HashMap, HashSet};

use super::action::{Action, ColumnChange};
use super::carries::bare;
use super::desk::Desk;
use super::dialect::{self, Touch};
use super::draft::{LetGo, What};
use super::judge::{Placed, Verdict};
use super::risk::words_in_strings;
use crate::db::{Engine, Object};
use crate::ident::TableName;

/// What is looked for in the set and the database, read once for all columns.
struct Texts<'a> {
    engine: Engine,
    /// Every word of the statements that may write rows that are there.
    statements: HashSet<String>,
    /// Each word of those that only add rows, with the table they add them to.
    inserts: HashSet<(String, String)>,
    /// Those that create triggers and routines, with their words.
    made: Vec<(&'a str, HashSet<String>)>,
    /// Each object but views, which change nothing, with the words of its SQL.
    objects: Vec<(&'a Object, HashSet<String>)>,
}

impl Desk<'_> {
    /// Lets only those times of changes go of which nothing else may change the values; the others are no notes.
    pub(super) fn settle_times(&self, verdict: &mut Verdict) {
        verdict.silent = self.expected(&verdict.silent, &verdict.world.touches);
        let goes: HashSet<(&str, Option<&str>)> = verdict
            .silent
            .iter()
            .filter(|gone| gone.what == What::Touched)
            .map(|gone| (gone.table.as_str(), gone.column.as_deref()))
            .collect();
        for draft in &mut verdict.drafts {
            let touched = draft.touched.as_ref();
            if touched.is_some_and(|gone| !goes.contains(&(&gone.table, gone.column.as_deref()))) {
                draft.doubts_time();
            }
        }
    }

    /// What goes without being a hazard, less the columns of which something else may change the values as well. `touches`:
    /// what the triggers there are set.
    fn expected(&self, silent: &[LetGo], touches: &[Touch]) -> Vec<LetGo> {
        let is_touched = |gone: &&LetGo| gone.what == What::Touched;
        let others = silent.iter().filter(|gone| !is_touched(gone));
        let mut expected: Vec<LetGo> = others.cloned().collect();
        let mut known = HashSet::new();
        let mut touched: Vec<&LetGo> = silent.iter().filter(is_touched).collect();
        // One for each statement that changes rows of the table.
        touched.retain(|gone| known.insert((&gone.table, &gone.column)));
        let is_unread = |placed: &Placed| {
            let action = &placed.step.action;
            matches!(action, Action::Dynamic(_) | Action::Unparsed(_))
        };
        if !touched.is_empty() && !self.steps.iter().any(is_unread) {
            let texts = self.texts(&touched);
            let stays = touched.into_iter();
            expected.extend(stays.filter(|gone| texts.leave(gone, touches)).cloned());
        }
        expected
    }

    fn texts(&self, touched: &[&LetGo]) -> Texts<'_> {
        let columns = touched.iter().filter_map(|gone| gone.column.as_ref());
        let columns: HashSet<String> = columns.map(|column| column.to_lowercase()).collect();
        let mut texts = Texts {
            engine: self.engine,
            statements: HashSet::new(),
            inserts: HashSet::new(),
            made: Vec::new(),
            objects: Vec::new(),
        };
        let bearings = self.bearings();
        let placed = self.split.iter().enumerate().flat_map(|(file, split)| {
            let statements = split.iter().enumerate();
            statements.map(move |(index, statement)| ((file, index), statement.text))
        });
        for (at, text) in placed {
            let plain = dialect::words(self.engine, text);
            if may_write(text, &plain) {
                let words = within(self.engine, text, plain);
                texts.take(bearings.get(&at), text, words, &columns);
            }
        }
        let objects = self.objects.into_iter().flatten();
        let objects = objects.filter(|object| object.kind != "view");
        let words = |object: &Object| {
            let plain = dialect::words(self.engine, &object.sql);
            within(self.engine, &object.sql, plain)
        };
        texts.objects = objects.map(|object| (object, words(object))).collect();
        texts
    }

    /// What each statement that was read does to rows that are there.
    fn bearings(&self) -> HashMap<(usize, usize), Bearing> {
        let mut actions: HashMap<(usize, usize), Vec<&Action>> = HashMap::new();
        for placed in self.steps {
            let at = (placed.file, placed.statement);
            actions.entry(at).or_default().push(&placed.step.action);
        }
        // What has another name then is another table.
        let renames = self.steps.iter().any(|placed| {
            matches!(
                placed.step.action,
                Action::RenameTable { .. }
                    | Action::MoveTable { .. }
                    | Action::RenameColumn { .. }
                    | Action::Partition { .. }
            )
        });
        let bearings = actions.into_iter().map(|(at, actions)| {
            let bearings = actions.into_iter().map(Bearing::of);
            let bearing = bearings.fold(Bearing::Nothing, Bearing::with);
            match bearing {
                Bearing::Nothing => (at, Bearing::Nothing),
                _ if renames => (at, Bearing::Writes),
                bearing => (at, bearing),
            }
        });
        bearings.collect()
    }
}

/// What a statement has to do with rows that are there.
enum Bearing {
    Nothing,
    /// It adds rows to a table.
    Adds(String),
    /// It creates a routine or a trigger.
    Makes,
    Writes,
}

impl Bearing {
    fn of(action: &Action) -> Self {
        let name = |table: &TableName| table.name.to_lowercase();
        match action {
            Action::CreateView(_)
            | Action::CreateIndex(_)
            | Action::DropIndex { .. }
            | Action::AddColumn { .. }
            | Action::AddConstraint { .. }
            | Action::Lock(_) => Bearing::Nothing,
            Action::AlterColumn {
                change:
                    ColumnChange::SetNotNull
                    | ColumnChange::DropNotNull
                    | ColumnChange::SetDefault(_)
                    | ColumnChange::DropDefault,
                ..
            } => Bearing::Nothing,
            Action::CreateTable(new) => Bearing::Adds(name(&new.name)),
            Action::Insert(insert) if !insert.replace && insert.upsert.is_none() => {
                Bearing::Adds(name(&insert.table))
            }
            Action::CreateTrigger(_) | Action::CreateRoutine(_) => Bearing::Makes,
            _ => Bearing::Writes,
        }
    }

    fn with(self, other: Self) -> Self {
        match (self, other) {
            (Bearing::Nothing, one) | (one, Bearing::Nothing) => one,
            _ => Bearing::Writes,
        }
    }
}

impl<'a> Texts<'a> {
    /// One more statement. Of all that is inserted nothing is kept but the names of these columns.
    fn take(
        &mut self,
        bearing: Option<&Bearing>,
        text: &'a str,
        mut words: HashSet<String>,
        columns: &HashSet<String>,
    ) {
        match bearing {
            _ if words.is_disjoint(columns) => {}
            Some(Bearing::Nothing) => {}
            Some(Bearing::Adds(table)) => {
                words.retain(|word| columns.contains(word));
                let named = words.into_iter().map(|word| (word, table.clone()));
                self.inserts.extend(named);
            }
            Some(Bearing::Makes) => self.made.push((text, words)),
            None if is_remark(text) => {}
            Some(Bearing::Writes) | None => {
                words.retain(|word| columns.contains(word));
                self.statements.extend(words);
            }
        }
    }

    /// Whether a statement of the set may write to a column of rows that are there.
    fn may_set(&self, table: &str, column: &str) -> bool {
        let may = |(text, words): &(&str, HashSet<String>)| {
            words.contains(column) && !dialect::leaves_alone(self.engine, text, (table, column))
        };
        self.statements.contains(column)
            || self
                .inserts
                .contains(&(column.to_owned(), table.to_owned()))
            || self.made.iter().any(may)
    }

    /// Whether no statement of the set names a column, nor any trigger or routine there is besides those that set it to the
    /// time: only then it becomes that alone.
    fn leave(&self, gone: &LetGo, touches: &[Touch]) -> bool {
        let Some(column) = gone.column.as_ref().map(|column| column.to_lowercase()) else {
            return false;
        };
        let table = bare(&gone.table);
        let is_own = |object: &Object| {
            let on = object.table.as_ref();
            on.is_some_and(|own| own.to_string() == gone.table)
        };
        let sets_time = |object: &Object| {
            let mut touches = touches.iter();
            touches.any(|touch| {
                let by_itself = is_own(object) && object.name.name == touch.trigger;
                let by_routine = || touch.routine.is_some() && touch.routine == called(object);
                touch.of_time
                    && touch.column == column
                    && touch.table.to_string() == gone.table
                    && (by_itself || by_routine())
            })
        };
        // A routine that a trigger of the table calls.
        let of_trigger = |object: &Object| {
            let mut own = self.objects.iter();
            called(object).is_some_and(|name| {
                own.any(|(own, words)| {
                    own.kind == "trigger" && is_own(own) && words.contains(&name)
                })
            })
        };
        // One that another one sets off, by however many steps.
        let may_set = |(object, words): &(&Object, HashSet<String>)| {
            words.contains(&column)
                && (is_own(object) || words.contains(&table) || of_trigger(object))
                && !sets_time(object)
                && !dialect::leaves_alone(self.engine, &object.sql, (&table, &column))
        };
        !self.may_set(&table, &column) && !self.objects.iter().any(may_set)
    }
}

/// Every word of a text, in strings too.
fn within(engine: Engine, text: &str, plain: Vec<String>) -> HashSet<String> {
    let mut words = words_in_strings(engine, text);
    words.extend(plain);
    words
}

/// Whether a statement with these words may write rows that are there: one that makes another table, or an index, does not.
fn may_write(text: &str, words: &[String]) -> bool {
    const WRITING: [&str; 6] = [
        "select",
        "trigger",
        "function",
        "procedure",
        "rule",
        "event",
    ];
    let has = |word: &str| words.iter().any(|known| known == word);
    let first = text.trim_start().get(..6);
    let makes = first.is_some_and(|first| {
        first.eq_ignore_ascii_case("create") && (has("table") || has("index"))
    });
    !makes || WRITING.into_iter().any(has)
}

/// Whether a statement of which no step was kept says something about the schema and does nothing, or adds rows as the one
/// before it does.
fn is_remark(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    ["comment", "grant", "revoke", "analyze", "insert"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word))
}

/// The name of a routine without its arguments, in lower case.
fn called(object: &Object) -> Option<String> {
    let is_routine = ["function", "procedure"].contains(&object.kind.as_str());
    let name = object.name.name.split('(').next().unwrap_or_default();
    is_routine.then(|| name.trim_matches('"').to_lowercase())
}
