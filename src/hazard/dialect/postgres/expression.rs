//! What an expression is worth without running it, which column it is, what it calls.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode, BinOp, LitKind, PrefixOp};

/// Whether a condition is always true (`Some(true)`), never (`Some(false)`) or depends on the row.
pub(super) fn constant(expression: &ast::Expr) -> Option<bool> {
    match expression {
        ast::Expr::Literal(literal) => match literal.kind()? {
            LitKind::True(_) => Some(true),
            LitKind::False(_) | LitKind::Null(_) => Some(false),
            _ => None,
        },
        ast::Expr::ParenExpr(inner) => constant(&inner.expr()?),
        ast::Expr::PrefixExpr(prefix) => match prefix.op()? {
            PrefixOp::Not(_) => {
                let inner = prefix.expr()?;
                // NOT NULL is NULL, which is as good as false.
                match is_null(&inner) {
                    true => Some(false),
                    false => constant(&inner).map(|value| !value),
                }
            }
            _ => None,
        },
        ast::Expr::BinExpr(binary) => {
            let (left, right) = (binary.lhs()?, binary.rhs()?);
            match binary.op()? {
                BinOp::And(_) => match (constant(&left), constant(&right)) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                },
                BinOp::Or(_) => match (constant(&left), constant(&right)) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                },
                operator => compared(&left, &operator, &right),
            }
        }
        _ => None,
    }
}

fn compared(left: &ast::Expr, operator: &BinOp, right: &ast::Expr) -> Option<bool> {
    let (ast::Expr::Literal(left), ast::Expr::Literal(right)) = (left, right) else {
        return None;
    };
    let known = |literal: &ast::Literal| {
        matches!(
            literal.kind(),
            Some(LitKind::IntNumber(_) | LitKind::String(_) | LitKind::NumericNumber(_))
        )
    };
    if !known(left) || !known(right) {
        return None;
    }
    let same = left.syntax().text() == right.syntax().text();
    // Different spellings may still be equal (1 and 1.0): only what is spelt the same is decided, or whole numbers.
    let number = |literal: &ast::Literal| literal.syntax().text().to_string().parse::<i64>().ok();
    let numbers = number(left).zip(number(right));
    match operator {
        BinOp::Eq(_) if same => Some(true),
        BinOp::Neq(_) | BinOp::Neqb(_) if same => Some(false),
        BinOp::Eq(_) => numbers.map(|(a, b)| a == b),
        BinOp::Neq(_) | BinOp::Neqb(_) => numbers.map(|(a, b)| a != b),
        BinOp::LAngle(_) => numbers.map(|(a, b)| a < b),
        BinOp::Lteq(_) => numbers.map(|(a, b)| a <= b),
        BinOp::RAngle(_) => numbers.map(|(a, b)| a > b),
        BinOp::Gteq(_) => numbers.map(|(a, b)| a >= b),
        _ => None,
    }
}

/// Whether an expression is NULL as written, a cast of it too.
pub(super) fn is_null(expression: &ast::Expr) -> bool {
    match expression {
        ast::Expr::Literal(literal) => matches!(literal.kind(), Some(LitKind::Null(_))),
        ast::Expr::ParenExpr(inner) => inner.expr().is_some_and(|inner| is_null(&inner)),
        ast::Expr::CastExpr(cast) => cast.expr().is_some_and(|inner| is_null(&inner)),
        _ => false,
    }
}

/// The column an expression is, where it is nothing else, with the table before it, if any.
pub(super) fn column(expression: &ast::Expr) -> Option<(Option<String>, String)> {
    match expression {
        ast::Expr::NameRef(name) => Some((None, ast::normalize_name_node(name.syntax()))),
        ast::Expr::ParenExpr(inner) => column(&inner.expr()?),
        ast::Expr::FieldExpr(field) => {
            if field.star_token().is_some() {
                return None;
            }
            let name = ast::normalize_name_node(field.field()?.syntax());
            match field.base()? {
                ast::Expr::NameRef(base) => {
                    Some((Some(ast::normalize_name_node(base.syntax())), name))
                }
                ast::Expr::FieldExpr(base) => {
                    Some((Some(ast::normalize_name_node(base.field()?.syntax())), name))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// The name a call calls, outermost part first.
pub(super) fn called(call: &ast::CallExpr) -> Option<Vec<String>> {
    match call.expr()? {
        ast::Expr::NameRef(name) => Some(vec![ast::normalize_name_node(name.syntax())]),
        ast::Expr::FieldExpr(field) => {
            let (base, name) = column(&ast::Expr::FieldExpr(field))?;
            Some(base.into_iter().chain([name]).collect())
        }
        _ => None,
    }
}

/// Whether a statement is nothing but this call: `SELECT f()`, `PERFORM f()`.
pub(super) fn is_alone(call: &ast::CallExpr) -> bool {
    let mut around = call.syntax().ancestors().skip(1);
    let Some(target) = around.find(|node| !ast::CastExpr::can_cast(node.kind())) else {
        return false;
    };
    let select = target.ancestors().find_map(ast::Select::cast);
    ast::Target::can_cast(target.kind())
        && select.is_some_and(|select| {
            let within = select.syntax().parent();
            select.from_clause().is_none()
                && !within.is_some_and(|within| ast::ParenExpr::can_cast(within.kind()))
        })
}

/// Everything a node calls.
pub(super) fn calls(node: &SyntaxNode) -> impl Iterator<Item = (ast::CallExpr, Vec<String>)> {
    node.descendants()
        .filter_map(ast::CallExpr::cast)
        .filter_map(|call| called(&call).map(|name| (call, name)))
}

/// Whether every row gets a value of its own: a function that is, or may be, volatile
/// (<https://www.postgresql.org/docs/15/xfunc-volatility.html>).
pub(super) fn is_volatile(expression: &ast::Expr) -> bool {
    const STEADY: [&str; 52] = [
        "now",
        "transaction_timestamp",
        "statement_timestamp",
        "current_setting",
        "lower",
        "upper",
        "initcap",
        "concat",
        "concat_ws",
        "coalesce",
        "nullif",
        "greatest",
        "least",
        "md5",
        "length",
        "substring",
        "substr",
        "left",
        "right",
        "replace",
        "trim",
        "ltrim",
        "rtrim",
        "btrim",
        "lpad",
        "rpad",
        "repeat",
        "abs",
        "round",
        "floor",
        "ceil",
        "ceiling",
        "mod",
        "power",
        "sqrt",
        "trunc",
        "date_trunc",
        "date_part",
        "to_timestamp",
        "to_date",
        "to_char",
        "to_number",
        "to_tsvector",
        "to_json",
        "to_jsonb",
        "json_build_object",
        "jsonb_build_object",
        "json_build_array",
        "jsonb_build_array",
        "make_interval",
        "timezone",
        "array",
    ];
    calls(expression.syntax()).any(|(_, name)| {
        let last = name.last().map(String::as_str).unwrap_or_default();
        !STEADY.contains(&last)
    })
}

/// Text that is known as written: a literal, literals joined, `format` of literals.
pub(super) fn text(expression: &ast::Expr) -> Option<String> {
    match expression {
        ast::Expr::Literal(literal) => literal.string_value(),
        ast::Expr::ParenExpr(inner) => text(&inner.expr()?),
        ast::Expr::CastExpr(cast) => text(&cast.expr()?),
        ast::Expr::BinExpr(binary) => match binary.op()? {
            BinOp::CustomOp(operator) if operator.syntax().text() == "||" => {
                Some(text(&binary.lhs()?)? + text(&binary.rhs()?)?.as_str())
            }
            _ => None,
        },
        ast::Expr::CallExpr(call) => {
            let name = called(call)?;
            let arguments = call
                .arg_list()?
                .args()
                .map(|argument| text(&argument.expr()?));
            let arguments = arguments.collect::<Option<Vec<String>>>()?;
            match name.last().map(String::as_str)? {
                "format" => formatted(&arguments),
                "quote_ident" => Some(quoted(arguments.first()?)),
                "concat" => Some(arguments.concat()),
                _ => None,
            }
        }
        _ => None,
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `format` with `%s`, `%I`, `%L` and `%%`; positions and widths are not read.
fn formatted(arguments: &[String]) -> Option<String> {
    let (pattern, mut rest) = arguments.split_first()?;
    let mut text = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        let kind = characters.next()?;
        if kind == '%' {
            text.push('%');
            continue;
        }
        let (argument, others) = rest.split_first()?;
        rest = others;
        match kind {
            's' => text.push_str(argument),
            'I' => text.push_str(&quoted(argument)),
            'L' => text.push_str(&format!("'{}'", argument.replace('\'', "''"))),
            _ => return None,
        }
    }
    Some(text)
}
