//! Which rule looks at which action.

use super::Judge;
use crate::event::Severity;
use crate::hazard::action::Action;
use crate::hazard::draft::Draft;

impl Judge<'_> {
    pub(super) fn take(&mut self, action: &Action) {
        self.note_implicit_commit(action);
        match action {
            Action::CreateTable(new) => self.create_table(new),
            Action::DropTable { table, cascade } => self.drop_table(table, *cascade),
            Action::DropTemporary(table) => self.world.drop_temporary(table),
            Action::RenameTable { table, to } => self.rename_table(table, to),
            Action::AddColumn { table, column } => self.add_column(table, column),
            Action::DropColumn {
                table,
                column,
                cascade,
            } => self.drop_column(table, column, *cascade),
            Action::RenameColumn { table, column, to } => self.rename_column(table, column, to),
            Action::CreateIndex(index) => self.create_index(index),
            Action::DropIndex { index, table } => self.drop_index(index, table.as_ref()),
            Action::CreateView(view) => self.create_view(view),
            Action::DropView { view, cascade } => self.drop_view(&["view"], view, *cascade),
            Action::CreateTrigger(trigger) => self.create_trigger(trigger),
            Action::DropTrigger { trigger, table } => self.drop_trigger(trigger, table.as_ref()),
            Action::Delete(change) => self.delete(change),
            Action::Update(update) => self.update(update),
            Action::Insert(insert) => self.insert(insert),
            Action::AlterColumn { .. }
            | Action::AddConstraint { .. }
            | Action::ValidateConstraint { .. }
            | Action::DropConstraint { .. }
            | Action::MoveTable { .. }
            | Action::Truncate { .. }
            | Action::Partition { .. }
            | Action::Charset { .. }
            | Action::ChangeEngine { .. }
            | Action::AlterIgnore(_)
            | Action::SetUnlogged(_)
            | Action::DeleteHistory(_)
            | Action::Lock(_)
            | Action::Impossible { .. } => self.take_alteration(action),
            Action::DropDatabase(_)
            | Action::DropSchema { .. }
            | Action::DropOwned(_)
            | Action::CreateRoutine(_)
            | Action::Call { .. }
            | Action::CreateObject { .. }
            | Action::DropObject { .. }
            | Action::AddAttribute(_)
            | Action::DropAttribute { .. }
            | Action::DomainRule { .. }
            | Action::RenameObject { .. }
            | Action::RestartSequence { .. }
            | Action::WeakenAccess(_) => self.take_object(action),
            Action::SqlMode { .. }
            | Action::DefaultSchema(_)
            | Action::SearchPath { .. }
            | Action::WriteSchema
            | Action::ForeignKeys(_)
            | Action::LegacyRename(_)
            | Action::Transaction(_) => self.take_setting(action),
            Action::Dynamic(message) => self.general("dynamic-sql", message),
            Action::Unparsed(message) => {
                self.general(
                    "unparsed",
                    &format!("cannot analyse this statement: {message}"),
                );
            }
        }
    }

    /// What the servers do to tables that exist.
    fn take_alteration(&mut self, action: &Action) {
        match action {
            Action::AlterColumn {
                table,
                column,
                change,
            } => self.alter_column(table, column, change),
            Action::AddConstraint { table, constraint } => self.add_constraint(table, constraint),
            Action::ValidateConstraint { table, name } => self.validate_constraint(table, name),
            Action::DropConstraint {
                table,
                name,
                kind,
                cascade,
            } => self.drop_constraint(table, name, *kind, *cascade),
            Action::MoveTable { table, schema } => self.move_table(table, schema),
            Action::Truncate { tables, cascade } => self.truncate(tables, *cascade),
            Action::Partition { table, change } => self.change_partitions(table, change),
            Action::Charset {
                table,
                column,
                charset,
            } => self.change_charset(table, column.as_deref(), charset),
            Action::ChangeEngine { table, storage } => self.change_engine(table, storage),
            Action::AlterIgnore(table) => self.alter_ignore(table),
            Action::SetUnlogged(table) => self.set_unlogged(table),
            Action::DeleteHistory(table) => self.delete_history(table),
            Action::Lock(lock) => self.note_lock(lock),
            Action::Impossible { table, what, hint } => {
                let message = format!("ALTER TABLE cannot {what} here");
                self.push(
                    Draft::new("sqlite-refuses", self.at, table.to_string())
                        .refused(message)
                        .hint(hint),
                );
            }
            _ => {}
        }
    }

    /// What is done to objects that are no tables, or hold them all.
    fn take_object(&mut self, action: &Action) {
        match action {
            Action::DropDatabase(name) => self.drop_database(name),
            Action::DropSchema { name, cascade } => self.drop_schema(name, *cascade),
            Action::DropOwned(role) => self.drop_owned(role),
            Action::CreateRoutine(routine) => self.create_routine(routine),
            Action::Call { name, alone } => self.call(name, *alone),
            Action::CreateObject { kind, name, values } => self.create_object(*kind, name, values),
            Action::DropObject {
                kind,
                name,
                table,
                cascade,
            } => self.drop_kind(*kind, name, table.as_ref(), *cascade),
            Action::AddAttribute(type_name) => self.add_attribute(type_name),
            Action::DropAttribute {
                type_name,
                attribute,
                ..
            } => self.drop_attribute(type_name, attribute),
            Action::DomainRule {
                domain,
                check,
                not_valid,
            } => self.domain_rule(domain, check.as_deref(), *not_valid),
            Action::RenameObject { kind, name, to } => self.rename_object(*kind, name, to),
            Action::RestartSequence { name, column, next } => {
                self.restart_sequence(name, column.as_deref(), next);
            }
            Action::WeakenAccess(weakening) => self.weaken_access(weakening),
            _ => {}
        }
    }

    /// What changes what later statements mean.
    fn take_setting(&mut self, action: &Action) {
        match action {
            Action::SqlMode { mode, strict } => self.set_sql_mode(mode, *strict),
            Action::DefaultSchema(schema) => self.world.search(schema.as_deref()),
            Action::SearchPath { first, .. } => self.world.search(first.as_deref()),
            Action::WriteSchema => self.push(
                Draft::new("writable-schema", self.at, "sqlite_schema")
                    .is(
                        Severity::Block,
                        "the schema table itself is written to; one wrong byte makes the database unreadable",
                    )
                    .hint("rebuild the table instead: create the new one, copy every row, drop the old one, rename"),
            ),
            // Inside a transaction the pragma does nothing (https://www.sqlite.org/pragma.html#pragma_foreign_keys).
            Action::ForeignKeys(on) if !self.connection.in_transaction || self.habits.commits_by_itself => {
                self.connection.foreign_keys_off = !on;
            }
            Action::LegacyRename(on) => self.connection.legacy_rename = *on,
            Action::Transaction(begins) => self.connection.in_transaction = *begins,
            _ => {}
        }
    }
}
