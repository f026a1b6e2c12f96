//! The whole of it: files in, findings out.

use super::action::Action;
use super::allow::Allowance;
use super::copied::{self, Copied};
use super::desk::Desk;
use super::dialect::Reading;
use super::draft::LetGo;
use super::given::allowances;
use super::judge::{self, Placed, Running};
use super::mode;
use super::rebuild::runs_without_keys;
use super::split::{Statement, split};
use super::steps::{functions, steps};
use super::unsaid::Unsaid;
use super::weigh::{Witness, counts, weigh};
use super::world::World;
use crate::db::{Catalog, Engine, Session};
use crate::error::Result;
use crate::event::{Finding, Severity};
use crate::ident::TableName;

/// A file of SQL.
#[derive(Clone, Debug)]
pub struct SqlFile<'a> {
    /// Its path as it is shown.
    pub name: &'a str,
    /// What is in it.
    pub text: &'a str,
}

/// What decides besides the files and the database.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// The flags of `--allow`, each `RULE[(object)]` or several joined by commas.
    pub allow: &'a [String],
    /// A rehearsal will run: what only it can tell is left to it.
    pub rehearsal: bool,
    /// dbscript itself runs the files, so foreign keys are off while tables are rebuilt.
    pub applied_here: bool,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Lint {
    /// The hazards, in the order of the files and of their places.
    pub findings: Vec<Finding>,
    /// What was allowed, and whether it covered anything.
    pub allowances: Vec<Allowance>,
    /// What the migration may take away; everything else must still be there afterwards.
    pub let_go: Vec<LetGo>,
    /// What would take something away and is not allowed, or not yet: only a rehearsal may tell whether it does.
    pub doubts: Vec<Doubt>,
    /// What the data said is no hazard, as no row met it: rows that are written meanwhile may.
    pub unmet: Vec<Unmet>,
    /// What is copied before it is taken away, and to be kept from others meanwhile.
    pub copied: Vec<Copied>,
    /// Tables and columns that live on under another name.
    pub renamed: Vec<Renamed>,
    /// Tables of the database whose name another one has afterwards.
    pub replaced: Vec<TableName>,
    /// Triggers that the files drop by name.
    pub dropped_triggers: Vec<String>,
    /// Tables whose rows the files write, by the name they have afterwards.
    pub written: Vec<String>,
}

/// A hazard that nothing allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The allowance it wants, such as `drop-column(users.fax)`.
    pub allowance: String,
    /// What it would take away.
    pub let_go: Vec<LetGo>,
}

/// A hazard that takes something away, which no row met when the data was asked, or which may take what it met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The file, by its name as it was given.
    pub file: String,
    /// The statement, as [`split()`] counts them.
    pub statement: usize,
    /// The tables it takes from, by the names they have before.
    pub tables: Vec<String>,
    /// SQL whose one number is how many rows meet it.
    pub asked: String,
    /// What is asked where that fails as its casts do.
    pub instead: Option<String>,
    /// What is counted and what happens to it, such as ``rows of `users` have a value in `fax` ``.
    pub told: String,
    /// The allowance it wants where it can be asked only right before the statement, as earlier ones of the set write the
    /// table, and the rehearsal does not see it, as another one may take the same.
    pub only_then: Option<String>,
    /// How many rows met it, where they may go: that it has become more is told, and refuses nothing.
    pub before: Option<u64>,
}

/// A table or column that gets another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The table before.
    pub table: String,
    /// The column before; `None`: the table itself is renamed.
    pub column: Option<String>,
    /// The name afterwards.
    pub to: String,
}

impl Lint {
    /// Findings that stop a run: blocking and not allowed.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.unallowed(Severity::Block)
    }

    /// Findings of this severity or above that nothing allows.
    pub fn unallowed(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.severity >= severity && finding.allowed.is_none())
    }
}

/// Finds the hazards of the pending files, in the order they run. With a session the schema and the data are asked, read
/// only; without one, what depends on them is reported as unproven.
///
/// # Errors
/// When the session fails; SQL that cannot be read is a finding.
pub async fn lint(
    named: Engine,
    files: &[SqlFile<'_>],
    options: &Options<'_>,
    mut session: Option<&mut Session>,
) -> Result<Lint> {
    let (engine, mut reading, catalog) = read(named, session.as_deref_mut()).await?;
    let mode = mode::of(engine, session.as_deref_mut()).await?;
    reading.ansi_quotes = mode.contains("ANSI_QUOTES");
    let split: Vec<Vec<Statement<'_>>> =
        files.iter().map(|file| split(engine, file.text)).collect();
    let steps = steps(&reading, &split, functions(catalog.as_ref()));
    let running: Vec<Running> = {
        let both = files.iter().zip(&split);
        both.map(|(file, split)| running(engine, file, split))
            .collect()
    };
    let applied_here = options.applied_here && catalog.is_some();
    let mut verdict = judge::judge(&reading, &steps, &running, catalog.as_ref(), applied_here);
    let misread = mode::misread(engine, &mode, files, &split, &steps);
    verdict.drafts.extend(misread);
    let replaced = replaced(&verdict.world, catalog.as_ref());
    let set = copied::Set {
        engine,
        files,
        split: &split,
        steps: &steps,
        running: &running,
        catalog: catalog.as_ref(),
    };
    verdict.drafts.extend(set.unguarded(&replaced));
    let mut desk = Desk {
        engine,
        unsaid: Unsaid::of(&verdict.world, catalog.as_ref()),
        files,
        split: &split,
        steps: &steps,
        objects: catalog.as_ref().map(|catalog| catalog.objects.as_slice()),
        allowances: allowances(engine, files, &split, options.allow),
        granted: Vec::new(),
        open: Vec::new(),
        lint: Lint::default(),
    };
    desk.settle_times(&mut verdict);
    let mut witness = session.map(Witness::new);
    for draft in &verdict.drafts {
        let weighed = weigh(draft, options.rehearsal, witness.as_mut()).await?;
        // Of what nothing allows they are not asked again.
        let carried = match witness.as_mut().filter(|_| desk.is_allowed(draft)) {
            Some(witness) => counts(&draft.carried, witness).await?,
            None => Vec::new(),
        };
        desk.record(draft, weighed, &carried);
    }
    let copies = match applied_here {
        true => judge_copies(&set, &mut desk, &replaced).await?,
        false => Vec::new(),
    };
    let mut lint = desk.close(verdict);
    lint.copied = copies;
    lint.replaced = replaced;
    lint.dropped_triggers = dropped_triggers(&steps);
    Ok(lint)
}

/// What is to be read, and by which engine's rules: of MySQL and MariaDB, only the server says which it is.
async fn read(
    named: Engine,
    session: Option<&mut Session>,
) -> Result<(Engine, Reading, Option<Catalog>)> {
    let Some(session) = session else {
        return Ok((named, Reading::offline(named), None));
    };
    let catalog = session.catalog().await?;
    let info = session.info().await?;
    let engine = Engine::from_name(&info.engine).unwrap_or(named);
    let reading = Reading::knowing(engine, &info, Some(&catalog));
    Ok((engine, reading, Some(catalog)))
}

/// What is copied before it is taken away: what has to be kept from others. That it cannot be is a finding.
async fn judge_copies(
    set: &copied::Set<'_>,
    desk: &mut Desk<'_>,
    replaced: &[TableName],
) -> Result<Vec<Copied>> {
    let (kept, drafts) = copied::copied(set, &desk.granted, replaced);
    for draft in &drafts {
        let weighed = weigh(draft, false, None).await?;
        desk.record(draft, weighed, &[]);
    }
    Ok(kept)
}

/// Whether a file runs in one transaction: Prisma's do not, sqlx's do unless they say so.
fn running(engine: Engine, file: &SqlFile<'_>, statements: &[Statement<'_>]) -> Running {
    let prisma = file.name == "migration.sql" || file.name.ends_with("/migration.sql");
    let in_transaction = !prisma && !file.text.starts_with("-- no-transaction");
    Running {
        in_transaction,
        without_keys: in_transaction && runs_without_keys(engine, statements),
    }
}

/// Tables of the database whose name another one has at the end; one that is rebuilt is the same table.
fn replaced(world: &World, catalog: Option<&Catalog>) -> Vec<TableName> {
    let tables = catalog.into_iter().flat_map(|catalog| &catalog.tables);
    let names = tables.map(|table| &table.name);
    let is_another = |name: &&TableName| {
        let now = world.table(name);
        now.is_some_and(|table| table.live.as_ref() != Some(name))
    };
    names.filter(is_another).cloned().collect()
}

fn dropped_triggers(steps: &[Placed]) -> Vec<String> {
    let actions = steps.iter().map(|placed| &placed.step.action);
    actions
        .filter_map(|action| match action {
            Action::DropTrigger { trigger, .. } => Some(trigger.name.clone()),
            _ => None,
        })
        .collect()
}

/// Line and column of a place in a statement.
pub(super) fn place(statement: &Statement<'_>, offset: usize) -> (usize, usize) {
    let before = statement.text.get(..offset).unwrap_or_default();
    match before.rfind('\n') {
        None => (statement.line, statement.column + before.chars().count()),
        Some(at) => {
            let lines = memchr::memchr_iter(b'\n', before.as_bytes()).count();
            (statement.line + lines, before[at + 1..].chars().count() + 1)
        }
    }
}
