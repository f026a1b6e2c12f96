//! Under which conditions a trigger and the statements of its body run, as far as that tells whether a time that they set
//! is that of the change. What is not plainly understood is some condition or other.

use super::{Piece, at};
use crate::db::Engine;
use crate::hazard::dialect::TokenKind;

/// How deep brackets may nest.
const DEEPEST: usize = 16;

/// When something runs, of the UPDATEs of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// At each.
    Always,
    /// Where the row, as a whole, changes or not; and so do these columns, each by itself.
    Changes(Vec<String>),
    /// At none: at an INSERT.
    Never,
    /// Where something else is true.
    Other,
}

impl When {
    /// Where this is true and that is.
    pub(super) fn and(&self, other: &When) -> When {
        match (self, other) {
            (When::Never, _) | (_, When::Never) => When::Never,
            (When::Other, _) | (_, When::Other) => When::Other,
            (When::Always, when) | (when, When::Always) => when.clone(),
            (When::Changes(one), When::Changes(two)) => both(one, two),
        }
    }

    fn or(&self, other: &When) -> When {
        match (self, other) {
            (When::Always, _) | (_, When::Always) => When::Always,
            (When::Never, when) | (when, When::Never) => when.clone(),
            (When::Other, _) | (_, When::Other) => When::Other,
            (When::Changes(one), When::Changes(two)) => both(one, two),
        }
    }

    fn not(&self) -> When {
        match self {
            When::Always => When::Never,
            When::Never => When::Always,
            when => when.clone(),
        }
    }

    /// Whether what a column becomes then is that of a change, and not of what the row says.
    pub(super) fn is_of_change(&self, column: &str) -> bool {
        match self {
            When::Always => true,
            When::Changes(own) => own.iter().all(|own| own == column),
            When::Never | When::Other => false,
        }
    }
}

fn both(one: &[String], two: &[String]) -> When {
    let mut columns = one.to_vec();
    columns.extend(two.iter().cloned());
    columns.sort();
    columns.dedup();
    When::Changes(columns)
}

/// The blocks of a body that is walked through.
pub(super) struct Blocks {
    engine: Engine,
    open: Vec<Block>,
    /// What is left by those that went on before: `IF a THEN RETURN NEW; END IF;`.
    left: When,
    /// Each end has had its beginning.
    paired: bool,
}

struct Block {
    /// When what stands in it runs.
    now: When,
    /// When its ELSE does.
    otherwise: When,
}

impl Blocks {
    /// Those of the body of a trigger, or of its routine, that runs then.
    pub(super) fn of(engine: Engine, when: &When) -> Self {
        Blocks {
            engine,
            open: Vec::new(),
            left: when.clone(),
            paired: true,
        }
    }

    /// When what stands here runs.
    pub(super) fn now(&self) -> When {
        match self.open.last() {
            Some(block) => block.now.and(&self.left),
            None => self.left.clone(),
        }
    }

    /// Whether all blocks were understood, at the end.
    pub(super) fn are_closed(&self) -> bool {
        self.open.is_empty() && self.paired
    }

    /// Goes on to the next piece.
    pub(super) fn enter(&mut self, pieces: &[Piece], place: usize) {
        let before = match place {
            0 => "",
            place => at(pieces, place - 1),
        };
        if pieces[place].kind != TokenKind::Word || before == "." {
            return;
        }
        let ends = before == "end";
        let mysql = matches!(self.engine, Engine::Mysql | Engine::Mariadb);
        match at(pieces, place) {
            "begin" => self.open(&When::Always),
            "loop" | "case" if !ends => self.open(&When::Other),
            "while" if mysql && !ends => self.open(&When::Other),
            // No function `REPEAT('a', 3)`.
            "repeat" if mysql && !ends && at(pieces, place + 1) != "(" => self.open(&When::Other),
            "if" if !ends => {
                if let Some(condition) = condition(&pieces[place + 1..]) {
                    self.open(&told(condition, 0));
                }
            }
            "elsif" | "elseif" => {
                let when = condition(&pieces[place + 1..]).map(|pieces| told(pieces, 0));
                self.turn(&when.unwrap_or(When::Other));
            }
            "else" => self.turn(&When::Always),
            "exception" if [";", "begin"].contains(&before) => self.fails(),
            "end" => self.paired &= self.open.pop().is_some(),
            "return" => self.left = self.left.and(&self.now().not()),
            "leave" | "iterate" | "exit" | "continue" | "handler" => self.left = When::Other,
            _ => {}
        }
    }

    fn open(&mut self, when: &When) {
        let outer = self
            .open
            .last()
            .map_or(When::Always, |block| block.now.clone());
        self.open.push(Block {
            now: outer.and(when),
            otherwise: outer.and(&when.not()),
        });
    }

    /// What runs where the block has failed.
    fn fails(&mut self) {
        if let Some(block) = self.open.last_mut() {
            block.now = When::Other;
        }
    }

    /// The next branch of a block.
    fn turn(&mut self, when: &When) {
        if let Some(block) = self.open.last_mut() {
            block.now = block.otherwise.and(when);
            block.otherwise = block.otherwise.and(&when.not());
        }
    }
}

/// What a trigger's own WHEN says, which ends where its body begins.
pub(super) fn of_trigger(pieces: &[Piece]) -> When {
    let is_word = |piece: &Piece, word: &str| piece.kind == TokenKind::Word && piece.text == word;
    let body = |piece: &Piece| is_word(piece, "begin") || is_word(piece, "execute");
    let head = &pieces[..pieces.iter().position(body).unwrap_or(0)];
    match head.iter().position(|piece| is_word(piece, "when")) {
        Some(place) => told(&head[place + 1..], 0),
        None => When::Always,
    }
}

/// What stands before THEN in the same statement, if it is one that has it: no function `IF(a, b, c)`, no `IF EXISTS`.
fn condition(pieces: &[Piece]) -> Option<&[Piece]> {
    let end = pieces
        .iter()
        .position(|piece| [";", "then"].contains(&piece.text.as_str()) && !is_quoted(piece))?;
    (pieces[end].text == "then").then(|| &pieces[..end])
}

fn is_quoted(piece: &Piece) -> bool {
    matches!(piece.kind, TokenKind::Literal | TokenKind::Name)
}

/// What a condition says of the UPDATE.
fn told(pieces: &[Piece], depth: usize) -> When {
    if depth == DEEPEST {
        return When::Other;
    }
    let any = parts(pieces, "or");
    if any.len() > 1 {
        let whens = any.into_iter().map(|part| told(part, depth + 1));
        return whens.fold(When::Never, |one, other| one.or(&other));
    }
    let all = parts(pieces, "and");
    if all.len() > 1 {
        let whens = all.into_iter().map(|part| told(part, depth + 1));
        return whens.fold(When::Always, |one, other| one.and(&other));
    }
    if at(pieces, 0) == "not" {
        return told(&pieces[1..], depth + 1).not();
    }
    match bare(pieces) {
        inner if inner.len() < pieces.len() => told(inner, depth + 1),
        _ => compared(pieces),
    }
}

/// What stands between these words, outside of brackets.
fn parts<'a>(pieces: &'a [Piece], word: &str) -> Vec<&'a [Piece]> {
    let mut depth = 0usize;
    let parts = pieces.split(|piece| {
        match piece.text.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && piece.kind == TokenKind::Word && piece.text == word
    });
    parts.collect()
}

/// Without the brackets around all of it.
fn bare(pieces: &[Piece]) -> &[Piece] {
    let mut depth = 0usize;
    let closes = pieces.iter().position(|piece| {
        match piece.text.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    });
    match closes {
        Some(last) if last > 0 && last + 1 == pieces.len() => &pieces[1..last],
        _ => pieces,
    }
}

/// A comparison of the row, or of a column, with what it was; of the event with one of its names.
fn compared(pieces: &[Piece]) -> When {
    const COMPARES: [&str; 8] = ["=", "<", ">", "!", "is", "not", "distinct", "from"];
    if at(pieces, 0) == "tg_op" {
        return by_event(&pieces[1..]);
    }
    let mut depth = 0usize;
    let compares = |piece: &Piece| !is_quoted(piece) && COMPARES.contains(&piece.text.as_str());
    let begins = pieces.iter().position(|piece| {
        match piece.text.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && compares(piece)
    });
    let Some(begins) = begins else {
        return When::Other;
    };
    let (left, rest) = pieces.split_at(begins);
    let length = rest.iter().take_while(|piece| compares(piece)).count();
    let (how, right) = rest.split_at(length);
    match (side(bare(left)), side(bare(right))) {
        (Some((one, what)), Some((two, same))) if one != two && what == same => what.when(),
        // What is NULL has nothing to lose.
        (Some(("new", side @ Side::Column(_))), None)
            if at(how, 0) == "is"
                && how.len() == 1
                && at(right, 0) == "null"
                && right.len() == 1 =>
        {
            side.when()
        }
        _ => When::Other,
    }
}

/// `TG_OP = 'UPDATE'`, `TG_OP IN ('INSERT', 'UPDATE')`: of PostgreSQL.
fn by_event(pieces: &[Piece]) -> When {
    let words: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
    let is = |updates: bool| match updates {
        true => When::Always,
        false => When::Never,
    };
    match words[..] {
        ["=", event] => is(event == "update"),
        ["<", ">", event] | ["!", "=", event] => is(event != "update"),
        ["in", "(", ref events @ .., ")"] if !events.contains(&"(") => {
            is(events.contains(&"update"))
        }
        _ => When::Other,
    }
}

/// What is compared, whether it is NEW's or OLD's.
#[derive(PartialEq)]
enum Side {
    /// The row, all of it or less the same columns, in this form.
    Row(String),
    Column(String),
}

impl Side {
    fn when(self) -> When {
        match self {
            Side::Row(_) => When::Changes(Vec::new()),
            Side::Column(column) => When::Changes(vec![column]),
        }
    }
}

/// NEW or OLD, and what of it.
fn side(pieces: &[Piece]) -> Option<(&str, Side)> {
    const ROWS: [&str; 6] = ["@", "@.*", "row(@)", "row(@.*)", "to_jsonb(@)", "hstore(@)"];
    let is_row = |piece: &&Piece| {
        piece.kind == TokenKind::Word && ["new", "old"].contains(&piece.text.as_str())
    };
    let row = pieces.iter().find(is_row)?.text.as_str();
    let form: String = pieces
        .iter()
        .map(|piece| match piece.text.as_str() {
            text if text == row && piece.kind == TokenKind::Word => "@",
            text => text,
        })
        .collect();
    if let [_, dot, column] = pieces
        && dot.text == "."
        && column.text != "*"
    {
        return Some((row, Side::Column(column.text.clone())));
    }
    // `to_jsonb(NEW) - 'updated_at'`
    let less = pieces.iter().position(|piece| piece.text == "-");
    let whole = match &pieces[less.unwrap_or(pieces.len())..] {
        [] => form.as_str(),
        [_, name, rest @ ..] if name.kind == TokenKind::Literal && is_cast(rest) => {
            form.split('-').next().unwrap_or_default()
        }
        _ => return None,
    };
    ROWS.contains(&whole)
        .then(|| (row, Side::Row(form.clone())))
}

/// Nothing, or `::text` behind a literal.
fn is_cast(pieces: &[Piece]) -> bool {
    let words: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
    matches!(words[..], [] | [":", ":", "text"])
}
