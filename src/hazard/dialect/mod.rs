//! What differs between engines: how text is cut into tokens and statements, and what a statement does.

mod lexer;
mod shape;
mod sqlite;

pub(super) use lexer::{BREAKPOINT, Kind as TokenKind, Lexer, Token};
pub(super) use shape::Shape;

use super::action::Step;
use crate::db::Engine;

/// Whether clients of this engine know `DELIMITER //`.
pub(super) fn has_delimiter_lines(engine: Engine) -> bool {
    matches!(engine, Engine::Mysql | Engine::Mariadb)
}

/// What a statement does. `None`: this engine's statements are not read yet by this version.
pub(super) fn read(engine: Engine, statement: &str) -> Option<Vec<Step>> {
    match engine {
        Engine::Sqlite => Some(sqlite::read(statement)),
        Engine::Postgres | Engine::Mysql | Engine::Mariadb => None,
    }
}
