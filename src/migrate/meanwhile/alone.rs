//! The last look where changes of the schema commit by themselves (MySQL). Such a statement waits for what others have
//! written and not committed, and then takes it; a look that waits for nobody sees nothing of that, and no lock of the
//! transaction outlives the statement's beginning. Others are kept from the tables by locks that do outlive it; where
//! that cannot be, what is not committed is at least waited for.

use super::again::mine;
use super::asked::{How, refuse_met};
use crate::db::{Access, Session, telling};
use crate::error::Result;
use crate::event::{Event, Level};
use crate::hazard::{Statement, Unmet};
use crate::ident::TableName;
use crate::migrate::Conditions;
use crate::migrate::apply::Prepared;
use crate::migrate::standing::commits_at_once;

/// Asks from beside the transaction, which reads what was so when it began; waits for nobody.
///
/// # Errors
/// `Migration`, with what would be lost.
pub(super) async fn look(
    session: &mut Session,
    mine: &[&Unmet],
    in_transaction: bool,
    conditions: &Conditions<'_>,
) -> Result<()> {
    let mut beside = None;
    if in_transaction && mine.iter().any(|unmet| unmet.only_then.is_none()) {
        beside = beside_it(session, conditions).await?;
    }
    for unmet in mine {
        match beside.as_mut().filter(|_| unmet.only_then.is_none()) {
            Some(beside) => refuse_met(beside, unmet, How::Apart, None).await?,
            None => refuse_met(session, unmet, How::Apart, None).await?,
        };
    }
    Ok(())
}

/// Asks before a statement that changes rows, in its own transaction: until that ends nobody changes what was counted.
/// What is asked for the first time is asked there even without one: no other session may see what it asks about.
///
/// # Errors
/// `Migration`, with what would be lost; others' locks that are waited for too long; what is asked for the first time and
/// not answered.
pub(super) async fn hold(
    session: &mut Session,
    mine: &[&Unmet],
    in_transaction: bool,
    conditions: &Conditions<'_>,
) -> Result<()> {
    let mut unanswered = Vec::new();
    for unmet in mine {
        let holds = in_transaction && session.engine().holding(&unmet.asked).is_some();
        let here = holds || unmet.only_then.is_some();
        if !here || !ask_here(session, unmet, conditions).await? {
            unanswered.push(*unmet);
        }
    }
    wait(session, &unanswered, conditions).await?;
    Ok(())
}

/// Asks in the session itself, with locks if they are given. Returns whether it was answered.
///
/// # Errors
/// As [`hold`].
async fn ask_here(
    session: &mut Session,
    unmet: &Unmet,
    conditions: &Conditions<'_>,
) -> Result<bool> {
    let asked = refuse_met(session, unmet, How::Holding, Some(conditions.sink));
    if telling(conditions.sink, &names(&[unmet]), asked).await? {
        return Ok(true);
    }
    match unmet.only_then {
        Some(_) => refuse_met(session, unmet, How::Apart, Some(conditions.sink)).await,
        None => Ok(false),
    }
}

/// Keeps others from the tables that a statement takes from, where it commits by itself, and asks once more. Returns
/// whether they are kept; [`Session::let_others_in`] ends that.
///
/// # Errors
/// `Migration`, with what would be lost; others' locks that are waited for too long.
pub(in crate::migrate) async fn keep(
    session: &mut Session,
    prepared: &Prepared<'_>,
    index: usize,
    conditions: &Conditions<'_>,
) -> Result<bool> {
    let mine = mine(prepared, index);
    let (before, statement) = (&prepared.statements[..index], &prepared.statements[index]);
    let commits = session.engine().history_sql().commits_by_itself;
    if !commits || conditions.log.is_none() || mine.is_empty() || !commits_at_once(statement.text) {
        return Ok(false);
    }
    // What may go is only counted: for that nobody is kept out.
    if mine.iter().all(|unmet| unmet.before.is_some()) {
        wait(session, &mine, conditions).await?;
        return Ok(false);
    }
    // Locks of ours would end those that the file itself has taken.
    if !before.iter().any(locks_tables) {
        let tables = tables_of(session, &mine, statement).await?;
        let lock = session.keep_others_out(&tables);
        if telling(conditions.sink, &names(&mine), lock).await? {
            match ask_all(session, &mine, conditions).await {
                Ok(true) => return Ok(true),
                asked => {
                    session.let_others_in().await?;
                    asked?;
                }
            }
        }
    }
    second_best(session, &mine, conditions).await?;
    Ok(false)
}

/// Waits for what is not committed, asks, and says that somebody may come in between.
///
/// # Errors
/// As [`keep`].
pub(in crate::migrate) async fn second_best(
    session: &mut Session,
    mine: &[&Unmet],
    conditions: &Conditions<'_>,
) -> Result<()> {
    if wait(session, mine, conditions).await? {
        let message = format!(
            "{} could not be kept from others while the statement runs (the server gave no LOCK TABLES for it): what was committed right before it was looked at, what comes in that moment is not",
            names(mine)
        );
        say(conditions, message);
    }
    Ok(())
}

fn say(conditions: &Conditions<'_>, message: String) {
    conditions.sink.send(&Event::Log {
        level: Level::Info,
        message,
        data: None,
    });
}

/// Whether all were answered.
async fn ask_all(
    session: &mut Session,
    mine: &[&Unmet],
    conditions: &Conditions<'_>,
) -> Result<bool> {
    for unmet in mine {
        if !refuse_met(session, unmet, How::Holding, Some(conditions.sink)).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Asks from beside, once what others have not committed is; in the session itself where no other can be had. Returns
/// whether there was a look at all; that there was none is said.
async fn wait(session: &mut Session, mine: &[&Unmet], conditions: &Conditions<'_>) -> Result<bool> {
    let rest: Vec<&Unmet> = mine
        .iter()
        .copied()
        .filter(|unmet| unmet.only_then.is_none())
        .collect();
    if rest.is_empty() {
        return Ok(true);
    }
    let Some(mut beside) = beside_it(session, conditions).await? else {
        return wait_here(session, &rest, conditions).await;
    };
    for unmet in rest {
        let asked = refuse_met(&mut beside, unmet, How::Waiting, Some(conditions.sink));
        telling(conditions.sink, &names(&[unmet]), asked).await?;
    }
    Ok(true)
}

/// Without locks it is not asked: a transaction that is open would be answered from what was so when it began.
async fn wait_here(
    session: &mut Session,
    rest: &[&Unmet],
    conditions: &Conditions<'_>,
) -> Result<bool> {
    let mut unseen = Vec::new();
    for unmet in rest {
        let holds = session.engine().holding(&unmet.asked).is_some();
        if !holds || !ask_here(session, unmet, conditions).await? {
            unseen.push(*unmet);
        }
    }
    if !unseen.is_empty() {
        let message = format!(
            "{} could not be looked at right before the statement, as the server gave no second connection: what others have \
             written since the look before the first statement is not seen; keep one more connection free for this user",
            names(&unseen)
        );
        say(conditions, message);
    }
    Ok(unseen.is_empty())
}

/// Another session on the same database, where there can be one.
async fn beside_it(session: &Session, conditions: &Conditions<'_>) -> Result<Option<Session>> {
    let target = session.target().clone();
    let mut beside = target.connect(Access::default()).await.ok();
    if let Some(beside) = &mut beside {
        beside.limit_lock_waits(conditions.lock_limit_s).await?;
    }
    Ok(beside)
}

/// The tables that are asked about, and those that the statement names: under such locks it may use no other.
async fn tables_of(
    session: &mut Session,
    mine: &[&Unmet],
    statement: &Statement<'_>,
) -> Result<Vec<TableName>> {
    let words = statement.text.to_lowercase();
    let is_needed = |name: &TableName| {
        let text = name.to_string();
        mine.iter().any(|unmet| unmet.tables.contains(&text)) || names_it(&words, name)
    };
    let catalog = session.catalog().await?;
    let tables = catalog.tables.into_iter().map(|table| table.name);
    Ok(tables.filter(is_needed).collect())
}

fn names_it(words: &str, name: &TableName) -> bool {
    let is_of_name = |letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '$');
    let name = name.name.to_lowercase();
    words.split(is_of_name).any(|word| word == name)
}

/// Whether a statement takes or ends locks of tables.
fn locks_tables(statement: &Statement<'_>) -> bool {
    ["LOCK", "FLUSH"].contains(&&*statement.first_word())
}

/// The tables, as they are named in a sentence.
fn names(mine: &[&Unmet]) -> String {
    let mut names: Vec<String> = mine
        .iter()
        .flat_map(|unmet| &unmet.tables)
        .map(|table| format!("`{table}`"))
        .collect();
    names.dedup();
    names.join(", ")
}
