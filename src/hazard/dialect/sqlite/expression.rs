//! What an expression is worth without running it, and which columns it reads.

use sqlite3_parser::ast::{Expr, Literal, Operator, UnaryOperator};

use super::{plain, unquoted};

/// Whether a condition is always true (`Some(true)`), never (`Some(false)`) or depends on the row.
pub(super) fn constant(expression: &Expr<'_>) -> Option<bool> {
    match expression {
        Expr::Literal(Literal::Numeric(number)) => {
            let number: f64 = number.replace('_', "").parse().ok()?;
            Some(number != 0.0)
        }
        Expr::Literal(Literal::Null) => Some(false),
        Expr::Literal(Literal::Keyword(word)) => truth(word),
        Expr::Id(name) => truth(name.0),
        Expr::Name(name) => truth(name.0),
        Expr::Parenthesized(inner) => match inner.as_slice() {
            [one] => constant(one),
            _ => None,
        },
        Expr::Unary(UnaryOperator::Not, inner) => constant(inner).map(|value| !value),
        Expr::Binary(left, Operator::And, right) => match (constant(left), constant(right)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Expr::Binary(left, Operator::Or, right) => match (constant(left), constant(right)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Expr::Binary(left, operator, right) => compared(left, *operator, right),
        _ => None,
    }
}

fn truth(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn compared(left: &Expr<'_>, operator: Operator, right: &Expr<'_>) -> Option<bool> {
    let (Expr::Literal(a), Expr::Literal(b)) = (left, right) else {
        return None;
    };
    let known = |literal: &Literal<'_>| matches!(literal, Literal::Numeric(_) | Literal::String(_));
    if !known(a) || !known(b) {
        return None;
    }
    // Different spellings may still be equal (1 and 1.0): only what is spelt the same is decided, or plain integers.
    let integers = left.is_integer().zip(right.is_integer());
    match operator {
        Operator::Equals | Operator::Is if a == b => Some(true),
        Operator::NotEquals | Operator::IsNot if a == b => Some(false),
        Operator::Equals | Operator::Is => integers.map(|(a, b)| a == b),
        Operator::NotEquals | Operator::IsNot => integers.map(|(a, b)| a != b),
        Operator::Less => integers.map(|(a, b)| a < b),
        Operator::LessEquals => integers.map(|(a, b)| a <= b),
        Operator::Greater => integers.map(|(a, b)| a > b),
        Operator::GreaterEquals => integers.map(|(a, b)| a >= b),
        _ => None,
    }
}

/// The column an expression is, where it is nothing else.
pub(super) fn column(expression: &Expr<'_>) -> Option<String> {
    match expression {
        Expr::Id(name) => Some(unquoted(name.0)),
        Expr::Name(name) => Some(plain(name)),
        // As names go in indexes and keys, a string may be one too; in a SELECT it is not.
        Expr::Qualified(_, name) | Expr::DoublyQualified(_, _, name) => Some(plain(name)),
        Expr::Parenthesized(inner) => match inner.as_slice() {
            [one] => column(one),
            _ => None,
        },
        Expr::Collate(inner, _) => column(inner),
        _ => None,
    }
}

/// The column whose non-NULL values an expression hands on as they are: `coalesce(a, …)`, `ifnull(a, …)`,
/// `CASE WHEN a IS NULL THEN … ELSE a END`.
pub(super) fn keeps(expression: &Expr<'_>) -> Option<String> {
    match expression {
        Expr::Parenthesized(inner) => match inner.as_slice() {
            [one] => keeps(one),
            _ => None,
        },
        Expr::FunctionCall {
            name,
            args: Some([first, ..]),
            filter_over: None,
            ..
        } if ["coalesce", "ifnull"].contains(&name.0.to_ascii_lowercase().as_str()) => {
            column(first)
        }
        Expr::Case {
            base: None,
            when_then_pairs: [(Expr::IsNull(tested), _)],
            else_expr: Some(other),
        } => column(other).filter(|name| column(tested).as_ref() == Some(name)),
        _ => None,
    }
}

/// Whether a DEFAULT is known without running anything, as ADD COLUMN wants it
/// (<https://www.sqlite.org/lang_altertable.html#alter_table_add_column>).
pub(super) fn is_constant_default(expression: &Expr<'_>) -> bool {
    match expression {
        Expr::Literal(literal) => !matches!(
            literal,
            Literal::CurrentDate | Literal::CurrentTime | Literal::CurrentTimestamp
        ),
        Expr::Id(_) | Expr::Name(_) => true,
        Expr::Unary(UnaryOperator::Negative | UnaryOperator::Positive, inner) => {
            is_constant_default(inner)
        }
        Expr::Parenthesized(inner) => match inner.as_slice() {
            [one] => is_constant_default(one),
            _ => false,
        },
        _ => false,
    }
}

/// Whether an expression is NULL as written.
pub(super) fn is_null(expression: &Expr<'_>) -> bool {
    match expression {
        Expr::Literal(Literal::Null) => true,
        Expr::Parenthesized(inner) => matches!(inner.as_slice(), [one] if is_null(one)),
        _ => false,
    }
}
