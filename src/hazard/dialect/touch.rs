//! What row triggers on UPDATE set of the rows that are changed: `NEW.updated_at := now()`, `SET NEW.updated_at = NOW()`,
//! an UPDATE of the same row (SQLite, whose triggers cannot set NEW), and the `moddatetime` that PostgreSQL comes with.
//!
//! Told by the words of a body, and only from what is plainly an assignment: where a column is written in any other way,
//! it is not known what it becomes.

mod clock;
mod condition;
mod leaves;

use super::{Lexer, TokenKind, routines, unquoted, words};
use crate::db::{Catalog, Engine, Index, Object, Table};
use crate::ident::TableName;
use clock::is_clock;
use condition::{Blocks, When};
pub(in crate::hazard) use leaves::leaves_alone;

/// A column that a trigger sets whenever a row is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hazard) struct Touch {
    /// The trigger, and its table.
    pub(in crate::hazard) trigger: String,
    pub(in crate::hazard) table: TableName,
    /// The column, in lower case.
    pub(in crate::hazard) column: String,
    /// The columns, in lower case, of which one must be set for that (`UPDATE OF a, b`); none: whichever is.
    pub(in crate::hazard) of: Vec<String>,
    /// It becomes the time of the change, whatever it was, and nothing else.
    pub(in crate::hazard) of_time: bool,
    /// The routine that does it, by its name without arguments in lower case (PostgreSQL).
    pub(in crate::hazard) routine: Option<String>,
}

/// Words after which a statement of a body begins.
const BEFORE_STATEMENTS: [&str; 6] = [";", "begin", "then", "else", "loop", ">"];

/// A token that means something: its text, in lower case and without quotes.
struct Piece {
    text: String,
    kind: TokenKind,
}

/// The columns that the triggers there are set of a row that is changed.
pub(in crate::hazard) fn touches(engine: Engine, catalog: &Catalog) -> Vec<Touch> {
    let objects = &catalog.objects;
    let triggers = objects.iter().filter(|object| object.kind == "trigger");
    let mut found = Vec::new();
    for trigger in triggers {
        let Some(table) = &trigger.table else {
            continue;
        };
        let pieces = pieces(engine, &trigger.sql);
        let Some(of) = of_updates(&pieces) else {
            continue;
        };
        let (routine, sets) = match engine {
            Engine::Postgres => by_routine(&pieces, objects),
            Engine::Sqlite => {
                let known = catalog.tables.iter().find(|known| known.name == *table);
                (
                    None,
                    known.map_or_else(Vec::new, |table| by_update(&pieces, table)),
                )
            }
            Engine::Mysql | Engine::Mariadb => (None, by_body(engine, &pieces, &When::Always)),
        };
        found.extend(sets.into_iter().map(|(column, of_time)| Touch {
            trigger: trigger.name.name.clone(),
            table: table.clone(),
            column,
            of: of.clone(),
            of_time,
            routine: routine.clone(),
        }));
    }
    found
}

fn pieces(engine: Engine, sql: &str) -> Vec<Piece> {
    let tokens = Lexer::new(engine, sql).filter(|token| !token.kind.is_blank());
    tokens
        .map(|token| Piece {
            text: unquoted(&sql[token.start..token.end]).to_lowercase(),
            kind: token.kind,
        })
        .collect()
}

/// The text at a place that may be none.
fn at(pieces: &[Piece], place: usize) -> &str {
    pieces.get(place).map_or("", |piece| piece.text.as_str())
}

fn place_of(pieces: &[Piece], word: &str) -> Option<usize> {
    pieces
        .iter()
        .position(|piece| piece.kind != TokenKind::Literal && piece.text == word)
}

/// The columns for whose change it runs, `… BEFORE INSERT OR UPDATE OF a ON …`; none are all, `None`: for none.
fn of_updates(pieces: &[Piece]) -> Option<Vec<String>> {
    let head = &pieces[..place_of(pieces, "on").unwrap_or(0)];
    let when = head
        .iter()
        .rposition(|piece| ["before", "after"].contains(&piece.text.as_str()))?;
    let head = &head[when..];
    let update = place_of(head, "update")?;
    let mut of = Vec::new();
    let mut place = update + 1;
    while at(head, place) == if of.is_empty() { "of" } else { "," } {
        of.push(at(head, place + 1).to_owned());
        place += 2;
    }
    Some(of)
}

/// What PostgreSQL's `… EXECUTE FUNCTION name(arguments)` sets, and the name.
fn by_routine(pieces: &[Piece], objects: &[Object]) -> (Option<String>, Vec<(String, bool)>) {
    let is_of_rows = place_of(pieces, "row").is_some() && place_of(pieces, "before").is_some();
    let executed = pieces.iter().rposition(|piece| piece.text == "execute");
    let Some(executed) = executed.filter(|_| is_of_rows) else {
        return (None, Vec::new());
    };
    let call = &pieces[executed + 2..];
    let bracket = place_of(call, "(").unwrap_or(call.len());
    let name = at(call, bracket.saturating_sub(1)).to_owned();
    let is_it = |object: &&Object| {
        let known = object.name.name.split('(').next().unwrap_or_default();
        object.kind == "function" && unquoted(known).to_lowercase() == name
    };
    let routines: Vec<&Object> = objects.iter().filter(is_it).collect();
    let when = condition::of_trigger(pieces);
    let sets = match routines[..] {
        // Of the extension https://www.postgresql.org/docs/current/contrib-spi.html, whose functions no catalog lists.
        [] if name == "moddatetime" => {
            let column = at(call, bracket + 1);
            vec![(column.to_owned(), when.is_of_change(column))]
        }
        [routine] => match routines::plpgsql(&routine.sql) {
            Some(body) => by_body(
                Engine::Postgres,
                &self::pieces(Engine::Postgres, body),
                &when,
            ),
            None => Vec::new(),
        },
        _ => Vec::new(),
    };
    (Some(name), sets)
}

/// What a body that runs then sets of NEW, and whether that is the time of the change alone.
fn by_body(engine: Engine, pieces: &[Piece], when: &When) -> Vec<(String, bool)> {
    let readable = is_readable(pieces);
    let mut blocks = Blocks::of(engine, when);
    let mut sets: Vec<(String, bool)> = Vec::new();
    let mut places = Vec::new();
    let mut in_set = false;
    let mut depth = 0usize;
    for place in 0..pieces.len() {
        blocks.enter(pieces, place);
        match at(pieces, place) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "set" => in_set = true,
            ";" => in_set = false,
            _ => {}
        }
        let before = match place {
            0 => ";",
            place => at(pieces, place - 1),
        };
        let begins = BEFORE_STATEMENTS.contains(&before) || before == "set";
        let goes_on = in_set && depth == 0 && before == ",";
        if !(begins || goes_on) {
            continue;
        }
        if let Some((column, value)) = assigned(pieces, place) {
            places.push(place + 2);
            let end = end_of(&pieces[value..], in_set);
            let now = blocks.now();
            let of_time = is_clock(engine, &pieces[value..value + end]);
            if now != When::Never {
                let of_time = of_time && now.is_of_change(&column);
                sets.push((column, of_time));
            }
        }
    }
    let understood = readable && blocks.are_closed();
    sets.iter_mut()
        .for_each(|(_, of_time)| *of_time &= understood);
    // A column that is written in another way besides becomes nobody knows what. No string that is readable names any.
    let others = |column: &str| {
        let named = pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| piece.kind != TokenKind::Literal && piece.text == column);
        let mut named = named.filter(|(place, _)| !places.contains(place));
        named.any(|(place, _)| !is_read(pieces, place))
    };
    merged(sets, others)
}

/// `NEW.column =` or `:=` at a place: the column, and where its value begins.
fn assigned(pieces: &[Piece], place: usize) -> Option<(String, usize)> {
    let is_new = at(pieces, place) == "new" && at(pieces, place + 1) == ".";
    let column = at(pieces, place + 2);
    if !is_new || column.is_empty() {
        return None;
    }
    let value = match (at(pieces, place + 3), at(pieces, place + 4)) {
        ("=", _) => place + 4,
        (":", "=") => place + 5,
        (":=", _) => place + 4,
        _ => return None,
    };
    Some((column.to_owned(), value))
}

/// How many pieces a value has: to the semicolon, or the comma where several are set at once.
fn end_of(pieces: &[Piece], in_set: bool) -> usize {
    let mut depth = 0usize;
    let end = pieces.iter().position(|piece| {
        match piece.text.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        piece.text == ";" || (in_set && depth == 0 && ["where", ",", "end"].contains(&&*piece.text))
    });
    end.unwrap_or(pieces.len())
}

/// Whether all that a body writes to NEW is written by assignments to its columns.
fn is_readable(pieces: &[Piece]) -> bool {
    const UNREAD: [&str; 5] = ["execute", "prepare", "call", "fetch", "diagnostics"];
    pieces.iter().enumerate().all(|(place, piece)| {
        let before = match place {
            0 => "",
            place => at(pieces, place - 1),
        };
        let next = at(pieces, place + 1);
        match piece.text.as_str() {
            "into" => ["insert", "merge", "replace"].contains(&before),
            "return" => ["new", "old", "null"].contains(&next) && at(pieces, place + 2) == ";",
            "new" => {
                let begins = BEFORE_STATEMENTS.contains(&before);
                (!begins || next == ".") && !["for", "foreach"].contains(&before)
            }
            word => !UNREAD.contains(&word),
        }
    })
}

/// Whether a column is only read here: `OLD.column`, and `NEW.column` where nothing is done to it.
fn is_read(pieces: &[Piece], place: usize) -> bool {
    let of = match place {
        0 | 1 => "",
        place if at(pieces, place - 1) == "." => at(pieces, place - 2),
        _ => "",
    };
    of == "old" || of == "new" && ![":", ":=", "["].contains(&at(pieces, place + 1))
}

/// What SQLite's `UPDATE t SET a = … WHERE id = NEW.id` sets.
fn by_update(pieces: &[Piece], table: &Table) -> Vec<(String, bool)> {
    let body = &pieces[place_of(pieces, "begin").unwrap_or(pieces.len())..];
    // It leaves what stands behind it out.
    let ignores = |pieces: &[Piece]| at(pieces, 0) == "raise" && at(pieces, 2) == "ignore";
    let when = match body.windows(3).any(ignores) {
        true => When::Other,
        false => condition::of_trigger(pieces),
    };
    let mut sets: Vec<(String, bool)> = Vec::new();
    let mut places = Vec::new();
    for start in 0..body.len() {
        let is_it = at(body, start) == "update" && at(body, start + 2) == "set";
        if !is_it || at(body, start + 1) != table.name.name.to_lowercase() {
            continue;
        }
        let end = start + end_of(&body[start..], false);
        let condition = start + place_of(&body[start..end], "where").unwrap_or(end - start);
        let same_row = is_same_row(&body[condition..end], table);
        let mut place = start + 3;
        while place < condition && at(body, place + 1) == "=" {
            let value = place + 2;
            let length = end_of(&body[value..condition], true);
            places.push(place);
            let column = at(body, place);
            let of_time = same_row
                && when.is_of_change(column)
                && is_clock(Engine::Sqlite, &body[value..value + length]);
            sets.push((column.to_owned(), of_time));
            place = value + length + 1;
        }
    }
    let others = |column: &str| {
        let named = body
            .iter()
            .enumerate()
            .filter(|(_, piece)| piece.text == column);
        let mut named = named.filter(|(place, _)| !places.contains(place));
        named.any(|(place, _)| !is_read(body, place))
    };
    merged(sets, others)
}

/// `WHERE id = NEW.id`, of a column that no two rows have alike.
fn is_same_row(condition: &[Piece], table: &Table) -> bool {
    let words: Vec<&str> = condition.iter().map(|piece| piece.text.as_str()).collect();
    let (own, other) = match words[..] {
        ["where", own, "=", "new" | "old", ".", other] => (own, other),
        ["where", of, ".", own, "=", "new" | "old", ".", other]
            if of == table.name.name.to_lowercase() =>
        {
            (own, other)
        }
        ["where", "new" | "old", ".", other, "=", own] => (own, other),
        _ => return false,
    };
    own == other && is_key(own, table)
}

/// Whether a column tells rows apart (SQLite). Where it is NULL, no row equals it.
fn is_key(column: &str, table: &Table) -> bool {
    let alone = |columns: &[String]| matches!(columns, [one] if one.eq_ignore_ascii_case(column));
    // Another collation than the column's tells other values apart than `=` does.
    let plain = |index: &Index| {
        let own = index.sql.as_ref();
        own.is_none_or(|sql| !words(Engine::Sqlite, sql).contains(&"collate".to_owned()))
    };
    let unique =
        |index: &Index| index.unique && !index.partial && alone(&index.columns) && plain(index);
    match table.column(column) {
        Some(known) if known.identity.as_deref() == Some("rowid") => true,
        Some(_) => alone(&table.primary_key) || table.indexes.iter().any(unique),
        None => ["rowid", "oid", "_rowid_"].contains(&column),
    }
}

/// Each column once: the time only where it is that every time, and nothing else is done with it.
fn merged(sets: Vec<(String, bool)>, others: impl Fn(&str) -> bool) -> Vec<(String, bool)> {
    let mut merged: Vec<(String, bool)> = Vec::new();
    for (column, of_time) in sets {
        let of_time = of_time && !others(&column);
        match merged.iter_mut().find(|(known, _)| *known == column) {
            Some((_, known)) => *known &= of_time,
            None => merged.push((column, of_time)),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
