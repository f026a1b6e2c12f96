//! The command line: the only room that knows clap, the terminal and the process environment.
//!
//! `args` is what was typed, `settings` what it means; `commands` holds one file a command; `terminal` and `json` are two
//! renderings of the same events, and `github` adds what a runner should be told; `report` alone turns an error into a
//! hint and an exit code.

mod args;
mod ask;
mod commands;
mod config;
mod diagnostics;
mod discreet;
mod dotenv;
mod github;
mod json;
mod output;
mod panics;
mod parameters;
mod readable;
mod refusal;
mod report;
mod secrecy;
mod settings;
mod signals;
mod suggest;
mod terminal;

use std::ffi::OsString;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use args::Request;
use commands::Invocation;
use config::Alerts;
use discreet::Discreet;
use github::{Annotated, Runner};
use output::{Ending, Screen};
use report::End;
use settings::Settings;

use crate::storage::Secrets;
use crate::value::Value;

/// Runs the program: reads its arguments and environment, does what they say, and returns the exit code of PRODUCT.md.
pub fn run() -> ExitCode {
    panics::install();
    let line: Vec<OsString> = std::env::args_os().collect();
    let runner = settings::runner();
    let here = Path::new(".");
    let plain = screen(
        args::wants_json(&line),
        false,
        Secrets::new(),
        runner.is_some(),
    );
    let plain = annotated(
        plain,
        runner.clone(),
        Alerts::default(),
        Secrets::new(),
        here,
    );
    // Nothing that was under way is used after a panic: only the last word is said.
    let answered = std::panic::catch_unwind(AssertUnwindSafe(|| answer(line, &plain, runner)));
    let code = answered.unwrap_or_else(|_| finish(&*plain, Ending::from(panics::error()), None));
    ExitCode::from(code)
}

/// Does what the line asks for. `plain` is the screen until the settings are known.
fn answer(line: Vec<OsString>, plain: &Arc<dyn Screen>, runner: Option<Runner>) -> u8 {
    let args = match args::parse(line) {
        Ok(Request::Command(args)) => args,
        Ok(Request::Text(text)) => {
            let result = Value::Map(vec![("text".to_owned(), Value::from(text.clone()))]);
            return finish(&**plain, Ending::with(result, text), None);
        }
        Err(error) => return finish(&**plain, error.into(), None),
    };
    let environment = settings::process_environment();
    let settings = match environment.and_then(|variables| Settings::read(&args.flags, variables)) {
        Ok(settings) => settings,
        Err(error) => {
            let project = args.flags.project.as_deref().unwrap_or(Path::new("."));
            return finish(&**plain, error.into(), Some(project));
        }
    };
    diagnostics::start(settings.verbose, &settings.secrets);
    tracing::debug!(project = %settings.project.display(), backups = %settings.backups.display(), rights = ?settings.rights, "settings");
    let secrets = || settings.secrets.clone();
    let is_read_by_many = settings::is_ci();
    let screen = screen(settings.json, settings.quiet, secrets(), runner.is_some());
    let screen = match is_read_by_many {
        true => Arc::new(Discreet(screen)),
        false => screen,
    };
    let alerts = settings.alerts.clone();
    let screen = annotated(screen, runner, alerts, secrets(), &settings.project);
    let invocation = Invocation { settings, screen };
    let mut ending = args.command.execute(&invocation);
    if is_read_by_many && let Some(error) = &mut ending.error {
        error.data = None;
    }
    finish(
        &*invocation.screen,
        ending,
        Some(&invocation.settings.project),
    )
}

/// The screen a person or a program reads; `defused` where a runner reads along.
fn screen(json: bool, quiet: bool, secrets: Secrets, defused: bool) -> Arc<dyn Screen> {
    match json {
        true => Arc::new(json::Json::new(secrets, defused)),
        false => Arc::new(terminal::Terminal::new(quiet, secrets, defused)),
    }
}

/// The screen with what a runner should be told, where one reads it.
fn annotated(
    screen: Arc<dyn Screen>,
    runner: Option<Runner>,
    alerts: Alerts,
    secrets: Secrets,
    project: &Path,
) -> Arc<dyn Screen> {
    match runner {
        Some(runner) => Arc::new(Annotated::new(screen, runner, alerts, secrets, project)),
        None => screen,
    }
}

/// Says the last word and returns the exit code.
fn finish(screen: &dyn Screen, ending: Ending, project: Option<&Path>) -> u8 {
    let end = End::new(ending.result.clone(), ending.error.as_ref());
    match screen.end(&end, &ending, project) {
        // A reader that has seen enough (`| head`) is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe && end.exit_code == 0 => {
            screen.notice(&format!("error: cannot write the result: {error}"));
            1
        }
        _ => end.exit_code,
    }
}
