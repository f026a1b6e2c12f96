//! Restoring, in one transaction: the database ends as the set has it or as it was found.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::counters;
use super::create::{CreateOptions, Created, create};
use super::error::Error;
use super::exclusive::{keep_others_out, nothing_restored};
use super::fit::not_taken;
use super::history::keeper;
use super::load::{check_counts, load_all, load_table};
use super::new_file::NewFile;
use super::progress::say;
pub use super::restore_options::{Creation, Mode, RestoreOptions, Scope};
pub use super::restore_plan::{Change, RestorePlan, plan, refuse_rightless};
use super::standing::{not_committed, undone};
use super::store::{SAFETY_LABEL, Store};
use super::{taken_back, unread};
use crate::db::{
    self, Access, Begin, Catalog, NotIncluded, Orphans, Overtaken, Session, Withheld,
    commit_telling, telling,
};
use crate::error::Result;
use crate::event::{Event, Level, Sink, counted};
use crate::ident::TableName;
use crate::storage::RunLog;

/// What a restore did.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The rows of each table, by its name as `counts` has it.
    pub counts: Vec<(String, u64)>,
    /// What others wrote while it was put in place.
    pub overtaken: Option<Overtaken>,
}

/// Makes a verified backup of the database as it is, then restores. Without that backup nothing is restored. The write
/// lock is held from before the backup, where the engine has one: what is replaced is exactly what was saved.
/// Where there is nothing to save, there is no backup, and that is said.
///
/// # Errors
/// Backup: the safety backup failed. Otherwise as [`restore`].
pub async fn restore_with_safety_backup(
    plan: &RestorePlan,
    store: &Store,
    log: &RunLog,
    sink: &Arc<dyn Sink>,
) -> Result<(Option<Created>, Restored)> {
    run(plan, Some(store), log, sink).await
}

/// Restores as planned, in one transaction. Dropped before it is done, it changes nothing.
///
/// # Errors
/// Whatever stopped it; the database is then as it was, and the message says so. `Refused` where rows of tables that
/// stay would point to nothing.
pub async fn restore(plan: &RestorePlan, log: &RunLog, sink: &Arc<dyn Sink>) -> Result<Restored> {
    let (_, restored) = run(plan, None, log, sink).await?;
    Ok(restored)
}

async fn run(
    plan: &RestorePlan,
    safety_store: Option<&Store>,
    log: &RunLog,
    sink: &Arc<dyn Sink>,
) -> Result<(Option<Created>, Restored)> {
    let mut restoring = Restoring::begin(plan, log, sink.as_ref()).await?;
    let safety = match safety_store {
        Some(store) => restoring.save(store, sink).await?,
        None => None,
    };
    restoring.fill(log, sink).await?;
    Ok((safety, restoring.commit(log, sink).await?))
}

/// A restore step by step, for callers that must know when it is about to be committed. Dropped before that, it changes
/// nothing.
pub struct Restoring<'a> {
    plan: &'a RestorePlan,
    session: Session,
    // After the session, so that it goes after it.
    new_file: NewFile,
    counts: Vec<(String, u64)>,
    /// What rolling back could not undo, in words.
    kept: Option<String>,
}

impl<'a> Restoring<'a> {
    /// Begins the transaction: from here on nobody else migrates or restores, nor writes where the engine has a lock for that.
    ///
    /// # Errors
    /// No connection, a lock that is not given up, a run log that cannot be written.
    pub async fn begin(
        plan: &'a RestorePlan,
        log: &RunLog,
        sink: &dyn Sink,
    ) -> Result<Restoring<'a>> {
        // Before the new file is expected, whose own files beside it would go with it.
        plan.target.refuse_left_beside()?;
        if plan.creates {
            announce(plan, log)?;
        }
        let new_file = NewFile::claim(&plan.target, plan.creates)?;
        let access = Access {
            write: true,
            create: plan.creates,
            guarded: false,
        };
        let mut session = plan.target.connect_telling(access, sink).await?;
        session.name_by(plan.set.naming()).await?;
        session.leave_unseen(&plan.set.summary().unseen()).await?;
        keep_others_out(&mut session, sink).await?;
        let begun = telling(sink, "the database", session.begin(Begin::Rebuild)).await;
        begun.map_err(nothing_restored)?;
        Ok(Restoring {
            plan,
            session,
            new_file,
            counts: Vec::new(),
            kept: None,
        })
    }

    /// Makes the safety backup, unless there is nothing to save.
    ///
    /// # Errors
    /// Backup: it failed.
    pub async fn save(&mut self, store: &Store, sink: &Arc<dyn Sink>) -> Result<Option<Created>> {
        save(&mut self.session, self.plan, store, sink).await
    }

    /// Does all the work that the commit then keeps.
    ///
    /// # Errors
    /// As [`restore`].
    pub async fn fill(&mut self, log: &RunLog, sink: &Arc<dyn Sink>) -> Result<()> {
        if !self.plan.creates {
            announce(self.plan, log)?;
        }
        match attempt(&mut self.session, self.plan, sink).await {
            Ok(counts) => self.counts = counts,
            Err(error) => return Err(undone(error, self.roll_back().await)),
        }
        tell(&mut self.session, sink).await
    }

    /// Commits. Cut off, it leaves open whether the database is as it was or restored.
    ///
    /// # Errors
    /// As [`restore`].
    pub async fn commit(&mut self, log: &RunLog, sink: &Arc<dyn Sink>) -> Result<Restored> {
        if let Err(error) = commit_telling(&mut self.session, sink.as_ref()).await {
            let rollback = self.roll_back().await;
            return Err(not_committed(error, rollback, self.plan.set.timestamp()));
        }
        self.new_file.keep();
        // It is done: an error here is none of its own.
        tell(&mut self.session, sink).await.unwrap_or_default();
        for (table, rows) in &self.counts {
            log.send(&Event::Statement {
                sql: format!("-- restored `{table}`"),
                position: None,
                rows: Some(*rows),
            });
        }
        Ok(Restored {
            counts: std::mem::take(&mut self.counts),
            overtaken: self.session.overtaken().await.unwrap_or_default(),
        })
    }

    /// Gives up what failed or was cut off. What of it stays all the same, in words; of a whole restore nothing does.
    ///
    /// # Errors
    /// The rollback is refused, or its connection broke.
    pub async fn give_up(mut self) -> Result<Option<String>> {
        if self.kept.is_none() && self.plan.scope == Scope::Tables {
            self.roll_back().await?;
        }
        Ok(self.kept.take())
    }

    /// Rolls back. What it could not undo, in words.
    async fn roll_back(&mut self) -> db::Result<Option<String>> {
        self.session.rollback_all().await?;
        self.kept = self.session.kept_by_rollback().await?;
        Ok(self.kept.clone())
    }
}

/// What the engine did in another way than it was told to.
async fn tell(session: &mut Session, sink: &Arc<dyn Sink>) -> Result<()> {
    for note in session.notes().await? {
        say(sink.as_ref(), Level::Warn, note);
    }
    Ok(())
}

/// Writes down what is about to happen, before it does.
fn announce(plan: &RestorePlan, log: &RunLog) -> Result<()> {
    log.announce(&Event::Statement {
        sql: format!("-- restore: {plan}"),
        position: None,
        rows: None,
    })
}

/// The safety backup, unless there is nothing to save.
async fn save(
    session: &mut Session,
    plan: &RestorePlan,
    store: &Store,
    sink: &Arc<dyn Sink>,
) -> Result<Option<Created>> {
    let tables = session.catalog().await?.tables;
    if tables.iter().all(|table| keeper(&table.name).is_some()) {
        let message = format!("{} holds nothing that a restore could lose", plan.target);
        say(sink.as_ref(), Level::Info, message);
        return Ok(None);
    }
    let options = CreateOptions {
        label: Some(SAFETY_LABEL.to_owned()),
        without_unread: true,
        verify: true,
        ..CreateOptions::default()
    };
    let created = create(&plan.target, store, &options, sink).await;
    created.map(Some).map_err(|error| {
        let kind = error.kind;
        error.context(
            kind,
            "nothing was restored: it could not be backed up before",
        )
    })
}

async fn attempt(
    session: &mut Session,
    plan: &RestorePlan,
    sink: &Arc<dyn Sink>,
) -> Result<Vec<(String, u64)>> {
    match (plan.mode, plan.scope) {
        (Mode::Replace, Scope::Whole) => {
            let before = left_behind(session.catalog().await?, sink.as_ref());
            session.keep(&unread::left_out(&plan.set)).await?;
            session.drop_all().await?;
            let counts = load_all(session, &plan.set, sink).await?;
            for orphans in session.orphans().await? {
                let message = format!(
                    "`{}` has {} whose row of `{}` is not there: it was so when the backup was made",
                    orphans.table,
                    counted(orphans.rows, "row"),
                    orphans.parent
                );
                say(sink.as_ref(), Level::Warn, message);
            }
            for message in taken_along(before, &session.catalog().await?.not_included) {
                say(sink.as_ref(), Level::Warn, message);
            }
            for message in taken_back::left_out(&plan.set) {
                say(sink.as_ref(), Level::Warn, message);
            }
            for message in not_given(session.withheld().await?) {
                say(sink.as_ref(), Level::Warn, message);
            }
            Ok(counts)
        }
        (Mode::Replace, Scope::Tables) => replace_rows(session, plan, sink).await,
    }
}

/// What no backup holds and what goes; objects that cannot be read stay, which is said.
fn left_behind(catalog: Catalog, sink: &dyn Sink) -> Vec<NotIncluded> {
    let mut goes = catalog.not_included;
    for object in catalog
        .objects
        .iter()
        .filter(|object| object.sql.is_empty())
    {
        let name = &object.name.name;
        goes.retain(|entry| entry.name != *name || entry.kind != "other");
        let message = format!(
            "the {} `{name}` stays as it is: its definition cannot be read with these rights",
            object.kind
        );
        say(sink, Level::Warn, message);
    }
    goes
}

/// What to say of what no backup holds and what went with the objects it belonged to.
fn taken_along(before: Vec<NotIncluded>, after: &[NotIncluded]) -> Vec<String> {
    let is_gone = |entry: &NotIncluded| {
        let is_same = |other: &NotIncluded| other.kind == entry.kind && other.name == entry.name;
        !["role", "default"].contains(&entry.kind.as_str()) && !after.iter().any(is_same)
    };
    let gone = before.into_iter().filter(is_gone);
    gone.map(|entry| {
        format!(
            "the restore took the {} `{}` with it, which no backup holds: make it again",
            entry.kind, entry.name
        )
    })
    .collect()
}

/// What to say of rights that could not be given back, one line a reason.
fn not_given(withheld: Vec<Withheld>) -> Vec<String> {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for right in withheld {
        reasons.entry(right.why).or_default().push(right.statement);
    }
    let said = |(why, statements): (String, Vec<String>)| {
        let more = match statements.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        format!(
            "the backup's `{}`{more} could not be done: {why}; make it possible and restore again, or run the last statement of the schema file",
            statements.first().map_or("", String::as_str)
        )
    };
    reasons.into_iter().map(said).collect()
}

/// Replaces the rows of some tables. Other tables' rows, triggers' effects included, stay as they are.
async fn replace_rows(
    session: &mut Session,
    plan: &RestorePlan,
    sink: &Arc<dyn Sink>,
) -> Result<Vec<(String, u64)>> {
    let catalog = session.catalog().await?;
    let parts = plan.parts();
    let names: Vec<TableName> = parts.iter().map(|part| part.name.clone()).collect();
    let orphans_before = orphans(session, &names).await?;
    let mut counts = Vec::new();
    for part in &parts {
        session.clear(&part.name).await?;
    }
    for part in &parts {
        let name = plan.set.label(&part.name);
        let table = catalog
            .table(&part.name)
            .ok_or_else(|| Error::NotAsTheSet {
                table: name.clone(),
                why: "it was dropped meanwhile".to_owned(),
            })?;
        let loaded = load_table(session, &plan.set, part, table, sink).await;
        let rows = loaded.map_err(|error| not_taken(&part.name, error))?;
        counts.push((name, rows));
    }
    session.rebuild_from(&names).await?;
    let saved = &plan.set.summary().sequences;
    let sequences = match session.drawn_from(&names).await? {
        Some(drawn) => counters::moved_on(drawn, saved),
        None => counters::raised(&catalog.sequences, saved, &counts),
    };
    session.set_sequences(&sequences).await?;
    check_counts(session, &parts).await?;
    refuse_new_orphans(&orphans_before, orphans(session, &names).await?)?;
    Ok(counts)
}

/// Rows whose parent is not there: of this database, and of others that point to these tables.
async fn orphans(session: &mut Session, tables: &[TableName]) -> Result<Vec<Orphans>> {
    let mut found = session.orphans().await?;
    found.extend(session.orphans_outside(tables).await?);
    Ok(found)
}

fn refuse_new_orphans(before: &[Orphans], after: Vec<Orphans>) -> Result<()> {
    let key = |orphans: &Orphans| {
        (
            orphans.table.clone(),
            orphans.columns.clone(),
            orphans.parent.clone(),
        )
    };
    let before: HashMap<_, u64> = before
        .iter()
        .map(|orphans| (key(orphans), orphans.rows))
        .collect();
    for orphans in after {
        let known = before.get(&key(&orphans)).copied().unwrap_or(0);
        if orphans.rows > known {
            return Err(Error::Orphans {
                table: orphans.table.to_string(),
                parent: orphans.parent.to_string(),
                rows: orphans.rows - known,
            }
            .into());
        }
    }
    Ok(())
}
