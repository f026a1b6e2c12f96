//! Triggers and routines that name a column and leave it alone, or set it to the time of the change and nothing else. What
//! is not plainly one of these is none.

use super::condition::When;
use super::{Piece, at, by_body, is_read, is_readable, pieces, place_of};
use crate::db::Engine;
use crate::hazard::dialect::{Lexer, TokenKind};

/// Whether a trigger or a routine with this SQL does nothing to a column of the rows of a table that are there, but set it
/// to the time of their change. Both names in lower case, the table's without its schema.
pub(in crate::hazard) fn leaves_alone(
    engine: Engine,
    sql: &str,
    (table, column): (&str, &str),
) -> bool {
    let whole = pieces(engine, sql);
    let head = whole.iter().take(6);
    let is_trigger = head.clone().any(|piece| piece.text == "trigger");
    match engine {
        Engine::Postgres if is_trigger => {
            // The function that it runs is looked at by itself; it may be told the column's name.
            let is_told = |piece: &Piece| piece.kind == TokenKind::Literal && piece.text == column;
            place_of(&whole, "execute").is_some() && !whole.iter().any(is_told)
        }
        Engine::Postgres => {
            let body = plpgsql(&whole, sql);
            body.is_some_and(|body| is_left(engine, &body, (table, column)))
        }
        Engine::Mysql | Engine::Mariadb => {
            let row = place_of(&whole, "row").filter(|_| is_trigger);
            row.is_some_and(|row| is_left(engine, &whole[row + 1..], (table, column)))
        }
        Engine::Sqlite => {
            let begin = place_of(&whole, "begin").filter(|_| is_trigger);
            begin.is_some_and(|begin| {
                let own = place_of(&whole[..begin], "on").map(|on| at(&whole, on + 1));
                let body = &whole[begin..];
                names_no(body, table) && (0..body.len()).all(|place| is_of(body, place, own))
            })
        }
    }
}

/// The body of a function that is written in PL/pgSQL between dollars.
fn plpgsql(whole: &[Piece], sql: &str) -> Option<Vec<Piece>> {
    let language = place_of(whole, "language")?;
    if at(whole, language + 1) != "plpgsql" {
        return None;
    }
    let mut literals = Lexer::new(Engine::Postgres, sql)
        .filter(|token| token.kind == TokenKind::Literal)
        .map(|token| &sql[token.start..token.end])
        .filter(|text| text.starts_with('$'));
    let (text, others) = (literals.next()?, literals.next());
    let tag = &text[..=text[1..].find('$')? + 1];
    let body = text[tag.len()..].strip_suffix(tag)?;
    others.is_none().then(|| pieces(Engine::Postgres, body))
}

/// Whether a body does that: it changes no rows that are there but by NEW.
fn is_left(engine: Engine, body: &[Piece], (table, column): (&str, &str)) -> bool {
    let writes = |word: &str| place_of(body, word).is_some();
    if !is_readable(body) || !names_no(body, table) || ["update", "merge"].into_iter().any(writes) {
        return false;
    }
    let sets = by_body(engine, body, &When::Always);
    match sets.iter().find(|(set, _)| set == column) {
        Some((_, of_time)) => *of_time,
        None => (2..body.len()).all(|place| {
            let is_new = at(body, place - 1) == "." && at(body, place - 2) == "new";
            !is_new || at(body, place) != column || is_read(body, place)
        }),
    }
}

fn names_no(body: &[Piece], table: &str) -> bool {
    !body.iter().any(|piece| piece.text == table)
}

/// Whether an UPDATE that begins here, if one does, is of the trigger's own table (SQLite).
fn is_of(body: &[Piece], place: usize, own: Option<&str>) -> bool {
    at(body, place) != "update" || own == Some(at(body, place + 1))
}
