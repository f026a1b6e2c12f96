//! Making a set: one snapshot, every table streamed into its file, the schema, and last of all the sealed summary.
//!
//! Files get their names only when all of them are on disk, and go away again unless the whole set stands: on an error,
//! a panic, or when the future is dropped.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::Error;
use super::progress::say;
use super::set::{Set, first_of};
use super::store::Store;
use super::summary::{SchemaSummary, Summary};
use super::table_writer::{Copied, Job, copy, join_all};
use super::verify::{Depth, Report, verify};
use super::written::choose;
use super::{history, left_out, names, schema_file, unmakeable, unread};
use crate::clock::Timestamp;
use crate::db::{Access, Catalog, DatabaseInfo, NotIncluded, Reader, SchemaSql, Snapshot, Target};
use crate::error::{self, Kind};
use crate::event::{Level, Sink};
use crate::ident::TableName;
use crate::storage::publish::{self, Draft, Written};

/// The program's name and version, as sets carry it.
const TOOL: &str = concat!("dbscript ", env!("CARGO_PKG_VERSION"));

/// What is said of a backup that fails.
const FAILED: &str = "the backup failed, and nothing of it was kept";

/// How a set is made.
#[derive(Clone, Debug)]
pub struct CreateOptions {
    /// Only these tables; the set is then partial and says so.
    pub tables: Option<Vec<String>>,
    /// What the person calls it.
    pub label: Option<String>,
    /// Over how many connections it reads, at most.
    pub readers: usize,
    /// Objects that may not be read are left out, as they stay what they are whatever comes next; what no restore could
    /// make again is only told. Otherwise a backup of the whole database fails for them.
    pub without_unread: bool,
    /// Prove it afterwards; one that does not verify is removed.
    pub verify: bool,
}

impl Default for CreateOptions {
    fn default() -> Self {
        CreateOptions {
            tables: None,
            label: None,
            readers: 1,
            without_unread: false,
            verify: false,
        }
    }
}

/// What would be backed up.
#[derive(Clone, Debug)]
pub struct CreatePlan {
    /// The database.
    pub database: String,
    /// The backups folder.
    pub folder: String,
    /// The tables.
    pub tables: Vec<TableName>,
    /// What would be left out, and why.
    pub not_included: Vec<NotIncluded>,
}

impl std::fmt::Display for CreatePlan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<String> = self.tables.iter().map(TableName::to_string).collect();
        write!(
            formatter,
            "back up {} of {} into `{}`",
            names.join(", "),
            self.database,
            self.folder
        )?;
        for entry in &self.not_included {
            write!(formatter, "; without {}", left_out::named(entry))?;
        }
        Ok(())
    }
}

/// A set that was made.
#[derive(Debug)]
pub struct Created {
    /// The set.
    pub set: Set,
    /// What proving it showed, if that was asked for: no problem.
    pub report: Option<Report>,
}

/// What [`create`] would do. Needs only read rights; changes nothing.
///
/// # Errors
/// As [`create`], as far as it can be foreseen.
pub async fn plan(
    target: &Target,
    store: &Store,
    options: &CreateOptions,
) -> error::Result<CreatePlan> {
    let mut session = target.connect(Access::default()).await?;
    let half = session.refuse_half_restored().await;
    half.map_err(|error| error::Error::from(error).context(Kind::Backup, FAILED))?;
    let catalog = session.catalog().await?;
    let schema = session.info().await?.default_schema;
    let chosen = select(&catalog, schema.as_deref(), target, options)?;
    Ok(CreatePlan {
        database: target.shown().to_owned(),
        folder: store.folder().display().to_string(),
        tables: chosen
            .iter()
            .map(|index| catalog.tables[*index].name.clone())
            .collect(),
        not_included: left_out::of(&catalog, &chosen),
    })
}

/// Makes a set. Dropped before it is done, it leaves nothing behind.
///
/// # Errors
/// `Connect`, `Usage` (a table that is not there) and `Integrity` (a damaged database) as they are; anything else is of
/// kind `Backup`. Nothing of the set is then left.
pub async fn create(
    target: &Target,
    store: &Store,
    options: &CreateOptions,
    sink: &Arc<dyn Sink>,
) -> error::Result<Created> {
    attempt(target, store, options, sink)
        .await
        .map_err(|error| match error.kind {
            Kind::Io | Kind::Database | Kind::Refused => error.context(Kind::Backup, FAILED),
            _ => error,
        })
}

async fn attempt(
    target: &Target,
    store: &Store,
    options: &CreateOptions,
    sink: &Arc<dyn Sink>,
) -> error::Result<Created> {
    let Snapshot {
        info,
        catalog,
        schema,
        mut readers,
        unmakeable,
        warnings,
    } = target
        .snapshot_telling(options.readers, sink.as_ref())
        .await?;
    let moment = Timestamp::now();
    let chosen = select(&catalog, info.default_schema.as_deref(), target, options)?;
    let not_included = left_out::of(&catalog, &chosen);
    let only_told = options.without_unread;
    unmakeable::refuse(unmakeable, &catalog, &chosen, only_told, sink.as_ref())?;
    let named = || chosen.iter().map(|at| catalog.tables[*at].name.clone());
    let only = options.tables.as_ref().map(|_| named().collect());
    let broken_rules = prove_rows(&mut readers, only).await?;
    let left_out = not_included.iter().map(left_out::told);
    let warnings = warnings.into_iter().chain(broken_rules).chain(left_out);
    warnings.for_each(|warning| say(sink.as_ref(), Level::Warn, warning));
    publish::create_folder(store.folder())?;
    let copied = copy_tables(readers, &catalog, &chosen, store, sink).await?;
    let (schema_draft, schema_written) = write_schema(store, &schema, &info)?;
    let mut drafts = Drafts {
        summary: None,
        tables: Vec::new(),
        schema: schema_draft,
    };
    let mut summary = Summary {
        tool: TOOL.to_owned(),
        timestamp: moment,
        label: options.label.clone(),
        database: DatabaseInfo {
            place: store.origin(target).place,
            ..info
        },
        migrations: None,
        tables: Vec::new(),
        sequences: catalog.sequences,
        schema: SchemaSummary {
            file: String::new(),
            bytes: schema_written.bytes,
            sha256: schema_written.sha256,
        },
        not_included,
    };
    for done in copied {
        summary.migrations = summary.migrations.or(done.migrations);
        if let Some((draft, table)) = done.stored {
            drafts.tables.push(draft);
            summary.tables.push(table);
        }
    }
    // Renames and the syncing of one folder: short, and without a point at which the future could be dropped half-way.
    drafts.publish(store, &mut summary)?;
    let set = Set::new(store.folder(), summary);
    let report = match options.verify {
        true => Some(prove(&set, sink).await?),
        false => None,
    };
    drafts.keep();
    Ok(Created { set, report })
}

/// Proves that what is read is all there is, of these tables or of all; what is wrong without costing a row, in words.
async fn prove_rows(
    readers: &mut [Box<dyn Reader>],
    only: Option<Vec<TableName>>,
) -> error::Result<Vec<String>> {
    match readers.first_mut() {
        Some(reader) => Ok(reader.prove(only.as_deref()).await?),
        None => Ok(Vec::new()),
    }
}

async fn prove(set: &Set, sink: &Arc<dyn Sink>) -> error::Result<Report> {
    let report = verify(set, None, Depth::Rows, sink).await?;
    if report.is_sound() {
        return Ok(report);
    }
    let why = first_of(&report.problems);
    Err(error::Error::new(
        Kind::Backup,
        format!("the backup did not verify and was removed: {why}"),
    )
    .hint("the disk or its memory may be failing: name another folder"))
}

/// The indexes of the tables a set takes.
fn select(
    catalog: &Catalog,
    default_schema: Option<&str>,
    target: &Target,
    options: &CreateOptions,
) -> Result<Vec<usize>, Error> {
    let known: Vec<&TableName> = catalog.tables.iter().map(|table| &table.name).collect();
    if known.iter().all(|name| history::keeper(name).is_some()) {
        return Err(Error::NothingToBackUp {
            database: target.shown().to_owned(),
        });
    }
    if options.tables.is_none() && catalog.hides {
        return Err(Error::Hidden {
            database: target.shown().to_owned(),
            name: target.engine().quote(target.name()),
        });
    }
    if options.tables.is_none() && !options.without_unread {
        unread::refuse_left_out(catalog, target.shown())?;
    }
    choose(
        &known,
        default_schema,
        options.tables.as_deref(),
        target.shown(),
    )
}

/// Copies the chosen tables over all readers. A history table that was not chosen is read for what it says.
async fn copy_tables(
    readers: Vec<Box<dyn Reader>>,
    catalog: &Catalog,
    chosen: &[usize],
    store: &Store,
    sink: &Arc<dyn Sink>,
) -> error::Result<Vec<Copied>> {
    let jobs: VecDeque<(usize, Job)> = catalog
        .tables
        .iter()
        .enumerate()
        .map(|(index, table)| Job {
            table: table.clone(),
            stored: chosen.contains(&index),
        })
        .filter(|job| job.stored || history::keeper(&job.table.name).is_some())
        .enumerate()
        .collect();
    let count = jobs.len();
    let queue = Mutex::new(jobs);
    let done = Mutex::new(Vec::with_capacity(count));
    let workers = readers.into_iter().map(|mut reader| {
        let (queue, done) = (&queue, &done);
        async move {
            loop {
                let next = lock(queue).pop_front();
                let Some((place, job)) = next else {
                    return Ok(());
                };
                let copied = copy(reader.as_mut(), job, store.folder(), sink).await?;
                lock(done).push((place, copied));
            }
        }
    });
    join_all(workers.collect()).await?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, copied)| copied).collect())
}

/// Nothing panics while it holds one of these locks; if it did, the data would still be whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write_schema(
    store: &Store,
    schema: &SchemaSql,
    info: &DatabaseInfo,
) -> publish::Result<(Draft, Written)> {
    let (draft, mut writer) = Draft::begin(store.folder())?;
    writer.write(schema_file::write(schema, info, TOOL).as_bytes())?;
    Ok((draft, writer.finish()?))
}

/// The set's files until it stands. Dropped in this order: without its summary the rest is no set.
struct Drafts {
    summary: Option<Draft>,
    tables: Vec<Draft>,
    schema: Draft,
}

impl Drafts {
    /// Gives every file its name, the summary last. The schema file's name is the same in every set, so whoever gets it
    /// owns the timestamp, also against another program that backs up into the same folder.
    fn publish(&mut self, store: &Store, summary: &mut Summary) -> error::Result<()> {
        let folder = store.folder();
        loop {
            summary.timestamp = store.free_timestamp(summary.timestamp)?;
            summary.schema.file = names::schema(summary.timestamp);
            match self.schema.publish(&folder.join(&summary.schema.file)) {
                Err(error) if error.is_taken() => {}
                result => break result?,
            }
        }
        let tables: Vec<&TableName> = summary.tables.iter().map(|table| &table.name).collect();
        let stems = names::stems(&tables);
        for ((draft, table), stem) in self.tables.iter_mut().zip(&mut summary.tables).zip(stems) {
            table.file = names::table(&stem, summary.timestamp);
            draft.publish(&folder.join(&table.file))?;
        }
        publish::sync_folder(folder)?;
        let (draft, mut writer) = Draft::begin(folder)?;
        let draft = self.summary.insert(draft);
        writer.write(&summary.to_bytes())?;
        writer.finish()?;
        draft.publish(&folder.join(names::summary(summary.timestamp)))?;
        publish::sync_folder(folder)?;
        Ok(())
    }

    fn keep(self) {
        self.schema.keep();
        self.tables.into_iter().for_each(Draft::keep);
        if let Some(summary) = self.summary {
            summary.keep();
        }
    }
}
