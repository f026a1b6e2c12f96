//! What a migration would do to data, found before it runs: SQL cut into statements, statements classified into hazards,
//! hazards weighed by asking the data.

mod lexer;
mod show;
mod split;

pub use show::mask_literals;
pub use split::{Kind, Statement, split};
