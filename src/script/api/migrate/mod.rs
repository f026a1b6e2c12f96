//! `migrate`: what is to be applied, what it would do to the data, and applying it.

mod before;
mod linting;
mod stopped;

use rhai::{Array, Dynamic, Map};

use before::{refuse_half_restored, refuse_read_only, tell_what_is_made};
use linting::{lint, probe, refuse_unless_allowed};
use stopped::tell_what_is_in;

use super::backup::{map, number};
use super::{
    Accepts, Answer, Call, Form, Function, Key, Namespace, Receiver, no_types, optional, required,
};
use crate::db::Session;
use crate::error::{Error, Kind};
use crate::event::{Level, counted};
use crate::migrate::{self, Conditions, Entry, Migration, Resolution, WayBack};
use crate::script::convert::to_dynamic;
use crate::script::fault::Thrown;
use crate::script::host::Host;
use crate::value::Value;

const DIR: &str = "the folder; `migrations/` of the project for ()";
const PENDING: &str = "what `migrate::pending` returned";

const LINT_OPTIONS: &[Key] = &[
    Key {
        name: "allow",
        accepts: Accepts::ListOrUnit,
        doc: "hazards that are meant, such as `drop-column(users.fax)`",
    },
    Key {
        name: "rehearse",
        accepts: Accepts::TextOrUnit,
        doc: "`full` if a rehearsal follows, which then decides what data of now cannot; `off` if not",
    },
];

const PENDING_OPTIONS: &[Key] = &[Key {
    name: "lock_timeout",
    accepts: Accepts::IntOrUnit,
    doc: "how many seconds other programs may keep an SQLite file from being opened, 10 if left out",
}];

const UP_OPTIONS: &[Key] = &[
    Key {
        name: "lock_timeout",
        accepts: Accepts::IntOrUnit,
        doc: "how many seconds a statement may wait for what other programs have locked, 10 if left out; a scratch database has no others",
    },
    Key {
        name: "statement_timeout",
        accepts: Accepts::IntOrUnit,
        doc: "how many seconds a statement may run before it is stopped; 0 or left out: as long as it takes",
    },
];

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "migrate",
    doc: "Migrations: files in sqlx's layout and sqlx's own history table.",
    functions: &[
        Function {
            name: "history",
            form: Form::Function,
            arguments: &[optional("dir", Accepts::TextOrUnit, DIR)],
            right: None,
            doc: "Lists every migration, in files and in the database.",
            result: "an array of maps: version, description, state (applied, pending, edited, missing, out-of-order, failed), applied_at, file",
            errors: "`usage` for a folder or file that cannot be used",
            body: history,
        },
        Function {
            name: "pending",
            form: Form::Function,
            arguments: &[
                optional("dir", Accepts::TextOrUnit, DIR),
                optional(
                    "options",
                    Accepts::Options(PENDING_OPTIONS),
                    "how long it may wait for others",
                ),
            ],
            right: None,
            doc: "Lists the migrations that are to be applied. Drift is refused: an edited, missing, failed or out-of-order one.",
            result: "an array of maps: version, description, file",
            errors: "`refused` for drift; `usage` for a folder or file that cannot be used",
            body: pending,
        },
        Function {
            name: "lint",
            form: Form::Function,
            arguments: &[
                required("pending", Accepts::List, PENDING),
                optional(
                    "options",
                    Accepts::Options(LINT_OPTIONS),
                    "what is allowed, and whether a rehearsal follows",
                ),
            ],
            right: None,
            doc: "Finds what would lose data or fail, and asks the data itself, read only.",
            result: "an array of findings: maps with rule, severity, file, line, column, statement, table, message, summary (the message without data of rows), hint, probe, allowed, destroys (whether it takes data away), fails (whether the statement fails, allowed or not)",
            errors: "`usage` for an allowance that is none",
            body: lint,
        },
        Function {
            name: "probe",
            form: Form::Function,
            arguments: &[required("pending", Accepts::List, PENDING)],
            right: None,
            doc: "As `lint`, but only what the data itself answered.",
            result: "an array of findings",
            errors: "as `lint`",
            body: probe,
        },
        Function {
            name: "refuse_unless_allowed",
            form: Form::Method(Receiver {
                name: "array",
                id: std::any::TypeId::of::<Array>,
            }),
            arguments: &[],
            right: None,
            doc: "Refuses to go on if a finding blocks and is not allowed. A method of what `lint` returned.",
            result: "()",
            errors: "`refused`, with the way out, and naming what may be allowed",
            body: refuse_unless_allowed,
        },
        Function {
            name: "up",
            form: Form::Function,
            arguments: &[
                required("pending", Accepts::List, PENDING),
                optional(
                    "options",
                    Accepts::Options(UP_OPTIONS),
                    "how long it may wait for others",
                ),
            ],
            right: Some("db:write"),
            doc: "Applies migrations. Where the database can, all of them or none. Creates a missing SQLite file. Only told under `--plan`.",
            result: "an array of maps: version, description, elapsed_ms",
            errors: "`migration`, with the statement and the state of the database; its code is `locked` where another program kept a lock too long",
            body: up,
        },
        Function {
            name: "down",
            form: Form::Function,
            arguments: &[required(
                "version",
                Accepts::Int,
                "the last applied migration",
            )],
            right: Some("db:write"),
            doc: "Undoes the last applied migration with its `.down.sql`. Only told under `--plan`.",
            result: "()",
            errors: "`usage` if it is not the last one or has no `.down.sql`; `migration` if it fails",
            body: down,
        },
        Function {
            name: "resolve",
            form: Form::Function,
            arguments: &[
                required("version", Accepts::Int, "the migration"),
                required(
                    "how",
                    Accepts::Text,
                    "`applied`: record it without running it; `rolled-back`: forget it",
                ),
            ],
            right: Some("db:write"),
            doc: "Corrects the history by hand, without running any migration: of one that is half applied, run logs are told so too. Only told under `--plan`.",
            result: "()",
            errors: "`usage` for another word, a version that is not known, or one where nothing is to be corrected",
            body: resolve,
        },
    ],
    types: no_types,
};

fn folder(call: &Call<'_>, index: usize) -> Option<std::path::PathBuf> {
    call.has(index).then(|| call.text(index).to_string().into())
}

fn describe(entry: &Entry) -> Value {
    map([
        ("version", Value::Int(entry.version)),
        ("description", entry.description.clone().into()),
        ("state", entry.state.name().into()),
        (
            "applied_at",
            entry.applied_at.clone().map_or(Value::Null, Value::Text),
        ),
        (
            "file",
            entry
                .migration
                .as_ref()
                .map_or(Value::Null, |migration| migration.file.clone().into()),
        ),
    ])
}

fn history(call: &Call<'_>) -> Answer {
    let history = call.host.history(folder(call, 0).as_deref())?;
    Ok(to_dynamic(Value::List(
        history.entries.iter().map(describe).collect(),
    )))
}

fn pending(call: &Call<'_>) -> Answer {
    call.host.limit_opening(lock_limit(call)?);
    refuse_half_restored(call.host)?;
    let history = call.host.history(folder(call, 0).as_deref())?;
    history
        .refuse_drift(&call.host.evidence())
        .map_err(Error::from)?;
    let pending = history.pending();
    refuse_read_only(call.host, &pending)?;
    tell_what_is_made(call.host, &pending)?;
    let describe = |migration: Migration| {
        map([
            ("version", Value::Int(migration.version)),
            ("description", migration.description.into()),
            ("file", migration.file.into()),
        ])
    };
    Ok(to_dynamic(Value::List(
        pending.into_iter().map(describe).collect(),
    )))
}

/// The migrations an argument lists.
fn listed(call: &Call<'_>, index: usize) -> Result<Vec<Migration>, Thrown> {
    let version = |item: Dynamic| {
        let version = item
            .read_lock::<Map>()
            .and_then(|map| map.get("version")?.as_int().ok());
        version.ok_or_else(|| {
            Thrown::from(
                Error::new(Kind::Script, "an item is no migration")
                    .hint("pass what `migrate::pending` returned"),
            )
        })
    };
    let versions = call
        .array(index)
        .into_iter()
        .map(version)
        .collect::<Result<Vec<i64>, Thrown>>()?;
    Ok(call.host.migrations(&versions)?)
}

/// How long a statement may wait for what others have locked, in seconds.
fn lock_limit(call: &Call<'_>) -> Result<u64, Thrown> {
    let Some(seconds) = call.options(1).int("lock_timeout") else {
        return Ok(migrate::LOCK_LIMIT_S);
    };
    match u64::try_from(seconds) {
        Ok(seconds) if seconds > 0 => Ok(seconds),
        _ => {
            let message = format!("`lock_timeout` is at least 1 second, not {seconds}");
            Err(Error::new(Kind::Script, message).into())
        }
    }
}

/// How long a statement may run, in seconds, where that is limited.
fn statement_limit(call: &Call<'_>) -> Result<Option<u64>, Thrown> {
    let seconds = call.options(1).int("statement_timeout").unwrap_or(0);
    let seconds = u64::try_from(seconds).map_err(|_| {
        let message = format!("`statement_timeout` is at least 0 seconds, not {seconds}");
        Error::new(Kind::Script, message)
    })?;
    Ok((seconds > 0).then_some(seconds))
}

fn up(call: &Call<'_>) -> Answer {
    let host = call.host;
    let pending = listed(call, 0)?;
    let (lock_limit_s, statement_limit_s) = (lock_limit(call)?, statement_limit(call)?);
    if host.depth() > 0 {
        let message = "migrations cannot be applied inside `db::transaction`";
        return Err(Error::new(Kind::Script, message)
            .hint("they have transactions of their own")
            .into());
    }
    refuse_half_restored(host)?;
    if host.plan() {
        announce(host, &pending)?;
        return Ok(Array::new().into());
    }
    let target = host.target();
    let missing = !host.exists()?;
    host.begin_work(
        "db:write",
        format!("apply {} to {target}", counted(pending.len(), "migration")),
    )?;
    host.create_if_missing();
    let (let_go, doubts) = (host.let_go(), host.doubts());
    let (unmet, copied) = (host.unmet(), host.copied());
    let conditions = Conditions {
        log: (!host.in_scratch()).then(|| host.log()),
        sink: host.sink(),
        let_go: &let_go,
        doubts: &doubts,
        unmet: &unmet,
        copied: &copied,
        lock_limit_s: (!host.in_scratch()).then_some(lock_limit_s),
        statement_limit_s,
        way_back: WayBack {
            set: host.saved().map(|set| set.to_string()),
            commits_by_itself: target.engine().history_sql().commits_by_itself,
        },
        settled: &|settled| host.settle_migration(settled),
    };
    host.forget_kept();
    let applied = host.session(async |session: &mut Session| {
        migrate::apply(session, &pending, &conditions).await
    });
    if host.stopped().is_some() && !host.in_scratch() {
        tell_what_is_in(host, &pending, &conditions.way_back);
    }
    if applied.is_err() && missing {
        match take_back_creation(host) {
            // The stop is what ended the run.
            Err(error) if host.stopped().is_some() => host.say(
                Level::Warn,
                format!("the empty database could not be removed: {}", error.chain()),
            ),
            done => done?,
        }
    }
    let describe = |applied: migrate::Applied| {
        map([
            ("version", Value::Int(applied.version)),
            ("description", applied.description.into()),
            ("elapsed_ms", number(applied.elapsed_ms)),
        ])
    };
    Ok(to_dynamic(Value::List(
        applied?.into_iter().map(describe).collect(),
    )))
}

/// Says what would be applied.
fn announce(host: &Host, pending: &[Migration]) -> Result<(), Error> {
    for migration in pending {
        host.effect(
            "db:write",
            format!("apply {} ({})", migration.file, migration.description),
        )?;
    }
    Ok(())
}

/// Leaves it as it was found: without a file or schema.
fn take_back_creation(host: &Host) -> Result<(), Error> {
    let target = host.target();
    host.roll_back_all()?;
    host.release_session()?;
    target.remove_if_empty()?;
    host.mend(target.remove_schema_if_empty())
}

fn down(call: &Call<'_>) -> Answer {
    let host = call.host;
    let history = host.history(None)?;
    let reversal =
        migrate::Reversal::find(host.project(), &history, call.int(0), &host.evidence())?;
    if host.effect(
        "db:write",
        format!("undo migration {} with {}", reversal.version, reversal.file),
    )? {
        host.session(async |session: &mut Session| {
            migrate::revert(session, &reversal, host.log()).await
        })?;
    }
    Ok(Dynamic::UNIT)
}

fn resolve(call: &Call<'_>) -> Answer {
    let host = call.host;
    let how = Resolution::from_name(&call.text(1))?;
    let history = host.history(None)?;
    let version = call.int(0);
    let correction = migrate::Correction::find(&history, version, how)?;
    if host.effect(
        "db:write",
        format!("record migration {version} as {}", how.name()),
    )? {
        host.session(async |session: &mut Session| migrate::resolve(session, &correction).await)?;
        host.note_closed(version);
    }
    Ok(Dynamic::UNIT)
}
