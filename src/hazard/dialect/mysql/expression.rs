//! What an expression is worth without running it.

use super::cursor::Cursor;
use super::pieces::Piece;
use crate::hazard::action::DefaultValue;
use crate::hazard::dialect::TokenKind;

/// How many brackets a condition may be wrapped in and still be looked into.
const MOST_NESTED: usize = 16;

/// Whether a condition is always true (`Some(true)`), never (`Some(false)`) or depends on the row.
pub(super) fn constant(cursor: &Cursor<'_>) -> Option<bool> {
    nested(*cursor, MOST_NESTED)
}

fn nested(mut cursor: Cursor<'_>, budget: usize) -> Option<bool> {
    let budget = budget.checked_sub(1)?;
    // `(…)` around all of it.
    while cursor
        .peek()
        .is_some_and(|piece| piece.is_symbol("(") && piece.close + 1 == cursor.end)
    {
        cursor.at += 1;
        cursor.end -= 1;
    }
    let mut scan = cursor;
    let (mut ors, mut ands) = (Vec::new(), Vec::new());
    while let Some(piece) = scan.peek() {
        // `||` may join text, BETWEEN has an AND of its own, and a CASE anything.
        if piece.is_any(&["between", "case", "xor", "select"]) || piece.is_symbol("|") {
            return None;
        }
        let doubled = piece.is_symbol("&") && scan.nth(1).is_some_and(|next| next.is_symbol("&"));
        if piece.is("or") {
            ors.push((scan.at, 1));
        } else if piece.is("and") || doubled {
            ands.push((scan.at, if doubled { 2 } else { 1 }));
            scan.at += usize::from(doubled);
        }
        scan.skip();
    }
    let decides = !ors.is_empty();
    let splits = if decides { &ors } else { &ands };
    if !splits.is_empty() {
        return joined(cursor, splits, decides, budget);
    }
    if cursor.eat("not") || cursor.eat_symbol("!") {
        return nested(cursor, budget).map(|value| !value);
    }
    plain(&cursor)
}

/// Parts joined by OR (`decides` is true) or AND: one part of that value decides, else all must be known.
fn joined(
    cursor: Cursor<'_>,
    splits: &[(usize, usize)],
    decides: bool,
    budget: usize,
) -> Option<bool> {
    let mut known = Some(!decides);
    let mut from = cursor.at;
    let ends = splits.iter().copied().chain([(cursor.end, 0)]);
    for (end, length) in ends {
        let part = Cursor {
            at: from,
            end,
            ..cursor
        };
        match nested(part, budget) {
            Some(value) if value == decides => return Some(decides),
            Some(_) => {}
            None => known = None,
        }
        from = end + length;
    }
    known
}

fn plain(cursor: &Cursor<'_>) -> Option<bool> {
    let pieces = &cursor.pieces[cursor.at..cursor.end];
    match pieces {
        [one] => truth(one),
        [left, sign, right] => compared(left, &[sign], right),
        [left, sign, second, right]
            if sign.kind == TokenKind::Symbol && second.kind == sign.kind =>
        {
            compared(left, &[sign, second], right)
        }
        _ => None,
    }
}

fn truth(piece: &Piece<'_>) -> Option<bool> {
    match piece.kind {
        TokenKind::Number => number(piece).map(|number| number != 0.0),
        TokenKind::Word if piece.is("true") => Some(true),
        TokenKind::Word if piece.is_any(&["false", "null"]) => Some(false),
        _ => None,
    }
}

fn number(piece: &Piece<'_>) -> Option<f64> {
    (piece.kind == TokenKind::Number)
        .then(|| piece.text.parse().ok())
        .flatten()
}

fn compared(left: &Piece<'_>, signs: &[&Piece<'_>], right: &Piece<'_>) -> Option<bool> {
    let sign: String = signs.iter().map(|sign| sign.text).collect();
    let (equal, less) = match (number(left), number(right)) {
        (Some(left), Some(right)) => (left == right, Some(left < right)),
        _ if left.kind == TokenKind::Literal && right.kind == TokenKind::Literal => {
            // Different spellings may still be equal: only the same one is decided.
            if left.text != right.text {
                return None;
            }
            (true, None)
        }
        _ => return None,
    };
    match sign.as_str() {
        "=" | "<=>" => Some(equal),
        "<>" | "!=" => Some(!equal),
        "<" => less,
        "<=" => less.map(|less| less || equal),
        ">" => less.map(|less| !less && !equal),
        ">=" => less.map(|less| !less),
        _ => None,
    }
}

/// A DEFAULT as it is written: one literal, a sign and a number, a function, or an expression in brackets.
pub(super) fn default_value(cursor: &mut Cursor<'_>) -> DefaultValue {
    let from = cursor.offset();
    let first = cursor.at;
    // `-1`, `_utf8'a'`, `DATE '2020-01-01'`.
    while cursor.is_symbol("-") || cursor.is_symbol("+") || cursor.is_symbol("_") {
        cursor.step();
    }
    let introduced = cursor.peek().is_some_and(|piece| {
        let word = piece.kind == TokenKind::Word;
        word && (piece.text.starts_with('_') || piece.is_any(&["date", "time", "timestamp"]))
    });
    let literal = cursor
        .nth(1)
        .is_some_and(|piece| piece.kind == TokenKind::Literal);
    if introduced && literal {
        cursor.step();
    }
    let called = cursor
        .peek()
        .is_some_and(|piece| piece.kind == TokenKind::Word);
    cursor.skip();
    if called && cursor.is_symbol("(") {
        cursor.skip();
    }
    if called && cursor.are(&["value", "for"]) {
        // `NEXT VALUE FOR s`
        cursor.at += 2;
        cursor.skip();
        while cursor.eat_symbol(".") {
            cursor.skip();
        }
    }
    // `'a' 'b'` is one literal, and `DATE '…'` etc. were taken above.
    while cursor
        .peek()
        .is_some_and(|piece| piece.kind == TokenKind::Literal)
    {
        cursor.step();
    }
    let pieces = &cursor.pieces[first..cursor.at];
    let constant = pieces.iter().all(|piece| match piece.kind {
        TokenKind::Number | TokenKind::Literal => true,
        TokenKind::Word => {
            piece.text.starts_with('_')
                || piece.is_any(&["null", "true", "false", "date", "time", "timestamp"])
        }
        _ => piece.is_symbol("-") || piece.is_symbol("+"),
    });
    DefaultValue {
        sql: cursor.slice(from, cursor.last_end()).to_owned(),
        null: matches!(pieces, [one] if one.is("null")),
        constant,
    }
}
