//! Constraints that are added to tables that exist, or looked at only later.

use super::Judge;
use crate::hazard::action::Key;
use crate::hazard::action::{Constraint, NewConstraint};
use crate::hazard::draft::{Draft, Weight};
use crate::hazard::world::{Table, lower};
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn add_constraint(&mut self, name: &TableName, new: &NewConstraint) {
        let Some(table) = self.target("add-check", name, "rows of") else {
            return;
        };
        if let Constraint::References(reference) = &new.rule {
            self.note_cascade(&table.name, reference);
        }
        if !new.not_valid {
            self.demand_constraint(&table, &new.rule, new.name.as_deref());
        }
        let index = match &new.rule {
            Constraint::UsingIndex { index, .. } => {
                self.world.index(index, Some(&table.name)).cloned()
            }
            _ => None,
        };
        let Some(table) = self.world.table_mut(name) else {
            return;
        };
        table.added_constraints.extend(new.name.clone());
        if new.not_valid {
            table.unproven.push(new.clone());
        }
        match &new.rule {
            Constraint::Key(key) => table.keys.push(Key {
                columns: lower(&key.columns),
                ..key.clone()
            }),
            Constraint::References(reference) => {
                let mut reference = reference.clone();
                reference.name = reference.name.or_else(|| new.name.clone());
                table.references.push(reference);
            }
            Constraint::UsingIndex { primary, .. } => {
                if let Some(index) =
                    index.filter(|index| *primary && !index.columns.iter().any(String::is_empty))
                {
                    table.keys.push(Key {
                        primary: true,
                        columns: index.columns,
                        nulls_equal: false,
                    });
                }
            }
            Constraint::Check(_) | Constraint::Exclusion { .. } => {}
        }
    }

    /// Asks the rows whether they fulfil it.
    pub(super) fn demand_constraint(
        &mut self,
        table: &Table,
        rule: &Constraint,
        name: Option<&str>,
    ) {
        if table.live.is_none() {
            return;
        }
        match rule {
            Constraint::Key(key) => self.demand_key(table, key, name),
            Constraint::UsingIndex {
                primary: true,
                index,
            } => {
                let index = self.world.index(index, Some(&table.name));
                if let Some(index) = index.cloned() {
                    self.demand_filled_key(table, &index.columns, name);
                }
            }
            Constraint::UsingIndex { .. } => {}
            Constraint::Check(check) => self.demand_check(table, check, name),
            Constraint::References(reference) => self.demand_reference(table, reference, name),
            Constraint::Exclusion {
                elements,
                condition,
                ..
            } => self.demand_exclusion(table, elements, condition.as_deref(), name),
        }
    }

    /// VALIDATE CONSTRAINT: what was added NOT VALID, in this set or before.
    pub(super) fn validate_constraint(&mut self, name: &TableName, constraint: &str) {
        let Some(table) = self.target("add-check", name, "rows of") else {
            return;
        };
        let is = |known: Option<&str>| known == Some(constraint);
        if let Some(new) = table.unproven.iter().find(|new| is(new.name.as_deref())) {
            self.demand_constraint(&table, &new.rule.clone(), Some(constraint));
            return;
        }
        if let Some(check) = table.checks.iter().find(|check| check.name == constraint) {
            if !check.validated {
                self.demand_check(&table, &check.expression.clone(), Some(constraint));
            }
            return;
        }
        let mut references = table.references.iter();
        if let Some(reference) = references.find(|reference| is(reference.name.as_deref())) {
            self.demand_reference(&table, &reference.clone(), Some(constraint));
        } else if self.world.offline {
            let weight = Weight::Unknown("what it demands is not known".to_owned());
            let message = format!("rows of `{}` may break `{constraint}`", table.name);
            let object = table.name.to_string();
            self.push(Draft::new("add-check", self.at, object).weighs(weight, message));
        }
    }
}
