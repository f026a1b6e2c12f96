//! Counters that are set: RESTART, and `setval` wherever an expression stands
//! (<https://www.postgresql.org/docs/15/functions-sequence.html>).

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode, BinOp, LitKind};

use super::expression;
use super::reader::{Reader, sql, words_of};
use crate::db::Engine;
use crate::hazard::action::{Action, Highest, NextNumber};
use crate::hazard::dialect::{Lexer, TokenKind, unquoted};
use crate::ident::TableName;

/// The number of a RESTART.
pub(super) fn restarted(node: &SyntaxNode) -> NextNumber {
    let text = node.text().to_string();
    let last = text.split_whitespace().next_back();
    let number = last.and_then(|number| number.parse().ok());
    number.map_or(NextNumber::First, NextNumber::At)
}

/// Whether a set value has been given out, so that the next one is higher.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Called {
    Yes,
    No,
    /// It depends on whether there are rows: `max(id) IS NOT NULL`.
    WithRows,
    Unknown,
}

impl Reader<'_> {
    /// `setval(sequence, number[, called])`; `None` where it is another call.
    pub(super) fn counter(&self, call: &ast::CallExpr, name: &[String]) -> Option<Action> {
        let own = match name {
            [function] => function == "setval",
            [schema, function] => schema == "pg_catalog" && function == "setval",
            _ => false,
        };
        if !own {
            return None;
        }
        let arguments = call.arg_list()?.args();
        let arguments: Vec<ast::Expr> = arguments
            .filter_map(|argument| value_of(&argument))
            .collect();
        let (sequence, value) = (arguments.first()?, arguments.get(1)?);
        let (name, column) = self.sequence(sequence)?;
        let next = next(call, value, called(arguments.get(2)), self);
        Some(Action::RestartSequence { name, column, next })
    }

    /// The sequence an argument names, or the table and column `pg_get_serial_sequence` finds it by. One that is put
    /// together as it runs has no name.
    fn sequence(&self, argument: &ast::Expr) -> Option<(TableName, Option<String>)> {
        let inner = match argument {
            ast::Expr::CastExpr(cast) => return self.sequence(&cast.expr()?),
            ast::Expr::ParenExpr(inner) => return self.sequence(&inner.expr()?),
            ast::Expr::CallExpr(call) => call,
            _ => {
                let text = expression::text(argument);
                return Some((self.named(&text.unwrap_or_default()), None));
            }
        };
        let serial = expression::called(inner).is_some_and(|name| {
            name.last()
                .is_some_and(|last| last == "pg_get_serial_sequence")
        });
        let arguments = inner.arg_list()?.args();
        let texts: Vec<Option<String>> = arguments
            .map(|argument| expression::text(&value_of(&argument)?))
            .collect();
        match &texts[..] {
            [Some(table), Some(column)] if serial => {
                Some((self.named(table), Some(column.clone())))
            }
            _ => Some((
                self.named(&expression::text(argument).unwrap_or_default()),
                None,
            )),
        }
    }

    /// The object a text such as `public."Users_id_seq"` names.
    fn named(&self, text: &str) -> TableName {
        let mut parts: Vec<String> = Lexer::new(Engine::Postgres, text)
            .filter_map(|token| {
                let piece = &text[token.start..token.end];
                match token.kind {
                    TokenKind::Word => Some(piece.to_ascii_lowercase()),
                    TokenKind::Name => Some(unquoted(piece)),
                    _ => None,
                }
            })
            .collect();
        let name = parts.pop().unwrap_or_default();
        self.qualified(parts.pop(), name)
    }
}

fn value_of(argument: &ast::Arg) -> Option<ast::Expr> {
    match argument.func_arg_expr()? {
        ast::FuncArgExpr::Expr(value) => Some(value),
        ast::FuncArgExpr::NamedArg(_) => None,
    }
}

fn called(argument: Option<&ast::Expr>) -> Called {
    let Some(argument) = argument else {
        return Called::Yes;
    };
    match expression::constant(argument) {
        Some(true) => Called::Yes,
        Some(false) => Called::No,
        None => {
            let text = sql(argument).to_ascii_lowercase();
            let asks = ["max(", "count(", "exists"]
                .iter()
                .any(|word| text.contains(word));
            match asks {
                true => Called::WithRows,
                false => Called::Unknown,
            }
        }
    }
}

fn next(
    call: &ast::CallExpr,
    value: &ast::Expr,
    called: Called,
    reader: &Reader<'_>,
) -> NextNumber {
    let ahead = i64::from(called == Called::Yes);
    if let Some(number) = whole(value) {
        return NextNumber::At(number.saturating_add(ahead));
    }
    let select = call.syntax().ancestors().find_map(ast::Select::cast);
    let behind = highest(value, reader).and_then(|(mut highest, more)| {
        let from = select
            .as_ref()
            .and_then(|select| whole_table(select, reader));
        // Without a FROM of its own it is the statement's.
        highest.table = highest.table.or(from);
        let higher = more + ahead > 0 || called == Called::WithRows;
        (higher && highest.table.is_some()).then_some(highest)
    });
    let number = match ahead {
        0 => format!("({})", sql(value)),
        _ => format!("(({}) + {ahead})", sql(value)),
    };
    let asked = match select.as_ref().and_then(ast::Select::from_clause) {
        Some(from) => {
            let from_on = select.as_ref().map(|select| {
                let start = from.syntax().text_range().start();
                let all = select.syntax();
                let at = usize::from(start - all.text_range().start());
                all.text().to_string()[at..]
                    .trim_end_matches(';')
                    .to_owned()
            });
            format!("(SELECT {number} {}\n)", from_on.unwrap_or_default())
        }
        None => number,
    };
    // Variables of a routine are nothing that can be asked.
    let words = words_of(&asked);
    let varies = reader.variables.iter().any(|name| words.contains(name));
    let sql = (!varies).then_some(asked);
    NextNumber::Computed { sql, behind }
}

fn whole(value: &ast::Expr) -> Option<i64> {
    match value {
        ast::Expr::Literal(literal) => match literal.kind()? {
            LitKind::IntNumber(_) => sql(literal).parse().ok(),
            _ => literal.string_value()?.trim().parse().ok(),
        },
        ast::Expr::ParenExpr(inner) => whole(&inner.expr()?),
        ast::Expr::CastExpr(cast) => whole(&cast.expr()?),
        _ => None,
    }
}

/// The column whose highest value an expression is at least, and how much more it is at least.
fn highest(value: &ast::Expr, reader: &Reader<'_>) -> Option<(Highest, i64)> {
    match value {
        ast::Expr::CastExpr(cast) => highest(&cast.expr()?, reader),
        ast::Expr::ParenExpr(inner) => match (inner.expr(), inner.select()) {
            (Some(inner), _) => highest(&inner, reader),
            (None, Some(select)) => {
                let table = whole_table(&select, reader)?;
                let mut targets = select.select_clause()?.target_list()?.targets();
                let (mut found, more) = highest(&targets.next()?.expr()?, reader)?;
                found.table = found.table.or(Some(table));
                Some((found, more))
            }
            (None, None) => None,
        },
        ast::Expr::BinExpr(binary) => match binary.op()? {
            BinOp::Plus(_) => {
                let (left, right) = (binary.lhs()?, binary.rhs()?);
                let ((found, more), number) = match (whole(&left), whole(&right)) {
                    (None, Some(number)) => (highest(&left, reader)?, number),
                    (Some(number), None) => (highest(&right, reader)?, number),
                    _ => return None,
                };
                Some((found, more + number))
            }
            _ => None,
        },
        ast::Expr::CallExpr(call) => {
            let name = expression::called(call)?;
            let mut arguments = call.arg_list()?.args().filter_map(|one| value_of(&one));
            match name.last()?.as_str() {
                "max" if call.filter_clause().is_none() => {
                    let (_, column) = expression::column(&arguments.next()?)?;
                    Some((
                        Highest {
                            table: None,
                            column,
                        },
                        0,
                    ))
                }
                // Without rows there is nothing to collide with.
                "coalesce" => highest(&arguments.next()?, reader),
                "greatest" => arguments.find_map(|one| highest(&one, reader)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The one table a SELECT reads whole.
fn whole_table(select: &ast::Select, reader: &Reader<'_>) -> Option<TableName> {
    let kept_back = select.where_clause().is_some()
        || select.group_by_clause().is_some()
        || select.having_clause().is_some()
        || select.tail_clauses().next().is_some();
    let mut items = select.from_clause()?.items();
    let first = items.next()?;
    if kept_back || items.next().is_some() {
        return None;
    }
    match first {
        ast::FromListItem::FromItem(ast::FromItem::RelationFromItem(relation)) => {
            let name = relation.relation_name_ref()?;
            Some(reader.name(name.syntax()))
        }
        _ => None,
    }
}
