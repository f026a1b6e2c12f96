//! CREATE TABLE, columns and constraints.

use squawk_syntax::ast::{self, AstNode};

use super::reader::{Reader, plain, push, sql};
use super::{expression, query};
use crate::hazard::action::{
    Action, Constraint, Copy, DefaultValue, Generated, Key, NewColumn, NewConstraint, NewTable,
    References, Step,
};
use crate::ident::TableName;

/// Types that number the rows by themselves.
const SERIALS: [&str; 6] = [
    "serial",
    "serial2",
    "serial4",
    "serial8",
    "bigserial",
    "smallserial",
];

impl Reader<'_> {
    pub(super) fn create_table(&self, create: &ast::CreateTable, steps: &mut Vec<Step>) {
        let mut table = self.new_table(create.table_name(), create.persistence());
        table.if_not_exists = create.if_not_exists().is_some();
        table.partition_key = create.partition_by().and_then(|by| {
            let strategy = sql(&by.partition_strategy()?).to_ascii_uppercase();
            Some(format!("{strategy} {}", sql(&by.partition_item_list()?)))
        });
        let list = create.table_arg_list();
        for argument in list.into_iter().flat_map(|list| list.args()) {
            match argument {
                ast::TableArg::Column(column) => table.columns.push(self.column(&column)),
                ast::TableArg::TableConstraint(constraint) => {
                    let constraint = ast::Constraint::cast(constraint.syntax().clone());
                    if let Some(new) = constraint.and_then(|one| self.constraint(&one)) {
                        add(&mut table, new);
                    }
                }
                ast::TableArg::LikeClause(_) => {}
            }
        }
        for column in &table.columns {
            if column.primary || column.unique {
                table.keys.push(Key {
                    primary: column.primary,
                    columns: vec![column.name.clone()],
                    nulls_equal: false,
                });
            }
            table.checks.extend(column.checks.iter().cloned());
            table.references.extend(column.references.clone());
        }
        // A foreign key to the table itself, which nobody knows yet.
        let itself = |key: &References| key.parent == TableName::plain(table.name.name.clone());
        let to_itself = table.references.iter_mut().filter(|key| itself(key));
        to_itself.for_each(|key| key.parent.clone_from(&table.name));
        push(steps, create.syntax(), Action::CreateTable(table));
    }

    pub(super) fn create_table_as(&self, create: &ast::CreateTableAs, steps: &mut Vec<Step>) {
        let mut table = self.new_table(create.table_name(), create.persistence());
        table.if_not_exists = create.if_not_exists().is_some();
        let select = create.query().and_then(|query| query.select_variant());
        let copied = select
            .as_ref()
            .and_then(|select| query::copy(self, select, &sql(select)));
        table.copy = Some(copied.unwrap_or_else(|| Copy {
            sql: select.as_ref().map(sql).unwrap_or_default(),
            ..Copy::default()
        }));
        if let Some(select) = select {
            let clause = select.syntax().children().find_map(ast::WithClause::cast);
            self.writes_of(clause.as_ref(), steps);
            self.calls(select.syntax(), steps);
        }
        push(steps, create.syntax(), Action::CreateTable(table));
    }

    fn new_table(
        &self,
        name: Option<ast::TableName>,
        persistence: Option<ast::Persistence>,
    ) -> NewTable {
        let in_temporary = name.as_ref().is_some_and(|name| {
            super::reader::segments(name.syntax())
                .first()
                .is_some_and(|first| first == "pg_temp")
        });
        let temporary = in_temporary || matches!(persistence, Some(ast::Persistence::Temp(_)));
        let name = match temporary {
            true => TableName::plain(self.name_of(name).name),
            false => self.new_name(name),
        };
        NewTable {
            name,
            temporary,
            ..NewTable::default()
        }
    }

    fn column(&self, column: &ast::Column) -> NewColumn {
        let mut new = named(plain(column.name()), column.ty());
        for clause in column.clauses() {
            if let ast::ColumnClause::ColumnConstraint(constraint) = clause
                && let Some(constraint) = ast::Constraint::cast(constraint.syntax().clone())
            {
                self.constrain(&mut new, &constraint);
            }
        }
        new
    }

    /// The column of ADD COLUMN.
    pub(super) fn added_column(&self, add: &ast::AddColumn) -> NewColumn {
        let mut new = named(plain(add.column_name()), add.ty());
        for constraint in add.constraints() {
            self.constrain(&mut new, &constraint);
        }
        new
    }

    fn constrain(&self, column: &mut NewColumn, constraint: &ast::Constraint) {
        match constraint {
            ast::Constraint::NotNullConstraint(_) => column.not_null = true,
            ast::Constraint::PrimaryKeyConstraint(_) => column.primary = true,
            ast::Constraint::UniqueConstraint(_) => column.unique = true,
            ast::Constraint::CheckConstraint(check) => {
                column.checks.extend(check.expr().map(|check| sql(&check)));
            }
            ast::Constraint::DefaultConstraint(default) => {
                column.default = default.expr().map(|value| default_value(&value));
            }
            ast::Constraint::GeneratedConstraint(generated) => match generated.generated_as() {
                Some(ast::GeneratedAs::GeneratedIdentity(_)) => {
                    column.identity = true;
                    column.not_null = true;
                }
                Some(ast::GeneratedAs::GeneratedStored(kind)) => {
                    let is_virtual =
                        matches!(kind.generated_kind(), Some(ast::GeneratedKind::Virtual(_)));
                    column.generated = Some(match is_virtual {
                        true => Generated::Virtual,
                        false => Generated::Stored,
                    });
                }
                None => {}
            },
            ast::Constraint::ReferencesConstraint(reference) => {
                let parent_columns = reference.column().map(|column| plain(Some(column)));
                column.references = Some(References {
                    columns: vec![column.name.clone()],
                    parent: self.name_of(reference.table()),
                    parent_columns: parent_columns.into_iter().collect(),
                    ..referential(reference.referential_actions())
                });
            }
            ast::Constraint::NullConstraint(_)
            | ast::Constraint::ForeignKeyConstraint(_)
            | ast::Constraint::ExcludeConstraint(_) => {}
        }
    }

    /// A table's constraint.
    pub(super) fn constraint(&self, constraint: &ast::Constraint) -> Option<NewConstraint> {
        let rule = match constraint {
            ast::Constraint::PrimaryKeyConstraint(key) => {
                let index = key.using_index().and_then(|using| using.index_ref());
                key_rule(self, true, key.index_parameters(), index)
            }
            ast::Constraint::UniqueConstraint(key) => {
                let index = key.using_index().and_then(|using| using.index_ref());
                key_rule(self, false, key.index_parameters(), index)
            }
            ast::Constraint::CheckConstraint(check) => Constraint::Check(sql(&check.expr()?)),
            ast::Constraint::ForeignKeyConstraint(key) => Constraint::References(References {
                columns: foreign_columns(key.from_columns()),
                parent: self.name_of(key.table_name_ref()),
                parent_columns: foreign_columns(key.to_columns()),
                ..referential(key.referential_actions())
            }),
            ast::Constraint::ExcludeConstraint(exclusion) => Constraint::Exclusion {
                method: exclusion.constraint_index_method().map_or_else(
                    || "gist".to_owned(),
                    |method| plain(method.access_method_ref()),
                ),
                elements: exclusion
                    .constraint_exclusion_list()
                    .into_iter()
                    .flat_map(|list| list.constraint_exclusions())
                    .filter_map(|element| excluded(&element))
                    .collect(),
                condition: exclusion
                    .where_condition_clause()
                    .and_then(|clause| clause.expr())
                    .map(|condition| sql(&condition)),
            },
            // PostgreSQL 18: a NOT NULL with a name, as a constraint of its own.
            ast::Constraint::NotNullConstraint(not_null) => {
                let column = sql(&not_null.column_name_ref()?);
                Constraint::Check(format!("{column} IS NOT NULL"))
            }
            _ => return None,
        };
        Some(NewConstraint {
            name: constraint.constraint_name().map(|name| plain(Some(name))),
            rule,
            not_valid: constraint.is_not_valid()
                || constraint
                    .constraint_options()
                    .any(|option| matches!(option, ast::ConstraintOption::NotEnforced(_))),
        })
    }
}

fn named(name: String, ty: Option<ast::Type>) -> NewColumn {
    let type_name = ty.map(|ty| sql(&ty)).unwrap_or_default();
    let lower = type_name.to_ascii_lowercase();
    let serial = SERIALS.contains(&lower.as_str());
    NewColumn {
        name,
        type_name,
        not_null: serial,
        identity: serial,
        ..NewColumn::default()
    }
}

/// A DEFAULT.
pub(super) fn default_value(value: &ast::Expr) -> DefaultValue {
    DefaultValue {
        sql: sql(value),
        null: expression::is_null(value),
        constant: !expression::is_volatile(value),
    }
}

/// Adds a constraint of the table itself.
fn add(table: &mut NewTable, new: NewConstraint) {
    match new.rule {
        Constraint::Key(key) => table.keys.push(key),
        Constraint::Check(check) => table.checks.push(check),
        Constraint::References(references) => table.references.push(references),
        Constraint::UsingIndex { .. } | Constraint::Exclusion { .. } => {}
    }
}

fn key_rule(
    reader: &Reader<'_>,
    primary: bool,
    parameters: Option<ast::IndexParameters>,
    index: Option<ast::IndexRef>,
) -> Constraint {
    if let Some(index) = index {
        let TableName { name, .. } = reader.name(index.syntax());
        return Constraint::UsingIndex {
            primary,
            index: name,
        };
    }
    let columns = parameters
        .as_ref()
        .and_then(|parameters| parameters.column_list());
    let option = parameters.and_then(|parameters| parameters.nulls_distinct_option());
    Constraint::Key(Key {
        primary,
        columns: columns
            .into_iter()
            .flat_map(|list| list.column_name_refs())
            .map(|column| plain(Some(column)))
            .collect(),
        nulls_equal: matches!(option, Some(ast::NullsDistinctOption::NullsNotDistinct(_))),
    })
}

fn foreign_columns(list: Option<ast::ForeignKeyColumnList>) -> Vec<String> {
    list.into_iter()
        .flat_map(|list| list.column_name_refs())
        .map(|column| plain(Some(column)))
        .collect()
}

fn referential(actions: impl Iterator<Item = ast::ReferentialAction>) -> References {
    let mut references = References::default();
    for action in actions {
        match action {
            ast::ReferentialAction::OnDeleteAction(action) => {
                references.on_delete = action_name(action.ref_action());
            }
            ast::ReferentialAction::OnUpdateAction(action) => {
                references.on_update = action_name(action.ref_action());
            }
        }
    }
    references
}

fn action_name(action: Option<ast::RefAction>) -> String {
    match action {
        Some(ast::RefAction::Cascade(_)) => "CASCADE",
        Some(ast::RefAction::NoAction(_)) => "NO ACTION",
        Some(ast::RefAction::Restrict(_)) => "RESTRICT",
        Some(ast::RefAction::SetDefaultColumns(_)) => "SET DEFAULT",
        Some(ast::RefAction::SetNullColumns(_)) => "SET NULL",
        None => "",
    }
    .to_owned()
}

fn excluded(element: &ast::ConstraintExclusion) -> Option<(String, String)> {
    let operator = match (element.op(), element.operator_call()) {
        (Some(operator), _) => sql(&operator),
        (None, Some(call)) => sql(&call),
        (None, None) => return None,
    };
    Some((sql(&element.expr()?), operator))
}
