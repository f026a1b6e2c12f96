//! What every test stands on: a temporary [`Project`], a [`Run`] of the real binary in it, and private databases.
//!
//! Nothing here sleeps: a test waits for a line of output, a process's end or a connection, each with a time limit that is
//! only met when something is broken.

mod certificates;
pub mod databases;
mod dump;
mod export;
mod guard;
mod holder;
mod migrator;
mod outcome;
pub mod pooler;
mod project;
mod run;
mod running;
mod servers;
mod set;
mod sqlite;
mod workflow;

pub use certificates::Certificates;
pub use databases::Fresh;
pub use export::{Export, User};
pub use holder::Holder;
pub use migrator::{sqlx_migrate, sqlx_migrates};
pub use outcome::Finished;
pub use project::{Project, walk};
pub use run::Run;
pub use running::{Running, Signal};
pub use servers::{PASSWORD, postgres_programs};
pub use set::{BackupSet, timestamps};
pub use sqlite::database_hash;
pub use workflow::{Given, Played, Step, Workflow};

/// Waits until something is so.
///
/// # Panics
/// When it is not within [`PATIENCE`].
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}

/// The repository these tests belong to.
pub fn repository() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// How long anything may take before a test calls it broken.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);
