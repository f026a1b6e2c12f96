//! Constraints that are dropped: what becomes possible.

use super::Judge;
use crate::event::Severity;
use crate::hazard::action::{Action, Constraint, ConstraintKind};
use crate::hazard::draft::Draft;
use crate::hazard::world::Table;
use crate::ident::TableName;

/// What a name turned out to be.
enum Dropped {
    /// Its parent and columns.
    Foreign {
        parent: TableName,
        columns: Vec<String>,
    },
    Key {
        primary: bool,
        columns: Vec<String>,
    },
    Check(String),
    /// It is there, but the catalog does not tell what it is.
    Other,
}

impl Judge<'_> {
    pub(super) fn drop_constraint(
        &mut self,
        name: &TableName,
        constraint: &str,
        kind: ConstraintKind,
        cascade: bool,
    ) {
        let Some(table) = self.target("drop-constraint", name, "what protects") else {
            return;
        };
        let found = self.find_constraint(&table, constraint, kind);
        let added = table.added_constraints.iter().any(|own| own == constraint);
        if let (Some(found), true, false) = (&found, table.live.is_some(), added)
            && !self.constraint_comes_back(&table, constraint, found)
            && !self.key_stays(&table, constraint, found)
        {
            self.tell_dropped(&table, constraint, found, cascade);
        }
        self.forget_constraint(name, constraint, found.as_ref(), cascade);
    }

    fn find_constraint(&self, table: &Table, name: &str, kind: ConstraintKind) -> Option<Dropped> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        if kind == ConstraintKind::Primary {
            return Some(Dropped::Key {
                primary: true,
                columns: table.primary_key().to_vec(),
            });
        }
        let mut references = table.references.iter();
        if let Some(reference) = references.find(|known| known.name.as_deref().is_some_and(is)) {
            return Some(Dropped::Foreign {
                parent: reference.parent.clone(),
                columns: reference.columns.clone(),
            });
        }
        let index = self.world.index(name, Some(&table.name));
        if let Some(index) =
            index.filter(|index| index.constraint || kind == ConstraintKind::Unique)
        {
            return Some(Dropped::Key {
                primary: index.primary,
                columns: index.columns.clone(),
            });
        }
        if let Some(check) = table.checks.iter().find(|check| is(&check.name)) {
            return Some(Dropped::Check(check.expression.clone()));
        }
        // PostgreSQL's catalog has them all but EXCLUDE, MySQL's has no CHECKs.
        let listed = matches!(kind, ConstraintKind::Foreign | ConstraintKind::Unique);
        let known = !self.world.offline && listed;
        (!known).then_some(Dropped::Other)
    }

    /// A constraint that is dropped to be added in another form is not gone.
    fn constraint_comes_back(&self, table: &Table, name: &str, found: &Dropped) -> bool {
        self.ahead().any(|action| match action {
            Action::AddConstraint {
                table: other,
                constraint,
            } if self.world.same(other, &table.name) => {
                let named = constraint.name.as_deref() == Some(name) && !name.is_empty();
                let alike = match (found, &constraint.rule) {
                    (Dropped::Foreign { parent, columns }, Constraint::References(new)) => {
                        *columns == new.columns && self.world.same(parent, &new.parent)
                    }
                    (Dropped::Key { primary, columns }, Constraint::Key(key)) => {
                        *primary && key.primary
                            || !primary && *columns == crate::hazard::world::lower(&key.columns)
                    }
                    (
                        Dropped::Key { primary: true, .. },
                        Constraint::UsingIndex { primary, .. },
                    ) => *primary,
                    _ => false,
                };
                named || alike
            }
            _ => false,
        })
    }

    /// Whether another index or constraint demands the same.
    fn key_stays(&self, table: &Table, name: &str, found: &Dropped) -> bool {
        match found {
            Dropped::Key {
                primary: false,
                columns,
            } => self.stays_unique(&table.name, columns, name),
            _ => false,
        }
    }

    fn tell_dropped(&mut self, table: &Table, name: &str, found: &Dropped, cascade: bool) {
        let shown = &table.name;
        let message = match found {
            Dropped::Foreign { parent, columns } => format!(
                "rows of `{shown}` may point to rows of `{parent}` that are not there from now on (`{}`)",
                columns.join(", ")
            ),
            Dropped::Key { primary: true, .. } => {
                format!(
                    "`{shown}` is left without a primary key: duplicates and NULLs become possible"
                )
            }
            Dropped::Key { columns, .. } => {
                format!(
                    "duplicates of `{}` in `{shown}` become possible",
                    columns.join(", ")
                )
            }
            Dropped::Check(expression) => {
                format!("rows of `{shown}` may break CHECK ({expression}) from now on")
            }
            Dropped::Other => format!("what `{name}` demanded of `{shown}` is no longer demanded"),
        };
        let mut draft = Draft::new("drop-constraint", self.at, shown.to_string());
        if let (Dropped::Key { .. }, true) = (found, cascade) {
            let unprotected = self.unprotected(table);
            if !unprotected.is_empty() {
                draft = draft.adding(&format!(
                    "; with it go the foreign keys that lean on it: {}",
                    unprotected.join(", ")
                ));
            }
        }
        draft.aliases = vec![name.to_owned(), format!("{shown}.{name}")];
        let message = format!("{message}{}", std::mem::take(&mut draft.more));
        self.push(draft.is(Severity::Warn, message));
    }

    /// Foreign keys elsewhere that point to a table.
    pub(super) fn unprotected(&self, table: &Table) -> Vec<String> {
        self.world
            .children(&table.name)
            .into_iter()
            .map(|(child, reference)| format!("`{}.{}`", child.name, reference.columns.join(", ")))
            .collect()
    }

    fn forget_constraint(
        &mut self,
        name: &TableName,
        constraint: &str,
        found: Option<&Dropped>,
        cascade: bool,
    ) {
        let Some(meant) = self.world.table(name).map(|table| table.name.clone()) else {
            return;
        };
        if let (Some(Dropped::Key { .. }), true) = (found, cascade) {
            self.world.forget_references_to(&meant);
        }
        if let Some(table) = self.world.table_mut(&meant) {
            let is = |known: Option<&str>| {
                known.is_some_and(|known| known.eq_ignore_ascii_case(constraint))
            };
            table.references.retain(|known| !is(known.name.as_deref()));
            table.checks.retain(|check| !is(Some(&check.name)));
            table.unproven.retain(|new| !is(new.name.as_deref()));
            if let Some(Dropped::Key { primary, columns }) = found {
                let at = table.keys.iter().position(|key| {
                    key.primary == *primary && (*primary || key.columns == *columns)
                });
                if let Some(at) = at {
                    table.keys.remove(at);
                }
            }
        }
        let names = self.world.names.clone();
        self.world.indexes.retain(|index| {
            !(names.same(&index.table, &meant) && index.name.eq_ignore_ascii_case(constraint))
        });
    }
}
