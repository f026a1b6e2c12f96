//! Columns that stay and change: NOT NULL, defaults, identities.

use super::Judge;
use super::copies::live_name;
use super::history::with_history;
use crate::event::Severity;
use crate::hazard::action::{Action, ColumnChange};
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, What};
use crate::hazard::world::{Table, bare_type};
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn alter_column(&mut self, name: &TableName, column: &str, change: &ColumnChange) {
        let rule = match change {
            ColumnChange::SetNotNull => "set-not-null",
            ColumnChange::Type { .. } | ColumnChange::Whole(_) => "narrow-type",
            ColumnChange::DropDefault => "drop-default",
            ColumnChange::DropIdentity => "drop-identity",
            ColumnChange::DropNotNull
            | ColumnChange::SetDefault(_)
            | ColumnChange::DropExpression => {
                return self.apply_change(name, column, change);
            }
        };
        let Some(table) = self.target(rule, name, "values of") else {
            return;
        };
        match change {
            ColumnChange::Type { type_name, using } => {
                self.blame_relaxed(&table);
                self.change_type(&table, column, type_name, using.as_deref());
            }
            ColumnChange::SetNotNull => {
                self.blame_relaxed(&table);
                self.set_not_null(&table, column, None);
            }
            ColumnChange::DropDefault => self.drop_default(&table, column),
            ColumnChange::DropIdentity => self.drop_identity(&table, column),
            ColumnChange::Whole(definition) => {
                self.blame_relaxed(&table);
                self.redefine(&table, column, definition);
            }
            ColumnChange::DropNotNull
            | ColumnChange::SetDefault(_)
            | ColumnChange::DropExpression => {}
        }
        self.apply_change(name, column, change);
    }

    /// The world after the change.
    fn apply_change(&mut self, name: &TableName, column: &str, change: &ColumnChange) {
        let Some(known) = self
            .world
            .table_mut(name)
            .and_then(|table| table.column_mut(column))
        else {
            return;
        };
        match change {
            ColumnChange::Type { type_name, .. } => type_name.clone_into(&mut known.type_name),
            ColumnChange::SetNotNull => known.nullable = false,
            ColumnChange::DropNotNull => known.nullable = true,
            ColumnChange::SetDefault(default) => {
                known.default = (!default.null).then(|| default.sql.clone());
            }
            ColumnChange::DropDefault => known.default = None,
            ColumnChange::DropIdentity => known.identity = false,
            ColumnChange::DropExpression => known.generated = false,
            ColumnChange::Whole(definition) => {
                let new = &definition.column;
                known.type_name.clone_from(&new.type_name);
                known.nullable = !new.not_null && !new.primary;
                known.identity = new.identity;
                let given = new.default.as_ref().filter(|default| !default.null);
                known.default = given.map(|default| default.sql.clone());
            }
        }
    }

    /// NULLs where none may be. `new_type` is the type the column gets with it, where it gets one.
    pub(super) fn set_not_null(&mut self, table: &Table, column: &str, new_type: Option<&str>) {
        let known = table.column(column);
        let never_null = known.is_some_and(|known| !known.nullable || known.identity);
        let made = known.is_some_and(|known| {
            known.live.is_none() && !table.moved && (known.default.is_some() || known.generated)
        });
        if table.live.is_none() || never_null || made {
            return;
        }
        let value = self.quote(&self.now_or_live(table, column));
        let condition = dialect::has_none(self.engine, &value);
        let old_type = known.map_or("", |known| known.type_name.as_str());
        let fate = self.fate_of_nulls(new_type.unwrap_or(old_type));
        let verdict = format!("have NULL in `{column}`, which becomes NOT NULL{fate}");
        let table = &with_history(table);
        let question = self.rows_question(table, Some(&condition), &verdict);
        let weight = self.weigh(table, question);
        let object = format!("{}.{column}", table.name);
        let what = match self.habits.fills_in {
            true if self.connection.lax || fate.ends_with("in silence") => {
                "would write other values"
            }
            _ => "would fail",
        };
        let mut draft = Draft::new("set-not-null", self.at, object)
            .comes_about(weight, what, (&table.name, &verdict))
            .hint("fill them first, in a migration of their own: UPDATE … WHERE … IS NULL");
        // What dbscript applies it applies in strict mode.
        draft.fails = !fate.ends_with("in silence") && !self.connection.lax;
        if self.habits.fills_in {
            let live = table.live_column(column);
            draft = draft.lets_go(&live_name(table), live.as_deref(), What::Values);
        }
        draft.aliases = vec![table.name.to_string()];
        self.push(draft);
    }

    /// A column by the name it has in `rows_of`: as it is called now where the set added it, else as it is stored.
    pub(super) fn now_or_live(&self, table: &Table, column: &str) -> String {
        let known = table.column(column);
        let added = known.is_some_and(|known| known.live.is_none());
        match added {
            true => known.map_or(column, |known| known.name.as_str()).to_owned(),
            false => table
                .live_column(column)
                .unwrap_or_else(|| column.to_owned()),
        }
    }

    /// What MySQL and MariaDB make of a NULL that may not be
    /// (<https://mariadb.com/kb/en/timestamp/#automatic-values>, <https://dev.mysql.com/doc/refman/8.0/en/sql-mode.html>,
    /// <https://dev.mysql.com/doc/refman/8.0/en/server-system-variables.html#sysvar_explicit_defaults_for_timestamp>).
    fn fate_of_nulls(&self, type_name: &str) -> &'static str {
        if !self.habits.fills_in {
            return "";
        }
        let is_timestamp = type_name.to_ascii_lowercase().starts_with("timestamp");
        match is_timestamp {
            true if self.habits.stamps_nulls => {
                ": MariaDB writes the current time there, in silence"
            }
            true => {
                "; MariaDB, and MySQL without explicit_defaults_for_timestamp, write the current time there"
            }
            false if self.connection.lax => ": without strict mode 0 or '' is written, in silence",
            false => "; without strict mode 0 or '' is written",
        }
    }

    fn drop_default(&mut self, table: &Table, column: &str) {
        let known = table.column(column);
        let had = known.is_none_or(|known| known.default.is_some() && known.live.is_some());
        if table.live.is_none() || !had || self.default_comes_back(table, column) {
            return;
        }
        let object = format!("{}.{column}", table.name);
        let message = format!("an INSERT that leaves `{object}` out no longer gets its default");
        self.push(Draft::new("drop-default", self.at, object).is(Severity::Warn, message));
    }

    /// A change of an enum takes the default away and sets it anew.
    fn default_comes_back(&self, table: &Table, column: &str) -> bool {
        self.ahead().any(|action| match action {
            Action::AlterColumn {
                table: other,
                column: set,
                change,
            } => {
                let sets = match change {
                    ColumnChange::SetDefault(_) => true,
                    ColumnChange::Whole(definition) => definition.column.default.is_some(),
                    _ => false,
                };
                sets && set == column && self.world.same(other, &table.name)
            }
            _ => false,
        })
    }

    fn drop_identity(&mut self, table: &Table, column: &str) {
        let known = table.column(column);
        let had = known.is_none_or(|known| known.identity && known.live.is_some());
        if table.live.is_none() || !had {
            return;
        }
        let object = format!("{}.{column}", table.name);
        let message =
            format!("`{object}` no longer numbers new rows: an INSERT that leaves it out fails");
        self.push(Draft::new("drop-identity", self.at, object).is(Severity::Warn, message));
    }

    /// ALTER DOMAIN: every column of the domain must fulfil it.
    pub(super) fn domain_rule(&mut self, domain: &TableName, check: Option<&str>, not_valid: bool) {
        if not_valid {
            return;
        }
        let columns = self.world.columns_of_type(domain);
        for (table, column) in &columns {
            let Some(live) = column.live.as_ref().filter(|_| table.live.is_some()) else {
                continue;
            };
            let quoted = self.quote(live);
            let (rule, condition, verdict) = match check {
                None => (
                    "set-not-null",
                    dialect::has_none(self.engine, &quoted),
                    format!(
                        "have NULL in `{}`, which the domain `{domain}` no longer takes",
                        column.name
                    ),
                ),
                Some(check) => (
                    "add-check",
                    format!("NOT ({}\n)", about_column(self.engine, check, &quoted)),
                    format!(
                        "have a `{}` that breaks CHECK ({check}) of the domain `{domain}`",
                        column.name
                    ),
                ),
            };
            let question = self.rows_question(table, Some(&condition), &verdict);
            let weight = self.weigh(table, question);
            let mut draft = Draft::new(rule, self.at, format!("{}.{}", table.name, column.name))
                .fails(weight, &table.name, &verdict)
                .hint("settle these rows first, or add it NOT VALID and validate it later");
            draft.aliases = vec![table.name.to_string(), bare_type(&domain.to_string(), None)];
            self.push(draft);
        }
    }
}

/// A domain's CHECK with the column where it says `VALUE`.
fn about_column(engine: crate::db::Engine, check: &str, column: &str) -> String {
    use crate::hazard::dialect::{Lexer, TokenKind};
    let mut text = String::with_capacity(check.len() + column.len());
    for token in Lexer::new(engine, check) {
        let piece = &check[token.start..token.end];
        match token.kind == TokenKind::Word && piece.eq_ignore_ascii_case("value") {
            true => text.push_str(column),
            false => text.push_str(piece),
        }
    }
    text
}
