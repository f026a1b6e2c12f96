//! The script host: the only room that knows rhai.

mod context;

pub use context::{Answer, Asker, Context, Outcome, Stop};
