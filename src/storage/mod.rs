//! Files: durable publish, the run log, and the masking of secrets in whatever is written.

pub mod publish;
mod reached;
pub mod run_log;
mod secrets;
mod unfinished;

pub use reached::{Reached, Sought, reached};
pub use run_log::RunLog;
pub use secrets::Secrets;
pub use unfinished::{Restoring, Unfinished, unfinished};
