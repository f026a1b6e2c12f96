//! CREATE TABLE and the columns of ADD COLUMN.

use sqlite3_parser::ast::{
    ColFlags, ColumnConstraint, ColumnDefinition, CreateTableBody, Expr, ForeignKeyClause,
    IndexedColumn, QualifiedName, RefAct, RefArg, SortedColumn, TableConstraint, TypeSize,
};

use super::{expression, plain, rows, table_name, unquoted};
use crate::hazard::action::{
    Action, DefaultValue, Generated, Key, NewColumn, NewTable, References,
};
use crate::ident::TableName;

/// Adds the body to a table that has its name; `select` is the text behind AS, if any.
pub(super) fn fill(table: &mut NewTable, body: &CreateTableBody<'_>, select: &str) {
    let (columns, constraints) = match body {
        CreateTableBody::AsSelect(query) => {
            table.copy = rows::copy(query, select);
            return;
        }
        CreateTableBody::ColumnsAndConstraints {
            columns,
            constraints,
            ..
        } => (columns, constraints.unwrap_or_default()),
    };
    table.columns = columns.iter().map(column).collect();
    table.counts = columns.iter().any(|column| {
        let mut constraints = column.constraints.iter();
        constraints.any(|named| {
            matches!(
                named.constraint,
                ColumnConstraint::PrimaryKey {
                    auto_increment: true,
                    ..
                }
            )
        })
    });
    for constraint in constraints {
        match &constraint.constraint {
            TableConstraint::PrimaryKey {
                columns,
                auto_increment,
                ..
            } => {
                table.counts |= *auto_increment;
                table.keys.extend(key(columns, true));
            }
            TableConstraint::Unique { columns, .. } => {
                table.keys.extend(key(columns, false));
            }
            TableConstraint::Check(check, _) => table.checks.push(check.to_string()),
            TableConstraint::ForeignKey {
                columns, clause, ..
            } => {
                let columns = indexed(columns);
                table.references.push(references(columns, clause));
            }
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
}

/// A column definition.
pub(super) fn column(definition: &ColumnDefinition<'_>) -> NewColumn {
    let mut column = NewColumn {
        name: plain(&definition.col_name),
        type_name: type_name(definition),
        primary: definition.flags.contains(ColFlags::PRIMKEY),
        ..NewColumn::default()
    };
    for constraint in definition.constraints {
        match &constraint.constraint {
            ColumnConstraint::NotNull { nullable, .. } => column.not_null |= !nullable,
            ColumnConstraint::Unique(_) => column.unique = true,
            ColumnConstraint::Check(check) => column.checks.push(check.to_string()),
            ColumnConstraint::Default(value) => column.default = Some(default_value(value)),
            ColumnConstraint::ForeignKey { clause, .. } => {
                column.references = Some(references(vec![column.name.clone()], clause));
            }
            ColumnConstraint::Generated { typ, .. } => {
                let stored = typ
                    .as_ref()
                    .is_some_and(|name| name.0.eq_ignore_ascii_case("stored"));
                column.generated = Some(if stored {
                    Generated::Stored
                } else {
                    Generated::Virtual
                });
            }
            ColumnConstraint::PrimaryKey { .. }
            | ColumnConstraint::Collate { .. }
            | ColumnConstraint::Defer(_) => {}
        }
    }
    column
}

fn type_name(definition: &ColumnDefinition<'_>) -> String {
    let Some(named) = &definition.col_type else {
        return String::new();
    };
    let name = unquoted(named.name);
    match &named.size {
        None => name,
        Some(TypeSize::MaxSize(size)) => format!("{name}({size})"),
        Some(TypeSize::TypeSize(size, scale)) => format!("{name}({size},{scale})"),
    }
}

fn default_value(value: &Expr<'_>) -> DefaultValue {
    DefaultValue {
        sql: value.to_string(),
        null: expression::is_null(value),
        constant: expression::is_constant_default(value),
    }
}

/// A key over plain columns; expressions are refused by SQLite anyway.
fn key(columns: &[SortedColumn<'_>], primary: bool) -> Option<Key> {
    let columns = columns
        .iter()
        .map(|column| key_column(&column.expr))
        .collect::<Option<Vec<String>>>()?;
    Some(Key {
        primary,
        columns,
        nulls_equal: false,
    })
}

/// The column a key names; a string names one too there.
pub(super) fn key_column(column: &Expr<'_>) -> Option<String> {
    match column {
        Expr::Literal(sqlite3_parser::ast::Literal::String(name)) => Some(unquoted(name)),
        Expr::Collate(inner, _) => key_column(inner),
        other => expression::column(other),
    }
}

fn indexed(columns: &[IndexedColumn<'_>]) -> Vec<String> {
    columns
        .iter()
        .map(|column| plain(&column.col_name))
        .collect()
}

fn references(columns: Vec<String>, clause: &ForeignKeyClause<'_>) -> References {
    let (mut on_delete, mut on_update) = ("", "");
    for argument in clause.args {
        match argument {
            RefArg::OnDelete(action) => on_delete = action_name(*action),
            RefArg::OnUpdate(action) => on_update = action_name(*action),
            RefArg::OnInsert(_) | RefArg::Match(_) => {}
        }
    }
    References {
        columns,
        parent: TableName::plain(plain(&clause.tbl_name)),
        parent_columns: clause.columns.map(indexed).unwrap_or_default(),
        on_delete: on_delete.to_owned(),
        on_update: on_update.to_owned(),
        name: None,
    }
}

fn action_name(action: RefAct) -> &'static str {
    match action {
        RefAct::SetNull => "SET NULL",
        RefAct::SetDefault => "SET DEFAULT",
        RefAct::Cascade => "CASCADE",
        RefAct::Restrict => "RESTRICT",
        RefAct::NoAction => "NO ACTION",
    }
}

/// DROP INDEX; names of indexes count per schema.
pub(super) fn drop_index(name: &QualifiedName<'_>) -> Action {
    Action::DropIndex {
        index: table_name(name),
        table: None,
    }
}

/// DROP TRIGGER; so do those of triggers.
pub(super) fn drop_trigger(name: &QualifiedName<'_>) -> Action {
    Action::DropTrigger {
        trigger: table_name(name),
        table: None,
    }
}
