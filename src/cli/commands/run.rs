//! `dbscript run`: gives a procedure its arguments, its database and its rights, watches for what stops it, and keeps its
//! run log to the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Invocation, runtime, show};
use crate::cli::ask::Prompt;
use crate::cli::output::{Ending, Tee};
use crate::cli::report::End;
use crate::cli::{args, parameters, signals};
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Level, Sink as _};
use crate::script::nearest::nearest;
use crate::script::{
    self, Context, DatabaseState, Library, Outcome, ParameterType, Procedure, Stop,
};
use crate::storage::RunLog;
use crate::value::Value;

/// Run a procedure; `dbscript run <procedure> --help` lists its parameters
#[derive(Debug, clap::Args)]
#[command(override_usage = "dbscript run [FLAGS] <PROCEDURE> [--PARAMETER VALUE]…")]
pub struct Run {
    /// The procedure, as `dbscript list` names it
    #[arg(value_name = "PROCEDURE")]
    pub procedure: String,
    /// The words behind it, but for the global flags
    #[arg(skip)]
    pub words: Vec<String>,
}

impl Run {
    /// Runs it.
    ///
    /// # Errors
    /// What is wrong with the command line, before anything is touched.
    pub fn execute(&self, invocation: &Invocation) -> Result<Ending> {
        let settings = &invocation.settings;
        let procedure = Library::open(&settings.project).find(&self.procedure)?;
        let words = parameters::read(&self.words, |name| is_flag(&procedure, name))?;
        if words.help {
            return Ok(Ending::with(
                show::describe(&procedure),
                show::help(&procedure),
            ));
        }
        let environment = match settings.rights.contains("env") {
            true => settings.environment.clone(),
            false => BTreeMap::new(),
        };
        let arguments =
            script::arguments(&procedure, &words.named, &words.positional, &environment)
                .map_err(|error| or_global(error, &procedure, &words.named))?;
        let (target, is_default) = settings.target()?;
        let log = Arc::new(self.log(invocation, &procedure));
        let tee = Tee::new(Arc::clone(&invocation.screen), Arc::clone(&log));
        let sink = Arc::new(tee.muting(&settings.alerts.mute));
        sink.send(&Event::Run {
            procedure: procedure.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            database: target.shown().to_owned(),
            plan: settings.plan,
            parameters: arguments.clone(),
        });
        if is_default {
            invocation.say_default(&target);
        }
        tracing::debug!(procedure = procedure.file, %target, timeout = ?settings.timeout, "run");
        let stop = Stop::default();
        let context = Context {
            project: settings.project.clone(),
            target,
            backups: settings.backups.clone(),
            plan: settings.plan,
            asker: Arc::new(Prompt {
                screen: Arc::clone(&invocation.screen),
                yes: settings.yes,
                silent: settings.json,
                stop: stop.clone(),
            }),
            sink: sink.clone(),
            log: Arc::clone(&log),
            rights: settings.rights.clone(),
            keep_last: settings.keep_last,
            environment,
            stop: stop.clone(),
        };
        let outcome = runtime()?.block_on(async {
            match signals::watch(&stop, settings.timeout, &invocation.screen) {
                Ok(()) => script::run(&procedure, arguments, context).await,
                Err(source) => cannot_listen(source),
            }
        });
        sink.close();
        Ok(close(outcome, &log, invocation))
    }

    fn log(&self, invocation: &Invocation, procedure: &Procedure) -> RunLog {
        let settings = &invocation.settings;
        let log = RunLog::new(&settings.backups.join("runs"), &procedure.name)
            .masking(settings.secrets.clone());
        match settings.plan {
            true => log.planning(),
            false => log,
        }
    }
}

/// Whether a parameter of the procedure takes no value.
fn is_flag(procedure: &Procedure, name: &str) -> Option<bool> {
    let key = name.replace('-', "_");
    let found = procedure.parameters.iter().find(|one| one.key == key)?;
    Some(found.kind == ParameterType::Bool)
}

/// The error about a parameter that is not there; a global flag may have been meant.
fn or_global(error: Error, procedure: &Procedure, named: &[(String, Option<String>)]) -> Error {
    let is_unknown = |name: &&str| is_flag(procedure, name).is_none();
    let unknown = named.iter().map(|(name, _)| name.as_str()).find(is_unknown);
    let globals = args::global_names();
    let parameters = procedure.parameters.iter().map(|one| one.name.as_str());
    let all = parameters.chain(globals.iter().map(String::as_str));
    match unknown.and_then(|name| nearest(name, all)) {
        Some(near) => error.hint(format!("did you mean `--{near}`?")),
        None => error,
    }
}

/// Writes the run log's last line, and says where the log is when a person will want it.
fn close(outcome: Outcome, log: &RunLog, invocation: &Invocation) -> Ending {
    let Outcome {
        result,
        mut error,
        state,
    } = outcome;
    if let (Some(path), Some(_)) = (log.path(), &error) {
        invocation.screen.send(&Event::Log {
            level: Level::Info,
            message: format!("run log: {}", invocation.settings.shown(&path)),
            data: None,
        });
    }
    let written = log.end(&End::new(result.clone(), error.as_ref()).without_data());
    if let (Err(unwritten), None) = (written, &error) {
        error = Some(unwritten);
    }
    Ending {
        result,
        text: None,
        error,
        state: Some(state),
    }
}

fn cannot_listen(source: std::io::Error) -> Outcome {
    let mut error = Error::new(Kind::Io, "cannot listen to signals");
    error.source = Some(Box::new(source));
    Outcome {
        result: Value::Null,
        error: Some(error),
        state: DatabaseState::AsFound,
    }
}
