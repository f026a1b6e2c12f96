//! Storage engines of MySQL and MariaDB: what a table no longer keeps in another one.

use super::Judge;
use super::copies::live_name;
use crate::event::Severity;
use crate::hazard::action::{Action, ConstraintKind, Keeps, NewTable, Storage};
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, Question, Weight, What};
use crate::hazard::world::Table;
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn change_engine(&mut self, name: &TableName, storage: &Storage) {
        if storage.keeps == Keeps::All {
            return;
        }
        let rule = match storage.keeps {
            Keeps::Nothing => "volatile-engine",
            _ => "weaker-engine",
        };
        let Some(table) = self.target(rule, name, "rows of") else {
            return;
        };
        if table.live.is_none() {
            return;
        }
        let held = self.foreign_keys_at(&table);
        if !held.is_empty() {
            let message = format!(
                "the server does not take `{}` out of its engine while foreign keys stand on it: {}",
                table.name,
                held.join(", ")
            );
            let hint = "drop these foreign keys first, in a statement of their own";
            let draft = Draft::new(rule, self.at, table.name.to_string());
            return self.push(draft.refused(message).hint(hint));
        }
        match storage.keeps {
            Keeps::Nothing => self.forget_rows(&table, storage),
            Keeps::All | Keeps::Transactions => {}
            Keeps::Rows | Keeps::Unknown => self.weaken_storage(&table, storage),
        }
    }

    fn forget_rows(&mut self, table: &Table, storage: &Storage) {
        let message = format!(
            "ENGINE={} does not keep the rows of `{}` over a restart",
            storage.name, table.name
        );
        let weight = self.where_rows(table, Severity::Block);
        self.push(
            Draft::new("volatile-engine", self.at, table.name.to_string())
                .weighs(weight, message)
                .offline(Severity::Block)
                .hint("use ENGINE=InnoDB")
                .lets_go(&live_name(table), None, What::Rows),
        );
    }

    fn weaken_storage(&mut self, table: &Table, storage: &Storage) {
        let (shown, engine) = (&table.name, &storage.name);
        let message = match storage.keeps {
            Keeps::Unknown => {
                format!("whether ENGINE={engine} keeps the rows of `{shown}` is not known here")
            }
            _ => format!(
                "ENGINE={engine} has no transactions and no foreign keys: what fails half-way in `{shown}` stays half done"
            ),
        };
        let weight = match self.leaves_transactions(table) {
            Some(question) if !table.moved && storage.keeps == Keeps::Rows => {
                Weight::Where(question)
            }
            _ => self.where_rows(table, Severity::Warn),
        };
        self.push(
            Draft::new("weaker-engine", self.at, table.name.to_string())
                .weighs(weight, message)
                .offline(Severity::Warn)
                .hint("use ENGINE=InnoDB, which has both"),
        );
    }

    /// Whether the table has rows, in an engine with transactions.
    fn leaves_transactions(&self, table: &Table) -> Option<Question> {
        let live = table.live.as_ref()?;
        let schema = match &live.schema {
            Some(schema) => dialect::literal(self.engine, schema),
            None => "DATABASE()".to_owned(),
        };
        Some(Question {
            met: format!(
                "SELECT count(*) FROM information_schema.TABLES AS t JOIN information_schema.ENGINES AS e ON e.ENGINE = t.ENGINE \
                 WHERE t.TABLE_SCHEMA = {schema} AND t.TABLE_NAME = {} AND e.TRANSACTIONS = 'YES' AND EXISTS (SELECT 1 FROM {})",
                dialect::literal(self.engine, &live.name),
                self.world.quoted(self.engine, live)
            ),
            severity: Severity::Warn,
            ..Question::default()
        })
    }

    /// The foreign keys that start or end at a table when its statement begins: none may be dropped in the same one.
    fn foreign_keys_at(&self, table: &Table) -> Vec<String> {
        let own = table.references.iter().map(|reference| (table, reference));
        let others = self.world.children(&table.name);
        let keys = own.chain(others).map(|(child, reference)| {
            let columns = reference.columns.join(", ");
            let at = format!("`{}.{columns}`", child.name);
            match &reference.name {
                Some(name) => format!("`{name}` of {at}"),
                None => at,
            }
        });
        let mut keys: Vec<String> = keys.collect();
        let here = &self.steps[self.at];
        for placed in self.steps[..self.at].iter().rev() {
            if (placed.file, placed.statement) != (here.file, here.statement) {
                break;
            }
            if let Action::DropConstraint {
                name,
                kind: ConstraintKind::Foreign,
                ..
            } = &placed.step.action
            {
                keys.push(format!("`{name}`, which the same statement drops"));
            }
        }
        keys
    }

    /// A table of the set in an engine that keeps less than its definition says.
    pub(super) fn note_storage(&mut self, new: &NewTable) {
        let Some(storage) = new.storage.as_ref().filter(|_| !new.temporary) else {
            return;
        };
        let (shown, engine) = (new.name.to_string(), &storage.name);
        let draft = match storage.keeps {
            Keeps::Nothing => Draft::new("volatile-engine", self.at, &shown).is(
                Severity::Note,
                format!("ENGINE={engine} does not keep the rows of `{shown}` over a restart"),
            ),
            Keeps::Rows if !new.references.is_empty() => {
                Draft::new("weaker-engine", self.at, &shown).is(
                    Severity::Warn,
                    format!("ENGINE={engine} leaves out the foreign keys of `{shown}`, in silence"),
                )
            }
            _ => return,
        };
        self.push(draft.hint("use ENGINE=InnoDB"));
    }
}
