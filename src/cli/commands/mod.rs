//! The commands, one file each; a command's doc comment is its help text.

mod check;
mod init;
mod list;
mod run;
mod show;
mod status;

use std::sync::Arc;

use super::output::{Ending, Screen};
use super::settings::Settings;
use crate::db::Target;
use crate::error::{Error, Kind, Result};

/// Every command.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Run(run::Run),
    List(list::List),
    Show(show::Show),
    Check(check::Check),
    Status(status::Status),
    Init(init::Init),
}

/// What a command works with.
pub struct Invocation {
    /// What was said about how to do it.
    pub settings: Settings,
    /// Where it is said what is done.
    pub screen: Arc<dyn Screen>,
}

impl Command {
    /// Does it.
    pub fn execute(&self, invocation: &Invocation) -> Ending {
        let done = match self {
            Command::Run(run) => run.execute(invocation),
            Command::List(list) => list.execute(invocation),
            Command::Show(show) => show.execute(invocation),
            Command::Check(check) => check.execute(invocation),
            Command::Status(status) => status.execute(invocation),
            Command::Init(init) => Ok(init.execute(invocation)),
        };
        done.unwrap_or_else(Ending::from)
    }
}

impl Invocation {
    /// Says that no database was named; on every run, since the wrong one may be meant.
    pub fn say_default(&self, target: &Target) {
        self.screen.notice(&format!(
            "DATABASE_URL is not set: using the embedded database `{}`",
            target.shown()
        ));
    }
}

/// What runs the asynchronous core.
///
/// # Errors
/// When the operating system has no threads left.
fn runtime() -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.map_err(|source| {
        let mut error = Error::new(Kind::Io, "cannot start");
        error.source = Some(Box::new(source));
        error
    })
}
