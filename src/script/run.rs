//! One run of a procedure: a thread with a large stack, the script on it, and clean-up whatever happens.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use rhai::{CallFnOptions, Dynamic, Scope};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::bridge::{self, Bridge, CLEANUP};
use super::context::{Context, DatabaseState, Outcome};
use super::convert;
use super::engine::{Machine, STACK_BYTES};
use super::files::Files;
use super::host::Host;
use super::parameter::{Parameter, ParameterType};
use super::procedure::Procedure;
use super::uncaught::explain;
use crate::error::{Error, Kind, Result};
use crate::value::Value;

/// The alert of a run that ends with 5: data is lost or damaged, or a backup does not verify.
pub const DATA_LOSS: &str = "data loss";
/// The alert of a run that ends with 6.
pub const FAILED_BACKUP: &str = "failed backup";

/// Runs a procedure with these arguments (see [`super::arguments`]) and waits for its end, also when it is stopped: an
/// open transaction is rolled back before this returns.
pub async fn run(procedure: &Procedure, arguments: Value, context: Context) -> Outcome {
    let handed = match handed_over(procedure, &arguments, &context) {
        Ok(handed) => handed,
        Err(error) => return failed(error),
    };
    let stop = context.stop.clone();
    let procedure = procedure.clone();
    let handle = Handle::current();
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            on_thread(&procedure, arguments, context, handle, &handed)
        }));
        let outcome = outcome.unwrap_or_else(|_| unknown(panicked()));
        // If nobody waits any more there is nobody to tell.
        let _ = sender.send(outcome);
    };
    let spawned = std::thread::Builder::new()
        .name("script".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(work);
    if let Err(source) = spawned {
        return failed(Error::new(
            Kind::Io,
            format!("cannot start the script's thread: {source}"),
        ));
    }
    let too_late = async {
        stop.stopped().await;
        while stop.is_held() {
            tokio::time::sleep(CLEANUP).await;
        }
        // Clean-up has its own limit; the rest is for what it cannot cut short, such as one long write to a file.
        tokio::time::sleep(2 * CLEANUP + Duration::from_secs(1)).await;
    };
    tokio::select! {
        biased;
        outcome = receiver => outcome.unwrap_or_else(|_| unknown(panicked())),
        () = too_late => {
            let mut error = bridge::stopped(stop.reason().unwrap_or(Kind::Interrupted));
            error.message.push_str(": the script did not come to an end");
            unknown(error.hint("see `dbscript status`"))
        }
    }
}

fn failed(error: Error) -> Outcome {
    ended(Value::Null, Some(error))
}

/// The end of a run that nobody could clean up after.
fn unknown(error: Error) -> Outcome {
    Outcome {
        state: DatabaseState::Unknown,
        ..failed(error)
    }
}

/// The end of a script; what it left behind is found out later.
fn ended(result: Value, error: Option<Error>) -> Outcome {
    Outcome {
        result,
        error,
        state: DatabaseState::default(),
    }
}

fn panicked() -> Error {
    Error::new(
        Kind::Internal,
        "the host met an error in itself; what was open is rolled back",
    )
    .hint("please report it, with the run log")
}

/// The files and folders that were named on the command line; they must be there before anything begins.
fn handed_over(
    procedure: &Procedure,
    arguments: &Value,
    context: &Context,
) -> Result<Vec<PathBuf>> {
    let Value::Map(arguments) = arguments else {
        return Ok(Vec::new());
    };
    let mut handed = Vec::new();
    for (key, value) in arguments {
        let found = procedure.parameters.iter().find(|one| one.key == *key);
        let (Some(parameter), Value::Text(text)) = (found, value) else {
            continue;
        };
        let path = context.project.join(text);
        let there = match parameter.kind {
            ParameterType::File => path.is_file(),
            ParameterType::Dir => path.is_dir(),
            _ => continue,
        };
        // A default need not be there: the script knows what that means.
        if parameter.default.as_ref() == Some(value) {
            continue;
        }
        if !there {
            return Err(not_handed_over(parameter, text, &path));
        }
        handed.push(path);
    }
    Ok(handed)
}

/// The error of a file or folder of the command line that is not there, or is the other of the two.
fn not_handed_over(parameter: &Parameter, text: &str, path: &Path) -> Error {
    let (wanted, other) = match parameter.kind {
        ParameterType::Dir => ("folder", "file"),
        _ => ("file", "folder"),
    };
    let flag = &parameter.name;
    let message = match path.exists() {
        true => format!("`--{flag}` names a {wanted}, and `{text}` is a {other}"),
        false => format!("`--{flag}`: there is no {wanted} `{text}`"),
    };
    Error::new(Kind::Usage, message).hint("a relative path counts from the project folder")
}

/// Everything that happens on the script's thread.
fn on_thread(
    procedure: &Procedure,
    arguments: Value,
    context: Context,
    handle: Handle,
    handed: &[PathBuf],
) -> Outcome {
    let files = Files::new(&context.project, &context.backups, handed);
    let bridge = Bridge::new(handle, context.stop.clone());
    let host = Host::new(context, &procedure.needs, bridge, files);
    let outcome = catch_unwind(AssertUnwindSafe(|| execute(procedure, arguments, &host)));
    let outcome = outcome.unwrap_or_else(|_| failed(panicked()));
    finish(outcome, &host)
}

/// Compiles the script and calls its `main`.
fn execute(procedure: &Procedure, arguments: Value, host: &Rc<Host>) -> Outcome {
    let machine = Machine::new(host, procedure.scripts.clone());
    let ast = match machine.compile(&procedure.source, &procedure.file) {
        Ok(ast) => ast,
        Err(error) => return failed(error),
    };
    let takes_arguments = ast
        .iter_functions()
        .any(|function| function.name == "main" && function.params.len() == 1);
    let given: Vec<Dynamic> = if takes_arguments {
        vec![convert::to_dynamic(arguments)]
    } else {
        Vec::new()
    };
    let returned = machine.engine.call_fn_with_options::<Dynamic>(
        CallFnOptions::new(),
        &mut Scope::new(),
        &ast,
        "main",
        given,
    );
    let exceeded = host.limits().exceeded();
    match returned {
        Ok(_) if exceeded.is_some() => ended(Value::Null, exceeded),
        Ok(value) => match convert::to_value(value) {
            Ok(result) => ended(result, None),
            Err(error) => failed(error.into()),
        },
        Err(error) => {
            let error = match host.limits().unheard() {
                Some(unheard) => unheard.replace(error),
                None => error,
            };
            let (mut error, result) = explain(*error, &procedure.file, &machine.sources);
            if let Some(limit) = exceeded.filter(|_| error.kind == Kind::Script) {
                // Rhai's own limit errors, and what a script made of ours, say less.
                (error.message, error.code, error.hint) = (limit.message, limit.code, limit.hint);
            }
            if let Some(step) = host.stopped_step() {
                error.trace.push(format!("in step `{step}`"));
            }
            ended(result, Some(error))
        }
    }
}

/// Rolls back what is open, says what a stop left behind, and turns alerts into an error.
fn finish(mut outcome: Outcome, host: &Rc<Host>) -> Outcome {
    let rolled_back = host.roll_back_all();
    let doubt = host.doubt();
    if let Some(error) = &mut outcome.error
        && matches!(error.kind, Kind::Interrupted | Kind::Timeout)
    {
        let done = host.done();
        if rolled_back.is_err() {
            let closing = ": the open transaction is rolled back as its connection closes";
            error.message.push_str(closing);
        }
        if done.is_empty() && doubt.is_none() {
            error.message.push_str(": the database is as it was found");
            if error.kind == Kind::Timeout && error.hint.is_none() {
                error.hint =
                    Some("if it needs longer, give it more: `--timeout SECONDS`".to_owned());
            }
        } else if !done.is_empty() {
            let listed = done.join("; ");
            error
                .message
                .push_str(&format!(": what was done before stays: {listed}"));
            let log = host.log().path();
            let log = log.map(|log| format!("what was done stands in {}", host.shown(&log)));
            let parts: Vec<String> = host.remedy().into_iter().chain(log).collect();
            error.hint = Some(parts.join("; ")).filter(|hint| !hint.is_empty());
        }
    }
    if let (Some(error), None) = (&mut outcome.error, &doubt) {
        say_what_stays(error, host);
    }
    if let (Some(error), Some(what)) = (&mut outcome.error, doubt) {
        let open = format!(
            ": the commit was cut off, and {what} may or may not be in: see `dbscript status`"
        );
        error.message.push_str(&open);
    }
    let alerts = host.alerts();
    if outcome.error.is_none() && !alerts.is_empty() {
        let mut error = Error::new(Kind::Integrity, alerts.join("; "));
        error.code = Some("alert".to_owned());
        outcome.error = Some(error);
    }
    alert_unless_done(outcome.error.as_ref(), host);
    outcome.state = state(outcome.error.as_ref(), host);
    outcome
}

/// An error that says nothing of the database says it here; those of the other kinds do so themselves.
fn say_what_stays(error: &mut Error, host: &Host) {
    let silent = [Kind::Database, Kind::Io, Kind::Script, Kind::Internal];
    if !host.wrote() || !silent.contains(&error.kind) {
        return;
    }
    let done = host.done();
    // A restore that was undone has said it.
    if done.is_empty() && error.message.contains("the database is as it was") {
        return;
    }
    let is_told = |what: &str| error.message.contains(&format!("but {what} stays"));
    let untold: Vec<&str> = done
        .iter()
        .map(String::as_str)
        .filter(|what| !is_told(what))
        .collect();
    let told = match (done.is_empty(), untold.is_empty()) {
        (true, _) => "; the database is as it was found".to_owned(),
        (false, true) => return,
        (false, false) => format!("; what was done before stays: {}", untold.join("; ")),
    };
    error.message.push_str(&told);
}

/// Whoever is called in the night is called for these two, whatever the script made of them.
fn alert_unless_done(error: Option<&Error>, host: &Host) {
    let name = match error.map(|error| error.kind) {
        Some(Kind::Integrity) => DATA_LOSS,
        Some(Kind::Backup) => FAILED_BACKUP,
        _ => return,
    };
    if let Some(error) = error
        && host.alerts().is_empty()
    {
        host.alert(name, &error.chain(), true);
    }
}

/// What the run left behind.
fn state(error: Option<&Error>, host: &Host) -> DatabaseState {
    if let Some(what) = host.doubt() {
        return DatabaseState::InDoubt(what);
    }
    let done = host.done();
    match error {
        _ if !done.is_empty() => DatabaseState::Changed(done),
        // Where the database commits by itself, only the message knows how far it came.
        Some(error) if error.kind == Kind::Migration && host.wrote() => DatabaseState::Unknown,
        Some(_) if host.wrote() => DatabaseState::RolledBack,
        _ => DatabaseState::AsFound,
    }
}
