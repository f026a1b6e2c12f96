//! SELECT: what rows it takes over, and what it puts into a table.

use squawk_syntax::ast::{self, AstNode};

use super::expression;
use super::reader::{Reader, plain, push, sql, words_of};
use crate::db::Engine;
use crate::hazard::action::{Action, Copy, NewTable, Output, Step};

impl Reader<'_> {
    /// A query: what its WITH writes, what it calls, the table its INTO creates.
    pub(super) fn query(&self, statement: &ast::Stmt, steps: &mut Vec<Step>) {
        let with = match statement {
            ast::Stmt::Select(select) => select.with_clause(),
            ast::Stmt::SelectInto(select) => select.with_clause(),
            ast::Stmt::Values(values) => values.with_clause(),
            ast::Stmt::Table(table) => table.with_clause(),
            ast::Stmt::ParenSelect(select) => select.with_clause(),
            _ => {
                // A UNION keeps its WITH at its first SELECT.
                statement
                    .syntax()
                    .descendants()
                    .find_map(ast::WithClause::cast)
            }
        };
        self.writes_of(with.as_ref(), steps);
        if let ast::Stmt::SelectInto(select) = statement
            && let Some(into) = select.into_clause()
            && self.bodies == 0
        {
            let action = Action::CreateTable(NewTable {
                name: self.new_name(into.table_name()),
                temporary: matches!(into.persistence(), Some(ast::Persistence::Temp(_))),
                copy: Some(Copy::default()),
                ..NewTable::default()
            });
            push(steps, select.syntax(), action);
        }
        self.calls(statement.syntax(), steps);
    }
}

/// What a SELECT takes over; VALUES takes nothing.
pub(super) fn copy(reader: &Reader<'_>, select: &ast::SelectVariant, text: &str) -> Option<Copy> {
    let (select, mut filters) = innermost(select)?;
    let from = select.from_clause()?;
    let mut items = from.items();
    let first = items.next()?;
    let joined = items.next().is_some() || matches!(first, ast::FromListItem::JoinExpr(_));
    let relation = match &first {
        ast::FromListItem::FromItem(ast::FromItem::RelationFromItem(relation)) => Some(relation),
        _ => None,
    };
    let name = relation.and_then(|relation| relation.relation_name_ref());
    let name = name.map(|name| reader.name(name.syntax()));
    let alias = relation
        .and_then(|relation| relation.alias())
        .and_then(|alias| alias.name());
    let known: Vec<String> = name
        .iter()
        .map(|name| name.name.clone())
        .chain(alias.map(|alias| plain(Some(alias))))
        .collect();
    let condition = select.where_clause().and_then(|clause| clause.expr());
    let clause = select.select_clause();
    let distinct = clause
        .as_ref()
        .and_then(|clause| clause.select_quantifier());
    let kept_back = [
        (
            condition.is_some_and(|condition| expression::constant(&condition) != Some(true)),
            "WHERE",
        ),
        (joined, "JOIN"),
        (select.group_by_clause().is_some(), "GROUP BY"),
        (select.having_clause().is_some(), "HAVING"),
        (
            matches!(distinct, Some(ast::SelectQuantifier::DistinctClause(_))),
            "DISTINCT",
        ),
        (limits(&select), "LIMIT"),
    ];
    filters.extend(
        kept_back
            .into_iter()
            .filter_map(|(keeps, name)| keeps.then_some(name)),
    );
    let targets = clause.and_then(|clause| clause.target_list());
    let outputs = targets.into_iter().flat_map(|list| list.targets());
    Some(Copy {
        sql: text.to_owned(),
        from: name,
        words: words_of(text),
        filters,
        outputs: outputs
            .map(|target| output(&target, &known, joined))
            .collect(),
    })
}

fn limits(select: &ast::Select) -> bool {
    select.tail_clauses().any(|tail| {
        matches!(
            tail,
            ast::SelectTailClause::LimitClause(_)
                | ast::SelectTailClause::FetchClause(_)
                | ast::SelectTailClause::OffsetClause(_)
        )
    })
}

/// The SELECT in brackets, or the first of a UNION.
fn innermost(select: &ast::SelectVariant) -> Option<(ast::Select, Vec<&'static str>)> {
    let mut filters = Vec::new();
    let mut at = select.clone();
    loop {
        at = match at {
            ast::SelectVariant::Select(select) => return Some((select, filters)),
            ast::SelectVariant::ParenSelect(inner) => inner.select()?,
            ast::SelectVariant::CompoundSelect(compound) => {
                filters = vec!["UNION"];
                compound.lhs()?
            }
            _ => return None,
        };
    }
}

fn output(target: &ast::Target, known: &[String], joined: bool) -> Output {
    if target.star_token().is_some() {
        return Output::Star;
    }
    let Some(expression) = target.expr() else {
        return Output::Star;
    };
    let text = sql(&expression);
    if let ast::Expr::FieldExpr(field) = &expression
        && field.star_token().is_some()
        && let Some(ast::Expr::NameRef(base)) = field.base()
        && known.contains(&ast::normalize_name_node(base.syntax()))
    {
        return Output::Star;
    }
    match expression::column(&expression) {
        Some((table, name))
            if table
                .as_ref()
                .map_or(!joined, |table| known.contains(table)) =>
        {
            Output::Column(name)
        }
        _ => Output::Expression {
            keeps: None,
            words: crate::hazard::dialect::words(Engine::Postgres, &text),
            alias: target.as_name().map(|name| plain(name.name())),
            sql: text,
        },
    }
}
