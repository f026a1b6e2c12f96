//! Which tables a set of migrations can take rows from: those are counted before and after it runs, and no others. A
//! count of a large table while a change of the schema keeps it locked is time in which nobody else gets at it, so what
//! only changes columns, indexes, constraints or names is no reason for one.
//!
//! What can be read is followed exactly: deletes, what they reach through ON DELETE CASCADE, what triggers do. What
//! cannot be read puts every table at risk that it names in whole words, in strings too, and all that point there.

mod follow;
mod names;
mod words;

pub(super) use words::in_strings as words_in_strings;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet};

use super::action::{
    Action, Constraint, Keeps, NewRoutine, NewTrigger, NewView, ObjectKind, PartitionChange,
    References, Update,
};
use super::dialect::{self, Reading};
use super::split::{Kind, split};
use crate::db::{Catalog, DatabaseInfo, Engine, Object};
use crate::ident::TableName;
use follow::Follow;
use names::Names;

/// The tables of the catalog that may have fewer rows once these files ran, in name order. A table that is only dropped is
/// none of them: there is nothing to count afterwards.
pub fn at_risk(
    named: Engine,
    info: &DatabaseInfo,
    catalog: &Catalog,
    files: &[&str],
) -> Vec<TableName> {
    let engine = Engine::from_name(&info.engine).unwrap_or(named);
    let mut before = Reading::knowing(engine, info, Some(catalog));
    let reading = before.clone();
    let mut risk = Risk::new(&reading, catalog);
    for text in files {
        let mut reading = before.clone();
        for statement in split(engine, text) {
            if statement.kind == Kind::CopyData {
                continue;
            }
            let steps = match statement.kind {
                Kind::Sql => dialect::read(&reading, statement.text),
                Kind::Client | Kind::CopyData => Vec::new(),
            };
            reading.follow(&steps);
            if statement.kind == Kind::Client && dialect::read_client(statement.text).is_some() {
                risk.queue.push(Follow::Unread(statement.text.to_owned()));
            }
            for step in &steps {
                risk.take(&step.action, &[statement.text]);
            }
            risk.call_what_is_named(statement.text);
            risk.follow_all();
            risk.ran.clear();
        }
        before.end_file(reading);
    }
    let Risk {
        mut lost,
        replaced,
        names,
        ..
    } = risk;
    // One that only gave up its name has its rows by another one: those of its old name are another table's.
    lost.extend(replaced.into_iter().filter(|table| !names.keeps(table)));
    lost.into_iter().collect()
}

/// A foreign key between live tables.
#[derive(Clone, Debug)]
struct Edge {
    child: TableName,
    parent: TableName,
    on_delete: String,
    on_update: String,
}

struct Risk<'a> {
    reading: &'a Reading,
    catalog: &'a Catalog,
    names: Names,
    edges: Vec<Edge>,
    /// Triggers the set creates, each with the live tables it hangs on and the statement.
    triggers: Vec<(Vec<TableName>, NewTrigger, String)>,
    /// Routines the set creates, each with the statement.
    routines: Vec<(NewRoutine, String)>,
    /// The objects of the database by their bare names.
    objects: HashMap<String, Vec<&'a Object>>,
    views: Vec<NewView>,
    /// Statements that create rules, which are not read.
    rules: Vec<String>,
    /// What is still to be followed.
    queue: Vec<Follow>,
    /// What was followed since the schema last changed.
    followed: HashSet<Follow>,
    /// What was run of what the statement at hand runs.
    ran: HashSet<Follow>,
    lost: BTreeSet<TableName>,
    /// Those whose name another table has taken.
    replaced: BTreeSet<TableName>,
}

impl<'a> Risk<'a> {
    fn new(reading: &'a Reading, catalog: &'a Catalog) -> Self {
        let edges = catalog.tables.iter().flat_map(|table| {
            table.foreign_keys.iter().map(|key| Edge {
                child: table.name.clone(),
                parent: key.parent.clone(),
                on_delete: key.on_delete.clone(),
                on_update: key.on_update.clone(),
            })
        });
        let mut objects: HashMap<String, Vec<&Object>> = HashMap::new();
        for object in &catalog.objects {
            let named = objects.entry(follow::bare(&object.name)).or_default();
            named.push(object);
        }
        Risk {
            objects,
            reading,
            catalog,
            names: Names::of(reading, catalog),
            edges: edges.collect(),
            triggers: Vec::new(),
            routines: Vec::new(),
            views: Vec::new(),
            rules: Vec::new(),
            queue: Vec::new(),
            followed: HashSet::new(),
            ran: HashSet::new(),
            lost: BTreeSet::new(),
            replaced: BTreeSet::new(),
        }
    }

    /// What an action puts at risk. `texts` are the SQL it stands in, and that which called it.
    fn take(&mut self, action: &Action, texts: &[&str]) {
        match action {
            Action::Delete(change) => self.delete(&change.table),
            Action::Update(update) => {
                self.update(&update.change.table);
                if update.replace || self.may_replace(update) {
                    self.delete(&update.change.table);
                }
            }
            Action::Insert(insert) => {
                self.write(&insert.table);
                if insert.replace {
                    self.delete(&insert.table);
                }
            }
            Action::Truncate { tables, cascade } => {
                for table in tables {
                    self.empty(table, *cascade);
                }
            }
            Action::AlterIgnore(table) => self.empty(table, false),
            Action::ChangeEngine { table, storage } => {
                if storage.keeps == Keeps::Nothing {
                    self.empty(table, false);
                }
            }
            Action::Partition { table, change } => self.change_partitions(table, change),
            Action::Call { name, .. } => {
                let called = texts.iter().map(|text| (*text).to_owned());
                self.queue
                    .push(Follow::Called(name.clone(), called.collect()));
            }
            Action::Dynamic(_) | Action::Unparsed(_) | Action::WriteSchema => {
                self.leave_unread(texts)
            }
            _ => {
                // What was followed may lead elsewhere now.
                self.follow_all();
                self.followed.clear();
                self.change_schema(action, texts);
            }
        }
    }

    fn change_schema(&mut self, action: &Action, texts: &[&str]) {
        match action {
            Action::CreateTable(new) => {
                let replaced = self.names.create(&new.name);
                self.replaced.extend(replaced);
            }
            Action::DropTable { table, .. } => self.drop_table(table),
            Action::RenameTable { table, to } => {
                let to = TableName {
                    schema: table.schema.clone(),
                    name: to.clone(),
                };
                let replaced = self.names.rename(table, &to);
                self.replaced.extend(replaced);
            }
            Action::MoveTable { table, schema } => {
                let to = self.reading.name(Some(schema.clone()), table.name.clone());
                let replaced = self.names.rename(table, &to);
                self.replaced.extend(replaced);
            }
            Action::AddColumn { table, column } => {
                if let Some(references) = &column.references {
                    self.add_edges(table, references);
                }
            }
            Action::AddConstraint { table, constraint } => {
                if let Constraint::References(references) = &constraint.rule {
                    self.add_edges(table, references);
                }
            }
            Action::CreateTrigger(trigger) => {
                let tables = self.written_as(&trigger.table);
                let text = texts.concat();
                self.triggers.push((tables, trigger.clone(), text));
            }
            Action::CreateView(view) => self.views.push(view.clone()),
            Action::CreateRoutine(routine) => {
                self.routines.push((routine.clone(), texts.concat()));
            }
            Action::CreateObject {
                kind: ObjectKind::Rule,
                ..
            } => {
                self.rules
                    .extend(texts.first().map(|text| (*text).to_owned()));
            }
            Action::DropSchema { name, .. } => {
                let tables = self.catalog.tables.iter().map(|table| &table.name);
                let inside = tables.filter(|table| {
                    let schema = table
                        .schema
                        .as_ref()
                        .or(self.reading.default_schema.as_ref());
                    schema == Some(name)
                });
                self.lost.extend(inside.cloned());
            }
            Action::DropDatabase(_) | Action::DropOwned(_) => {
                let tables = self.catalog.tables.iter();
                self.lost.extend(tables.map(|table| table.name.clone()));
            }
            Action::DefaultSchema(schema) => self.names.search(schema.as_deref()),
            // Columns, indexes, constraints, types, rights, settings: rows stay. The rows of a history (DELETE HISTORY)
            // are not among those that are counted.
            _ => {}
        }
    }

    fn change_partitions(&mut self, table: &TableName, change: &PartitionChange) {
        match change {
            PartitionChange::Drop(_)
            | PartitionChange::Truncate(_)
            | PartitionChange::Detach(_) => {
                self.empty(table, false);
            }
            PartitionChange::Exchange { with, .. } => {
                self.empty(table, false);
                self.empty(with, false);
            }
            PartitionChange::Attach { .. } | PartitionChange::Repartition => {}
        }
    }

    fn delete(&mut self, table: &TableName) {
        let live = self.names.live(table);
        if live.is_none() {
            self.through_views(table, true);
        }
        let live = live.unwrap_or_default();
        self.queue.extend(live.into_iter().map(Follow::Deleted));
    }

    /// Rows are added or changed: what triggers do then.
    fn write(&mut self, table: &TableName) {
        let tables = self.written_as(table);
        if self.names.live(table).is_none() {
            self.through_views(table, false);
        }
        self.queue.extend(tables.into_iter().map(Follow::Written));
    }

    fn update(&mut self, table: &TableName) {
        self.write(table);
        let live = self.names.live(table).unwrap_or_default();
        self.queue.extend(live.into_iter().map(Follow::Updated));
    }

    /// Whether a key that is set may say ON CONFLICT REPLACE (SQLite), which a catalog does not tell.
    fn may_replace(&self, update: &Update) -> bool {
        let sets = |column: &String| {
            let mut set = update.columns.iter();
            set.any(|set| set.eq_ignore_ascii_case(column))
        };
        let live = self.names.live(&update.change.table).unwrap_or_default();
        dialect::habits(self.reading.engine).rebuilds
            && live.iter().any(|name| {
                self.catalog.table(name).is_some_and(|table| {
                    let keys = table.indexes.iter().filter(|index| index.sql.is_none());
                    let columns = keys.flat_map(|index| &index.columns);
                    columns.chain(&table.primary_key).any(sets)
                })
            })
    }

    /// Rows go without ON DELETE having a say; CASCADE takes those of all tables that point there.
    fn empty(&mut self, table: &TableName, cascade: bool) {
        let live = self.names.live(table).unwrap_or_default();
        self.queue
            .extend(live.into_iter().map(|table| match cascade {
                true => Follow::EmptiedWithChildren(table),
                false => Follow::Emptied(table),
            }));
    }

    fn drop_table(&mut self, table: &TableName) {
        let dropped = self.names.drop(table);
        // The rows of a partition were its parent's.
        self.lost.extend(dropped.parents);
        if dialect::habits(self.reading.engine).drop_deletes {
            for table in dropped.tables {
                self.cascade(&table);
            }
        }
    }

    fn add_edges(&mut self, table: &TableName, references: &References) {
        let parents = self.names.live(&references.parent).unwrap_or_default();
        for child in self.names.live(table).unwrap_or_default() {
            self.edges.extend(parents.iter().map(|parent| Edge {
                child: child.clone(),
                parent: parent.clone(),
                on_delete: references.on_delete.clone(),
                on_update: references.on_update.clone(),
            }));
        }
    }

    /// What triggers on this hang on: live tables, or the view (or new table) itself.
    fn written_as(&self, table: &TableName) -> Vec<TableName> {
        match self.names.live(table) {
            Some(live) if !live.is_empty() => live,
            _ => vec![table.clone()],
        }
    }
}
