//! What a file says about transactions itself. Every migration runs in a transaction of ours unless its first line says
//! otherwise; one that ends it would make "rolled back" untrue, and one that leaves its own open would lose everything.

use super::Migration;
use crate::db::{Engine, Session};
use crate::error::{Error, Kind, Position, Result};
use crate::hazard::{self, Statement};
use crate::value::Value;

/// Whether a statement begins or ends a transaction, or goes back in one.
fn controls(word: &str) -> bool {
    ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"].contains(&word)
}

/// Refuses, before anything runs, what would break the promise of the transaction.
///
/// # Errors
/// `Refused`, with the statement.
pub(super) fn refuse(
    engine: Engine,
    migration: &Migration,
    statements: &[Statement<'_>],
) -> Result<()> {
    if migration.no_transaction {
        refuse_outside(engine, migration, statements)
    } else {
        refuse_inside(migration, statements)
    }
}

fn refuse_inside(migration: &Migration, statements: &[Statement<'_>]) -> Result<()> {
    for statement in statements {
        let word = statement.first_word();
        if controls(&word) {
            let message = format!(
                "`{word}` in migration {}: it runs in a transaction of its own",
                migration.version
            );
            return Err(refused(migration, Some(statement), message).hint(
                "take it out, or put `-- no-transaction` on the first line of the file if it must control that itself",
            ));
        }
    }
    Ok(())
}

fn refuse_outside(
    engine: Engine,
    migration: &Migration,
    statements: &[Statement<'_>],
) -> Result<()> {
    let mut open: Option<&Statement<'_>> = None;
    let mut enforced = true;
    for statement in statements {
        if statement.begins_transaction() {
            open = Some(statement);
        } else if statement.ends_transaction() {
            open = None;
        }
        enforced &= !hazard::switches_keys_off(engine, statement);
    }
    if let Some(statement) = open {
        let message = format!(
            "migration {} begins a transaction and does not commit it",
            migration.version
        );
        return Err(refused(migration, Some(statement), message).hint("add the `COMMIT`"));
    }
    if enforced && hazard::is_rebuild(engine, statements) {
        let message = format!(
            "migration {} rebuilds a table outside a transaction with foreign keys on: rows that depend on it by ON DELETE CASCADE would be deleted",
            migration.version
        );
        return Err(refused(migration, None, message)
            .hint("take `-- no-transaction` away: dbscript switches foreign keys off for a rebuild by itself, and keeps others from the table meanwhile"));
    }
    Ok(())
}

/// Refuses, on a copy beside the real database, what would reach the real one or its server from there.
///
/// # Errors
/// `Refused`, with the statement; what the database refuses.
pub(super) async fn keep_inside<'a>(
    session: &mut Session,
    migrations: impl Iterator<Item = (&'a Migration, &'a [Statement<'a>])>,
) -> Result<()> {
    let engine = session.engine();
    let neighbours: Vec<String> = match engine.neighbours_sql() {
        None => Vec::new(),
        Some(sql) => {
            let rows = session.query(sql, &[], usize::MAX).await?.rows;
            let names = rows.into_iter().flatten();
            names
                .filter_map(|name| match name {
                    Value::Text(name) => Some(name),
                    _ => None,
                })
                .collect()
        }
    };
    for (migration, statements) in migrations {
        if let Some(found) = hazard::outside(engine, statements, &neighbours) {
            let message = format!(
                "migration {} ({}) reaches outside its database ({}), and would do so for real in a rehearsal beside it: nothing of it was run",
                migration.version, migration.description, found.what
            );
            let place = Position {
                file: migration.file.clone(),
                line: found.line,
                column: found.column,
            };
            return Err(Error::new(Kind::Refused, message).at(place).hint(
                "take it out and run it by hand, name this database's own objects without their database, or pass `--rehearse off`",
            ));
        }
    }
    Ok(())
}

fn refused(migration: &Migration, statement: Option<&Statement<'_>>, message: String) -> Error {
    Error::new(Kind::Refused, message).at(Position {
        file: migration.file.clone(),
        line: statement.map_or(1, |statement| statement.line),
        column: statement.map_or(1, |statement| statement.column),
    })
}
