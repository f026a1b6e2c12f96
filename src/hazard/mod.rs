//! What a migration would do to data, found before it runs: SQL cut into statements, statements classified into hazards,
//! hazards weighed by asking the data.

mod action;
mod allow;
mod dialect;
mod draft;
mod judge;
mod rebuild;
mod rule;
mod show;
mod split;
mod world;

pub use rebuild::is_rebuild;
pub use show::mask_literals;
pub use split::{Kind, Statement, split};
