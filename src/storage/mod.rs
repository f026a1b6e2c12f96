//! Files: durable publish and the run log.

pub mod run_log;

pub use run_log::RunLog;
