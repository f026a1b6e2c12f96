//! Views: the one kind of object that the server looks into when it is made. What a view reads must be there, and be
//! open to who makes it.
//!
//! In a database of ours the views stand in our own name until they are put in place: their definers may have no rights
//! there, and a view that reads another's would not work.

use sqlx::mysql::MySqlConnection;

use super::catalog::cell;
use super::definer::{self, Lost};
use super::journal::Piece;
use super::link::State;
use super::objects::{self, Made};
use super::{account, quote, rebuild, text};
use crate::db::{BrokenView, Error, Result};
use crate::ident::TableName;

/// Whether a statement makes one.
pub(super) fn is_made_by(statement: &str) -> bool {
    definer::what(statement).is_some_and(|(kind, _)| kind == "view")
}

/// Runs a statement of a schema, whatever it makes, where it was sent to.
pub(super) async fn make(state: &mut State, statement: &str) -> Result<u64> {
    let is_beside = state.restores && rebuild::is_in_ours(state);
    match is_made_by(statement) && is_beside {
        true => make_in_own_name(state, statement).await,
        false => definer::make(state, statement).await,
    }
}

/// Makes a view in our own name; whose it is to be is kept for when it is put in place.
async fn make_in_own_name(state: &mut State, statement: &str) -> Result<u64> {
    let plain = definer::without(statement);
    let changed = match state.run(&plain).await {
        Ok(changed) => changed,
        Err(error) if leads_nowhere(&error) => {
            leave_out(state, &plain, &error);
            return Ok(0);
        }
        Err(error) => return Err(denied(state, &plain, error).await),
    };
    let me = account::me(&mut state.connection).await?;
    let others = definer::of(statement).filter(|definer| !account::is_same(definer, &me));
    let (Some(definer), Some((kind, name)), true) =
        (others, definer::what(statement), state.beside.is_some())
    else {
        return Ok(changed);
    };
    // Only the server knows whether this user may name that one.
    let replace = |sql: &str| sql.replacen("CREATE ", "CREATE OR REPLACE ", 1);
    let definer = definer.to_owned();
    match state.run(&replace(statement)).await {
        Ok(_) => {
            state.run(&replace(&plain)).await?;
            state.views.push((name, definer));
        }
        Err(Error::Closed) => return Err(Error::Closed),
        Err(_) => state.lost.push(Lost {
            kind,
            name,
            definer,
        }),
    }
    Ok(changed)
}

/// Gives the views that were made in our own name the definers that they are to have.
pub(super) fn as_meant(state: &mut State, made: &mut [Made]) {
    for (name, definer) in std::mem::take(&mut state.views) {
        let is_it = |made: &&mut Made| made.kind == "view" && made.name == name;
        if let Some(view) = made.iter_mut().find(is_it) {
            view.owned = definer::with(&view.owned, &definer);
        }
    }
}

/// What cannot be made from the set and is there as the set has it stays: it works no less than it did.
pub(super) fn keep_unmakeable(state: &mut State, old: &[Piece], new: &mut Vec<Piece>) {
    for plain in std::mem::take(&mut state.left_out) {
        let is_it = |piece: &&Piece| definer::without(&piece.sql) == plain;
        if let Some(piece) = old.iter().find(is_it) {
            state.note(format!("the view `{}` stays as it is", piece.name));
            new.push(piece.clone());
        }
    }
}

/// Says that a view is left out, and where it is to be found.
pub(super) fn leave_out(state: &mut State, statement: &str, error: &Error) {
    if state.beside.is_some() {
        state.left_out.push(definer::without(statement));
    }
    let head = definer::head(statement);
    let told = match state.unseen.is_empty() {
        true => format!("{head} is left out, as it does not work in the backup either ({error})"),
        false => {
            format!("{head} is left out, as the backup may lack what it reads or calls ({error})")
        }
    };
    state.note(format!(
        "{told}: its statement stands in the schema file; mend it, and make it again"
    ));
}

/// Whether a view reads what is not there, or what is a view's no longer: the server lets one stay whose tables, columns
/// or functions go, and does not make it again (<https://dev.mysql.com/doc/refman/8.0/en/view-restrictions.html>). To who
/// is not almighty MariaDB calls a definer that is not there a denied access.
pub(super) fn leads_nowhere(error: &Error) -> bool {
    const CODES: [&str; 4] = ["42S02", "42S22", "42000", "HY000"];
    const SAID: [&str; 5] = [
        "doesn't exist",
        "Unknown column",
        "does not exist",
        "references invalid table",
        "Unknown database",
    ];
    match error {
        Error::Statement { source } => {
            let said = |said: &&str| source.message.contains(*said);
            CODES.contains(&source.code.as_str()) && SAID.iter().any(said)
        }
        Error::NotGranted { source } => source.code == NO_DEFINER,
        _ => false,
    }
}

/// The SQLSTATE of an access that is denied at the door.
const NO_DEFINER: &str = "28000";

/// The query of a view, as its statement has it.
fn query(statement: &str) -> Option<String> {
    let plain = definer::without(statement);
    let (_, behind) = plain.split_once(" VIEW ")?;
    // The name, and in MySQL those of the columns, stand in backticks.
    let quoted = objects::quoted_names(behind);
    let mut rest = behind.strip_prefix(*quoted.first()?)?;
    if let Some(columns) = rest.trim_start().strip_prefix('(') {
        let mut at = columns;
        for name in quoted.iter().skip(1) {
            at = at.trim_start_matches([',', ' ']).strip_prefix(*name)?;
            if let Some(behind) = at.trim_start().strip_prefix(')') {
                rest = behind;
                break;
            }
        }
    }
    let query = rest.trim_start().strip_prefix("AS ")?;
    let checks = [" WITH CASCADED CHECK OPTION", " WITH LOCAL CHECK OPTION"];
    let query = checks
        .iter()
        .find_map(|check| query.strip_suffix(check))
        .unwrap_or(query);
    Some(query.to_owned())
}

/// Has the server look into a query without running it.
async fn look_into(connection: &mut MySqlConnection, sql: &str) -> Result<()> {
    // Not by the driver's own way to prepare, which remembers what was sound when it was asked last.
    let set = format!("SET @dbscript_query = {}", text::literal(sql));
    text::run(connection, &set).await?;
    text::run(connection, "PREPARE dbscript_query FROM @dbscript_query").await?;
    text::surely(connection, "DEALLOCATE PREPARE dbscript_query").await?;
    Ok(())
}

/// The views that cannot be read, whatever rights one has.
pub(super) async fn broken(state: &mut State) -> Result<Vec<BrokenView>> {
    const LIST: &str = "SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1";
    let mut found = Vec::new();
    for row in text::rows(&mut state.connection, LIST).await? {
        state.wanted()?;
        let name = cell(&row, 0);
        let sql = format!("SELECT 1 FROM {}", quote(&name));
        match look_into(&mut state.connection, &sql).await {
            Err(error) if leads_nowhere(&error) => found.push(BrokenView {
                name: TableName::plain(name),
                why: error.to_string(),
            }),
            Err(error) if error.is_broken_connection() => return Err(error),
            _ => {}
        }
    }
    Ok(found)
}

/// Refuses the views among these statements that read what this user may not: they could not be made.
pub(super) async fn refuse_closed(state: &mut State, statements: &[String]) -> Result<()> {
    objects::for_printing(state).await?;
    let closed = closed(state, statements).await;
    text::surely(&mut state.connection, objects::AFTER_PRINTING).await?;
    let closed = closed?;
    let Some((_, error, _)) = closed.first() else {
        return Ok(());
    };
    let names: Vec<String> = closed.iter().map(|(name, ..)| quote(name)).collect();
    let mut grants: Vec<&str> = closed.iter().map(|(.., grant)| grant.as_str()).collect();
    grants.sort_unstable();
    grants.dedup();
    Err(unmakeable(&names.join(", "), error, &grants.join("; ")))
}

/// Those of them, each a name, what the server has against it, and the statement that helps.
async fn closed(state: &mut State, statements: &[String]) -> Result<Vec<(String, Error, String)>> {
    let mut closed = Vec::new();
    for statement in statements.iter().filter(|sql| is_made_by(sql)) {
        let (Some(query), Some((_, name))) = (query(statement), definer::what(statement)) else {
            continue;
        };
        state.wanted()?;
        // What is not there yet is no matter of rights.
        if let Err(error) = look_into(&mut state.connection, &query).await
            && let Some(grant) = missing(state, statement, &error).await
        {
            closed.push((name, error, grant));
        }
    }
    Ok(closed)
}

/// As [`refuse_closed`], for the views that are there: a copy has them too.
pub(super) async fn refuse_closed_here(state: &mut State) -> Result<()> {
    let made = objects::read(state).await?.into_iter();
    let views = made.filter(|made| made.kind == "view");
    let statements: Vec<String> = views.map(|made| made.owned).collect();
    refuse_closed(state, &statements).await
}

/// The error of a view that could not be made, with the statement that helps where a right is missing.
pub(super) async fn denied(state: &mut State, statement: &str, error: Error) -> Error {
    let Some((kind, name)) = definer::what(statement) else {
        return error;
    };
    match missing(state, statement, &error).await {
        Some(grant) if kind == "view" => unmakeable(&quote(&name), &error, &grant),
        _ => error,
    }
}

fn unmakeable(names: &str, error: &Error, grant: &str) -> Error {
    let said = match error {
        Error::NotGranted { source } => source.to_string(),
        other => other.to_string(),
    };
    Error::Unsupported {
        message: format!(
            "the view {names} reads what this user may not, who could not make it again: {said}"
        ),
        hint: grant.to_owned(),
    }
}

/// The statement that gives the right which a view's maker lacks; `None` where it is no matter of a right.
async fn missing(state: &mut State, statement: &str, error: &Error) -> Option<String> {
    let Error::NotGranted { source } = error else {
        return None;
    };
    let said = source.message.to_lowercase();
    if source.code != "42000" || !said.contains(" command denied ") {
        return None;
    }
    let me = account::me(&mut state.connection).await.ok()?;
    let (_, object) = source.message.rsplit_once(' ')?;
    let object = object.replace(['\'', '`'], "");
    let name = object.rsplit('.').next().unwrap_or_default();
    let place = place(statement, &object).unwrap_or_else(|| quote(state.current()));
    let name = quote(name);
    Some(match said.contains(" for routine ") {
        true => format!("GRANT EXECUTE ON FUNCTION {place}.{name} TO {me}"),
        false => format!("GRANT SELECT ON {place}.{name} TO {me}"),
    })
}

/// The database of an object that the server names with or without it, as a statement has it.
fn place(statement: &str, object: &str) -> Option<String> {
    if let Some((place, _)) = object.split_once('.') {
        return Some(quote(place));
    }
    let names = objects::quoted_names(statement);
    let pairs = names.iter().zip(names.iter().skip(1));
    let of = |place: &str| statement.contains(&format!("{place}.{}", quote(object)));
    pairs
        .filter(|(place, name)| **name == quote(object) && of(place))
        .map(|(place, _)| (*place).to_owned())
        .next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_views_query_is_told_from_its_head() {
        for (sql, wanted) in [
            (
                "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`%` SQL SECURITY DEFINER VIEW `v AS x` AS select 1 AS `AS`",
                "select 1 AS `AS`",
            ),
            (
                "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`%` SQL SECURITY DEFINER VIEW `v` (`a`,`b)`) AS select 1 AS `a`,2 AS `b)`",
                "select 1 AS `a`,2 AS `b)`",
            ),
            (
                "CREATE VIEW `v` AS select `a` from `t` WITH CASCADED CHECK OPTION",
                "select `a` from `t`",
            ),
        ] {
            assert_eq!(query(sql).as_deref(), Some(wanted));
        }
        assert_eq!(query("CREATE TABLE `t` (`a` int)"), None);
    }

    #[test]
    fn where_an_object_is_stands_in_the_message_or_in_the_statement() {
        let sql = "CREATE VIEW `v` AS select `sec`.`s`.`a` AS `a` from `sec`.`s`";
        assert_eq!(place(sql, "sec.s").as_deref(), Some("`sec`"));
        assert_eq!(place(sql, "s").as_deref(), Some("`sec`"));
        assert_eq!(place(sql, "x"), None);
    }
}
