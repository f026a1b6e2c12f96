//! What a statement of a schema means depends on the session it is run in. Here stand the SETs that go with it, so that
//! a schema file means the same to every session, the client's own included, and leaves that session as it was.

use super::journal::Piece;
use super::link::State;
use super::objects::Made;
use super::{definer, text};
use crate::db::Result;

/// Keeps the session's settings in variables, and sets those that tables are made under: names and literals are printed
/// for this mode, a default may be a zero date, and keys may point to tables that come later.
const OPEN: [&str; 2] = [
    "SET @dbscript_sql_mode = @@SESSION.sql_mode, @dbscript_time_zone = @@SESSION.time_zone, \
     @dbscript_client = @@SESSION.character_set_client, @dbscript_collation = @@SESSION.collation_connection, \
     @dbscript_keys = @@SESSION.foreign_key_checks",
    "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION', SESSION time_zone = '+00:00', \
     SESSION character_set_client = utf8mb4, SESSION collation_connection = utf8mb4_general_ci, \
     SESSION foreign_key_checks = 0",
];

/// Sets them back.
const CLOSE: &str = "SET SESSION sql_mode = @dbscript_sql_mode, SESSION time_zone = @dbscript_time_zone, \
     SESSION character_set_client = @dbscript_client, SESSION collation_connection = @dbscript_collation, \
     SESSION foreign_key_checks = @dbscript_keys";

/// What the server prints statements for: the mode in which [`OPEN`] has them read.
pub(super) const PRINTING_MODE: &str = "NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION";

/// Statements with the settings they need around them; nothing around nothing.
pub(super) fn around(statements: Vec<String>) -> Vec<String> {
    if statements.is_empty() {
        return statements;
    }
    let mut all: Vec<String> = OPEN.map(str::to_owned).to_vec();
    all.extend(statements);
    all.push(CLOSE.to_owned());
    all
}

/// Objects as a journal keeps them; those that could not be read are left out.
pub(super) fn pieces(made: &[Made]) -> Vec<Piece> {
    made.iter()
        .filter(|made| made.kind != "sequence" && !made.sql.is_empty())
        .map(|made| Piece {
            kind: made.kind.to_owned(),
            name: made.name.clone(),
            settings: settings(made),
            sql: made.owned.clone(),
        })
        .collect()
}

/// Makes objects, and leaves the session as it was.
pub(super) async fn make(state: &mut State, pieces: &[Piece]) -> Result<()> {
    if pieces.is_empty() {
        return Ok(());
    }
    for statement in OPEN {
        state.run(statement).await?;
    }
    let made = make_each(state, pieces).await;
    text::surely(&mut state.connection, CLOSE).await?;
    made
}

async fn make_each(state: &mut State, pieces: &[Piece]) -> Result<()> {
    for piece in pieces {
        state.run(&piece.settings).await?;
        definer::make(state, &piece.sql).await?;
    }
    Ok(())
}

/// The statements that make objects, each after the settings it was made under; to stand inside [`around`].
pub(super) fn statements(made: &[Made]) -> Vec<String> {
    let mut statements = Vec::new();
    let mut current = None;
    for made in made
        .iter()
        .filter(|made| made.kind != "sequence" && !made.sql.is_empty())
    {
        let needed = settings(made);
        if current.as_ref() != Some(&needed) {
            statements.push(needed.clone());
            current = Some(needed);
        }
        statements.push(made.owned.clone());
    }
    statements
}

fn settings(made: &Made) -> String {
    let mode = plain(made.sql_mode.as_deref().unwrap_or(PRINTING_MODE));
    let zone = plain(made.time_zone.as_deref().unwrap_or("+00:00"));
    let charset = made.charset.as_deref().unwrap_or("utf8mb4");
    // The text here is UTF-8: another character set may be named only where that makes no difference.
    let is_kept = charset.starts_with("utf8") || made.owned.is_ascii();
    let charset = plain(if is_kept { charset } else { "utf8mb4" });
    let collation = plain(made.collation.as_deref().unwrap_or("utf8mb4_general_ci"));
    format!(
        "SET SESSION sql_mode = '{mode}', SESSION time_zone = '{zone}', SESSION character_set_client = {charset}, \
         SESSION collation_connection = {collation}"
    )
}

/// Modes, time zones and the names of character sets are words; anything else has no business in a statement.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || "_,+-:/".contains(*letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_set_is_named_only_where_the_text_stays_the_same() {
        let made = |sql: &str| Made {
            kind: "procedure",
            sql: sql.to_owned(),
            owned: sql.to_owned(),
            charset: Some("latin1".to_owned()),
            collation: Some("latin1_german1_ci; DROP".to_owned()),
            ..Made::default()
        };
        let of = |sql: &str| settings(&made(sql));
        assert!(of("SELECT 'e'").contains("character_set_client = latin1,"));
        assert!(of("SELECT 'é'").contains("character_set_client = utf8mb4,"));
        assert!(of("").ends_with("collation_connection = latin1_german1_ciDROP"));
        assert_eq!(statements(&[made("a"), made("b")]).len(), 3);
        assert_eq!(around(Vec::new()), Vec::<String>::new());
    }
}
