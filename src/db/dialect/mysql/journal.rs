//! What a swap of tables that was cut off has left, and how it ends.
//!
//! The journal is a table in the database that the old tables go to. It is written before the first statement that
//! others could notice, and goes away with that database. Found later, it tells what hung on the tables before and what
//! is to hang on them: where the tables have moved, the restore is finished; where they have not, it is undone. Whoever
//! restores holds a lock of the database's name, so that nobody mends what is going on, or does the same beside it.

use super::beside::{self, Left};
use super::catalog::cell;
use super::link::State;
use super::objects::Made;
use super::swap::Swap;
use super::watch::{self, Times, Told};
use super::{
    account, definer, history, objects, owners, quote, rebuild, schema, surroundings, text,
};
use crate::db::dialect::{HALF_RESTORED, Overtaken};
use crate::db::{Error, Result};

/// An object, and what it takes to make it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: String,
    pub(super) name: String,
    /// The SET that goes before.
    pub(super) settings: String,
    pub(super) sql: String,
}

/// Which of the two databases a row of the journal speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Old,
    New,
}

impl Side {
    pub(super) fn name(self) -> &'static str {
        match self {
            Side::Old => "old",
            Side::New => "new",
        }
    }
}

/// Holds the lock of restores, from the beginning of one to its end.
pub(super) async fn lock(state: &mut State) -> Result<()> {
    let name = lock_name(&state.server.database);
    let sql = format!("SELECT GET_LOCK('{name}', 0)");
    match text::value(&mut state.connection, &sql).await? {
        Some(taken) if taken == "1" => {
            state.restores = true;
            Ok(())
        }
        _ => Err(Error::Locked {
            what: format!(
                "`{}`, which another restore is at work on,",
                state.server.database
            ),
        }),
    }
}

fn lock_name(database: &str) -> String {
    format!("dbscript_{}", history::lock_name(database))
}

/// Gives it back.
pub(super) async fn unlock(state: &mut State) {
    if std::mem::take(&mut state.restores) {
        let name = lock_name(&state.server.database);
        // It goes with the connection at the latest.
        let _ = text::surely(&mut state.connection, &format!("DO RELEASE_LOCK('{name}')")).await;
    }
}

/// Whether a restore of this database is at work now, in another session.
pub(super) async fn is_at_work(state: &mut State) -> Result<bool> {
    let name = lock_name(&state.server.database);
    let sql = format!("SELECT COALESCE(IS_USED_LOCK('{name}') <> CONNECTION_ID(), 0)");
    Ok(schema::number(state, &sql).await? > 0)
}

/// Writes everything down.
pub(super) async fn write(state: &mut State, swap: &Swap) -> Result<()> {
    let table = table(&swap.old);
    state
        .run(&format!(
            "CREATE TABLE {table} (n INT PRIMARY KEY AUTO_INCREMENT, side VARCHAR(8), kind VARCHAR(16), name VARCHAR(64),
             settings TEXT, sql_text LONGTEXT) ENGINE = InnoDB CHARACTER SET utf8mb4"
        ))
        .await?;
    let times = match &state.watch {
        Some(watch) => watch.times.clone(),
        None => Times::new(),
    };
    let named = |side: Side, kind: &'static str| {
        move |name: &'_ str| [side.name().to_owned(), kind.to_owned(), name.to_owned()]
    };
    let mut rows: Vec<Vec<Option<String>>> = Vec::new();
    let mut plain = |row: [String; 3]| rows.push(row.map(Some).to_vec());
    plain(named(Side::Old, "database")(&swap.here));
    plain(named(Side::New, "database")(&swap.new));
    for name in &swap.old_tables {
        plain(named(Side::Old, "table")(name));
    }
    for name in &swap.new_tables {
        plain(named(Side::New, "table")(name));
    }
    for (name, time) in times {
        let [side, kind, name] = named(Side::Old, "time")(&name);
        rows.push(vec![Some(side), Some(kind), Some(name), None, time]);
    }
    for statement in &swap.defaults {
        let [side, kind, name] = named(Side::New, "default")("");
        rows.push(vec![
            Some(side),
            Some(kind),
            Some(name),
            None,
            Some(statement.clone()),
        ]);
    }
    for (side, pieces) in [
        (Side::Old, &swap.old_objects),
        (Side::New, &swap.new_objects),
    ] {
        let pieces = pieces.iter();
        rows.extend(pieces.map(|piece| {
            piece
                .side(side)
                .map(|cell| cell.map(str::to_owned))
                .to_vec()
        }));
    }
    for row in rows {
        let cell = |index: usize| match row.get(index).cloned().flatten() {
            Some(text) => text::literal(&text),
            None => "NULL".to_owned(),
        };
        let cells: Vec<String> = (0..5).map(cell).collect();
        let values = cells.join(", ");
        state
            .run(&format!(
                "INSERT INTO {table} (side, kind, name, settings, sql_text) VALUES ({values})"
            ))
            .await?;
    }
    text::surely(&mut state.connection, "COMMIT")
        .await
        .map(|_| ())
}

/// The journal's name: that of its database, as no table of a user's has it.
fn table(old: &str) -> String {
    format!("{}.{}", quote(old), quote(old))
}

/// Drops the old tables and the journal, as all is as it should be; unless others wrote to the old tables when they should
/// not: then these stay, and people are told.
pub(super) async fn keep_or_close(state: &mut State, old: &str, written: &[String]) -> Result<()> {
    if written.is_empty() {
        rebuild::drop_database(state, old).await;
        return Ok(());
    }
    state.overtaken = Some(Overtaken {
        tables: written.to_vec(),
        database: old.to_owned(),
    });
    let names: Vec<String> = written.iter().map(|name| format!("`{name}`")).collect();
    state.note(format!(
        "other programs wrote to {} in the instant in which the tables changed places: the tables as they were, with what \
         was written, are in the database `{old}`; take from there what is missing, then DROP DATABASE `{old}`",
        names.join(", ")
    ));
    let drop = format!("DROP TABLE {}", table(old));
    text::surely(&mut state.connection, &drop).await.map(|_| ())
}

/// Objects become `target`: what is missing of it is made, and what only `other` has goes. What neither knows stays.
pub(super) async fn reconcile(state: &mut State, target: &[Piece], other: &[Piece]) -> Result<()> {
    // Without the right to name a definer, what runs with another's rights could not be made again as it is.
    let exact = account::may_name_others(state).await? == Some(true);
    let is_same = |one: &Piece, other: &Piece| is_same(one, other) && (!exact || one == other);
    let there = surroundings::pieces(&objects::read(state).await?);
    for piece in other {
        let is_there = there.iter().any(|now| is_same(now, piece));
        if is_there && !target.iter().any(|wanted| is_same(wanted, piece)) {
            schema::drop_object(state, &piece.kind, &piece.name).await?;
        }
    }
    // What somebody has made since then stays; what cannot be read is there too.
    let there = objects::read(state).await?;
    let is_there = |piece: &Piece| {
        let is_this = |made: &Made| made.kind == piece.kind && made.name == piece.name;
        there.iter().any(is_this)
    };
    let missing = target.iter().filter(|piece| !is_there(piece));
    let missing: Vec<Piece> = missing.cloned().collect();
    surroundings::make(state, &missing).await
}

/// Whether two are the same but for whose rights they run with.
pub(super) fn is_same(one: &Piece, other: &Piece) -> bool {
    let what = |piece: &Piece| {
        (
            piece.kind.clone(),
            piece.name.clone(),
            piece.settings.clone(),
        )
    };
    what(one) == what(other) && definer::without(&one.sql) == definer::without(&other.sql)
}

/// Databases beside this one that hold a journal of it.
pub(super) async fn unfinished(state: &mut State) -> Result<Vec<String>> {
    let found = beside::look(state).await?.into_iter();
    let found = found.filter(|(_, left)| *left == Left::Unfinished);
    Ok(found.map(|(name, _)| name).collect())
}

/// What a database that old tables go to is. The journal is written by one transaction: one without a line, and nothing
/// beside it, was cut off before anything was changed.
pub(super) async fn look(state: &mut State, name: &str) -> Result<Left> {
    let sql = format!(
        "SELECT COUNT(*), COALESCE(SUM(TABLE_NAME = {0}), 0) FROM information_schema.TABLES WHERE TABLE_SCHEMA = {0}",
        text::literal(name)
    );
    let row = text::row(&mut state.connection, &sql).await?;
    let (tables, journals) = (cell(&row, 0), cell(&row, 1));
    if journals == "0" {
        return Ok(if tables == "0" {
            Left::Unused
        } else {
            Left::Unknown
        });
    }
    let sql = format!(
        "SELECT name FROM {} WHERE kind = 'database' AND side = 'old'",
        table(name)
    );
    let of = match text::value(&mut state.connection, &sql).await {
        Err(Error::NotGranted { .. }) => return Ok(Left::Unreadable),
        of => of?,
    };
    Ok(match of {
        Some(of) if of == state.server.database => Left::Unfinished,
        None if tables == "1" => Left::Unused,
        _ => Left::Unknown,
    })
}

/// Refuses what would take a half-built database for a whole one.
pub(super) async fn refuse_unfinished(state: &mut State) -> Result<()> {
    beside::refuse_unreadable(state).await?;
    let Some(old) = unfinished(state).await?.into_iter().next() else {
        return Ok(());
    };
    let database = state.server.database.clone();
    let (message, hint) = match is_at_work(state).await? {
        true => (
            format!("a restore of `{database}` is putting its tables in place"),
            "wait until it is done, then run this again",
        ),
        false => (
            format!(
                "{HALF_RESTORED}: views, triggers, routines or events of `{database}` may be missing (the journal is in `{old}`)"
            ),
            "`dbscript run restore --from <timestamp>` ends it first; `dbscript status` names the timestamp",
        ),
    };
    let hint = hint.to_owned();
    Err(Error::Unsupported { message, hint })
}

/// Ends what was cut off while it was put in place, if there is such a thing.
pub(super) async fn end(state: &mut State) -> Result<()> {
    beside::refuse_unreadable(state).await?;
    if unfinished(state).await?.is_empty() {
        return Ok(());
    }
    lock(state).await?;
    let ended = mend(state).await;
    unlock(state).await;
    ended
}

/// Ends what was cut off. The lock of restores is held.
pub(super) async fn mend(state: &mut State) -> Result<()> {
    beside::refuse_unreadable(state).await?;
    for old in unfinished(state).await? {
        mend_one(state, &old).await?;
    }
    beside::tidy(state).await
}

async fn mend_one(state: &mut State, old: &str) -> Result<()> {
    let Written {
        rows,
        was,
        is,
        moved,
    } = read(state, old).await?;
    let of = |side: Side, wanted: fn(&str) -> bool| of(&rows, side, wanted);
    owners::refuse_to_take_over(state, if moved { &is } else { &was }).await?;
    state.lost.clear();
    if moved {
        let defaults = of(Side::New, |kind| kind == "default").into_iter();
        let defaults: Vec<String> = defaults.map(|piece| piece.sql).collect();
        schema::run_as_printed(state, &defaults).await?;
        reconcile(state, &is, &was).await?;
    } else {
        reconcile(state, &was, &is).await?;
    }
    for lost in definer::lost(state) {
        state.note(lost);
    }
    for new in of(Side::New, |kind| kind == "database") {
        rebuild::drop_database(state, &new.name).await;
    }
    if !moved {
        state.note("a restore that was cut off before was undone".to_owned());
        rebuild::drop_database(state, old).await;
        return Ok(());
    }
    state.note("a restore that was cut off before was finished".to_owned());
    let then: Times = rows
        .iter()
        .filter(|row| cell(row, 1) == "time")
        .map(|row| (cell(row, 2), row.get(4).cloned().flatten()))
        .collect();
    let now = watch::times(state, old, Told::as_then(&then)).await?;
    keep_or_close(state, old, &watch::changed(&then, &now, &[])).await
}

/// A journal, and how far what it is of has come.
pub(super) struct Written {
    rows: Vec<text::Texts>,
    /// The objects that were, and those that were to be.
    pub(super) was: Vec<Piece>,
    pub(super) is: Vec<Piece>,
    /// Whether the tables have changed places: the objects that are to be are then those of the set.
    pub(super) moved: bool,
}

/// Reads one.
pub(super) async fn read(state: &mut State, old: &str) -> Result<Written> {
    let sql = format!(
        "SELECT side, kind, name, settings, sql_text FROM {} ORDER BY n",
        table(old)
    );
    let rows = text::rows(&mut state.connection, &sql).await?;
    let is_object = |kind: &str| !matches!(kind, "database" | "table" | "time" | "default");
    let tables = of(&rows, Side::Old, |kind| kind == "table");
    Ok(Written {
        moved: moved(state, old, &tables).await?,
        was: of(&rows, Side::Old, is_object),
        is: of(&rows, Side::New, is_object),
        rows,
    })
}

/// What it has of one side.
fn of(rows: &[text::Texts], side: Side, wanted: fn(&str) -> bool) -> Vec<Piece> {
    rows.iter()
        .filter(|row| cell(row, 0) == side.name() && wanted(&cell(row, 1)))
        .map(|row| Piece {
            kind: cell(row, 1),
            name: cell(row, 2),
            settings: cell(row, 3),
            sql: cell(row, 4),
        })
        .collect()
}

/// Whether the tables have changed places: all or none have.
async fn moved(state: &mut State, old: &str, tables: &[Piece]) -> Result<bool> {
    let place = if tables.is_empty() {
        // Then nothing was here before.
        "DATABASE()".to_owned()
    } else {
        text::literal(old)
    };
    let sql = format!(
        "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = {place} AND TABLE_NAME <> {}
         AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE')",
        text::literal(old)
    );
    Ok(schema::number(state, &sql).await? > 0)
}
