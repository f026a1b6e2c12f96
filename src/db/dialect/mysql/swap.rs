//! Puts a database that was built beside the real one in its place.
//!
//! All tables change places by a single RENAME TABLE, which is atomic on both servers. Views, triggers, routines and
//! events cannot be renamed into another database; they are made again. What fails is taken back, what was cut off is
//! in the journal, and the old tables are dropped last: only if nobody wrote to them in the instant without a lock.

use super::definer::Lost;
use super::journal::{self, Piece, Side};
use super::link::State;
use super::objects::Made;
use super::rebuild::{self, create_like_current};
use super::{
    account, beside, catalog, definer, objects, quote, schema, surroundings, text, unseen, views,
    watch,
};
use crate::db::{EngineError, Error, Result, patience};

/// Tables that change places, and what hangs on them.
pub(super) struct Swap {
    pub(super) here: String,
    /// Where the new ones are.
    pub(super) new: String,
    /// Where the old ones go; the journal lies there too.
    pub(super) old: String,
    pub(super) new_tables: Vec<String>,
    pub(super) old_tables: Vec<String>,
    /// The objects to be, and those that were.
    pub(super) new_objects: Vec<Piece>,
    pub(super) old_objects: Vec<Piece>,
    /// Statements that the tables need in their new place.
    pub(super) defaults: Vec<String>,
    moved: bool,
}

/// Puts the database beside in the real one's place.
///
/// # Errors
/// Whatever stopped it; then everything was taken back, or `state.wreck` says what was not. `InDoubt`: the connection
/// broke while the tables moved.
pub(super) async fn finish(state: &mut State) -> Result<()> {
    let Some(new) = state.beside.clone() else {
        return Ok(());
    };
    let mut swap = prepare(state, new).await?;
    if let Err(error) = swap.put_in_place(state).await {
        // What this was to make goes again.
        state.lost.clear();
        if let Err(refused) = swap.take_back(state).await {
            state.wreck = Some(format!(
                "tables, views or triggers may be missing, and are in the database `{}` on the same server: {refused}",
                swap.old
            ));
        } else {
            rebuild::drop_database(state, &swap.old).await;
            let lost = definer::lost(state);
            state.wreck = (!lost.is_empty())
                .then(|| format!("everything is as it was, but {}", lost.join("; and ")));
        }
        return Err(error.at_commit());
    }
    // From here on the restore stands: what is only left to tidy up must not be told as a restore that failed. The journal
    // goes last: whoever finds what was built without it takes it for one that has changed nothing.
    rebuild::drop_database(state, &swap.new).await;
    if let Err(error) = tidy_up(state, &swap).await {
        state.note(format!(
            "everything is in place, but the tables as they were are still in the database `{}` ({error}): look whether \
             others wrote to them, then DROP DATABASE `{}`",
            swap.old, swap.old
        ));
    }
    for lost in definer::lost(state) {
        state.note(lost);
    }
    state.beside = None;
    state.events.clear();
    state.keeps.clear();
    state.unseen.clear();
    watch::stop(state).await;
    Ok(())
}

async fn tidy_up(state: &mut State, swap: &Swap) -> Result<()> {
    let written = watch::written_by_others(state, &swap.old).await?;
    journal::keep_or_close(state, &swap.old, &written).await
}

async fn prepare(state: &mut State, new: String) -> Result<Swap> {
    let here = state.server.database.clone();
    let mut made = objects::read(state).await?;
    let events = std::mem::take(&mut state.events);
    let made_events = made.iter_mut().filter(|made| made.kind == "event");
    for (made, statement) in made_events.zip(events) {
        made.owned = statement;
    }
    views::as_meant(state, &mut made);
    let mut new_objects = surroundings::pieces(&made);
    let defaults = defaults_from_sequences(state).await?;
    let new_tables = names(state).await?;
    // A table with triggers cannot be moved.
    drop_triggers(state, &new_objects).await?;
    state.run(&format!("USE {}", quote(&here))).await?;
    let old_tables = names(state).await?;
    let there = objects::read(state).await?;
    let old_objects = surroundings::pieces(&there);
    keep_owners(state, &old_objects, &mut new_objects).await?;
    let kept = unseen::kept(&state.unseen, there, &made, &new_tables);
    let kept = fitting(state, (&new, &here), kept).await?;
    new_objects.extend(surroundings::pieces(&kept));
    keep_left_out(&state.keeps, &old_objects, &mut new_objects);
    views::keep_unmakeable(state, &old_objects, &mut new_objects);
    let old = beside::old_name(&here)?;
    create_like_current(&mut state.connection, &old).await?;
    let swap = Swap {
        here,
        new,
        old,
        new_tables,
        old_tables,
        new_objects,
        old_objects,
        defaults,
        moved: false,
    };
    let written = match watch::settle(state).await {
        Ok(()) => journal::write(state, &swap).await,
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        rebuild::drop_database(state, &swap.old).await;
        return Err(error);
    }
    Ok(swap)
}

/// Those of these objects that fit the tables that are to be: a trigger may name a column that these lack, and would keep
/// the tables from changing places.
async fn fitting(
    state: &mut State,
    (new, here): (&str, &str),
    kept: Vec<Made>,
) -> Result<Vec<Made>> {
    let mut fit = Vec::new();
    let known = state.lost.len();
    for made in kept {
        if made.kind == "trigger" {
            state.run(&format!("USE {}", quote(new))).await?;
            let piece = surroundings::pieces(std::slice::from_ref(&made));
            let tried = surroundings::make(state, &piece).await;
            let drop = format!("DROP TRIGGER IF EXISTS {}", quote(&made.name));
            state.run(&drop).await?;
            state.run(&format!("USE {}", quote(here))).await?;
            if let Err(Error::Statement { source }) = &tried
                && source.code == NO_COLUMN
            {
                state.note(format!(
                    "the trigger `{}` goes, as its table in the backup lacks what it names ({}): the backup made before this \
                     restore has it",
                    made.name, source.message
                ));
                continue;
            }
        }
        fit.push(made);
    }
    // It was only tried.
    state.lost.truncate(known);
    Ok(fit)
}

/// The SQLSTATE of a column that is not there.
const NO_COLUMN: &str = "42S22";

/// What is there and could only be made without the definer that it has stays as it is: the definer would be neither
/// restored nor, if it came to that, taken back.
async fn keep_owners(state: &mut State, old: &[Piece], new: &mut [Piece]) -> Result<()> {
    let may_name_others = account::may_name_others(state).await?;
    for piece in new.iter_mut().filter(|piece| piece.kind != "trigger") {
        let is_this = |lost: &Lost| lost.kind == piece.kind && lost.name == piece.name;
        let is_lost = state.lost.iter().any(is_this) || may_name_others == Some(false);
        let same = old.iter().find(|old| journal::is_same(old, piece));
        if let Some(same) = same.filter(|_| is_lost) {
            state.lost.retain(|lost| !is_this(lost));
            *piece = same.clone();
        }
    }
    Ok(())
}

/// What the set's maker could not read is there as it was: what is to be is no less.
fn keep_left_out(keeps: &[(String, String)], old: &[Piece], new: &mut Vec<Piece>) {
    let is_new = |piece: &&Piece| {
        let is_this = |new: &Piece| new.kind == piece.kind && new.name == piece.name;
        !new.iter().any(is_this)
    };
    let is_kept = |piece: &&Piece| {
        // A trigger goes with its table.
        let is_this = |(kind, name): &(String, String)| *kind == piece.kind && *name == piece.name;
        piece.kind != "trigger" && keeps.iter().any(is_this)
    };
    let kept = old.iter().filter(is_kept).filter(is_new);
    let kept: Vec<Piece> = kept.cloned().collect();
    new.extend(kept);
}

async fn names(state: &mut State) -> Result<Vec<String>> {
    let listed = catalog::listed(state).await?;
    Ok(listed.into_iter().map(|listed| listed.name).collect())
}

async fn drop_triggers(state: &mut State, objects: &[Piece]) -> Result<()> {
    for trigger in objects.iter().filter(|piece| piece.kind == "trigger") {
        state
            .run(&format!("DROP TRIGGER IF EXISTS {}", quote(&trigger.name)))
            .await?;
    }
    Ok(())
}

/// A default that draws from a sequence keeps the one it was made with, in a database that goes away.
async fn defaults_from_sequences(state: &mut State) -> Result<Vec<String>> {
    let mut statements = Vec::new();
    for table in catalog::read(state).await?.tables {
        for column in table.columns {
            let Some(default) = column.default else {
                continue;
            };
            if default.to_lowercase().starts_with("nextval(") {
                statements.push(format!(
                    "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT ({default})",
                    quote(&table.name.name),
                    quote(&column.name)
                ));
            }
        }
    }
    Ok(statements)
}

impl Swap {
    async fn put_in_place(&mut self, state: &mut State) -> Result<()> {
        watch::take(state, &self.old_tables).await?;
        watch::refuse_others(state).await?;
        drop_triggers(state, &self.old_objects).await?;
        text::surely(&mut state.connection, "UNLOCK TABLES").await?;
        self.clear_names(state).await?;
        let mut moves = moves(&self.old_tables, &self.here, &self.old);
        moves.extend(moves_between(&self.new_tables, &self.new, &self.here));
        rename(state, &moves).await?;
        self.moved = true;
        schema::run_as_printed(state, &self.defaults).await?;
        let (triggers, others): (Vec<Piece>, Vec<Piece>) = self
            .new_objects
            .iter()
            .cloned()
            .partition(|piece| piece.kind == "trigger");
        // First what applications' writes depend on.
        surroundings::make(state, &triggers).await?;
        let others = others.into_iter().filter(|piece| !self.stays(piece));
        let others: Vec<Piece> = others.collect();
        let makes_way = |piece: &&Piece| {
            let is_kin = |new: &Piece| new.name == piece.name && family(new) == family(piece);
            others.iter().any(is_kin)
        };
        let goes = self.old_objects.iter();
        let goes = goes.filter(|piece| piece.kind != "trigger" && !self.stays(piece));
        let (replaced, gone): (Vec<&Piece>, Vec<&Piece>) = goes.partition(makes_way);
        for piece in replaced {
            schema::drop_object(state, &piece.kind, &piece.name).await?;
        }
        surroundings::make(state, &others).await?;
        // Last, when nothing else can fail: what another has made could perhaps not be made again as theirs.
        for piece in gone {
            schema::drop_object(state, &piece.kind, &piece.name).await?;
        }
        Ok(())
    }

    /// Drops the views that have the name of a table that is to be: views do not move, and no table moves onto one.
    async fn clear_names(&self, state: &mut State) -> Result<()> {
        let views = self.old_objects.iter().filter(|piece| piece.kind == "view");
        for view in views.filter(|view| self.new_tables.contains(&view.name)) {
            schema::drop_object(state, &view.kind, &view.name).await?;
        }
        Ok(())
    }

    /// Whether an object is as it is to be: its rights stay too. A package goes and comes with its body.
    fn stays(&self, piece: &Piece) -> bool {
        let is_kin = |other: &&Piece| other.name == piece.name && family(other) == family(piece);
        let old = self.old_objects.iter().filter(is_kin);
        old.eq(self.new_objects.iter().filter(is_kin))
    }

    /// Makes everything as it was. Nothing goes but what the journal has: what cannot be read could not be made again.
    async fn take_back(&mut self, state: &mut State) -> Result<()> {
        text::surely(&mut state.connection, "UNLOCK TABLES").await?;
        if self.moved {
            drop_triggers(state, &self.new_objects).await?;
            let mut moves = moves(&self.new_tables, &self.here, &self.new);
            moves.extend(moves_between(&self.old_tables, &self.old, &self.here));
            rename(state, &moves).await?;
        }
        journal::reconcile(state, &self.old_objects, &self.new_objects).await
    }
}

impl Piece {
    /// A row of the journal.
    pub(super) fn side(&self, side: Side) -> [Option<&str>; 5] {
        [
            Some(side.name()),
            Some(&self.kind),
            Some(&self.name),
            Some(&self.settings),
            Some(&self.sql),
        ]
    }
}

/// What kind of object goes and comes together: a package and its body.
fn family(piece: &Piece) -> &str {
    piece.kind.strip_suffix(" body").unwrap_or(&piece.kind)
}

fn moves(tables: &[String], from: &str, to: &str) -> Vec<String> {
    moves_between(tables, from, to).collect()
}

fn moves_between<'a>(
    tables: &'a [String],
    from: &'a str,
    to: &'a str,
) -> impl Iterator<Item = String> + 'a {
    tables.iter().map(move |table| {
        let table = quote(table);
        format!("{}.{table} TO {}.{table}", quote(from), quote(to))
    })
}

async fn rename(state: &mut State, moves: &[String]) -> Result<()> {
    if moves.is_empty() {
        return Ok(());
    }
    let sql = format!("RENAME TABLE {}", moves.join(", "));
    match text::giving_way(&mut state.connection, &sql).await {
        Ok(_) => Ok(()),
        Err(Error::Locked { .. }) => Err(Error::Statement {
            source: EngineError {
                code: "HY000".to_owned(),
                message: patience::kept(),
            },
        }),
        Err(error) => Err(error),
    }
}
