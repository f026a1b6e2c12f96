//! `dbscript status`: the state of the database, its migrations and its backups; what is damaged, left over or unfinished.
//!
//! One part that cannot be looked at does not hide the others: on the worst day, the list of backups is what is wanted
//! most, and the database is what cannot be opened.

mod next;

use std::time::Duration;

use super::{Invocation, runtime};
use crate::backup::{Entry, Listing, State, Store};
use crate::cli::output::Ending;
use crate::cli::readable;
use crate::cli::settings::Settings;
use crate::db::{Access, Session, Target};
use crate::error::{Error, Kind, Result};
use crate::migrate::{self, Evidence, History, Source};
use crate::storage::{self, Unfinished};
use crate::value::Value;
use next::Known;

/// How long a look at the database waits for a lock, in seconds: whoever looks wants to know now.
const LOCK_LIMIT_S: u64 = 5;

/// Say what state the database, the migrations and the backups are in
///
/// Looks at sizes, not at every byte: `dbscript run verify` proves a backup.
///
/// Exits with 0 whatever it finds, as long as it could look. A job that must fail on drift runs
/// `dbscript run safe-migration --plan` (3), on a damaged backup `dbscript run verify --from all` (5).
#[derive(Debug, clap::Args)]
pub struct Status {}

/// Fields of a result, in their order.
type Fields = Vec<(String, Value)>;

impl Status {
    /// Looks at everything there is.
    ///
    /// # Errors
    /// What is wrong with the settings; what is wrong with the database is told beside the rest.
    pub fn execute(&self, invocation: &Invocation) -> Result<Ending> {
        let settings = &invocation.settings;
        let (target, is_default) = settings.target()?;
        if is_default {
            invocation.say_default(&target);
        }
        let mut problems = Problems::default();
        let source = Source::find(&settings.project, None);
        let looked = look_in_time(settings.timeout, &target, source.as_ref().ok());
        let mut database = address(&target);
        let history = match looked {
            Ok((fields, history, unreadable)) => {
                database.extend(unreadable.map(|error| problems.keep(error)));
                // The server says which engine it is, whatever the URL says.
                database.retain(|(name, _)| fields.iter().all(|(known, _)| known != name));
                database.extend(fields);
                Some(history)
            }
            Err(error) => {
                database.push(problems.keep(error));
                None
            }
        };
        let leftovers = leftovers(&database);
        let evidence = Evidence {
            backups: &settings.backups,
            target: &target,
        };
        let half = history
            .as_ref()
            .map(|history| history.half_applied(&evidence))
            .unwrap_or_default();
        let migrations = match (source, &history) {
            (Ok(source), Some(history)) => describe_history(&source, history),
            (Ok(source), None) => vec![("folder".to_owned(), source.folder.into())],
            (Err(migrate::Error::Folder { source, .. }), _) if is_missing(&source) => {
                vec![("folder".to_owned(), Value::Null)]
            }
            (Err(migrate::Error::Prisma { path }), _) => not_read(path),
            (Err(error), _) => vec![problems.keep(error.into())],
        };
        let mut result = vec![
            ("database".to_owned(), Value::Map(database)),
            ("migrations".to_owned(), Value::Map(migrations)),
        ];
        let (listing, unfinished) = found(settings, &mut problems);
        let known = Known {
            evidence,
            swaps: target.engine().history_sql().commits_by_itself,
            leftovers: &leftovers,
        };
        let history = history.as_ref();
        let steps = next::steps(settings, history, &half, &listing, &unfinished, &known);
        result.extend(backups(settings, listing, &unfinished));
        let steps = steps.into_iter().map(Value::from).collect();
        result.push(("next".to_owned(), Value::List(steps)));
        Ok(Ending {
            text: Some(text(&result)),
            result: Value::Map(result),
            error: problems.first,
            state: None,
        })
    }
}

/// What could not be looked at: the first one decides the exit code.
#[derive(Default)]
struct Problems {
    first: Option<Error>,
}

impl Problems {
    /// Remembers it, and gives the field that tells it.
    fn keep(&mut self, error: Error) -> (String, Value) {
        let message = Value::from(error.chain());
        self.first.get_or_insert(error);
        ("problem".to_owned(), message)
    }
}

/// What lies in the backups folder: sets, and runs that did not end.
fn found(settings: &Settings, problems: &mut Problems) -> (Listing, Vec<Unfinished>) {
    let mut listing = Store::open(&settings.backups)
        .list()
        .unwrap_or_else(|error| {
            problems.keep(error.into());
            Listing::default()
        });
    let unfinished = storage::unfinished(&settings.backups.join("runs"));
    let unfinished = unfinished.unwrap_or_else(|error| {
        problems.keep(error);
        Vec::new()
    });
    listing.litter = next::left_behind(listing.litter, &unfinished);
    (listing, unfinished)
}

/// The sets, sound and damaged, what belongs to none, and the run that was interrupted last.
fn backups(settings: &Settings, listing: Listing, unfinished: &[Unfinished]) -> Fields {
    let interrupted = unfinished.last().map_or(Value::Null, |newest| {
        Value::Map(vec![
            ("log".to_owned(), settings.shown(&newest.path).into()),
            ("running".to_owned(), Value::Bool(newest.running)),
            ("others".to_owned(), count(unfinished.len() - 1)),
        ])
    });
    let (good, damaged): (Vec<&Entry>, Vec<&Entry>) = listing
        .sets
        .iter()
        .partition(|entry| entry.fault().is_none());
    let litter = listing.litter.into_iter().map(Value::from);
    vec![
        (
            "backups".to_owned(),
            Value::List(good.into_iter().filter_map(backup).collect()),
        ),
        (
            "damaged".to_owned(),
            Value::List(damaged.into_iter().map(damage).collect()),
        ),
        ("litter".to_owned(), Value::List(litter.collect())),
        ("interrupted".to_owned(), interrupted),
    ]
}

/// [`look`], for as long as a person wants to wait for it.
fn look_in_time(
    limit: Option<Duration>,
    target: &Target,
    source: Option<&Source>,
) -> Result<(Fields, History, Option<Error>)> {
    let runtime = runtime()?;
    let looked = runtime.block_on(async {
        let Some(limit) = limit else {
            return look(target, source).await;
        };
        let looked = tokio::time::timeout(limit, look(target, source)).await;
        looked.unwrap_or_else(|_| {
            let what = "the time limit was reached before the database was looked at";
            Err(Error::new(Kind::Timeout, what).hint("give it more: `--timeout SECONDS`"))
        })
    });
    // What is still under way, such as the look-up of a host's name, is not waited for.
    runtime.shutdown_background();
    looked
}

/// What the database itself says, and why its tables could not be counted: the migrations are told all the same.
async fn look(
    target: &Target,
    source: Option<&Source>,
) -> Result<(Fields, History, Option<Error>)> {
    let nothing = Source::default();
    let source = source.unwrap_or(&nothing);
    target.refuse_left_beside()?;
    let target = target.clone().opened_within(LOCK_LIMIT_S);
    if !target.exists() {
        let fields = vec![("exists".to_owned(), Value::Bool(false))];
        return Ok((fields, History::empty(source), None));
    }
    // A schema that is not there is told as such, as to every procedure.
    let access = Access {
        guarded: true,
        ..Access::default()
    };
    let mut session: Session = target.connect(access).await?;
    session.limit_lock_waits(Some(LOCK_LIMIT_S)).await?;
    let info = session.info().await?;
    let leftovers = session.leftovers().await?;
    let mut fields = vec![
        ("exists".to_owned(), Value::Bool(true)),
        ("engine".to_owned(), info.engine.into()),
        ("version".to_owned(), info.version.into()),
    ];
    let unreadable = match session.catalog().await {
        Ok(catalog) => {
            fields.push(("tables".to_owned(), count(catalog.tables.len())));
            None
        }
        Err(error) => Some(session.who_holds(error).await.into()),
    };
    if !leftovers.is_empty() {
        let leftovers = leftovers.into_iter().map(Value::from);
        fields.push(("leftovers".to_owned(), Value::List(leftovers.collect())));
    }
    let history = match History::read(&mut session, source).await {
        Ok(history) => history,
        Err(error) => return Err(session.who_holds(error).await.into()),
    };
    Ok((fields, history, unreadable))
}

/// What the database says is left of runs that were cut off.
fn leftovers(database: &Fields) -> Vec<String> {
    let lists = database.iter().filter(|(name, _)| name == "leftovers");
    let texts = lists.flat_map(|(_, list)| match list {
        Value::List(items) => items.as_slice(),
        _ => &[],
    });
    let texts = texts.filter_map(|item| match item {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

fn address(target: &Target) -> Fields {
    vec![
        ("url".to_owned(), target.shown().into()),
        ("engine".to_owned(), target.engine().name().into()),
        ("name".to_owned(), target.name().into()),
    ]
}

fn is_missing(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::NotFound
}

/// Prisma's migrations keep nobody from looking at the rest.
fn not_read(folder: String) -> Fields {
    let why = "Prisma's migrations are not read yet: `npx prisma migrate status` tells of them";
    vec![
        ("folder".to_owned(), folder.into()),
        ("not_read".to_owned(), why.into()),
    ]
}

/// How many migrations are applied, and each that is not as it should be.
fn describe_history(source: &Source, history: &History) -> Fields {
    let applied = history
        .entries
        .iter()
        .filter(|entry| entry.state == migrate::State::Applied);
    let others = history
        .entries
        .iter()
        .filter(|entry| entry.state != migrate::State::Applied)
        .map(|entry| {
            Value::Map(vec![
                ("version".to_owned(), Value::Int(entry.version)),
                ("name".to_owned(), entry.description.clone().into()),
                ("state".to_owned(), entry.state.name().into()),
            ])
        });
    let ignored = source.ignored.iter().cloned().map(Value::from);
    vec![
        ("folder".to_owned(), source.folder.clone().into()),
        ("applied".to_owned(), count(applied.count())),
        ("pending".to_owned(), count(history.pending().len())),
        ("not_applied".to_owned(), Value::List(others.collect())),
        ("ignored".to_owned(), Value::List(ignored.collect())),
    ]
}

fn backup(entry: &Entry) -> Option<Value> {
    let summary = entry.set()?.summary();
    Some(Value::Map(vec![
        ("timestamp".to_owned(), entry.timestamp.to_string().into()),
        ("database".to_owned(), summary.database.name.clone().into()),
        (
            "place".to_owned(),
            summary
                .database
                .place
                .clone()
                .map_or(Value::Null, Value::from),
        ),
        (
            "label".to_owned(),
            summary.label.clone().map_or(Value::Null, Value::from),
        ),
        ("rows".to_owned(), number(summary.rows())),
        ("bytes".to_owned(), number(summary.bytes())),
        ("partial".to_owned(), Value::Bool(summary.is_partial())),
    ]))
}

fn damage(entry: &Entry) -> Value {
    let problems = match &entry.state {
        State::Complete(_) => Vec::new(),
        State::Damaged { problems, .. } => problems.iter().map(ToString::to_string).collect(),
        State::Unreadable { file, why } => vec![format!("`{file}`: {why}")],
    };
    Value::Map(vec![
        ("timestamp".to_owned(), entry.timestamp.to_string().into()),
        (
            "problems".to_owned(),
            Value::List(problems.into_iter().map(Value::from).collect()),
        ),
    ])
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn number(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// For people: lists as tables, and only what there is.
fn text(result: &[(String, Value)]) -> String {
    let mut lines = Vec::new();
    for (name, value) in result {
        match (name.as_str(), value) {
            ("backups", Value::List(backups)) if !backups.is_empty() => {
                lines.push("backups:".to_owned());
                lines.extend(table(backups));
            }
            ("damaged" | "litter" | "next", Value::List(items)) if items.is_empty() => {}
            ("interrupted", Value::Null) => {}
            ("migrations", Value::Map(fields)) => {
                let is_list = |name: &str| matches!(name, "not_applied" | "ignored");
                let (lists, plain): (Fields, Fields) =
                    fields.iter().cloned().partition(|(name, _)| is_list(name));
                lines.extend(readable::lines(&Value::Map(vec![(
                    name.clone(),
                    Value::Map(plain),
                )])));
                for (_, list) in lists {
                    if let Value::List(items) = list {
                        lines.extend(table(&items));
                    }
                }
            }
            _ => {
                let field = vec![(name.clone(), value.clone())];
                lines.extend(readable::lines(&Value::Map(field)));
            }
        }
    }
    lines.join("\n")
}

/// Maps of the same fields as a table, anything else as lines; indented.
fn table(items: &[Value]) -> Vec<String> {
    let mut headings = Vec::new();
    let mut rows = Vec::new();
    for item in items {
        match item {
            Value::Map(fields) => {
                headings = fields.iter().map(|(name, _)| name.clone()).collect();
                let cell = |(_, value): &(String, Value)| readable::lines(value).concat();
                rows.push(fields.iter().map(cell).collect());
            }
            other => rows.push(readable::lines(other)),
        }
    }
    let lines = readable::table(&headings, &rows).into_iter();
    lines
        .filter(|line| !line.is_empty())
        .map(|line| format!("  {line}"))
        .collect()
}
