//! Columns that are added, dropped and renamed.

use super::Judge;
use super::history::with_history;
use crate::event::Severity;
use crate::hazard::action::{Action, Generated, Key, NewColumn};
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, Question, Weight, What};
use crate::hazard::world::{Seen, Table, new_column};
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn add_column(&mut self, name: &TableName, column: &NewColumn) {
        let table = match self.world.see(name) {
            Seen::Known(table) => table.clone(),
            Seen::Temporary | Seen::Missing | Seen::Elsewhere => return,
        };
        let object = format!("{}.{}", table.name, column.name);
        if self.habits.limited_alter {
            self.refuse_addition(&table, column, &object);
        }
        if table.live.is_some() {
            self.require(&table, column, &object);
            self.check_default(&table, column, &object);
        }
        if let Some(reference) = &column.references {
            self.note_cascade(&table.name, reference);
        }
        if let Some(table) = self.world.table_mut(name) {
            if let Some(columns) = &mut table.columns {
                columns.push(new_column(column));
            } else if table.created.is_none() {
                // The other columns are not known, but this one is: it has no values yet.
                table.added.push(new_column(column));
            }
        }
        if table.live.is_some() && !self.habits.limited_alter {
            self.demand_of_addition(name, column);
        }
        if let Some(table) = self.world.table_mut(name) {
            table.references.extend(column.references.clone());
            if column.unique || column.primary {
                table.keys.push(Key {
                    primary: column.primary,
                    columns: vec![column.name.to_lowercase()],
                    nulls_equal: false,
                });
            }
        }
    }

    /// What a column that is added with a default, or numbered, must fulfil in every row.
    fn demand_of_addition(&mut self, name: &TableName, column: &NewColumn) {
        let Some(table) = self.world.table(name).cloned() else {
            return;
        };
        let numbered = column.identity || numbers_itself(&column.type_name);
        let given = column.default.as_ref().is_some_and(|default| !default.null);
        if (column.unique || column.primary) && !numbered && given {
            let key = Key {
                primary: column.primary,
                columns: vec![column.name.clone()],
                nulls_equal: false,
            };
            self.demand_key(&table, &key, None);
        }
        if let Some(reference) = column.references.as_ref().filter(|_| given) {
            self.demand_reference(&table, reference, None);
        }
    }

    fn require(&mut self, table: &Table, column: &NewColumn, object: &str) {
        let given = column.default.as_ref().is_some_and(|default| !default.null);
        let made =
            column.generated.is_some() || column.identity || numbers_itself(&column.type_name);
        if !(column.not_null || column.primary && !self.habits.limited_alter) || given || made {
            return;
        }
        if column.primary && self.habits.limited_alter {
            return;
        }
        let verdict = match self.habits.fills_in {
            true => format!(
                "would get 0, '' or another empty value in the required column `{}`, in silence",
                column.name
            ),
            false => format!("have no value for the required column `{}`", column.name),
        };
        let mut draft = Draft::new("add-required-column", self.at, object);
        draft.aliases = vec![table.name.to_string()];
        draft.weight = self.weigh(table, self.rows_question(table, None, &verdict));
        draft.message = match self.habits.fills_in {
            true => format!("rows of `{}`, if it has any, {verdict}", table.name),
            false => format!("would fail if `{}` has rows: they {verdict}", table.name),
        };
        draft.fails = !self.habits.fills_in;
        self.push(draft.hint(
            "add it as nullable, fill it, then make it NOT NULL in a later migration; or give it a DEFAULT",
        ));
    }

    fn check_default(&mut self, table: &Table, column: &NewColumn, object: &str) {
        let given = column.default.as_ref().filter(|default| !default.null);
        let (Some(default), Some(live)) = (given, &table.live) else {
            return;
        };
        for check in &column.checks {
            let from = self.world.quoted(self.engine, live);
            let rows = format!(
                "(SELECT *, {} AS {} FROM {from}) AS {}",
                default.sql,
                self.quote(&column.name),
                self.quote("incoming")
            );
            let verdict = format!(
                "break CHECK ({check}) with the default of `{}`",
                column.name
            );
            let question = self
                .rows_question(table, Some("1"), &verdict)
                .map(|question| Question {
                    met: self.counting("", &rows, &format!(" WHERE NOT ({check}\n)")),
                    sample: None,
                    ..question
                });
            let weight = self.weigh(table, question);
            let draft = Draft::new("add-check", self.at, object);
            self.push(
                draft
                    .fails(weight, &table.name, &verdict)
                    .hint("choose a default that the CHECK accepts"),
            );
        }
    }

    /// What ADD COLUMN cannot do (<https://www.sqlite.org/lang_altertable.html#alter_table_add_column>).
    fn refuse_addition(&mut self, table: &Table, column: &NewColumn, object: &str) {
        let rebuild =
            "rebuild the table: create the new one, copy every row, drop the old one, rename";
        for (stands, what) in [(column.unique, "UNIQUE"), (column.primary, "PRIMARY KEY")] {
            if stands {
                let hint = match what {
                    "UNIQUE" => "add the column without it, then CREATE UNIQUE INDEX",
                    _ => rebuild,
                };
                let message = format!("ADD COLUMN cannot make `{}` {what}", column.name);
                let draft = Draft::new("sqlite-refuses", self.at, object);
                self.push(draft.refused(message).hint(hint));
            }
        }
        let default = column.default.as_ref();
        let refused = [
            (
                column.generated == Some(Generated::Stored),
                "keep ADD COLUMN from making a STORED column",
                "make it VIRTUAL, or rebuild the table",
            ),
            (
                default.is_some_and(|default| !default.constant),
                "keep ADD COLUMN from taking a default that is not constant",
                "add it without a default, then fill it with UPDATE",
            ),
            (
                column.references.is_some() && default.is_some_and(|default| !default.null),
                "keep ADD COLUMN from taking a foreign key with a default that is not NULL",
                "add it without a default, then fill it with UPDATE",
            ),
        ];
        for (stands, verdict, hint) in refused {
            if !stands || table.live.is_none() {
                continue;
            }
            let mut draft = Draft::new("sqlite-refuses", self.at, object);
            draft.weight = self.weigh(table, self.rows_question(table, None, verdict));
            draft.message = format!("would fail if `{}` has rows: they {verdict}", table.name);
            draft.fails = true;
            self.push(draft.hint(hint));
        }
    }

    pub(super) fn drop_column(&mut self, name: &TableName, column: &str, cascade: bool) {
        let table = match self.world.see(name) {
            Seen::Known(table) => table.clone(),
            Seen::Temporary | Seen::Missing => return,
            Seen::Elsewhere => {
                let mut draft = Draft::new("drop-column", self.at, format!("{name}.{column}"));
                draft.weight = Weight::Unknown(self.world.why_elsewhere(name));
                draft.message = format!("values of `{name}.{column}` would be lost");
                self.push(draft);
                return;
            }
        };
        if self.habits.limited_alter {
            self.refuse_drop(&table, column);
        }
        if let Some(mut draft) = self.lost_column(&table, column) {
            let views = match self.habits.limited_alter {
                true => Vec::new(),
                false => self.views_of_column(&table, column),
            };
            if !views.is_empty() {
                let views = views.join("`, `");
                draft = draft.adding(&match cascade {
                    true => format!("; CASCADE takes the view `{views}`"),
                    false => format!("; the view `{views}` may read it"),
                });
            }
            self.push(draft);
        }
        self.forget_column(name, column);
    }

    /// The values of a column go with it.
    pub(super) fn lost_column(&self, table: &Table, column: &str) -> Option<Draft> {
        let generated = table.column(column).is_some_and(|column| column.generated);
        let (live, live_column) = (table.live.as_ref()?, table.live_column(column)?);
        if generated {
            return None;
        }
        let object = format!("{}.{column}", table.name);
        let condition = dialect::has_value(self.engine, &self.quote(&live_column));
        let verdict = format!("have a value in `{column}`, which would be lost");
        let mut draft = Draft::new("drop-column", self.at, &object);
        let table = &with_history(table);
        let question = self.rows_question(table, Some(&condition), &verdict);
        draft.weight = self.weigh_whole(table, question);
        draft.message = format!("values of `{object}` would be lost");
        let hint = match self.likely_rename(table, column) {
            Some(other) => format!(
                "rename? `ALTER TABLE {} RENAME COLUMN {column} TO {other}` keeps the values",
                table.name
            ),
            None => format!(
                "copy the values first, or allow it: `-- dbscript: allow drop-column({object}) why` above the statement"
            ),
        };
        Some(
            draft
                .hint(hint)
                .lets_go(&live.to_string(), Some(&live_column), What::Column),
        )
    }

    /// The world without a column.
    pub(super) fn forget_column(&mut self, name: &TableName, column: &str) {
        if let Some(table) = self.world.table_mut(name) {
            let is = |other: &str| other.eq_ignore_ascii_case(column);
            match &mut table.columns {
                Some(columns) => columns.retain(|other| !is(&other.name)),
                None => table.added.retain(|other| !is(&other.name)),
            }
            table
                .references
                .retain(|reference| !reference.columns.iter().any(|other| is(other)));
            table
                .keys
                .retain(|key| !key.columns.iter().any(|other| is(other)));
        }
    }

    /// A column of like type that the same file adds to the same table: often a rename that a tool did not see.
    fn likely_rename(&self, table: &Table, column: &str) -> Option<String> {
        let known = table
            .column(column)
            .map(|column| column.type_name.to_lowercase());
        self.file_actions().find_map(|action| match action {
            Action::AddColumn {
                table: other,
                column: added,
            } if self.world.same(other, &table.name) => {
                let alike = known
                    .as_ref()
                    .is_none_or(|known| added.type_name.to_lowercase() == *known);
                (alike && added.generated.is_none()).then(|| added.name.clone())
            }
            _ => None,
        })
    }

    /// What DROP COLUMN cannot do (<https://www.sqlite.org/lang_altertable.html#alter_table_drop_column>).
    fn refuse_drop(&mut self, table: &Table, column: &str) {
        let lower = column.to_lowercase();
        let mut reasons = Vec::new();
        for key in table.keys.iter().filter(|key| key.columns.contains(&lower)) {
            let explicit = self.world.indexes.iter().any(|index| {
                self.world.same(&index.table, &table.name)
                    && index.columns == key.columns
                    && index.unique
            });
            if !explicit {
                reasons.push(
                    if key.primary {
                        "it is in the primary key"
                    } else {
                        "it is UNIQUE"
                    }
                    .to_owned(),
                );
            }
        }
        for index in self
            .world
            .indexes
            .iter()
            .filter(|index| self.world.same(&index.table, &table.name))
        {
            // A plain index names its columns; one with a WHERE or expressions may need any of its words.
            let plain = !index.columns.iter().any(String::is_empty)
                && !index.words.iter().any(|word| word == "where");
            if index.columns.contains(&lower) || !plain && index.words.contains(&lower) {
                reasons.push(format!("the index `{}` needs it", index.name));
            }
        }
        let (certain, doubtful) = self.readers(table, &lower);
        reasons.extend(certain);
        reasons.sort();
        reasons.dedup();
        let (severity, verb) = match reasons.is_empty() {
            true if doubtful.is_empty() => return,
            true => (Severity::Warn, "may refuse"),
            false => (Severity::Block, "refuses"),
        };
        reasons.extend(doubtful);
        let object = format!("{}.{column}", table.name);
        let message = format!("DROP COLUMN {verb} `{object}`: {}", reasons.join(", "));
        let mut draft = Draft::new("sqlite-refuses", self.at, object).is(severity, message);
        draft.fails = severity == Severity::Block;
        self.push(
            draft
                .hint("drop what needs it first and create it anew afterwards; a key wants a rebuild of the table"),
        );
    }

    /// Views and triggers that read a column of a table: those that must mean it, and those that may mean another table's.
    fn readers(&self, table: &Table, column: &str) -> (Vec<String>, Vec<String>) {
        let (mut certain, mut doubtful) = (Vec::new(), Vec::new());
        for object in &self.world.objects {
            let names = |word: &str| object.words.iter().any(|other| other == word);
            let on_it = object
                .table
                .as_ref()
                .is_some_and(|on| self.world.same(on, &table.name));
            if !(on_it || names(&table.name.name.to_lowercase())) || !names(column) {
                continue;
            }
            let another = self.world.tables().into_iter().any(|other| {
                !self.world.same(&other.name, &table.name)
                    && names(&other.name.name.to_lowercase())
                    && other.column(column).is_some()
            });
            let reason = format!("the {} `{}` names it", object.kind, object.name);
            match another {
                true => doubtful.push(reason),
                false => certain.push(reason),
            }
        }
        (certain, doubtful)
    }

    pub(super) fn rename_column(&mut self, name: &TableName, column: &str, to: &str) {
        let table = match self.world.see(name) {
            Seen::Known(table) => table.clone(),
            Seen::Temporary | Seen::Missing | Seen::Elsewhere => return,
        };
        if table.live.is_some() && table.live_column(column).is_some() {
            let object = format!("{}.{column}", table.name);
            let message = format!("whatever still asks for `{object}` fails from now on");
            let views = self.left_behind(&self.views_of_column(&table, column));
            self.push(
                Draft::new("rename-column", self.at, &object)
                    .is(Severity::Warn, message)
                    .adding(&views)
                    .hint("change the application in the same deploy, or add the new column beside the old one first"),
            );
        }
        self.world.rename_column(name, column, to);
    }
}

/// PostgreSQL's SERIAL types number the rows that are there.
fn numbers_itself(type_name: &str) -> bool {
    let lower = type_name.trim().to_ascii_lowercase();
    [
        "serial",
        "bigserial",
        "smallserial",
        "serial2",
        "serial4",
        "serial8",
    ]
    .contains(&lower.as_str())
}
