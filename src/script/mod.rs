//! The script host: the only room that knows rhai.
//!
//! A [`Procedure`] is found in the [`Library`], its [`arguments`] are checked, and [`run()`] executes it on a thread of its
//! own. What scripts may call stands in [`api`], one table a namespace.

pub mod api;
mod bridge;
mod check;
mod context;
mod convert;
mod definition;
mod embedded;
mod engine;
mod fault;
mod files;
mod host;
mod ledger;
mod library;
mod limits;
mod moment;
pub mod nearest;
mod parameter;
mod procedure;
mod protection;
mod run;
mod sources;
mod sql;
mod stream;
#[cfg(test)]
mod tests;
mod uncaught;
mod unheard;
mod workplace;

pub use check::Fault;
pub use context::{Answer, Asker, Context, DatabaseState, Outcome, Stop};
pub use host::Host;
pub use library::{BUILT_IN, Library};
pub use parameter::{Parameter, ParameterType, arguments};
pub use procedure::{Origin, Procedure, RIGHTS};
pub use run::{DATA_LOSS, FAILED_BACKUP, run};
pub use sources::excerpt;
