//! The whole of it: files in, findings out.

use super::action::Action;
use super::allow::Allowance;
use super::dialect::Reading;
use super::draft::{Draft, LetGo, Weight, What};
use super::given::{self, Given, allowances};
use super::judge::{self, Placed, Running, Verdict};
use super::show::{mask_literals, shorten};
use super::split::{Statement, split};
use super::steps::{functions, steps};
use super::weigh::{Weighed, Witness, weigh};
use super::world::World;
use crate::db::{Engine, Session};
use crate::error::Result;
use crate::event::{Finding, Logged, Severity};

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
    /// Tables and columns that live on under another name.
    pub renamed: Vec<Renamed>,
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

/// A hazard that takes something away, which no row met when the data was asked.
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
    let mut engine = named;
    let catalog = match session.as_deref_mut() {
        Some(session) => Some(session.catalog().await?),
        None => None,
    };
    let reading = match session.as_deref_mut() {
        Some(session) => {
            let info = session.info().await?;
            // Of MySQL and MariaDB, only the server says which it is.
            engine = Engine::from_name(&info.engine).unwrap_or(named);
            Reading::of(engine, &info)
        }
        None => Reading::offline(engine),
    };
    let split: Vec<Vec<Statement<'_>>> =
        files.iter().map(|file| split(engine, file.text)).collect();
    let steps = steps(&reading, &split, functions(catalog.as_ref()));
    let running: Vec<Running> = files.iter().map(running).collect();
    let applied_here = options.applied_here && catalog.is_some();
    let verdict = judge::judge(&reading, &steps, &running, catalog.as_ref(), applied_here);
    let mut desk = Desk {
        engine,
        files,
        split: &split,
        steps: &steps,
        allowances: allowances(engine, files, &split, options.allow),
        lint: Lint::default(),
    };
    let mut witness = session.map(Witness::new);
    for draft in &verdict.drafts {
        let weighed = weigh(draft, options.rehearsal, witness.as_mut()).await?;
        desk.record(draft, weighed);
    }
    Ok(desk.close(verdict))
}

/// Whether a file runs in one transaction: Prisma's do not, sqlx's do unless they say so.
fn running(file: &SqlFile<'_>) -> Running {
    let prisma = file.name.ends_with("migration.sql");
    Running {
        in_transaction: !prisma && !file.text.starts_with("-- no-transaction"),
    }
}

/// Turns weighed hazards into findings.
struct Desk<'a> {
    engine: Engine,
    files: &'a [SqlFile<'a>],
    split: &'a [Vec<Statement<'a>>],
    steps: &'a [Placed],
    allowances: Vec<Given>,
    lint: Lint,
}

impl Desk<'_> {
    fn record(&mut self, draft: &Draft, weighed: Weighed) {
        let allowed = self.allow(draft);
        let by_rule = weighed.certain
            && weighed
                .severity
                .is_none_or(|severity| severity < Severity::Probe);
        if allowed.is_some() || by_rule {
            let gone = draft.let_go.iter().cloned();
            // An UPDATE that meets no value still fills gaps.
            let fills = draft.rule == "update-rows" && allowed.is_none();
            self.lint.let_go.extend(gone.map(|gone| LetGo {
                allowed: allowed.is_some(),
                what: match gone.what {
                    What::Values if fills && weighed.severity.is_none() => What::Gaps,
                    what => what,
                },
                ..gone
            }));
        }
        let Some(severity) = weighed.severity else {
            if allowed.is_none() {
                self.lint.unmet.extend(self.unmet(draft));
            }
            return;
        };
        if let (None, Some(object), false) = (&allowed, &draft.table, draft.let_go.is_empty()) {
            self.lint.doubts.push(Doubt {
                allowance: format!("{}({object})", draft.rule),
                let_go: draft.let_go.clone(),
            });
        }
        let placed = &self.steps[draft.at];
        let statement = &self.split[placed.file][placed.statement];
        let (line, column) = place(statement, placed.step.offset.max(draft.offset));
        self.lint.findings.push(Finding {
            rule: draft.rule.to_owned(),
            severity,
            file: self.files[placed.file].name.to_owned(),
            line,
            column,
            statement: shorten(self.engine, statement.text),
            table: draft.table.clone(),
            message: weighed.message,
            hint: draft.hint.clone().filter(|_| allowed.is_none()),
            logged: Logged {
                statement: mask_literals(self.engine, statement.text),
                message: weighed.logged,
                probe: weighed
                    .probe
                    .as_deref()
                    .map(|probe| mask_literals(self.engine, probe)),
            },
            probe: weighed.probe,
            destroys: !draft.let_go.is_empty() && !draft.fails,
            fails: draft.fails,
            allowed,
        });
    }

    /// What may be asked again before the statement runs.
    fn unmet(&self, draft: &Draft) -> Option<Unmet> {
        let Weight::Ask(question) = &draft.weight else {
            return None;
        };
        let placed = &self.steps[draft.at];
        let mut tables: Vec<String> = draft.let_go.iter().map(|gone| gone.table.clone()).collect();
        tables.dedup();
        let takes = !tables.is_empty() && !draft.fails && question.severity == Severity::Block;
        takes.then(|| Unmet {
            file: self.files[placed.file].name.to_owned(),
            statement: placed.statement,
            tables,
            asked: question.met.clone(),
            instead: question.instead.as_ref().map(|instead| instead.met.clone()),
            told: format!("{} {}", question.subject, question.verdict),
        })
    }

    /// The allowance that covers a hazard, which is used by that; the nearest one first.
    fn allow(&mut self, draft: &Draft) -> Option<String> {
        let placed = &self.steps[draft.at];
        let here = (placed.file, placed.statement);
        let names = || draft.table.iter().chain(&draft.aliases).map(String::as_str);
        let mut covering: Vec<&mut Given> = self
            .allowances
            .iter_mut()
            .filter(|given| {
                given.misplaced.is_none() && given.statement.is_none_or(|at| at == here)
            })
            .filter(|given| given.allowance.covers(draft.rule, names()))
            .collect();
        covering.sort_by_key(|given| given.statement.is_none());
        let first = covering.into_iter().next()?;
        first.allowance.used = true;
        first.gives |= !draft.let_go.is_empty();
        Some(first.allowance.text())
    }

    /// What a statement does that cannot be seen here, or only the rehearsal sees (a rule, a trigger), may be allowed as
    /// well: an allowance that names a table says what may go, also one that covers no more than a note about a routine.
    /// Returns the allowances that cover no hazard besides.
    fn allow_unseen(&mut self, world: &World) -> Vec<Finding> {
        let mut unused = Vec::new();
        for given in self.allowances.iter_mut().filter(|given| !given.gives) {
            let unseen = self.steps.iter().any(|placed| {
                given.statement == Some((placed.file, placed.statement))
                    && matches!(placed.step.action, Action::Call { .. } | Action::Dynamic(_))
            });
            let gone = match given.misplaced {
                Some(_) => None,
                None => given::names_what_goes(&given.allowance, world, unseen),
            };
            let accepted = gone.is_some();
            self.lint.let_go.extend(gone);
            let used = given.allowance.used;
            given.allowance.used |= accepted;
            if !(used || accepted && unseen) {
                unused.push(given::unused(given, accepted));
            }
        }
        unused
    }

    fn close(mut self, verdict: Verdict) -> Lint {
        let unused = self.allow_unseen(&verdict.world);
        self.lint.findings.extend(unused);
        let order: Vec<&str> = self.files.iter().map(|file| file.name).collect();
        self.lint.findings.sort_by_key(|finding| {
            let file = order.iter().position(|name| *name == finding.file);
            (file, finding.line, finding.column)
        });
        self.lint.allowances = self
            .allowances
            .into_iter()
            .map(|given| given.allowance)
            .collect();
        self.lint.let_go.extend(verdict.silent);
        self.lint.let_go.sort_by(|one, other| {
            let key = |gone: &LetGo| {
                (
                    gone.table.clone(),
                    gone.column.clone(),
                    gone.what,
                    !gone.allowed,
                )
            };
            key(one).cmp(&key(other))
        });
        self.lint.let_go.dedup_by(|later, first| {
            (&later.table, &later.column, later.what) == (&first.table, &first.column, first.what)
        });
        self.lint.renamed = renamed(&verdict.world);
        self.lint.written = written(&verdict.world);
        self.lint
    }
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

fn renamed(world: &World) -> Vec<Renamed> {
    let mut renamed = Vec::new();
    for table in world.tables() {
        let Some(live) = &table.live else {
            continue;
        };
        if *live != table.name {
            renamed.push(Renamed {
                table: live.to_string(),
                column: None,
                to: table.name.to_string(),
            });
        }
        for column in table.columns.iter().flatten().chain(&table.added) {
            if let Some(before) = column
                .live
                .as_ref()
                .filter(|before| **before != column.name)
            {
                renamed.push(Renamed {
                    table: live.to_string(),
                    column: Some(before.clone()),
                    to: column.name.clone(),
                });
            }
        }
    }
    renamed
}

fn written(world: &World) -> Vec<String> {
    let tables = world.tables().into_iter();
    tables
        .filter(|table| table.moved)
        .map(|table| table.name.to_string())
        .collect()
}
