//! Migrations: the files ([`Source`]), what the database says of them ([`History`]), and applying what is pending.
//!
//! The history is sqlx's own (`_sqlx_migrations`): sqlx accepts a database that was migrated here, and the other way
//! round. Nothing else is kept in the application's database; the journal is the run log.

mod apply;
mod control;
mod error;
mod guard;
mod half;
mod history;
mod home;
mod indexes;
mod lint;
mod meant;
mod meanwhile;
mod record;
mod resolve;
mod revert;
mod rights;
mod source;
mod standing;
mod statement;
#[cfg(test)]
mod tests;
mod way_back;

pub use apply::{Applied, Conditions, LOCK_LIMIT_S, apply};
pub use error::Error;
pub use half::HalfApplied;
pub use history::{Entry, History, State};
pub use lint::{Linted, Linting, lint};
pub use meant::{Doubt, allowances};
pub use record::record_as_begun;
pub use resolve::{Correction, Resolution, resolve};
pub use revert::{Reversal, revert};
pub use source::{Migration, Source};
pub use standing::Settled;
pub use way_back::{Evidence, WayBack};

/// Tables that migration tools keep their history in: data for a backup, not for a comparison.
pub const HISTORY_TABLES: [&str; 2] = ["_sqlx_migrations", "_prisma_migrations"];
