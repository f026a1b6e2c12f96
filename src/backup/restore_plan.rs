//! What a restore would do, before it does it: which set, whether it is sound, and what becomes of every table.

use std::fmt;
use std::sync::Arc;

use super::choose;
use super::error::Error;
use super::fit::{differences, remark_origin, same_engine};
use super::letters;
use super::new_file::creates;
use super::progress::say;
use super::restore_options::{Mode, RestoreOptions, Scope};
use super::set::Set;
use super::store::Store;
use super::summary::TableSummary;

use super::{taken_back, unread};
use crate::db::{Access, Beside, Catalog, Engine, Session, Target, refuse_read_only};
use crate::error::Result;
use crate::event::{Event, Level, Silent, Sink};
use crate::ident::TableName;

/// What becomes of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is made, with this many rows.
    Create {
        /// Rows it will have.
        rows: u64,
    },
    /// Its rows go and others come.
    Replace {
        /// Rows it has.
        now: u64,
        /// Rows it will have.
        then: u64,
    },
    /// It goes: the set does not know it.
    Drop {
        /// Rows it has.
        now: u64,
    },
}

/// What a restore would do.
#[derive(Clone, Debug)]
pub struct RestorePlan {
    /// The set, whose files that are needed have their hashes.
    pub set: Set,
    /// The database it goes into.
    pub target: Target,
    /// How rows come together.
    pub mode: Mode,
    /// How much of the database changes.
    pub scope: Scope,
    /// What becomes of each table, in name order.
    pub tables: Vec<(TableName, Change)>,
    /// Views, triggers, columns and the like that are there and not in the set in that form, such as ``view `active` ``,
    /// and content that no backup holds.
    pub objects: Vec<String>,
    /// The migrations that are applied now and not in the set, such as `4 (fax)`.
    pub pending: Vec<String>,
    /// The database is not there and will be created.
    pub creates: bool,
}

impl RestorePlan {
    /// The tables whose rows come from the set.
    pub(super) fn parts(&self) -> Vec<TableSummary> {
        let comes = |name: &TableName| {
            let change = self.tables.iter().find(|(table, _)| table == name);
            change.is_some_and(|(_, change)| !matches!(change, Change::Drop { .. }))
        };
        let all = self.set.summary().tables.iter();
        all.filter(|part| comes(&part.name)).cloned().collect()
    }

    /// The plan as a table for people.
    pub fn event(&self) -> Event {
        let columns = ["table", "rows now", "rows after", "what"];
        let rows = self.tables.iter().map(|(name, change)| {
            let (now, then, what) = match change {
                Change::Create { rows } => (String::new(), rows.to_string(), "created"),
                Change::Replace { now, then } => (now.to_string(), then.to_string(), "replaced"),
                Change::Drop { now } => (now.to_string(), String::new(), "dropped"),
            };
            vec![name.to_string(), now, then, what.to_owned()]
        });
        let objects = self.objects.iter().map(|object| {
            let nothing = String::new();
            vec![
                object.clone(),
                nothing.clone(),
                nothing,
                "dropped".to_owned(),
            ]
        });
        Event::Table {
            columns: columns.map(str::to_owned).to_vec(),
            rows: rows.chain(objects).collect(),
        }
    }
}

impl fmt::Display for RestorePlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |wanted: fn(&Change) -> bool| {
            let names = self.tables.iter().filter(|(_, change)| wanted(change));
            let names: Vec<String> = names.map(|(name, _)| format!("`{name}`")).collect();
            names.join(", ")
        };
        let database = &self.target;
        let timestamp = self.set.timestamp();
        match self.scope {
            _ if self.creates => write!(formatter, "create {database} from the backup {timestamp}"),
            Scope::Whole => write!(
                formatter,
                "replace all of {database} by the backup {timestamp}"
            ),
            Scope::Tables => write!(
                formatter,
                "replace the rows of {} in {database} by those of the backup {timestamp}",
                named(|_| true)
            ),
        }?;
        let dropped = named(|change| matches!(change, Change::Drop { .. }));
        if !dropped.is_empty() {
            write!(formatter, "; drop {dropped}, which it does not hold")?;
        }
        if !self.objects.is_empty() {
            write!(formatter, "; drop {}", self.objects.join(", "))?;
        }
        Ok(())
    }
}

/// Chooses the set (`latest` or a timestamp), proves that the files it needs are whole, and says what a restore would do.
/// Needs only read rights; changes nothing. A partial set never replaces a whole database: only the rows of its tables.
///
/// # Errors
/// Usage: no such set, a table that is not in it, another engine, a database that is not there. Integrity: the set (or a
/// table asked for) is damaged. Refused: a table that is not as the set has it.
pub async fn plan(
    store: &Store,
    which: &str,
    target: &Target,
    options: &RestoreOptions,
    sink: &Arc<dyn Sink>,
) -> Result<RestorePlan> {
    let mut set = choose::set_for(target, store, which, options, sink.as_ref()).await?;
    same_engine(&set, target.engine(), Engine::is_kin)?;
    target.refuse_left_beside()?;
    let creates = creates(options.create, target, &set, store, sink.as_ref())?;
    let mut session = match creates {
        true => None,
        false => Some(target.read_telling(sink.as_ref()).await?),
    };
    if let Some(session) = &mut session {
        same_engine(&set, session.engine(), |left, right| left == right)?;
        refuse_read_only(session).await?;
        session.name_by(set.naming()).await?;
        set = letters::fitted(set, session, sink.as_ref()).await?;
    }
    let summary = set.summary();
    remark_origin(&set, target, store, sink.as_ref());
    let catalog = match &mut session {
        Some(session) => session.catalog().await?,
        None => Catalog::default(),
    };
    let partial = summary.is_partial() && !catalog.tables.is_empty();
    if summary.is_partial() && options.tables.is_none() {
        choose::remark_part(&set, sink.as_ref());
    }
    let scope = match options.tables.is_some() || partial {
        true => Scope::Tables,
        false => Scope::Whole,
    };
    if let (Scope::Whole, Some(session)) = (scope, &mut session) {
        refuse_unable(session, &catalog, &set).await?;
    }
    let parts = set.tables(options.tables.as_deref())?;
    choose::prove(store, &set, &parts, scope, sink).await?;
    let tables = match scope {
        Scope::Whole => whole(session.as_mut(), &catalog, &parts).await?,
        Scope::Tables => rows_only(session.as_mut(), &catalog, &parts, &set).await?,
    };
    let (mut dropped, mut pending) = (Vec::new(), Vec::new());
    if scope == Scope::Whole {
        dropped = taken_back::objects(&catalog, &set, target.engine())?;
        tell_left_alone(&catalog, &set, target.engine(), sink.as_ref())?;
        dropped.extend(taken_back::columns(&catalog, &parts));
        unread::remark_kept(&set, &catalog, sink.as_ref());
    }
    if let (Scope::Whole, Some(session)) = (scope, &mut session) {
        pending = taken_back::migrations(session, &catalog, set.summary()).await;
        for told in session.foretell(&set.schema()?.after).await? {
            say(sink.as_ref(), Level::Warn, told);
        }
    }
    Ok(RestorePlan {
        target: target.clone(),
        mode: options.mode,
        scope,
        tables,
        objects: dropped,
        pending,
        creates,
        set,
    })
}

/// Refuses, before anything is changed for it, a restore of the whole that the user has not the rights to. What needs none
/// is for [`plan`] to look at.
///
/// # Errors
/// Refused, and what keeps [`plan`] from looking.
pub async fn refuse_rightless(
    store: &Store,
    which: &str,
    target: &Target,
    options: &RestoreOptions,
) -> Result<()> {
    // Planned right after it: what there is to say is said then.
    let set = choose::set_for(target, store, which, options, &Silent).await?;
    if options.tables.is_some() || set.summary().is_partial() {
        return Ok(());
    }
    same_engine(&set, target.engine(), Engine::is_kin)?;
    let mut session = target.connect(Access::default()).await?;
    refuse_read_only(&mut session).await?;
    session.name_by(set.naming()).await?;
    let catalog = session.catalog().await?;
    refuse_unable(&mut session, &catalog, &set).await?;
    session.foretell(&set.schema()?.after).await?;
    Ok(())
}

/// Refuses what would tear off others' keys, and what a right is missing for.
async fn refuse_unable(session: &mut Session, catalog: &Catalog, set: &Set) -> Result<()> {
    let target = session.target().clone();
    refuse_ties(session, &target).await?;
    session.refuse_beside(Beside::Restore).await?;
    unread::refuse_replaced(catalog, set, target.engine(), target.shown())?;
    Ok(())
}

fn tell_left_alone(catalog: &Catalog, set: &Set, engine: Engine, sink: &dyn Sink) -> Result<()> {
    let kinds: Vec<String> = set.summary().unseen();
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds.iter().map(|kind| format!("{kind}s")).collect();
        let message = format!(
            "the backup {} may lack {}: whoever made it was not shown any, and what is not there does not come back",
            set.timestamp(),
            kinds.join(", ")
        );
        say(sink, Level::Warn, message);
    }
    for object in taken_back::left_alone(catalog, set, engine)? {
        let message = format!("the {object} stays as it is, as the backup could not know of it");
        say(sink, Level::Warn, message);
    }
    Ok(())
}

/// Tables that are replaced as a whole take along the keys that point to them from outside.
async fn refuse_ties(session: &mut Session, target: &Target) -> Result<()> {
    let keys = session.keys_from_outside().await?;
    if keys.is_empty() {
        return Ok(());
    }
    let (database, keys) = (target.to_string(), keys.join(", "));
    Err(Error::TiedFromOutside { database, keys }.into())
}

async fn whole(
    session: Option<&mut Session>,
    catalog: &Catalog,
    parts: &[&TableSummary],
) -> Result<Vec<(TableName, Change)>> {
    let mut changes = Vec::new();
    if let Some(session) = session {
        for table in &catalog.tables {
            let now = match session.count(&table.name).await {
                Ok(now) => now,
                // Another restore or a migration has dropped it since the catalog was read: nothing is there to be told of.
                Err(_) if session.catalog().await?.table(&table.name).is_none() => continue,
                Err(error) => return Err(error.into()),
            };
            let then = parts.iter().find(|part| part.name == table.name);
            let change = match then {
                Some(part) => Change::Replace {
                    now,
                    then: part.rows,
                },
                None => Change::Drop { now },
            };
            changes.push((table.name.clone(), change));
        }
    }
    for part in parts {
        if catalog.table(&part.name).is_none() {
            changes.push((part.name.clone(), Change::Create { rows: part.rows }));
        }
    }
    changes.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(changes)
}

async fn rows_only(
    session: Option<&mut Session>,
    catalog: &Catalog,
    parts: &[&TableSummary],
    set: &Set,
) -> Result<Vec<(TableName, Change)>> {
    let other = |part: &TableSummary, why: String| Error::OtherColumns {
        table: part.name.to_string(),
        timestamp: set.timestamp(),
        why,
    };
    let absent = |part: &TableSummary| Error::AbsentTable {
        table: part.name.to_string(),
        timestamp: set.timestamp(),
        schema: set.schema_path().display().to_string(),
    };
    let Some(session) = session else {
        let first = parts.first().map(|part| absent(part));
        return first.map_or(Ok(Vec::new()), |error| Err(error.into()));
    };
    let mut changes = Vec::new();
    for part in parts {
        let table = catalog.table(&part.name).ok_or_else(|| absent(part))?;
        if let Some(why) = differences(table, part) {
            return Err(other(part, why).into());
        }
        let change = Change::Replace {
            now: session.count(&part.name).await?,
            then: part.rows,
        };
        changes.push((part.name.clone(), change));
    }
    let names: Vec<TableName> = parts.iter().map(|part| part.name.clone()).collect();
    session.refuse_rows_of(&names).await?;
    Ok(changes)
}
